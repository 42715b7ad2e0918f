-- Raw requests: any path of the API, checked as far as that is possible without knowing the endpoint.
local core = require "heygen.core"
local errors = require "heygen.errors"
local options = require "heygen.schema.client_options"
local suggest = require "heygen.schema.suggest"
local values = require "heygen.schema.value"

local raw = {}

local RAW_FIELDS = {
  method = "string",
  path = "string",
  query = "table",
  json = "table",
  body = "string",
  content_type = "string",
  headers = "table",
  timeout = "number",
  deadline = "number",
  max_retries = "number",
  idempotency_key = "string",
}

local REPEATABLE = { GET = true, HEAD = true, DELETE = true, PUT = true, OPTIONS = true }

local function decode(text)
  return (text:gsub("%%(%x%x)", function(digits)
    return string.char(tonumber(digits, 16))
  end))
end

-- As the server reads it: what is percent-encoded counts as what it stands for.
local function check_path(path)
  if path:sub(1, 1) ~= "/" or path:find "[%c%s#\\]" then
    return 'expected a path such as "/v3/videos", percent-encoded'
  end
  local foreign = path:find "[^\33-\126]"
  if foreign then
    return ("the byte at position %d is no printable ASCII, percent-encode it"):format(foreign)
  elseif path:gsub("%%%x%x", ""):find("%", 1, true) then
    return "a % without two hexadecimal digits behind it, write %25 for the character itself"
  end
  local before_query = path:gsub("%?.*", "")
  if (before_query .. "/"):find("//", 1, true) then
    return "empty segments are not allowed, give an id there, or leave out the slash"
  end
  local read = decode(before_query)
  if read:find "[%z\1-\31\127]" then
    return "control characters are not allowed, not even percent-encoded, leave them out"
  end
  for segment in read:gmatch "[^/\\]+" do
    if segment == "." or segment == ".." then
      return "the segments . and .. are not allowed, not even percent-encoded, write the whole path"
    end
  end
  local problem = values.utf8_problem(read)
  return problem and problem .. " after decoding, percent-encode the bytes of UTF-8"
end

local function check_query(query)
  for name, value in pairs(query) do
    local kind = type(value)
    if type(name) ~= "string" then
      return "expected names as keys, got a " .. type(name)
    elseif kind ~= "string" and kind ~= "boolean" and not (kind == "number" and value - value == 0) then
      return ("%s: expected a string, a finite number or a boolean, got %s"):format(name, tostring(value))
    end
  end
end

-- Text may come from a user: a bad one is an error value. Returns the field and the problem.
local function text_problem(query)
  for name, value in pairs(query or {}) do
    local problem = values.utf8_problem(name)
    if problem then
      return "query", "a name with " .. problem .. ", encode it as UTF-8"
    end
    problem = type(value) == "string" and values.utf8_problem(value)
    if problem then
      return "query" .. values.step(name), problem .. ", encode it as UTF-8"
    end
  end
end

local function check_seconds(value)
  if not (value > 0 and value < math.huge) then
    return "expected a finite number of seconds above 0"
  end
end

local RAW_CHECKS = {
  path = check_path,
  query = check_query,
  timeout = check_seconds,
  deadline = check_seconds,
  headers = options.headers_problem,
  method = function(value)
    return not value:find "^[A-Z]+$" and "expected a name in capitals such as GET" or nil
  end,
  content_type = function(value)
    return value:find "%c" and "control characters are not allowed" or nil
  end,
  max_retries = function(value)
    return not (value >= 0 and value % 1 == 0) and "expected a whole number of 0 or more" or nil
  end,
  idempotency_key = function(value)
    if #value > 255 or not value:find "^[A-Za-z0-9_:.-]+$" then
      return "expected 1 to 255 letters, digits or _ - : ."
    end
  end,
}

---@param fields any
---@return string? problem a mistake of the program
function raw.problem(fields)
  if type(fields) ~= "table" then
    return ("request: expected a table, write {path = ...}, got %s"):format(type(fields))
  end
  for name, value in pairs(fields) do
    local wanted = RAW_FIELDS[name]
    if not wanted then
      local known = {}
      for field in pairs(RAW_FIELDS) do
        known[#known + 1] = field
      end
      local near = suggest.near(tostring(name), known)
      return tostring(name) .. ": unknown field" .. (near and (', did you mean "%s"?'):format(near) or "")
    elseif type(value) ~= wanted then
      return ("%s: expected a %s, got %s"):format(name, wanted, type(value))
    end
    local problem, where
    if RAW_CHECKS[name] then
      problem, where = RAW_CHECKS[name](value)
    end
    if problem then
      return name .. (where or "") .. ": " .. problem
    end
  end
  if fields.json and fields.body then
    return "json: give json or body, not both"
  elseif not fields.path then
    return 'path: missing, give one such as "/v3/videos"'
  end
end

---What request.send needs for a raw request.
---@param fields heygen.RawRequest checked by raw.problem
---@return table? row
---@return table? call
---@return heygen.Error? err a body or a query that cannot be sent
function raw.prepare(fields)
  local method = fields.method or "GET"
  local text = fields.body
  local field, problem = text_problem(fields.query)
  if problem then
    return nil,
      nil,
      errors.new { kind = "invalid", message = field .. ": " .. problem, param = field, sent = "no" }
  elseif fields.json then
    local message
    text, message = core.encode(fields.json)
    if not text then
      return nil, nil, errors.new { kind = "invalid", message = "json." .. message, sent = "no" }
    end
  end
  return { method = method, repeatable = REPEATABLE[method] or false, raw = true, path_params = {} }, {
    target = fields.path,
    query = fields.query,
    text = text,
    content_type = fields.content_type,
    headers = fields.headers,
    options = fields,
  }
end

return raw
