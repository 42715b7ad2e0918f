-- What POST /v3/videos takes: four kinds of videos, told apart by `type`.
local fields = require "heygen.endpoints.fields"

local array, file, switch, join, number, object =
  fields.array, fields.file, fields.switch, fields.join, fields.number, fields.object
local optional_flag, optional_id, optional_number, optional_text =
  fields.optional_flag, fields.optional_id, fields.optional_number, fields.optional_text
local required_text, text, union, with = fields.required_text, fields.text, fields.union, fields.with

local SCRIPT_MAX = 5000

-- Exactly one source of speech.
local VOICES = { "script", "audio_url", "audio_asset_id" }

local VOICE_SETTINGS = object("VoiceSettings", "how the voice speaks", {
  engine_settings = union("EngineSettings", "what only this engine knows", "engine_type", {
    elevenlabs = {
      fields = {
        model = optional_text("the model of the voice", {
          enum = { "eleven_multilingual_v2", "eleven_turbo_v2_5", "eleven_flash_v2_5", "eleven_v3" },
        }),
        similarity_boost = optional_number "closeness to the original voice",
        stability = optional_number "evenness of the speech",
        style = optional_number "exaggeration of the style",
        use_speaker_boost = optional_flag "true: closer to the speaker, slower",
      },
    },
    fish = {
      fields = {
        model = optional_text("the model of the voice", { enum = { "s1", "s2-pro" } }),
        similarity = optional_number "closeness to the original voice",
        stability = optional_number "evenness of the speech",
      },
    },
    starfish = { fields = {} },
  }, { nullable = true }),
  locale = optional_text "accent, such as en-GB",
  pitch = number("how much higher or lower", { min = -50, max = 50, default = 0 }),
  speed = number("how fast", { min = 0.5, max = 1.5, default = 1 }),
  volume = number("how loud", { min = 0, max = 1, default = 1 }),
}, { nullable = true })

local WATERMARK = object("Watermark", "an image over the video", {
  image = file("what to show", { required = true }),
  opacity = number("how opaque", { min = 0, max = 1, default = 1 }),
  placement = object("Placement", "where it stands", {
    offset_x = optional_number "pixels from the side",
    offset_y = optional_number "pixels from the top or bottom",
    position = text("the corner", {
      enum = { "top_left", "top_right", "bottom_left", "bottom_right" },
      default = "bottom_right",
    }),
  }, { nullable = true }),
  scale = number("size", { default = 1 }),
}, { nullable = true })

local CAPTION = object("Caption", "subtitles", {
  file_format = text("format of the file", { enum = { "srt" }, default = "srt" }),
  style = optional_text("burns them into the picture as well", { enum = { "default" } }),
}, { nullable = true })

local BACKGROUND = object("Background", "what is behind the speaker", {
  type = text("what it is", { required = true, enum = { "color", "image" } }),
  value = optional_text "of a color: #rrggbb",
  url = optional_text("of an image", { format = "https_url" }),
  asset_id = optional_id "of an image",
}, {
  nullable = true,
  cases = { by = "type", color = { any_of = { "value" } }, image = { one_of = { "url", "asset_id" } } },
})

local function behind(what)
  return {
    one_of = { "url", "asset_id" },
    fields = {
      url = optional_text(what, { format = "https_url" }),
      asset_id = optional_id(what .. ", uploaded"),
    },
  }
end

local SCENE_BACKGROUND = union("SceneBackground", "what is behind the speaker", "type", {
  color = { fields = { color = required_text "#rrggbb" } },
  image = behind "a picture",
  video = behind "a video",
}, { nullable = true, infer = { { "color", "color" } } })

local ENGINE = union("AvatarEngine", "the engine that renders, avatar_iv when absent", "type", {
  avatar_v = {
    fields = { reference_look_id = optional_id "a recorded look of the same group, to take the motion from" },
  },
  avatar_iv = { fields = {} },
  avatar_iii = { fields = {} },
}, { nullable = true })

-- What engines cannot do, whatever the look.
local ENGINE_CLASHES = {
  { "engine", "avatar_iii", "motion_prompt" },
  { "engine", "avatar_iii", "expressiveness" },
  { "engine", "avatar_v", "expressiveness" },
}

-- What is transparent has no background.
local NO_BACKGROUND = { "output_format", "webm", "background" }

-- What is spoken, and how.
local SPEECH = {
  script = optional_text("what is said", { max = SCRIPT_MAX }),
  audio_url = optional_text("a recording instead of a script", { format = "https_url" }),
  audio_asset_id = optional_id "an uploaded recording instead of a script",
  voice_id = optional_id "one of voices:list(); the avatar's own when absent",
  voice_settings = VOICE_SETTINGS,
}

local SCRIPT_WITH_VOICE = with(SPEECH.script, { requires = "voice_id" })

local LOOK = join(SPEECH, {
  expressiveness = optional_text(
    "how lively the face is; of pictures and photo avatars, with avatar_iv alone, low when absent",
    { enum = { "high", "medium", "low" } }
  ),
  motion_prompt = optional_text "how the body moves; of other avatars than photo avatars with avatar_v alone",
})

-- A picture has no voice of its own.
local OF_A_PICTURE = {
  image = file("the picture that speaks", { required = true }),
  script = SCRIPT_WITH_VOICE,
  voice_id = optional_id "one of voices:list(); needed for a script",
}

local AVATAR_ID = required_text "a look, one of avatars:looks(); not an avatar group"

local ASPECT_RATIO = optional_text("form of the picture", {
  enum = { "16:9", "9:16", "4:5", "5:4", "1:1", "auto" },
  default = "16:9",
})

local WHOLE = {
  aspect_ratio = ASPECT_RATIO,
  callback_id = fields.CALLBACK_ID,
  callback_url = fields.CALLBACK_URL,
  caption = CAPTION,
  resolution = optional_text("size of the picture", { enum = { "4k", "1080p", "720p" } }),
  title = fields.TITLE,
  folder_id = fields.FOLDER_ID,
  watermark = WATERMARK,
}

local CLIP = join(LOOK, WHOLE, {
  background = BACKGROUND,
  fit = optional_text("how the picture fills the frame", { enum = { "contain", "cover" } }),
  output_format = text("webm has a transparent background", {
    enum = { "mp4", "webm" },
    default = "mp4",
  }),
  remove_background = optional_flag "true: the speaker alone",
})

local INPUT = union("SceneInput", "who speaks", "type", {
  avatar = {
    one_of = VOICES,
    clashes = ENGINE_CLASHES,
    fields = join(LOOK, { avatar_id = AVATAR_ID, background = SCENE_BACKGROUND, engine = ENGINE }),
  },
  image = { one_of = VOICES, fields = join(LOOK, OF_A_PICTURE) },
}, { required = true, infer = { { "image", "image" }, { "avatar_id", "avatar" } } })

local SCENE = union("Scene", "a part of the video", "type", {
  avatar_video = { fields = { input = INPUT } },
  image = {
    any_of = { "duration", "script", "audio_url", "audio_asset_id" },
    most_one_of = VOICES,
    fields = join(SPEECH, {
      script = SCRIPT_WITH_VOICE,
      voice_id = OF_A_PICTURE.voice_id,
      source = file("the picture", { required = true }),
      duration = optional_number("seconds; as long as its sound when absent", { above = 0, max = 300 }),
    }),
  },
  video = {
    fields = {
      source = file("the video", { required = true }),
      playback = object("Playback", "how its sound is played", {
        mute = switch(false, "true: without its sound"),
        volume = number("how loud", { default = 1 }),
      }, { nullable = true }),
    },
  },
})

local CINEMATIC = {
  avatar_id = array(
    text("a look", { min = 1 }),
    "looks that take part",
    { required = true, min = 1, max = 3 }
  ),
  prompt = required_text "what the video must show",
  aspect_ratio = text("form of the picture", { enum = { "16:9", "9:16", "1:1" }, default = "16:9" }),
  auto_duration = switch(false, "true: as long as it needs"),
  duration = fields.integer("seconds", {
    nullable = true,
    default = 10,
    min = 4,
    max = 15,
    not_with = "auto_duration",
  }),
  enhance_prompt = switch(false, "true: the service may rewrite the prompt"),
  references = array({ type = "file_input" }, "3 videos and 9 images at most", { nullable = true, max = 12 }),
  resolution = text("size of the picture", { enum = { "720p", "1080p" }, default = "720p" }),
  title = fields.TITLE,
  folder_id = fields.FOLDER_ID,
}

return union("VideoBody", "a video to make", "type", {
  avatar = {
    one_of = VOICES,
    clashes = { NO_BACKGROUND, ENGINE_CLASHES[1], ENGINE_CLASHES[2], ENGINE_CLASHES[3] },
    fields = join(CLIP, { avatar_id = AVATAR_ID, engine = ENGINE }),
  },
  image = { one_of = VOICES, clashes = { NO_BACKGROUND }, fields = join(CLIP, OF_A_PICTURE) },
  cinematic_avatar = { fields = CINEMATIC },
  studio = {
    fields = join(WHOLE, {
      scenes = array(SCENE, "its parts, in order", { required = true, min = 1, max = 50 }),
    }),
  },
}, {
  infer = {
    { "scenes", "studio" },
    { "image", "image" },
    { "prompt", "cinematic_avatar" },
    { "avatar_id", "avatar" },
  },
})
