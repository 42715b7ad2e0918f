-- Reads the headers of a delivery, in whatever way a server hands them over: a table with names in any letter case and
-- strings or lists as values, or a function. Whatever is no text counts as absent.
local headers = {}

local byte, find, format, lower, match = string.byte, string.find, string.format, string.lower, string.match
local concat = table.concat

local BLANK = 32

-- No server lets so many through; a table beyond that is read up to here.
local MOST_HEADERS, MOST_VALUES = 1000, 64

local Reader = {}
Reader.__index = Reader

-- A function is asked for the name in small letters first, then for its usual spelling: see Reader:find.
local function asking(ask)
  return setmetatable({}, {
    __index = function(_, name)
      return ask(name)
    end,
  })
end

---@param source table|fun(name: string): any
---@return table reader
function headers.reader(source)
  return setmetatable({ source = type(source) == "function" and asking(source) or source }, Reader)
end

local function text(value)
  if type(value) == "number" and value % 1 == 0 then -- some frameworks make numbers of digits; NaN fails here
    return format("%.0f", value)
  end
  return type(value) == "string" and value or nil
end

-- One list of strings for each name in small letters, whatever spellings and forms it came in.
local function fold(source)
  local folded, count = {}, 0
  for name, value in pairs(source) do
    count = count + 1
    if count > MOST_HEADERS then
      break
    end
    if type(name) == "string" then
      name = lower(name)
      local list = folded[name] or {}
      folded[name] = list
      if type(value) == "table" then
        for index = 1, MOST_VALUES do
          list[#list + 1] = text(value[index])
        end
      else
        list[#list + 1] = text(value)
      end
    end
  end
  return folded
end

---What there is of a header.
---@param name string as it is usually spelt
---@param small string the same in small letters
---@return string|table|nil value one, or a list of several
function Reader:find(name, small)
  local source = self.source
  local value = source[small]
  if value == nil then
    value = source[name]
  end
  if value == nil then
    self.folded = self.folded or fold(source)
    value = self.folded[small]
  end
  return value
end

---All values of a header as one text.
---@param separator string between several
---@return string? text nil when there is none, or only blank ones
function Reader:joined(name, small, separator)
  local value = self.source[small] or self:find(name, small)
  if type(value) == "string" and (byte(value) or 0) > BLANK then
    return value
  elseif type(value) == "table" then
    local list = {}
    for index = 1, MOST_VALUES do
      list[#list + 1] = text(value[index])
    end
    value = concat(list, separator)
  else
    value = text(value)
  end
  return value and find(value, "%S") and value or nil
end

-- The value of a header that a proxy has doubled into one: "x, x".
local function undoubled(value)
  local first
  for part in value:gmatch "[^,]+" do
    part = match(part, "^[ \t]*(.*[^ \t])") or ""
    if first and part ~= first then
      return value
    end
    first = part
  end
  return first or value
end

---The value of a header that makes sense only once.
---@return string? value without blanks around it
---@return string? problem several that differ
function Reader:single(name, small)
  local value = self.source[small] or self:find(name, small)
  if type(value) == "string" and find(value, ",", 1, true) then
    value = undoubled(value)
  end
  if type(value) == "string" and (byte(value) or 0) > BLANK and byte(value, -1) > BLANK then
    return value
  elseif type(value) == "table" then
    local first = text(value[1])
    for index = 2, MOST_VALUES do
      local other = text(value[index])
      if other and other ~= first then
        return nil, "the header " .. name .. " is there several times"
      end
    end
    value = first
  else
    value = text(value)
  end
  -- Asked first: the pattern alone would take time by the square of the length of a blank value.
  if not value or not find(value, "%S") then
    return nil
  end
  return match(value, "^%s*(.*%S)")
end

return headers
