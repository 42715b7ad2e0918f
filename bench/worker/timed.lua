-- A server whose answers say when their last byte was sent, on the clock of core.now(): timed.lua URL_FILE. The path
-- says after how many seconds, half as long to half as long again: /lag/0.01. It ends with its standard input.
local core = require "heygen.core"
local uv = require "luv"

local function answer(connection)
  local head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
  local body = ('{"sent": %.9f}'):format(core.now())
  connection:try_write(head:format(#body, body))
end

local server = uv.new_tcp()
assert(server:bind("127.0.0.1", 0))
assert(server:listen(16, function()
  local connection = uv.new_tcp()
  server:accept(connection)
  connection:nodelay(true)
  connection:read_start(function(_, bytes)
    if not bytes then
      return connection:close()
    end
    local delay = bytes:match "^GET /lag/(%S+)" -- a whole request comes in one piece
    local timer = uv.new_timer()
    timer:start(math.floor(tonumber(delay) * 1000 * (0.5 + math.random())), 0, function()
      timer:close()
      answer(connection)
    end)
  end)
end))

local input = uv.new_pipe(false)
input:open(0)
input:read_start(function(_, bytes)
  if not bytes then
    os.exit(0)
  end
end)
local file = assert(io.open(arg[1], "w"))
file:write("http://127.0.0.1:", server:getsockname().port, "\n")
file:close()
uv.run()
