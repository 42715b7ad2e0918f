-- What one engine:poll() costs while transfers wait and nothing is ready.
local core = require "heygen.core"
local meter = require "meter"

local base_url, count, calls = arg[1], tonumber(arg[2]), tonumber(arg[3])
if not calls then
  io.stderr:write("usage: idle.lua base-url transfers calls\n")
  os.exit(2)
end

local engine = assert(core.engine())
engine:limit(count + 1)
for _ = 1, count do
  assert(engine:create { base = base_url, target = "/v3/videos/hold", allow_http = true })
end

-- All requests are out when nothing has happened for a while.
local quiet = meter.wall()
while meter.wall() - quiet < 0.5 do
  if engine:wait(0.1) then
    quiet = meter.wall()
  end
end

-- Median over batches, because timers fall into some of them.
local batches = {}
for i = 1, 21 do
  local begin = meter.cpu()
  for _ = 1, calls do
    engine:poll()
  end
  batches[i] = (meter.cpu() - begin) * 1e6 / calls
end
table.sort(batches)
local _, live = engine:poll()
assert(live == count, "a transfer ended")
print(string.format("bench=idle program=ours waiting=%d poll_us=%.3f", count, batches[11]))
