-- A simulated account in which there is one of everything, so that every endpoint can be asked about something.
local core = require "heygen.core"
local icons = require "heygen.sim.media.icons"
local support = require "spec.support.sim_model"

local world = {}
world.__index = world

local BEHAVIOUR = { concurrency = 0, preparing = 0, asset_processing = 0, idempotency = true }

local FILE = { type = "url", url = "https://example.com/video.mp4" }

--- The body and the header of an upload.
---@param data string
---@param name string|nil
---@return string body, table headers
function world.upload(data, name)
  local body = '--frontier\r\nContent-Disposition: form-data; name="file"; filename="'
    .. (name or "a.png")
    .. '"\r\nContent-Type: application/octet-stream\r\n\r\n'
    .. data
    .. "\r\n--frontier--\r\n"
  return body, { ["content-type"] = "multipart/form-data; boundary=frontier" }
end

--- Asks, and fails unless it works.
function world:must(method, target, body, headers)
  local status, value = self:ask(method, target, body, headers)
  if status >= 300 then
    error(string.format("%s %s: %d %s", method, target, status, value.error and value.error.message or "?"))
  end
  return value.data
end

--- PUTs bytes to the address of a direct upload.
function world:put(slot, data)
  local headers = { ["x-api-key"] = false }
  for name, value in pairs(slot.upload_headers) do
    headers[name:lower()] = value
  end
  return self:ask("PUT", slot.upload_url:match "^http://[^/]+(.*)$", data, headers)
end

local function slot_of(self, data)
  local slot = self:must(
    "POST",
    "/v3/assets/direct-uploads",
    { filename = "b.png", content_type = "image/png", size_bytes = #data }
  )
  self:put(slot, data)
  return slot.asset_id
end

local function batches(self, data)
  local videos = self:must("POST", "/v3/videos/batches", {
    videos = { { type = "avatar", avatar_id = self.ids.avatar_id, script = "Hello" } },
  })
  local slots = self:must("POST", "/v3/assets/direct-uploads/batches", {
    files = { { filename = "c.png", content_type = "image/png", size_bytes = #data } },
  })
  self:put(slots.items[1], data)
  local lipsyncs =
    self:must("POST", "/v3/lipsyncs/batches", { lipsyncs = { { video = FILE, audio = FILE } } })
  local translations = self:must("POST", "/v3/video-translations/batches", {
    video_translations = { { video = FILE, output_languages = { "German" } } },
  })
  return {
    videos = videos.batch_id,
    assets = slots.batch_id,
    lipsyncs = lipsyncs.batch_id,
    video_translations = translations.batch_id,
  }
end

local function works(self)
  local by = self.by_group
  by.lipsyncs = { lipsync_id = self:must("POST", "/v3/lipsyncs", { video = FILE, audio = FILE }).lipsync_id }
  by.ai_clipping = { job_id = self:must("POST", "/v3/ai-clipping", { video = FILE }).job_id }
  by.hyperframes = { render_id = self:must("POST", "/v3/hyperframes/renders", { project = FILE }).render_id }
  by.filler_word_removals = {
    filler_word_removal_id = self:must("POST", "/v3/filler-word-removals", { video = FILE }).filler_word_removal_id,
  }
  by.folders = { folder_id = self:must("POST", "/v3/folders", { name = "Mine" }).folder_id }
  self.ids.parent_id = by.folders.folder_id
  local instant = { model = "heygen-video-1", mode = "text_to_video", prompt = "A tree" }
  by.models = { video_id = self:must("POST", "/v3/models/videos", instant).video_id }
  by.background_removals = { job_id = self:must("POST", "/v3/background-removals", { video = FILE }).id }
  local request = { video = FILE, output_languages = { "German" }, title = "x" }
  by.video_translations = {
    video_translation_id = self:must("POST", "/v3/video-translations", request).video_translation_ids[1],
    proofread_id = self:must("POST", "/v3/video-translations/proofreads", request).proofread_ids[1],
  }
end

local function people(self)
  local made = self:must("POST", "/v3/avatars", { type = "photo", name = "Me", file = FILE })
  local group = made.avatar_group.id
  local twin = { type = "digital_twin", name = "Me", file = FILE, avatar_group_id = group }
  self.ids.avatar_id = made.avatar_item.id
  self.ids.reference_look_id = self:must("POST", "/v3/avatars", twin).avatar_item.id
  local voice = self:must("POST", "/v3/voices/clone", { audio = FILE, voice_name = "My voice" })
  self.by_group.avatars = { group_id = made.avatar_group.id }
  self.by_group.avatars.look_id = made.avatar_item.id
  self.by_group.voices = { voice_id = voice.voice_clone_id }
end

--- The same account before there was anything in it.
function world.bare(options)
  return support.new(options)
end

--- A world; options as for heygen.sim.core.model.new.
---@return table world `ids`: for bodies; `parameter(endpoint, name)`: for paths
function world.new(options)
  options = options or {}
  local behaviour = {}
  for name, value in pairs(BEHAVIOUR) do
    behaviour[name] = value
  end
  for name, value in pairs(options.behaviour or {}) do
    behaviour[name] = value
  end
  options.behaviour = behaviour
  local self = support.new(options)
  self.behaviour = behaviour
  local index = getmetatable(self).__index
  setmetatable(self, {
    __index = function(_, name)
      return world[name] or index[name]
    end,
  })
  local library, data = self.model.library, icons.png(4, "abc")
  local function first(kind)
    return library[kind].rows[1].id
  end
  self.ids = {
    voice_id = first "voices",
    brand_voice_id = first "glossaries",
    output_languages = "German",
    layers = "mask",
    brand_kit_id = first "kits",
    brand_glossary_id = first "glossaries",
    style_id = "style_print_1",
    username = "sim_user",
  }
  self.by_group = {}
  local asset = self:must("POST", "/v3/assets", world.upload(data))
  self.ids.asset_id, self.ids.audio_asset_id = asset.asset_id, asset.asset_id
  self.slot, self.ids.checksum_sha256 = slot_of(self, data), core.sha256(data)
  people(self)
  self.ids.avatar_group_id = self.by_group.avatars.group_id
  self.ids.group_id = self.ids.avatar_group_id
  works(self)
  self.batches = batches(self, data)
  local session = self:create { prompt = "A video", mode = "generate" }
  self.endpoint =
    self:must("POST", "/v3/webhooks/endpoints", { url = "https://example.com/hook" }).endpoint_id
  self.model.clock:advance(1000)
  local seen = self:session(session)
  self.session_id, self.video_id = session, seen.video_id
  self.resource_id = seen.messages[1].resource_ids[1]
  self.ids.batch_id = self.batches.assets
  return self
end

--- What stands for a parameter of a path.
---@param endpoint table
---@param name string
---@return string id
function world:parameter(endpoint, name)
  local group = endpoint.id:match "^[^%.]+"
  local special = self.by_group[group] and self.by_group[group][name]
  if special then
    return special
  elseif name == "batch_id" then
    return self.batches[group]
  elseif name == "asset_id" then
    return endpoint.id == "assets.complete" and self.slot or self.ids.asset_id
  elseif name == "endpoint_id" then
    return self.endpoint
  elseif name == "template_id" then
    return self.model.library.templates.rows[1].id
  end
  return self[name]
end

--- The path of an endpoint with something real in its parameters.
function world:path(endpoint, unknown)
  return (
    endpoint.path:gsub("{([%w_]+)}", function(name)
      return name == unknown and "no_such_thing" or assert(self:parameter(endpoint, name), name)
    end)
  )
end

return world
