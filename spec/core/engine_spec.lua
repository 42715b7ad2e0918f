-- The engine and its operations: life, waiting, cancelling, closing, and what the garbage collector may do in between.
local child = require "spec.support.child"
local core = require "heygen.core"
local exchange = require "spec.support.exchange"
local process = require "spec.support.process"
local raw = require "spec.support.raw"
local system = require "spec.support.system"

describe("the engine", function()
  local server, engine

  setup(function()
    server = raw.start()
  end)

  teardown(function()
    server:stop()
  end)

  before_each(function()
    engine = assert(core.new_engine())
    server:answers(200, "ok")
  end)

  after_each(function()
    engine:close()
  end)

  local function get(fields)
    local request = { url = server.url .. "/", allow_http = true }
    for name, value in pairs(fields or {}) do
      request[name] = value
    end
    return assert(engine:create(request))
  end

  local HANG = "c:request() c:gone()"

  it("is one per state, until it is closed", function()
    local shared = core.engine()
    assert.equal(shared, core.engine())
    assert.not_equal(shared, engine)
    assert.is_true(shared:usable())
    shared:close()
    assert.is_false(shared:usable())
    local another = core.engine()
    assert.not_equal(shared, another)
    assert.is_true(another:usable())
    another:close()
  end)

  it("starts an operation without waiting, and keeps its result in it", function()
    local operations = {}
    for n = 1, 10 do
      operations[n] = get()
      assert.is_false(operations[n]:done())
    end
    assert.equal("heygen.engine (10 live)", tostring(engine))
    assert.equal("heygen.operation (running)", tostring(operations[1]))
    exchange.await(engine, operations[1]) -- any poll drives all of them
    for n = 10, 1, -1 do
      exchange.await(engine, operations[n])
      assert.same({ 200, "ok" }, { operations[n]:result() })
      assert.same({ 200, "ok" }, { operations[n]:result() })
    end
    assert.equal("heygen.engine (0 live)", tostring(engine))
    assert.equal("heygen.operation (ok)", tostring(operations[1]))
  end)

  it("counts what a poll finished, and what is live", function()
    assert.same({ 0, 0 }, { engine:poll() })
    local operations = { engine:after(0), engine:after(0), engine:after(1000) }
    assert.same({ 2, 1 }, { engine:poll() })
    assert.is_true(operations[1]:done() and operations[2]:done())
    assert.same({ true }, { operations[1]:result() })
    assert.same({ 0, 1 }, { engine:poll() })
    operations[3]:cancel()
    assert.same({ 0, 0 }, { engine:poll() })
    assert.same({ nil, "timeout" }, { engine:wait(1000) }) -- nothing to wait for
    assert.same({ nil, "timeout" }, { engine:wait() })
  end)

  it("waits no longer than it is told", function()
    local operation = engine:after(3600)
    local before = core.now()
    assert.same({ nil, "timeout" }, { engine:wait(0.02) })
    assert(core.now() - before >= 0.02)
    assert.same({ nil, "timeout" }, { engine:wait(0) })
    local timer = engine:after(0.01)
    while not timer:done() do
      assert.is_true(engine:wait(60))
    end
    assert.is_false(operation:done())
    assert(engine:timeout() > 3000 and engine:timeout() <= 3600)
  end)

  it("fires timers in their order", function()
    local earliest, latest, operations, order = {}, {}, {}, {} -- between which times each is due
    for n = 1, 300 do
      local seconds = (n * 7919 % 300) / 10000
      earliest[n] = core.now() + seconds
      operations[n] = engine:after(seconds)
      latest[n] = core.now() + seconds
      order[operations[n]:notify()] = n
    end
    for n = 1, 300, 3 do
      operations[n]:cancel()
    end
    local last, fired = 0, 0
    while engine:wait(10) do
      local id = engine:finished()
      while id do
        local n = order[id]
        if n % 3 ~= 1 then
          assert(latest[n] >= last, "a later timer came first")
          assert(core.now() >= earliest[n], "it came too early")
          last = math.max(last, earliest[n])
          fired = fired + 1
          assert.is_true(operations[n]:done())
          assert.same({ true }, { operations[n]:result() })
        end
        id = engine:finished()
      end
    end
    assert.equal(200, fired)
  end)

  it("takes any number for a time", function()
    for _, seconds in ipairs { 0, -1, -math.huge, 0 / 0 } do
      local operation = engine:after(seconds)
      engine:poll()
      assert.is_true(operation:done())
    end
    for _, seconds in ipairs { math.huge, 1e300 } do
      local operation = engine:after(seconds)
      engine:poll()
      assert.is_false(operation:done())
      assert.is_nil(engine:wait(0.001))
      operation:cancel()
    end
    engine:poll(0 / 0)
    engine:poll(math.huge)
    local endless = engine:after(3600)
    for _, none in ipairs { 0 / 0, 0 } do
      assert.same({ nil, "timeout" }, { engine:wait(none) })
    end
    endless:cancel()
    get()
  end)

  it("lets the program act on a signal that comes in a long wait #native", function()
    local hours = engine:after(3600)
    for _, seconds in ipairs { 3600, math.huge, -1 } do -- less than 0: for ever
      local before = core.now()
      system.interrupt(0.1)
      assert.is_true(engine:wait(seconds))
      system.interrupt(0)
      assert.is_false(hours:done())
      assert(core.now() - before < 60)
    end
    -- As lua does on Ctrl-C: its hook raises when the wait returns.
    local output = child.run(
      [[
      local engine = require("heygen.core").engine()
      local hours = engine:after(3600)
      io.write "waits "
      io.flush()
      local ok, raised = pcall(function()
        while not hours:done() do
          engine:wait()
        end
      end)
      print(ok, (tostring(raised):gsub("^.*:%d+: ", "")))
    ]],
      "timeout --foreground -s INT 2" -- else it signals twice, and the second one kills
    )
    assert.matches("^waits false\tinterrupted!", output)
  end)

  it("queues the ids of finished operations that are watched", function()
    assert.is_nil(engine:finished())
    local watched, other, timer = get(), get(), engine:after(0)
    local id, timer_id = watched:notify(), timer:notify()
    assert.not_equal(id, timer_id)
    assert.equal(id, watched:notify())
    exchange.await(engine, watched)
    exchange.await(engine, other)
    exchange.await(engine, timer)
    local seen, count = {}, 0
    for finished in
      function()
        return engine:finished()
      end
    do
      seen[finished] = true
      count = count + 1
    end
    assert.same({ [id] = true, [timer_id] = true }, seen)
    assert.equal(2, count)
    local cancelled = get()
    id = cancelled:notify()
    cancelled:cancel()
    assert.equal(id, engine:finished())
    assert.is_nil(engine:finished())
  end)

  describe("cancels an operation", function()
    local function cancelled(operation)
      assert.is_true(operation:done())
      local value, message, failure = operation:result()
      assert.is_nil(value)
      assert.equal("cancelled", message)
      assert.equal("cancelled", failure.kind)
      assert.equal("heygen.engine (0 live)", tostring(engine))
      return failure.sent
    end

    it("before it has started", function()
      local operation = get()
      assert.is_true(operation:cancel())
      assert.equal("no", cancelled(operation))
      assert.is_false(operation:cancel())
      cancelled(operation)
      assert.equal(200, (exchange.get(engine, { url = server.url })))
      assert.equal(1, #server:requests())
    end)

    it("in flight: the server sees the connection end", function()
      server:serve(HANG)
      local operation = get()
      exchange.until_(engine, function()
        return #server:requests() == 1
      end, "the request")
      assert.is_true(operation:cancel())
      assert.equal("maybe", cancelled(operation))
      server:until_gone(1)
    end)

    it("in the middle of the answer", function()
      server:serve [[ c:request() c:send "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc" c:gone() ]]
      local operation = get()
      exchange.until_(engine, function()
        return (operation:progress()) == 3
      end, "three bytes")
      operation:cancel()
      assert.equal("yes", cancelled(operation))
      assert.equal(200, operation:status())
      server:until_gone(1)
    end)

    it("not when it is done", function()
      local _, _, operation = exchange.get(engine, { url = server.url })
      assert.is_false(operation:cancel())
      assert.same({ 200, "ok" }, { operation:result() })
      local timer = engine:after(0)
      engine:poll()
      assert.is_false(timer:cancel())
      assert.same({ true }, { timer:result() })
    end)

    it("and all of many", function()
      server:serve(HANG)
      local before, operations = process.descriptors(), {}
      for n = 1, 60 do
        operations[n] = get { method = n % 2 == 0 and "POST" or "GET", body = n % 2 == 0 and "x" or nil }
      end
      engine:wait(0.01)
      for n = 60, 1, -1 do
        operations[n]:cancel()
      end
      assert.equal("heygen.engine (0 live)", tostring(engine))
      engine:poll()
      assert(process.descriptors() <= before + 2, "the sockets are closed")
    end)
  end)

  it("finishes a transfer whose operation object was dropped", function()
    server:serve [[ while c:request() do c:sleep(0.05) c:answer(200, "ok") end ]]
    for _ = 1, 10 do
      get { method = "POST", body = "x", headers = { X = "y" } }
      collectgarbage()
    end
    collectgarbage()
    assert.equal("heygen.engine (10 live)", tostring(engine))
    exchange.until_(engine, function()
      return select(2, engine:poll()) == 0
    end, "the dropped operations")
    assert.equal(10, #server:requests())
  end)

  it("lives as long as an operation object needs it", function()
    server:serve [[ while c:request() do c:sleep(0.02) c:answer(200, "ok") end ]]
    local operation = core.new_engine():create { url = server.url, allow_http = true }
    collectgarbage()
    collectgarbage()
    assert.is_false(operation:done())
    assert.is_true(operation:cancel())
    operation = core.new_engine():after(1)
    collectgarbage()
    assert.is_false(operation:done())
  end)

  it("ends its transfers when it and all its operations are dropped", function()
    server:serve(HANG)
    local before, output = process.descriptors(), child.scratch()
    do
      local own = core.new_engine()
      own:create { url = server.url, allow_http = true }
      own:create { url = server.url, allow_http = true, method = "POST", body = "x", output = output }
      own:after(1000)
      for _ = 1, 100 do
        own:wait(0.01)
        if #server:requests() == 2 then
          break
        end
      end
    end
    assert.equal(before, process.descriptors())
    server:until_gone(1)
    server:until_gone(2)
    os.remove(output)
  end)

  it("closes with transfers in flight, and answers with values afterwards", function()
    server:serve(HANG)
    local before = process.descriptors()
    local own = core.new_engine()
    local request = { url = server.url, allow_http = true }
    local operation, timer = own:create(request), own:after(1000)
    for _ = 1, 5 do
      own:wait(0.01)
    end
    local fresh = own:create(request)
    own:close()
    own:close()
    for _, ended in ipairs { operation, timer, fresh } do
      assert.is_true(ended:done())
      local value, message, failure = ended:result()
      assert.is_nil(value)
      assert.equal("the engine was closed", message)
      assert.equal("closed", failure.kind)
      assert.is_false(ended:cancel())
      assert.is_table(ended:timings())
      assert.equal("heygen.operation (closed)", tostring(ended))
    end
    assert.equal("no", fresh:sent())
    local value, message, failure = own:create(request)
    assert.same(
      { nil, "the engine is closed", { kind = "closed", sent = "no" } },
      { value, message, failure }
    )
    assert.same({ nil, "the engine is closed", { kind = "closed", sent = "no" } }, { own:after(1) })
    assert.same({ 0, 0 }, { own:poll() })
    assert.same({ nil, "timeout" }, { own:wait(10) })
    assert.is_nil((own:pollfd()))
    assert.is_nil(own:timeout())
    assert.is_nil(own:finished())
    assert.is_false(own:usable())
    own:limit(10)
    assert.equal("heygen.engine (0 live)", tostring(own))
    assert.equal("r", own:events())
    own, operation, timer, fresh = nil, nil, nil, nil -- luacheck: ignore
    assert.equal(before, process.descriptors())
  end)

  it("survives being used by finalizers while the state closes", function()
    local output = child.must(([[
      local function finalizer(f)
        if newproxy then
          local proxy = newproxy(true)
          getmetatable(proxy).__gc = f
          return proxy
        end
        return setmetatable({}, { __gc = f })
      end
      local core = require "heygen.core" -- 5.1 unloads a C module before what is older than it
      local engine, operation, headers
      early = finalizer(function() -- made before the others: runs after them
        io.write(tostring(pcall(engine.poll, engine)), " ", tostring(engine:usable()), " ", tostring(engine), "\n")
        engine:wait(1)
        engine:finished()
        engine:timeout()
        engine:pollfd()
        engine:limit(4)
        engine:close()
        io.write(tostring(engine:create { url = "http://127.0.0.1:1/" }), "\n")
        io.write(tostring((pcall(operation.result, operation))), " ", tostring(operation), "\n")
      end)
      engine = core.new_engine()
      headers = core.headers { X = "y" }
      operation = engine:create { url = "%s", allow_http = true, headers = headers }
      engine:poll()
    ]]):format(server.url))
    assert.equal("true false heygen.engine (0 live)\nnil\nfalse heygen.operation (not started)", output)
  end)

  it("leaves a process that ends in any way", function()
    for _, ending in ipairs { "", "os.exit(0)", "os.exit(0, true)", "engine:close()", "collectgarbage()" } do
      local output = child.must(
        ([[ local engine = require("heygen.core").engine()
          engine:create { url = "%s", allow_http = true } engine:create { url = "%s", allow_http = true }
          engine:after(10) engine:poll() print "end" io.stdout:flush() %s ]]):format(
          server.url,
          server.url,
          ending
        )
      )
      assert.equal("end", output)
    end
  end)
end)
