-- A loop of your own over LuaSocket's select: it serves a status line on a port, while a video is made. The
-- module gives it one descriptor to watch, and needs an update when that is ready or a frame has passed.
local core = require "heygen.core"
local heygen = require "heygen"
local socket = require "socket"

local LONGEST = 0.25 -- seconds: the longest pause of the loop

local client = heygen.new()
local line, ready = "ordered", false

local task = heygen.spawn(function()
  local video, message = client:generate {
    prompt = "Our roof in 20 seconds",
    wait = {
      on_progress = function(event)
        line = ("%s after %.0f s"):format(event.status, event.elapsed)
      end,
    },
  }
  ready = video ~= nil
  line = ready and "ready: " .. video.video_url or tostring(message)
end)

local server = assert(socket.bind("127.0.0.1", 0))
server:settimeout(0)
print("status on port", (select(2, server:getsockname())))

local engine = assert(core.engine()) -- has getfd(), as select wants of what it watches
local watched = engine:pollfd() and { server, engine } or { server }

while not task:done() do
  socket.select(watched, nil, math.min(engine:timeout() or LONGEST, LONGEST))
  local visitor = server:accept()
  if visitor then
    visitor:send(line .. "\n")
    visitor:close()
  end
  client:update()
end
server:close()
task:join()
print(line)
os.exit(ready and 0 or 1, true)
