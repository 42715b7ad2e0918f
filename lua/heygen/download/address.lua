-- Where a file comes from: a video, something else with an address, an id or an address; where it is asked for again
-- when the address has expired or is not there yet; and where a redirect leads.
local core = require "heygen.core"
local errors = require "heygen.errors"
local response = require "heygen.http.response"
local job_types = require "heygen.wait.job_types"
local pause = require "heygen.driver.pause"
local protected = require "heygen.task.protected"
local urls = require "heygen.schema.url"
local values = require "heygen.schema.value"

local address = {}

local byte, lower, sub = string.byte, string.lower, string.sub

local REDIRECTS = 5

-- variant -> the fields that may have its address: of a video first, then of what else is made and of webhook events
local FIELDS = {
  video = { "video_url", "url", "audio_url" },
  captioned = { "captioned_video_url" },
  gif = { "gif_url", "gif_download_url" },
  thumbnail = { "thumbnail_url" },
  subtitle = { "subtitle_url", "srt_caption_url", "caption_url", "srt_url" },
}
local VARIANTS = { "video", "captioned", "gif", "thumbnail", "subtitle" }

address.variants = VARIANTS

local filled = values.filled

-- The address of a variant in an object, and the field that it stands in.
local function find(object, variant)
  for _, field in ipairs(FIELDS[variant]) do
    if filled(object[field]) then
      return object[field], field
    end
  end
end

local function variants_of(object)
  local list = {}
  for _, variant in ipairs(VARIANTS) do
    if find(object, variant) then
      list[#list + 1] = variant
    end
  end
  return #list > 0 and table.concat(list, ", ") or "none at all"
end

-- What a create returned is no file yet, and a list is none.
local function where_to(given)
  if filled(given.session_id) then
    return "; the session has no video yet: client:wait gives it"
  end
  return (job_types.hint(given):gsub("waits for this$", "gives what can be downloaded"))
end

-- Endings of names that no page has.
local MEDIA = {}
for ending in ("avi gif heic jpeg jpg m4a m4v mkv mov mp3 mp4 ogg png wav webm webp"):gmatch "%w+" do
  MEDIA[ending] = true
end

-- Whether the name of a file says that it is a video, a picture or a sound.
local function is_media_name(name)
  return type(name) == "string" and MEDIA[lower(name:gsub("[?#].*$", ""):match "%.(%w+)$" or "")] == true
end

-- Blanks in front and behind are dropped, others are sent as browsers send them, and so are bytes beyond ASCII. What
-- can stand in no address is left to the check of it.
local function clean(url)
  local last = #url
  while last > 0 and byte(url, last) <= 32 do
    last = last - 1
  end
  url = sub(url, 1, last):gsub("^[%z\1-\32]+", ""):gsub("[\t\r\n]", "")
  return (url:gsub("[ \128-\255]", function(character)
    return ("%%%02X"):format(byte(character))
  end))
end

---Fills in url, video_id and wants_media from what was given. A table without both is no mistake of the program: the
---service may have sent it. `sender` has sent the address: nil for the program itself.
---@param client heygen.Client
---@param state table
---@param given any
---@param target any
---@param level integer
---@return true?
---@return heygen.Error?
function address.read(client, state, given, target, level)
  local variant = state.variant
  if type(given) == "string" then
    if not given:find "^%s*%a[%w+.-]*://" then
      state.video_id, state.wants_media = given, variant ~= "subtitle"
      return true
    elseif state.options.variant then
      error("client:download: variant: an address is that of one file; give the video or its id", level + 1)
    end
    state.url = clean(given)
    state.wants_media = is_media_name(given) or is_media_name(target)
    return true
  elseif type(given) ~= "table" then
    error("client:download: expected a video, its id or an address, got " .. values.given(given), level + 1)
  end
  local url, field = find(given, variant)
  local id = filled(given.id)
  if field == "url" or field == "audio_url" then
    id = nil -- of an asset or a piece of speech
  end
  state.url, state.video_id = url and clean(url), id or filled(given.video_id)
  state.is_instant = filled(given.model) ~= nil and not id -- of client.models
  state.sender = client.base
  if field == "url" or not (url or state.video_id) then
    state.wants_media = is_media_name(url) or is_media_name(target) -- an asset may be anything
  else
    state.wants_media = variant ~= "subtitle"
  end
  state.has_other = variant ~= "video" and find(given, "video") ~= nil
  if state.url or state.video_id or state.options.refresh then
    return true
  elseif state.has_other then
    return nil,
      errors.new {
        kind = "invalid",
        message = ("client:download: there is no %s file; it has: %s"):format(variant, variants_of(given)),
        param = "variant",
        sent = "no",
      }
  end
  return nil,
    errors.new {
      kind = "invalid",
      message = "client:download: the table given has no video_url, url, id or video_id that is a text and not empty"
        .. where_to(given),
      sent = "no",
    }
end

---What the file is a part of, for those who find a part of it later: no address that expires, and no secret.
---@param state table
---@return string
function address.identity(state)
  if state.video_id then
    return ("video %s %s"):format(state.video_id, state.variant)
  end
  return "address " .. (state.url or ""):gsub("[?#].*$", "")
end

---Whether a request may go there.
---@param client heygen.Client
---@param state table
---@return true?
---@return heygen.Error?
function address.check(client, state)
  local base, why = urls.split(state.url, client.options.allow_http)
  local inward = state.sender and urls.inward_problem(state.url, state.sender)
  if base and not inward then
    return true
  end
  why = inward or why
  return state.fail {
    kind = "invalid",
    message = "client:download: " .. why .. ", got " .. urls.shown(client.hide(state.url)),
    sent = "no",
  }
end

-- The object again: from the function of the caller, else the video. Returns object | nil, err.
local function fetch_object(client, state)
  local refresh = state.options.refresh
  if not refresh then
    local left = math.max(state.deadline - core.now(), 0.001)
    local options = { deadline = math.min(left, client.options.deadline) }
    local video, _, failure
    if state.is_instant then
      video, _, failure = client.models:get_video(state.video_id, options)
    else
      video, _, failure = client.videos:get(state.video_id, options)
    end
    return video, failure
  end
  local ok, object, message, err = protected.call(refresh)
  if not ok then
    return state.fail {
      kind = "callback",
      message = "client:download: refresh raised: " .. errors.text(object),
    }
  elseif type(object) == "string" then
    return { url = object, status = "completed" }
  elseif type(object) == "table" then
    return object
  elseif errors.is(err) then
    return nil, err
  end
  return state.fail {
    kind = "callback",
    message = "client:download: refresh: expected an object or an address, got "
      .. errors.text(message or type(object)),
  }
end

local function not_ready(client, state, object)
  local status = errors.foreign(object.status, 40, client.hide)
  return state.fail {
    kind = status == "failed" and "failed" or "api",
    code = status ~= "failed" and "resource_not_ready" or nil,
    message = ("client:download: the video is %s: only a completed one has a file (client:wait)"):format(
      status
    ),
    status = 200,
    sent = "yes",
    last = response.without_secret(object, client.hide),
  }
end

---Asks for an address; right after `completed` there may be none yet.
---@param client heygen.Client
---@param state table
---@return true?
---@return heygen.Error?
function address.refresh(client, state)
  while true do
    local object, err = fetch_object(client, state)
    if not object then
      return nil, err
    end
    local url = find(object, state.variant)
    if url then
      url = clean(url)
      state.url, state.origin, state.redirects = url, url, 0
      state.sender = not state.options.refresh and client.base or nil
      return address.check(client, state)
    elseif type(object.status) == "string" and object.status ~= "completed" then
      return not_ready(client, state, object)
    elseif state.variant ~= "video" and find(object, "video") then
      return state.fail {
        kind = "api",
        code = "no_such_variant",
        message = ("client:download: the video has no %s file; it has: %s"):format(
          state.variant,
          variants_of(object)
        ),
        param = "variant",
        status = 200,
        sent = "yes",
        retryable = false,
      }
    end
    local seconds = state.lags()
    if core.now() + seconds >= state.deadline then
      return state.fail {
        kind = "timeout",
        message = "client:download: the video still has no address",
        sent = "yes",
        last = response.without_secret(object, client.hide),
      }
    end
    local slept, reason, kind = pause.sleep(client, seconds)
    if not slept then
      return state.fail { kind = kind or "cancelled", message = "client:download: " .. (reason or "cancelled") }
    end
  end
end

-- A path next to the file of an address: "b", "./b", "../b".
local function next_to(url, location)
  local host, directory = url:gsub("[?#].*$", ""):match "^(%a[%w+.-]*://[^/]*)(.*)$"
  directory = (directory or ""):match "^(.*/)" or "/"
  local at = 1
  while true do
    local up, past = location:match("^%.(%.?)/()", at)
    if not up then
      return host and host .. directory .. location:sub(at)
    elseif up == "." then
      directory = directory:match "^(.*/)[^/]*/$" or "/"
    end
    at = past
  end
end

-- Where a redirect leads: an absolute address, or one that is completed by the present one (RFC 3986, 5.2).
local function target_of(url, location)
  location = clean(location):gsub("#.*$", "")
  if location:find "^%a[%w+.-]*://" then
    return location
  elseif location:find "^//" then
    return url:match "^(%a[%w+.-]*:)" .. location
  elseif location:find "^/" then
    return url:match "^(%a[%w+.-]*://[^/?#]+)" .. location
  elseif location:find "^%?" then
    return url:gsub("[?#].*$", "") .. location
  elseif location ~= "" and not location:find "^[^/?]*:" then
    return next_to(url, location)
  end
end

local function is_https(url)
  return url:find "^[hH][tT][tT][pP][sS]:" ~= nil
end

---Follows a redirect, if that is safe.
---@param client heygen.Client
---@param state table
---@param problem table with its location
---@return true?
---@return heygen.Error?
function address.redirect(client, state, problem)
  state.redirects = state.redirects + 1
  local url = target_of(state.url, problem.location)
  if not url or state.redirects > REDIRECTS then
    problem.message = "client:download: too many redirects, or one that leads nowhere"
    return state.fail(problem)
  elseif is_https(state.url) and not is_https(url) then
    problem.message = "client:download: a redirect from https to plain http was refused"
    return state.fail(problem)
  end
  state.url, state.sender = url, state.url
  return address.check(client, state)
end

return address
