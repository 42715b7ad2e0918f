-- A host that is not running, a coroutine that cannot wait, a driver that is none: a clear error each, before anything
-- is sent.
local child = require "spec.support.child"
local core = require "heygen.core"
local heygen = require "heygen"
local live = require "spec.support.live"
local support = require "spec.support.sim"

local PUC_5_1 = _VERSION == "Lua 5.1" and not rawget(_G, "jit")

local function loaded(name)
  local ok, module = pcall(require, name)
  return ok and module or nil
end

-- luv does not live through being loaded twice in one process, as busted would have it: its tests run in their own.
local cqueues, copas = loaded "cqueues", loaded "copas"

describe("a call that its host cannot suspend", function()
  local sim

  setup(function()
    sim = support.start { speed = 20000 }
  end)

  teardown(function()
    sim:stop()
  end)

  before_each(function()
    sim:reset()
  end)

  after_each(function()
    heygen.use(nil)
  end)

  -- What `fn` raised.
  local function raised(fn)
    local ok, message = pcall(fn)
    assert.is_false(ok)
    return message
  end

  local function refused(client, part)
    for _, call in ipairs {
      function()
        client:create { prompt = "x" }
      end,
      function()
        client:wait("v", live.QUICK)
      end,
      function()
        client:download(sim.url .. "/x.mp4", os.tmpname() .. ".mp4")
      end,
    } do
      local message = raised(call)
      assert.matches(part, message, 1, true)
      assert.matches("^spec/hosts/misuse_spec%.lua:%d+: heygen: ", message)
    end
    heygen.sleep(0.05) -- what was submitted would go out now
    assert.equal(0, live.sent(sim))
  end

  it("of cqueues, outside of a controller", function()
    local client = live.client(sim, { driver = "cqueues" })
    refused(client, 'driver = "cqueues" works only in a coroutine of a controller')
  end)

  it("of cqueues, in a generator inside of its coroutine", function()
    local client = live.client(sim, { driver = "cqueues" })
    local controller, message, found = cqueues.new(), nil, nil
    controller:wrap(function()
      coroutine.wrap(function()
        message = raised(function()
          client:create { prompt = "x" }
        end)
        -- Found out by itself, the call blocks instead: nothing is yielded to the generator's owner.
        found = live.client(sim).videos:list()
      end)()
    end)
    assert(controller:loop())
    assert.matches("cannot wait in a coroutine inside of one of cqueues", message, 1, true)
    assert.same({}, found.data)
    assert.equal(0, sim:counts().creates)
  end)

  it("of luv, in the main program, in a callback, and in a task of our own scheduler", function()
    local output = child.must(([[
      local heygen = require "heygen"
      local uv = require "luv"
      local client = heygen.new { api_key = "k", base_url = %q, driver = "luv" }
      local function try(where)
        local ok, message = pcall(client.create, client, { prompt = "x" })
        print(where, ok, message)
      end
      try "main"
      local timer = uv.new_timer()
      timer:start(0, 0, function()
        try "callback"
        timer:close()
      end)
      uv.run()
      print("task", select(2, heygen.all {
        function()
          return client:create { prompt = "x" }
        end,
      }))
    ]]):format(sim.url))
    assert.matches("main\tfalse\t[^\n]*works only in a coroutine, or in heygen%.run", output)
    assert.matches("callback\tfalse\t[^\n]*cannot wait in a callback", output)
    assert.matches("task\t[^\n]*cannot wait in a task of another driver", output)
    assert.equal(0, live.sent(sim))
  end)

  if copas then
    it("of copas, in the main program", function()
      local client = live.client(sim, { driver = "copas" })
      refused(client, 'driver = "copas" works only in a thread of copas')
    end)
  end

  it("of nginx, outside of it", function()
    local message = raised(function()
      live.client(sim, { driver = "resty" })
    end)
    assert.matches('driver: "resty" cannot be used here: ', message, 1, true)
    assert.is_nil(message:find("\n", 1, true))
  end)

  if not PUC_5_1 then
    it("in a function that C called", function()
      local client = live.client(sim)
      local message
      heygen.run(function()
        table.sort({ 2, 1 }, function(x, y)
          message = message or raised(function()
            client:create { prompt = "x" }
          end)
          return x < y
        end)
      end)
      assert.matches("cannot wait in here: a C function is in between, such as table.sort", message, 1, true)
      assert.equal(0, live.sent(sim))
    end)
  end

  it("with a default that is none", function()
    for given, part in pairs {
      luw = 'heygen.use: driver: expected one of "block", "copas", "cqueues", "luv", "resty", "scheduler", got "luw", '
        .. 'did you mean "luv"?',
      [7] = "heygen.use: driver: expected a name",
      [{ "cqueues", bridge = false }] = 'heygen.use: driver.bridge: unknown option, "cqueues" has none',
      [{ await = print }] = "heygen.use: driver.sleep: expected a function, got nil",
    } do
      local message = raised(function()
        heygen.use(given)
      end)
      assert.matches(part, message, 1, true)
      assert.matches("^spec/hosts/misuse_spec%.lua:%d+: ", message)
    end
  end)
end)

describe("heygen.use", function()
  after_each(function()
    heygen.use(nil)
  end)

  it("makes run and spawn start the loop of a host", function()
    for _, name in ipairs { "cqueues", "scheduler", "block" } do
      heygen.use(name)
      local task = heygen.spawn(function()
        assert(heygen.sleep(0.001))
        return name
      end)
      assert.equal(
        name,
        heygen.run(function()
          return task:join()
        end)
      )
    end
  end)

  it("takes a driver of the program, whose tasks our scheduler runs", function()
    local waits = 0
    heygen.use {
      await = function(engine, operation)
        while not operation:done() do
          waits = waits + 1
          engine:wait()
        end
        return true
      end,
      sleep = function(engine, seconds)
        local operation = engine:after(seconds)
        while not operation:done() do
          waits = waits + 1
          engine:wait()
        end
        return true
      end,
    }
    assert(heygen.sleep(0.001))
    assert.is_true(waits > 0)
    assert.equal(
      3,
      heygen.run(function()
        assert(heygen.sleep(0.001))
        return 3
      end)
    )
  end)

  it("tells of tasks that wait for each other in luv and cqueues", function()
    local code = [[
      local heygen = require "heygen"
      heygen.use(%q)
      local first, second
      heygen.run(function()
        first = heygen.spawn(function()
          return second:join()
        end)
        second = heygen.spawn(function()
          return first:join()
        end)
      end)
    ]]
    for _, name in ipairs { "luv", "cqueues" } do
      local output, status = child.run(code:format(name), "timeout 60")
      assert.equal(1, status, name)
      assert.matches("every task waits for another one", output)
    end
  end)

  it("continues after a task whose error cannot be shown", function()
    local output = child.must(
      [[
      local cqueues = require "cqueues"
      local heygen = require "heygen"
      local controller = cqueues.new()
      controller:wrap(function()
        heygen.spawn(function()
          error(setmetatable({}, { __tostring = function() error "no text" end }))
        end)
        print("slept", heygen.sleep(0.05))
      end)
      assert(controller:loop())
    ]],
      "timeout 60"
    )
    assert.matches("a task failed: an error that cannot be shown", output)
    assert.matches("slept\ttrue", output)
  end)

  it("does not wait from outside for a task of another controller", function()
    local controller, task = cqueues.new(), nil
    controller:wrap(function()
      task = heygen.spawn(heygen.sleep, 0.001)
    end)
    controller:step(0)
    heygen.use "cqueues"
    local ok, message = pcall(task.join, task)
    assert.is_false(ok)
    assert.matches("in a coroutine of its controller only", message)
    assert(controller:loop())
    assert.is_true(task:done())
  end)
end)

describe("a new engine", function()
  it("does not lose its waiters to those of the old one, whose operations had the same numbers", function()
    local slept, reason, result
    core.engine():close() -- so that the numbers of both begin at 1
    heygen.run(function()
      heygen.spawn(function()
        slept, reason = heygen.sleep(50)
      end)
      heygen.spawn(function()
        core.engine():close()
        result = heygen.sleep(0.01)
      end)
    end)
    assert.is_nil(slept)
    assert.matches("closed", reason)
    assert.is_true(result)
  end)
end)

describe("a coroutine that blocks next to others", function()
  it("resumes those whose operation ended during this", function()
    local slow = core.engine():after(30)
    local began = core.now()
    local took
    heygen.run(function()
      heygen.spawn(function()
        assert(heygen.sleep(0.02))
        took = core.now() - began
      end)
      heygen.spawn(function()
        coroutine.wrap(function() -- no task: it blocks, and finishes the other's timer as well
          assert(heygen.sleep(0.1))
        end)()
      end)
    end)
    slow:cancel()
    assert.is_true(took < 15, took)
  end)
end)
