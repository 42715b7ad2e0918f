-- What a task is to the driver that runs it: a coroutine that is known by its driver, can be woken and cancelled while
-- it waits, and whose end is noted. Its methods, and what tasks do among each other, are in heygen.task.tasks.
--
-- A driver that can run tasks has, in addition to `await` and `sleep` (which waiters.driver gives it):
--   begin(task, fn, arguments)   runs it in a coroutine of the driver, from the caller's next wait on
--   here(task)                   a waiter: {driver = ..., ...} for the running coroutine
--   park(waiter), wake(waiter)   suspends the running coroutine; resumes it, soon. The woken caller checks
--   pump(engine)                 optional: sees to it that waiters.deliver is called while the engine has operations
--   able(task)                   may the caller be suspended: true, or nil and why not
--   loop(over), outside()        optional: runs the driver itself until over(); whether the caller is outside of it
--   forgets                      optional: it may drop coroutines without a word
--   entered(co)                  optional: told of each coroutine that a task begins in
--
-- Two kinds of drivers run the function of a task: those that resume its coroutine themselves call task.enter when they
-- make it and task.resumed after each step; in a foreign coroutine (a thread of copas, a light thread of
-- nginx) task.play runs it from its beginning to its end.
--
-- An error that no caller waits for must not vanish: the task stays in `unobserved` until it is handled, or a
-- run or a pump reports it.
local protected = require "heygen.task.protected"

local task = {}

local status = coroutine.status
local running = protected.running
local pack = table.pack or function(...)
  return { n = select("#", ...), ... }
end
local unpack = table.unpack or unpack

task.pack, task.unpack = pack, unpack

-- coroutine -> task that has not ended. nginx may kill a coroutine without a word: a driver of that kind (`forgets`)
-- has its tasks in the weak one. Not all have, as weak tables are dear to the collector.
local tasks, weak = {}, setmetatable({}, { __mode = "k" })

local unobserved = {} -- tasks that raised and that no caller waited for

---The task of the running coroutine, or nil.
---@return heygen.Task?
function task.current()
  local co = running()
  return co and (tasks[co] or weak[co])
end

---Tells which task a coroutine runs; nil: none any more.
---@param co thread
---@param self heygen.Task?
function task.enter(co, self)
  tasks[co] = self
end

---The tasks of a scope that have not ended.
---@param scope table
---@return heygen.Task[]
function task.of_scope(scope)
  local list = {}
  for _, map in ipairs { tasks, weak } do
    for _, self in pairs(map) do
      if self.scope == scope then
        list[#list + 1] = self
      end
    end
  end
  return list
end

-- ---- the end ----

---Notes how a task ended, and wakes who waits for it.
---@param self heygen.Task
---@param ok boolean
---@param ... any what it returned or raised
function task.finish(self, ok, ...)
  self.ended = true
  if ok then
    self.results = pack(...)
  else
    local raised = ...
    if raised == nil then
      raised = "an error without a value"
    end
    self.raised = raised
    if #self.joiners == 0 and not self.observed then
      unobserved[self] = true
      if not self.scope then
        self.driver.unhandled()
      end
    end
  end
  for _, joiner in ipairs(self.joiners) do
    joiner.driver.wake(joiner)
  end
  self.joiners = {}
  local scope = self.scope
  if scope then
    scope.live = scope.live - 1
    if scope.live == 0 and scope.waiter then
      scope.waiter.driver.wake(scope.waiter)
    end
  end
end

---What resuming the coroutine of a task gave: ends the task when that is dead.
---@param self heygen.Task
---@param co thread
---@param ok boolean
---@param ... any
---@return boolean ended
function task.resumed(self, co, ok, ...)
  if status(co) ~= "dead" then
    return false
  end
  tasks[co] = nil
  if ok then
    task.finish(self, true, ...)
  else
    task.finish(self, false, protected.with_trace(co, (...)))
  end
  return true
end

---Runs a task to its end in the running coroutine, for a driver that resumes its coroutines itself.
---@param self heygen.Task
---@param fn function
---@param arguments table
function task.play(self, fn, arguments)
  local driver, co = self.driver, running()
  local map = driver.forgets and weak or tasks
  map[co] = self
  if driver.entered then
    driver.entered(co)
  end
  local ended = pack(protected.traced(function()
    return fn(unpack(arguments, 1, arguments.n))
  end))
  map[co] = nil
  task.finish(self, unpack(ended, 1, ended.n))
end

-- ---- errors that no caller waits for must not vanish ----

---The error of the task was handled: it need not be reported.
---@param self heygen.Task
function task.handled(self)
  unobserved[self] = nil
end

---True while the error of the task is not handled.
---@param self heygen.Task
---@return boolean
function task.is_unhandled(self)
  return unobserved[self] == true
end

---Hands errors that were not handled to `report`.
---@param scope table? only of its tasks; nil: of all
---@param report fun(raised: any)
function task.report(scope, report)
  if next(unobserved) == nil then
    return
  end
  for self in pairs(unobserved) do
    if not scope or self.scope == scope then
      unobserved[self] = nil
      report(self.raised)
    end
  end
end

---Prints the errors of tasks of a driver that no `run` will raise. For its pump, after those that were woken have run.
---@param driver table
function task.report_loose(driver)
  if next(unobserved) == nil then
    return
  end
  for self in pairs(unobserved) do
    if self.driver == driver and not self.scope then
      unobserved[self] = nil
      task.to_stderr(self.raised)
    end
  end
end

---@param raised any
function task.to_stderr(raised)
  local ok, text = pcall(tostring, raised) -- its __tostring may raise as well
  io.stderr:write("heygen: a task failed: ", ok and text or "an error that cannot be shown", "\n")
end

return task
