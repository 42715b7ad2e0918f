-- Small readings of text: UTF-8, percent-encoding, base64 (the core encodes none), globs.
local core = require "heygen.core"

local text = {}

local ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

-- nil when it is not UTF-8
text.length = core.utf8_length

--- What can be put into JSON: text that is no UTF-8 is percent-encoded.
---@param s string
---@return string
function text.printable(s)
  if text.length(s) then
    return s
  end
  return (s:gsub("[\128-\255]", function(byte)
    return string.format("%%%02X", byte:byte())
  end))
end

---@param s string
---@return string|nil decoded nil when the encoding is broken, or is not of UTF-8
function text.unescape(s)
  if s:find("%%.?%X") or s:find("%%.?$") then
    return nil
  end
  local decoded = s:gsub("%%(%x%x)", function(hex)
    return string.char(tonumber(hex, 16))
  end)
  return text.length(decoded) and decoded or nil
end

---@param s string bytes
---@return string base64
function text.base64(s)
  local out = {}
  for i = 1, #s, 3 do
    local a, b, c = s:byte(i, i + 2)
    local n = a * 65536 + (b or 0) * 256 + (c or 0)
    for j = 3, 0, -1 do
      local d = math.floor(n / 64 ^ j) % 64 + 1
      out[#out + 1] = ALPHABET:sub(d, d)
    end
    if not c then
      out[#out] = "="
    end
    if not b then
      out[#out - 1] = "="
    end
  end
  return table.concat(out)
end

---@param s string base64, white space allowed
---@return string|nil bytes
function text.unbase64(s)
  s = s:gsub("%s+", "")
  local bare, pad = s:match("^([%w+/]*)(=*)$")
  if not bare or #s % 4 ~= 0 or #pad > 2 then
    return nil
  end
  local out = {}
  for i = 1, #bare, 4 do
    local n, count = 0, 0
    for j = i, i + 3 do
      local at = j <= #bare and ALPHABET:find(bare:sub(j, j), 1, true)
      n = n * 64 + (at and at - 1 or 0)
      count = count + (at and 1 or 0)
    end
    out[#out + 1] = string.char(math.floor(n / 65536), math.floor(n / 256) % 256, n % 256):sub(1, count - 1)
  end
  return table.concat(out)
end

---@param s string
---@return number hash 0 to 2^31: not for secrets, only to notice a changed URL or token
function text.hash(s)
  local a, b = 5381, 52711
  for i = 1, #s do
    local byte = s:byte(i)
    a = (a * 33 + byte) % 2147483647
    b = (b * 65599 + byte) % 2147483629
  end
  return (a * 2 + b) % 2147483648
end

--- The beginning of a text, not cut in the middle of a character.
---@param s string UTF-8
---@param most number bytes
---@return string
function text.cut(s, most)
  if #s <= most then
    return s
  end
  while most > 0 and s:find("^[\128-\191]", most + 1) do
    most = most - 1
  end
  return s:sub(1, most)
end

---@param glob string "*" is one path segment, "**" anything
---@return string pattern for string.find
function text.glob(glob)
  local pattern = glob:gsub("[%^%$%(%)%%%.%[%]%+%-%?]", "%%%0")
  pattern = pattern:gsub("%*%*", "\1"):gsub("%*", "[^/]+"):gsub("\1", ".*")
  return "^" .. pattern .. "$"
end

return text
