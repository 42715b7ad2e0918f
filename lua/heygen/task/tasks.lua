-- Tasks among each other: spawn, run, join. What waits for a task is suspended by its host, or blocks outside of one.
local drivers = require "heygen.driver"
local scheduler = require "heygen.driver.scheduler"
local task = require "heygen.task.task"

local tasks = {}

local unpack = task.unpack
local Task = task.methods

---Starts `fn(...)` as a task of the host that the caller is in.
---@param fn function
---@return heygen.Task
function tasks.spawn(fn, ...)
  local current = task.current()
  return task.start(drivers.host(), current and current.scope, fn, ...)
end

-- Raises the first error that nobody heard of, prints all others.
local function raise_unheard(scope)
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
local function suspend(host, current, waiter)
  if current then
    current.waiter = waiter
  end
  host.park(waiter)
  if current then
    current.waiter = nil
  end
end

-- Suspends the caller until the tasks of the scope have ended. When it is cancelled, so are they.
local function wait_for_scope(host, current, scope)
  local told = false
  scope.waiter = host.here(current)
  while scope.live > 0 do
    if current and current.is_cancelled and not told then
      told = true
      for _, self in ipairs(task.of_scope(scope)) do
        self:cancel()
      end
    else
      suspend(host, current, scope.waiter)
    end
  end
end

---Runs `fn(...)` as a task until it and all tasks that it started have ended.
---@param fn function
---@return any ...
function tasks.run(fn, ...)
  local place, current = drivers.place()
  local host = place or drivers.host()
  local scope = { live = 0 }
  -- At the top of a script all other tasks of our own scheduler are waited for as well.
  local whole = not place and host == scheduler and not scheduler.is_inside()
  local self = task.start(host, scope, fn, ...)
  if place then
    wait_for_scope(host, current, scope)
  else
    drivers.loop(host, function()
      return scope.live == 0 and (not whole or scheduler.live() == 0)
    end, self)
  end
  local whose = not whole and scope or nil
  if task.is_unheard(self) then
    task.heard(self)
    task.report(whose, task.to_stderr)
  else
    raise_unheard(whose)
  end
  return self:join()
end

-- What runs tasks for callers that a driver suspends, and the driver that those tasks use: nil for their host's own.
local function side_host(driver)
  local host = driver.host or driver
  if host.begin then
    return host, driver
  elseif driver.built_in and not scheduler.is_inside() then
    return scheduler, nil -- of a plain script, which waits while they run
  end
end

---Runs functions side by side, each as a task, and waits for all of them. The first that fails, or a caller that is
---cancelled, cancels the others; those that have not begun never do. Under a driver of somebody's own they run one
---after the other, and in a task that blocks: others would run on top of it, and might block on top of that.
---@param driver heygen.Driver that of the caller
---@param list (fun(driver: heygen.Driver|false): any)[] each gives a value when it was successful
function tasks.side_by_side(driver, list)
  local host, own = side_host(driver)
  if not host then
    for _, fn in ipairs(list) do
      if not fn(driver) then
        return
      end
    end
    return
  end
  local current, scope, started, failed = task.current(), { live = 0 }, {}, false
  for index, fn in ipairs(list) do
    started[index] = task.start(host, scope, function()
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
  if host == driver or driver.host == host then
    wait_for_scope(host, current, scope)
  else
    host.loop(function()
      return scope.live == 0
    end)
  end
  for _, self in ipairs(started) do
    if self.raised ~= nil then
      error(self.raised, 0)
    end
  end
end

-- Who was cancelled does not hear of the task's error any more.
local function forget_joiner(self, waiter)
  for index = #self.joiners, 1, -1 do
    if self.joiners[index] == waiter then
      table.remove(self.joiners, index)
    end
  end
end

---Waits until the task has ended, without looking at how.
---@param self heygen.Task
---@param level integer
---@param on_cancel function? called once when the caller is cancelled; it waits on. Without it, it does not
---@return boolean ended false when the caller was cancelled
function tasks.await(self, level, on_cancel)
  local place, current = drivers.place()
  if current == self then
    error("heygen: a task cannot wait for itself", level + 1)
  elseif not place then
    drivers.loop(self.host, function()
      return self.ended
    end, self)
    return true
  end
  local waiter, told = place.here(current), false
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
      suspend(place, current, waiter)
    end
  end
  return true
end

---Waits for the task to end.
---@return any ... what its function returned; an error in it is raised again; nil, "cancelled" when the waiting task
---was cancelled
function Task:join()
  task.check_colon(self, "join")
  if not self.ended and not tasks.await(self, 2) then
    return nil, "cancelled"
  end
  task.heard(self)
  if self.host == scheduler and not task.current() and not scheduler.is_inside() then
    task.report(nil, task.to_stderr) -- nobody above would tell of the others
  end
  if self.results then
    return unpack(self.results, 1, self.results.n)
  end
  error(self.raised, 0)
end

return tasks
