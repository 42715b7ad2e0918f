-- The pauses of a client, and what ends all that it waits for: client:close(). The jobs of a client carry its number.
local core = require "heygen.core"
local drivers = require "heygen.driver"
local hub = require "heygen.driver.waiters"

local waits = {}

local CLOSED = "the client was closed"

---Pauses the caller.
---@param client heygen.Client
---@param seconds number
---@param signal table? gets `hurry`, a function that ends the pause, while there is one
---@return boolean? slept
---@return string? reason
---@return string? kind of the error, when it is not "cancelled"
function waits.pause(client, seconds, signal)
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
  local hurried = false
  if signal then
    signal.hurry = function()
      hurried, signal.hurry = true, nil
      job:cancel()
      hub.deliver(engine)
    end
  end
  local done, reason = driver.await(engine, job)
  if signal then
    signal.hurry = nil
  end
  if not done then
    job:cancel()
    return nil, reason
  elseif hurried then
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
