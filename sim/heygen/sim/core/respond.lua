-- Answers in the service's envelopes.
local text = require "heygen.sim.core.text"

local respond = {}

local DOCS = "https://developers.heygen.com/docs/error-codes#"

local CODES = {
  [400] = "invalid_parameter",
  [401] = "unauthorized",
  [402] = "insufficient_credit",
  [403] = "forbidden",
  [404] = "not_found",
  [405] = "method_not_allowed",
  [408] = "timeout",
  [409] = "conflict",
  [413] = "payload_too_large",
  [422] = "invalid_parameter",
  [429] = "rate_limit_exceeded",
  [500] = "internal_error",
  [503] = "service_unavailable",
  [504] = "gateway_timeout",
}

--- The documented code that goes with a status.
---@param status number
---@return string code
function respond.code(status)
  return CODES[status] or (status >= 500 and "internal_error" or "invalid_parameter")
end

---@param json table the codec
---@param status number
---@param value table
---@return table response { status, headers = list of {name, value}, body }
function respond.json(json, status, value)
  return {
    status = status,
    headers = { { "Content-Type", "application/json" } },
    body = assert(json.encode(value)),
  }
end

--- What the API answers: in the shape that the behaviour wants.
---@param json table the codec of a model, or any
---@param value table the envelope
---@param status number? default 200
---@return table response
function respond.envelope(json, value, status)
  return respond.json(json, status or 200, json.shape and json.shape(value) or value)
end

---@param json table the codec
---@param data any
---@return table response
function respond.data(json, data)
  return respond.envelope(json, { data = data })
end

---@param json table the codec
---@param status number
---@param code string|nil the one that goes with the status when nil
---@param message string
---@param param string|nil the offending field
---@return table response
function respond.problem(json, status, code, message, param)
  code = code or respond.code(status)
  return respond.envelope(json, {
    error = {
      code = code,
      message = text.printable(message),
      -- A field's name comes from the client, and may be any bytes.
      param = type(param) == "string" and text.printable(param) or json.null,
      doc_url = DOCS .. code:gsub("_", "-"),
    },
  }, status)
end

return respond
