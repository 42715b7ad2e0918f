-- The Video Agent: sessions, messages, resources, styles.
local types = require("heygen.sim.contract.types")

local array = types.array
local flag = types.flag
local id = types.id
local integer = types.integer
local limit = types.limit
local maybe = types.maybe
local object = types.object
local text = types.text
local TOKEN = types.TOKEN

local MESSAGE = object {
  content = id(),
  role = id(),
  type = text { required = true, enum = { "text", "resource", "error" } },
  created_at = integer { nullable = true },
  resource_ids = array(text(), { nullable = true }),
}

local STYLE = object {
  name = id(),
  style_id = id(),
  aspect_ratio = maybe(),
  preview_video_url = maybe(),
  tags = array(text(), { nullable = true }),
  thumbnail_url = maybe(),
}

return {
  {
    id = "video_agents.create",
    method = "POST",
    path = "/v3/video-agents",
    body = {
      prompt = text { required = true, min = 1, max = 10000 },
      avatar_id = maybe(),
      brand_kit_id = maybe(),
      callback_id = text { nullable = true, requires = "callback_url" },
      callback_url = text { nullable = true, format = "https" },
      files = array(types.FILE, { nullable = true, max = 20 }),
      incognito_mode = flag { default = false },
      mode = text { default = "generate", enum = { "generate", "chat" } },
      orientation = text { nullable = true, enum = { "landscape", "portrait" } },
      style_id = maybe(),
      voice_id = maybe(),
      -- On newer pages of the reference; the last two without their types.
      brand_glossary_id = maybe(),
      visibility = types.any { nullable = true },
      members = types.any { nullable = true },
    },
    idempotency = "switch",
    answer = object {
      created_at = integer { required = true },
      session_id = id(),
      status = text { required = true, enum = { "generating", "thinking", "completed", "failed" } },
      video_id = maybe(),
    },
  },
  {
    id = "video_agents.get",
    method = "GET",
    path = "/v3/video-agents/{session_id}",
    answer = object {
      created_at = integer { required = true },
      session_id = id(),
      status = text {
        required = true,
        enum = { "thinking", "waiting_for_input", "reviewing", "generating", "completed", "failed" },
      },
      messages = array(MESSAGE, { max = 40 }),
      progress = integer { min = 0, max = 100, default = 0 },
      title = maybe(),
      video_id = maybe(),
    },
  },
  {
    id = "video_agents.list",
    method = "GET",
    path = "/v3/video-agents",
    query = { limit = limit(100, 20), token = TOKEN },
    list = true,
    answer = array(object { created_at = integer { required = true }, session_id = id(), title = maybe() }),
  },
  {
    id = "video_agents.resources.get",
    method = "GET",
    path = "/v3/video-agents/{session_id}/resources/{resource_id}",
    answer = object {
      resource_id = id(),
      resource_type = id(),
      created_at = integer { nullable = true },
      metadata = object(nil, { nullable = true }),
      preview_url = maybe(),
      source_type = maybe(),
      thumbnail_url = maybe(),
      url = maybe(),
    },
  },
  {
    id = "video_agents.send",
    method = "POST",
    path = "/v3/video-agents/{session_id}",
    body = {
      message = text { required = true, min = 1, max = 10000 },
      avatar_id = maybe(),
      brand_kit_id = maybe(),
      files = array(types.FILE, { nullable = true, max = 20 }),
      voice_id = maybe(),
    },
    answer = object { run_id = id(), session_id = id(), title = maybe() },
  },
  {
    id = "video_agents.stop",
    method = "POST",
    path = "/v3/video-agents/{session_id}/stop",
    body = {},
    answer = object { session_id = id() },
  },
  {
    id = "video_agents.styles.list",
    method = "GET",
    path = "/v3/video-agents/styles",
    query = { tag = text(), limit = limit(100, 20), token = TOKEN },
    list = true,
    answer = array(STYLE),
  },
  {
    id = "video_agents.videos.list",
    method = "GET",
    path = "/v3/video-agents/{session_id}/videos",
    list = true,
    answer = array(types.VIDEO),
  },
}
