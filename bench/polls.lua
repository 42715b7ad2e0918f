-- How many requests the waits of an account take, and how late they see the ends of their videos.
-- usage: LD_PRELOAD=build/bench/clock.so lua5.4 bench/polls.lua videos in-flight minutes|"lognormal" at_once|late
--
-- Real waits, real requests and the real simulator, whose clock is moved by hand; the clock of this process is moved
-- with it (clock.c), whenever all waits only wait. The ends are where the durations given to the simulator put them.
local clock = require "clock"
local core = require "heygen.core"
local heygen = require "heygen"
local support = require "spec.support.sim"

local count, in_flight, minutes, named = tonumber(arg[1]), tonumber(arg[2]), arg[3], arg[4]
local THINKING, PENDING = 120, 60 -- seconds, of the video's whole time

local sim = support.start {
  speed = 0,
  behaviour = { video_id = named, thinking = THINKING, pending = PENDING },
}
local open = 0 -- requests whose answer has not come
local making = false -- is a create under way? The simulator takes the duration that was set last
local client = heygen.new {
  api_key = "bench-key-12345",
  base_url = sim.url,
  on_request = function()
    open = open + 1
  end,
  on_response = function(event)
    open = open - 1
    making = making and event.method ~= "POST"
  end,
}

-- The same durations in each run.
local seed = 1
local function random()
  seed = (seed * 16807) % 2147483647
  return seed / 2147483647
end

local function duration()
  if minutes ~= "lognormal" then
    return 60 * tonumber(minutes)
  end
  local gauss = math.sqrt(-2 * math.log(1 - random())) * math.cos(2 * math.pi * random())
  return math.max(480, math.min(1320 * math.exp(0.35 * gauss), 3500))
end

local passed = sim:clock({ advance = 0 }).now -- by the simulator's clock

local function advance(seconds)
  clock.advance(seconds)
  sim:clock { advance = seconds }
  passed = passed + seconds
end

-- ---- the account ----

local lateness, failures = {}, {}

local function one()
  while making do
    heygen.sleep(0)
  end
  making = true
  local seconds = duration()
  sim:behaviour { processing = seconds - THINKING - PENDING }
  local video, message = client:generate { prompt = "A video" }
  if video then
    lateness[#lateness + 1] = passed - video.completed_at
  else
    failures[#failures + 1] = message
  end
end

local left = count
for _ = 1, in_flight do
  heygen.spawn(function()
    while left > 0 do
      left = left - 1
      one()
    end
  end)
end

-- While no answer is missing, and after some updates, as tasks wake each other: all pause until the next timer.
local engine = core.engine()
local quiet = 0
while client:update() > 0 do
  quiet = open == 0 and quiet + 1 or 0
  if open > 0 then
    engine:wait(0.1)
  elseif quiet > 3 then
    local pause = engine:timeout()
    if pause and pause > 0 then
      advance(pause)
    end
  end
end

-- ---- the report ----

local counts, by_route = sim:counts(), {}
for route, number in pairs(counts.by_route) do
  by_route[#by_route + 1] = ("%s %d"):format(route, number)
end
table.sort(by_route)
local sum, worst = 0, 0
for _, late in ipairs(lateness) do
  sum, worst = sum + late, math.max(worst, late)
end
sim:stop()
local REPORT = "bench=polls videos=%d in_flight=%d minutes=%s video_id=%s"
  .. " requests_per_video=%.2f lists=%d late_mean=%.1f late_worst=%.1f"
local lists = counts.by_route["GET /v3/videos/statuses"] or 0
print(REPORT:format(count, in_flight, minutes, named, counts.requests / count, lists, sum / #lateness, worst))
print("  " .. table.concat(by_route, "; "))
if failures[1] then
  print(#failures .. " failed: " .. failures[1])
  os.exit(1)
end
