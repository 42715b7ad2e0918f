-- The pauses of a client, and client:close(), which ends every operation of the client: they all carry its number.
local core = require "heygen.core"
local drivers = require "heygen.driver"
local waiters = require "heygen.driver.waiters"

local pause = {}

local CLOSED = "the client was closed"

---Pauses the caller.
---@param client heygen.Client
---@param seconds number
---@param signal table? gets `hurry`, a function that ends the pause, while there is one
---@return boolean? slept
---@return string? reason
---@return string? kind of the error, when it is not "cancelled"
function pause.sleep(client, seconds, signal)
  local driver = drivers.current(client.driver)
  if client.is_closed then
    return nil, CLOSED, "closed"
  elseif not driver.built_in then
    return drivers.sleep(client.driver, seconds)
  end
  local engine, problem = core.engine()
  local timer
  if engine then
    timer, problem = engine:after(seconds, client.owner)
  end
  if not timer then
    return nil, problem, "network"
  end
  local hurried = false
  if signal then
    signal.hurry = function()
      hurried, signal.hurry = true, nil
      timer:cancel()
      waiters.deliver(engine)
    end
  end
  local done, reason = driver.await(engine, timer)
  if signal then
    signal.hurry = nil
  end
  if not done then
    timer:cancel()
    return nil, reason
  elseif hurried then
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
