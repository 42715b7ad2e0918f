-- The kinds of jobs on media: translations with their proofreads, lip syncs, clippings, background removals.
local detect = require "heygen.sim.media.detect"
local lookup = require "heygen.sim.service.lookup"
local respond = require "heygen.sim.core.respond"
local text = require "heygen.sim.core.text"
local jobs = require "heygen.sim.service.job_results"

local unpack = unpack or table.unpack

local handlers = {}

local function handlers_of(prefix)
  -- What is set here is found in `handlers` under the kind's name.
  return setmetatable({}, {
    __newindex = function(_, name, handler)
      handlers[prefix .. name] = handler
    end,
  })
end

local function fields_of(body)
  return { title = body.title, callback_id = body.callback_id, callback_url = body.callback_url }
end

-- ---- translations

local TRANSLATION = {
  name = "video_translations",
  prefix = "vt_",
  title = "video translation",
  parameter = "video_translation_id",
}

function TRANSLATION.make(model, body, b, start)
  local list = {}
  for i, language in ipairs(body.output_languages) do
    local fields = fields_of(body)
    fields.output_language, fields.input_language, fields.folder_id =
      language, body.input_language, body.folder_id
    fields.caption = body.enable_caption
    list[i] = jobs.add(model, TRANSLATION, b, fields, start)
  end
  return list
end

function TRANSLATION.show(model, job)
  local null = model.json.null
  local object, done = jobs.view(model, TRANSLATION, job)
  object.duration = done and job.run.b.clip_seconds or null
  object.input_language = job.input_language or null
  object.output_language = job.output_language
  object.video_url = done and jobs.url(model, job, ".mp4") or null
  object.srt_caption_url = done and jobs.url(model, job, ".srt") or null
  object.audio_url, object.vtt_caption_url, object.translate_audio_only = null, null, false
  return model:finish(object, job.run.b)
end

local translations = handlers_of "video_translations_"
jobs.readable(TRANSLATION, translations)
jobs.bulk(TRANSLATION, translations)

translations.create = jobs.creator(TRANSLATION, function(model, list)
  local ids = {}
  for i, job in ipairs(list) do
    ids[i] = job.id
  end
  return { video_translation_ids = model.json.array(ids) }
end)

local LANGUAGES = {
  "English",
  "Chinese",
  "French",
  "German",
  "Hindi",
  "Italian",
  "Japanese",
  "Korean",
  "Polish",
  "Portuguese",
  "Spanish",
  "Turkish",
}

function translations.languages(model)
  return respond.data(model.json, { languages = model.json.array { unpack(LANGUAGES) } })
end

-- ---- proofreads

local PROOFREAD = {
  name = "proofreads",
  prefix = "pr_",
  title = "proofread",
  parameter = "proofread_id",
  running = "processing",
}

function PROOFREAD.make(model, body, b, start)
  local list = {}
  for i, language in ipairs(body.output_languages) do
    local fields = { title = body.title, output_language = language, input_language = body.input_language }
    list[i] = jobs.add(model, PROOFREAD, b, fields, start)
  end
  return list
end

function PROOFREAD.show(model, job)
  local null = model.json.null
  local status = jobs.status(model, PROOFREAD, job)
  return model:finish({
    id = job.id,
    status = status == "pending" and "processing" or status,
    title = job.title or null,
    input_language = job.input_language or null,
    output_language = job.output_language,
    created_at = math.floor(job.run.start),
    submitted_for_review = false,
    failure_message = status == "failed" and job.run.b.failure_message or null,
  }, job.run.b)
end

translations.create_proofread = jobs.creator(PROOFREAD, function(model, list)
  local ids = {}
  for i, job in ipairs(list) do
    ids[i] = job.id
  end
  return { proofread_ids = model.json.array(ids), status = "processing" }
end)

function translations.get_proofread(model, _, _, id)
  local job = jobs.find(model, PROOFREAD, id)
  return job and respond.data(model.json, PROOFREAD.show(model, job)) or jobs.gone(model, PROOFREAD, id)
end

-- The proofread that is ready to be worked with; or the refusal.
local function ready(model, id)
  local job = jobs.find(model, PROOFREAD, id)
  if not job then
    return nil, jobs.gone(model, PROOFREAD, id)
  elseif jobs.status(model, PROOFREAD, job) ~= "completed" then
    local message = "The proofread is not completed"
    return nil, respond.problem(model.json, 409, "resource_not_ready", message, "proofread_id")
  end
  return job
end

function translations.generate_proofread(model, _, body, id)
  local job, refusal = ready(model, id)
  local b = model:behaviour_now()
  refusal = refusal or jobs.refusal(model, body, b)
  if refusal then
    return refusal
  end
  model:behaviour_used()
  local request = {
    title = job.title,
    output_languages = { job.output_language },
    callback_id = body.callback_id,
    callback_url = body.callback_url,
  }
  local made = TRANSLATION.make(model, request, b)[1]
  return respond.data(model.json, { video_translation_id = made.id, status = "processing" })
end

local function srt_view(model, job)
  local url = jobs.url(model, job, ".srt")
  return respond.data(model.json, { srt_url = url, original_srt_url = model.json.null })
end

function translations.get_proofread_srt(model, _, _, id)
  local job, refusal = ready(model, id)
  return refusal or srt_view(model, job)
end

-- The bytes of a file input, as far as they are here: what stands at a URL is not fetched.
local function bytes_of(model, file)
  if file.type == "base64" then
    return text.unbase64(file.data)
  end
  local asset = file.type == "asset_id" and model.assets.by_id[file.asset_id]
  return asset and asset.data or nil
end

function translations.update_proofread_srt(model, _, body, id)
  local job, refusal = ready(model, id)
  refusal = refusal or lookup.refusal(model, body, model:behaviour_now())
  if refusal then
    return refusal
  end
  local srt = bytes_of(model, body.srt)
  if srt and detect.media_type(srt) ~= "application/x-subrip" then
    return respond.problem(model.json, 400, nil, "srt must be a SubRip file", "srt")
  end
  job.srt = srt
  return srt_view(model, job)
end

-- ---- lip syncs

local LIPSYNC = { name = "lipsyncs", prefix = "ls_", title = "lip sync", parameter = "lipsync_id" }

function LIPSYNC.make(model, body, b, start)
  local fields = fields_of(body)
  fields.folder_id = body.folder_id
  return { jobs.add(model, LIPSYNC, b, fields, start) }
end

function LIPSYNC.show(model, job)
  local null = model.json.null
  local object, done = jobs.view(model, LIPSYNC, job)
  object.duration = done and job.run.b.clip_seconds or null
  object.video_url = done and jobs.url(model, job, ".mp4") or null
  object.caption_url = done and jobs.url(model, job, ".srt") or null
  return model:finish(object, job.run.b)
end

local lipsyncs = handlers_of "lipsyncs_"
jobs.readable(LIPSYNC, lipsyncs)
jobs.bulk(LIPSYNC, lipsyncs)

lipsyncs.create = jobs.creator(LIPSYNC, function(_, list)
  return { lipsync_id = list[1].id }
end)

-- ---- clippings

local CLIPPING = { name = "ai_clipping", prefix = "clip_", title = "clipping job", parameter = "job_id" }

function CLIPPING.make(model, body, b, start)
  local fields = fields_of(body)
  fields.input_language, fields.output_settings = body.input_language, body.output_settings
  return { jobs.add(model, CLIPPING, b, fields, start) }
end

function CLIPPING.show(model, job)
  local object, done = jobs.view(model, CLIPPING, job)
  local null, clips = model.json.null, {}
  for i = 1, done and 3 or 0 do
    clips[i] = {
      id = job.id .. "_" .. i,
      status = "completed",
      title = "Clip " .. i,
      duration_seconds = job.run.b.clip_seconds,
      aspect_ratio = job.orientation,
      video_url = jobs.url(model, job, ".mp4"),
      thumbnail_url = jobs.url(model, job, ".jpg"),
      virality_score = 90 - 10 * i,
      failure_message = null,
    }
  end
  object.clips = model.json.array(clips)
  local _, state = jobs.status(model, CLIPPING, job)
  object.progress = state and state.progress or 0
  object.input_language, object.output_settings = job.input_language or null, job.output_settings or null
  object.source_duration = done and 60 * job.run.b.clip_seconds or null
  return model:finish(object, job.run.b)
end

local function job_answer(_, list)
  return { job_id = list[1].id, status = "pending" }
end

local clippings = handlers_of "ai_clipping_"
jobs.readable(CLIPPING, clippings)
clippings.create = jobs.creator(CLIPPING, job_answer)

-- ---- background removals

local REMOVAL = {
  name = "background_removals",
  prefix = "bgr_",
  title = "background removal",
  parameter = "job_id",
  running = "processing",
}

function REMOVAL.make(model, body, b, start)
  local fields = { title = body.title, request_id = body.request_id }
  return { jobs.add(model, REMOVAL, b, fields, start) }
end

function REMOVAL.show(model, job)
  local view, done = jobs.view(model, REMOVAL, job)
  local _, state = jobs.status(model, REMOVAL, job)
  local null, b = model.json.null, job.run.b
  return model:finish({
    id = view.id,
    status = view.status,
    created_at = view.created_at,
    completed_at = done and math.floor(state.finished) or null,
    duration = done and b.clip_seconds or null,
    layers = { foreground = done and jobs.url(model, job, ".mp4") or nil },
    error = view.failure_message,
  }, b)
end

local removals = handlers_of "background_removals_"
jobs.readable(REMOVAL, removals)

local remove = jobs.creator(REMOVAL, function(model, list)
  return REMOVAL.show(model, list[1])
end)

function removals.create(model, request, body)
  -- Its own kind of idempotency: the same request_id is the same job.
  local known = model.jobs.background_removals
  for _, job in ipairs(body.request_id and known and known.rows or {}) do
    if job and job.request_id == body.request_id then
      return respond.data(model.json, REMOVAL.show(model, job))
    end
  end
  return remove(model, request, body)
end

return handlers
