-- The simulator's clock: real, scaled, or moved by hand.
--
-- It is three numbers: `base` seconds of simulated time at `mark` seconds of the source, and the speed since. Two
-- processes with the same three and the same source (seconds since 1970) show the same time.
local clock = {}
clock.__index = clock

local function hand()
  return 0
end

---@param options table? start = Unix seconds at the beginning; speed = simulated seconds per second of the source;
---   source = function giving real Unix seconds that never run backwards (absent: the clock only moves by advance);
---   mark = what the source showed at the beginning (default: what it shows now)
---@return table clock
function clock.new(options)
  options = options or {}
  local source = options.source or hand
  return setmetatable({
    source = source,
    speed = options.speed or 1,
    base = options.start or 1790000000,
    mark = options.mark or source(),
  }, clock)
end

---@return number now Unix seconds with fraction, in simulated time
function clock:now()
  return self.frozen or self.base + (self.source() - self.mark) * self.speed
end

---@return number seconds of the source, the real time
function clock:real_now()
  return self.frozen_real or self.source()
end

--- The time of day outside the simulation, as far as it is known.
---@return number seconds Unix
function clock:wall()
  local real = self.source()
  return real > 1e9 and real or self:now()
end

--- Stands still at a moment until it is thawed: what one request does, it does at one time.
---@param at number simulated Unix seconds
---@param real number seconds of the source
function clock:freeze(at, real)
  self.frozen, self.frozen_real = at, real
end

function clock:thaw()
  self.frozen, self.frozen_real = nil, nil
end

---@param seconds number simulated seconds to jump ahead (negative: back)
function clock:advance(seconds)
  self.base = self.base + seconds
  self.frozen = self.frozen and self.frozen + seconds
end

---@param speed number simulated seconds per real second, 0 to stop
function clock:set_speed(speed)
  self.base = self:now()
  self.mark = self:real_now()
  self.speed = speed
end

--- Takes the three numbers of another clock over.
---@param base number
---@param mark number
---@param speed number
function clock:set(base, mark, speed)
  self:thaw()
  self.base, self.mark, self.speed = base, mark, speed
end

---@param seconds number simulated
---@return number real seconds until then, at least 1 (for Retry-After)
function clock:real(seconds)
  return math.max(1, math.ceil(seconds / math.max(self.speed, 1e-9)))
end

return clock
