-- The pauses of a client, and what ends all that it waits for: client:close(). The jobs of a client carry its number.
local core = require "heygen.core"
local drivers = require "heygen.driver"
local hub = require "heygen.driver.waiters"

local waits = {}

local CLOSED = "the client was closed"

---@class heygen.Waker
---@field private end_pause function? while somebody pauses with it
local Waker = {}
Waker.__index = Waker

---Ends the pause that was made with this waker, if there is one now: waits.pause returns true.
function Waker:wake()
  if self.end_pause then
    self.end_pause()
  end
end

---Makes what can end pauses early, one at a time.
---@return heygen.Waker
function waits.waker()
  return setmetatable({}, Waker)
end

---Pauses the caller.
---@param client heygen.Client
---@param seconds number
---@param waker heygen.Waker? can end the pause early
---@return boolean? slept
---@return string? reason
---@return string? kind of the error, when it is not "cancelled"
function waits.pause(client, seconds, waker)
  local driver = drivers.current(client.driver)
  if client.is_closed then
    return nil, CLOSED, "closed"
  elseif not driver.built_in then
    return drivers.sleep(client.driver, seconds)
  end
  local engine, problem = core.engine()
  local job
  if engine then
    job, problem = engine:after(seconds, client.owner)
  end
  if not job then
    return nil, problem, "network"
  end
  local woken = false
  if waker then
    function waker.end_pause()
      woken, waker.end_pause = true, nil
      job:cancel()
      hub.deliver(engine)
    end
  end
  local done, reason = driver.await(engine, job)
  if waker then
    waker.end_pause = nil
  end
  if not done then
    job:cancel()
    return nil, reason
  elseif woken then
    return true
  end
  local failure
  done, reason, failure = job:result() -- the client or the engine may have been closed
  return done, reason, failure and failure.kind
end

---The problem of a call that a closed client gets; nil while it is open.
---@param client heygen.Client
---@return table?
function waits.problem(client)
  local message = CLOSED .. ", nothing was sent: heygen.new makes another one"
  return client.is_closed and { kind = "closed", message = message, sent = "no" } or nil
end

---Ends all that a client waits for, at once.
---@param client heygen.Client
function waits.close(client)
  client.is_closed = true
  local engine = hub.engine()
  engine:close_owner(client.owner, CLOSED)
  hub.deliver(engine)
end

return waits
