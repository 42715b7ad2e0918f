-- How long to pause between two polls of a job that takes 10 to 45 minutes. Pure: no clock, no I/O.
--
-- Pauses grow from `interval`. While nothing renders they may reach 2.5 times `max_interval`, as the end is not near;
-- while the video renders they stay at `max_interval`, so that the end is seen soon. A budget bounds the number of
-- polls all the same: with the defaults 56 in 45 minutes, whatever the service says. Polls are spent on rendering as
-- long as those that are left are enough for the rest of the 45 minutes at the slow pace.
local pace = {}

local GROWTH = 1.5
local QUIET = 2.5 -- times max_interval, while nothing renders
local HORIZON = 90 -- times max_interval: 45 minutes
local POLLS = 56 -- within that time: with the create, a poll at once, and two polls that take two requests it is 60
-- What must be left for later. A video that is pending keeps enough for 12 minutes of rendering.
local RESERVE = { pending = 15, rendering = 0 }

---@param interval number seconds, the first pause
---@param max_interval number seconds
---@param strict boolean? no pause is longer than max_interval, and there is no budget
---@return table pace
function pace.new(interval, max_interval, strict)
  return { pause = interval, max = max_interval, polls = 0, strict = strict }
end

---Keeps polls of the budget for something else than the job, while it is pending.
---@param self table from pace.new
---@param count integer
function pace.reserve(self, count)
  self.reserved = self.reserved or count
end

---Takes one of them, if what must be left for rendering stays.
---@param self table
---@param elapsed number seconds since the wait began
---@return boolean taken
function pace.take_reserved(self, elapsed)
  local left = POLLS - self.polls - 1 - RESERVE.pending
  if not self.strict and left * self.max * QUIET < HORIZON * self.max - elapsed then
    return false
  end
  self.polls, self.reserved = self.polls + 1, math.max(self.reserved - 1, 0)
  return true
end

---The pause before the next poll.
---@param self table from pace.new
---@param elapsed number seconds since the wait began
---@param phase string "quiet", "pending" (rendering may begin) or "rendering" (the end may be near)
---@return number seconds
function pace.next(self, elapsed, phase)
  local longest = self.max
  self.polls = self.polls + 1
  if not self.strict then
    local quiet, reserve = self.max * QUIET, RESERVE[phase]
    reserve = reserve and phase == "pending" and reserve + (self.reserved or 0) or reserve
    if not reserve or (POLLS - self.polls - reserve) * quiet < HORIZON * self.max - elapsed then
      longest = quiet
    end
  end
  local pause = math.min(self.pause, longest)
  self.pause = math.min(self.pause * GROWTH, self.max * QUIET)
  return pause
end

return pace
