-- The pauses of a client, and client:close(), which ends every operation of the client: they all carry its number.
local blocking = require "heygen.driver.blocking"
local core = require "heygen.core"
local drivers = require "heygen.driver"
local waiters = require "heygen.driver.waiters"

local pause = {}

local CLOSED = "the client was closed"

---@class heygen.Waker
---@field private end_pause function? while a caller pauses with it
local Waker = {}
Waker.__index = Waker

---Ends the pause that was made with this waker, if there is one now: pause.sleep returns true.
function Waker:wake()
  if self.end_pause then
    self.end_pause()
  end
end

---Makes what can end pauses early, one at a time.
---@return heygen.Waker
function pause.waker()
  return setmetatable({}, Waker)
end

---Pauses the caller.
---@param client heygen.Client
---@param seconds number
---@param waker heygen.Waker? can end the pause early
---@return boolean? slept
---@return string? reason
---@return string? kind of the error, when it is not "cancelled"
function pause.sleep(client, seconds, waker)
  local driver, by_default = drivers.current(client.driver)
  if client.is_closed then
    return nil, CLOSED, "closed"
  elseif not driver.built_in then
    return drivers.sleep(client.driver, seconds)
  end
  if by_default and seconds > 0 then
    blocking.warn(drivers.users_place)
  end
  local engine, problem = core.engine()
  local timer
  if engine then
    timer, problem = engine:after(seconds, client.owner)
  end
  if not timer then
    return nil, problem, "network"
  end
  local woken = false
  if waker then
    function waker.end_pause()
      woken, waker.end_pause = true, nil
      timer:cancel()
      waiters.deliver(engine)
    end
  end
  local done, reason = driver.await(engine, timer)
  if waker then
    waker.end_pause = nil
  end
  if not done then
    timer:cancel()
    return nil, reason
  elseif woken then
    return true
  end
  local failure
  done, reason, failure = timer:result() -- the client or the engine may have been closed
  return done, reason, failure and failure.kind
end

---The fields of the error that a call of a closed client gets; nil while it is open.
---@param client heygen.Client
---@return table?
function pause.closed(client)
  local message = CLOSED .. ", nothing was sent: heygen.new makes another one"
  return client.is_closed and { kind = "closed", message = message, sent = "no" } or nil
end

---Ends all that a client waits for, at once.
---@param client heygen.Client
function pause.close(client)
  client.is_closed = true
  local engine = waiters.engine()
  engine:close_owner(client.owner, CLOSED)
  waiters.deliver(engine)
end

return pause
