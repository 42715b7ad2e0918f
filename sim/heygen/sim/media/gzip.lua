-- gzip bodies without zlib: a plain one, a broken one, and a bomb.
local gzip = {}

local HEADER = "\31\139\8\0\0\0\0\0\0\255"

-- 256 MiB of spaces in 260 kB: the Huffman table makes "258 spaces more" two zero bits, so the middle is zero bytes.
local BOMB_HEAD = HEADER .. "\237\224\129\0\0\0\0\128\32\168\236\79\185\72\5"
local BOMB_MIDDLE = 260111
local BOMB_TAIL = "\3\227\226\92\171\125\254\255\15"

local function xor_byte(a, b)
  local result, bit = 0, 1
  for _ = 1, 8 do
    if a % 2 ~= b % 2 then
      result = result + bit
    end
    a, b, bit = math.floor(a / 2), math.floor(b / 2), bit * 2
  end
  return result
end

local function bytes_of(n)
  return n % 256, math.floor(n / 256) % 256, math.floor(n / 65536) % 256, math.floor(n / 16777216) % 256
end

local crc_table

local function make_crc_table()
  local polynomial = { bytes_of(0xEDB88320) }
  crc_table = {}
  for n = 0, 255 do
    local c = n
    for _ = 1, 8 do
      local odd = c % 2 == 1
      c = math.floor(c / 2)
      if odd then
        local b = { bytes_of(c) }
        c = 0
        for i = 4, 1, -1 do
          c = c * 256 + xor_byte(b[i], polynomial[i])
        end
      end
    end
    crc_table[n] = { bytes_of(c) }
  end
end

---@param s string
---@return string crc four bytes, the lowest first
function gzip.crc32(s)
  if not crc_table then
    make_crc_table()
  end
  local a, b, c, d = 255, 255, 255, 255
  for i = 1, #s do
    local row = crc_table[xor_byte(a, s:byte(i))]
    a, b, c, d = xor_byte(b, row[1]), xor_byte(c, row[2]), xor_byte(d, row[3]), row[4]
  end
  return string.char(255 - a, 255 - b, 255 - c, 255 - d)
end

--- A correct gzip body, in stored blocks.
---@param s string
---@return string bytes
function gzip.ok(s)
  local parts = { HEADER }
  for at = 1, math.max(1, #s), 65535 do
    local piece = s:sub(at, at + 65534)
    local low, high = bytes_of(#piece)
    parts[#parts + 1] = string.char(at + 65535 > #s and 1 or 0, low, high, 255 - low, 255 - high) .. piece
  end
  parts[#parts + 1] = gzip.crc32(s) .. string.char(bytes_of(#s))
  return table.concat(parts)
end

--- A body that only pretends to be gzip.
---@return string bytes
function gzip.bad()
  return HEADER .. "\7this block type does not exist" .. string.rep("\255", 64)
end

--- 256 MiB of spaces as 260 kB.
---@return string bytes
function gzip.bomb()
  return BOMB_HEAD .. string.rep("\0", BOMB_MIDDLE) .. BOMB_TAIL
end

return gzip
