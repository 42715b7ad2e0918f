-- Simulates rules for when to poll one video: mean number of polls, mean and worst lateness, and how near their product
-- comes to the optimum of any rule that knows only the distribution (half of the square of the integral of sqrt(f S),
-- f the density of durations, S the share that takes longer).
-- usage: lua5.4 bench/cadence.lua [jobs]
local cadence = require "heygen.wait.cadence"

local JOBS = tonumber(arg[1]) or 20000
local LONGEST = 3600 -- seconds

-- ---- what jobs take ----

local seed = 1
local function random() -- the same numbers everywhere
  seed = (seed * 16807) % 2147483647
  return seed / 2147483647
end

local function gauss()
  return math.sqrt(-2 * math.log(1 - random())) * math.cos(2 * math.pi * random())
end

local function clip(seconds)
  return math.max(480, math.min(seconds, 3500))
end

local DISTRIBUTIONS = {
  {
    "uniform 10-45",
    function()
      return 600 + 2100 * random()
    end,
  },
  {
    "lognormal 22",
    function()
      return clip(1320 * math.exp(0.35 * gauss()))
    end,
  },
  {
    "mixture", -- short ones, long ones, stragglers
    function()
      local share = random()
      if share < 0.6 then
        return clip(840 + 120 * gauss())
      elseif share < 0.9 then
        return clip(1800 + 240 * gauss())
      end
      return 1500 + 1800 * random()
    end,
  },
}

local function optimum(draw)
  local STEP, count, bins = 15, 100000, {}
  for _ = 1, count do
    local bin = math.floor(draw() / STEP)
    bins[bin] = (bins[bin] or 0) + 1
  end
  local total, before = 0, 0
  for bin = 0, LONGEST / STEP do
    local here = bins[bin] or 0
    local density, left = here / count / STEP, 1 - (before + here / 2) / count
    total, before = total + math.sqrt(density * math.max(left, 0)) * STEP, before + here
  end
  return total * total / 2
end

-- ---- the rules ----

-- When a rule polls, in seconds since the create. `next(elapsed)` is the pause.
local function times(next_pause)
  local list, elapsed = {}, 0
  while elapsed < LONGEST + 300 do
    elapsed = elapsed + next_pause(elapsed)
    list[#list + 1] = elapsed
  end
  return list
end

local function ours(past)
  return function(draw)
    local model = cadence.model "video"
    for _ = 1, past do
      model:learn(draw(), true)
    end
    local pace = cadence.new(model, {})
    return times(function(elapsed)
      return pace:next(elapsed)
    end)
  end
end

local function every(seconds, first)
  return function()
    return times(function(elapsed)
      return elapsed < first and first - elapsed or seconds
    end)
  end
end

local RULES = {
  { "each 30 s", every(30, 30) },
  { "nothing for 8 minutes, then each 30 s", every(30, 480) },
  { "ours, no history", ours(0) },
  { "ours, 10 jobs", ours(10), true },
  { "ours, 30 jobs", ours(30), true },
  { "ours, 100 jobs", ours(100), true },
}

-- ---- the runs ----

-- A rule with a history has another one every hundred jobs.
local function run(rule, draw)
  local polls, late, worst, list = 0, 0, 0, nil
  for job = 1, JOBS do
    if job == 1 or (rule[3] and job % 100 == 1) then
      list = rule[2](draw)
    end
    local ends = draw()
    local low, high = 1, #list
    while low < high do
      local middle = math.floor((low + high) / 2)
      if list[middle] >= ends then
        high = middle
      else
        low = middle + 1
      end
    end
    polls, late = polls + low, late + list[low] - ends
    worst = math.max(worst, list[low] - ends)
  end
  return polls / JOBS, late / JOBS, worst
end

for _, distribution in ipairs(DISTRIBUTIONS) do
  local name, draw = distribution[1], distribution[2]
  local best = optimum(draw)
  for _, rule in ipairs(RULES) do
    local polls, late, worst = run(rule, draw)
    print(
      ("bench=cadence jobs=%q rule=%q polls=%.1f late=%.1f worst=%.0f of_optimum=%.1f"):format(
        name,
        rule[1],
        polls,
        late,
        worst,
        100 * best / (polls * late)
      )
    )
  end
end
