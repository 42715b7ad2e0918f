-- Tasks among each other and within frames: cancelling, all, update, coroutines of a task's own.
local core = require "heygen.core"
local errors = require "heygen.errors"
local child = require "spec.support.child"
local heygen = require "heygen"

-- PUC Lua 5.1 cannot yield inside pcall, metamethods and iterators.
local PUC_5_1 = _VERSION == "Lua 5.1" and not rawget(_G, "jit")

-- What `fn` writes to standard error.
local function stderr_of(fn)
  local real, written = io.stderr, {}
  rawset(io, "stderr", {
    write = function(_, ...)
      written[#written + 1] = table.concat({ ... })
    end,
  })
  local ok, raised = pcall(fn)
  rawset(io, "stderr", real)
  assert(ok, raised)
  return table.concat(written)
end

-- Updates until the tasks of a test have ended.
local function update_all(budget)
  local frames = 0
  repeat
    frames = frames + 1
    local live = require("heygen.driver.scheduler").update(budget)
  until live == 0 or frames > 1e6
  return frames
end

describe("cancelling", function()
  it("ends a sleep at once", function()
    local slept, reason
    heygen.run(function()
      local task = heygen.spawn(function()
        slept, reason = heygen.sleep(1000)
      end)
      heygen.sleep(0.002)
      assert(task:cancel())
    end)
    assert.is_nil(slept)
    assert.equal("cancelled", reason)
  end)

  it("before the task began lets it run, with nothing to wait for", function()
    local reason
    heygen.run(function()
      heygen
        .spawn(function()
          reason = select(2, heygen.sleep(1000))
        end)
        :cancel()
    end)
    assert.equal("cancelled", reason)
  end)

  it("ends a join, and the error of the other task is still reported", function()
    local value, reason, joined
    local ok, raised = pcall(heygen.run, function()
      local other = heygen.spawn(function()
        while not joined do
          heygen.sleep(0.001)
        end
        error("this is not handled", 0)
      end)
      local joiner = heygen.spawn(function()
        value, reason = other:join()
        joined = true
      end)
      heygen.sleep(0.002)
      joiner:cancel()
    end)
    assert.is_nil(value)
    assert.equal("cancelled", reason)
    assert.is_false(ok)
    assert.matches("this is not handled", raised)
  end)

  it("of a task in all cancels what it started", function()
    local reasons, err = {}, nil
    heygen.run(function()
      local task = heygen.spawn(function()
        local function part()
          local slept, reason = heygen.sleep(1000)
          reasons[#reasons + 1] = reason
          return slept, reason
        end
        local _
        _, _, err = heygen.all { part, part, part }
      end)
      heygen.sleep(0.002)
      task:cancel()
    end)
    assert.same({ "cancelled", "cancelled", "cancelled" }, reasons)
    assert.equal(3, #err.errors)
  end)

  it("of the running task works from its next wait on", function()
    local first_reason, second_reason
    heygen.run(function()
      local task
      task = heygen.spawn(function()
        task:cancel()
        first_reason = select(2, heygen.sleep(1000))
        second_reason = select(2, heygen.sleep(1000))
      end)
    end)
    assert.equal("cancelled", first_reason)
    assert.equal("cancelled", second_reason)
  end)
end)

describe("heygen.all", function()
  local function after(ms, value)
    return function()
      heygen.sleep(ms / 1000)
      return value
    end
  end

  it("gives the results in the order of the functions", function()
    assert.same({ "a", "b", "c" }, heygen.all { after(9, "a"), after(1, "b"), after(5, "c") })
    assert.same({}, heygen.all {})
    assert.same(
      { "x", false },
      heygen.run(function()
        return heygen.all { after(1, "x"), after(0, false) }
      end)
    )
  end)

  it("is told of each failure once, also of those that come while another one is awaited", function()
    local output = child.must [[
      local heygen = require "heygen"
      local function fails(seconds, what)
        return function()
          heygen.sleep(seconds)
          error(what, 0)
        end
      end
      local function slow()
        heygen.sleep(0.05)
        return "slow"
      end
      local function all()
        local _, _, err = heygen.all { slow, fails(0, "second"), fails(0.01, "third") }
        print(err.results[1], err.errors[2].cause:match "^%w+", err.errors[3].cause:match "^%w+")
      end
      all()
      heygen.run(all)
      heygen.run(function()
        local outer = heygen.spawn(all)
        outer:join()
      end)
    ]]
    assert.equal(("slow\tsecond\tthird\n"):rep(3), output .. "\n")
  end)

  it("does not lose the others over one that failed", function()
    local results, message, err = heygen.all {
      after(1, "a"),
      function()
        heygen.sleep(0.002)
        return errors.fail { kind = "api", message = "no", status = 402, session_id = "s" }
      end,
      function()
        error("oops", 0)
      end,
      function()
        return nil, "just a message"
      end,
      after(8, "e"),
    }
    assert.is_nil(results)
    assert.equal(tostring(err), message)
    assert.equal("api", err.kind)
    assert.equal(402, err.status)
    assert.equal("s", err.session_id)
    assert.equal("a", err.results[1])
    assert.equal("e", err.results[5])
    assert.is_nil(err.results[2])
    assert.equal("api", err.errors[2].kind)
    assert.is_nil(err.errors[2].results)
    assert.equal("raised", err.errors[3].kind)
    assert.matches("oops", err.errors[3].message)
    assert.equal("just a message", err.errors[4].message)
    assert.is_nil(err.errors[1])
  end)

  it("does not wait for tasks of others outside of run", function()
    local other = heygen.spawn(heygen.sleep, 0.05)
    assert.same({ 1 }, heygen.all { after(1, 1) })
    assert.is_false(other:done())
    other:join()
  end)

  it("refuses what is no array of functions, at the line that called", function()
    local ok, raised = pcall(function()
      heygen.all(print)
    end)
    assert.is_false(ok)
    assert.matches(
      "^spec/task/tasks_spec%.lua:%d+: heygen%.all: expected an array of functions, got function",
      raised
    )
    ok, raised = pcall(function()
      heygen.all { print, "x" }
    end)
    assert.is_false(ok)
    assert.matches('^spec/task/tasks_spec%.lua:%d+: heygen%.all: %[2%]: expected a function, got "x"', raised)
  end)
end)

describe("update", function()
  it("advances tasks over frames and never blocks", function()
    local steps = 0
    local task = heygen.spawn(function()
      for _ = 1, 3 do
        heygen.sleep(0.01)
        steps = steps + 1
      end
      return "done"
    end)
    local longest = 0
    repeat
      local before = core.now()
      local live = require("heygen.driver.scheduler").update(0.001)
      longest = math.max(longest, core.now() - before)
    until live == 0
    assert.equal(3, steps)
    assert.equal("done", task:join())
    assert.is_true(longest < 5) -- the sleeps are no part of it, whatever the machine does
  end)

  it("continues with any budget, none included", function()
    for _, budget in ipairs { 0, 0.0001, 1 } do
      local done = 0
      for _ = 1, 3 do
        heygen.spawn(function()
          heygen.sleep(0.001)
          done = done + 1
        end)
      end
      update_all(budget)
      assert.equal(3, done)
    end
    heygen.spawn(heygen.sleep, 0.001)
    update_all(nil)
  end)

  it("stops at its budget and leaves the rest for the next frame", function()
    local ran = 0
    for _ = 1, 20 do
      heygen.spawn(function()
        ran = ran + 1
        local stop = core.now() + 0.01
        while core.now() < stop do
        end
      end)
    end
    require("heygen.driver.scheduler").update(0.005)
    assert.is_true(ran > 0 and ran < 20, ran)
    update_all(0.005)
    assert.equal(20, ran)
  end)

  it("prints the error of a task that is not joined", function()
    local printed = stderr_of(function()
      heygen.spawn(error, "unheard", 0)
      update_all(0.01)
    end)
    assert.matches("heygen: a task failed: unheard", printed)
  end)

  it("does nothing without tasks, and inside of one", function()
    assert.equal(0, require("heygen.driver.scheduler").update(0.01))
    local live = heygen.run(function()
      return require("heygen.driver.scheduler").update(0.01)
    end)
    assert.equal(1, live)
  end)
end)

describe("a coroutine that a task made for itself", function()
  it("is never yielded from: a wait in it blocks", function()
    local values = {}
    heygen.run(function()
      local generator = coroutine.wrap(function()
        for index = 1, 3 do
          assert(heygen.sleep(0.001))
          coroutine.yield(index)
        end
      end)
      for value in generator do
        values[#values + 1] = value
      end
    end)
    assert.same({ 1, 2, 3 }, values)
  end)

  it("may use run, all, spawn and join", function()
    local other_ended = false
    local values
    heygen.run(function()
      heygen.spawn(function()
        heygen.sleep(0.05)
        other_ended = true
      end)
      values = {
        coroutine.wrap(function()
          local task = heygen.spawn(function()
            heygen.sleep(0.001)
            return "joined"
          end)
          local a = heygen.run(function(x)
            heygen.sleep(0.001)
            return x
          end, "run")
          local b = heygen.all {
            function()
              return "all"
            end,
          }
          return a, b[1], task:join(), other_ended
        end)(),
      }
    end)
    assert.same({ "run", "all", "joined", false }, values)
    assert.is_true(other_ended)
  end)

  it("does not end the enclosing task when that is cancelled during this", function()
    local reason
    heygen.run(function()
      local task
      task = heygen.spawn(function()
        coroutine.wrap(function()
          heygen.run(function()
            task:cancel()
            heygen.sleep(0.001)
          end)
        end)()
        reason = select(2, heygen.sleep(1000))
      end)
    end)
    assert.equal("cancelled", reason)
  end)
end)

describe("waiting inside pcall and iterators", function()
  if PUC_5_1 then
    it("is not possible in PUC Lua 5.1: the error says so", function()
      local ok, raised
      heygen.run(function()
        ok, raised = pcall(heygen.sleep, 0.001)
      end)
      assert.is_false(ok)
      assert.matches("attempt to yield", raised)
    end)
  else
    it("works everywhere but in PUC Lua 5.1", function()
      local order = {}
      heygen.run(function()
        heygen.spawn(function()
          order[#order + 1] = "other"
        end)
        for value in
          function(_, last)
            assert(pcall(heygen.sleep, 0.001))
            return not last and "value" or nil
          end
        do
          order[#order + 1] = value
        end
      end)
      assert.same({ "other", "value" }, order)
    end)
  end
end)
