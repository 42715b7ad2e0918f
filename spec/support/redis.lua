-- A real redis-server on a free loopback port, which ends with the process that started it; and a small client, as the
-- usual ones are: a method per command, an answer or nil and a message.
local child = require "spec.support.child"
local shell = require "spec.support.shell"
local socket = require "socket"

local redis = {}
redis.__index = redis

local PATIENCE = 60

-- Its input is the life line.
local RUN = [[
cd %s
redis-server --port %d --bind 127.0.0.1 --save "" --appendonly no --databases 1 >log 2>&1 &
cat >/dev/null
kill $!
wait
]]

--- Starts it.
function redis.start()
  local held = assert(socket.bind("127.0.0.1", 0))
  local _, port = held:getsockname()
  held:close()
  local self = setmetatable({ port = tonumber(port), directory = child.scratch() }, redis)
  shell.must("mkdir " .. self.directory)
  self.pipe = io.popen(RUN:format(self.directory, self.port), "w")
  local limit = socket.gettime() + PATIENCE
  repeat
    local client = self:client()
    if client then
      client:close()
      return self
    end
    socket.sleep(0.01)
  until socket.gettime() > limit
  local log = shell.run("cat " .. self.directory .. "/log")
  self:stop()
  error("redis-server did not start: " .. log)
end

function redis:stop()
  self.pipe:close()
  shell.must("rm -r " .. self.directory)
end

local Client = {}

-- Every method is a command.
Client.__index = function(_, name)
  return Client[name] or function(self, ...)
    return self:command(name:upper(), ...)
  end
end

--- A client.
---@param null any what stands for "no value" (nil)
---@return table? client
function redis:client(null)
  local connection = socket.connect("127.0.0.1", self.port)
  if not connection then
    return nil, "connection refused"
  end
  connection:settimeout(PATIENCE)
  return setmetatable({ connection = connection, null = null }, Client)
end

function Client:close()
  self.connection:close()
end

function Client:command(...)
  local words = {}
  for index = 1, select("#", ...) do
    local word = tostring((select(index, ...)))
    words[index] = ("$%d\r\n%s\r\n"):format(#word, word)
  end
  local sent, problem = self.connection:send("*" .. #words .. "\r\n" .. table.concat(words))
  if not sent then
    return nil, problem
  end
  local line
  line, problem = self.connection:receive "*l"
  if not line then
    return nil, problem
  end
  local kind, rest = line:sub(1, 1), line:sub(2)
  if kind == "+" then
    return rest
  elseif kind == "-" then
    return nil, rest
  elseif kind == ":" then
    return tonumber(rest)
  elseif rest == "-1" then
    return self.null
  end
  local text = assert(self.connection:receive(tonumber(rest) + 2))
  return text:sub(1, -3)
end

return redis
