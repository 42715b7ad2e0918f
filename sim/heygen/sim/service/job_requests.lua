-- The kinds of jobs on media: translations with their proofreads, lip syncs, clippings, removals of backgrounds and of
-- filler words. What comes out follows what was asked for.
local detect = require "heygen.sim.media.detect"
local languages = require "heygen.sim.service.languages"
local lookup = require "heygen.sim.service.lookup"
local media = require "heygen.sim.media"
local respond = require "heygen.sim.core.respond"
local jobs = require "heygen.sim.service.job_results"

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

local function ids_of(model, list)
  local ids = {}
  for i, job in ipairs(list) do
    ids[i] = job.id
  end
  return model.json.array(ids)
end

-- The addresses of a job's subtitles, where it has any.
local function captions_of(model, job, done)
  local has = done and media.captioned(job)
  local null = model.json.null
  return has and jobs.url(model, job, ".srt") or null, has and jobs.url(model, job, ".vtt") or null
end

-- ---- translations

local TRANSLATION = {
  name = "video_translations",
  prefix = "vt_",
  title = "video translation",
  parameter = "video_translation_id",
}

function TRANSLATION.problem(body)
  if body.fps_mode and not body.audio then
    return { status = 400, message = "fps_mode is only valid together with audio", param = "fps_mode" }
  end
  return languages.problem(body.output_languages)
end

function TRANSLATION.make(model, body, b, start)
  local list = {}
  for i, language in ipairs(body.output_languages) do
    local fields = fields_of(body)
    fields.output_language, fields.input_language, fields.folder_id =
      language, body.input_language, body.folder_id
    fields.caption, fields.translate_audio_only = body.enable_caption, body.translate_audio_only or false
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
  object.audio_url = done and jobs.url(model, job, ".wav") or null
  object.srt_caption_url, object.vtt_caption_url = captions_of(model, job, done)
  object.translate_audio_only = job.translate_audio_only
  return model:finish(object, job.run.b)
end

local translations = handlers_of "video_translations_"
jobs.readable(TRANSLATION, translations)
jobs.bulk(TRANSLATION, translations)

translations.create = jobs.creator(TRANSLATION, function(model, list)
  return { video_translation_ids = ids_of(model, list) }
end)

function translations.languages(model)
  return respond.data(model.json, { languages = model.json.array(languages.all()) })
end

-- ---- proofreads

local PROOFREAD = {
  name = "proofreads",
  prefix = "pr_",
  title = "proofread",
  parameter = "proofread_id",
  running = "processing",
}

function PROOFREAD.problem(body)
  return languages.problem(body.output_languages)
end

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
  return { proofread_ids = ids_of(model, list), status = "processing" }
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
  refusal = refusal or jobs.refusal(model, {}, body, b)
  if refusal then
    return refusal
  end
  model:behaviour_used()
  local request = {
    title = job.title,
    output_languages = { job.output_language },
    callback_id = body.callback_id,
    callback_url = body.callback_url,
    enable_caption = body.captions,
    translate_audio_only = body.translate_audio_only,
  }
  local made = TRANSLATION.make(model, request, b)[1]
  made.srt = job.srt
  return respond.data(model.json, { video_translation_id = made.id, status = "processing" })
end

function translations.get_proofread_srt(model, _, _, id)
  local job, refusal = ready(model, id)
  local url = job and jobs.url(model, job, ".srt")
  return refusal or respond.data(model.json, { srt_url = url, original_srt_url = model.json.null })
end

function translations.update_proofread_srt(model, _, body, id)
  local job, refusal = ready(model, id)
  refusal = refusal or lookup.refusal(model, body, model:behaviour_now())
  if refusal then
    return refusal
  end
  local asset = model.assets.by_id[body.srt.asset_id or ""]
  local srt = asset and asset.data -- what stands at an address is not fetched
  if srt and detect.media_type(srt) ~= "application/x-subrip" then
    return respond.problem(model.json, 400, nil, "srt must be a SubRip file", "srt")
  end
  job.srt = srt
  return respond.data(model.json, PROOFREAD.show(model, job))
end

-- ---- lip syncs

local LIPSYNC = { name = "lipsyncs", prefix = "ls_", title = "lip sync", parameter = "lipsync_id" }

function LIPSYNC.make(model, body, b, start)
  local fields = fields_of(body)
  fields.folder_id, fields.caption = body.folder_id, body.enable_caption
  return { jobs.add(model, LIPSYNC, b, fields, start) }
end

function LIPSYNC.show(model, job)
  local null = model.json.null
  local object, done = jobs.view(model, LIPSYNC, job)
  object.duration = done and job.run.b.clip_seconds or null
  object.video_url = done and jobs.url(model, job, ".mp4") or null
  object.caption_url = captions_of(model, job, done)
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

local CLIPS = 3
local CLIP_SECONDS = { ["30"] = 30, ["60"] = 60, ["180"] = 180, long = 300 }

-- Clips of the kinds of lengths that were asked for, in turn.
function CLIPPING.make(model, body, b, start)
  local fields, settings = fields_of(body), body.output_settings or {}
  fields.input_language, fields.aspect_ratio = body.input_language, settings.aspect_ratio or "portrait"
  local job = jobs.add(model, CLIPPING, b, fields, start)
  local lengths = settings.duration_types or {}
  job.orientation = job.aspect_ratio == "portrait" and "portrait" or "landscape"
  job.parts, job.source_duration = {}, 0
  for i = 1, CLIPS do
    local seconds = CLIP_SECONDS[lengths[(i - 1) % math.max(#lengths, 1) + 1]] or job.run.b.clip_seconds
    job.parts[tostring(i)] =
      { seconds = seconds, orientation = job.orientation, run = job.run, kind = job.kind }
    job.source_duration = job.source_duration + 2 * seconds
  end
  return { job }
end

-- A list shows progress in coarse steps only.
local COARSE = 50

function CLIPPING.show(model, job, is_listed)
  local object, done = jobs.view(model, CLIPPING, job)
  local null, clips = model.json.null, {}
  for i = 1, done and CLIPS or 0 do
    clips[i] = {
      id = job.id .. "_" .. i,
      status = "completed",
      title = "Clip " .. i,
      duration_seconds = job.parts[tostring(i)].seconds,
      aspect_ratio = job.aspect_ratio,
      video_url = jobs.url(model, job, "_" .. i .. ".mp4"),
      thumbnail_url = jobs.url(model, job, "_" .. i .. ".jpg"),
      virality_score = 90 - 10 * i,
      failure_message = null,
    }
  end
  object.clips = model.json.array(clips)
  local _, state = jobs.status(model, CLIPPING, job)
  local progress = state and state.progress or 0
  object.progress = is_listed and progress - progress % COARSE or progress
  object.input_language, object.output_settings = job.input_language or null, null
  object.source_duration = done and job.source_duration or null
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
  says_deleted = true,
}

local LAYERS = { foreground = true, mask = true, background = true }

function REMOVAL.problem(body)
  for i, layer in ipairs(body.layers or {}) do
    if not LAYERS[layer] then
      local param = ("layers[%d]"):format(i - 1)
      return {
        status = 400,
        message = param .. " must be one of: foreground, mask, background",
        param = param,
      }
    end
  end
end

function REMOVAL.make(model, body, b, start)
  local fields = { title = body.title, request_id = body.request_id }
  local job = jobs.add(model, REMOVAL, b, fields, start)
  job.parts = {}
  for _, layer in ipairs(body.layers or { "foreground", "mask", "background" }) do
    job.parts[layer] = job
  end
  return { job }
end

local function layers_of(model, job)
  local layers = {}
  for layer in pairs(job.parts) do
    layers[layer] = jobs.url(model, job, "_" .. layer .. ".mp4")
  end
  return layers
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
    layers = done and layers_of(model, job) or {},
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

-- ---- removals of filler words

local FILLER = {
  name = "filler_word_removals",
  prefix = "fwr_",
  title = "filler word removal",
  parameter = "filler_word_removal_id",
}

local CUTS, LONGER = 4, 1.25 -- what is found in every video
local PRICE = 0.3 -- USD for a minute of what is given, and for less than one

function FILLER.make(model, body, b, start)
  local job = jobs.add(model, FILLER, b, fields_of(body), start)
  job.run.cost = PRICE * math.max(1, job.run.b.clip_seconds * LONGER / 60)
  return { job }
end

function FILLER.show(model, job)
  local object, done = jobs.view(model, FILLER, job)
  local _, state = jobs.status(model, FILLER, job)
  local null, seconds = model.json.null, job.run.b.clip_seconds
  object.progress = state and state.progress or 0
  object.num_cuts = done and CUTS or null
  object.original_duration = done and seconds * LONGER or null
  object.output_duration = done and seconds or null
  object.reduction_pct = done and 100 - 100 / LONGER or null
  object.video_url = done and jobs.url(model, job, ".mp4") or null
  object.thumbnail_url = done and jobs.url(model, job, ".jpg") or null
  return model:finish(object, job.run.b)
end

local fillers, readers = handlers_of "filler_word_removals_", {}
jobs.readable(FILLER, readers)
fillers.get = readers.get
fillers.create = jobs.creator(FILLER, function(_, list)
  return { filler_word_removal_id = list[1].id }
end)

return handlers
