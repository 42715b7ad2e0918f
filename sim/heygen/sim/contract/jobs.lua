-- Work on what exists already: translations, lip syncs, clippings, background removals, renders of projects.
local types = require "heygen.sim.contract.types"

local array = types.array
local flag = types.flag
local id = types.id
local integer = types.integer
local maybe = types.maybe
local number = types.number
local object = types.object
local text = types.text
local with = types.with

local DELETED = object { id = id() }

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

-- What a clipping is asked for. The service keeps it and does not show it.
local CLIP_SETTINGS = {
  aspect_ratio = text { enum = { "landscape", "portrait", "square" }, default = "portrait" },
  caption_style = maybe(),
  captions = flag { default = true },
  duration_types = array(text { enum = { "30", "60", "180", "long" } }),
  prompt = maybe(),
}

local CLIPPING = object(with(JOB, {
  status = text { required = true, enum = { "pending", "running", "completed", "failed", "cancelled" } },
  progress = integer { default = 0 },
  input_language = maybe(),
  output_settings = object(CLIP_SETTINGS, { nullable = true }),
  source_duration = number { nullable = true },
  clips = array(object {
    id = id(),
    status = text { required = true, enum = { "pending", "completed", "failed" } },
    title = maybe(),
    duration_seconds = number { nullable = true },
    aspect_ratio = text { nullable = true, enum = { "landscape", "portrait", "square" } },
    video_url = maybe(),
    thumbnail_url = maybe(),
    virality_score = integer { nullable = true },
    failure_message = maybe(),
  }),
}))

-- Of an open set of statuses: pending, processing, completed, failed, deleted.
local REMOVAL = object {
  id = id(),
  status = id(),
  created_at = integer { nullable = true },
  completed_at = integer { nullable = true },
  duration = number { nullable = true },
  layers = object(),
  error = maybe(),
}

local FILLER = object(with(JOB, {
  progress = integer { default = 0 },
  num_cuts = integer { nullable = true },
  original_duration = number { nullable = true },
  output_duration = number { nullable = true },
  reduction_pct = number { nullable = true },
  thumbnail_url = maybe(),
  video_url = maybe(),
}))

local RENDER = object {
  render_id = id(),
  status = text { required = true, enum = { "queued", "rendering", "completed", "failed" } },
  format = text { required = true, enum = { "mp4", "webm", "mov" } },
  title = maybe(),
  callback_id = maybe(),
  video_url = maybe(),
  thumbnail_url = maybe(),
  duration = number { nullable = true },
  fps = integer { nullable = true },
  composition = maybe(),
  created_at = integer { nullable = true },
  completed_at = integer { nullable = true },
  failure_message = maybe(),
  quality = text { nullable = true, enum = { "draft", "standard", "high" } },
  resolution = text { nullable = true, enum = { "1080p", "4k" } },
  aspect_ratio = text { nullable = true, enum = { "16:9", "9:16", "1:1" } },
}

local PROOFREAD_STATUS = text { required = true, enum = { "processing", "completed", "failed" } }

local PROOFREAD = object {
  id = id(),
  status = PROOFREAD_STATUS,
  title = maybe(),
  input_language = maybe(),
  output_language = maybe(),
  created_at = integer { nullable = true },
  submitted_for_review = flag { nullable = true },
  failure_message = maybe(),
}

local rows = {}

local function add(row)
  rows[#rows + 1] = row
end

-- Reading one thing, reading all of them, and deleting one.
local function readable(group, answer, deleted)
  add { id = group .. ".list", list = true, answer = array(answer) }
  add { id = group .. ".get", answer = answer }
  add { id = group .. ".delete", answer = deleted or DELETED }
end

-- Titles, statuses and batches of what is made in bulk.
local function bulk(group, answer)
  add { id = group .. ".update", answer = answer }
  add { id = group .. ".statuses", list = true, answer = array(types.BULK_STATUS) }
  add { id = group .. ".create_batch", status = 202, idempotency = true, answer = object { batch_id = id() } }
  add { id = group .. ".get_batch", answer = types.BATCH }
end

readable("video_translations", TRANSLATION)
bulk("video_translations", TRANSLATION)
add {
  id = "video_translations.create",
  idempotency = true,
  answer = object { video_translation_ids = array(text(), { required = true }) },
}
add {
  id = "video_translations.languages",
  answer = object { languages = array(text(), { required = true }) },
}
add {
  id = "video_translations.create_proofread",
  idempotency = true,
  answer = object { proofread_ids = array(text(), { required = true }), status = PROOFREAD_STATUS },
}
add {
  id = "video_translations.get_proofread",
  answer = PROOFREAD,
}
add {
  id = "video_translations.generate_proofread",
  idempotency = true,
  answer = object { video_translation_id = id(), status = PROOFREAD_STATUS },
}
add {
  id = "video_translations.get_proofread_srt",
  answer = object { srt_url = id(), original_srt_url = maybe() },
}
add {
  id = "video_translations.update_proofread_srt",
  answer = PROOFREAD,
}

readable("lipsyncs", LIPSYNC)
bulk("lipsyncs", LIPSYNC)
add {
  id = "lipsyncs.create",
  idempotency = true,
  answer = object { lipsync_id = id() },
}

readable("ai_clipping", CLIPPING)
add {
  id = "ai_clipping.create",
  idempotency = true,
  answer = object { job_id = id(), status = id() },
}

readable("background_removals", REMOVAL, object { id = id(), deleted = flag { required = true } })
add {
  id = "background_removals.create",
  answer = REMOVAL,
}

add { id = "filler_word_removals.get", answer = FILLER }
add {
  id = "filler_word_removals.create",
  idempotency = true,
  answer = object { filler_word_removal_id = id() },
}

add { id = "hyperframes.create_render", idempotency = true, answer = object { render_id = id() } }
add { id = "hyperframes.renders", list = true, answer = array(RENDER) }
add { id = "hyperframes.get_render", answer = RENDER }
add { id = "hyperframes.delete_render", answer = object { render_id = id() } }

return rows
