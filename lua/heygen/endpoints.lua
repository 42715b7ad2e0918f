-- The HTTP API as data: one row for each call. Methods, argument checks and JSON shapes are made from these rows.

---@class heygen.FieldSpec
---@field type string "string", "integer", "number", "boolean", "array", "object", "any", "file_input" or "ids"
---@field required boolean?
---@field nullable boolean? core.null may be sent
---@field min number? least value, or number of characters (code points) or items
---@field max number? greatest value, or number of characters (code points) or items
---@field enum string[]? the closed set of values
---@field known string[]? values that are known of an open set; others are sent as they are
---@field format string? "https_url" or "callback_url" (plain http to this machine as well)
---@field requires string? another field that must be there too
---@field items heygen.FieldSpec? of an array
---@field fields table<string, heygen.FieldSpec>? of an object; without them any are allowed
---@field doc string

---@class heygen.Endpoint
---@field group string
---@field name string
---@field method string
---@field path string
---@field path_params { name: string, also: string? }[] in order; `also`: the id's other name in objects of the service
---@field query table<string, heygen.FieldSpec>
---@field body table<string, heygen.FieldSpec>? nil: no body is sent
---@field list boolean? an answer in pages, with `limit` and `token`
---@field repeatable boolean a second request does no harm
---@field any_of string[]? at least one of these query fields is needed
---@field max_ids integer? of all "ids" fields together
---@field newer table<string, boolean>? body fields whose types are not published: they go through `extra`
---@field retired table<string, boolean>? body fields that the service no longer takes
---@field brief boolean? the answer fits into one packet: asking for compression is not worth its cost
---@field summary string
---@field returns string
---@field expects string? a field without which the answer is not what was asked for
---@field carries string? where the value has its id; filled in with the one asked for when the service sends none

local PROMPT_MAX = 10000
local FILES_MAX = 20
local IDS_MAX = 100

local SESSION = { name = "session_id" }
local RESOURCE = { name = "resource_id" }
local VIDEO = { name = "video_id", also = "id" }

local function text(doc)
  return { type = "string", doc = doc }
end

-- An empty id is never meant: it is a variable that was not set.
local function optional_id(doc)
  return { type = "string", nullable = true, min = 1, doc = doc }
end

local function limit(default)
  return { type = "integer", min = 1, max = 100, doc = "items in a page, " .. default .. " when absent" }
end

local TOKEN = { type = "string", min = 1, doc = "next_token of the page before" }

local AVATAR_ID = optional_id "a look, not an avatar group"
local VOICE_ID = optional_id "the voice; chosen to fit when absent"
local BRAND_KIT_ID = optional_id "colours and logo to use"

local FILES = {
  type = "array",
  items = { type = "file_input" },
  nullable = true,
  max = FILES_MAX,
  doc = "material: {url = ...}, {asset_id = ...} or {media_type = ..., data = base64}",
}

return {
  {
    group = "video_agents",
    name = "create",
    method = "POST",
    path = "/v3/video-agents",
    path_params = {},
    query = {},
    body = {
      prompt = {
        type = "string",
        required = true,
        min = 1,
        max = PROMPT_MAX,
        doc = "what the video shall show and say",
      },
      mode = {
        type = "string",
        enum = { "generate", "chat" },
        doc = "generate (the default) goes on without questions",
      },
      avatar_id = AVATAR_ID,
      voice_id = VOICE_ID,
      style_id = optional_id "one of video_agents:styles()",
      brand_kit_id = BRAND_KIT_ID,
      orientation = {
        type = "string",
        nullable = true,
        enum = { "landscape", "portrait" },
        doc = "chosen from the content when absent",
      },
      files = FILES,
      callback_url = {
        type = "string",
        nullable = true,
        format = "callback_url",
        doc = "called at the end, without a signature",
      },
      callback_id = {
        type = "string",
        nullable = true,
        requires = "callback_url",
        doc = "comes back in the callback",
      },
      incognito_mode = { type = "boolean", doc = "true: no memory is read or written" },
    },
    newer = { brand_glossary_id = true, visibility = true, members = true },
    retired = { auto_proceed = true, skip_agentic_stop = true, duration_sec = true },
    repeatable = false,
    summary = "Starts a session that makes a video. This costs money.",
    returns = "VideoAgentSession",
    expects = "session_id",
  },
  {
    group = "video_agents",
    name = "list",
    method = "GET",
    path = "/v3/video-agents",
    path_params = {},
    query = { limit = limit(20), token = TOKEN },
    list = true,
    repeatable = true,
    summary = "Sessions, newest first.",
    returns = "VideoAgentSession[]",
  },
  {
    group = "video_agents",
    name = "get",
    method = "GET",
    path = "/v3/video-agents/{session_id}",
    path_params = { SESSION },
    query = {},
    repeatable = true,
    summary = "Status, progress, video id and newest messages of a session.",
    returns = "VideoAgentSession",
    expects = "session_id",
    carries = "session_id",
  },
  {
    group = "video_agents",
    name = "send",
    method = "POST",
    path = "/v3/video-agents/{session_id}",
    path_params = { SESSION },
    query = {},
    body = {
      message = {
        type = "string",
        required = true,
        min = 1,
        max = PROMPT_MAX,
        doc = "the answer or the next wish",
      },
      avatar_id = AVATAR_ID,
      voice_id = VOICE_ID,
      brand_kit_id = BRAND_KIT_ID,
      files = FILES,
    },
    repeatable = false,
    summary = "Sends a message to a session in chat mode.",
    returns = "VideoAgentRun",
    expects = "session_id",
  },
  {
    group = "video_agents",
    name = "stop",
    method = "POST",
    path = "/v3/video-agents/{session_id}/stop",
    path_params = { SESSION },
    query = {},
    body = {},
    repeatable = true,
    summary = "Ends the run at its next checkpoint; what is made so far stays.",
    returns = "VideoAgentSession",
    expects = "session_id",
  },
  {
    group = "video_agents",
    name = "videos",
    method = "GET",
    path = "/v3/video-agents/{session_id}/videos",
    path_params = { SESSION },
    query = {},
    repeatable = true,
    summary = "All videos of a session, newest first.",
    returns = "Video[]",
  },
  {
    group = "video_agents",
    name = "resource",
    method = "GET",
    path = "/v3/video-agents/{session_id}/resources/{resource_id}",
    path_params = { SESSION, RESOURCE },
    query = {},
    repeatable = true,
    summary = "An image, draft or other resource that a message of the session names.",
    returns = "VideoAgentResource",
    expects = "resource_id",
  },
  {
    group = "video_agents",
    name = "styles",
    method = "GET",
    path = "/v3/video-agents/styles",
    path_params = {},
    query = {
      limit = limit(20),
      token = TOKEN,
      tag = {
        type = "string",
        known = { "cinematic", "retro-tech", "iconic-artist", "pop-culture", "handmade", "print" },
        doc = "only styles with this tag",
      },
    },
    list = true,
    repeatable = true,
    summary = "The catalogue of styles.",
    returns = "VideoAgentStyle[]",
  },
  {
    group = "videos",
    name = "get",
    method = "GET",
    path = "/v3/videos/{video_id}",
    path_params = { VIDEO },
    query = {},
    repeatable = true,
    brief = true,
    summary = "A video, with fresh download addresses when it is completed.",
    returns = "Video",
    expects = "status",
    carries = "id",
  },
  {
    group = "videos",
    name = "list",
    method = "GET",
    path = "/v3/videos",
    path_params = {},
    query = {
      limit = limit(10),
      token = TOKEN,
      folder_id = text "only videos in this folder",
      title = { type = "string", min = 1, doc = "only videos with this text in their title" },
    },
    list = true,
    repeatable = true,
    summary = "Videos of the account.",
    returns = "Video[]",
  },
  {
    group = "videos",
    name = "delete",
    method = "DELETE",
    path = "/v3/videos/{video_id}",
    path_params = { VIDEO },
    query = {},
    repeatable = true,
    summary = "Deletes a video for good.",
    returns = "DeletedVideo",
    expects = "id",
  },
  {
    group = "videos",
    name = "statuses",
    method = "GET",
    path = "/v3/videos/statuses",
    path_params = {},
    query = {
      video_ids = { type = "ids", min = 1, max = IDS_MAX, doc = "videos to look at" },
      batch_ids = { type = "ids", min = 1, max = IDS_MAX, doc = "batches to look at" },
    },
    any_of = { "video_ids", "batch_ids" },
    max_ids = IDS_MAX,
    repeatable = true,
    summary = "Status of up to 100 videos in one request.",
    returns = "BulkStatus[]",
  },
}
