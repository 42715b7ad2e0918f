-- Opens many connections and holds them until its standard input ends: idle.lua HOST PORT COUNT [BYTES for each].
-- Prints how many are open.
local uv = require "luv"

local host, port, count, bytes = arg[1], tonumber(arg[2]), tonumber(arg[3]), arg[4]
local open, failed, begun = 0, 0, 0

local function connect()
  begun = begun + 1
  local socket = uv.new_tcp()
  socket:connect(host, port, function(problem)
    if problem then
      failed = failed + 1
    else
      open = open + 1
      if bytes then
        socket:write(bytes)
      end
    end
    if begun < count then
      connect()
    elseif open + failed == count then
      print(open)
      io.stdout:flush()
    end
  end)
end

local input = uv.new_pipe(false)
input:open(0)
input:read_start(function(_, more)
  if not more then
    os.exit(0)
  end
end)
for _ = 1, math.min(200, count) do
  connect()
end
uv.run()
