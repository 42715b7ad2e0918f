-- Where a file comes from: a video, something else with an address, an id or an address; and where its address is had
-- again, when that has expired or does not exist yet.
local core = require "heygen.core"
local errors = require "heygen.errors"
local response = require "heygen.http.response"
local job_types = require "heygen.wait.job_types"
local pause = require "heygen.driver.pause"
local protected = require "heygen.task.protected"
local urls = require "heygen.schema.url"
local values = require "heygen.schema.value"

local source = {}

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

source.variants = VARIANTS

-- An empty text is no id and no address.
local function filled(value)
  return type(value) == "string" and value ~= "" and value or nil
end

-- The address of a variant in an object, and the field that it stands in.
local function address(object, variant)
  for _, field in ipairs(FIELDS[variant]) do
    if filled(object[field]) then
      return object[field], field
    end
  end
end

local function variants_of(object)
  local list = {}
  for _, variant in ipairs(VARIANTS) do
    if address(object, variant) then
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

---Fills in url, video_id from what was given. A table without both is no mistake of the program: the service may have
---sent it.
---@param state table
---@param given any
---@param level integer
---@return true?
---@return string?
---@return heygen.Error?
function source.read(state, given, level)
  local variant = state.variant
  if type(given) == "string" then
    if not given:find "^%a[%w+.-]*://" then
      state.video_id = given
      return true
    elseif state.options.variant then
      error("client:download: variant: an address is that of one file; give the video or its id", level + 1)
    end
    state.url = given
    return true
  elseif type(given) ~= "table" then
    error("client:download: expected a video, its id or an address, got " .. values.given(given), level + 1)
  end
  local url, field = address(given, variant)
  local id = filled(given.id)
  if field == "url" or field == "audio_url" then
    id = nil -- of an asset or a piece of speech
  end
  state.url, state.video_id = url, id or filled(given.video_id)
  state.has_other = variant ~= "video" and address(given, "video") ~= nil
  if state.url or state.video_id or state.options.refresh then
    return true
  elseif state.has_other then
    return errors.fail {
      kind = "invalid",
      message = ("download: there is no %s file; it has: %s"):format(variant, variants_of(given)),
      param = "variant",
      sent = "no",
    }
  end
  return errors.fail {
    kind = "invalid",
    message = "download: the table given has no video_url, url, id or video_id that is a text and not empty"
      .. where_to(given),
    sent = "no",
  }
end

---What the file is a part of, for those who find a part of it later: no address that expires, and no secret.
---@param state table
---@return string
function source.identity(state)
  if state.video_id then
    return ("video %s %s"):format(state.video_id, state.variant)
  end
  return "address " .. (state.url or ""):gsub("[?#].*$", "")
end

---May a request go there?
---@param client heygen.Client
---@param state table
---@return true?
---@return string?
---@return heygen.Error?
function source.check(client, state)
  local base, why = urls.split(state.url, client.options.allow_http)
  if base then
    return true
  end
  return state.fail {
    kind = "invalid",
    message = "download: " .. why .. ", got " .. urls.shown(client.hide(state.url)),
    sent = "no",
  }
end

-- The object again: from the function of the caller, else the video. nil, message, err when that failed.
local function poll(client, state)
  local refresh = state.options.refresh
  if not refresh then
    local left = math.max(state.deadline - core.now(), 0.001)
    return client.videos:get(state.video_id, { deadline = math.min(left, client.options.deadline) })
  end
  local ok, object, message, err = protected.call(refresh)
  if not ok then
    return state.fail { kind = "callback", message = "download: refresh raised: " .. errors.text(object) }
  elseif type(object) == "string" then
    return { url = object, status = "completed" }
  elseif type(object) == "table" then
    return object
  elseif errors.is(err) then
    return nil, message, err
  end
  return state.fail {
    kind = "callback",
    message = "download: refresh: expected an object or an address, got "
      .. errors.text(message or type(object)),
  }
end

local function not_ready(client, state, object)
  local status = errors.foreign(object.status, 40, client.hide)
  return state.fail {
    kind = status == "failed" and "failed" or "api",
    code = status ~= "failed" and "resource_not_ready" or nil,
    message = ("download: the video is %s: only a completed one has a file (client:wait)"):format(status),
    status = 200,
    sent = "yes",
    last = response.without_secret(object, client.hide),
  }
end

---Asks for an address; right after `completed` there may be none yet.
---@param client heygen.Client
---@param state table
---@return true?
---@return string?
---@return heygen.Error?
function source.refresh(client, state)
  while true do
    local object, message, err = poll(client, state)
    if not object then
      return nil, message, err
    end
    local url = address(object, state.variant)
    if url then
      state.url, state.origin, state.redirects = url, url, 0
      return true
    elseif type(object.status) == "string" and object.status ~= "completed" then
      return not_ready(client, state, object)
    elseif state.variant ~= "video" and address(object, "video") then
      return state.fail {
        kind = "api",
        code = "no_such_variant",
        message = ("download: the video has no %s file; it has: %s"):format(
          state.variant,
          variants_of(object)
        ),
        param = "variant",
        status = 200,
        sent = "yes",
        retryable = false,
      }
    elseif core.now() + state.lag >= state.deadline then
      return state.fail {
        kind = "timeout",
        message = "download: the video still has no address",
        sent = "yes",
        last = response.without_secret(object, client.hide),
      }
    end
    local slept, reason, kind = pause.sleep(client, state.lag)
    if not slept then
      return state.fail { kind = kind or "cancelled", message = "download: " .. (reason or "cancelled") }
    end
    state.lag = math.min(state.lag * 2, 10)
  end
end

-- Where a redirect leads: an absolute address, or a path on the same host.
local function target(url, location)
  if location:find "^%a[%w+.-]*://" then
    return location
  elseif location:find "^//" then
    return url:match "^(%a[%w+.-]*:)" .. location
  elseif location:find "^/" then
    return url:match "^(%a[%w+.-]*://[^/?#]+)" .. location
  elseif location:find "^[%w._~%%-]" then -- next to the present file
    return (url:gsub("[?#].*$", ""):match "^(%a[%w+.-]*://.*/)" or url .. "/") .. location
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
---@return string?
---@return heygen.Error?
function source.redirect(client, state, problem)
  state.redirects = state.redirects + 1
  local url = target(state.url, problem.location)
  if not url or state.redirects > REDIRECTS then
    problem.message = "download: too many redirects, or one that leads nowhere"
    return state.fail(problem)
  elseif is_https(state.url) and not is_https(url) then
    problem.message = "download: a redirect from https to plain http was refused"
    return state.fail(problem)
  end
  state.url = url
  return source.check(client, state)
end

return source
