-- The files of a finished video, by the end of their names.
local clip = require "heygen.sim.media.clip"
local gif = require "heygen.sim.media.gif"
local media_data = require "heygen.sim.media.media_data"
local subtitles = require "heygen.sim.media.subtitles"
local text = require "heygen.sim.core.text"

local media = {}

--- Whether this video has subtitles, in a file of their own. Jobs on media and videos of templates have them where they
--- were asked for; a proofread is nothing else.
---@param video table or a job on media
---@return boolean
function media.subtitled(video)
  if video.kind == "proofreads" then
    return true
  end
  local when = video.run.b.captions
  if video.kind then
    return when ~= "never" and video.caption == true
  end
  return when == "always" or (when == "asked" and video.subtitles ~= false)
end

--- Whether it has a variant with captions in the picture: that of an agent, and one that was asked for with a style.
---@param video table or a job on media
---@return boolean
function media.captioned(video)
  local when = video.run.b.captions
  if video.kind then
    return media.subtitled(video)
  end
  return when == "always" or (when == "asked" and (video.session ~= nil or video.captioned == true))
end

local thumbnails = {}

local function thumbnail(orientation)
  thumbnails[orientation] = thumbnails[orientation] or text.unbase64(media_data.thumbnail[orientation])
  return thumbnails[orientation]
end

local function said_in(video)
  return video.run.prompt or video.script or video.title or ""
end

-- Of a part of a job, its own.
local function seconds_of(video)
  return video.seconds or video.run.b.clip_seconds
end

local MAKERS = {
  [".mp4"] = function(video)
    return { type = "video/mp4", body = clip.make(seconds_of(video), video.orientation) }
  end,
  ["_captioned.mp4"] = function(video)
    if media.captioned(video) then
      return { type = "video/mp4", body = clip.make(video.run.b.clip_seconds, video.orientation, true) }
    end
  end,
  [".jpg"] = function(video)
    return { type = "image/jpeg", body = thumbnail(video.orientation) }
  end,
  [".gif"] = function(video)
    return { type = "image/gif", body = gif.make(video.run.b.clip_seconds, video.orientation) }
  end,
  [".srt"] = function(video)
    if media.subtitled(video) then
      -- Corrected subtitles replace ours.
      local body = video.srt or subtitles.make(said_in(video), seconds_of(video))
      return { type = "application/x-subrip", body = body }
    end
  end,
  [".vtt"] = function(video)
    if video.kind and media.subtitled(video) then
      local srt = video.srt or subtitles.make(said_in(video), seconds_of(video))
      return { type = "text/vtt", body = subtitles.vtt(srt) }
    end
  end,
}

--- Whether there is such a file of any video.
---@param variant string ".mp4", "_captioned.mp4", ".jpg", ".gif", ".srt", ".vtt"
---@return boolean
function media.known(variant)
  return MAKERS[variant] ~= nil
end

---@param variant string
---@param video table a completed one
---@return table|nil file { type, body }; nil when this video has none
function media.make(variant, video)
  return MAKERS[variant](video)
end

return media
