-- Makes requests with heygen.core's engine and waits for them.
local core = require "heygen.core"

local exchange = {}

local PATIENCE = 60

--- Waits for a job.
---@return userdata job
function exchange.await(engine, job)
  local limit = core.now() + PATIENCE
  while not job:done() do
    if core.now() > limit then
      error("the job is still running after " .. PATIENCE .. " s", 2)
    end
    engine:wait(1)
  end
  return job
end

--- Drives the engine until `condition()` holds.
function exchange.until_(engine, condition, what)
  local limit = core.now() + PATIENCE
  while not condition() do
    if core.now() > limit then
      error("waited in vain for " .. what, 2)
    end
    engine:wait(0.01)
  end
end

--- Makes a request and waits for it; plain http is allowed unless it says otherwise.
---@return userdata job
function exchange.run(engine, request)
  if request.allow_http == nil then
    request.allow_http = true
  end
  local job, message = engine:create(request)
  if not job then
    error(message, 2)
  end
  return exchange.await(engine, job)
end

--- The answer of a request that must succeed.
---@return integer status
---@return string body
---@return userdata job
function exchange.get(engine, request)
  local job = exchange.run(engine, request)
  local status, body = job:result()
  if not status then
    error("the request failed: " .. body, 2)
  end
  return status, body, job
end

--- The failure of a request that must fail, with its message and its job.
---@return table failure
---@return string message
---@return userdata job
function exchange.failure(engine, request)
  local job = exchange.run(engine, request)
  local status, message, failure = job:result()
  if status then
    error("the request did not fail: " .. status, 2)
  end
  return failure, message, job
end

return exchange
