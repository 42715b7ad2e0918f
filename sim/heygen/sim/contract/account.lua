-- The account: its user, voices, avatars and looks.
local types = require("heygen.sim.contract.types")

local array = types.array
local flag = types.flag
local id = types.id
local integer = types.integer
local maybe = types.maybe
local number = types.number
local object = types.object
local text = types.text

local VOICE = object {
  gender = id(),
  language = id(),
  name = id(),
  support_locale = flag { required = true },
  support_pause = flag { required = true },
  type = text { required = true, enum = { "public", "private" } },
  voice_id = id(),
  preview_audio_url = maybe(),
  available_engines = array(text()),
}

local GROUP = object {
  created_at = integer { required = true },
  id = id(),
  looks_count = integer { required = true },
  name = id(),
  consent_status = maybe(),
  default_voice_id = maybe(),
  error = object({ code = id(), message = id() }, { nullable = true }),
  gender = maybe(),
  preview_image_url = maybe(),
  preview_video_url = maybe(),
  status = text { nullable = true, enum = { "processing", "pending_consent", "failed", "completed" } },
}

local LOOK = object {
  avatar_type = text { required = true, enum = { "studio_avatar", "digital_twin", "photo_avatar" } },
  id = id(),
  name = id(),
  default_voice_id = maybe(),
  error = object({ code = id(), message = id() }, { nullable = true }),
  gender = maybe(),
  group_id = maybe(),
  image_height = integer { nullable = true },
  image_width = integer { nullable = true },
  preferred_orientation = text { nullable = true, enum = { "portrait", "landscape", "square" } },
  preview_image_url = maybe(),
  preview_video_url = maybe(),
  status = text { nullable = true, enum = { "processing", "pending_consent", "failed", "completed" } },
  supported_api_engines = array(text()),
  tags = array(text()),
}

return {
  GROUP = GROUP,
  LOOK = LOOK,
  VOICE = VOICE,
  {
    id = "users.me",
    answer = object {
      email = text { required = true, nullable = true },
      first_name = text { required = true, nullable = true },
      last_name = text { required = true, nullable = true },
      username = id(),
      billing_type = text { nullable = true, enum = { "wallet", "subscription", "usage_based" } },
      subscription = object({
        credits = object({
          add_on_credits = object(
            { remaining = integer { nullable = true }, resets_at = maybe() },
            { nullable = true }
          ),
          premium_credits = object(
            { remaining = integer { nullable = true }, resets_at = maybe() },
            { nullable = true }
          ),
        }, { required = true }),
        plan = text {
          required = true,
          enum = { "free", "starter", "creator", "pro", "team", "enterprise", "business_plus" },
        },
      }, { nullable = true }),
      usage_based = object({
        included_credits = number { nullable = true },
        remaining_credits = number { nullable = true },
        spending_cap_usd = number { nullable = true },
        spending_current_usd = number { nullable = true },
      }, { nullable = true }),
      wallet = object({
        currency = text { required = true, enum = { "usd", "credits" } },
        auto_reload = object({
          enabled = flag { required = true },
          amount_usd = number { nullable = true },
          threshold_usd = number { nullable = true },
        }, { nullable = true }),
        remaining_balance = number { nullable = true },
      }, { nullable = true }),
    },
  },
  {
    id = "voices.list",
    list = true,
    answer = array(VOICE),
  },
  {
    id = "avatars.list",
    list = true,
    answer = array(GROUP),
  },
  {
    id = "avatars.looks",
    list = true,
    answer = array(LOOK),
  },
}
