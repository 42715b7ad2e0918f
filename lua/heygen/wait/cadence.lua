-- When to poll a job again. Pure: no clock, no I/O; what passes in and out are seconds.
--
-- How it works
--
--   A *model* knows how long jobs of one kind take: in bins of age, how many have ended there and for how many seconds
--   jobs were seen running there. It begins with a prior that weighs as much as six jobs, and learns from each wait of
--   the client, those that gave up included. From it follow
--     hazard     the chance that a job of an age ends within the next second,
--     plausible  the age from which an end is to be expected, and
--     expected   how long a job of an age takes in all: what a display shows between polls.
--
--   The pause: polls cost requests, late ones cost seconds. If a request is worth WORTH seconds, the cheapest rate at
--   any age is sqrt(hazard / (2 WORTH)) (Keller, Management Science 21:256). From the plausible age on no pause is
--   longer than 30 s, so that no end is seen later than that. Before it there is one poll soon after the create, which
--   sees what failed at once, and then nothing until 30 s after minute 8 (or after the plausible age, if that is
--   earlier); later, if ends were never seen so early, pauses of up to five minutes.
--
-- bench/cadence.lua simulates the rule and compares it with others.
local cadence = {}

local unpack = table.unpack or unpack
local floor, huge, log, max, min, sqrt = math.floor, math.huge, math.log, math.max, math.min, math.sqrt

local WORTH = 0.3 -- seconds of lateness that one poll is worth
local SOON = 10 -- seconds after the create: what fails at once, and agents that answer in chat
local GUARANTEE = 29 -- seconds, with a second for the request: the latest that an end is seen, once it is plausible
local SHORTEST = 10 -- seconds
local LONGEST = 300 -- seconds, before an end is plausible
local WATCHED = 60 -- seconds, the longest where progress is shown
local GROWTH = 1.5 -- of pauses that begin with the caller's own interval
local AHEAD = 0.7 -- of the way to the end that the percentage promises

-- ---- what jobs take ----

-- Shares of jobs that take from so many to so many seconds, evenly. Of videos 10 to 45 minutes are published.
local PRIORS = {
  video = { { 600, 2700, 0.85 }, { 240, 600, 0.05 }, { 2700, 7200, 0.10 }, plausible = 480 },
  other = { { 60, 600, 0.5 }, { 600, 2700, 0.4 }, { 2700, 7200, 0.1 }, plausible = 60 },
}

local PRIOR_JOBS = 6
local RECENT = 100 -- jobs of which the shortest counts
local FIRST_EDGE, RATIO, LAST_EDGE = 60, 1.1, 4 * 3600 -- of the bins

local edges = { 0, FIRST_EDGE }
while edges[#edges] < LAST_EDGE do
  edges[#edges + 1] = edges[#edges] * RATIO
end
local BINS = #edges - 1

local function bin_of(age)
  return age < FIRST_EDGE and 1 or min(2 + floor(log(age / FIRST_EDGE) / log(RATIO)), BINS)
end

-- The share of jobs that take longer.
local function survival(prior, age)
  local share = 0
  for index = 1, #prior do
    local from, to, weight = prior[index][1], prior[index][2], prior[index][3]
    share = share + weight * max(0, min((to - age) / (to - from), 1))
  end
  return share
end

---@class heygen.CadenceModel
---@field private prior table
---@field private ends number[] by bin: how many jobs have ended in it
---@field private at_risk number[] by bin: seconds that jobs were seen running in it
---@field private count integer jobs that have ended
---@field private sum number of the logarithms of what they took
---@field private squares number of these
---@field private recent number[] seconds that the last of them took
---@field private hazards number[]? by bin; nil: to be computed again
local Model = {}
Model.__index = Model

---@param kind "video"|"other"
---@return heygen.CadenceModel
function cadence.model(kind)
  local prior = PRIORS[kind]
  local self = { prior = prior, ends = {}, at_risk = {}, count = 0, sum = 0, squares = 0, recent = {} }
  for bin = 1, BINS do
    local at_begin, at_end = survival(prior, edges[bin]), survival(prior, edges[bin + 1])
    self.ends[bin] = PRIOR_JOBS * (at_begin - at_end)
    self.at_risk[bin] = PRIOR_JOBS * (edges[bin + 1] - edges[bin]) * (at_begin + at_end) / 2
  end
  return setmetatable(self, Model)
end

---The model of a kind, made when it is first needed.
---@param models table<string, heygen.CadenceModel>
---@param kind "video"|"other"
---@return heygen.CadenceModel
function cadence.of(models, kind)
  models[kind] = models[kind] or cadence.model(kind)
  return models[kind]
end

---Adds a job of this client.
---@param seconds number how long it has taken, or has been seen running
---@param has_ended boolean
function Model:learn(seconds, has_ended)
  if not (seconds > 0 and seconds < LAST_EDGE) then
    return
  end
  self.hazards = nil
  for bin = 1, bin_of(seconds) do
    self.at_risk[bin] = self.at_risk[bin] + min(edges[bin + 1], seconds) - edges[bin]
  end
  if has_ended then
    local bin, logarithm = bin_of(seconds), log(seconds)
    self.ends[bin] = self.ends[bin] + 1
    self.recent[self.count % RECENT + 1] = seconds
    self.count, self.sum = self.count + 1, self.sum + logarithm
    self.squares = self.squares + logarithm * logarithm
  end
end

-- Smoothed over three bins: the neighbours of a bin in which a job has ended are not impossible.
local function hazards_of(self)
  local raw, smooth = {}, {}
  for bin = 1, BINS do
    raw[bin] = self.at_risk[bin] > 0 and self.ends[bin] / self.at_risk[bin] or 0
  end
  for bin = 1, BINS do
    smooth[bin] = (raw[max(bin - 1, 1)] + 2 * raw[bin] + raw[min(bin + 1, BINS)]) / 4
  end
  return smooth
end

---The chance that a job of this age ends within the next second.
---@param age number
---@return number
function Model:hazard(age)
  self.hazards = self.hazards or hazards_of(self)
  return self.hazards[bin_of(age)]
end

-- Few jobs tell little about their spread: this many with the spread of the prior are counted with them.
local SPREAD_JOBS, SPREAD_VARIANCE = 2, 0.16
local DEVIATIONS = 4

---The age from which an end is plausible. It grows beyond that of the prior only where many jobs have taken about
---equally long.
---@return number seconds
function Model:plausible()
  local count = self.count
  if count == 0 then
    return self.prior.plausible
  end
  local mean = self.sum / count
  local variance = max(self.squares / count - mean * mean, 0)
  variance = (SPREAD_JOBS * SPREAD_VARIANCE + count * variance) / (SPREAD_JOBS + count)
  local low = math.exp(mean - DEVIATIONS * (1 + 1 / sqrt(count)) * sqrt(variance))
  return min(0.9 * min(unpack(self.recent)), max(self.prior.plausible, low))
end

---How long a job of this age takes in all, in the mean.
---@param age number
---@return number seconds
function Model:expected(age)
  local share, total, from = 1, age, age
  for bin = bin_of(age), BINS do
    local span = edges[bin + 1] - from
    local left = share * math.exp(-self:hazard(from) * span)
    total = total + span * (share + left) / 2
    share, from = left, edges[bin + 1]
  end
  return total
end

-- Seconds until the rate of the model, added up from this age on, makes one poll; `longest` at most.
local function until_due(self, age, longest)
  local at, due, stop = age, 0, age + longest
  while at < stop do
    local bin = bin_of(at)
    local edge = bin < BINS and edges[bin + 1] or huge
    local rate = min(sqrt(self:hazard(at) / (2 * WORTH)), 1 / SHORTEST)
    local step = min(max(edge - at, 1), stop - at)
    if rate * step >= 1 - due then
      return at + (1 - due) / rate - age
    end
    due, at = due + rate * step, at + step
  end
  return longest
end

---The pause after a poll of a job of this age.
---@param age number
---@return number seconds
function Model:pause(age)
  local from = self:plausible()
  if age < SOON / 2 and from > SOON then -- it may be polled earlier, with others
    return SOON - age
  elseif age < from then
    return min(max(LONGEST, self.prior.plausible + GUARANTEE - age), from + GUARANTEE - age)
  end
  return until_due(self, age, GUARANTEE)
end

-- ---- one wait ----

---@class heygen.Cadence
---@field private model heygen.CadenceModel
---@field private growing number? the next pause, where the caller or the kind of job has an interval of its own
---@field private strict number? no pause is longer, and the model decides nothing
---@field private watched boolean
---@field private percent number? what the job has said last
---@field private same integer how often in a row
local Wait = {}
Wait.__index = Wait

---@param model heygen.CadenceModel
---@param wait {interval: number?, max_interval: number?, strict: boolean?, on_progress: any}
---@return heygen.Cadence
function cadence.new(model, wait)
  return setmetatable({
    model = model,
    growing = wait.interval,
    strict = wait.strict and wait.max_interval or nil,
    watched = wait.on_progress ~= nil,
    same = 0,
  }, Wait)
end

---How long the job takes in all, by what jobs of its kind have taken.
---@param age number
---@return number seconds
function Wait:expected(age)
  return self.model:expected(age)
end

---Begins with short pauses again.
---@param seconds number
function Wait:hasten(seconds)
  self.growing = seconds
end

-- What the percentage of the job promises; nothing where it stands still.
local function promised(self, age, percent)
  self.same = percent == self.percent and self.same + 1 or 0
  self.percent = percent
  if percent and percent > 0 and percent < 100 and self.same < 2 then
    return max(AHEAD * age * (100 / percent - 1), SHORTEST)
  end
  return huge
end

-- When a session is polled for the id of its video, which nearly all have after five minutes; of one among others, only
-- at the first and the last of these ages.
local NAMED = { SOON, 60, 150, 300 } -- seconds
local NAMED_NEXT = 120 -- seconds

local function until_named(age, is_shared)
  for index, at in ipairs(NAMED) do
    if age < at and (index == 1 or index == #NAMED or not is_shared) then
      return at - age
    end
  end
  return NAMED_NEXT
end

---The pause before the next poll.
---@param age number of the job
---@param percent number? that the job has said
---@param is_shared boolean? there are polls of other jobs, every 30 seconds
---@param is_unnamed boolean? a session whose video is not known
---@return number seconds
function Wait:next(age, percent, is_shared, is_unnamed)
  local usual = self.strict
  if not usual then
    usual = is_unnamed and until_named(age, is_shared) or self.model:pause(age)
    if is_shared and age >= SOON then
      usual = max(usual, GUARANTEE)
    end
    usual = min(usual, promised(self, age, percent), self.watched and WATCHED or huge)
  end
  local growing = self.growing
  if growing then
    self.growing = min(growing * GROWTH, LAST_EDGE)
    return min(growing, usual)
  end
  return usual
end

return cadence
