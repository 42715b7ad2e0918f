-- The public pictures that GET /v3/assets/search finds: small PNGs of one colour each.
local gzip = require "heygen.sim.media.gzip"

local icons = { rows = {}, SIZE = 48 }

local THINGS = {
  "arrow",
  "bird",
  "book",
  "car",
  "cat",
  "cloud",
  "dog",
  "flower",
  "globe",
  "heart",
  "house",
  "light bulb",
  "mountain",
  "rocket",
  "tree",
}
local COLOURS = {
  { "red", "\200\40\40" },
  { "green", "\40\160\80" },
  { "blue", "\50\90\200" },
  { "golden", "\220\170\40" },
}

local by_id = {}

for _, thing in ipairs(THINGS) do
  for _, colour in ipairs(COLOURS) do
    for _, kind in ipairs { "image", "icon" } do
      local row = {
        id = string.format("%s_%s_%s", kind, colour[1], (thing:gsub(" ", "_"))),
        name = colour[1] .. " " .. thing,
        kind = kind,
        colour = colour[2],
      }
      icons.rows[#icons.rows + 1] = row
      by_id[row.id] = row
    end
  end
end

local function uint32(value)
  return string.char(
    math.floor(value / 16777216) % 256,
    math.floor(value / 65536) % 256,
    math.floor(value / 256) % 256,
    value % 256
  )
end

local function chunk(kind, data)
  return uint32(#data) .. kind .. data .. gzip.crc32(kind .. data):reverse()
end

local function adler32(bytes)
  local a, b = 1, 0
  for i = 1, #bytes do
    a = (a + bytes:byte(i)) % 65521
    b = (b + a) % 65521
  end
  return uint32(b * 65536 + a)
end

--- A PNG of one colour.
---@param size number its sides, in pixels
---@param colour string three bytes
---@return string bytes
function icons.png(size, colour)
  local raw = string.rep("\0" .. string.rep(colour, size), size)
  local parts, at = { "\120\1" }, 1
  while at <= #raw do
    -- Stored, not compressed: at most 65535 bytes a block.
    local block = raw:sub(at, at + 65534)
    at = at + #block
    local size_bytes = string.char(#block % 256, math.floor(#block / 256))
    local inverse = string.char(255 - #block % 256, 255 - math.floor(#block / 256))
    parts[#parts + 1] = (at > #raw and "\1" or "\0") .. size_bytes .. inverse .. block
  end
  parts[#parts + 1] = adler32(raw)
  return "\137PNG\r\n\26\n"
    .. chunk("IHDR", uint32(size) .. uint32(size) .. "\8\2\0\0\0")
    .. chunk("IDAT", table.concat(parts))
    .. chunk("IEND", "")
end

--- The picture with an id.
---@param id string
---@return string|nil bytes
function icons.file(id)
  local row = by_id[id]
  if not row then
    return nil
  end
  row.file = row.file or icons.png(icons.SIZE, row.colour)
  return row.file
end

return icons
