-- What POST /v3/videos takes: four kinds of videos.
local types = require "heygen.sim.contract.types"

local array = types.array
local flag = types.flag
local id = types.id
local integer = types.integer
local maybe = types.maybe
local number = types.number
local object = types.object
local ref = types.ref
local text = types.text
local union = types.union

local VOICE_SETTINGS = object {
  engine_settings = union("engine_type", {
    elevenlabs = {
      model = text {
        nullable = true,
        enum = { "eleven_multilingual_v2", "eleven_turbo_v2_5", "eleven_flash_v2_5", "eleven_v3" },
      },
      similarity_boost = number { nullable = true },
      stability = number { nullable = true },
      style = number { nullable = true },
      use_speaker_boost = flag { nullable = true },
    },
    fish = {
      model = text { nullable = true, enum = { "s1", "s2-pro" } },
      similarity = number { nullable = true },
      stability = number { nullable = true },
    },
    starfish = {},
  }, { nullable = true }),
  locale = maybe(),
  pitch = number { min = -50, max = 50, default = 0 },
  speed = number { min = 0.5, max = 1.5, default = 1 },
  volume = number { min = 0, max = 1, default = 1 },
}

local WATERMARK = object {
  image = ref(types.FILE, { required = true }),
  opacity = number { min = 0, max = 1, default = 1 },
  placement = object({
    offset_x = number { nullable = true },
    offset_y = number { nullable = true },
    position = text {
      default = "bottom_right",
      enum = { "top_left", "top_right", "bottom_left", "bottom_right" },
    },
  }, { nullable = true }),
  scale = number { default = 1 },
}

local CAPTION = object {
  file_format = text { default = "srt", enum = { "srt" } },
  style = text { nullable = true, enum = { "default" } },
}

local BACKGROUND = object({
  type = text { required = true, enum = { "color", "image" } },
  asset_id = maybe(),
  url = text { nullable = true, format = "https" },
  value = text { nullable = true, format = "color" },
}, { rule = "background" })

local ENGINE = union("type", { avatar_v = { reference_look_id = maybe() }, avatar_iv = {}, avatar_iii = {} })

-- What "avatar" and "image" have in common.
local SPEECH = {
  audio_asset_id = maybe(),
  audio_url = text { nullable = true, format = "https" },
  script = text { nullable = true, max = 5000 },
  voice_id = maybe(),
  voice_settings = ref(VOICE_SETTINGS, { nullable = true }),
}

local LOOK = types.with(SPEECH, {
  expressiveness = text { nullable = true, enum = { "high", "medium", "low" } },
  motion_prompt = maybe(),
})

local ASPECT =
  text { nullable = true, default = "16:9", enum = { "16:9", "9:16", "4:5", "5:4", "1:1", "auto" } }

local WHOLE = types.with(types.CALLBACK, {
  aspect_ratio = ASPECT,
  caption = ref(CAPTION, { nullable = true }),
  resolution = text { nullable = true, enum = { "4k", "1080p", "720p" } },
  title = maybe(),
  watermark = ref(WATERMARK, { nullable = true }),
})

local CLIP = types.with(LOOK, WHOLE, {
  background = ref(BACKGROUND, { nullable = true }),
  fit = text { nullable = true, enum = { "contain", "cover" } },
  output_format = text { default = "mp4", enum = { "mp4", "webm" } },
  remove_background = flag { nullable = true },
})

local INPUT = union("type", {
  avatar = types.with(LOOK, {
    avatar_id = id(),
    background = union("type", {
      color = { color = text { required = true, format = "color" } },
    }, { nullable = true }),
    engine = ref(ENGINE, { nullable = true }),
  }),
  image = types.with(LOOK, { image = ref(types.FILE, { required = true }) }),
}, { required = true, rules = { avatar = "one_voice", image = "one_voice_of_an_image" } })

local SCENE = union("type", {
  avatar_video = { input = INPUT },
  image = types.with(SPEECH, {
    source = ref(types.FILE, { required = true }),
    duration = number { nullable = true, above = 0, max = 300 },
  }),
  video = {
    source = ref(types.FILE, { required = true }),
    playback = object(
      { mute = flag { default = false }, volume = number { default = 1 } },
      { nullable = true }
    ),
  },
}, { rules = { image = "image_scene" } })

return union("type", {
  avatar = types.with(CLIP, { avatar_id = id(), engine = ref(ENGINE, { nullable = true }) }),
  image = types.with(CLIP, { image = ref(types.FILE, { required = true }) }),
  cinematic_avatar = {
    avatar_id = array(text(), { required = true, min = 1, max = 3 }),
    prompt = id(),
    aspect_ratio = text { default = "16:9", enum = { "16:9", "9:16", "1:1" } },
    auto_duration = flag { default = false },
    duration = integer { nullable = true, min = 4, max = 15 },
    enhance_prompt = flag { default = false },
    references = array(types.FILE, { nullable = true }),
    resolution = text { default = "720p", enum = { "720p", "1080p" } },
    title = maybe(),
  },
  studio = types.with(WHOLE, { scenes = array(SCENE, { required = true, min = 1, max = 50 }) }),
}, { rules = { avatar = "one_voice", image = "one_voice_of_an_image", cinematic_avatar = "cinematic" } })
