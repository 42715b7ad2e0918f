-- The options of a client: names, defaults with their reasons, and the checks.
local checker = require "heygen.schema.options"
local core = require "heygen.core"
local urls = require "heygen.schema.url"
local values = require "heygen.schema.value"

local options = {}

local BASE_URL = "https://api.heygen.com"
local KEYS_PAGE = "https://app.heygen.com (Settings, API)"

local shared = checker.shared

local function with(spec, doc, default)
  return { type = spec.type, above = spec.above, min = spec.min, doc = doc, default = default }
end

-- The value itself may be a key with a line break from a file: it is never shown.
local function text_problem(value)
  return value:find "%c" and "it has a control character in it (a line break from a file?)" or nil
end

local function key_problem(value)
  if not value:find "%S" then
    return "it is blank, get one at " .. KEYS_PAGE
  end
  return text_problem(value) or (value:find "%s" and "it has a space in it") or nil
end

---What is wrong with an access token.
function options.token_problem(value)
  if type(value) ~= "string" then
    return "expected a string, got " .. type(value)
  end
  return key_problem(value)
end

local function token_problem(value)
  if checker.is_callable(value) then
    return nil
  elseif type(value) ~= "string" then
    return "expected a string or a function, got " .. type(value)
  end
  return key_problem(value)
end

-- Each: what is allowed, the default, and why the default is what it is.
local KNOWN = {
  api_key = {
    type = "string",
    secret = true,
    problem = key_problem,
    doc = "the API key; else HEYGEN_API_KEY",
  },
  access_token = {
    secret = true,
    problem = token_problem,
    kind = "string or function",
    doc = "an OAuth access token instead of a key, or a function that gives one",
  },
  base_url = { type = "string", problem = text_problem, doc = "else HEYGEN_API_BASE, else " .. BASE_URL },
  allow_http = {
    type = "boolean",
    default = false,
    doc = "plain http to other machines: the key travels unprotected",
  },
  timeout = with(shared.timeout, "seconds for one attempt; else 30 for reads, 120 for creates"),
  connect_timeout = with(shared.timeout, "seconds to reach the server, TLS included", 15),
  deadline = with(shared.deadline, "seconds for all attempts, pauses and bodies", 300),
  max_retries = with(shared.max_retries, "as the service's own command line does", 2),
  retry_base = {
    type = "seconds",
    default = 1,
    min = 0,
    finite = true,
    doc = "seconds; doubled at each retry, with full jitter",
  },
  retry_cap = {
    type = "seconds",
    default = 30,
    min = 0,
    finite = true,
    doc = "seconds; the longest pause of our own choice",
  },
  max_connections = {
    type = "integer",
    min = 1,
    max = 100000,
    doc = "100 for all clients of a Lua state together",
  },
  http_version = {
    type = "string",
    enum = { "1.1" },
    doc = '"1.1": HTTP/1.1 alone, where a gateway or an old libcurl is bad at HTTP/2; else what both sides know',
  },
  max_response_bytes = {
    type = "integer",
    default = 16 * 1024 * 1024,
    min = 1024,
    doc = "after decompression",
  },
  user_agent = {
    type = "string",
    problem = text_problem,
    doc = "put before our own: some networks refuse library defaults",
  },
  headers = { type = "table", doc = "sent with every API request" },
  proxy = {
    type = "string",
    problem = text_problem,
    doc = "else the environment's https_proxy, and none to this machine; an empty string means none",
  },
  ca_file = { type = "string", problem = text_problem, doc = "certificates to trust, PEM; else the system's" },
  on_request = { type = "function", doc = "called before each attempt" },
  on_response = { type = "function", doc = "called after each attempt" },
  log = { type = "function", doc = "called with one line for each attempt, never with a secret" },
  driver = { doc = "who waits; else found out at each call" }, -- heygen.driver reads it
}

options.known = KNOWN

-- "" in the environment means: not set.
local function environment(name)
  local value = os.getenv(name)
  return value ~= "" and value or nil
end

local function read_base_url(read)
  local address, from = read.base_url, "base_url"
  if not address then
    address, from = environment "HEYGEN_API_BASE" or BASE_URL, "HEYGEN_API_BASE"
  end
  local base, path, is_http = urls.split(address, read.allow_http)
  if not base then
    local hint = is_http and "; set allow_http = true to accept that the key can be read on the way" or ""
    return from .. ": " .. path .. ", got " .. urls.shown(address) .. hint
  elseif path:find "[?#]" then
    return from .. ": expected an address without query and fragment, got " .. urls.shown(address)
  end
  read.base, read.path, read.plain_http = base, (path:gsub("/+$", "")), is_http
end

local function read_credential(read)
  if read.api_key and read.access_token then
    return "give api_key or access_token, not both: the service takes exactly one"
  elseif not read.api_key and not read.access_token then
    read.api_key = os.getenv "HEYGEN_API_KEY"
    if not read.api_key or not read.api_key:find "%S" then
      return "api_key: missing. Get one at " .. KEYS_PAGE .. " and pass it as api_key, or set HEYGEN_API_KEY"
    end
    local problem = key_problem(read.api_key)
    return problem and "HEYGEN_API_KEY: " .. problem
  end
end

-- Those that the module sets itself, or that would break the framing of a request.
local OWN_HEADERS = {
  ["x-api-key"] = "use api_key",
  authorization = "use access_token",
  ["user-agent"] = "use user_agent",
  ["idempotency-key"] = "pass idempotency_key to the call",
  ["content-type"] = "it follows from the body",
  ["content-length"] = "it follows from the body",
  ["transfer-encoding"] = "it follows from the body",
  host = "it follows from base_url",
  expect = "it is never sent",
}

local function header_problem(name, value)
  if type(name) ~= "string" or not name:find "^[%w!#$%%&'*+.^_`|~-]+$" then
    return "expected the name of a header as a key, got " .. values.given(name), ""
  elseif OWN_HEADERS[name:lower()] then
    return "not allowed here, " .. OWN_HEADERS[name:lower()]
  elseif type(value) ~= "string" then
    return values.expected("a string", value)
  elseif value:find "[%z\r\n]" then
    return "expected a value without CR, LF and NUL"
  end
end

---@param headers table name -> value
---@return string? problem
---@return string? where
function options.headers_problem(headers)
  for name, value in pairs(headers) do
    local problem, where = header_problem(name, value)
    if problem then
      return problem, where or values.step(name)
    end
  end
end

KNOWN.headers.problem = options.headers_problem

---Checks the options of a client and fills in the defaults.
---@param given table?
---@return table? read name -> value, with base, path and plain_http of the base URL
---@return string? message names the option and the remedy
function options.read(given)
  local read, problem = checker.check(given, KNOWN)
  if read then
    problem = read_credential(read) or read_base_url(read)
  end
  if problem then
    return nil, problem
  end
  read.user_agent = (read.user_agent and read.user_agent .. " " or "") .. "heygen-lua/" .. core._VERSION
  return read
end

return options
