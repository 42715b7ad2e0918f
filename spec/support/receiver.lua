-- A receiver of webhooks for the specs: listens, answers as told, and keeps what came.
local socket = require "socket"

local receiver = {}
receiver.__index = receiver

--- Listens on a free loopback port.
function receiver.new()
  local server = assert(socket.bind("127.0.0.1", 0, 512))
  local _, port = server:getsockname()
  return setmetatable({ server = server, port = port, got = {}, held = {} }, receiver)
end

function receiver:url(path)
  return string.format("http://127.0.0.1:%d%s", self.port, path or "/hook")
end

local function read(connection)
  local line = connection:receive "*l"
  if not line then
    return nil
  end
  local request = { line = line, headers = {}, at = socket.gettime() }
  while true do
    local header = assert(connection:receive "*l")
    if header == "" then
      break
    end
    local name, value = header:match "^([^:]+): (.*)$"
    request.headers[name:lower()] = value
  end
  request.body = assert(connection:receive(tonumber(request.headers["content-length"] or 0)))
  return request
end

--- Takes the next delivery and answers it: a status, "hold" (never), "close" (nothing), or bytes. nil when none comes.
function receiver:take(answer, seconds)
  self.server:settimeout(seconds or 10)
  local connection = self.server:accept()
  if not connection then
    return nil
  end
  connection:settimeout(10)
  local request = read(connection)
  self.got[#self.got + 1] = request
  if answer == "hold" then
    self.held[#self.held + 1] = connection
    return request
  elseif type(answer) == "string" and answer ~= "close" then
    connection:send(answer)
  elseif answer ~= "close" then
    connection:send(
      string.format("HTTP/1.1 %d X\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok", answer or 200)
    )
  end
  connection:close()
  return request
end

--- Nothing more comes within so many seconds.
function receiver:quiet(seconds)
  return self:take(200, seconds) == nil
end

function receiver:close()
  for _, connection in ipairs(self.held) do
    connection:close()
  end
  self.server:close()
end

return receiver
