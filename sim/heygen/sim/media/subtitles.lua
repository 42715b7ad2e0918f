-- Subtitles of any length: the words of a video, spread over its time.
local subtitles = {}

local WORDS, SHORTEST, MOST = 8, 500, 1000

local function stamp(milliseconds)
  local seconds = math.floor(milliseconds / 1000)
  return string.format(
    "%02d:%02d:%02d,%03d",
    math.floor(seconds / 3600),
    math.floor(seconds / 60) % 60,
    seconds % 60,
    milliseconds % 1000
  )
end

--- An SRT file.
---@param said string what is said, UTF-8
---@param seconds number
---@return string bytes
function subtitles.make(said, seconds)
  local words = {}
  for word in said:gsub("%-%->", "->"):gmatch "%S+" do
    words[#words + 1] = word
  end
  if not words[1] then
    words[1] = "…"
  end
  local total = math.max(1, math.floor(seconds * 1000 + 0.5))
  local count = math.min(MOST, math.ceil(#words / WORDS), math.max(1, math.floor(total / SHORTEST)))
  local parts = {}
  for i = 1, count do
    local first, last = math.floor(#words * (i - 1) / count) + 1, math.floor(#words * i / count)
    local from, to = math.floor(total * (i - 1) / count), math.floor(total * i / count)
    parts[i] = string.format(
      "%d\r\n%s --> %s\r\n%s\r\n",
      i,
      stamp(from),
      stamp(to),
      table.concat(words, " ", first, last)
    )
  end
  return table.concat(parts, "\r\n")
end

--- The same as WebVTT.
---@param srt string
---@return string bytes
function subtitles.vtt(srt)
  return "WEBVTT\r\n\r\n" .. srt:gsub("(%d%d:%d%d:%d%d),(%d%d%d)", "%1.%2")
end

return subtitles
