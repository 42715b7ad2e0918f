-- What a workspace has made or may use: voices, avatars, templates, brands, sounds.
local account = require "heygen.sim.contract.account"
local types = require "heygen.sim.contract.types"

local array = types.array
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

local A_VOICE = object(types.with(VOICE.fields, {
  status = text { required = true, enum = { "processing", "complete", "failed" } },
  available_engines = array(text()),
  created_at = integer { nullable = true },
  failure_message = maybe(),
  support_interactive_avatar = types.flag { required = true },
}))

return {
  {
    id = "voices.create",
    idempotency = true,
    answer = object { seed = integer { required = true }, voices = array(VOICE, { required = true, min = 1 }) },
  },
  {
    id = "voices.clone",
    idempotency = true,
    answer = object { voice_clone_id = id() },
  },
  {
    id = "voices.speech",
    own = { input_type = text { enum = { "text", "ssml" } } },
    answer = object {
      audio_url = id(),
      duration = number { required = true },
      request_id = id(),
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
    answer = object { id = id() },
  },
  {
    id = "avatars.create",
    idempotency = true,
    answer = object { avatar_item = ref(LOOK, { required = true }), avatar_group = GROUP },
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
    answer = object { avatar_group = GROUP, url = maybe() },
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
    own_query = { type = text { enum = { "music", "sound_effects" }, default = "music" } },
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
}
