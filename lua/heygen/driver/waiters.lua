-- Who waits for which job, whichever host suspends the waiter. Whoever polls the engine delivers the news to all: a
-- script that blocks in one place must not keep the coroutines of another from hearing.
local core = require "heygen.core"
local task = require "heygen.task.task"

local hub = {}

local current_task = task.current

-- id of a job -> waiter. A host that may kill coroutines without a word has its waiters in the weak one: who is gone
-- counts no more once it is collected. Not all have, as weak tables are dear to the collector.
local waiting, weak = {}, setmetatable({}, { __mode = "v" })
local engine_seen

-- In a forked child the parent's engine is gone, and with it the news of its jobs: every waiter looks for itself.
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
    waiter.host.wake(waiter)
  end
end

---The engine of this Lua state and process; raises when there can be none.
---@return heygen.engine
function hub.engine()
  local engine, message = core.engine()
  if not engine then
    error("heygen: " .. message, 0)
  end
  if engine ~= engine_seen then
    notice(engine)
  end
  return engine
end

---Wakes those whose jobs are done. To be called after each poll.
---@param engine heygen.engine
---@return boolean news was there any
function hub.deliver(engine)
  local id = engine:finished()
  local news = id ~= nil
  while id do
    local waiter = waiting[id]
    if waiter then
      waiting[id] = nil
      waiter.host.wake(waiter)
    else
      waiter = weak[id]
      if waiter then
        weak[id] = nil
        waiter.host.wake(waiter)
      end
    end
    id = engine:finished()
  end
  return news
end

---Does anybody of a host wait for a job?
---@param host table
---@return boolean
function hub.waits(host)
  for _, waiter in pairs(host.forgets and weak or waiting) do
    if waiter.host == host then
      return true
    end
  end
  return false
end

---Lets the pump of a host come by soon, job or not.
---@param host table
function hub.kick(host)
  local engine = hub.engine()
  local job = engine:after(0)
  if job and host.pump then
    host.pump(engine)
  end
end

-- Parks until `job` is done, `timer` has gone off or the wait is cancelled.
local function wait_for(host, self, engine, job, timer, canceller)
  local waiter, map, pump = host.here(self), host.forgets and weak or waiting, host.pump
  local id, timer_id = job:notify(), timer and timer:notify()
  if canceller then
    canceller.waiters[waiter] = true
  end
  if self then
    self.job, self.waiter = job, waiter
  end
  local park = host.park
  repeat -- anew at each round: who wakes a waiter takes it off the list
    map[id] = waiter
    if timer_id then
      map[timer_id] = waiter
    end
    if not pump then
      park(waiter)
    else
      pump(engine)
      if not job:done() then -- a pump may have looked at once, and told before anybody listened
        park(waiter)
      end
    end
  until job:done()
    or (self and self.is_cancelled)
    or (canceller and canceller.is_cancelled)
    or (timer and timer:done())
  if map[id] == waiter then -- ids begin anew with each engine: it may be somebody else's by now
    map[id] = nil
  end
  if canceller then
    canceller.waiters[waiter] = nil
  end
  if self then
    self.job, self.waiter = nil, nil
  end
  if timer then
    if map[timer_id] == waiter then
      map[timer_id] = nil
    end
    timer:cancel()
  end
end

---Suspends the caller, and nobody else, until a job is done: the `await` of every host.
---@param host table
---@param engine heygen.engine
---@param job heygen.operation
---@param seconds number? nil: as long as it takes
---@param canceller table? {is_cancelled, waiters}: what may end the wait beside the task; it wakes the waiters then
---@return boolean? done
---@return string? reason "timeout" or "cancelled"
function hub.await(host, engine, job, seconds, canceller)
  local self = current_task()
  local cancelled = (self and self.is_cancelled) or (canceller and canceller.is_cancelled)
  if not cancelled and not job:done() then
    if engine ~= engine_seen then
      notice(engine)
    end
    wait_for(host, self, engine, job, seconds and engine:after(seconds), canceller)
    cancelled = (self and self.is_cancelled) or (canceller and canceller.is_cancelled)
  end
  if cancelled then
    return nil, "cancelled"
  elseif not job:done() then
    return nil, "timeout"
  end
  return true
end

---@param host table
---@param engine heygen.engine
---@param seconds number
---@param canceller table?
---@return boolean? slept
---@return string? reason
function hub.sleep(host, engine, seconds, canceller)
  local job, message = engine:after(seconds)
  if not job then
    return nil, message
  end
  local done, reason = hub.await(host, engine, job, nil, canceller)
  if not done then
    job:cancel()
    return nil, reason
  end
  done, reason = job:result() -- a closed engine ends its timers early
  return done, reason
end

-- PUC Lua 5.1 cannot yield inside pcall, metamethods and iterators, and cannot say so. Found out before a create is
-- sent: afterwards its answer would be lost.
local BLIND = _VERSION == "Lua 5.1" and not rawget(_G, "jit")

---Makes a driver of a host: fills in what they have in common.
---@param host table
---@return table host
function hub.driver(host)
  host.built_in = true
  function host.await(engine, job, seconds)
    return hub.await(host, engine, job, seconds)
  end
  function host.sleep(engine, seconds)
    return hub.sleep(host, engine, seconds)
  end
  host.unheard = host.unheard
    or function()
      hub.kick(host) -- the pump tells of it, should nobody join until then
    end
  if BLIND and not host.can_wait then
    function host.can_wait()
      hub.sleep(host, hub.engine(), 0)
    end
  end
  return host
end

return hub
