-- One exchange over the network: send, wait, read. Requests, uploads, downloads and the writing of files to the disk
-- all go through here, so that what ends a wait early is told in one way.
--
--   send     hands the request to the engine, which runs it from now on: an operation, or fields and sent = "no"
--   get      the same for a GET whose common part was prepared
--   await    suspends or blocks the caller by its driver until the operation is done; `notify` is called now and then
--   receive  await, then the result. An operation whose wait was ended is cancelled, unless it was done all the same:
--            its answer may have been paid for
--
-- What went wrong is a table of fields for errors.new, never an error object: who asked knows more to put into it.
local drivers = require "heygen.driver"

local exchange = {}

local TICK = 0.25 -- seconds between two calls of `notify`

local function begun(operation, message, failure)
  if not operation then
    return nil, { kind = failure.kind, message = message, sent = "no" }
  end
  return operation
end

---@param engine heygen.engine
---@param request table see engine:create
---@return heygen.operation? operation
---@return table? fields
function exchange.send(engine, request)
  return begun(engine:create(request))
end

---@param engine heygen.engine
---@param prepared heygen.prepared what follows: see engine:get
---@param target string
---@param timeout number
---@param deadline number
---@param compressed boolean
---@param max_bytes number
---@return heygen.operation? operation
---@return table? fields
function exchange.get(engine, prepared, target, timeout, deadline, compressed, max_bytes)
  return begun(engine:get(prepared, target, timeout, deadline, compressed, max_bytes))
end

local function ended(reason, kind)
  return nil, { kind = kind or "cancelled", message = reason or "cancelled" }
end

---Waits until an operation is done.
---@param driver heygen.Driver
---@param engine heygen.engine
---@param operation heygen.operation
---@param notify (fun(operation): boolean?, table?)? called now and then; nil and fields of an error end the wait
---@return true? done
---@return table? fields kind and message
function exchange.await(driver, engine, operation, notify)
  if not notify and driver.built_in then -- nearly all: straight to the driver
    local done, reason = driver.await(engine, operation)
    if done then
      return true
    end
    return ended(reason)
  end
  while true do
    local done, reason, kind = drivers.await(driver, engine, operation, notify and TICK)
    if done and not operation:done() then -- a user's driver
      return ended("driver.await came back too early", "callback")
    elseif done then
      return true
    elseif reason ~= "timeout" or not notify then
      return ended(reason, kind)
    end
    local told, fields = notify(operation)
    if not told then
      return nil, fields
    end
  end
end

-- The answer may be paid for: it must not be lost because Lua was short of memory for a moment.
local function result_of(operation)
  local ok, status, body, failure = pcall(operation.result, operation)
  if ok then
    return status, body, failure
  end
  collectgarbage()
  return operation:result()
end

---Waits for an operation and reads its result.
---@param driver heygen.Driver
---@param engine heygen.engine
---@param operation heygen.operation
---@param notify (fun(operation): boolean?, table?)?
---@return any status what operation:result gives: a status, or true of one that has none
---@return any body or the fields of an error: kind, message, code, sent, and body where a part of it has come
function exchange.receive(driver, engine, operation, notify)
  local done, fields = exchange.await(driver, engine, operation, notify)
  if not done and not operation:done() then
    operation:cancel()
    local _, _, cut = operation:result()
    fields.sent, fields.body = operation:sent(), cut and cut.body
    if fields.kind == "cancelled" then
      fields.message = "the request was " .. fields.message
    end
    return nil, fields
  end
  local status, body, failure = result_of(operation)
  if status then
    return status, body
  end
  failure.message, failure.curl_code = body, nil
  return nil, failure
end

return exchange
