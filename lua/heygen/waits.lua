-- What a client waits for, so that client:close() can end it.
local core = require "heygen.core"
local drivers = require "heygen.drivers"
local hub = require "heygen.hub"

local waits = {}

local CLOSED = "the client was closed"

---Waits for a job of a client.
---@param client heygen.Client
---@param driver heygen.Driver
---@param engine userdata
---@param job userdata
---@param seconds number? nil: as long as it takes
---@return boolean? done
---@return string? reason
---@return string? kind
function waits.await(client, driver, engine, job, seconds)
  local jobs = client.jobs
  local done, reason, kind
  jobs[job] = true
  if driver.built_in then
    done, reason = driver.await(engine, job, seconds)
  else
    done, reason, kind = drivers.await(driver, engine, job, seconds)
  end
  jobs[job] = nil
  return done, reason, kind
end

---What a job gave: see job:result(). One that was cancelled as its client was closed says so.
---@param client heygen.Client
---@param job userdata
function waits.result(client, job)
  local status, body, failure = job:result()
  if failure and failure.kind == "cancelled" and client.is_closed then
    failure.kind, body = "closed", CLOSED
  end
  return status, body, failure
end

---Pauses the caller.
---@param client heygen.Client
---@param seconds number
---@return boolean? slept
---@return string? reason
---@return string? kind of the error, when it is not "cancelled"
function waits.pause(client, seconds)
  local driver = drivers.current(client.driver)
  if client.is_closed then
    return nil, CLOSED, "closed"
  elseif not driver.built_in then
    return drivers.sleep(client.driver, seconds)
  end
  local engine, problem = core.engine()
  local job
  if engine then
    job, problem = engine:after(seconds)
  end
  if not job then
    return nil, problem, "network"
  end
  local done, reason = waits.await(client, driver, engine, job)
  if client.is_closed then
    return nil, CLOSED, "closed"
  elseif not done then
    job:cancel()
    return nil, reason
  end
  return true
end

---The problem of a call that a closed client gets; nil while it is open.
---@param client heygen.Client
---@return table?
function waits.problem(client)
  return client.is_closed and { kind = "closed", message = CLOSED, sent = "no" } or nil
end

---Ends all that a client waits for, at once.
---@param client heygen.Client
function waits.close(client)
  client.is_closed = true
  local list = {}
  for job in pairs(client.jobs) do
    list[#list + 1] = job
  end
  for _, job in ipairs(list) do
    job:cancel()
  end
  if #list > 0 then
    hub.deliver(hub.engine())
  end
end

return waits
