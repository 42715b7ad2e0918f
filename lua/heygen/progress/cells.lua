-- How many cells of a terminal a text takes: names of files come in all scripts, and a line that is one cell too long
-- wraps, after which nothing that is drawn over it fits any more.
local cells = {}

local byte, find, floor, gsub, rep, sub =
  string.byte, string.find, math.floor, string.gsub, string.rep, string.sub

-- First and last code points that take two cells (East Asian Width W and F, and emoji shown as pictures), in order.
local WIDE = {
  { 0x1100, 0x115F },
  { 0x231A, 0x231B },
  { 0x2329, 0x232A },
  { 0x23E9, 0x23EC },
  { 0x23F0, 0x23F0 },
  { 0x23F3, 0x23F3 },
  { 0x25FD, 0x25FE },
  { 0x2614, 0x2615 },
  { 0x2648, 0x2653 },
  { 0x267F, 0x267F },
  { 0x2693, 0x2693 },
  { 0x26A1, 0x26A1 },
  { 0x26AA, 0x26AB },
  { 0x26BD, 0x26BE },
  { 0x26C4, 0x26C5 },
  { 0x26CE, 0x26CE },
  { 0x26D4, 0x26D4 },
  { 0x26EA, 0x26EA },
  { 0x26F2, 0x26F3 },
  { 0x26F5, 0x26F5 },
  { 0x26FA, 0x26FA },
  { 0x26FD, 0x26FD },
  { 0x2705, 0x2705 },
  { 0x270A, 0x270B },
  { 0x2728, 0x2728 },
  { 0x274C, 0x274C },
  { 0x274E, 0x274E },
  { 0x2753, 0x2755 },
  { 0x2757, 0x2757 },
  { 0x2795, 0x2797 },
  { 0x27B0, 0x27B0 },
  { 0x27BF, 0x27BF },
  { 0x2B1B, 0x2B1C },
  { 0x2B50, 0x2B50 },
  { 0x2B55, 0x2B55 },
  { 0x2E80, 0x303E },
  { 0x3041, 0x4DBF },
  { 0x4E00, 0xA4CF },
  { 0xA960, 0xA97F },
  { 0xAC00, 0xD7A3 },
  { 0xF900, 0xFAFF },
  { 0xFE10, 0xFE19 },
  { 0xFE30, 0xFE6F },
  { 0xFF01, 0xFF60 },
  { 0xFFE0, 0xFFE6 },
  { 0x16FE0, 0x18D08 },
  { 0x1AFF0, 0x1B2FF },
  { 0x1F004, 0x1F004 },
  { 0x1F0CF, 0x1F0CF },
  { 0x1F18E, 0x1F18E },
  { 0x1F191, 0x1F19A },
  { 0x1F200, 0x1F320 },
  { 0x1F32D, 0x1F335 },
  { 0x1F337, 0x1F37C },
  { 0x1F37E, 0x1F393 },
  { 0x1F3A0, 0x1F3CA },
  { 0x1F3CF, 0x1F3D3 },
  { 0x1F3E0, 0x1F3F0 },
  { 0x1F3F4, 0x1F3F4 },
  { 0x1F3F8, 0x1F43E },
  { 0x1F440, 0x1F440 },
  { 0x1F442, 0x1F4FC },
  { 0x1F4FF, 0x1F53D },
  { 0x1F54B, 0x1F54E },
  { 0x1F550, 0x1F567 },
  { 0x1F57A, 0x1F57A },
  { 0x1F595, 0x1F596 },
  { 0x1F5A4, 0x1F5A4 },
  { 0x1F5FB, 0x1F64F },
  { 0x1F680, 0x1F6C5 },
  { 0x1F6CC, 0x1F6CC },
  { 0x1F6D0, 0x1F6D2 },
  { 0x1F6D5, 0x1F6D7 },
  { 0x1F6DC, 0x1F6DF },
  { 0x1F6EB, 0x1F6EC },
  { 0x1F6F4, 0x1F6FC },
  { 0x1F7E0, 0x1F7EB },
  { 0x1F7F0, 0x1F7F0 },
  { 0x1F90C, 0x1F93A },
  { 0x1F93C, 0x1F945 },
  { 0x1F947, 0x1F9FF },
  { 0x1FA70, 0x1FAFF },
  { 0x20000, 0x3FFFD },
}

-- Those that take none: marks that stand on the character before them.
local NONE = {
  { 0x0300, 0x036F },
  { 0x0483, 0x0489 },
  { 0x0591, 0x05BD },
  { 0x0610, 0x061A },
  { 0x064B, 0x065F },
  { 0x06D6, 0x06DC },
  { 0x06DF, 0x06E4 },
  { 0x0900, 0x0902 },
  { 0x093C, 0x093C },
  { 0x0941, 0x0948 },
  { 0x094D, 0x094D },
  { 0x0E31, 0x0E31 },
  { 0x0E34, 0x0E3A },
  { 0x0E47, 0x0E4E },
  { 0x1AB0, 0x1AFF },
  { 0x1DC0, 0x1DFF },
  { 0x20D0, 0x20F0 },
  { 0x302A, 0x302D },
  { 0x3099, 0x309A },
  { 0xFE00, 0xFE0F },
  { 0xFE20, 0xFE2F },
  { 0xE0100, 0xE01EF },
}

local function is_in(ranges, code)
  local low, high = 1, #ranges
  while low <= high do
    local middle = floor((low + high) / 2)
    local range = ranges[middle]
    if code < range[1] then
      high = middle - 1
    elseif code > range[2] then
      low = middle + 1
    else
      return true
    end
  end
  return false
end

-- The code point that begins at a byte, and how many bytes it has; nil for a byte that begins none.
local function decode(text, at)
  local first = byte(text, at)
  if first < 0x80 then
    return first, 1
  end
  local length = first >= 0xF0 and 4 or first >= 0xE0 and 3 or 2
  if first < 0xC2 or first > 0xF4 then
    return nil, 1
  end
  local code = first % 2 ^ (7 - length)
  for index = at + 1, at + length - 1 do
    local following = byte(text, index)
    if not following or following < 0x80 or following > 0xBF then
      return nil, 1
    end
    code = code * 64 + following % 64
  end
  return code, length
end

local function width_of(code)
  if not code then
    return 1
  elseif code < 0x300 then
    return 1
  elseif is_in(NONE, code) then
    return 0
  end
  return is_in(WIDE, code) and 2 or 1
end

---@param text string without control characters
---@return integer cells
function cells.width(text)
  if not find(text, "[\128-\255]") then
    return #text
  end
  local total, at = 0, 1
  while at <= #text do
    local code, length = decode(text, at)
    total, at = total + width_of(code), at + length
  end
  return total
end

---The beginning of a text that takes so many cells at most, and never half a character. The mark shows that something
---is missing; where there is no room for it, it is left out.
---@param text string
---@param room integer
---@param mark string? ("..")
---@return string
function cells.cut(text, room, mark)
  if cells.width(text) <= room then
    return text
  end
  mark = mark or ".."
  local left = room - cells.width(mark)
  if left < 1 then
    mark, left = "", room
  end
  local at = 1
  while at <= #text do
    local code, length = decode(text, at)
    left = left - width_of(code)
    if left < 0 then
      break
    end
    at = at + length
  end
  return sub(text, 1, at - 1) .. mark
end

---@param text string
---@param room integer
---@return string padded with spaces to so many cells, when it has fewer
function cells.pad(text, room)
  return text .. rep(" ", room - cells.width(text))
end

-- U+200B to U+200F, U+202A to U+202E, U+2060 to U+2069, U+FEFF: they have no width, join, or turn round what follows.
local INVISIBLE = { "\226\128[\139-\143\170-\174]", "\226\129[\160-\169]", "\239\187\191" }

---Makes a text countable: bytes that are no UTF-8 become "?", and what terminals count differently goes.
---@param text string
---@return string
function cells.clean(text)
  if not find(text, "[\128-\255]") then
    return text
  end
  for _, pattern in ipairs(INVISIBLE) do
    text = gsub(text, pattern, "")
  end
  local parts, at = {}, 1
  while at <= #text do
    local code, length = decode(text, at)
    parts[#parts + 1] = code and sub(text, at, at + length - 1) or "?"
    at = at + length
  end
  return table.concat(parts)
end

return cells
