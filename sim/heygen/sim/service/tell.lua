-- The words of a webhook: what an event says, and how a delivery says it (headers, signature, body).
local nulls = require "heygen.sim.core.nulls"
local odd = require "heygen.sim.core.odd_json"
local random = require "heygen.sim.core.random"
local text = require "heygen.sim.core.text"

local tell = {}

--- A moment as the webhook calls write it.
---@param at number Unix seconds
---@return string iso ISO 8601
function tell.iso(at)
  return os.date("!%Y-%m-%dT%H:%M:%S", math.floor(at)) .. "Z"
end

local function reason(state, b)
  if state.hold and state.hold.stopped then
    return "The session was stopped."
  elseif state.lost then
    return b.error_message or nil
  end
  return b.failure_message or nil
end

local function shaped(model, data, b)
  return model:finish(b.nulls == "absent" and nulls.strip(data, model.json.null) or data, b)
end

local function page_url(id)
  return "https://app.heygen.com/videos/" .. id
end

-- The URL of a file in an event: it lives from the event on, whenever that is noticed.
local function url_at(model, name, b, at)
  return model.files:url(name, at + b.url_expires - model.clock:now())
end

local function succeeded(model, video, session, b, at)
  local url = url_at(model, video.id .. ".mp4", b, at)
  if session then
    return {
      session_id = session.id,
      video_id = video.id,
      url = url,
      video_url = url,
      video_page_url = page_url(video.id),
    }
  end
  return {
    video_id = video.id,
    url = url,
    gif_download_url = url_at(model, video.id .. ".gif", b, at),
    video_page_url = page_url(video.id),
    video_share_page_url = "https://app.heygen.com/share/" .. video.id,
    folder_id = video.folder_id or model.json.null,
  }
end

local function failed(model, video, session, state, b)
  local words = reason(state, b) or model.json.null
  local data = { session_id = session and session.id, video_id = video and video.id or model.json.null }
  if b.reason_in == "fields" then
    data.msg = words
  else
    data[b.reason_in] = b.reason_in == "error" and { message = words } or words
  end
  return data
end

-- One id for one end of one run, on every process that sees it.
local function event_id(run)
  local thing = run.video or run.job
  local of = thing and thing.id or (run.session.id:gsub("^sess_", "") .. "r" .. run.number)
  return string.format("evt_%s_%d", of, run.told)
end

--- Tells once that everything in a batch has ended.
---@param outbox table
---@param batch table see heygen.sim.service.batches; its items are { video | job | error }
---@param at number Unix seconds
function tell.batch(outbox, batch, at)
  local model, counts = outbox.model, { completed = 0, failed = 0 }
  for _, item in ipairs(batch.items) do
    local thing = item.video or item.job
    if thing and not thing.run.told then
      return
    end
    local name = thing and thing.run.well and "completed" or "failed"
    counts[name] = counts[name] + 1
  end
  if batch.told then
    return
  end
  batch.told = true
  local data = {
    batch_id = batch.id,
    status = counts.completed > 0 and "completed" or "failed",
    title = batch.title or model.json.null,
    total_items = #batch.items,
    counts_by_status = counts,
  }
  outbox:happened({
    id = "evt_" .. batch.id,
    type = "batch.finished",
    at = at,
    data = shaped(model, data, batch.b),
    entity_id = batch.id,
  }, batch.b, batch.callback_url)
end

-- What is told of jobs on media, by its kind; of the others the service tells nothing.
local JOB_EVENTS = {
  video_translations = { name = "video_translate", id = "video_translate_id" },
  proofreads = { name = "proofread_creation", id = "proofread_id" },
  ai_clipping = { name = "ai_clipping", id = "job_id" },
  hyperframes = { name = "hyperframes_video", id = "render_id" },
  filler_word_removals = { name = "filler_word_removal", id = "filler_word_removal_id" },
}

local function of_job(model, job, well, b, at)
  local kind = JOB_EVENTS[job.kind]
  local data = { [kind.id] = job.id, output_language = job.output_language }
  if not well then
    data.message = b.failure_message or model.json.null
  elseif job.kind ~= "proofreads" then
    data.url = url_at(model, job.id .. ".mp4", b, at)
  end
  return kind.name, data
end

local function of_video(model, run, state, well, b, at)
  local video = run.video
  local session = run.session or (video and video.session)
  local name = session and "video_agent" or "avatar_video"
  if well and video then
    return name, succeeded(model, video, session, b, at)
  elseif well then
    return name, { session_id = session.id, video_id = model.json.null, video_url = model.json.null }
  end
  return name, failed(model, video, session, state, b)
end

local function announce(outbox, run, state, at, thing)
  local model, b, well = outbox.model, run.b, run.well
  local event = { id = event_id(run), at = at, entity_id = (run.session or thing).id }
  local noise = model.noise
  model.noise = random.new(text.hash(event.id))
  local name, data
  if run.job then
    name, data = of_job(model, run.job, well, b, at)
  else
    name, data = of_video(model, run, state, well, b, at)
  end
  model.noise = noise
  data.callback_id = thing.callback_id or model.json.null
  event.type, event.data = name .. (well and ".success" or ".fail"), shaped(model, data, b)
  outbox:happened(event, b, thing.callback_url)
end

--- A run has ended: the events that follow.
---@param outbox table
---@param run table see heygen.sim.core.schedule; with what it is the run of: video, session or job
---@param state table see schedule.state
---@param at number Unix seconds
function tell.ended(outbox, run, state, at)
  local thing = run.video or run.session or run.job
  if not thing then
    return
  end
  run.well = state.status == "completed" and not state.lost
  run.told = (run.told or 0) + 1
  local silent = run.job and not JOB_EVENTS[run.job.kind]
  -- No event tells of what was deleted before it was done.
  if not silent and not thing.deleted then
    announce(outbox, run, state, at, thing)
  end
  if thing.batch then
    tell.batch(outbox, thing.batch, at)
  end
end

-- ---- deliveries

local function signature(secret, body, how)
  local core = require "heygen.core"
  return core.hmac_sha256(how == "wrong" and secret .. "?" or secret, body)
end

local SIGNATURES =
  { both = { "Heygen-Signature", "signature" }, wrong = { "Heygen-Signature", "signature" }, none = {} }

--- An attempt of a delivery, for the sender.
---@param model table
---@param delivery table
---@return table effect
function tell.effect(model, delivery)
  local event, b, endpoint = delivery.event, delivery.b, delivery.endpoint
  local headers = { { "Content-Type", "application/json" }, { "User-Agent", "HeyGen-Webhook/1.0" } }
  local message = { event_type = event.type, event_data = event.data }
  if endpoint then
    message.event_id, message.created_at = event.id, tell.iso(event.at)
  end
  -- The same bytes at each attempt.
  delivery.body = delivery.body or odd.shape(model.behaviour, assert(model.json.encode(message)))
  if endpoint then
    local how = b.webhook_signature
    for _, name in ipairs(SIGNATURES[how] or { how }) do
      headers[#headers + 1] = { name, signature(endpoint.secret, delivery.body, how) }
    end
    local stamp = math.floor(model.clock:wall() - b.webhook_timestamp_age)
    delivery.stamp = b.webhook_timestamp == "kept" and delivery.stamp or stamp
    headers[#headers + 1] = { "Heygen-Timestamp", string.format("%d", delivery.stamp) }
    headers[#headers + 1] = { "Heygen-Event-Id", event.id }
  end
  return {
    kind = "webhook",
    id = delivery.id,
    method = "POST",
    url = endpoint and endpoint.url or delivery.url,
    headers = headers,
    body = delivery.body,
    -- For a transfer, no time at all would mean for ever.
    timeout = math.max(0.001, b.webhook_timeout),
  }
end

return tell
