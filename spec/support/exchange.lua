-- Makes requests with heygen.core's engine and waits for them.
local core = require "heygen.core"

local exchange = {}

local PATIENCE = 60

--- Waits for an operation.
---@return userdata operation
function exchange.await(engine, operation)
  local limit = core.now() + PATIENCE
  while not operation:done() do
    if core.now() > limit then
      error("the operation is still running after " .. PATIENCE .. " s", 2)
    end
    engine:wait(1)
  end
  return operation
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
---@return userdata operation
function exchange.run(engine, request)
  if request.allow_http == nil then
    request.allow_http = true
  end
  local operation, message = engine:create(request)
  if not operation then
    error(message, 2)
  end
  return exchange.await(engine, operation)
end

--- The answer of a request that must succeed.
---@return integer status
---@return string body
---@return userdata operation
function exchange.get(engine, request)
  local operation = exchange.run(engine, request)
  local status, body = operation:result()
  if not status then
    error("the request failed: " .. body, 2)
  end
  return status, body, operation
end

--- The failure of a request that must fail, with its message and its operation.
---@return table failure
---@return string message
---@return userdata operation
function exchange.failure(engine, request)
  local operation = exchange.run(engine, request)
  local status, message, failure = operation:result()
  if status then
    error("the request did not fail: " .. status, 2)
  end
  return failure, message, operation
end

return exchange
