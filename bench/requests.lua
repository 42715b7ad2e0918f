-- The work of raw.c through the module: client:poll with K tasks in flight.
local heygen = require "heygen"
local meter = require "meter"

local base_url, count, width = arg[1], tonumber(arg[2]), tonumber(arg[3])
if not width then
  io.stderr:write("usage: requests.lua base-url requests in-flight\n")
  os.exit(2)
end

local client = heygen.new { api_key = "k", base_url = base_url, max_connections = width }
local started = 0

local function request(requests)
  local last = started + requests
  local function task()
    while started < last do
      started = started + 1
      local video = assert(client:poll(string.format("%032x", started)))
      assert(video.status == "completed" or video.status == "processing", "no video in the answer")
    end
  end
  local tasks = {}
  for i = 1, width do
    tasks[i] = task
  end
  heygen.run(function()
    heygen.all(tasks)
  end)
  assert(started == last, "not all requests were made")
end

request(width) -- the connections are made before the clock starts
local wall, cpu = meter.wall(), meter.cpu()
request(count)
wall, cpu = meter.wall() - wall, meter.cpu() - cpu
print(
  string.format(
    "bench=requests program=ours in_flight=%d requests=%d wall_s=%.4f cpu_s=%.4f per_s=%.0f cpu_us=%.2f "
      .. "heap_kb=%.0f peak_kb=%.0f",
    width,
    count,
    wall,
    cpu,
    count / wall,
    cpu * 1e6 / count,
    meter.heap() / 1024,
    meter.peak() / 1024
  )
)
