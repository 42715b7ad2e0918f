-- Real mp4 files of any length: the fixture's frames, shown for as long as it takes.
local data = require "heygen.sim.media.clip_data"
local text = require "heygen.sim.core.text"

local clip = {}

local CONTAINERS = { moov = true, trak = true, mdia = true, minf = true, stbl = true, edts = true }

local function uint32(value)
  return string.char(
    math.floor(value / 16777216) % 256,
    math.floor(value / 65536) % 256,
    math.floor(value / 256) % 256,
    value % 256
  )
end

local function read_uint32(bytes, at)
  local a, b, c, d = bytes:byte(at, at + 3)
  return ((a * 256 + b) * 256 + c) * 256 + d
end

--- Calls `visit(kind, first byte of the content, size of the content)` for every box.
---@param bytes string an mp4 file
---@param visit function
function clip.walk(bytes, visit)
  local function level(at, stop)
    while at + 7 <= stop do
      local size, kind = read_uint32(bytes, at), bytes:sub(at + 4, at + 7)
      visit(kind, at + 8, size - 8)
      if CONTAINERS[kind] then
        level(at + 8, at + size - 1)
      end
      at = at + size
    end
  end
  level(1, #bytes)
end

-- The media clock ticks 1000 times per frame and second: then each of the n frames lasts as many ticks as the clip has
-- milliseconds, and every length comes out exact.
local function changes(bytes, milliseconds)
  local at = {}
  clip.walk(bytes, function(kind, first)
    at[kind] = first
  end)
  local frames = read_uint32(bytes, at.stts + 8)
  return {
    { at.mvhd + 12, uint32(1000) },
    { at.mvhd + 16, uint32(milliseconds) },
    { at.tkhd + 20, uint32(milliseconds) },
    { at.elst + 8, uint32(milliseconds) },
    { at.mdhd + 12, uint32(1000 * frames) },
    { at.mdhd + 16, uint32(milliseconds * frames) },
    { at.stts + 12, uint32(milliseconds) },
  }
end

local originals, made, made_count = {}, {}, 0

--- A playable clip.
---@param seconds number its length, 0.02 or more; kept to the millisecond
---@param orientation string "landscape" (320x180) or "portrait" (180x320)
---@param captioned boolean|nil with captions in the picture
---@return string bytes
function clip.make(seconds, orientation, captioned)
  local milliseconds = math.max(20, math.floor(seconds * 1000 + 0.5))
  local original = orientation .. (captioned and "_captioned" or "")
  local key = original .. milliseconds
  if made[key] then
    return made[key]
  end
  originals[original] = originals[original]
    or text.unbase64(
      captioned and require("heygen.sim.media.media_data").captioned[orientation] or data[orientation]
    )
  local bytes = originals[original]
  local list = changes(bytes, milliseconds)
  table.sort(list, function(x, y)
    return x[1] < y[1]
  end)
  local parts, from = {}, 1
  for _, change in ipairs(list) do
    parts[#parts + 1] = bytes:sub(from, change[1] - 1)
    parts[#parts + 1] = change[2]
    from = change[1] + 4
  end
  parts[#parts + 1] = bytes:sub(from)
  if made_count >= 64 then
    made, made_count = {}, 0
  end
  made[key], made_count = table.concat(parts), made_count + 1
  return made[key]
end

return clip
