-- The garbage collector at its worst moments: nothing in flight is lost, nothing dropped leaks, errors and abandoned
-- coroutines in between break nothing.
local core = require "heygen.core"
local exchange = require "spec.support.exchange"
local process = require "spec.support.process"
local raw = require "spec.support.raw"
local random = require "spec.support.random"

describe("under garbage collection", function()
  local server

  setup(function()
    server = raw.start()
  end)

  teardown(function()
    server:stop()
  end)

  before_each(function()
    server:serve [[ while true do
      local r = c:request()
      if not r then break end
      if r.target == "/slow" then c:sleep(0.03) end
      if r.target == "/cut" then c:send "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc" break end
      c:answer(200, r.target .. " " .. r.body)
    end ]]
  end)

  local function request(target, n)
    return {
      method = "POST",
      base = server.url,
      target = target,
      allow_http = true,
      headers = core.headers { ["X-Number"] = tostring(n) },
      extra_headers = { ["X-More"] = ("m"):rep(n % 50) },
      json = { number = n, list = core.array {} },
      query = n % 3 == 0 and { q = n } or nil,
    }
  end

  it("requests complete when a collection runs between any two steps", function()
    local engine = core.new_engine()
    local operations = {}
    for n = 1, 40 do
      collectgarbage()
      operations[n] = engine:create(request(n % 2 == 0 and "/slow" or "/quick", n))
      collectgarbage()
    end
    local limit = core.now() + 60
    repeat
      collectgarbage()
      local _, live = engine:poll(0)
      collectgarbage()
      engine:wait(0.001)
      assert(core.now() < limit)
    until live == 0
    for n, operation in ipairs(operations) do
      local status, body = operation:result()
      collectgarbage()
      assert.equal(200, status)
      assert.same({ number = n, list = {} }, core.decode(body:match " (.*)$"))
    end
    engine:close()
  end)

  it("requests complete while the collector never rests", function()
    local pause, step = collectgarbage("setpause", 0), collectgarbage("setstepmul", 1000)
    local ok, problem = pcall(function()
      local engine = core.new_engine()
      for round = 1, 5 do
        local operations = {}
        for n = 1, 30 do
          operations[n] = engine:create(request("/quick", round * n))
        end
        for n, operation in ipairs(operations) do
          local status, body = exchange.await(engine, operation):result()
          assert(status == 200 and core.decode(body:match " (.*)$").number == round * n)
        end
      end
      engine:close()
    end)
    collectgarbage("setpause", pause)
    collectgarbage("setstepmul", step)
    assert(ok, problem)
  end)

  it("anything may be dropped at any time (seed 11)", function()
    local next_random = random.new(11)
    local before = process.descriptors()
    local engines, operations = {}, {}
    local actions = {
      function(at)
        engines[at] = core.new_engine()
      end,
      function(at)
        engines[at] = nil
      end,
      function(at)
        operations[at] = nil
      end,
      function(at)
        return engines[at] and engines[at]:close()
      end,
      function(at)
        return operations[at] and operations[at]:cancel()
      end,
      function(at)
        return operations[at]
          and { operations[at]:result() }
          and operations[at]:timings()
          and operations[at]:progress()
      end,
      function()
        collectgarbage()
      end,
    }
    local targets = { "/quick", "/slow", "/cut" }
    for n = 1, 3000 do
      local at = random.integer(next_random, 1, 4)
      local choice = random.integer(next_random, 1, 30)
      local engine = engines[at]
      if actions[choice] then
        actions[choice](at)
      elseif engine and choice < 16 then
        operations[at] = engine:create(request(targets[random.integer(next_random, 1, 3)], n)) or nil
      elseif engine and choice < 20 then
        operations[at] = engine:after(next_random() / 50) or nil
      elseif engine then
        engine:poll(choice < 25 and 0 or nil)
      end
    end
    engines, operations = {}, {} -- luacheck: ignore
    assert.equal(before, process.descriptors())
  end)

  it("an error between two steps leaves the engine as it was", function()
    local engine = core.new_engine()
    local operations = {}
    for n = 1, 10 do
      operations[n] = engine:create(request("/slow", n))
      assert.has_error(function()
        engine:create { url = 12 }
      end)
      assert.has_error(function()
        engine:poll()
        error "in the user's code"
      end)
    end
    for _, operation in ipairs(operations) do
      assert.equal(200, (exchange.await(engine, operation):result()))
    end
    engine:close()
  end)

  it("a coroutine that is dropped in the middle of its wait loses no request", function()
    local engine = core.new_engine()
    for n = 1, 10 do
      local co = coroutine.create(function()
        local operation = engine:create(request("/slow", n))
        while not operation:done() do
          coroutine.yield()
        end
      end)
      assert(coroutine.resume(co))
      engine:poll()
      assert(coroutine.resume(co))
    end
    collectgarbage()
    collectgarbage()
    exchange.until_(engine, function()
      return select(2, engine:poll()) == 0
    end, "the requests of the dropped coroutines")
    assert.equal(10, #server:requests())
    engine:close()
  end)

  it("memory stays flat over many requests #native", function()
    local engine = core.new_engine()
    local function rounds(count)
      for n = 1, count do
        exchange.await(engine, engine:create(request("/quick", n)))
        local operation = engine:create(request("/slow", n))
        operation:cancel()
        engine:after(1000):cancel()
        if n % 100 == 0 then
          collectgarbage() -- LuaJIT does not know how much memory hangs on an operation
        end
      end
      return process.memory()
    end
    rounds(300)
    local before = rounds(300)
    local after = rounds(1500)
    assert(after - before < 2000000, ("%d bytes more after 1,500 rounds"):format(after - before))
    engine:close()
  end)
end)
