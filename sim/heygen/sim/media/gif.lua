-- Real GIFs of any length: the fixture's frames, each shown for its share of the time.
local data = require "heygen.sim.media.media_data"
local text = require "heygen.sim.core.text"

local gif = {}

-- A frame's delay counts hundredths of a second in 16 bits; below two of them, viewers show it for ten.
local LONGEST, SHORTEST = 65535, 2

-- Where the sub-blocks that begin at `at` end.
local function skip_blocks(bytes, at)
  local size = bytes:byte(at)
  while size > 0 do
    at = at + size + 1
    size = bytes:byte(at)
  end
  return at + 1
end

local function color_table(flags)
  return flags >= 128 and 3 * 2 ^ (flags % 8 + 1) or 0
end

--- Takes a GIF apart.
---@param bytes string
---@return table parts { head, frames = list of { before, after } around each frame's delay }
function gif.parse(bytes)
  local at = 14 + color_table(bytes:byte(11))
  local parts, start = { frames = {} }, nil
  while bytes:byte(at) ~= 59 do
    local kind, label = bytes:byte(at, at + 1)
    if kind == 33 and label == 249 then
      parts.head = parts.head or bytes:sub(1, at - 1)
      start = at
    end
    if kind == 33 then
      at = skip_blocks(bytes, at + 2)
    else
      at = skip_blocks(bytes, at + 10 + color_table(bytes:byte(at + 9)) + 1)
      parts.frames[#parts.frames + 1] =
        { before = bytes:sub(start, start + 3), after = bytes:sub(start + 6, at - 1) }
    end
  end
  return parts
end

local parsed, made, made_count = {}, {}, 0

--- A preview.
---@param seconds number its length, 0.02 or more; kept to the hundredth of a second
---@param orientation string "landscape" (144x81) or "portrait" (81x144)
---@return string bytes
function gif.make(seconds, orientation)
  local total = math.max(SHORTEST, math.floor(seconds * 100 + 0.5))
  local key = orientation .. total
  if made[key] then
    return made[key]
  end
  parsed[orientation] = parsed[orientation] or gif.parse(text.unbase64(data.preview[orientation]))
  local parts = parsed[orientation]
  local count = math.max(1, math.min(#parts.frames, math.floor(total / SHORTEST)))
  local list, spent = { parts.head }, 0
  for i = 1, count do
    local frame, stop = parts.frames[i], math.floor(total * i / count)
    local delay = math.min(LONGEST, stop - spent)
    spent = stop
    list[#list + 1] = frame.before .. string.char(delay % 256, math.floor(delay / 256)) .. frame.after
  end
  list[#list + 1] = ";"
  if made_count >= 64 then
    made, made_count = {}, 0
  end
  made[key], made_count = table.concat(list), made_count + 1
  return made[key]
end

return gif
