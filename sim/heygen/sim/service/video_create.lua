-- Videos without an agent: POST /v3/videos in its four kinds, and batches of them.
local account = require "heygen.sim.service.account"
local asked = require "heygen.sim.service.asked"
local batches = require "heygen.sim.service.batches"
local running = require "heygen.sim.core.running"
local lookup = require "heygen.sim.service.lookup"
local rendering = require "heygen.sim.service.rendering"
local respond = require "heygen.sim.core.respond"
local rules = require "heygen.sim.service.video_rules"
local text = require "heygen.sim.core.text"
local videos = require "heygen.sim.service.videos"

local video_create = {}

local PORTRAIT = { ["9:16"] = true, ["4:5"] = true }

local function title_of(body)
  local words = body.script or body.prompt
  return body.title or words and text.cut(words:gsub("%s+", " "), 60) or "Untitled Video"
end

-- How long a text that is spoken makes the video; nil: the usual length.
local function speech_of(body, b)
  if b.clip_seconds or not body.script then
    return b.clip_seconds or nil
  end
  local _, seconds = asked.speech(body.script, (body.voice_settings or {}).speed)
  return math.max(1, math.floor(seconds * 10 + 0.5) / 10)
end

-- The length that the request asks for; nil: the usual one.
local function seconds_of(body, b)
  if body.type == "cinematic_avatar" then
    return body.duration or (body.auto_duration and b.clip_seconds) or rendering.USUAL_SECONDS
  elseif body.type ~= "studio" then
    return speech_of(body, b)
  end
  local sum = 0
  for _, scene in ipairs(body.scenes) do
    sum = sum + (scene.duration or speech_of(scene.input or scene, b) or rendering.USUAL_SECONDS)
  end
  return sum
end

-- Ids that are not there, and what a single field cannot say.
local function problem_of(model, body, b)
  return lookup.problem(model, body, b) or rules.problem(model, body)
end

--- Makes a video.
---@param model table
---@param body table a valid VideoCreateRequest
---@param b table behaviour
---@param start number|nil Unix seconds
---@param more table|nil further fields of the video: batch, folder_id
---@return table video
function video_create.make(model, body, b, start, more)
  local run = rendering.run(model, b, { start = start, seconds = seconds_of(body, b) })
  local video = {
    title = title_of(body),
    script = body.script or body.prompt,
    orientation = PORTRAIT[body.aspect_ratio] and "portrait" or "landscape",
    callback_url = body.callback_url,
    callback_id = body.callback_id,
    -- Without a style, captions are a file of their own, which is always there.
    captioned = body.caption == true or (type(body.caption) == "table" and body.caption.style ~= nil),
    folder_id = body.folder_id,
    output_format = body.output_format or "mp4",
  }
  for name, value in pairs(more or {}) do
    video[name] = value
  end
  run.video = videos.add(model, run, video)
  running.start(model, run)
  return video
end

--- Whether a video may be made now.
---@param model table
---@param b table behaviour
---@return table|nil refusal the response, when not
function video_create.refusal(model, b)
  return account.refusal(model, b) or running.refusal(model, b)
end

function video_create.create(model, _, body)
  local b = model:behaviour_now()
  local problem = problem_of(model, body, b)
  if problem then
    return respond.problem(model.json, problem.status, problem.code, problem.message, problem.param)
  end
  local refusal = video_create.refusal(model, b)
  if refusal then
    return refusal
  end
  model:behaviour_used()
  local video = video_create.make(model, body, b)
  model.journal:count "creates"
  return respond.data(
    model.json,
    model:finish({ video_id = video.id, status = "waiting", output_format = video.output_format }, b)
  )
end

function video_create.create_batch(model, _, body)
  local b = model:behaviour_now()
  local refusal = account.refusal(model, b)
  if refusal then
    return refusal
  end
  model:behaviour_used()
  local batch =
    batches.add(model, "videos", { title = body.title, callback_url = body.callback_url, b = b, items = {} })
  local turn = 0
  for i, each in ipairs(body.videos) do
    local problem, item = problem_of(model, each, b), {}
    if problem then
      item.error = { code = problem.code or respond.code(problem.status), message = problem.message }
    else
      turn = turn + 1
      local more = { batch = batch, folder_id = each.folder_id or body.folder_id }
      item.video = video_create.make(model, each, b, rendering.turn(model, b, turn), more)
      model.journal:count "creates"
    end
    batch.items[i] = item
  end
  model.outbox:batched(batch)
  return respond.json(model.json, 202, { data = { batch_id = batch.id } })
end

function video_create.get_batch(model, _, query, id)
  local batch = batches.find(model, "videos", id)
  if not batch then
    return batches.gone(model, id)
  end
  return batches.show(model, batch, query, function(item)
    return videos.item(model, item)
  end)
end

function video_create.statuses(model, _, query)
  return batches.statuses(model, "videos", query, "video_ids", function(id)
    local video = model.videos.by_id[id]
    if videos.state(model, video) then
      local status, _, problem = videos.item(model, { video = video })
      return status, problem
    end
  end, function(item)
    return videos.item(model, item)
  end)
end

return video_create
