-- Turns the lines that bench/run collects into a table of medians and ratios, and holds the ratios to their bounds.
-- With --check the exit status is 1 when a bound is broken that noise cannot touch.

local check = arg[1] == "--check"

-- samples[key][program] = list of records, in the order of the rounds.
local samples = {}
local function add(line)
  local record = {}
  for name, value in line:gmatch "(%S+)=(%S+)" do
    record[name] = tonumber(value) or value
  end
  local key = record.bench .. " " .. tostring(record.in_flight or record.waiting or "")
  samples[key] = samples[key] or {}
  samples[key][record.program] = samples[key][record.program] or {}
  table.insert(samples[key][record.program], record)
end
for line in io.lines() do
  add(line)
end

local function median(list)
  local sorted = {}
  for i = 1, #list do
    sorted[i] = list[i]
  end
  table.sort(sorted)
  local middle = #sorted / 2
  if middle % 1 == 0 then
    return (sorted[middle] + sorted[middle + 1]) / 2
  end
  return sorted[middle + 0.5]
end

local function values(key, program, field)
  local found = {}
  for i, record in ipairs(samples[key] and samples[key][program] or {}) do
    found[i] = assert(record[field], key .. ": no " .. field)
  end
  return found
end

local function value(key, program, field)
  local list = values(key, program, field or "value")
  return #list > 0 and median(list) or nil
end

local broken = 0

local function number(n)
  if n >= 1000 then
    local text = string.format("%.0f", n):reverse():gsub("(%d%d%d)", "%1,"):reverse()
    return (text:gsub("^,", ""))
  end
  return string.format(n < 10 and n % 1 ~= 0 and "%.2f" or n < 100 and n % 1 ~= 0 and "%.1f" or "%.0f", n)
end

-- `bound`: the ratio (or, without a yardstick, the value) wanted at most; `firm`: noise cannot touch it.
local function row(label, yardstick, ours, ratio, bound, firm)
  local verdict = ""
  if bound then
    local good = (ratio or ours) <= bound
    verdict = string.format("at most %-5s %s", number(bound), good and "ok" or firm and "BROKEN" or "over")
    if firm and not good then
      broken = broken + 1
    end
  end
  local line = string.format(
    "%-52s %11s %11s %7s   %s",
    label,
    yardstick and number(yardstick) or "",
    ours and number(ours) or "",
    ratio and string.format("%.2f", ratio) or "",
    verdict
  )
  print((line:gsub("%s+$", "")))
end

-- The median of the ratios of neighbouring runs: what drifts over the minutes meets both of a pair.
local function paired(label, key, field, bound, firm, yardstick)
  local raw, ours = values(key, yardstick or "raw", field), values(key, "ours", field)
  if #raw == 0 or #ours == 0 then
    return
  end
  local ratios = {}
  for i = 1, math.min(#raw, #ours) do
    ratios[i] = ours[i] / raw[i]
  end
  row(label, median(raw), median(ours), median(ratios), bound, firm)
end

print ""
print(string.format("%-52s %11s %11s %7s   %s", "", "raw C", "heygen", "ratio", "wanted"))
for _, width in ipairs { 1, 16, 256 } do
  local key = "requests " .. width
  paired("requests per second, " .. width .. " in flight", key, "per_s")
  paired("  CPU per request, microseconds", key, "cpu_us", width == 16 and 1.35 or nil)
  paired("  memory at most, kB", key, "peak_kb")
end
paired("instructions per request, 1 in flight", "instructions 1", "value")
paired("instructions per request, 16, answers together", "instructions 16", "value", 1.3, true)
paired("instructions per request, 16, answers one by one", "one_by_one 16", "value", 1.3)
paired("instructions per request, 256, answers together", "instructions 256", "value")
paired("system calls per request, 16 in flight", "syscalls 16", "value")
paired("bytes of heap per waiting transfer, of 1,000", "memory 1000", "heap_b", 1.15, true)
paired("bytes resident per waiting transfer, of 1,000", "memory 1000", "rss_b", 1.15)

for _, count in ipairs { 0, 10, 100, 1000 } do
  local key = "idle " .. count
  local ours = value(key, "ours", "poll_us")
  if ours then
    local label = "one poll, nothing ready, " .. number(count) .. " waiting, microseconds"
    row(label, value(key, "raw", "poll_us"), ours, nil, count == 1000 and 5 or nil)
    row("  curl_multi_socket_action", value(key, "raw", "action_us"))
    row("  curl_multi_perform", value(key, "raw", "perform_us"))
  end
end
local few, many = value("poll 10", "ours"), value("poll 1000", "ours")
if few and many then
  row("instructions of our poll, 10 and 1,000 waiting", few, many, many / few, 1.1, true)
end

-- Next to each time: what a loop took that was to last a millisecond in the same frames.
for _, name in ipairs { "plain", "tls" } do
  local function of(field)
    return value("frames ", name, field)
  end
  if of "worst_ms" then
    row("an update of 1 ms, 1,000 waits, " .. name .. ", longest, ms", of "empty_ms", of "worst_ms")
    row("  of 1,000 the longest but one", of "empty_most_ms", of "most_ms")
    row("  longest by the CPU time of the thread", nil, of "cpu_ms", nil, 2)
    row("  of 1,000 the longest but one, by CPU time", nil, of "cpu_most_ms")
  end
end

local bare = value("startup ", "bare")
if bare then
  local ours = value("startup ", "ours")
  row('instructions, bare program and require "heygen"', bare, ours, ours / bare, 1.25, true)
  row("  lua5.4 alone", nil, value("startup ", "lua"))
  row("  with a client made, which loads libcurl", nil, value("startup ", "client"))
  row("  sockets, threads, polling descriptors made", nil, value("startup ", "touched"), nil, 0, true)
  row("  descriptors left open", nil, value("startup ", "left_open"), nil, 0, true)
  row("  calls of curl_global_init", nil, value("startup ", "global_init"), nil, 0, true)
end

paired("verify and parse a delivery of 1 kB, microseconds", "webhook ", "us", 1.5)
paired("  compared with SHA-256 in Lua", "webhook ", "us", 0.1, nil, "lua")
paired("  instructions", "delivery ", "value", 1.5, true)

if check and broken > 0 then
  io.stderr:write(broken, " bound(s) broken\n")
  os.exit(1)
end
