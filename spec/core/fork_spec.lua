-- A process that forks while transfers run: the child neither disturbs the parent's connections nor keeps them.
local child = require "spec.support.child"
local core = require "heygen.core"
local exchange = require "spec.support.exchange"
local process = require "spec.support.process"
local raw = require "spec.support.raw"
local socket = require "socket"
local system = require "spec.support.system"

local in_child = system.in_child

local function wait_for(path)
  for _ = 1, 6000 do
    local file = io.open(path)
    if file then
      return file:close()
    end
    socket.sleep(0.01)
  end
  error("waited in vain for " .. path)
end

describe("a fork", function()
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

  local function start(request)
    request = request or {}
    request.url, request.allow_http = server.url .. "/slow", true
    return assert(engine:create(request))
  end

  -- Drives the engine until the server has read `n` requests.
  local function until_sent(n)
    exchange.until_(engine, function()
      return #server:requests() == n
    end, "the requests")
  end

  local SLOW = [[ local r = c:request() c:send "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nha"
    while not go do c:sleep(0.01) end c:send "lf" while c:request() do c:answer(200) end ]]

  -- `go` is a global of the server, for its scripts.
  local function answer_the_slow()
    server:ask "_G.go = true return 1"
  end

  before_each(function()
    server:ask "_G.go = nil return 1"
  end)

  it("ends the parent's operations in the child, with values", function()
    server:serve(SLOW)
    local operation, timer, queued = start(), engine:after(3600), start { method = "POST", body = "x" }
    until_sent(2)
    in_child(function()
      for _, ended in ipairs { operation, timer, queued } do
        assert(ended:done())
        local value, message, failure = ended:result()
        assert(value == nil and message:find "forked" and failure.kind == "closed")
        assert(not ended:cancel())
        assert(ended:progress())
        assert(ended:timings())
      end
      assert(not engine:usable())
      local none, message, failure = engine:create { url = server.url, allow_http = true }
      assert(none == nil and message and failure.kind == "closed" and failure.sent == "no")
      assert(select(2, engine:poll()) == 0)
      assert(engine:wait(10) == nil)
      assert(engine:pollfd() == nil)
      engine:close()
    end)()
    assert.is_false(operation:done())
    answer_the_slow()
    assert.same({ 200, "half" }, { exchange.await(engine, operation):result() })
    assert.same({ 200, "half" }, { exchange.await(engine, queued):result() })
    assert.is_true(timer:cancel())
    assert.equal(2, #server:requests())
  end)

  it("gives the child an engine of its own", function()
    local shared = core.engine()
    exchange.get(shared, { url = server.url })
    in_child(function()
      local own = core.engine()
      assert(own ~= shared and own:usable() and not shared:usable())
      assert(own == core.engine())
      assert(exchange.get(own, { url = server.url .. "/child" }) == 200)
      assert(exchange.get(own, { url = server.url .. "/child" }) == 200)
      own:close()
    end)()
    exchange.get(shared, { url = server.url .. "/parent" })
    shared:close()
    local seen = {}
    for _, connection in ipairs(server:seen()) do
      local targets = {}
      for n, request in ipairs(connection.requests) do
        targets[n] = request.target
      end
      seen[#seen + 1] = table.concat(targets, " ")
    end
    assert.same({ "/ /parent", "/child /child" }, seen)
  end)

  it("leaves the parent's connections open, and reusable, when the child ends", function()
    exchange.get(engine, { url = server.url })
    local before = server:seen()[1].bytes
    for _, how in ipairs { "close", "collect", "leave" } do
      in_child(function()
        if how == "close" then
          engine:close()
        elseif how == "collect" then
          engine = nil
          collectgarbage()
          collectgarbage()
        end
      end)()
    end
    local connection = server:seen()[1]
    assert.is_nil(connection.gone)
    assert.equal(before, connection.bytes)
    local _, _, operation = exchange.get(engine, { url = server.url })
    assert.equal(0, operation:timings().connections)
    assert.equal(1, #server:seen())
  end)

  it("keeps no copy of the parent's sockets in a child", function()
    server:serve [[ c:request() c:send "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nha" c:gone() ]]
    local operation = start()
    until_sent(1)
    local dropped, over = child.scratch ".dropped", child.scratch ".over"
    local before = process.descriptors()
    local wait = in_child(function()
      assert(process.descriptors() < before) -- before the module is used
      local after = process.descriptors()
      assert(operation:done())
      assert(process.descriptors() == after)
      io.open(dropped, "w"):close()
      wait_for(over) -- the child lives on, and yet the server must see the end
    end)
    wait_for(dropped)
    operation:cancel()
    server:until_gone(1)
    io.open(over, "w"):close()
    wait()
    os.remove(dropped)
    os.remove(over)
  end)

  it("closes no file of a child that has closed all descriptors and opened others", function()
    server:serve [[ local r = c:request()
      if r.target == "/child" then c:answer(200) end
      c:send "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nha" c:gone() ]]
    local name = child.scratch ".file"
    local objects = {
      start(),
      core.output(name .. ".part", true),
      core.output(name .. ".new"),
      core.file "/etc/hostname",
      core.spool "x",
      core.new_engine(),
      (engine:pollfd() and core.bridge(engine)),
    }
    until_sent(1)
    objects[#objects + 1] = engine:sync(objects[2])
    in_child(function()
      system.reopen(40)
      assert(objects[1]:done() and not engine:usable())
      local own = core.engine()
      assert(exchange.get(own, { url = server.url .. "/child" }) == 200)
      engine:close()
      for _, object in ipairs(objects) do
        local close = object.close or object.cancel
        close(object)
      end
      engine, objects = nil, nil -- luacheck: ignore
      collectgarbage()
      collectgarbage()
      assert(system.still_open(40) == 40)
    end)()
    objects[1]:cancel()
    for n = 2, 3 do
      objects[n]:remove()
    end
  end)

  it("does not let the parent spin over sockets of which a child has copies", function()
    server:serve [[ c:request() c:send "HTTP/1.1 200 OK\r\nContent-Length: 400000\r\n\r\nha"
      while not go do c:sleep(0.01) end c:send(("x"):rep(1000)) c:gone() ]]
    local operation = start()
    until_sent(1)
    local wait = in_child(function()
      socket.sleep(0.5)
    end)
    operation:cancel()
    answer_the_slow() -- data for a connection that the parent has closed
    local wakes, timer = 0, engine:after(0.3)
    while not timer:done() do
      local fd = engine:pollfd()
      if fd then -- as an event loop does
        system.poll(fd, 60)
        engine:poll()
      else
        engine:wait()
      end
      wakes = wakes + 1
    end
    assert(wakes < 30, "the parent woke up " .. wakes .. " times")
    wait()
  end)
end)
