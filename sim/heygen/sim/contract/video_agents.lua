-- The Video Agent: sessions, messages, resources, styles.
local types = require("heygen.sim.contract.types")

local array = types.array
local id = types.id
local integer = types.integer
local maybe = types.maybe
local object = types.object
local text = types.text

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
    -- On newer pages of the reference, without their types.
    own = {
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
    list = true,
    answer = array(object { created_at = integer { required = true }, session_id = id(), title = maybe() }),
  },
  {
    id = "video_agents.resource",
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
    answer = object { run_id = id(), session_id = id(), title = maybe() },
  },
  {
    id = "video_agents.stop",
    answer = object { session_id = id() },
  },
  {
    id = "video_agents.styles",
    list = true,
    answer = array(STYLE),
  },
  {
    id = "video_agents.videos",
    list = true,
    answer = array(types.VIDEO),
  },
}
