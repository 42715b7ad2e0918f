-- Who waits for which job, whichever host suspends the waiter. Whoever polls the engine delivers the news to all: a
-- script that blocks in one place must not keep the coroutines of another from hearing.
local core = require "heygen.core"
local task = require "heygen.task"

local hub = {}

-- id of a job -> waiter. Weak: what its host does not hold any more (a light thread that nginx killed) never looks.
local waiting = setmetatable({}, { __mode = "v" })
local engine_seen

-- In a forked child the parent's engine is gone, and with it the news of its jobs: every waiter looks for itself.
local function notice(engine)
  if engine_seen == engine then
    return
  end
  engine_seen = engine
  local woken = {}
  for id, waiter in pairs(waiting) do
    woken[id] = waiter
  end
  for id, waiter in pairs(woken) do
    waiting[id] = nil
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
function hub.deliver(engine)
  local id = engine:finished()
  while id do
    local waiter = waiting[id]
    if waiter then
      waiting[id] = nil
      waiter.host.wake(waiter)
    end
    id = engine:finished()
  end
end

---Does anybody of a host wait for a job?
---@param host table
---@return boolean
function hub.waits(host)
  for _, waiter in pairs(waiting) do
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
  if job then
    host.pump(engine)
  end
end

local function is_cancelled(self, canceller)
  return (self and self.is_cancelled) or (canceller and canceller.is_cancelled)
end

-- Parks until `job` is done, `timer` has gone off or the task is cancelled.
local function wait_for(host, self, engine, job, timer, canceller)
  local waiter = host.here(self)
  if canceller then
    canceller.waiters[waiter] = true
  end
  local id, timer_id = job:watch(), timer and timer:watch()
  if self then
    self.job = job
  end
  repeat -- anew at each round: who wakes a waiter takes it off the list
    waiting[id] = waiter
    if timer_id then
      waiting[timer_id] = waiter
    end
    host.pump(engine)
    task.suspend(host, self, waiter)
  until job:done() or is_cancelled(self, canceller) or (timer and timer:done())
  waiting[id] = nil
  if canceller then
    canceller.waiters[waiter] = nil
  end
  if self then
    self.job = nil
  end
  if timer_id then
    waiting[timer_id] = nil
    timer:cancel()
  end
end

---Suspends the caller, and nobody else, until a job is done: the `await` of every host.
---@param host table
---@param engine heygen.engine
---@param job heygen.job
---@param seconds number? nil: as long as it takes
---@param canceller table? {is_cancelled, waiters}: what may end the wait beside the task; it wakes the waiters then
---@return boolean? done
---@return string? reason "timeout" or "cancelled"
function hub.await(host, engine, job, seconds, canceller)
  local self = task.current()
  if not is_cancelled(self, canceller) and not job:done() then
    if engine ~= engine_seen then
      notice(engine)
    end
    wait_for(host, self, engine, job, seconds and engine:after(seconds), canceller)
  end
  if is_cancelled(self, canceller) then
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
  return true
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
