-- Raw requests: any path of the API, checked as far as that is possible without knowing the endpoint.
local core = require "heygen.core"
local errors = require "heygen.errors"
local checker = require "heygen.schema.options"
local client_options = require "heygen.schema.client_options"
local values = require "heygen.schema.value"

local raw = {}

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
      return "expected names as keys, got " .. values.given(name)
    elseif kind ~= "string" and kind ~= "boolean" and not (kind == "number" and value - value == 0) then
      return values.expected("a string, a finite number or a boolean", value), values.step(name)
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

local function method_problem(value)
  return not value:find "^[A-Z]+$" and values.expected("a name in capitals such as GET", value) or nil
end

local function content_type_problem(value)
  return value:find "%c" and "control characters are not allowed" or nil
end

local KNOWN = {
  method = { type = "string", problem = method_problem },
  path = { type = "string", problem = check_path, required = 'give one such as "/v3/videos"' },
  query = { type = "table", problem = check_query },
  json = { type = "table" },
  body = { type = "string" },
  content_type = { type = "string", problem = content_type_problem },
  headers = { type = "table", problem = client_options.headers_problem },
  timeout = checker.shared.timeout,
  deadline = checker.shared.deadline,
  max_retries = checker.shared.max_retries,
  idempotency_key = checker.shared.idempotency_key,
}

---@param fields any
---@return string? problem a mistake of the program
function raw.problem(fields)
  local read, problem = checker.check(fields, KNOWN)
  if read and read.json and read.body then
    return "json: give json or body, not both"
  end
  return problem
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
    local message = "client:request: " .. field .. ": " .. problem
    return nil, nil, errors.new { kind = "invalid", message = message, param = field, sent = "no" }
  elseif fields.json then
    local message
    text, message = core.encode(fields.json)
    if not text then
      return nil,
        nil,
        errors.new { kind = "invalid", message = "client:request: json." .. message, sent = "no" }
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
