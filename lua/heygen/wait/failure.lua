-- Why a job failed: the reason and the code, read in one way from whatever the service sends about it, for waits and
-- deliveries. The service and its older versions use many names, with a text, a number, or an object in them.
local failure = {}

local TEXTS = {
  "failure_message",
  "failure_reason",
  "error_message",
  "msg",
  "failure",
  "error",
  "message",
  "detail",
  "reason",
}
local CODES = { "failure_code", "error_code", "code" }

-- Names inside an object that is a reason itself, the most readable first.
local INSIDE = { "message", "msg", "detail", "reason", "error" }

-- A text, or a number as one. A blank text is none.
local function text(value)
  if type(value) == "string" then
    return value:find "%S" and value or nil
  elseif type(value) == "number" and value == value and value % 1 == 0 then
    return ("%.0f"):format(value)
  end
end

local function code_in(object)
  for index = 1, #CODES do
    local code = text(object[CODES[index]])
    if code then
      return code
    end
  end
end

-- The text and the code of one value; an object may hold another one.
local function read_value(value, depth)
  if type(value) ~= "table" then
    return text(value), nil
  end
  local found, code = nil, code_in(value)
  for index = 1, #INSIDE do
    local inner, inner_code = value[INSIDE[index]], nil
    if type(inner) ~= "table" then
      inner = text(inner)
    elseif depth > 0 then
      inner, inner_code = read_value(inner, depth - 1)
    else
      inner = nil
    end
    found, code = found or inner, code or inner_code
  end
  if not found and value[1] ~= nil and depth > 0 then -- a list of reasons: the first
    return read_value(value[1], depth - 1)
  end
  return found, code
end

---The reason of a failure that an object of the service gives.
---@param object any
---@return string? reason the code where there is no text
---@return string? code
function failure.read(object)
  if type(object) ~= "table" then
    return nil, nil
  end
  local reason, code = nil, code_in(object)
  for index = 1, #TEXTS do
    local value = object[TEXTS[index]]
    if value ~= nil then
      local found, found_code = read_value(value, 2)
      reason, code = reason or found, code or found_code
    end
  end
  return reason or code, code
end

return failure
