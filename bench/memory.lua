-- What a transfer that waits holds in memory, through the module: client:poll in a task of heygen.run.
local heygen = require "heygen"
local meter = require "meter"

local base_url, count = arg[1], tonumber(arg[2])
if not count then
  io.stderr:write("usage: memory.lua base-url transfers\n")
  os.exit(2)
end

local client = heygen.new { api_key = "k", base_url = base_url, max_connections = count + 1 }

-- Twice: the first may only run finalizers.
local function settled()
  collectgarbage()
  collectgarbage()
  return meter.heap(), meter.rss()
end

local ended = 0
local function wait_for_ever()
  client:poll "hold"
  ended = ended + 1
end

heygen.run(function()
  -- What the first request of a process sets up once is no part of a transfer.
  assert(client:poll "warm")
  local heap, rss = settled()
  for _ = 1, count do
    heygen.spawn(wait_for_ever)
  end
  heygen.sleep(1)
  local heap_now, rss_now = settled()
  assert(ended == 0, "a transfer ended")
  print(
    string.format(
      "bench=memory program=ours waiting=%d heap_b=%.0f rss_b=%.0f",
      count,
      (heap_now - heap) / count,
      (rss_now - rss) / count
    )
  )
  os.exit(true, true)
end)
