-- What a file is, told from its bytes: names and declared types are not believed.
local detect = {}

local function audio(bytes)
  if bytes:sub(1, 4) == "RIFF" and bytes:sub(9, 12) == "WAVE" then
    return "audio/wav"
  elseif bytes:sub(1, 3) == "ID3" then
    return "audio/mpeg"
  end
  -- A frame of MPEG audio, layer III: sync, a bit rate and a sampling rate that exist.
  local a, b, c = bytes:byte(1, 3)
  if a == 255 and b and c and b >= 224 and math.floor(b / 2) % 4 == 1 and math.floor(b / 8) % 4 ~= 1 then
    local rate, sampling = math.floor(c / 16), math.floor(c / 4) % 4
    return rate > 0 and rate < 15 and sampling < 3 and "audio/mpeg" or nil
  end
end

local function subtitles(bytes)
  local plain = bytes:gsub("^\239\187\191", "")
  return plain:find "^%s*%d+[ \t]*\r?\n%d+:%d%d:%d%d[,%.]%d+ %-%-> %d+:%d%d:%d%d[,%.]%d+"
    and "application/x-subrip"
end

local KINDS = {
  ["image/png"] = "image",
  ["image/jpeg"] = "image",
  ["video/mp4"] = "video",
  ["video/webm"] = "video",
  ["audio/mpeg"] = "audio",
  ["audio/wav"] = "audio",
  ["application/pdf"] = "pdf",
  ["application/x-subrip"] = "subtitle",
}

local ENDINGS = {
  ["image/png"] = "png",
  ["image/jpeg"] = "jpg",
  ["video/mp4"] = "mp4",
  ["video/webm"] = "webm",
  ["audio/mpeg"] = "mp3",
  ["audio/wav"] = "wav",
  ["application/pdf"] = "pdf",
  ["application/x-subrip"] = "srt",
  ["application/zip"] = "zip",
}

--- The media type of some bytes.
---@param bytes string
---@return string|nil media_type one that the service takes; nil for anything else
function detect.media_type(bytes)
  if bytes:sub(1, 8) == "\137PNG\r\n\26\n" then
    return "image/png"
  elseif bytes:sub(1, 3) == "\255\216\255" then
    return "image/jpeg"
  elseif bytes:sub(5, 8) == "ftyp" then
    return "video/mp4"
  elseif bytes:sub(1, 4) == "\26\69\223\163" and bytes:sub(1, 64):find("webm", 1, true) then
    return "video/webm"
  elseif bytes:sub(1, 5) == "%PDF-" then
    return "application/pdf"
  end
  return audio(bytes) or subtitles(bytes:sub(1, 256)) or nil
end

--- Whether it is what only a direct upload takes, and only under its name: the project of a HyperFrames render.
---@param bytes string
---@param media_type string the declared one
---@return boolean
function detect.is_project(bytes, media_type)
  return media_type == "application/zip" and bytes:sub(1, 4) == "PK\3\4"
end

---@param media_type string
---@return string|nil kind image, video, audio, pdf, subtitle
function detect.kind(media_type)
  return KINDS[media_type]
end

---@param media_type string
---@return string ending without the dot
function detect.ending(media_type)
  return ENDINGS[media_type] or "bin"
end

--- All the media types that the service takes.
---@return table list
function detect.known()
  local list = {}
  for media_type in pairs(KINDS) do
    list[#list + 1] = media_type
  end
  table.sort(list)
  return list
end

return detect
