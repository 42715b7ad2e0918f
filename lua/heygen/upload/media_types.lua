-- What a file is, told from its first bytes, as the service tells it: neither its name nor the declared type is
-- believed where the bytes tell another one. What they do not tell is sent as what it is declared to be: the service
-- may know more.
local media_types = {}

local byte, find, floor, gsub = string.byte, string.find, math.floor, string.gsub
local lower, match, sub = string.lower, string.match, string.sub

media_types.HEAD = 4096 -- bytes that are enough to tell

-- What the service takes, in the order in which it is named to people; and the usual ending of a name.
local TAKEN = {
  { "image/png", "png" },
  { "image/jpeg", "jpg" },
  { "video/mp4", "mp4" },
  { "video/webm", "webm" },
  { "audio/mpeg", "mp3" },
  { "audio/wav", "wav" },
  { "application/pdf", "pdf" },
  { "application/x-subrip", "srt" },
}

local ZIP = "application/zip" -- taken by a direct upload alone: the project of a HyperFrames render

local ENDINGS, ALL = { [ZIP] = "zip" }, {}
for index, taken in ipairs(TAKEN) do
  ENDINGS[taken[1]], ALL[index] = taken[2], taken[1]
end

-- Other names of the same types.
local ALIASES = {
  ["application/srt"] = "application/x-subrip",
  ["application/x-pdf"] = "application/pdf",
  ["application/x-zip-compressed"] = "application/zip",
  ["audio/mp3"] = "audio/mpeg",
  ["audio/vnd.wave"] = "audio/wav",
  ["audio/wave"] = "audio/wav",
  ["audio/x-mp3"] = "audio/mpeg",
  ["audio/x-mpeg"] = "audio/mpeg",
  ["audio/x-wav"] = "audio/wav",
  ["image/jpg"] = "image/jpeg",
  ["image/pjpeg"] = "image/jpeg",
  ["image/x-png"] = "image/png",
  ["text/srt"] = "application/x-subrip",
  ["text/x-subrip"] = "application/x-subrip",
}

-- Brands of the ISO container that are no MP4 video. All else is: new ones appear, and players take them.
local BRANDS = {
  ["qt  "] = "video/quicktime",
  ["M4A "] = "audio/mp4",
  ["M4B "] = "audio/mp4",
  heic = "image/heic",
  heim = "image/heic",
  heis = "image/heic",
  heix = "image/heic",
  hevc = "image/heic",
  hevx = "image/heic",
  mif1 = "image/heif",
  msf1 = "image/heif",
  avif = "image/avif",
  avis = "image/avif",
  ["crx "] = "image/x-canon-cr3",
}

local RIFF = { WAVE = "audio/wav", ["AVI "] = "video/x-msvideo", WEBP = "image/webp" }

-- First bytes that are enough. Most of these are not taken: they make a message that helps.
local BEGINNINGS = {
  { "\137PNG\r\n\26\n", "image/png" },
  { "\255\216\255", "image/jpeg" },
  { "ID3\2", "audio/mpeg" },
  { "ID3\3", "audio/mpeg" },
  { "ID3\4", "audio/mpeg" },
  { "GIF87a", "image/gif" },
  { "GIF89a", "image/gif" },
  { "BM", "image/bmp" },
  { "II*\0", "image/tiff" },
  { "MM\0*", "image/tiff" },
  { "OggS", "audio/ogg" },
  { "fLaC", "audio/flac" },
  { "FLV\1", "video/x-flv" },
  { "PK\3\4", "application/zip" },
  { "\31\139", "application/gzip" },
  { "\208\207\17\224\161\177\26\225", "application/x-ole-storage" },
  { "%PDF-", "application/pdf" },
}

-- In words, where the type alone does not tell a user what he has there.
local WORDS = {
  ["application/zip"] = "a ZIP archive, as .pptx, .docx and .xlsx files are",
  ["application/x-ole-storage"] = "an old Office file, as .ppt, .doc and .xls files are",
  ["video/quicktime"] = "a QuickTime video (.mov)",
  ["text/html"] = "a page of HTML",
  ["text/vtt"] = "WebVTT subtitles, not SRT",
}

-- A frame of MPEG audio, layer III: sync, a version, a bit rate and a sampling rate that exist.
local function is_mpeg_audio(head)
  local a, b, c = byte(head, 1, 3)
  if a ~= 255 or not c or b < 224 then
    return false
  end
  local version, layer = floor(b / 8) % 4, floor(b / 2) % 4
  local rate, sampling = floor(c / 16), floor(c / 4) % 4
  return version ~= 1 and layer == 1 and rate > 0 and rate < 15 and sampling < 3
end

-- EBML: the element DocType says which of the two it is. Its length has one byte as a rule, but may have up to eight,
-- whose number the zero bits in front tell; and NULs may stand behind its text.
local function matroska(head)
  local at = match(head, "^\26\69\223\163.-\66\130()")
  local first, more = at and byte(head, at) or 0, 0
  while first > 0 and first < 128 / 2 ^ more do
    more = more + 1
  end
  local length = first % (128 / 2 ^ more)
  for index = 1, more do
    length = length * 256 + (byte(head, at + index) or 0)
  end
  local kind = first > 0 and match(sub(head, at + 1 + more, at + more + length), "^%w*")
  return kind == "webm" and "video/webm" or "video/x-matroska"
end

local TIME = "%d+:%d%d:%d%d[,.]%d+"
local SRT = "^%s*%d+[ \t]*\r?\n[ \t]*" .. TIME .. "[ \t]*%-%->[ \t]*" .. TIME

local function text(head)
  head = match(head, "^\239\187\191(.*)$") or head
  if find(head, SRT) then
    return "application/x-subrip"
  elseif sub(head, 1, 6) == "WEBVTT" then
    return "text/vtt"
  end
  local start = lower(sub(head, 1, 512))
  if find(start, "^%s*<!doctype html") or find(start, "^%s*<html") then
    return "text/html"
  elseif find(start, "^%s*<%?xml") or find(start, "^%s*<svg") then
    return find(start, "<svg", 1, true) and "image/svg+xml" or "text/xml"
  end
  return nil
end

-- Editors of Windows save subtitles in UTF-16.
local function from_utf_16(head)
  local mark = sub(head, 1, 2)
  return (mark == "\255\254" or mark == "\254\255") and gsub(sub(head, 3), "%z", "") or nil
end

---The media type of some content.
---@param head string its first media_types.HEAD bytes
---@return string? media_type nil: not known
function media_types.detect(head)
  for _, beginning in ipairs(BEGINNINGS) do
    if sub(head, 1, #beginning[1]) == beginning[1] then
      return beginning[2]
    end
  end
  if sub(head, 1, 4) == "\26\69\223\163" then
    return matroska(head)
  elseif sub(head, 5, 8) == "ftyp" then
    return BRANDS[sub(head, 9, 12)] or "video/mp4"
  elseif sub(head, 1, 4) == "RIFF" then
    return RIFF[sub(head, 9, 12)]
  elseif is_mpeg_audio((gsub(head, "^%z+", ""))) then -- some encoders put zeros in front
    return "audio/mpeg"
  end
  local found = text(from_utf_16(head) or head) -- which may speak of PDF
  if not found and find(sub(head, 1, 1024), "%PDF-", 1, true) then -- readers take some junk in front of it
    return "application/pdf"
  end
  return found
end

---All that the service takes.
---@return string[]
function media_types.all()
  local list = {}
  for index, name in ipairs(ALL) do
    list[index] = name
  end
  return list
end

---Whether it is a type that only a direct upload takes.
---@param media_type string
---@return boolean
function media_types.needs_direct(media_type)
  return media_type == ZIP
end

---What a direct upload takes of a content that is called so: a ZIP archive must be called one, as .pptx files are some.
---@param name string?
---@param given string? the declared type
---@return string[]
function media_types.direct(name, given)
  local list = media_types.all()
  if
    given and media_types.canonical(given) == ZIP or (not given and name and find(lower(name), "%.zip$"))
  then
    list[#list + 1] = ZIP
  end
  return list
end

---The usual ending of a file's name, without the dot.
---@param media_type string one that is taken
---@return string
function media_types.ending(media_type)
  return ENDINGS[media_type]
end

---The one name of a type that has several.
---@param media_type string with or without parameters behind it
---@return string
function media_types.canonical(media_type)
  local name = lower(match(media_type, "^%s*([^;%s]*)"))
  return ALIASES[name] or name
end

---What is wrong with some content.
---@param head string
---@param given string? the declared type
---@param taken string[]? the types that are taken; nil: all that the service takes anywhere
---@return string? media_type
---@return string? problem to be put behind the name of the file
function media_types.check(head, given, taken)
  local found = media_types.detect(head)
  taken = taken or ALL
  for _, media_type in ipairs(taken) do
    if media_type == found then
      if given and media_types.canonical(given) ~= found then
        return nil, "is " .. found .. " by its content, not " .. given .. ": leave media_type out"
      end
      return found
    end
  end
  local list = "; the service takes " .. table.concat(taken, ", ")
  if found then
    return nil, "is " .. (WORDS[found] or found) .. list
  elseif not given then
    return nil, "is of a type that is not known" .. list .. " (media_type says what it is)"
  end
  for _, media_type in ipairs(taken) do
    if media_type == media_types.canonical(given) then
      return media_type
    end
  end
  return nil, "is " .. given .. " by media_type" .. list
end

return media_types
