-- Videos: what the agent's runs make.
local media = require "heygen.sim.media"
local pages = require "heygen.sim.core.pages"
local respond = require "heygen.sim.core.respond"
local schedule = require "heygen.sim.core.schedule"

local videos = {}

local ITEM_STATUS = { pending = "queued", completed = "completed", failed = "failed" }

local function gone(model, id)
  return respond.problem(model.json, 404, "video_not_found", "No video " .. id .. " was found", "video_id")
end

--- Makes the video of a run; it can be seen when the run's schedule says so.
---@param model table
---@param run table
---@param video table title, orientation, and what else is known of it: session, callback_url, callback_id, batch, …
---@return table video
function videos.add(model, run, video)
  local rows = model.videos.rows
  local id = run.b.numeric_ids and model.ids:digits(15) or model.ids:hex(32)
  video.id, video.run, video.place = id, run, #rows + 1
  rows[video.place] = video
  model.videos.by_id[video.id] = video
  return video
end

--- The state of a video that can be seen.
---@param model table
---@param video table|nil
---@return table|nil state see schedule.state
function videos.state(model, video)
  if not video or video.deleted then
    return nil
  end
  local now = model.clock:now()
  local state = schedule.state(video.run, now)
  return state.video_visible and video.run.start <= now and state or nil
end

local function explain(object, state, b)
  if state.hold and state.hold.stopped then
    object.failure_message = "The session was stopped."
  elseif not state.lost then
    -- Of a video whose session has failed before it began, only the session says why.
    object.failure_code = b.failure_code or nil
    object.failure_message = b.failure_message or nil
  end
  if b.reason_in ~= "fields" then
    local code, message = object.failure_code, object.failure_message
    object.failure_code, object.failure_message = nil, nil
    object[b.reason_in] = b.reason_in == "error" and { code = code, message = message } or message
  end
end

local function show_files(model, object, video, with_video)
  local files, life, nonce = model.files, video.run.b.url_expires, model.noise:hex(24)
  object.thumbnail_url = files:url(video.id .. ".jpg", life, nonce)
  object.gif_url = files:url(video.id .. ".gif", life, nonce)
  if not with_video then
    return
  end
  object.video_url = files:url(video.id .. ".mp4", life, nonce)
  if media.captioned(video) then
    object.captioned_video_url = files:url(video.id .. "_captioned.mp4", life, nonce)
  end
  if media.subtitled(video) then
    object.subtitle_url = files:url(video.id .. ".srt", life, nonce)
  end
end

local FIELDS = {
  "title",
  "video_url",
  "thumbnail_url",
  "gif_url",
  "captioned_video_url",
  "subtitle_url",
  "duration",
  "created_at",
  "completed_at",
  "folder_id",
  "output_language",
  "failure_code",
  "failure_message",
  "video_page_url",
}

--- The Video object; nil while it cannot be seen.
---@param model table
---@param video table|nil
---@return table|nil object
function videos.show(model, video)
  local state = videos.state(model, video)
  if not state then
    return nil
  end
  local b, now = video.run.b, model.clock:now()
  local object = {
    id = video.id,
    status = state.video_status,
    title = video.title,
    folder_id = video.folder_id,
    output_language = video.output_language,
    created_at = math.floor(state.video_created),
    video_page_url = "https://app.heygen.com/videos/" .. video.id,
  }
  if state.video_status == "completed" then
    object.completed_at = math.floor(state.finished)
    object.duration = b.clip_seconds
    show_files(model, object, video, now >= state.finished + b.video_url_late)
  end
  if state.video_status == "failed" then
    explain(object, state, b)
  end
  for _, name in ipairs(FIELDS) do
    if object[name] == nil then
      object[name] = model.json.null
    end
  end
  return model:finish(object, b)
end

function videos.get(model, _, _, id)
  local video = model.videos.by_id[id]
  local state = videos.state(model, video)
  if state and model.clock:now() < state.video_created + video.run.b.not_found_first then
    return gone(model, id)
  end
  local object = videos.show(model, video)
  return object and respond.data(model.json, object) or gone(model, id)
end

function videos.list(model, _, query)
  local items, token = pages.cut(model.videos.rows, "videos", query.limit, query.token, function(video)
    if query.folder_id and query.folder_id ~= (video.folder_id or "") then
      return nil
    elseif query.title and not video.title:lower():find(query.title:lower(), 1, true) then
      return nil
    end
    return videos.show(model, video)
  end)
  return model:page(items, token)
end

function videos.delete(model, _, _, id)
  local video = model.videos.by_id[id]
  if not videos.state(model, video) then
    return gone(model, id)
  end
  video.deleted = true
  model.videos.rows[video.place] = false
  model.videos.by_id[id] = nil
  return respond.data(model.json, { id = id, deleted = true })
end

--- An item of a batch, or any video, in the words of statuses.
---@param model table
---@param item table video, or error when it could not be made
---@return string status, string|nil video_id, table|nil error
function videos.item(model, item)
  local video, null = item.video, model.json.null
  if not video then
    return "failed", nil, item.error
  end
  local now = model.clock:now()
  if now < video.run.start then
    return "queued"
  end
  local state = schedule.state(video.run, now)
  local b, problem = video.run.b, nil
  if state.video_status == "failed" then
    problem = { code = b.failure_code or null, message = b.failure_message or null }
  end
  return ITEM_STATUS[state.video_status] or "processing", video.id, problem
end

return videos
