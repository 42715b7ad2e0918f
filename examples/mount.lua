-- The simulator's model in a server of your own: here one of LuaSocket that serves one connection after the other.
-- Any server will do that can turn bytes into a request table and play a list of steps: see docs/simulator.md.
--   lua5.4 examples/mount.lua [PORT]
local clock = require "heygen.sim.core.clock"
local http = require "heygen.sim.core.http"
local model = require "heygen.sim.core.model"
local socket = require "socket"
local wire = require "heygen.sim.core.wire"

local server = assert(socket.bind("127.0.0.1", tonumber(arg and arg[1]) or 0))
local _, port = server:getsockname()
local sim = assert(model.new {
  clock = clock.new { start = os.time(), source = socket.gettime, speed = 600 },
  base_url = "http://127.0.0.1:" .. port,
})

-- Sends what is to be sent, waits where it is to be waited; true when the connection stays open.
local function play(connection, steps)
  for _, step in ipairs(steps) do
    local kind = step[1]
    if kind == "send" then
      if not connection:send(step[2]) then
        return false
      end
    elseif kind == "wait" then
      socket.sleep(step[2])
    elseif kind == "stall" then
      connection:receive "*a"
    elseif kind == "reset" then
      connection:setoption("linger", { on = true, timeout = 0 })
    end
    if kind == "keep" then
      return true
    end
  end
  return false
end

-- The model uses tables: heygen.sim.core.http makes them of bytes, heygen.sim.core.wire makes bytes of its answers.
local function serve(connection)
  local parser = http.new()
  while true do
    local request, problem = parser:take()
    if request then
      local response, effect = sim:handle(request)
      if not play(connection, wire.plan(request, response, effect, sim.json)) then
        return
      end
    elseif problem then
      return
    else
      local bytes, trouble, partial = connection:receive(1)
      if not bytes and (trouble ~= "timeout" or partial == "") then
        return
      end
      parser:feed(bytes or partial)
    end
  end
end

print(sim.base_url)
io.stdout:flush()
while true do
  local connection = assert(server:accept())
  serve(connection)
  connection:close()
end
