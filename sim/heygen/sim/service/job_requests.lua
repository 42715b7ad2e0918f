-- The kinds of work on media: translations with their proofreads, lip syncs, clippings, background removals.
local detect = require "heygen.sim.media.detect"
local lookup = require "heygen.sim.service.lookup"
local respond = require "heygen.sim.core.respond"
local text = require "heygen.sim.core.text"
local works = require "heygen.sim.service.job_results"

local unpack = unpack or table.unpack

local edits = {}

local function handlers_of(prefix)
  -- What is set here is found in `edits` under the kind's name.
  return setmetatable({}, {
    __newindex = function(_, name, handler)
      edits[prefix .. name] = handler
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
    list[i] = works.add(model, TRANSLATION, b, fields, start)
  end
  return list
end

function TRANSLATION.show(model, work)
  local null = model.json.null
  local object, done = works.view(model, TRANSLATION, work)
  object.duration = done and work.run.b.clip_seconds or null
  object.input_language = work.input_language or null
  object.output_language = work.output_language
  object.video_url = done and works.url(model, work, ".mp4") or null
  object.srt_caption_url = done and works.url(model, work, ".srt") or null
  object.audio_url, object.vtt_caption_url, object.translate_audio_only = null, null, false
  return model:finish(object, work.run.b)
end

local translations = handlers_of "video_translations_"
works.readable(TRANSLATION, translations)
works.bulk(TRANSLATION, translations)

translations.create = works.creator(TRANSLATION, function(model, list)
  local ids = {}
  for i, work in ipairs(list) do
    ids[i] = work.id
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
    list[i] = works.add(model, PROOFREAD, b, fields, start)
  end
  return list
end

function PROOFREAD.show(model, work)
  local null = model.json.null
  local status = works.status(model, PROOFREAD, work)
  return model:finish({
    id = work.id,
    status = status == "pending" and "processing" or status,
    title = work.title or null,
    input_language = work.input_language or null,
    output_language = work.output_language,
    created_at = math.floor(work.run.start),
    submitted_for_review = false,
    failure_message = status == "failed" and work.run.b.failure_message or null,
  }, work.run.b)
end

translations.create_proofread = works.creator(PROOFREAD, function(model, list)
  local ids = {}
  for i, work in ipairs(list) do
    ids[i] = work.id
  end
  return { proofread_ids = model.json.array(ids), status = "processing" }
end)

function translations.get_proofread(model, _, _, id)
  local work = works.find(model, PROOFREAD, id)
  return work and respond.data(model.json, PROOFREAD.show(model, work)) or works.gone(model, PROOFREAD, id)
end

-- The proofread that is ready to be worked with; or the refusal.
local function ready(model, id)
  local work = works.find(model, PROOFREAD, id)
  if not work then
    return nil, works.gone(model, PROOFREAD, id)
  elseif works.status(model, PROOFREAD, work) ~= "completed" then
    local message = "The proofread is not completed"
    return nil, respond.problem(model.json, 409, "resource_not_ready", message, "proofread_id")
  end
  return work
end

function translations.generate_proofread(model, _, body, id)
  local work, refusal = ready(model, id)
  local b = model:behaviour_now()
  refusal = refusal or works.refusal(model, body, b)
  if refusal then
    return refusal
  end
  model:behaviour_used()
  local request = {
    title = work.title,
    output_languages = { work.output_language },
    callback_id = body.callback_id,
    callback_url = body.callback_url,
  }
  local made = TRANSLATION.make(model, request, b)[1]
  return respond.data(model.json, { video_translation_id = made.id, status = "processing" })
end

local function srt_view(model, work)
  local url = works.url(model, work, ".srt")
  return respond.data(model.json, { srt_url = url, original_srt_url = model.json.null })
end

function translations.get_proofread_srt(model, _, _, id)
  local work, refusal = ready(model, id)
  return refusal or srt_view(model, work)
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
  local work, refusal = ready(model, id)
  refusal = refusal or lookup.refusal(model, body, model:behaviour_now())
  if refusal then
    return refusal
  end
  local srt = bytes_of(model, body.srt)
  if srt and detect.media_type(srt) ~= "application/x-subrip" then
    return respond.problem(model.json, 400, nil, "srt must be a SubRip file", "srt")
  end
  work.srt = srt
  return srt_view(model, work)
end

-- ---- lip syncs

local LIPSYNC = { name = "lipsyncs", prefix = "ls_", title = "lip sync", parameter = "lipsync_id" }

function LIPSYNC.make(model, body, b, start)
  local fields = fields_of(body)
  fields.folder_id = body.folder_id
  return { works.add(model, LIPSYNC, b, fields, start) }
end

function LIPSYNC.show(model, work)
  local null = model.json.null
  local object, done = works.view(model, LIPSYNC, work)
  object.duration = done and work.run.b.clip_seconds or null
  object.video_url = done and works.url(model, work, ".mp4") or null
  object.caption_url = done and works.url(model, work, ".srt") or null
  return model:finish(object, work.run.b)
end

local lipsyncs = handlers_of "lipsyncs_"
works.readable(LIPSYNC, lipsyncs)
works.bulk(LIPSYNC, lipsyncs)

lipsyncs.create = works.creator(LIPSYNC, function(_, list)
  return { lipsync_id = list[1].id }
end)

-- ---- clippings

local CLIPPING = { name = "ai_clipping", prefix = "clip_", title = "clipping job", parameter = "job_id" }

function CLIPPING.make(model, body, b, start)
  local fields = fields_of(body)
  fields.input_language, fields.output_settings = body.input_language, body.output_settings
  return { works.add(model, CLIPPING, b, fields, start) }
end

function CLIPPING.show(model, work)
  local object, done = works.view(model, CLIPPING, work)
  local null, clips = model.json.null, {}
  for i = 1, done and 3 or 0 do
    clips[i] = {
      id = work.id .. "_" .. i,
      status = "completed",
      title = "Clip " .. i,
      duration_seconds = work.run.b.clip_seconds,
      aspect_ratio = work.orientation,
      video_url = works.url(model, work, ".mp4"),
      thumbnail_url = works.url(model, work, ".jpg"),
      virality_score = 90 - 10 * i,
      failure_message = null,
    }
  end
  object.clips = model.json.array(clips)
  local _, state = works.status(model, CLIPPING, work)
  object.progress = state and state.progress or 0
  object.input_language, object.output_settings = work.input_language or null, work.output_settings or null
  object.source_duration = done and 60 * work.run.b.clip_seconds or null
  return model:finish(object, work.run.b)
end

local function job_answer(_, list)
  return { job_id = list[1].id, status = "pending" }
end

local clippings = handlers_of "ai_clipping_"
works.readable(CLIPPING, clippings)
clippings.create = works.creator(CLIPPING, job_answer)

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
  return { works.add(model, REMOVAL, b, fields, start) }
end

function REMOVAL.show(model, work)
  local view, done = works.view(model, REMOVAL, work)
  local _, state = works.status(model, REMOVAL, work)
  local null, b = model.json.null, work.run.b
  return model:finish({
    id = view.id,
    status = view.status,
    created_at = view.created_at,
    completed_at = done and math.floor(state.finished) or null,
    duration = done and b.clip_seconds or null,
    layers = { foreground = done and works.url(model, work, ".mp4") or nil },
    error = view.failure_message,
  }, b)
end

local removals = handlers_of "background_removals_"
works.readable(REMOVAL, removals)

local remove = works.creator(REMOVAL, function(model, list)
  return REMOVAL.show(model, list[1])
end)

function removals.create(model, request, body)
  -- Its own kind of idempotency: the same request_id is the same job.
  local known = model.works.background_removals
  for _, work in ipairs(body.request_id and known and known.rows or {}) do
    if work and work.request_id == body.request_id then
      return respond.data(model.json, REMOVAL.show(model, work))
    end
  end
  return remove(model, request, body)
end

return edits
