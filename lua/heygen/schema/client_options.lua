-- The options of a client: names, defaults with their reasons, and the checks.
local core = require "heygen.core"
local suggest = require "heygen.schema.suggest"

local options = {}

local BASE_URL = "https://api.heygen.com"
local KEYS_PAGE = "https://app.heygen.com (Settings, API)"

-- Each: type, default, least and greatest value, and why the default is what it is.
local KNOWN = {
  api_key = { type = "string", secret = true, doc = "the API key; else HEYGEN_API_KEY" },
  access_token = { type = "string", secret = true, doc = "an OAuth access token instead of a key" },
  base_url = { type = "string", doc = "else HEYGEN_API_BASE, else " .. BASE_URL },
  allow_http = {
    type = "boolean",
    default = false,
    doc = "plain http to other machines: the key travels unprotected",
  },
  timeout = {
    type = "number",
    min = 0.001,
    doc = "seconds for one attempt; else 30 for reads, 120 for creates",
  },
  connect_timeout = {
    type = "number",
    default = 15,
    min = 0.001,
    doc = "seconds to reach the server, TLS included",
  },
  deadline = {
    type = "number",
    default = 300,
    min = 0.001,
    doc = "seconds for all attempts, pauses and bodies",
  },
  max_retries = { type = "integer", default = 2, min = 0, doc = "as the service's own command line does" },
  retry_base = {
    type = "number",
    default = 1,
    min = 0,
    doc = "seconds; doubled at each retry, with full jitter",
  },
  retry_cap = { type = "number", default = 30, min = 0, doc = "seconds; the longest pause of our own choice" },
  max_connections = {
    type = "integer",
    min = 1,
    max = 100000,
    doc = "100 for all clients of a Lua state together",
  },
  max_response_bytes = {
    type = "integer",
    default = 16 * 1024 * 1024,
    min = 1024,
    doc = "after decompression",
  },
  user_agent = { type = "string", doc = "put before our own: some networks refuse library defaults" },
  headers = { type = "table", doc = "sent with every API request" },
  proxy = { type = "string", doc = "else the environment's https_proxy; an empty string means none" },
  ca_file = { type = "string", doc = "certificates to trust, PEM; else the system's" },
  on_request = { type = "function", doc = "called before each attempt" },
  on_response = { type = "function", doc = "called after each attempt" },
  log = { type = "function", doc = "called with one line for each attempt, never with a secret" },
  driver = { type = "driver", doc = "who waits; else found out at each call" },
}

options.known = KNOWN

local function names()
  local list = {}
  for name in pairs(KNOWN) do
    list[#list + 1] = name
  end
  table.sort(list)
  return list
end

---A function, or an object that can be called like one.
---@param value any
---@return boolean
function options.is_callable(value)
  local meta = type(value) == "table" and getmetatable(value)
  return type(value) == "function" or (type(meta) == "table" and meta.__call ~= nil)
end

local function number_problem(spec, value)
  if value ~= value or value == math.huge or value == -math.huge then
    return "expected a finite number"
  elseif spec.type == "integer" and value % 1 ~= 0 then
    return "expected a whole number, got " .. tostring(value)
  elseif spec.min and value < spec.min then
    return ("expected %g or more, got %g"):format(spec.min, value)
  elseif spec.max and value > spec.max then
    return ("expected at most %g, got %g"):format(spec.max, value)
  end
end

local function text_problem(name, spec, value)
  local what = spec.secret and "the value" or name
  if value:find "[%c]" then
    return what .. " has a control character in it (a line break from a file?)"
  elseif spec.secret and not value:find "%S" then
    return "it is blank, get one at " .. KEYS_PAGE
  elseif spec.secret and value:find "%s" then
    return "it has a space in it"
  end
end

local function check(name, value)
  local spec = KNOWN[name]
  if spec.type == "driver" then
    return nil -- heygen.drivers knows them
  elseif spec.type == "integer" or spec.type == "number" then
    if type(value) ~= "number" then
      return ("expected a number, got %s"):format(type(value))
    end
    return number_problem(spec, value)
  elseif spec.type == "function" and options.is_callable(value) then
    return nil
  elseif type(value) ~= spec.type then
    return ("expected a %s, got %s"):format(spec.type, type(value))
  elseif spec.type == "string" then
    return text_problem(name, spec, value)
  end
end

-- One of 127.0.0.0/8 as four plain numbers. Anything else, such as 127.999.0.1, would be looked up as a name.
local function is_loopback_ipv4(host)
  local count = 0
  for number in (host .. "."):gmatch "([^.]*)%." do
    count = count + 1
    if not number:find "^%d%d?%d?$" or number:find "^0%d" or tonumber(number) > 255 then
      return false
    end
  end
  return count == 4 and host:sub(1, 4) == "127."
end

---Is this address one of this machine?
---@param host string as it stands in a URL
---@return boolean
function options.is_loopback(host)
  host = host:lower()
  return host == "localhost" or host == "[::1]" or is_loopback_ipv4(host)
end

---Splits and checks the address of a server.
---@param url string
---@param allow_http boolean plain http is fine to any machine
---@return string? base scheme, host and port
---@return string path what follows, or the problem
---@return boolean? plain plain http
function options.split_url(url, allow_http)
  local scheme, host, port, rest = url:match "^(%a[%w+.-]*)://(%[[%x:.]+%])(:?%d*)(.*)$"
  if not scheme then
    scheme, host, port, rest = url:match "^(%a[%w+.-]*)://([^/:?#@]+)(:?%d*)(.*)$"
  end
  if
    not scheme
    or url:find "[%s%c]"
    or (tonumber(port:sub(2)) or 0) > 65535
    or not host:find "^[%w.%-_%[%]:]+$"
    or (rest ~= "" and not rest:find "^[/?#]")
  then
    return nil, "expected an address such as " .. BASE_URL
  end
  scheme = scheme:lower()
  if scheme ~= "https" and scheme ~= "http" then
    return nil, "expected https, got " .. scheme
  elseif scheme == "http" and not allow_http and not options.is_loopback(host) then
    return nil, "plain http is only for this machine (127.0.0.1, localhost): use https"
  end
  return scheme .. "://" .. host .. (port == ":" and "" or port), rest, scheme == "http"
end

-- "" in the environment means: not set.
local function environment(name)
  local value = os.getenv(name)
  return value ~= "" and value or nil
end

local function read_base_url(read)
  local url, from = read.base_url, "base_url"
  if not url then
    url, from = environment "HEYGEN_API_BASE" or BASE_URL, "HEYGEN_API_BASE"
  end
  local base, path, plain = options.split_url(url, read.allow_http)
  if not base then
    if path:find "plain http" then
      path = path .. ", or set allow_http = true and accept that the key can be read on the way"
    end
    return from .. ": " .. path
  elseif path:find "[?#]" then
    return from .. ": a query or fragment does not belong there"
  end
  read.base, read.path, read.plain_http = base, (path:gsub("/+$", "")), plain
end

local function read_credential(read)
  if read.api_key and read.access_token then
    return "give api_key or access_token, not both: the service takes exactly one"
  elseif not read.api_key and not read.access_token then
    read.api_key = os.getenv "HEYGEN_API_KEY"
    if not read.api_key or not read.api_key:find "%S" then
      return "api_key: missing. Get one at " .. KEYS_PAGE .. " and pass it as api_key, or set HEYGEN_API_KEY"
    end
    local problem = check("api_key", read.api_key)
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

---@param headers table name -> value
---@return string? problem
function options.headers_problem(headers)
  for name, value in pairs(headers) do
    if type(name) ~= "string" or not name:find "^[%w!#$%%&'*+.^_`|~-]+$" then
      return ("%q is no name of a header"):format(tostring(name):sub(1, 40))
    elseif OWN_HEADERS[name:lower()] then
      return ("%s: not allowed here, %s"):format(name, OWN_HEADERS[name:lower()])
    elseif type(value) ~= "string" then
      return ("%s: expected a string, got %s"):format(name, type(value))
    elseif value:find "[%z\r\n]" then
      return ("%s: CR, LF and NUL are not allowed in a value"):format(name)
    end
  end
end

---Checks the options of a client and fills in the defaults.
---@param given table?
---@return table? read name -> value, with base, path and plain_http of the base URL
---@return string? message names the option and the remedy
function options.read(given)
  if given ~= nil and type(given) ~= "table" then
    return nil, ("expected a table of options, got %s"):format(type(given))
  end
  local read = {}
  for name, value in pairs(given or {}) do
    if not KNOWN[name] then
      return nil, tostring(name) .. ": unknown option" .. suggest.hint(tostring(name), names())
    end
    local problem = check(name, value)
    if problem then
      return nil, name .. ": " .. problem
    end
    read[name] = value
  end
  for name, spec in pairs(KNOWN) do
    if read[name] == nil then
      read[name] = spec.default
    end
  end
  local problem = read_credential(read) or read_base_url(read)
  local bad_header = read.headers and options.headers_problem(read.headers)
  if problem or bad_header then
    return nil, problem or "headers: " .. bad_header
  end
  read.user_agent = (read.user_agent and read.user_agent .. " " or "") .. "heygen-lua/" .. core._VERSION
  return read
end

return options
