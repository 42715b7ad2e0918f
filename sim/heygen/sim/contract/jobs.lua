-- Work on media that exists already: translations, lip syncs, clippings, background removals. Of these only the paths
-- and the names of the parameters are known for sure.
local types = require "heygen.sim.contract.types"

local array = types.array
local flag = types.flag
local id = types.id
local integer = types.integer
local limit = types.limit
local maybe = types.maybe
local number = types.number
local object = types.object
local ref = types.ref
local text = types.text
local with = types.with
local TOKEN = types.TOKEN

local FILE = ref(types.FILE, { required = true })
local MAYBE_FILE = ref(types.FILE, { nullable = true })
local SEVERAL = array(text { min = 1 }, { required = true, min = 1 })
local MODE = text { nullable = true, default = "speed", enum = { "speed", "precision" } }
local PAGE = { limit = limit(100, 10), token = TOKEN }
local DELETED = object { id = id(), deleted = flag() }

local JOB = {
  id = id(),
  status = text { required = true, enum = { "pending", "running", "completed", "failed" } },
  title = maybe(),
  created_at = integer { nullable = true },
  failure_message = maybe(),
  callback_id = maybe(),
}

local TRANSLATION = object(with(JOB, {
  input_language = maybe(),
  output_language = maybe(),
  duration = number { nullable = true },
  video_url = maybe(),
  audio_url = maybe(),
  srt_caption_url = maybe(),
  vtt_caption_url = maybe(),
  translate_audio_only = flag { nullable = true },
}))

local LIPSYNC =
  object(with(JOB, { duration = number { nullable = true }, video_url = maybe(), caption_url = maybe() }))

local CLIPPING = object(with(JOB, {
  status = text { required = true, enum = { "pending", "running", "completed", "failed", "cancelled" } },
  progress = integer { required = true },
  input_language = maybe(),
  output_settings = object(nil, { nullable = true }),
  source_duration = number { nullable = true },
  clips = array(object {
    id = id(),
    status = text { required = true, enum = { "pending", "completed", "failed" } },
    title = maybe(),
    duration_seconds = number { nullable = true },
    aspect_ratio = maybe(),
    video_url = maybe(),
    thumbnail_url = maybe(),
    virality_score = integer { nullable = true },
    failure_message = maybe(),
  }),
}))

local REMOVAL = object {
  id = id(),
  status = text { required = true, enum = { "pending", "processing", "completed", "failed", "deleted" } },
  created_at = integer { nullable = true },
  completed_at = integer { nullable = true },
  duration = number { nullable = true },
  layers = object(nil, { required = true }),
  error = maybe(),
}

local PROOFREAD = object {
  id = id(),
  status = text { required = true, enum = { "processing", "completed", "failed" } },
  title = maybe(),
  input_language = maybe(),
  output_language = maybe(),
  created_at = integer { nullable = true },
  submitted_for_review = flag { nullable = true },
  failure_message = maybe(),
}

-- What lip syncs and translations have in common.
local EDIT = with(types.CALLBACK, {
  disable_music_track = flag { nullable = true },
  enable_caption = flag { nullable = true },
  enable_dynamic_duration = flag { nullable = true },
  enable_speech_enhancement = flag { nullable = true },
  enable_watermark = flag { nullable = true },
  start_time = number { nullable = true, min = 0 },
  end_time = number { nullable = true, min = 0 },
  folder_id = maybe(),
  fps_mode = maybe(),
  keep_the_same_format = flag { nullable = true },
  mode = MODE,
  title = maybe(),
})

local LIPSYNC_BODY = with(EDIT, { video = FILE, audio = FILE })

local TRANSLATION_BODY = with(EDIT, {
  video = FILE,
  output_languages = SEVERAL,
  audio = MAYBE_FILE,
  brand_glossary_id = maybe(),
  brand_voice_id = maybe(),
  input_language = maybe(),
  speaker_num = integer { nullable = true, min = 0 },
  srt = MAYBE_FILE,
  srt_role = maybe(),
  stock_voice_config = object(nil, { nullable = true }),
  translate_audio_only = flag { nullable = true },
})

local rows = {}

local function add(row)
  rows[#rows + 1] = row
end

-- Looking at one thing, at all of them, and deleting one.
local function readable(group, path, parameter, answer)
  local one = path .. "/{" .. parameter .. "}"
  add { id = group .. ".list", method = "GET", path = path, query = PAGE, list = true, answer = array(answer) }
  add { id = group .. ".get", method = "GET", path = one, answer = answer }
  add { id = group .. ".delete", method = "DELETE", path = one, answer = DELETED }
end

-- Titles, statuses and batches of what is made in bulk.
local function bulk(group, path, parameter, answer, request)
  local ids = { batch_ids = types.ids(), [parameter .. "s"] = types.ids() }
  add {
    id = group .. ".update",
    method = "PATCH",
    path = path .. "/{" .. parameter .. "}",
    body = { title = text { required = true, min = 1 } },
    answer = answer,
  }
  add {
    id = group .. ".statuses.list",
    method = "GET",
    path = path .. "/statuses",
    query = ids,
    list = true,
    answer = array(types.BULK_STATUS),
  }
  add {
    id = group .. ".batches.create",
    method = "POST",
    path = path .. "/batches",
    body = {
      [group] = array(object(request), { required = true, min = 1, max = 100 }),
      title = maybe(),
      callback_url = text { nullable = true, format = "https" },
    },
    status = 202,
    idempotency = true,
    answer = object { batch_id = id() },
  }
  add {
    id = group .. ".batches.get",
    method = "GET",
    path = path .. "/batches/{batch_id}",
    query = { limit = limit(100, 100), token = TOKEN },
    answer = types.BATCH,
  }
end

readable("video_translations", "/v3/video-translations", "video_translation_id", TRANSLATION)
bulk("video_translations", "/v3/video-translations", "video_translation_id", TRANSLATION, TRANSLATION_BODY)
add {
  id = "video_translations.create",
  method = "POST",
  path = "/v3/video-translations",
  body = TRANSLATION_BODY,
  idempotency = true,
  answer = object { video_translation_ids = array(id(), { required = true, min = 1 }) },
}
add {
  id = "video_translations.languages.list",
  method = "GET",
  path = "/v3/video-translations/languages",
  answer = object { languages = array(id(), { required = true }) },
}
add {
  id = "video_translations.proofreads.create",
  method = "POST",
  path = "/v3/video-translations/proofreads",
  body = {
    video = FILE,
    output_languages = SEVERAL,
    title = text { required = true, min = 1 },
    brand_glossary_id = maybe(),
    brand_voice_id = maybe(),
    disable_music_track = flag { nullable = true },
    enable_speech_enhancement = flag { nullable = true },
    enable_video_stretching = flag { nullable = true },
    folder_id = maybe(),
    keep_the_same_format = flag { nullable = true },
    mode = MODE,
    speaker_num = integer { nullable = true, min = 0 },
    srt = MAYBE_FILE,
  },
  idempotency = true,
  answer = object { proofread_ids = array(id(), { required = true, min = 1 }), status = id() },
}
add {
  id = "video_translations.proofreads.get",
  method = "GET",
  path = "/v3/video-translations/proofreads/{proofread_id}",
  answer = PROOFREAD,
}
add {
  id = "video_translations.proofreads.generate",
  method = "POST",
  path = "/v3/video-translations/proofreads/{proofread_id}/generate",
  body = with(types.CALLBACK, {
    captions = flag { nullable = true },
    translate_audio_only = flag { nullable = true },
  }),
  idempotency = true,
  answer = object { video_translation_id = id(), status = id() },
}
add {
  id = "video_translations.proofreads_srt.get",
  method = "GET",
  path = "/v3/video-translations/proofreads/{proofread_id}/srt",
  answer = object { srt_url = id(), original_srt_url = maybe() },
}
add {
  id = "video_translations.proofreads_srt.update",
  method = "PUT",
  path = "/v3/video-translations/proofreads/{proofread_id}/srt",
  body = { srt = FILE },
  answer = object { srt_url = id(), original_srt_url = maybe() },
}

readable("lipsyncs", "/v3/lipsyncs", "lipsync_id", LIPSYNC)
bulk("lipsyncs", "/v3/lipsyncs", "lipsync_id", LIPSYNC, LIPSYNC_BODY)
add {
  id = "lipsyncs.create",
  method = "POST",
  path = "/v3/lipsyncs",
  body = LIPSYNC_BODY,
  idempotency = true,
  answer = object { lipsync_id = id() },
}

readable("ai_clipping", "/v3/ai-clipping", "job_id", CLIPPING)
add {
  id = "ai_clipping.create",
  method = "POST",
  path = "/v3/ai-clipping",
  body = with(types.CALLBACK, {
    video = FILE,
    title = maybe(),
    input_language = maybe(),
    output_settings = object {
      aspect_ratio = text { enum = { "landscape", "portrait", "square" } },
      caption_style = maybe(),
      captions = flag(),
      duration_types = array(text { enum = { "30", "60", "180", "long" } }),
      prompt = text { nullable = true, max = 500 },
    },
  }),
  idempotency = true,
  answer = object { job_id = id(), status = id() },
}

readable("background_removals", "/v3/background-removals", "job_id", REMOVAL)
add {
  id = "background_removals.create",
  method = "POST",
  path = "/v3/background-removals",
  -- Its request_id does what the Idempotency-Key does elsewhere.
  body = { video = FILE, layers = types.any { nullable = true }, title = maybe(), request_id = maybe() },
  answer = REMOVAL,
}

return rows
