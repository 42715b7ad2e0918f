-- Models, without avatars and scenes around them: instant videos, and speech.
--
-- What makes an instant video is not described in full: client:request sends it, and wait_video waits for it.
local fields = require "heygen.endpoints.fields"

local optional_text, required_text = fields.optional_text, fields.required_text

return fields.rows("models", {
  {
    name = "get_video",
    method = "GET",
    path = "/v3/models/videos/{video_id}",
    repeatable = true,
    summary = "An instant video and its status, with a fresh download address when it is completed.",
    returns = "InstantVideo",
    expects = "status",
    carries = "video_id",
  },
  {
    name = "speech",
    method = "POST",
    path = "/v3/models/audio/tts",
    body = {
      text = required_text "what is said",
      voice_id = required_text "one of voices:list()",
      language = optional_text "what is spoken",
      model = fields.text("which one speaks", { default = "heygen-voice-1", min = 1 }),
      expressiveness_boost = fields.number("liveliness", { min = 0, max = 1, default = 1 }),
      pitch_shift = fields.optional_number "how much higher or lower",
      pitch_variance = fields.optional_number "how lively the melody is",
      seed = fields.integer("the same seed speaks the same way", { nullable = true }),
      speed = fields.optional_number "how fast",
    },
    repeatable = false,
    summary = "Speaks a text with a model of voices. At most 30 calls a minute. This may cost money.",
    returns = "ModelSpeech",
    expects = "audio_url",
  },
})
