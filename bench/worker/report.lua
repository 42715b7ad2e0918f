-- Turns the lines that bench/resty collects into tables. With --check the exit status is 1 when a bound is missed by
-- more than the noise of the run.

local check = arg[1] == "--check"

local latency, lag, lag_order, cpu, polls = {}, {}, {}, {}, 0

for line in io.lines() do
  local kind, rest = line:match "^(%S+) (.*)$"
  local words = {}
  for word in rest:gmatch "%S+" do
    words[#words + 1] = tonumber(word) or word
  end
  if kind == "latency" then
    local name = words[1]
    latency[name] = latency[name] or {}
    table.insert(latency[name], { median = words[3], p99 = words[4], worst = words[5] })
  elseif kind == "lag" then
    local key = words[1] .. " " .. words[2]
    if not lag[key] then
      lag[key] = {}
      lag_order[#lag_order + 1] = key
    end
    table.insert(lag[key], words[3])
  elseif kind == "cpu" then
    cpu[words[1]] = (words[2] - words[3]) / words[4] * 100
  elseif kind == "polls" then
    polls = words[1]
  end
end

local function quantile(list, share)
  local sorted = {}
  for index, value in ipairs(list) do
    sorted[index] = value
  end
  table.sort(sorted)
  return sorted[math.max(1, math.ceil(#sorted * share))]
end

local function of(name, field)
  local list = {}
  for index, round in ipairs(latency[name]) do
    list[index] = round[field]
  end
  return list
end

-- Of the rounds, each compared with the same round of the plain worker.
local function ratios(name, field)
  local list = {}
  for index, round in ipairs(latency[name]) do
    list[index] = round[field] / latency.plain[index][field]
  end
  return list
end

local missed = 0

-- Over the bound by more than the noise, or only over it.
local function verdict(value, bound, noise)
  if value <= bound then
    return ("at most %g  ok"):format(bound)
  elseif value <= bound * math.max(noise or 1, 1) then
    return ("at most %g  over"):format(bound)
  end
  missed = missed + 1
  return ("at most %g  MISSED"):format(bound)
end

print ""
print(
  ("another location of the worker; it drives 200 waits and 50 requests a second, %d polls in all"):format(
    polls
  )
)
print(
  ("%-28s %9s %9s %9s %8s %8s   %s"):format("", "plain", "driving", "control", "ratio", "noise", "wanted")
)
for _, row in ipairs {
  { "median, microseconds", "median", 1.2 },
  { "99th percentile", "p99", 2 },
  { "worst", "worst" },
} do
  local label, field, bound = row[1], row[2], row[3]
  local ratio, noise = quantile(ratios("driving", field), 0.5), quantile(ratios("control", field), 0.5)
  print(
    ("%-28s %9.0f %9.0f %9.0f %8.2f %8.2f   %s"):format(
      label,
      quantile(of("plain", field), 0.5),
      quantile(of("driving", field), 0.5),
      quantile(of("control", field), 0.5),
      ratio,
      noise,
      bound and verdict(ratio, bound, noise) or ""
    )
  )
end

print ""
print "from the last byte sent to the light thread that waits for it, milliseconds"
print(("%-34s %9s %9s %9s %8s"):format("", "median", "99 %", "worst", "answers"))
local NAMES = {
  bridge = "bridge",
  sleeping = "bridge = false",
  blocking = "a script that blocks",
}
for _, key in ipairs(lag_order) do
  local name, delay = key:match "^(%S+) (%S+)$"
  local list = lag[key]
  local median = quantile(list, 0.5)
  print(
    ("%-34s %9.2f %9.2f %9.2f %8d   %s"):format(
      ("%s, after %g s"):format(NAMES[name], tonumber(delay)),
      median,
      quantile(list, 0.99),
      quantile(list, 1),
      #list,
      name == "bridge" and verdict(median, 0.5) or ""
    )
  )
end

print ""
print "CPU of the worker with 1,000 waits, per cent of a core"
print(("%-28s %9.3f %37s %s"):format("between two polls", cpu.idle, "", verdict(cpu.idle, 1)))
print(("%-28s %9.3f"):format("at the usual pace", cpu.usual))

if check and missed > 0 then
  io.stderr:write(missed, " bound(s) missed\n")
  os.exit(1)
end
