-- Tasks: run, spawn, all, sleep, join, cancel and update. What they do with requests is in spec/driver/init_spec.lua.
local errors = require "heygen.errors"
local heygen = require "heygen"

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

describe("heygen.run", function()
  it("gives what the function returns, nils included", function()
    local function count(...)
      return select("#", ...), ...
    end
    local n, a, b, c = count(heygen.run(function(...)
      return ..., nil, nil
    end, 7, 8))
    assert.equal(3, n)
    assert.equal(7, a)
    assert.is_nil(b)
    assert.is_nil(c)
    assert.equal(0, (count(heygen.run(function() end))))
    assert.same({ 1, 2, 3 }, {
      heygen.run(function(...)
        heygen.sleep(0)
        return ...
      end, 1, 2, 3),
    })
  end)

  it("inside a task waits for what it started, and for nothing else", function()
    local order = {}
    heygen.run(function()
      heygen.spawn(function()
        for _ = 1, 2000 do -- until the run has ended, which must not wait for this
          heygen.sleep(0.002)
          if order[3] then
            break
          end
        end
        order[#order + 1] = "outer"
      end)
      heygen.run(function()
        heygen.spawn(function()
          heygen.spawn(function()
            heygen.sleep(0.004)
            order[#order + 1] = "grandchild"
          end)
          order[#order + 1] = "child"
        end)
      end)
      order[#order + 1] = "run"
    end)
    assert.same({ "child", "grandchild", "run", "outer" }, order)
  end)

  it("inside a task raises what its tasks raised, there", function()
    local caught
    heygen.run(function()
      -- Without pcall, which may not yield in PUC Lua 5.1.
      local task = heygen.spawn(function()
        heygen.run(function()
          heygen.spawn(error, { "deep" })
        end)
      end)
      while not task:done() do
        heygen.sleep(0)
      end
      caught = select(2, pcall(task.join, task))
    end)
    assert.same({ "deep" }, caught)
  end)

  it("inside a task that is cancelled cancels what it started", function()
    local reasons = {}
    heygen.run(function()
      local task = heygen.spawn(function()
        heygen.run(function()
          for index = 1, 3 do
            heygen.spawn(function()
              reasons[index] = select(2, heygen.sleep(1000))
            end)
          end
        end)
      end)
      heygen.sleep(0.002)
      task:cancel()
    end)
    assert.same({ "cancelled", "cancelled", "cancelled" }, reasons)
  end)

  it("inside a task gives what its function returns", function()
    assert.equal(
      "inner",
      heygen.run(function()
        return heygen.run(function()
          heygen.sleep(0.001)
          return "inner"
        end)
      end)
    )
  end)

  it("ends when all tasks have ended", function()
    local ended = 0
    heygen.run(function()
      for index = 1, 5 do
        heygen.spawn(function()
          heygen.sleep(0.002 * index)
          ended = ended + 1
        end)
      end
    end)
    assert.equal(5, ended)
  end)

  it("raises an error of its function again, with its trace", function()
    local ended = false
    local ok, raised = pcall(heygen.run, function()
      heygen.spawn(function()
        heygen.sleep(0.002)
        ended = true
      end)
      error "broken"
    end)
    assert.is_false(ok)
    assert.matches("scheduler_spec%.lua:%d+: broken", raised)
    assert.matches("stack traceback", raised)
    assert.is_true(ended)
  end)

  it("raises error objects as they are, and errors without a value", function()
    local err = errors.new { kind = "file", message = "m" }
    local ok, raised = pcall(heygen.run, error, err)
    assert.is_false(ok)
    assert.equal(err, raised)
    ok, raised = pcall(heygen.run, function()
      error()
    end)
    assert.is_false(ok)
    assert.is_not_nil(raised)
  end)

  it("raises the error of a task that was not joined, and prints a second one", function()
    local ok, raised
    local printed = stderr_of(function()
      ok, raised = pcall(heygen.run, function()
        heygen.spawn(error, "lost 1", 0)
        heygen.spawn(error, "lost 2", 0)
        return "fine"
      end)
    end)
    assert.is_false(ok)
    local both = raised .. printed
    assert.matches("lost 1", both)
    assert.matches("lost 2", both)
    assert.equal(
      "next",
      heygen.run(function()
        return "next"
      end)
    )
  end)

  it("prints the errors of other tasks when its function raised as well", function()
    local raised
    local printed = stderr_of(function()
      local _
      _, raised = pcall(heygen.run, function()
        heygen.spawn(error, "other", 0)
        error("own", 0)
      end)
    end)
    assert.matches("own", raised)
    assert.matches("other", printed)
    assert.is_true(pcall(heygen.run, function() end))
  end)

  it("finds out that tasks wait for each other, and the next run is not stuck", function()
    local ok, raised = pcall(heygen.run, function()
      local first, second
      first = heygen.spawn(function()
        return second:join()
      end)
      second = heygen.spawn(function()
        return first:join()
      end)
    end)
    assert.is_false(ok)
    assert.matches("every task waits for another one", tostring(raised))
    assert.equal(
      1,
      heygen.run(function()
        heygen.sleep(0)
        return 1
      end)
    )
  end)

  it("refuses what is no function, at the line that called", function()
    local ok, raised = pcall(function()
      heygen.run "x"
    end)
    assert.is_false(ok)
    assert.matches('^spec/driver/scheduler_spec%.lua:%d+: heygen%.run: expected a function, got "x"', raised)
    ok, raised = pcall(function()
      heygen.spawn()
    end)
    assert.is_false(ok)
    assert.matches(
      "^spec/driver/scheduler_spec%.lua:%d+: heygen%.spawn: expected a function, got nil",
      raised
    )
  end)
end)

describe("a task", function()
  it("gives its results to all who join it, early or late", function()
    local seen = {}
    heygen.run(function()
      local task = heygen.spawn(function()
        heygen.sleep(0.003)
        return "a", nil, "c"
      end)
      for index = 1, 3 do
        heygen.spawn(function()
          seen[index] = { task:join() }
        end)
      end
      task:join()
      assert(task:done())
      seen[4] = { task:join() }
    end)
    for index = 1, 4 do
      assert.equal("a", seen[index][1])
      assert.equal("c", seen[index][3])
    end
  end)

  it("raises its error in who joins it, and only there", function()
    local caught
    heygen.run(function()
      local task = heygen.spawn(error, { "mine" })
      -- pcall may not yield in PUC Lua 5.1: the task has ended before.
      while not task:done() do
        heygen.sleep(0)
      end
      local _
      _, caught = pcall(task.join, task)
    end)
    assert.same({ "mine" }, caught)
  end)

  it("joined outside of run raises the errors of tasks that failed during this, and no others", function()
    local printed = stderr_of(function()
      local task = heygen.spawn(function()
        heygen.sleep(0.002)
        error("its own", 0)
      end)
      local heard = heygen.spawn(error, "heard", 0)
      heygen.spawn(error, "lost", 0)
      heygen.spawn(function()
        pcall(heard.join, heard)
      end)
      local ok, raised = pcall(task.join, task)
      assert.is_false(ok)
      assert.matches("^its own", raised)
    end)
    assert.equal("heygen: a task failed: lost\n", (printed:gsub("\nstack traceback:.*", "\n")))
  end)

  it("can be joined outside of run, and others are left for later", function()
    local may_end = false
    local other = heygen.spawn(function()
      repeat
        heygen.sleep(0.001)
      until may_end
      return "other"
    end)
    local task = heygen.spawn(function()
      heygen.sleep(0.001)
      return "mine"
    end)
    assert.equal("mine", task:join())
    assert.is_false(other:done())
    may_end = true
    assert.equal("other", other:join())
  end)

  it("cannot wait for itself", function()
    local ok, raised = pcall(heygen.run, function()
      local task
      task = heygen.spawn(function()
        task:join()
      end)
    end)
    assert.is_false(ok)
    assert.matches("cannot wait for itself", raised)
  end)

  it("shows what it is doing", function()
    local task = heygen.spawn(heygen.sleep, 0.001)
    assert.equal("heygen.task (running)", tostring(task))
    task:cancel()
    assert.equal("heygen.task (cancelled)", tostring(task))
    assert.equal(nil, (task:join()))
    assert.equal("heygen.task (ended)", tostring(task))
    assert.is_false(task:cancel())
  end)

  it("may let others run by yielding anything of its own", function()
    local order = {}
    heygen.run(function()
      for _, name in ipairs { "a", "b" } do
        heygen.spawn(function()
          for index = 1, 3 do
            order[#order + 1] = name .. index
            coroutine.yield("whatever", index)
          end
        end)
      end
    end)
    assert.same({ "a1", "b1", "a2", "b2", "a3", "b3" }, order)
  end)

  it("sleeps next to others", function()
    local order = {}
    heygen.run(function()
      for _, ms in ipairs { 30, 10, 20, 0 } do
        heygen.spawn(function()
          assert(heygen.sleep(ms / 1000))
          order[#order + 1] = ms
        end)
      end
    end)
    assert.same({ 0, 10, 20, 30 }, order)
  end)

  it("is collected after its end", function()
    local kept = setmetatable({}, { __mode = "k" })
    heygen.run(function()
      for _ = 1, 20 do
        kept[heygen.spawn(heygen.sleep, 0)] = true
      end
    end)
    collectgarbage()
    collectgarbage()
    assert.is_nil(next(kept))
  end)
end)
