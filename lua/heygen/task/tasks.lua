-- Tasks among each other: spawn, run, all, and the methods of a task. What waits for a task is suspended by its driver,
-- or, outside of one, runs that driver until the task has ended.
local checker = require "heygen.schema.options"
local drivers = require "heygen.driver"
local errors = require "heygen.errors"
local not_begun = require "heygen.task.not_begun"
local scheduler = require "heygen.driver.scheduler"
local task = require "heygen.task.task"
local values = require "heygen.schema.value"

local tasks = {}

local unpack = task.unpack

---@class heygen.Task
---@field private driver table
---@field private scope table? counts the tasks that a `run` waits for
---@field private joiners table[] waiters
---@field private waiter table? while it is parked
---@field private operation heygen.operation? what it waits for
---@field private ended boolean?
---@field private is_cancelled boolean?
---@field private observed boolean? its end will be handled
---@field private results table?
---@field private raised any
local Task = {}
Task.__index = Task
Task.__name = "heygen.task"

-- scope: {live = number of its tasks, waiter = who waits for them}, or nil
local function start(driver, scope, fn, ...)
  local self = setmetatable({ driver = driver, joiners = {}, scope = scope }, Task)
  if scope then
    scope.live = scope.live + 1
  end
  driver.begin(self, fn, task.pack(...))
  return self
end

local function spawn_outside(driver, fn, ...)
  local self
  local has_begun = false -- some drivers begin at once
  self = start(driver, nil, function(...)
    has_begun = true
    if self then
      not_begun.remove(self)
    end
    return fn(...)
  end, ...)
  if not has_begun then
    not_begun.add(self, drivers.users_place())
  end
  return self
end

---Starts `fn(...)` as a task of the driver that the caller is in.
---@param fn function
---@return heygen.Task
function tasks.spawn(fn, ...)
  local current = task.current()
  if current then
    return start(drivers.for_tasks(), current.scope, fn, ...)
  end
  return spawn_outside(drivers.for_tasks(), fn, ...)
end

-- Raises the first error that was not handled, prints all others.
local function raise_unhandled(scope)
  local first_raised
  task.report(scope, function(raised)
    if first_raised == nil then
      first_raised = raised
    else
      task.to_stderr(raised)
    end
  end)
  if first_raised ~= nil then
    error(first_raised, 0)
  end
end

-- Suspends the caller, whose task is `current` when it is one.
local function suspend(driver, current, waiter)
  if current then
    current.waiter = waiter
  end
  driver.park(waiter)
  if current then
    current.waiter = nil
  end
end

-- Suspends the caller until the tasks of the scope have ended. When it is cancelled, so are they.
local function wait_for_scope(driver, current, scope)
  local told = false
  scope.waiter = driver.here(current)
  while scope.live > 0 do
    if current and current.is_cancelled and not told then
      told = true
      for _, self in ipairs(task.of_scope(scope)) do
        self:cancel()
      end
    else
      suspend(driver, current, scope.waiter)
    end
  end
end

---Runs `fn(...)` as a task until it and all tasks that it started have ended.
---@param fn function
---@return any ...
function tasks.run(fn, ...)
  local around, current = drivers.around()
  local driver = around or drivers.for_tasks()
  local scope = { live = 0 }
  -- At the top of a script all other tasks of our own scheduler are waited for as well.
  local whole = not around and driver == scheduler and not scheduler.is_inside()
  local self = start(driver, scope, fn, ...)
  if around then
    wait_for_scope(driver, current, scope)
  else
    drivers.loop(driver, function()
      return scope.live == 0 and (not whole or scheduler.live() == 0)
    end, self)
  end
  local whose = not whole and scope or nil
  if task.is_unhandled(self) then
    task.handled(self)
    task.report(whose, task.to_stderr)
  else
    raise_unhandled(whose)
  end
  return self:join()
end

-- What runs tasks for callers that a driver suspends, and the driver that those tasks use: nil for the one that runs
-- them.
local function side_driver(driver)
  local runs = driver.tasks or driver
  if runs.begin then
    return runs, driver
  elseif driver.built_in and not scheduler.is_inside() then
    return scheduler, nil -- of a plain script, which waits while they run
  end
end

---Runs functions side by side, each as a task, and waits for all of them. The first that fails, or a caller that is
---cancelled, cancels the others; those that have not begun never do. Under a user's driver they run one
---after the other, and in a task that blocks: others would run on top of it, and might block on top of that.
---@param driver heygen.Driver that of the caller
---@param list (fun(driver: heygen.Driver|false): any)[] each gives a value when it was successful
function tasks.side_by_side(driver, list)
  local runs, own = side_driver(driver)
  if not runs then
    for _, fn in ipairs(list) do
      if not fn(driver) then
        return
      end
    end
    return
  end
  local current, scope, started, failed = task.current(), { live = 0 }, {}, false
  for index, fn in ipairs(list) do
    started[index] = start(runs, scope, function()
      if failed or fn(own or false) then
        return
      end
      failed = true
      for _, other in ipairs(started) do
        other:cancel()
      end
    end)
    started[index].observed = true
  end
  if runs == driver or driver.tasks == runs then
    wait_for_scope(runs, current, scope)
  else
    runs.loop(function()
      return scope.live == 0
    end)
  end
  for _, self in ipairs(started) do
    if self.raised ~= nil then
      error(self.raised, 0)
    end
  end
end

-- Who was cancelled is not told of the task's error any more.
local function forget_joiner(self, waiter)
  for index = #self.joiners, 1, -1 do
    if self.joiners[index] == waiter then
      table.remove(self.joiners, index)
    end
  end
end

---Waits until the task has ended, without handling its error.
---@param self heygen.Task
---@param level integer
---@param on_cancel function? called once when the caller is cancelled; it waits on. Without it, it does not
---@return boolean ended false when the caller was cancelled
function tasks.await(self, level, on_cancel)
  local around, current = drivers.around()
  if current == self then
    error("heygen: a task cannot wait for itself", level + 1)
  elseif not around then
    drivers.loop(self.driver, function()
      return self.ended
    end, self)
    return true
  end
  local waiter, told = around.here(current), false
  self.joiners[#self.joiners + 1] = waiter
  while not self.ended do
    if current and current.is_cancelled and not told then
      if not on_cancel then
        forget_joiner(self, waiter)
        return false
      end
      told = true
      on_cancel()
    else
      suspend(around, current, waiter)
    end
  end
  return true
end

-- ---- methods ----

-- task.cancel() instead of task:cancel()
local function check_colon(self, name)
  if getmetatable(self) ~= Task then
    checker.refuse_dot(("task:%s()"):format(name), 3)
  end
end

function Task:__tostring()
  return "heygen.task (" .. (self.ended and "ended" or self.is_cancelled and "cancelled" or "running") .. ")"
end

---@return boolean ended
function Task:done()
  check_colon(self, "done")
  return self.ended == true
end

---Ends what the task waits for, now and from now on, with an error of kind "cancelled"; connections are closed at
---once. The task itself continues and may clean up.
---@return boolean was_running
function Task:cancel()
  check_colon(self, "cancel")
  if self.ended then
    return false
  end
  self.is_cancelled = true
  if self.operation then
    self.operation:cancel()
  end
  if self.waiter then
    self.driver.wake(self.waiter)
  end
  return true
end

---Waits for the task to end.
---@return any ... what its function returned; an error in it is raised again; nil, "cancelled" when the waiting task
---was cancelled
function Task:join()
  check_colon(self, "join")
  if not self.ended and not tasks.await(self, 2) then
    return nil, "cancelled"
  end
  task.handled(self)
  if self.driver == scheduler and not task.current() and not scheduler.is_inside() then
    task.report(nil, task.to_stderr) -- no caller above would report the others
  end
  if self.results then
    return unpack(self.results, 1, self.results.n)
  end
  error(self.raised, 0)
end

-- ---- heygen.all ----

-- One result: the value, or the error that stands for it.
local function outcome(self)
  if self.raised ~= nil then
    local raised = self.raised
    if errors.is(raised) then
      return nil, raised
    end
    return nil, errors.new { kind = "raised", message = tostring(raised), cause = raised }
  end
  local value, message, err = unpack(self.results, 1, 3)
  if value == nil and message ~= nil then
    return nil, err or errors.new { kind = "raised", message = tostring(message) }
  end
  return value
end

-- Waits for one of the tasks; when the waiter is cancelled, so are all of them.
local function await_one(started, index)
  if not started[index].ended then
    tasks.await(started[index], 4, function()
      for _, each in ipairs(started) do
        each:cancel()
      end
    end)
  end
end

local function check_list(list)
  if type(list) ~= "table" then
    return values.expected("an array of functions", list)
  end
  for index = 1, #list do
    if type(list[index]) ~= "function" then
      return ("[%d]: %s"):format(index, values.expected("a function", list[index]))
    end
  end
end

---Runs functions side by side; see heygen.all.
---@param list function[]
---@return any[]? results
---@return string? message
---@return heygen.Error? err
function tasks.all(list)
  local problem = check_list(list)
  if problem then
    error("heygen.all: " .. problem, 3)
  end
  if not drivers.around() then
    return tasks.spawn(tasks.all, list):join()
  end
  local started = {}
  for index = 1, #list do
    started[index] = tasks.spawn(list[index])
    started[index].observed = true
  end
  local results, failures, first_failure = {}, {}, nil
  for index = 1, #list do
    await_one(started, index)
    results[index], failures[index] = outcome(started[index])
    first_failure = first_failure or failures[index]
  end
  if not first_failure then
    return results
  end
  -- A copy, so that the failure's own object does not hold all others.
  local fields = errors.fields(first_failure)
  fields.results, fields.errors = results, failures
  return errors.fail(fields)
end

return tasks
