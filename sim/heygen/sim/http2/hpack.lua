-- HPACK (RFC 7541): the headers of HTTP/2 out of their compression, and into its plainest form.
local hpack = {}
hpack.__index = hpack

-- The length of each symbol's Huffman code, as a letter (A is 5); the codes follow from it, for they are canonical.
local LENGTHS = "ISXXXXXXXTZXXZXXXXXXXXZXXXXXXXXXBFFHIBDGFFDGDBBBAAABBBBBBBCDKBHFIBCCCCCCCCCCCCCCCCCCCC"
  .. "CCDCDIOIJBKABABABBBACCBBBABCBAABCCCCCKGJIXPRPPRRRSRSSSSSTSTTRSTSSSSQRSRSSTRQPRRSSQSRRT"
  .. "QRSSQQRQSRSSPRRRSRRSVVPORSRUVVVWWVTUOQVWWVWTQQVVXWWWPTPQRQQSRRUUTTVSVWVVWWWWWXWWWWWVZ"

local STATIC = [[
:authority
:method = GET
:method = POST
:path = /
:path = /index.html
:scheme = http
:scheme = https
:status = 200
:status = 204
:status = 206
:status = 304
:status = 400
:status = 404
:status = 500
accept-charset
accept-encoding = gzip, deflate
accept-language
accept-ranges
accept
access-control-allow-origin
age
allow
authorization
cache-control
content-disposition
content-encoding
content-language
content-length
content-location
content-range
content-type
cookie
date
etag
expect
expires
from
host
if-match
if-modified-since
if-none-match
if-range
if-unmodified-since
last-modified
link
location
max-forwards
proxy-authenticate
proxy-authorization
range
referer
refresh
retry-after
server
set-cookie
strict-transport-security
transfer-encoding
user-agent
vary
via
www-authenticate
]]

local TABLE_LIMIT, HEADER_LIMIT = 4096, 65536
local END_OF_STRING = 256

local static = {}
for line in STATIC:gmatch "[^\n]+" do
  local name, value = line:match "^(%S+) = (.*)$"
  static[#static + 1] = { name or line, value or "" }
end

-- by_code[length][code] = symbol
local function read_codes()
  local order, by_code = {}, {}
  for symbol = 0, #LENGTHS - 1 do
    order[symbol + 1] = { symbol = symbol, length = LENGTHS:byte(symbol + 1) - 60 }
  end
  table.sort(order, function(x, y)
    return x.length < y.length or (x.length == y.length and x.symbol < y.symbol)
  end)
  local code, length = 0, order[1].length
  for _, entry in ipairs(order) do
    code = code * 2 ^ (entry.length - length)
    length = entry.length
    by_code[length] = by_code[length] or {}
    by_code[length][code], code = entry.symbol, code + 1
  end
  return by_code
end

local by_code = read_codes()

local function unhuffman(bytes)
  local parts, code, length = {}, 0, 0
  for i = 1, #bytes do
    local byte = bytes:byte(i)
    for place = 7, 0, -1 do
      code, length = code * 2 + math.floor(byte / 2 ^ place) % 2, length + 1
      local symbol = by_code[length] and by_code[length][code]
      if symbol == END_OF_STRING or length > 30 then
        return nil
      elseif symbol then
        parts[#parts + 1], code, length = string.char(symbol), 0, 0
      end
    end
  end
  -- What is left over must be ones, and less than a byte of them.
  if length > 7 or code ~= 2 ^ length - 1 then
    return nil
  end
  return table.concat(parts)
end

---@return table decoder with a dynamic table of its own
function hpack.new()
  return setmetatable({ entries = {}, size = 0, limit = TABLE_LIMIT }, hpack)
end

local function shrink(self)
  while self.size > self.limit do
    local oldest = table.remove(self.entries)
    self.size = self.size - #oldest[1] - #oldest[2] - 32
  end
end

local function integer(block, at, bits)
  local most = 2 ^ bits - 1
  local byte = block:byte(at)
  if not byte then
    return nil
  end
  local value = byte % 2 ^ bits
  if value < most then
    return value, at + 1
  end
  local factor = 1
  repeat
    at = at + 1
    byte = block:byte(at)
    if not byte or factor > 2 ^ 28 then
      return nil
    end
    value, factor = value + byte % 128 * factor, factor * 128
  until byte < 128
  return value, at + 1
end

local function text(block, at)
  local first = block:byte(at)
  local length, start = integer(block, at, 7)
  if not length or start + length - 1 > #block then
    return nil
  end
  local bytes = block:sub(start, start + length - 1)
  return first >= 128 and unhuffman(bytes) or first < 128 and bytes or nil, start + length
end

local function entry_at(self, index)
  return static[index] or self.entries[index - #static]
end

-- A header that is spelled out: its name by index or as text, then its value.
local function literal(self, block, at, bits)
  local index, name, value
  index, at = integer(block, at, bits)
  if not index then
    return nil
  elseif index == 0 then
    name, at = text(block, at)
  else
    local entry = entry_at(self, index)
    name = entry and entry[1]
  end
  if not name then
    return nil
  end
  value, at = text(block, at)
  return value and { name, value }, at
end

local function remember(self, entry)
  table.insert(self.entries, 1, entry)
  self.size = self.size + #entry[1] + #entry[2] + 32
  shrink(self)
end

local function step(self, block, at)
  local byte = block:byte(at)
  if byte >= 128 then
    local index, after = integer(block, at, 7)
    return index and entry_at(self, index), after
  elseif byte >= 64 then
    local entry, after = literal(self, block, at, 6)
    if entry then
      remember(self, entry)
    end
    return entry, after
  elseif byte >= 32 then
    local index, after = integer(block, at, 5)
    if not index or index > TABLE_LIMIT then
      return nil
    end
    self.limit = index
    shrink(self)
    return false, after
  end
  return literal(self, block, at, 4)
end

--- The headers of a block.
---@param block string
---@return table|nil list of { name, value }; nil when the block is broken
function hpack:decode(block)
  local list, at, size = {}, 1, 0
  while at <= #block do
    local entry
    entry, at = step(self, block, at)
    if entry == nil then
      return nil
    elseif entry then
      list[#list + 1] = entry
      size = size + #entry[1] + #entry[2] + 32
      if size > HEADER_LIMIT then
        return nil
      end
    end
  end
  return list
end

local function encoded(value, bits, first)
  local most = 2 ^ bits - 1
  if value < most then
    return string.char(first + value)
  end
  local parts = { string.char(first + most) }
  value = value - most
  while value >= 128 do
    parts[#parts + 1] = string.char(128 + value % 128)
    value = math.floor(value / 128)
  end
  parts[#parts + 1] = string.char(value)
  return table.concat(parts)
end

--- A block of headers, spelled out.
---@param list table of { name, value }
---@return string block
function hpack.encode(list)
  local parts = {}
  for _, entry in ipairs(list) do
    local name, value = entry[1]:lower(), entry[2]
    parts[#parts + 1] = "\0" .. encoded(#name, 7, 0) .. name .. encoded(#value, 7, 0) .. value
  end
  return table.concat(parts)
end

return hpack
