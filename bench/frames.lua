-- What the frames of a game are held up by: a thousand videos are made and waited for, with client:update(0.001) once
-- per frame. In the same frames, a loop that does nothing until a millisecond is over: what it takes longer
-- is the machine's doing.
local core = require "heygen.core"
local heygen = require "heygen"
local meter = require "meter"
local socket = require "socket"

local name, base_url, ca_file, count = arg[1], arg[2], arg[3], tonumber(arg[4])
if not count then
  io.stderr:write('usage: frames.lua name base-url ca-file videos (no ca-file: "")\n')
  os.exit(2)
end

local BUDGET, PERIOD = 0.001, 0.004 -- seconds; more frames than a screen shows, for more samples

-- As a game on Lua 5.4 sets it: by default one step of its collector may take 10 ms and more.
if _VERSION == "Lua 5.4" then
  collectgarbage("incremental", 200, 100, 10)
end

local client = heygen.new {
  api_key = "k",
  base_url = base_url,
  ca_file = ca_file ~= "" and ca_file or nil,
  deadline = 300,
}
local finished = 0
for index = 1, count do
  heygen.spawn(function()
    local video = assert(client:generate {
      prompt = "video " .. index,
      wait = { interval = 1, max_interval = 2 },
    })
    assert(video.status == "completed")
    finished = finished + 1
  end)
end

local updates, cpu, empty = {}, {}, {}
repeat
  local begin, used = meter.wall(), meter.thread()
  local live = client:update(BUDGET)
  updates[#updates + 1] = meter.wall() - begin
  cpu[#cpu + 1] = meter.thread() - used
  local now = meter.wall()
  local start = now
  while now < start + BUDGET do
    now = meter.wall()
  end
  empty[#empty + 1] = now - start
  socket.sleep(math.max(0, begin + PERIOD - now))
until live == 0
assert(finished == count, "not all videos were made")
core.engine():close()

local function milliseconds(list, share)
  table.sort(list)
  return list[math.ceil(#list * share)] * 1000
end

print(
  string.format(
    "bench=frames program=%s frames=%d worst_ms=%.3f most_ms=%.3f cpu_ms=%.3f cpu_most_ms=%.3f empty_ms=%.3f "
      .. "empty_most_ms=%.3f",
    name,
    #updates,
    milliseconds(updates, 1),
    milliseconds(updates, 0.999),
    milliseconds(cpu, 1),
    milliseconds(cpu, 0.999),
    milliseconds(empty, 1),
    milliseconds(empty, 0.999)
  )
)
