-- The one descriptor that a program watches, and that nothing is done in vain.
local child = require "spec.support.child"
local core = require "heygen.core"
local exchange = require "spec.support.exchange"
local process = require "spec.support.process"
local raw = require "spec.support.raw"
local socket = require "socket"
local system = require "spec.support.system"

-- The portable back end has no descriptor of its own.
local probe = core.new_engine()
local has_fd = probe:pollfd() ~= nil
probe:close()

describe("the pollset", function()
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

  local function get(script)
    if script then
      server:serve(script)
    end
    return engine:create { url = server.url, allow_http = true }
  end

  -- Waits for `operation` as an event loop does: on the descriptor, then one poll. Returns how often it woke.
  local function loop(operation)
    local wakes, limit = 0, core.now() + 60
    while not operation:done() do
      local left = engine:timeout()
      local ready
      if has_fd then
        ready = system.poll(engine:pollfd(), 30) -- trusts the descriptor alone
      else
        ready = engine:wait(math.min(left or 30, 30)) or left
      end
      assert(ready, "the descriptor stayed silent")
      assert(core.now() < limit, "the operation does not end")
      engine:poll()
      wakes = wakes + 1
    end
    return wakes
  end

  -- How often an event loop wakes up in a quarter of a second in which nothing happens.
  local function idle_wakes()
    local timer = engine:after(0.25)
    return loop(timer)
  end

  it("has a descriptor that becomes readable for a new operation, a socket, and a timer", function()
    if not has_fd then
      local fd, why = engine:pollfd()
      assert.is_nil(fd)
      assert.matches("engine:timeout", why)
      assert.is_nil((engine:getfd()))
    else
      assert.equal(engine:pollfd(), engine:getfd())
      assert.is_false(system.poll(engine:pollfd(), 0))
    end
    assert.equal("r", engine:events())
    loop(get())
    loop(get [[ c:request() c:sleep(0.1) c:answer(200) ]])
    loop(engine:after(0.05))
    loop(engine:after(0))
    local late = engine:after(3600)
    loop(engine:after(0.05)) -- an earlier one, after a later one was armed
    loop(get())
    late:cancel()
  end)

  it("works with LuaSocket's select on an object with getfd", function()
    if has_fd then
      local operation = get [[ c:request() c:sleep(0.05) c:answer(200) ]]
      local object = {
        getfd = function()
          return engine:getfd()
        end,
        dirty = function()
          return false
        end,
      }
      local limit = core.now() + 60
      while not operation:done() do
        assert.equal(object, socket.select({ object }, nil, 30)[1])
        engine:poll()
        assert(core.now() < limit)
      end
      assert.equal(200, (operation:result()))
    end
  end)

  it("tells when libcurl or a timer wants to be called", function()
    assert.is_nil(engine:timeout())
    local operation = get "c:request() c:gone()"
    assert.equal(0, engine:timeout())
    exchange.until_(engine, function()
      return #server:requests() == 1
    end, "the request")
    engine:after(5)
    assert(engine:timeout() > 0 and engine:timeout() <= 5)
    operation:cancel()
  end)

  it("does not spin while a request waits", function()
    local operation = get "c:request() c:gone()"
    exchange.until_(engine, function()
      return #server:requests() == 1
    end, "the request")
    assert(idle_wakes() < 30)
    operation:cancel()
    assert(idle_wakes() < 30)
  end)

  it("does not spin over idle connections that the server closed", function()
    server:serve [[ c:request() c:answer(200) c:sleep(0.05) c:close() ]]
    local operations = {}
    for n = 1, 20 do
      operations[n] = get()
    end
    for _, operation in ipairs(operations) do
      loop(operation)
    end
    socket.sleep(0.1) -- now they are closed, and the client knows nothing of it
    assert(idle_wakes() < 30)
    assert(idle_wakes() < 10)
    server:answers(200, "ok")
    loop(get())
    assert(idle_wakes() < 30)
  end)

  it("does not spin over idle connections that say something unasked", function()
    server:serve [[ c:request() c:answer(200) c:sleep(0.02) c:answer(408) c:gone() ]]
    loop(get())
    socket.sleep(0.05)
    assert(idle_wakes() < 10)
  end)

  it("follows descriptor numbers that come back as other sockets", function()
    for round = 1, 30 do
      server:serve [[ while c:request() do c:answer(200, "r") if n % 2 == 0 then c:close() end end ]]
      local operations = {}
      for n = 1, 6 do
        operations[n] = get()
      end
      operations[1 + round % 6]:cancel()
      local others = {}
      for n = 1, 3 do -- take the numbers that have just become free
        others[n] = assert(socket.connect("127.0.0.1", server.port))
      end
      for n, operation in ipairs(operations) do
        if n ~= 1 + round % 6 then
          loop(operation)
          assert.equal(200, (operation:result()))
        end
      end
      for _, other in ipairs(others) do
        other:close()
      end
    end
  end)

  it("works with descriptors beyond 1024", function()
    local output = child.must(
      ([[
        local core = require "heygen.core"
        local exchange = require "spec.support.exchange"
        local files = {}
        for n = 1, 1100 do files[n] = assert(io.open("/dev/null")) end
        local engine = core.new_engine()
        print((exchange.get(engine, { url = "%s" })))
        print((engine:pollfd() or 2000) > 1024)
        files = nil
        engine:close()
      ]]):format(server.url),
      "ulimit -n 2000;"
    )
    assert.equal("200\ntrue", output)
  end)

  it("fails with values when the process has no descriptor left", function()
    local output = child.must(
      ([[
        local core = require "heygen.core"
        local exchange = require "spec.support.exchange"
        local engine = core.new_engine()
        assert(exchange.get(engine, { url = "%s" }) == 200)
        local files = {}
        repeat files[#files + 1] = io.open("/dev/null") until not io.open("/dev/null")
        collectgarbage "stop"
        local none, message = core.new_engine()
        print(none, message)
        for _, url in ipairs { "%s", "http://name.invalid/" } do
          local failure, why = exchange.failure(engine, { url = url, fresh = true, method = "POST", body = "x" })
          print(failure.kind, failure.code, failure.sent, (why:match ".*: (.*)"))
        end
        local operation, why, what = engine:create { url = "%s", allow_http = true, output = os.getenv "HOME" .. "/no" }
        print(operation, what.kind)
        files = nil
        collectgarbage()
        print((exchange.get(engine, { url = "%s", fresh = true })))
      ]]):format(server.url, server.url, server.url, server.url),
      "ulimit -n 40;"
    )
    assert.matches(has_fd and "^nil\tno poller: " or "^heygen.engine", output)
    local full = "network\tconnect\tno\tToo many open files\n"
    assert.matches("^[^\n]+\n" .. full .. full .. "nil\tfile\n200$", output)
  end)

  it("continues after signals that interrupt its waiting #native", function()
    system.interrupt(0.002)
    local operation = get [[ c:request() for _ = 1, 20 do c:sleep(0.01) end c:answer(200, "whole") ]]
    local timer = engine:after(0.2)
    exchange.await(engine, operation)
    exchange.await(engine, timer)
    local interrupts = system.interrupt(0)
    assert.same({ 200, "whole" }, { operation:result() })
    assert(interrupts > 0, "there was no signal")
  end)

  it("keeps no descriptor after many operations", function()
    loop(get())
    local before = process.descriptors()
    for _ = 1, 200 do
      loop(get())
    end
    assert.equal(before, process.descriptors())
    assert.equal(1, #server:seen())
  end)
end)
