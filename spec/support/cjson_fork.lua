-- A stand-in for the fork of lua-cjson (2.1.0.x, in LuaRocks and OpenResty), which Debian does not carry: the same
-- functions, and the same differences from the original. It decodes whole numbers to integers where Lua has them,
-- keeps them to 64 bits and clamps beyond, and can mark arrays.
local fork = {}

local NULL -- the lightuserdata NULL; comes from outside, as plain Lua cannot make it
local integers = math.type ~= nil

local ESCAPES = { b = "\b", f = "\f", n = "\n", r = "\r", t = "\t", ['"'] = '"', ["\\"] = "\\", ["/"] = "/" }

local function utf8_char(point)
  if point < 0x80 then
    return string.char(point)
  elseif point < 0x800 then
    return string.char(0xC0 + math.floor(point / 64), 0x80 + point % 64)
  elseif point < 0x10000 then
    return string.char(0xE0 + math.floor(point / 4096), 0x80 + math.floor(point / 64) % 64, 0x80 + point % 64)
  end
  local low = 0x80 + point % 64
  return string.char(
    0xF0 + math.floor(point / 262144),
    0x80 + math.floor(point / 4096) % 64,
    0x80 + math.floor(point / 64) % 64,
    low
  )
end

local reader = {}
reader.__index = reader

function reader:fail(what)
  error("Expected " .. what .. " but found something else at character " .. self.at, 0)
end

function reader:blank()
  self.at = self.text:find("[^ \t\r\n]", self.at) or #self.text + 1
  return self.text:sub(self.at, self.at)
end

function reader:escape()
  local hex = self.text:match("^u(%x%x%x%x)", self.at)
  if not hex then
    local plain = ESCAPES[self.text:sub(self.at, self.at)] or self:fail "an escape"
    self.at = self.at + 1
    return plain
  end
  local point = tonumber(hex, 16)
  self.at = self.at + 5
  if point >= 0xD800 and point < 0xE000 then
    local low = tonumber(self.text:match("^\\u([dD][c-fC-F]%x%x)", self.at) or self:fail "a surrogate", 16)
    self.at = self.at + 6
    point = 0x10000 + (point - 0xD800) * 1024 + low - 0xDC00
  end
  return utf8_char(point)
end

function reader:string()
  local parts = {}
  self.at = self.at + 1
  while true do
    local stop = self.text:find('["\\%z]', self.at) or self:fail "the end of a string"
    parts[#parts + 1] = self.text:sub(self.at, stop - 1)
    local mark = self.text:sub(stop, stop)
    self.at = stop + 1
    if mark == '"' then
      return table.concat(parts)
    elseif mark ~= "\\" then
      self:fail "the end of a string"
    end
    parts[#parts + 1] = self:escape()
  end
end

-- strtoll clamps; strtod is for what has a fraction or an exponent.
local function integer(digits)
  local value = tonumber(digits)
  if math.type(value) == "integer" then
    return value
  end
  local largest = tonumber "9223372036854775807"
  return digits:sub(1, 1) == "-" and -largest - 1 or largest
end

function reader:number()
  local digits = self.text:match("^-?%d+", self.at)
  if not digits or digits:find "^-?0%d" or self.text:find("^[xX]", self.at + #digits) then
    self:fail "a value"
  end
  local rest = self.text:match("^%.%d+[eE][+-]?%d+", self.at + #digits)
    or self.text:match("^%.%d+", self.at + #digits)
    or self.text:match("^[eE][+-]?%d+", self.at + #digits)
    or ""
  self.at = self.at + #digits + #rest
  if rest == "" and integers then
    return integer(digits)
  end
  local number = tonumber(digits .. rest)
  return integers and number + 0.0 or number
end

function reader:descend()
  self.depth = self.depth + 1
  if self.depth > self.settings.depth then
    error("Found too many nested data structures (" .. self.depth .. ")", 0)
  end
  self.at = self.at + 1
end

function reader:array()
  local list, n = {}, 0
  self:descend()
  if self:blank() ~= "]" then
    repeat
      n = n + 1
      list[n] = self:value()
      local mark = self:blank()
      self.at = self.at + 1
      if mark ~= "," and mark ~= "]" then
        self:fail "a comma"
      end
    until mark == "]"
  else
    self.at = self.at + 1
  end
  self.depth = self.depth - 1
  return self.settings.mark and setmetatable(list, self.settings.array_mt) or list
end

function reader:object()
  local map = {}
  self:descend()
  if self:blank() ~= "}" then
    repeat
      if self:blank() ~= '"' then
        self:fail "a key"
      end
      local key = self:string()
      if self:blank() ~= ":" then
        self:fail "a colon"
      end
      self.at = self.at + 1
      map[key] = self:value()
      local mark = self:blank()
      self.at = self.at + 1
      if mark ~= "," and mark ~= "}" then
        self:fail "a comma"
      end
    until mark == "}"
  else
    self.at = self.at + 1
  end
  self.depth = self.depth - 1
  return map
end

local WORDS = { t = "true", f = "false", n = "null" }

function reader:value()
  local mark = self:blank()
  if mark == "{" then
    return self:object()
  elseif mark == "[" then
    return self:array()
  elseif mark == '"' then
    return self:string()
  elseif WORDS[mark] then
    local word = WORDS[mark]
    if self.text:sub(self.at, self.at + #word - 1) ~= word then
      self:fail "a value"
    end
    self.at = self.at + #word
    return mark == "t" or mark == "n" and NULL
  end
  return self:number()
end

--- The module as `require "cjson"` would give it. `null` is the lightuserdata NULL.
function fork.new(null)
  NULL = null
  local settings = { depth = 1000, array_mt = {} }
  local module = { null = null, array_mt = settings.array_mt, empty_array_mt = {}, empty_array = {} }
  module._NAME = "cjson"
  module._VERSION = "2.1.0.10"

  function module.new()
    return fork.new(null)
  end

  function module.decode(text)
    local this = setmetatable({ text = text, at = 1, depth = 0, settings = settings }, reader)
    if text:find "^.?%z" then
      error("JSON parser does not support UTF-16 or UTF-32", 0)
    end
    local value = this:value()
    if this:blank() ~= "" then
      this:fail "the end"
    end
    return value
  end

  function module.decode_max_depth(depth)
    settings.depth = depth or settings.depth
    return settings.depth
  end

  function module.decode_invalid_numbers(allowed)
    assert(allowed == false or allowed == nil, "only used to switch them off")
    return false
  end

  function module.decode_array_with_array_mt(on)
    settings.mark = on or false
    return settings.mark
  end

  return module
end

return fork
