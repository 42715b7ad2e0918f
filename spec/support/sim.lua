-- A running simulator for the specs, and its control calls over a client of their own (LuaSocket, HTTP/1.0).
local cjson = require "cjson"
local sim = require "heygen.sim"
local socket = require "socket"

local support = {}

local running = {}
running.__index = running

-- What a call without its own wish gets: no limit on running sessions, a video in a simulated 12 minutes.
local DEFAULTS = { speed = 600, quiet = true }

--- Starts a simulator; options as heygen.sim.start, behaviour `concurrency` 0 unless given.
function support.start(options)
  local wanted = {}
  for name, value in pairs(DEFAULTS) do
    wanted[name] = value
  end
  for name, value in pairs(options or {}) do
    wanted[name] = value
  end
  local behaviour = { concurrency = 0 }
  for name, value in pairs(wanted.behaviour or {}) do
    behaviour[name] = value
  end
  wanted.behaviour = behaviour
  local server = assert(sim.start(wanted))
  local host, port = (server.plain_url or server.url):match "^http://([^:/]+):(%d+)"
  return setmetatable({ server = server, url = server.url, host = host, port = tonumber(port) }, running)
end

--- A plain connection.
function running:connect()
  local connection = assert(socket.connect(self.host, self.port))
  connection:settimeout(10)
  return connection
end

--- Sends bytes and takes everything that comes until the server ends the connection; and how it ended: "closed" or
--- "timeout".
function running:all(bytes, timeout)
  local connection = self:connect()
  connection:settimeout(timeout or 10)
  assert(connection:send(bytes))
  local parts = {}
  while true do
    local piece, problem, partial = connection:receive(8192)
    parts[#parts + 1] = piece or partial
    if not piece then
      connection:close()
      return table.concat(parts), problem
    end
  end
end

--- Sends a request whose answer is going to stall: what comes until `pattern` is found in it, and within 0.2 s after
--- that; and how it ended, as above. Without a pattern, nothing is to come.
function running:stalled(bytes, pattern)
  local before = self:counts().requests
  local connection = self:connect()
  assert(connection:send(bytes))
  local seen, problem = "", nil
  while pattern and not problem and not seen:find(pattern) do
    local byte
    byte, problem = connection:receive(1)
    seen = seen .. (byte or "")
  end
  -- A silence shows something only once the request has been taken.
  local deadline = socket.gettime() + 10
  while self:counts().requests == before and socket.gettime() < deadline do
    socket.sleep(0.005)
  end
  connection:settimeout(0.2)
  local rest, partial
  rest, problem, partial = connection:receive "*a"
  connection:close()
  return seen .. (rest or partial), problem or "closed"
end

--- One answer from a connection that stays open: status, body, headers (lower-case names).
function support.receive(connection)
  local status = tonumber(assert(connection:receive "*l"):match " (%d+)")
  local headers = {}
  while true do
    local line = assert(connection:receive "*l")
    if line == "" then
      break
    end
    local name, value = line:match "^([^:]+): (.*)$"
    headers[name:lower()] = value
  end
  local length = tonumber(headers["content-length"] or 0)
  return status, length > 0 and assert(connection:receive(length)) or "", headers
end

--- One exchange; `headers` is name → value. Returns status, body, headers (lower-case names).
function running:exchange(method, path, body, headers)
  local connection = self:connect()
  local lines = { method .. " " .. path .. " HTTP/1.0", "Host: " .. self.host }
  for name, value in pairs(headers or {}) do
    lines[#lines + 1] = name .. ": " .. value
  end
  if body then
    lines[#lines + 1] = "Content-Type: application/json"
    lines[#lines + 1] = "Content-Length: " .. #body
  end
  assert(connection:send(table.concat(lines, "\r\n") .. "\r\n\r\n" .. (body or "")))
  local answer, problem, partial = connection:receive "*a"
  connection:close()
  answer = answer or partial
  local status = tonumber(answer:match "^HTTP/1%.%d (%d+)")
  assert(status, "no HTTP answer: " .. tostring(problem))
  local head, content = answer:match "^(.-\r\n)\r\n(.*)$"
  local seen = {}
  for name, value in (head or ""):gmatch "\n([^:\r\n]+):%s*([^\r\n]*)" do
    seen[name:lower()] = value
  end
  return status, content, seen
end

--- A call of the API with a key: status, decoded body (nulls as cjson.null), headers.
function running:api(method, path, value)
  local body = value ~= nil and (type(value) == "string" and value or cjson.encode(value)) or nil
  local status, content, headers = self:exchange(method, path, body, { ["x-api-key"] = "test-key" })
  local ok, decoded = pcall(cjson.decode, content)
  return status, ok and decoded or content, headers
end

local function control(self, method, path, value)
  local body = value ~= nil and (next(value) == nil and "[]" or cjson.encode(value)) or nil
  local status, content = self:exchange(method, "/_sim/" .. path, body)
  if status ~= 200 then
    error("simulator: " .. tostring(content), 3)
  end
  return cjson.decode(content)
end

function running:counts()
  return control(self, "GET", "counts")
end

--- The requests seen, oldest first.
function running:requests(limit)
  return control(self, "GET", "requests?limit=" .. (limit or 1000)).data
end

function running:state()
  return control(self, "GET", "state")
end

--- Adds rules: faults{ {...}, {...} } or faults{ status = 500 }; an empty table removes all.
function running:faults(rules)
  if next(rules) == nil then
    return control(self, "DELETE", "faults")
  end
  return control(self, "POST", "faults", rules)
end

function running:behaviour(values)
  return control(self, "POST", "behaviour", values)
end

--- clock{ advance = seconds } or clock{ speed = n }
function running:clock(change)
  return control(self, "POST", "clock", change)
end

function running:reset()
  return control(self, "POST", "reset")
end

function running:stop()
  self.server:stop()
end

return support
