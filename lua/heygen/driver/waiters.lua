-- Who is suspended until which operation is done. One list for all drivers of a Lua state, since they share one engine:
-- the caller that polls the engine wakes all whose operation is done, whichever driver has suspended them.
--
--   await    asks the driver for a waiter (here), enters it under the id of the operation, and parks the caller. A
--            timer for its time-out is one more operation with the same waiter.
--   deliver  takes the ids of what is done from the engine and wakes their waiters. Every pump, and whatever blocks on
--            the engine, calls it after each poll.
--   wake     means no more than "check": a waiter that was woken checks whether its operation is done, its time is up,
--            or its task was cancelled, and parks again if none is so. To wake one too often does no harm.
--
-- In a forked child the parent's engine is gone; the first call there wakes every waiter.
local core = require "heygen.core"
local protected = require "heygen.task.protected"
local task = require "heygen.task.task"

local waiters = {}

local current_task = task.current

-- id of an operation -> waiter. A driver that may kill coroutines without a word has its waiters in the weak one: who
-- is gone counts no more once it is collected. Not all have, as weak tables are dear to the collector.
local waiting, weak = {}, setmetatable({}, { __mode = "v" })
local engine_seen

waiters.waiting, waiters.weak = waiting, weak -- to be read only

-- In a forked child nothing will come any more of what the parent's engine had.
local function notice(engine)
  if engine_seen == engine then
    return
  end
  engine_seen = engine
  local woken = {}
  for _, map in ipairs { waiting, weak } do
    for id, waiter in pairs(map) do
      woken[#woken + 1] = waiter
      map[id] = nil
    end
  end
  for _, waiter in ipairs(woken) do
    waiter.driver.wake(waiter)
  end
end

---The engine of this Lua state and process; raises when there can be none.
---@return heygen.engine
function waiters.engine()
  local engine, message = core.engine()
  if not engine then
    error("heygen: " .. message, 0)
  end
  if engine ~= engine_seen then
    notice(engine)
  end
  return engine
end

---Wakes those whose operations are done. To be called after each poll.
---@param engine heygen.engine
---@return boolean news was there any
function waiters.deliver(engine)
  local id = engine:finished()
  local news = id ~= nil
  while id do
    local waiter = waiting[id]
    if waiter then
      waiting[id] = nil
      waiter.driver.wake(waiter)
    else
      waiter = weak[id]
      if waiter then
        weak[id] = nil
        waiter.driver.wake(waiter)
      end
    end
    id = engine:finished()
  end
  return news
end

---Whether a caller waits for an operation under this driver.
---@param driver table
---@return boolean
function waiters.any(driver)
  for _, waiter in pairs(driver.forgets and weak or waiting) do
    if waiter.driver == driver then
      return true
    end
  end
  return false
end

---Lets the pump of a driver come by soon, whether there are operations or not.
---@param driver table
function waiters.kick(driver)
  local engine = waiters.engine()
  local timer = engine:after(0)
  if timer and driver.pump then
    driver.pump(engine)
  end
end

-- Parks until `operation` is done, `timer` has gone off or the wait is cancelled.
local function wait_for(driver, self, engine, operation, timer, canceller)
  local waiter, map, pump = driver.here(self), driver.forgets and weak or waiting, driver.pump
  local id, timer_id = operation:notify(), timer and timer:notify()
  if canceller then
    canceller.waiters[waiter] = true
  end
  if self then
    self.operation, self.waiter = operation, waiter
  end
  local park = driver.park
  repeat -- entered again at each round: who wakes a waiter takes it off the list
    map[id] = waiter
    if timer_id then
      map[timer_id] = waiter
    end
    if not pump then
      park(waiter)
    else
      pump(engine)
      if not operation:done() then -- a pump may have polled at once, and delivered before a caller listened
        park(waiter)
      end
    end
  until operation:done()
    or (self and self.is_cancelled)
    or (canceller and canceller.is_cancelled)
    or (timer and timer:done())
  if map[id] == waiter then -- ids begin again with each engine: it may be another waiter's by now
    map[id] = nil
  end
  if canceller then
    canceller.waiters[waiter] = nil
  end
  if self then
    self.operation, self.waiter = nil, nil
  end
  if timer then
    if map[timer_id] == waiter then
      map[timer_id] = nil
    end
    timer:cancel()
  end
end

---Suspends the caller, and no other one, until an operation is done: the `await` of every driver of tasks.
---@param driver table
---@param engine heygen.engine
---@param operation heygen.operation
---@param seconds number? nil: as long as it takes
---@param canceller table? {is_cancelled, waiters}: ends the wait as well, and wakes the waiters then
---@return boolean? done
---@return string? reason "timeout" or "cancelled"
function waiters.await(driver, engine, operation, seconds, canceller)
  local self = current_task()
  local cancelled = (self and self.is_cancelled) or (canceller and canceller.is_cancelled)
  if not cancelled and not operation:done() then
    if engine ~= engine_seen then
      notice(engine)
    end
    wait_for(driver, self, engine, operation, seconds and engine:after(seconds), canceller)
    cancelled = (self and self.is_cancelled) or (canceller and canceller.is_cancelled)
  end
  if cancelled then
    return nil, "cancelled"
  elseif not operation:done() then
    return nil, "timeout"
  end
  return true
end

---@param driver table
---@param engine heygen.engine
---@param seconds number
---@param canceller table?
---@return boolean? slept
---@return string? reason
function waiters.sleep(driver, engine, seconds, canceller)
  local timer, message = engine:after(seconds)
  if not timer then
    return nil, message
  end
  local done, reason = waiters.await(driver, engine, timer, nil, canceller)
  if not done then
    timer:cancel()
    return nil, reason
  end
  done, reason = timer:result() -- a closed engine ends its timers early
  return done, reason
end

---Completes a driver of tasks: fills in what they have in common.
---@param driver table
---@return table driver
function waiters.driver(driver)
  driver.built_in = true
  function driver.await(engine, operation, seconds)
    return waiters.await(driver, engine, operation, seconds)
  end
  function driver.sleep(engine, seconds)
    return waiters.sleep(driver, engine, seconds)
  end
  driver.unhandled = driver.unhandled
    or function()
      waiters.kick(driver) -- the pump reports it, unless it is joined until then
    end
  -- PUC Lua 5.1 cannot say whether a caller may yield. Found out before a create is sent: afterwards its answer would
  -- be lost.
  if protected.NO_YIELD_IN_PCALL and not driver.can_wait then
    function driver.can_wait()
      waiters.sleep(driver, waiters.engine(), 0)
    end
  end
  return driver
end

return waiters
