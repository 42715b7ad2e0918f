-- A seeded random source: the same seed gives the same run on every Lua.
local random = {}
random.__index = random

-- Two multiplicative generators combined (L'Ecuyer 1988): exact in doubles, period about 2^61.
local M1, M2 = 2147483563, 2147483399

---@param seed number any number; its integral part counts
---@return table source
function random.new(seed)
  seed = math.floor(math.abs(seed)) % 2147483000
  local self = setmetatable({ a = seed % (M1 - 1) + 1, b = seed * 7919 % (M2 - 1) + 1 }, random)
  for _ = 1, 8 do
    self:integer()
  end
  return self
end

---@return number integer in [0, 2147483562)
function random:integer()
  self.a = 40014 * self.a % M1
  self.b = 40692 * self.b % M2
  return (self.a - self.b) % (M1 - 1)
end

---@return number fraction in [0, 1)
function random:fraction()
  return self:integer() / (M1 - 1)
end

-- Sixteen bits of the next number.
local function word(self)
  return math.floor(self:integer() / 32768)
end

---@param digits number how many
---@return string hex
function random:hex(digits)
  local parts, count = {}, math.ceil(digits / 4)
  -- Four at a time: it is the calls that cost.
  for i = 1, math.floor(count / 4) do
    parts[i] = string.format("%04x%04x%04x%04x", word(self), word(self), word(self), word(self))
  end
  for _ = 1, count % 4 do
    parts[#parts + 1] = string.format("%04x", word(self))
  end
  local hex = #parts == 1 and parts[1] or table.concat(parts)
  return #hex == digits and hex or hex:sub(1, digits)
end

---@param count number of digits
---@return string digits the first of them not 0
function random:digits(count)
  local parts = { 1 + self:integer() % 9 }
  for i = 2, count do
    parts[i] = self:integer() % 10
  end
  return table.concat(parts)
end

---@return string uuid of version 4
function random:uuid()
  return string.format(
    "%04x%04x-%04x-4%03x-a%03x-%04x%04x%04x",
    word(self),
    word(self),
    word(self),
    word(self) % 4096,
    word(self) % 4096,
    word(self),
    word(self),
    word(self)
  )
end

return random
