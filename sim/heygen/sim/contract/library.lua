-- What a workspace has made or may use: voices, avatars, templates, brands, sounds. Of most of these only the paths and
-- the names of the parameters are known for sure.
local account = require "heygen.sim.contract.account"
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
local union = types.union
local TOKEN = types.TOKEN

local FILE = ref(types.FILE, { required = true })
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
  variables = object(nil, { required = true }),
  scene_ids = array(id()),
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

local UPLOAD = { name = NAME, file = FILE, avatar_group_id = maybe() }

return {
  {
    id = "voices.create",
    method = "POST",
    path = "/v3/voices",
    body = {
      prompt = text { required = true, min = 1 },
      gender = maybe(),
      locale = maybe(),
      seed = integer { nullable = true },
    },
    idempotency = true,
    answer = object { seed = integer { required = true }, voices = array(VOICE, { required = true, min = 1 }) },
  },
  {
    id = "voices.clone.create",
    method = "POST",
    path = "/v3/voices/clone",
    body = {
      audio = FILE,
      voice_name = NAME,
      language = maybe(),
      remove_background_noise = flag { nullable = true, default = true },
    },
    idempotency = true,
    answer = object { voice_clone_id = id() },
  },
  {
    id = "voices.speech.create",
    method = "POST",
    path = "/v3/voices/speech",
    body = {
      text = text { required = true, min = 1, max = 5000 },
      voice_id = id(),
      input_type = text { default = "text", enum = { "text", "ssml" } },
      language = maybe(),
      locale = maybe(),
      speed = number { nullable = true, min = 0.5, max = 1.5 },
    },
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
  { id = "voices.get", method = "GET", path = "/v3/voices/{voice_id}", answer = A_VOICE },
  { id = "voices.delete", method = "DELETE", path = "/v3/voices/{voice_id}", answer = object { id = id() } },
  {
    id = "avatars.create",
    method = "POST",
    path = "/v3/avatars",
    body = union("type", {
      prompt = { name = NAME, prompt = text { required = true, min = 1 }, avatar_group_id = maybe() },
      digital_twin = UPLOAD,
      photo = UPLOAD,
    }),
    idempotency = true,
    answer = object { avatar_item = ref(LOOK, { required = true }), avatar_group = GROUP },
  },
  { id = "avatars.get", method = "GET", path = "/v3/avatars/{group_id}", answer = GROUP },
  {
    id = "avatars.update",
    method = "PATCH",
    path = "/v3/avatars/{group_id}",
    body = { name = NAME },
    answer = GROUP,
  },
  {
    id = "avatars.delete",
    method = "DELETE",
    path = "/v3/avatars/{group_id}",
    answer = object { id = id() },
  },
  {
    id = "avatars.consent.create",
    method = "POST",
    path = "/v3/avatars/{group_id}/consent",
    body = {
      consent_text = maybe(),
      consent_video = ref(types.FILE, { nullable = true }),
      reroute_url = text { nullable = true, format = "https" },
    },
    idempotency = true,
    answer = object { avatar_group = GROUP, url = maybe() },
  },
  { id = "avatar_looks.get", method = "GET", path = "/v3/avatars/looks/{look_id}", answer = LOOK },
  {
    id = "avatar_looks.update",
    method = "PATCH",
    path = "/v3/avatars/looks/{look_id}",
    body = { name = text { min = 1 } },
    answer = LOOK,
  },
  {
    id = "avatar_looks.delete",
    method = "DELETE",
    path = "/v3/avatars/looks/{look_id}",
    answer = object { id = id() },
  },
  {
    id = "audio_sounds.list",
    method = "GET",
    path = "/v3/audio/sounds",
    query = {
      query = id(),
      type = text { enum = { "music", "sound_effects" }, default = "music" },
      limit = limit(50, 10),
      min_score = number { min = 0, max = 1, default = 0.7 },
      token = TOKEN,
    },
    list = true,
    answer = array(SOUND),
  },
  {
    id = "templates.list",
    method = "GET",
    path = "/v3/templates",
    query = { limit = limit(100, 10), token = TOKEN },
    list = true,
    answer = array(object(TEMPLATE)),
  },
  { id = "templates.get", method = "GET", path = "/v3/templates/{template_id}", answer = WHOLE_TEMPLATE },
  {
    id = "templates.generate",
    method = "POST",
    path = "/v3/templates/{template_id}",
    body = types.with(types.CALLBACK, {
      variables = object(nil, { required = true }),
      brand_voice_id = maybe(),
      caption = flag { nullable = true },
      dimension = object({
        width = integer { required = true, min = 128, max = 4096 },
        height = integer { required = true, min = 128, max = 4096 },
      }, { nullable = true }),
      enable_sharing = flag { nullable = true },
      folder_id = maybe(),
      fps = number { nullable = true, above = 0, max = 60 },
      include_gif = flag { nullable = true },
      keep_text_vertically_centered = flag { nullable = true },
      reorder_music = flag { nullable = true },
      scene_ids = array(text { min = 1 }, { nullable = true }),
      subtitles = types.any { nullable = true },
      title = maybe(),
    }),
    idempotency = true,
    answer = types.VIDEO,
  },
  {
    id = "brand_kits.list",
    method = "GET",
    path = "/v3/brand-kits",
    query = { limit = limit(100, 20), token = TOKEN },
    list = true,
    answer = array(BRAND_KIT),
  },
  {
    id = "brand_kits.create",
    method = "POST",
    path = "/v3/brand-kits",
    body = { url = text { required = true, format = "https" } },
    idempotency = true,
    answer = BRAND_KIT,
  },
  {
    id = "brand_glossaries.list",
    method = "GET",
    path = "/v3/brand-glossaries",
    query = { limit = limit(100, 10), token = TOKEN },
    list = true,
    answer = array(GLOSSARY),
  },
  {
    id = "brand_glossaries.create",
    method = "POST",
    path = "/v3/brand-glossaries",
    -- Nobody has seen what else it takes.
    body = { name = NAME },
    open = true,
    idempotency = true,
    answer = GLOSSARY,
  },
  {
    id = "hyperframes.renders.create",
    method = "POST",
    path = "/v3/hyperframes/renders",
    body = types.with(types.CALLBACK, { title = maybe() }),
    open = true,
    idempotency = true,
    answer = object { video_id = id(), status = id() },
  },
}
