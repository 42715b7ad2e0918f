-- The error in an answer, in any of the shapes that the service and its gateways use, as fields for errors.new.
--
-- What is no JSON was not written by the service but by something in front of it: a gateway, a proxy, a page for
-- browsers. Its status says nothing about the key, the id or the credit, so such an answer gets the code
-- "gateway_page", which passes: a read is repeated, and a wait continues.
--
-- Foreign text is hidden first and cut afterwards: a secret that straddles the cut would be shown in part.
local foreign = require "heygen.http.foreign"
local retry = require "heygen.http.retry"

local api_error = {}

local find, format, lower = string.find, string.format, string.lower
local printable = foreign.printable

local STATUS_CODES = {
  [400] = "validation_error",
  [401] = "unauthorized",
  [402] = "insufficient_credit",
  [403] = "forbidden",
  [404] = "not_found",
  [409] = "conflict",
  [413] = "payload_too_large",
  [429] = "rate_limit_exceeded",
}

local STATUS_MESSAGES = {
  [400] = "the service refused the request as invalid",
  [401] = "the service did not accept the API key or access token",
  [402] = "the balance or the plan does not cover this request",
  [403] = "this is not allowed with the API key or access token in use",
  [404] = "the service does not know this address or id",
  [409] = "the request does not fit the present state of the thing it names",
  [413] = "the request body is too large for the service",
  [422] = "the service refused a field of the request",
  [429] = "too many requests or jobs at once",
  [502] = "the service is not available at the moment",
  [503] = "the service is not available at the moment",
  [504] = "the service did not answer its own gateway in time",
}

-- Statuses that would be about the key, the credit or an id, were they the service's.
local ABOUT_US = { [401] = true, [402] = true, [403] = true, [404] = true, [410] = true }

-- The code and the message of a body that is no JSON: nothing where there is no body, or where the status alone tells.
local function read_page(status, body)
  if status < 400 or status > 499 or status == 429 or not find(body, "%S") then
    return nil
  end
  local what = find(body, "^[%s\239\187\191]*<") and "a page of HTML or XML" or "a text that is no JSON"
  local message = format("a gateway or proxy answered in place of the service: HTTP %d with %s", status, what)
  return ABOUT_US[status] and "gateway_page" or nil, message
end

local function status_code(status)
  if STATUS_CODES[status] then
    return STATUS_CODES[status]
  end
  return status >= 500 and status < 600 and "unclassified_server_error" or "unclassified_client_error"
end

local function status_message(status)
  if STATUS_MESSAGES[status] then
    return STATUS_MESSAGES[status]
  elseif status == 0 or (status >= 200 and status < 300) then
    return "the service reported an error without saying which"
  elseif status >= 300 and status < 400 then
    return format("the service redirects (HTTP %d), which is not followed: check base_url", status)
  elseif status >= 500 then
    return format("the service failed (HTTP %d)", status)
  end
  return format("the service refused the request (HTTP %d)", status)
end

local function number_text(value)
  if value == math.floor(value) and value > -2 ^ 53 and value < 2 ^ 53 then
    return format("%.0f", value)
  end
  return tostring(value)
end

local CODE_MAX = 100 -- bytes

local function to_code(value, hide)
  if type(value) == "number" then
    return number_text(value)
  elseif type(value) ~= "string" then
    return nil
  end
  local code = foreign.trim(hide(value), 2 * CODE_MAX)
  if code == "" or lower(code) == "error" then
    return nil
  elseif find(code, "^[A-Z][A-Z0-9_]*$") then
    code = lower(code)
  end
  return printable(code, CODE_MAX)
end

local function to_text(value, hide)
  if type(value) == "string" and find(value, "%S") then
    return foreign.shown(value, 1000, hide)
  elseif type(value) == "number" then
    return number_text(value)
  end
  return nil
end

local MESSAGE_KEYS = { "message", "msg", "detail", "error_message", "error_description" }

-- {"body", "files", 0, "url"} -> "files.0.url"
local function field_path(steps, hide)
  local names = {}
  for index = 2, type(steps) == "table" and #steps or 0 do
    names[#names + 1] = to_text(steps[index], hide)
  end
  return names[1] and table.concat(names, ".") or nil
end

-- The message in a table, and the field it is about; also from {"detail":[{"loc":["body","x"],"msg":"..."}]}.
local function find_text(source, hide)
  for index = 1, #MESSAGE_KEYS do
    local value = source[MESSAGE_KEYS[index]]
    if type(value) == "table" then
      local first = type(value[1]) == "table" and value[1] or value
      local text = to_text(first.msg, hide) or to_text(first.message, hide) or to_text(first[1], hide)
      if text then
        return text, field_path(first.loc, hide)
      end
    else
      local text = to_text(value, hide)
      if text then
        return text
      end
    end
  end
  return nil
end

local V1_SUCCESS = 100
local CODE_ALONE = "^%s*%l[%l%d]*_[%l%d_]*%s*$" -- {"error": "invalid_grant"}: a code, not a sentence

local function as_it_is(text)
  return text
end

-- Only asked about bodies that have `error` or `code`, whose status was good.
local function reports_error(value)
  local problem = value.error
  local kind = type(problem)
  if kind == "table" then
    if next(problem) ~= nil then
      return true
    end
  elseif kind == "string" then
    if find(problem, "%S") then
      return true
    end
  elseif problem == true or (kind == "number" and problem ~= 0) then
    return true
  end
  local number = tonumber(value.code)
  if number then
    return number ~= V1_SUCCESS
  end
  return value.data == nil and to_code(value.code, as_it_is) ~= nil
end

-- The parts of an error body: code, message, param, doc_url; each may be nil.
local function read_error(value, hide)
  local problem = value.error
  local code, message, param, doc_url
  if type(problem) == "table" then
    code = to_code(problem.code, hide)
    message, param = find_text(problem, hide)
    message = message or to_text(problem[1], hide)
    param = to_text(problem.param, hide) or param
    doc_url = to_text(problem.doc_url, hide)
  elseif type(problem) == "number" or (type(problem) == "string" and find(problem, CODE_ALONE)) then
    code = problem ~= 0 and to_code(problem, hide) or nil
  else
    message = to_text(problem, hide)
  end
  if not code and tonumber(value.code) ~= V1_SUCCESS then
    code = to_code(value.code, hide)
  end
  if not message then
    local place
    message, place = find_text(value, hide)
    message = message or to_text(problem, hide)
    param = param or to_text(value.param, hide) or place
  end
  return code, message, param, doc_url or to_text(value.doc_url, hide)
end

---Finds the error in an answer, in any of the shapes the service and its gateways use; also in one with status 200.
---@param status integer? HTTP status
---@param value any the decoded JSON body, nil for one that is no JSON
---@param hide fun(text: string): string takes the credential out of a text
---@param body string? where it is no JSON
---@return table? fields nil: it is no error. For errors.new: kind, message, status, code, param, doc_url, retryable.
---With status 401 also is_service: is it of the service's own form, {"error": {...}} or {"code": ..., "message": ...}?
function api_error.read(status, value, hide, body)
  local is_table = type(value) == "table"
  if not status or (status >= 200 and status < 300) then
    if not is_table or (value.error == nil and value.code == nil) or not reports_error(value) then
      return nil
    end
  end
  local code, message, param, doc_url
  if is_table then
    code, message, param, doc_url = read_error(value, hide)
  elseif value ~= nil then
    message = to_text(value, hide)
  elseif body then
    code, message = read_page(status or 0, body)
  end
  local is_service = status == 401
    and is_table
    and (type(value.error) == "table" or (value.code ~= nil and message ~= nil))
  code = code or status_code(status or 0)
  return {
    kind = "api",
    message = message or status_message(status or 0),
    status = status,
    code = code,
    param = param,
    doc_url = doc_url,
    is_service = is_service or nil,
    retryable = retry.retryable(status, code),
  }
end

return api_error
