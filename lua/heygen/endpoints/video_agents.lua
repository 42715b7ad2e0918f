-- Sessions of the Video Agent: a prompt becomes a video.
local fields = require "heygen.endpoints.fields"

local optional_id = fields.optional_id

local PROMPT_MAX = 10000
local FILES_MAX = 20

local AVATAR_ID = optional_id "a look, not an avatar group"
local VOICE_ID = optional_id "the voice; chosen to fit when absent"
local BRAND_KIT_ID = optional_id "colours and logo to use"

local FILES = {
  type = "array",
  items = {
    type = "file_input",
    max_bytes = 32 * 1024 * 1024,
    media_types = { -- no subtitles, unlike assets
      "image/png",
      "image/jpeg",
      "video/mp4",
      "video/webm",
      "audio/mpeg",
      "audio/wav",
      "application/pdf",
    },
  },
  nullable = true,
  max = FILES_MAX,
  doc = "material: paths, https addresses, {asset_id = ...}, {bytes = ...} or {media_type = ..., data = base64}",
}

return fields.rows("video_agents", {
  {
    name = "create",
    method = "POST",
    path = "/v3/video-agents",
    body = {
      prompt = {
        type = "string",
        required = true,
        min = 1,
        max = PROMPT_MAX,
        doc = "what the video must show and say",
      },
      mode = {
        type = "string",
        enum = { "generate", "chat" },
        default = "generate",
        doc = "generate asks no questions",
      },
      avatar_id = AVATAR_ID,
      voice_id = VOICE_ID,
      style_id = optional_id "one of video_agents:styles()",
      brand_kit_id = BRAND_KIT_ID,
      brand_glossary_id = fields.BRAND_GLOSSARY_ID,
      orientation = {
        type = "string",
        nullable = true,
        enum = { "landscape", "portrait" },
        doc = "chosen from the content when absent",
      },
      files = FILES,
      callback_url = fields.CALLBACK_URL,
      callback_id = fields.CALLBACK_ID,
      incognito_mode = fields.switch(false, "true: no memory is read or written"),
    },
    newer = { visibility = true, members = true },
    retired = { auto_proceed = true, skip_agentic_stop = true, duration_sec = true },
    repeatable = false,
    summary = "Starts a session that makes a video. This costs money.",
    returns = "VideoAgentSession",
    expects = "session_id",
  },
  {
    name = "list",
    method = "GET",
    path = "/v3/video-agents",
    query = fields.page(20),
    list = true,
    repeatable = true,
    summary = "Sessions, newest first.",
    returns = "VideoAgentSession[]",
  },
  {
    name = "get",
    method = "GET",
    path = "/v3/video-agents/{session_id}",
    repeatable = true,
    summary = "Status, progress, video id and newest messages of a session.",
    returns = "VideoAgentSession",
    expects = "session_id",
    carries = "session_id",
  },
  {
    name = "send",
    method = "POST",
    path = "/v3/video-agents/{session_id}",
    body = {
      message = {
        type = "string",
        min = 1,
        max = PROMPT_MAX,
        doc = "the answer or the next wish; may be left out, as when files say it all",
      },
      avatar_id = AVATAR_ID,
      voice_id = VOICE_ID,
      brand_kit_id = BRAND_KIT_ID,
      files = FILES,
    },
    repeatable = false,
    shown = { "message" },
    summary = "Sends a message to a session in chat mode.",
    returns = "VideoAgentRun",
    expects = "session_id",
  },
  {
    name = "stop",
    method = "POST",
    path = "/v3/video-agents/{session_id}/stop",
    body = {},
    repeatable = true,
    summary = "Ends the run at its next checkpoint; what is made so far stays.",
    returns = "VideoAgentSession",
    expects = "session_id",
  },
  {
    name = "videos",
    method = "GET",
    path = "/v3/video-agents/{session_id}/videos",
    repeatable = true,
    summary = "All videos of a session, newest first.",
    returns = "Video[]",
  },
  {
    name = "resource",
    method = "GET",
    path = "/v3/video-agents/{session_id}/resources/{resource_id}",
    repeatable = true,
    summary = "An image, draft or other resource that a message of the session names.",
    returns = "VideoAgentResource",
    expects = "resource_id",
  },
  {
    name = "styles",
    method = "GET",
    path = "/v3/video-agents/styles",
    query = fields.join(fields.page(20), {
      tag = {
        type = "string",
        known = { "cinematic", "retro-tech", "iconic-artist", "pop-culture", "handmade", "print" },
        doc = "only styles with this tag",
      },
    }),
    list = true,
    each = "each_style",
    repeatable = true,
    summary = "The catalogue of styles.",
    returns = "VideoAgentStyle[]",
  },
})
