-- What a workspace has made or may use: voices, avatars, templates, brands, sounds.
local account = require "heygen.sim.contract.account"
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

local NAME = text { required = true, min = 1 }
local GROUP, LOOK, VOICE = account.GROUP, account.LOOK, account.VOICE

local BRAND_KIT = object {
  brand_kit_id = id(),
  name = id(),
  colors = array(text()),
  logo_url = maybe(),
}

-- Its timestamps are texts.
local GLOSSARY = object { brand_glossary_id = id(), name = id(), created_at = id(), updated_at = id() }

local SOUND = object {
  id = id(),
  name = id(),
  description = id(),
  type = text { required = true, enum = { "music", "sound_effects" } },
  audio_url = id(),
  duration = number { nullable = true },
  score = number { required = true },
  placement = maybe(),
  peak_offset = number { nullable = true },
}

local TEMPLATE = {
  id = id(),
  name = id(),
  aspect_ratio = maybe(),
  thumbnail_url = maybe(),
  created_at = integer { nullable = true },
  updated_at = integer { nullable = true },
}

local WHOLE_TEMPLATE = object(types.with(TEMPLATE, {
  variables = object(),
  scene_ids = array(text()),
  scenes = array(object {
    scene_id = id(),
    script = maybe(),
    variables = array(object { name = id(), variable_type = id() }),
  }),
}))

local A_VOICE = object {
  voice_id = id(),
  support_pause = flag { required = true },
  name = maybe(),
  language = maybe(),
  gender = maybe(),
  preview_audio_url = maybe(),
  status = text { nullable = true, enum = { "processing", "complete", "failed" } },
  created_at = integer { nullable = true },
  failure_message = maybe(),
  support_interactive_avatar = flag { default = false },
}

local FOLDER_TYPES = { "mixed", "video", "video_translate" }

local FOLDER = object {
  folder_id = id(),
  name = id(),
  type = text { required = true, enum = FOLDER_TYPES },
  is_trash = flag { required = true },
  created_at = integer { required = true },
  updated_at = integer { required = true },
  parent_id = maybe(),
  creator_username = maybe(),
}

local INSTANT_VIDEO = object {
  video_id = id(),
  status = text { required = true, enum = { "pending", "processing", "completed", "failed", "cancelled" } },
  model = text { required = true, enum = { "heygen-video-1" } },
  created_at = integer { required = true },
  failure_code = text { nullable = true, enum = { "generation_failed", "generation_cancelled" } },
  failure_message = maybe(),
  timings = object({ inference = number { required = true } }, { nullable = true }),
  aspect_ratio = maybe(),
  duration = integer { nullable = true },
  width = integer { nullable = true },
  height = integer { nullable = true },
  seed = integer { nullable = true },
  video_url = maybe(),
}

return {
  {
    id = "voices.create",
    answer = object { seed = integer { required = true }, voices = array(VOICE, { required = true }) },
  },
  {
    id = "voices.clone",
    idempotency = true,
    answer = object { voice_clone_id = id() },
  },
  {
    id = "voices.speech",
    answer = object {
      audio_url = id(),
      duration = number { required = true },
      request_id = maybe(),
      word_timestamps = array(
        object {
          word = id(),
          start = number { required = true },
          ["end"] = number { required = true },
        },
        { nullable = true }
      ),
    },
  },
  {
    id = "voices.get",
    answer = A_VOICE,
  },
  {
    id = "voices.delete",
    answer = object { voice_id = id() },
  },
  {
    id = "avatars.create",
    idempotency = true,
    answer = object {
      avatar_item = ref(LOOK, { nullable = true }),
      avatar_group = ref(GROUP, { nullable = true }),
    },
  },
  {
    id = "avatars.get",
    answer = GROUP,
  },
  {
    id = "avatars.update",
    own = { name = NAME },
    answer = GROUP,
  },
  {
    id = "avatars.delete",
    answer = object { id = id() },
  },
  {
    id = "avatars.consent",
    idempotency = true,
    answer = object { avatar_group = ref(GROUP, { required = true }), url = maybe() },
  },
  {
    id = "avatars.get_look",
    answer = LOOK,
  },
  {
    id = "avatars.update_look",
    answer = LOOK,
  },
  {
    id = "avatars.delete_look",
    answer = object { id = id() },
  },
  {
    id = "audio.sounds",
    list = true,
    answer = array(SOUND),
  },
  {
    id = "templates.list",
    list = true,
    answer = array(object(TEMPLATE)),
  },
  {
    id = "templates.get",
    answer = WHOLE_TEMPLATE,
  },
  {
    id = "templates.generate",
    idempotency = true,
    answer = types.VIDEO,
  },
  {
    id = "brand_kits.list",
    list = true,
    answer = array(BRAND_KIT),
  },
  {
    id = "brand_kits.create",
    own = { url = text { required = true, format = "https" } },
    idempotency = true,
    answer = BRAND_KIT,
  },
  {
    id = "brand_glossaries.list",
    list = true,
    answer = array(GLOSSARY),
  },
  {
    id = "brand_glossaries.create",
    own = { name = NAME },
    open = true,
    idempotency = true,
    answer = GLOSSARY,
  },
  {
    id = "folders.create",
    idempotency = true,
    answer = FOLDER,
  },
  {
    id = "folders.get",
    answer = FOLDER,
  },
  {
    -- Known in part: what else there is passes.
    id = "models.create_video",
    listed = true,
    method = "POST",
    path = "/v3/models/videos",
    body = {
      model = text { required = true, enum = { "heygen-video-1" } },
      mode = text { required = true },
      prompt = NAME,
      duration = integer { min = 1 },
      resolution = text { enum = { "480p", "768p", "1080p", "2k" }, default = "768p" },
      aspect_ratio = text(),
      image = types.FILE,
      reference_images = array(types.FILE, { max = 9 }),
      reference_videos = array(types.FILE, { max = 3 }),
      seed = integer { nullable = true },
    },
    open = true,
    idempotency = true,
    answer = object { video_id = id() },
  },
  {
    id = "models.get_video",
    answer = INSTANT_VIDEO,
  },
  {
    id = "models.speech",
    answer = object { audio_url = id(), duration = number { required = true } },
  },
}
