-- HTTP/1.1 without I/O: requests out of a stream of bytes (feed it what arrives, take out whole requests), and the
-- heads of answers.
local http = {}
http.__index = http

local HEADER_LIMIT = 16 * 1024
local BODY_LIMIT = 1024 * 1024
local TOKEN = "^[%w!#%$%%&'%*%+%-%.%^_`|~]+$"

local REASONS = {
  [200] = "OK",
  [202] = "Accepted",
  [204] = "No Content",
  [206] = "Partial Content",
  [301] = "Moved Permanently",
  [302] = "Found",
  [304] = "Not Modified",
  [307] = "Temporary Redirect",
  [308] = "Permanent Redirect",
  [400] = "Bad Request",
  [401] = "Unauthorized",
  [402] = "Payment Required",
  [403] = "Forbidden",
  [404] = "Not Found",
  [405] = "Method Not Allowed",
  [408] = "Request Timeout",
  [409] = "Conflict",
  [413] = "Content Too Large",
  [416] = "Range Not Satisfiable",
  [422] = "Unprocessable Content",
  [429] = "Too Many Requests",
  [431] = "Request Header Fields Too Large",
  [500] = "Internal Server Error",
  [501] = "Not Implemented",
  [502] = "Bad Gateway",
  [503] = "Service Unavailable",
  [504] = "Gateway Timeout",
  [505] = "HTTP Version Not Supported",
}

---@param status integer
---@return string phrase for the status line
function http.reason(status)
  return REASONS[status] or "Unknown"
end

---The head of an answer.
---@param status integer
---@param headers table<string, string>
---@param size integer bytes of the body
---@param keep boolean is the connection kept open?
---@param version string of the request: "1.1" or "1.0"
---@return string
function http.head(status, headers, size, keep, version)
  local names, lines = {}, { ("HTTP/1.1 %d %s"):format(status, http.reason(status)) }
  for name in pairs(headers) do
    names[#names + 1] = name
  end
  table.sort(names)
  for _, name in ipairs(names) do
    lines[#lines + 1] = name .. ": " .. headers[name]
  end
  if status ~= 204 then
    lines[#lines + 1] = "Content-Length: " .. size
  end
  if not keep then
    lines[#lines + 1] = "Connection: close"
  elseif version == "1.0" then
    lines[#lines + 1] = "Connection: keep-alive"
  end
  return table.concat(lines, "\r\n") .. "\r\n\r\n"
end

---@param limits table? header = bytes; body = bytes, or function(method, path) that gives them
---@return table parser
function http.new(limits)
  limits = limits or {}
  return setmetatable({
    buffer = "",
    header_limit = limits.header or HEADER_LIMIT,
    body_limit = limits.body or BODY_LIMIT,
  }, http)
end

--- Bytes from the peer.
---@param bytes string
function http:feed(bytes)
  local parts = self.parts
  if parts then
    parts[#parts + 1], self.pending = bytes, self.pending + #bytes
  else
    self.buffer = self.buffer .. bytes
  end
end

--- Whether there is an unfinished request.
---@return boolean
function http:partial()
  return self.request ~= nil or self.buffer ~= ""
end

local function failure(self, status, message)
  self.broken = { status = status, message = message }
  return nil, self.broken
end

local function body_size(headers)
  local length, coding = headers["content-length"], headers["transfer-encoding"]
  if coding then
    if length then
      return nil, 400, "both Content-Length and Transfer-Encoding"
    elseif coding:lower() ~= "chunked" then
      return nil, 501, "only the transfer coding chunked is known"
    end
    return "chunked"
  elseif not length then
    return 0
  elseif not length:find "^%d+$" then
    return nil, 400, "bad Content-Length"
  elseif #length > 15 then
    return nil, 413, "the body is too large"
  end
  return tonumber(length)
end

local function read_headers(lines)
  local headers = {}
  for line in lines:gmatch "([^\n]*)\n" do
    line = line:gsub("\r$", "")
    local name, value = line:match "^([^:]+):[ \t]*(.*)$"
    -- Trimmed from the end: a pattern that searches for the end from the front takes the square of many blanks.
    value = value and (value:match "^(.*[^ \t])" or "")
    if not name or not name:find(TOKEN) or value:find "[^\t\32-\126\128-\255]" then
      return nil
    end
    name = name:lower()
    if name == "host" and headers.host then
      return nil -- RFC 9112, 3.2
    elseif headers[name] == nil then
      headers[name] = value
    elseif name ~= "content-length" or headers[name] ~= value then
      headers[name] = headers[name] .. ", " .. value
    end
  end
  return headers
end

local function keeps_alive(version, headers)
  local connection = (headers.connection or ""):lower()
  if version == "1.0" then
    return connection:find("keep-alive", 1, true) ~= nil
  end
  return connection:find("close", 1, true) == nil
end

local function begin(self, head)
  local line, rest = head:match "^([^\n]*)\n(.*)$"
  local method, target, version = line:gsub("\r$", ""):match "^(%S+) (%S+) HTTP/(%d%.%d)$"
  if not method or not method:find(TOKEN) then
    return failure(self, 400, "this is no HTTP request line")
  elseif version ~= "1.1" and version ~= "1.0" then
    return failure(self, 505, "only HTTP/1.0 and HTTP/1.1 are spoken")
  end
  local headers = read_headers(rest)
  if not headers then
    return failure(self, 400, "bad header line")
  elseif version == "1.1" and not headers.host then
    return failure(self, 400, "the Host header is missing")
  end
  local path = target:match "^https?://[^/]*(/.*)$" or target
  if path:sub(1, 1) ~= "/" and path ~= "*" then
    return failure(self, 400, "bad request target")
  end
  local size, status, message = body_size(headers)
  if not size then
    return failure(self, status, message)
  end
  local limit = self.body_limit
  self.limit = type(limit) == "function" and limit(method, path) or limit
  if size ~= "chunked" and size > self.limit then
    return failure(self, 413, "the body is too large")
  end
  self.request = {
    method = method,
    target = path,
    version = version,
    headers = headers,
    keep_alive = keeps_alive(version, headers),
  }
  self.size = size
  self.expects = (headers.expect or ""):lower() == "100-continue"
  if size ~= 0 then
    -- What comes now is only put aside; it is joined once, when the body is whole.
    self.parts, self.pending, self.buffer = { self.buffer }, #self.buffer, ""
  end
  return true
end

local function find_head(self)
  -- Empty lines before a request are allowed (RFC 9112, 2.2).
  if self.buffer:find "^[\r\n]" then
    self.buffer = self.buffer:gsub("^[\r\n]+", "")
  end
  local from = math.max(1, (self.searched or 1) - 3)
  local _, stop = self.buffer:find("\n\r?\n", from)
  if stop and stop <= self.header_limit then
    local head = self.buffer:sub(1, stop):gsub("\r?\n$", "")
    self.buffer, self.searched = self.buffer:sub(stop + 1), nil
    return head
  elseif #self.buffer > self.header_limit then
    return failure(self, 431, "the header is too large")
  end
  self.searched = #self.buffer
  return nil
end

local function take_sized(self)
  if self.size == 0 then
    return ""
  elseif self.pending < self.size then
    return nil
  end
  local all = table.concat(self.parts)
  self.parts, self.pending = nil, nil
  self.buffer = all:sub(self.size + 1)
  return all:sub(1, self.size)
end

local function chunk_size(line)
  -- A bare LF is refused: what is in front may read it differently.
  local hex = line:match "^(%x+)[ \t]*\r$" or line:match "^(%x+)[ \t]*;.*\r$"
  return hex and #hex <= 8 and tonumber(hex, 16) or nil
end

-- One step through a chunked body, from `at` in the buffer. Gives the place after it; nil, status and message when it
-- is wrong; nil alone when more bytes are needed.
local function chunk_step(self, chunks, at)
  local buffer = self.buffer
  if chunks.want then
    local stop = at + chunks.want
    if #buffer < stop + 1 then
      return nil
    elseif buffer:sub(stop, stop + 1) ~= "\r\n" then
      return nil, 400, "bad chunk"
    end
    chunks[#chunks + 1], chunks.want = buffer:sub(at, stop - 1), nil
    return stop + 2
  end
  local stop = buffer:find("\n", at, true)
  if not stop then
    if #buffer - at > self.header_limit then
      return nil, 431, "the trailer is too large"
    end
    return nil
  end
  local line = buffer:sub(at, stop - 1)
  if chunks.trailer then
    chunks.done = line == "" or line == "\r"
    return stop + 1
  end
  local want = chunk_size(line)
  if not want then
    return nil, 400, "bad chunk size"
  end
  chunks.bytes = chunks.bytes + want
  if chunks.bytes > self.limit then
    return nil, 413, "the body is too large"
  end
  chunks.trailer, chunks.want = want == 0, want > 0 and want or nil
  return stop + 1
end

local function take_chunked(self)
  local chunks = self.chunks or { bytes = 0 }
  self.chunks = chunks
  if chunks.want and #self.buffer + self.pending < chunks.want + 2 then
    return nil
  end
  self.buffer = self.buffer .. table.concat(self.parts)
  self.parts, self.pending = {}, 0
  local at = 1
  while not chunks.done do
    local after, status, message = chunk_step(self, chunks, at)
    if status then
      return failure(self, status, message)
    elseif not after then
      self.buffer = self.buffer:sub(at)
      return nil
    end
    at = after
  end
  self.buffer, self.chunks, self.parts = self.buffer:sub(at), nil, nil
  return table.concat(chunks)
end

--- The next whole request.
---@return table|nil request { method, target, version, headers, body, keep_alive }
---@return table|nil problem { status, message } when the stream is no HTTP any more; nil when more bytes are needed
function http:take()
  if self.broken then
    return nil, self.broken
  end
  if not self.request then
    local head, problem = find_head(self)
    if not head then
      return nil, problem
    end
    local ok
    ok, problem = begin(self, head)
    if not ok then
      return nil, problem
    end
  end
  local body, problem
  if self.size == "chunked" then
    body, problem = take_chunked(self)
  else
    body = take_sized(self)
  end
  if not body then
    return nil, problem
  end
  local request = self.request
  request.body, self.request, self.expects = body, nil, false
  return request
end

return http
