-- Voices: the catalogue, designed and cloned ones, and speech without a video.
local fields = require "heygen.endpoints.fields"

local optional_text, required_text = fields.optional_text, fields.required_text

return fields.rows("voices", {
  {
    name = "list",
    method = "GET",
    path = "/v3/voices",
    query = fields.join(fields.page(20), {
      type = fields.text("whose voices", { enum = { "public", "private" }, default = "public" }),
      engine = fields.text "only voices of this engine, such as starfish",
      language = fields.text "only voices of this language, such as English",
      gender = fields.text "only voices of this gender",
    }),
    list = true,
    repeatable = true,
    summary = "Voices of the catalogue, or the account's own.",
    returns = "Voice[]",
  },
  {
    name = "get",
    method = "GET",
    path = "/v3/voices/{voice_id}",
    repeatable = true,
    summary = "A voice; a cloned one is ready when its status is complete.",
    returns = "VoiceDetails",
    carries = "voice_id",
  },
  {
    name = "delete",
    method = "DELETE",
    path = "/v3/voices/{voice_id}",
    repeatable = true,
    summary = "Deletes a voice of the account.",
    returns = "DeletedVoice",
  },
  {
    name = "create",
    method = "POST",
    path = "/v3/voices",
    body = {
      prompt = required_text "how the voice must sound",
      gender = optional_text "its gender",
      locale = optional_text "its accent, such as en-GB",
      seed = fields.integer("another seed gives other voices", { default = 0 }),
    },
    repeatable = true,
    summary = "Finds up to three voices that fit a description. Nothing is made: the same description and seed give "
      .. "the same voices.",
    returns = "VoiceMatches",
  },
  {
    name = "clone",
    method = "POST",
    path = "/v3/voices/clone",
    body = {
      audio = fields.file("a recording of the speaker", { required = true }),
      voice_name = required_text "what to call it",
      language = optional_text "what is spoken",
      remove_background_noise = fields.switch(true, "true: without the noise of the recording"),
    },
    makes = { voice_clone_id = "voice_id" },
    repeatable = false,
    summary = "Makes a voice from a recording.",
    returns = "VoiceClone",
    expects = "voice_clone_id",
  },
  {
    name = "speech",
    method = "POST",
    path = "/v3/voices/speech",
    body = {
      text = required_text("what is said", { max = 5000 }),
      voice_id = required_text 'one of voices:list{engine = "starfish"}',
      input_type = fields.text("what the text is", { known = { "text", "ssml" }, default = "text" }),
      language = optional_text "what is spoken",
      locale = optional_text "accent, such as en-GB",
      speed = fields.number("how fast", { min = 0.5, max = 2, default = 1 }),
    },
    repeatable = false,
    summary = "Speaks a text, without a video. This may cost money.",
    returns = "Speech",
    expects = "audio_url",
  },
})
