-- Translations of videos, and proofreads: the text of a translation, to be read and put right before it is spoken.
local fields = require "heygen.endpoints.fields"
local jobs = require "heygen.endpoints.jobs"

local PATH = "/v3/video-translations"
local PROOFREADS = PATH .. "/proofreads"
local PROOFREAD = PROOFREADS .. "/{proofread_id}"

local OUTPUT_LANGUAGES = fields.array(
  fields.text("a language", { min = 1 }),
  "some of video_translations:languages()",
  { required = true, min = 1 }
)
local SPEAKER_NUM =
  fields.integer("how many people speak; found out when absent", { nullable = true, min = 0 })
local SRT = fields.file_without_base64("subtitles of the video", { nullable = true })
local AUDIO_ONLY = fields.switch(false, "true: the sound alone, the lips stay")

-- An older name of the same.
local BRAND_VOICE_ID = fields.optional_id "the older name of brand_glossary_id"

local BODY = fields.join(jobs.COMMON, {
  output_languages = OUTPUT_LANGUAGES,
  audio = fields.file_without_base64("the sound, when it is not in the video", { nullable = true }),
  brand_glossary_id = fields.BRAND_GLOSSARY_ID,
  brand_voice_id = BRAND_VOICE_ID,
  fps_mode = fields.optional_text(
    "how frames are timed, where audio is given",
    { enum = { "vfr", "cfr", "passthrough" } }
  ),
  input_language = fields.optional_text "what is spoken; found out when absent",
  speaker_num = SPEAKER_NUM,
  srt = SRT,
  srt_role = fields.optional_text(
    "which language the subtitles are in: that of the video, or the new one",
    { enum = { "input", "output" } }
  ),
  stock_voice_config = fields.object(
    "StockVoices",
    "voices of the catalogue instead of those of the video",
    {
      use_stock_voice = fields.switch(false, "true: take them"),
      preferred_stock_voice_ids = fields.array(fields.text "a voice", "which ones, if they fit"),
    },
    { nullable = true }
  ),
  translate_audio_only = AUDIO_ONLY,
})

local rows = jobs.rows(
  {
    name = "create",
    method = "POST",
    path = PATH,
    body = BODY,
    repeatable = false,
    summary = "Translates a video, into each language as a job of its own. This costs money.",
    returns = "VideoTranslationsCreated",
    expects_list = "video_translation_ids",
    one_as_list = "video_translation_id",
  },
  "video_translation_id",
  {
    one = "translation",
    many = "translations",
    plural = "video_translations",
    returns = "VideoTranslation",
  }
)

local function add(row)
  rows[#rows + 1] = row
end

add {
  name = "languages",
  method = "GET",
  path = PATH .. "/languages",
  repeatable = true,
  summary = "The languages that can be translated into.",
  returns = "Languages",
}

add {
  name = "create_proofread",
  method = "POST",
  path = PROOFREADS,
  body = {
    video = jobs.VIDEO,
    output_languages = OUTPUT_LANGUAGES,
    title = fields.required_text "a name to find it by",
    brand_glossary_id = fields.BRAND_GLOSSARY_ID,
    brand_voice_id = BRAND_VOICE_ID,
    disable_music_track = jobs.COMMON.disable_music_track,
    enable_speech_enhancement = jobs.COMMON.enable_speech_enhancement,
    enable_video_stretching = fields.switch(false, "true: the video may become longer or shorter"),
    folder_id = fields.FOLDER_ID,
    keep_the_same_format = fields.switch(false, jobs.COMMON.keep_the_same_format.doc),
    mode = jobs.MODE,
    speaker_num = SPEAKER_NUM,
    srt = SRT,
  },
  repeatable = false,
  summary = "Translates the text of a video only, to be put right before it is spoken. This costs money.",
  returns = "ProofreadsCreated",
  expects_list = "proofread_ids",
  one_as_list = "proofread_id",
}

add {
  name = "get_proofread",
  method = "GET",
  path = PROOFREAD,
  repeatable = true,
  summary = "A proofread and its status.",
  returns = "Proofread",
  expects = "status",
  carries = "id",
}

add {
  name = "generate_proofread",
  method = "POST",
  path = PROOFREAD .. "/generate",
  body = {
    captions = fields.switch(false, "true: with subtitles"),
    translate_audio_only = AUDIO_ONLY,
    callback_url = fields.CALLBACK_URL,
    callback_id = fields.CALLBACK_ID,
  },
  makes = { video_translation_id = "video_translation_id" },
  repeatable = false,
  summary = "Makes the translated video from a proofread. This costs money.",
  returns = "ProofreadGenerated",
}

add {
  name = "get_proofread_srt",
  method = "GET",
  path = PROOFREAD .. "/srt",
  repeatable = true,
  summary = "Where the subtitles of a proofread are.",
  returns = "ProofreadSrt",
}

add {
  name = "update_proofread_srt",
  method = "PUT",
  path = PROOFREAD .. "/srt",
  body = { srt = fields.file_without_base64("the subtitles put right", { required = true }) },
  repeatable = true,
  summary = "Replaces the subtitles of a proofread.",
  returns = "Proofread",
  carries = "id",
}

return fields.rows("video_translations", rows)
