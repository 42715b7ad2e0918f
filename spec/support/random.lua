-- Seeded pseudo-random numbers that are the same on every Lua: a failing property names its seed and is repeatable.

local random = {}

---@param seed integer
---@return fun(): number in [0, 1)
function random.new(seed)
  local state = seed
  return function()
    state = (state * 16807) % 2147483647
    return (state - 1) / 2147483646
  end
end

---@param next fun(): number
---@param low integer
---@param high integer
---@return integer
function random.integer(next, low, high)
  return low + math.floor(next() * (high - low + 1))
end

return random
