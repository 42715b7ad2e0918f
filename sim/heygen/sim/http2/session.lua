-- One connection of HTTP/2 (RFC 9113), the server's side, without I/O: bytes in, whole requests and bytes to send out.
local hpack = require "heygen.sim.http2.hpack"

local session = {}
session.__index = session

session.PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

local DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = 0, 1, 3, 4, 6, 7, 8, 9
local END_STREAM, ACK, END_HEADERS, PADDED, PRIORITY = 1, 1, 4, 8, 32

session.NO_ERROR, session.PROTOCOL_ERROR, session.INTERNAL_ERROR = 0, 1, 2
local FRAME_SIZE_ERROR, COMPRESSION_ERROR, ENHANCE_YOUR_CALM = 6, 9, 11

local FRAME_LIMIT, BODY_LIMIT, BLOCK_LIMIT, STREAM_LIMIT = 16384, 40 * 1024 * 1024, 65536, 256
local WINDOW = 65535

local function bit(flags, one)
  return math.floor(flags / one) % 2 == 1
end

local function u32(value)
  return string.char(
    math.floor(value / 16777216) % 256,
    math.floor(value / 65536) % 256,
    math.floor(value / 256) % 256,
    value % 256
  )
end

local function read_u32(bytes, at)
  local a, b, c, d = bytes:byte(at, at + 3)
  return ((a * 256 + b) * 256 + c) * 256 + d
end

--- A frame's bytes.
---@param kind number
---@param flags number
---@param id number stream
---@param payload string
---@return string
function session.frame(kind, flags, id, payload)
  return u32(#payload):sub(2) .. string.char(kind, flags) .. u32(id) .. payload
end

local frame = session.frame

---@param send function (bytes)
---@param on_request function (stream id, request { method, target, headers, body, version = "2" })
---@param on_reset function (stream id): the client has lost interest
---@return table session
function session.new(send, on_request, on_reset)
  local self = setmetatable({
    send = send,
    on_request = on_request,
    on_reset = on_reset,
    buffer = "",
    decoder = hpack.new(),
    streams = {},
    count = 0,
    last = 0,
    window = WINDOW,
    first_window = WINDOW,
  }, session)
  -- At most so many streams at once.
  send(frame(SETTINGS, 0, 0, "\0\3" .. u32(STREAM_LIMIT)))
  return self
end

--- Ends the connection, in good or in bad terms; the caller closes it after that.
---@param last number the last stream that was served
---@param code number an error code
function session:goaway(last, code)
  self.send(frame(GOAWAY, 0, 0, u32(last) .. u32(code)))
  self.over = true
end

local function fail(self, code)
  self:goaway(self.last, code)
  return nil
end

-- ---- sending

local function forget(self, id)
  if self.streams[id] then
    self.streams[id], self.count = nil, self.count - 1
  end
end

-- As much of what waits as the windows of the connection and of the stream allow.
local function flush(self, id)
  local stream = self.streams[id]
  while stream and stream.waiting do
    local size = math.min(#stream.waiting, self.window, stream.window, FRAME_LIMIT)
    if size <= 0 and stream.waiting ~= "" then
      return
    end
    local piece, rest = stream.waiting:sub(1, size), stream.waiting:sub(size + 1)
    local last = rest == "" and stream.complete
    self.window, stream.window = self.window - size, stream.window - size
    self.send(frame(DATA, last and END_STREAM or 0, id, piece))
    stream.waiting = rest ~= "" and rest or nil
    if last then
      forget(self, id)
      return
    end
  end
end

--- The head of an answer.
---@param id number
---@param status number
---@param headers table list of { name, value }
---@param bodiless boolean|nil nothing follows
function session:respond(id, status, headers, bodiless)
  local list = { { ":status", tostring(status) } }
  for _, header in ipairs(headers) do
    local name = header[1]:lower()
    if name ~= "connection" and name ~= "transfer-encoding" then
      list[#list + 1] = { name, header[2] }
    end
  end
  local block = hpack.encode(list)
  local kind, flags = HEADERS, bodiless and END_STREAM or 0
  repeat
    local piece = block:sub(1, FRAME_LIMIT)
    block = block:sub(FRAME_LIMIT + 1)
    self.send(frame(kind, flags + (block == "" and END_HEADERS or 0), id, piece))
    kind, flags = CONTINUATION, 0
  until block == ""
  if bodiless then
    forget(self, id)
  end
end

--- A part of the body.
---@param id number
---@param bytes string
---@param complete boolean nothing follows
function session:data(id, bytes, complete)
  local stream = self.streams[id]
  if stream then
    stream.waiting, stream.complete = (stream.waiting or "") .. bytes, complete
    flush(self, id)
  end
end

--- Breaks a stream off.
---@param id number
---@param code number an error code
function session:reset(id, code)
  self.send(frame(RST_STREAM, 0, id, u32(code)))
  forget(self, id)
end

-- ---- receiving

local function request_of(list, body)
  local request = { headers = {}, body = body, version = "2" }
  local headers = request.headers
  for _, entry in ipairs(list) do
    local name, value = entry[1], entry[2]
    if name == ":method" then
      request.method = value
    elseif name == ":path" then
      request.target = value
    elseif name == ":authority" then
      headers.host = value
    elseif name:sub(1, 1) ~= ":" then
      headers[name] = headers[name] and (headers[name] .. (name == "cookie" and "; " or ", ") .. value)
        or value
    end
  end
  return request.method and request.target and request.target:sub(1, 1) == "/" and request
end

local function whole(self, id)
  local stream = self.streams[id]
  local request = request_of(stream.headers, table.concat(stream.body))
  if not request then
    self:reset(id, session.PROTOCOL_ERROR)
    return true
  end
  stream.headers, stream.body = nil, nil
  self.on_request(id, request)
  return true
end

local function headers_done(self)
  local block = self.block
  self.block = nil
  local list = self.decoder:decode(block.bytes)
  if not list then
    return fail(self, COMPRESSION_ERROR)
  end
  local stream = self.streams[block.id]
  if stream then
    -- A trailer says nothing that matters here.
    return (block.ends and stream.body and whole(self, block.id)) or true
  elseif block.id <= self.last or block.id % 2 == 0 then
    return fail(self, session.PROTOCOL_ERROR)
  elseif self.count >= STREAM_LIMIT then
    self:reset(block.id, 7) -- REFUSED_STREAM
    return true
  end
  self.last, self.count = block.id, self.count + 1
  self.streams[block.id] = { headers = list, body = {}, size = 0, window = self.first_window }
  return not block.ends or whole(self, block.id)
end

local function unpadded(flags, payload)
  if not bit(flags, PADDED) then
    return payload
  end
  local padding = payload:byte(1) or 0
  return padding < #payload and payload:sub(2, #payload - padding) or nil
end

local ON = {}

ON[HEADERS] = function(self, flags, id, payload)
  payload = unpadded(flags, payload)
  if payload and bit(flags, PRIORITY) then
    payload = #payload >= 5 and payload:sub(6) or nil
  end
  if not payload or id == 0 then
    return fail(self, session.PROTOCOL_ERROR)
  end
  self.block = { id = id, bytes = payload, ends = bit(flags, END_STREAM) }
  return not bit(flags, END_HEADERS) or headers_done(self)
end

ON[CONTINUATION] = function(self, flags, id, payload)
  local block = self.block
  if not block or block.id ~= id then
    return fail(self, session.PROTOCOL_ERROR)
  end
  block.bytes = block.bytes .. payload
  if #block.bytes > BLOCK_LIMIT then
    return fail(self, ENHANCE_YOUR_CALM)
  end
  return not bit(flags, END_HEADERS) or headers_done(self)
end

ON[DATA] = function(self, flags, id, payload)
  local stream = self.streams[id]
  if #payload > 0 then
    self.send(frame(WINDOW_UPDATE, 0, 0, u32(#payload)))
  end
  if not stream or not stream.body then
    return id <= self.last and id > 0 or fail(self, session.PROTOCOL_ERROR)
  end
  local bytes = unpadded(flags, payload)
  if not bytes then
    return fail(self, session.PROTOCOL_ERROR)
  end
  stream.body[#stream.body + 1], stream.size = bytes, stream.size + #bytes
  if stream.size > BODY_LIMIT then
    self:reset(id, ENHANCE_YOUR_CALM)
  elseif bit(flags, END_STREAM) then
    return whole(self, id)
  elseif #payload > 0 then
    self.send(frame(WINDOW_UPDATE, 0, id, u32(#payload)))
  end
  return true
end

local function new_first_window(self, value)
  for _, stream in pairs(self.streams) do
    stream.window = stream.window + value - self.first_window
  end
  self.first_window = value
end

local function flush_all(self)
  local ids = {}
  for id in pairs(self.streams) do
    ids[#ids + 1] = id
  end
  table.sort(ids)
  for _, id in ipairs(ids) do
    flush(self, id)
  end
end

ON[SETTINGS] = function(self, flags, _, payload)
  if bit(flags, ACK) then
    return true
  elseif #payload % 6 ~= 0 then
    return fail(self, FRAME_SIZE_ERROR)
  end
  for at = 1, #payload, 6 do
    if payload:sub(at, at + 1) == "\0\4" then
      new_first_window(self, read_u32(payload, at + 2))
    end
  end
  self.send(frame(SETTINGS, ACK, 0, ""))
  flush_all(self)
  return true
end

ON[PING] = function(self, flags, _, payload)
  if not bit(flags, ACK) then
    self.send(frame(PING, ACK, 0, payload))
  end
  return true
end

ON[WINDOW_UPDATE] = function(self, _, id, payload)
  if #payload ~= 4 then
    return fail(self, FRAME_SIZE_ERROR)
  end
  local more, stream = read_u32(payload, 1) % 2 ^ 31, self.streams[id]
  if id == 0 then
    self.window = self.window + more
    flush_all(self)
  elseif stream then
    stream.window = stream.window + more
    flush(self, id)
  end
  return true
end

ON[RST_STREAM] = function(self, _, id)
  forget(self, id)
  self.on_reset(id)
  return true
end

--- Bytes from the client, without the preface.
---@param bytes string
---@return boolean|nil ok nil when the connection is over: what is to be said was sent
function session:feed(bytes)
  local buffer, at = self.buffer .. bytes, 1
  while #buffer - at + 1 >= 9 and not self.over do
    local length = math.floor(read_u32(buffer, at) / 256)
    if length > FRAME_LIMIT then
      return fail(self, FRAME_SIZE_ERROR)
    elseif #buffer - at + 1 < 9 + length then
      break
    end
    local kind, flags = buffer:byte(at + 3, at + 4)
    local id, payload = read_u32(buffer, at + 5) % 2 ^ 31, buffer:sub(at + 9, at + 8 + length)
    at = at + 9 + length
    if self.block and kind ~= CONTINUATION then
      return fail(self, session.PROTOCOL_ERROR)
    elseif ON[kind] and not ON[kind](self, flags, id, payload) then
      return nil
    end
  end
  self.buffer = buffer:sub(at)
  return not self.over or nil
end

return session
