-- What many waits cost: heap of one between two polls, above a task that only sleeps; CPU of one in an hour.
-- usage: LD_PRELOAD=build/bench/clock.so lua5.4 bench/waits.lua waits
--
-- As polls.lua: real waits, the real simulator, clocks moved by hand. The videos do not end.
local clock = require "clock"
local core = require "heygen.core"
local heygen = require "heygen"
local support = require "spec.support.sim"

local count = tonumber(arg[1])
local HOUR = 3600

local sim = support.start { speed = 0, behaviour = { video_id = "at_once", processing = 100000 } }
local open = 0
local client = heygen.new {
  api_key = "bench-key-12345",
  base_url = sim.url,
  on_request = function()
    open = open + 1
  end,
  on_response = function()
    open = open - 1
  end,
}

local function heap()
  collectgarbage()
  collectgarbage()
  return collectgarbage "count" * 1024
end

-- Lets everything happen that is due, until all tasks pause.
local engine = core.engine()
local function settle()
  local quiet = 0
  while quiet < 5 do
    client:update()
    quiet = open == 0 and quiet + 1 or 0
    if open > 0 then
      engine:wait(0.1)
    end
  end
end

local ids = {}
for first = 1, count, 100 do
  local tasks = {}
  for index = first, math.min(first + 99, count) do
    tasks[#tasks + 1] = function()
      ids[index] = assert(client:create { prompt = "A video" }).video_id
      return true
    end
  end
  assert(heygen.all(tasks))
end

local function spawn_all(fn)
  local before, tasks = heap(), {}
  for index = 1, count do
    tasks[index] = heygen.spawn(fn, index)
  end
  settle()
  return (heap() - before) / count, tasks
end

local sleeping
do
  local heap_of_one, sleepers = spawn_all(function()
    heygen.sleep(1e6)
  end)
  sleeping = heap_of_one
  for _, task in ipairs(sleepers) do
    task:cancel()
  end
  settle()
end

local options = { timeout = 1e6 }
local waiting = spawn_all(function(index)
  client:wait({ video_id = ids[index] }, options)
end)

local before, passed, cpu = sim:counts().requests, 0, os.clock()
while passed < HOUR do
  local pause = engine:timeout()
  if pause and pause > 0 then
    clock.advance(pause)
    passed = passed + pause
  end
  settle()
end
cpu = os.clock() - cpu
local requests = sim:counts().requests - before
local after = heap()
client:close()
settle()
sim:stop()
print(
  ("bench=waits waits=%d heap=%.0f sleeping=%.0f requests_an_hour=%.1f cpu_an_hour_ms=%.2f heap_after_mb=%.1f"):format(
    count,
    waiting,
    sleeping,
    requests / count,
    1000 * cpu / count,
    after / 1e6
  )
)
