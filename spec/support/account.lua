-- An account of a running simulator in which there is one of everything, made with the client's own methods: so that
-- every endpoint can be called about something.
local core = require "heygen.core"
local icons = require "heygen.sim.media.icons"

local account = {}

local FILE = { url = "https://example.com/video.mp4" }

local function put(sim, slot, bytes)
  local lines = { "PUT " .. slot.upload_url:match "^http://[^/]+(.*)$" .. " HTTP/1.0", "Host: " .. sim.host }
  for name, value in pairs(slot.upload_headers) do
    lines[#lines + 1] = name .. ": " .. value
  end
  lines[#lines + 1] = "Content-Length: " .. #bytes
  local answer = sim:all(table.concat(lines, "\r\n") .. "\r\n\r\n" .. bytes)
  assert(answer:find "^HTTP/1%.%d 200", answer)
end

-- Ids of a group come before those of all.
local function make_works(client, ids)
  local many = { video = FILE, output_languages = { "German" }, title = "x" }
  local translation = assert(client.video_translations:create(many))
  ids.video_translations = {
    video_translation_id = translation.video_translation_ids[1],
    proofread_id = assert(client.video_translations:create_proofread(many)).proofread_ids[1],
    batch_id = assert(client.video_translations:create_batch {
      video_translations = { { video = FILE, output_languages = { "German" } } },
    }).batch_id,
    output_languages = { "German", "Spanish (Spain)" },
  }
  ids.lipsyncs = {
    lipsync_id = assert(client.lipsyncs:create { video = FILE, audio = FILE }).lipsync_id,
    batch_id = assert(client.lipsyncs:create_batch { lipsyncs = { { video = FILE, audio = FILE } } }).batch_id,
  }
  ids.ai_clipping = { job_id = assert(client.ai_clipping:create { video = FILE }).job_id }
  ids.filler_word_removals = assert(client.filler_word_removals:create { video = FILE })
  ids.hyperframes = { render_id = assert(client.hyperframes:create_render { project = FILE }).render_id }
  ids.background_removals = { job_id = assert(client.background_removals:create { video = FILE }).id }
end

local function make_assets(sim, client, ids, bytes)
  local file = { filename = "a.png", content_type = "image/png", size_bytes = #bytes }
  local slot = assert(client.assets:create_direct_upload(file))
  put(sim, slot, bytes)
  local batch = assert(client.assets:create_direct_upload_batch { files = { file } })
  put(sim, batch.items[1], bytes)
  assert(client.assets:complete(slot))
  ids.assets = {
    asset_id = slot.asset_id,
    batch_id = batch.batch_id,
    checksum_sha256 = core.sha256(bytes),
    username = "sim_user",
  }
end

--- Fills the account of a simulator.
---@param sim table see spec.support.sim
---@param client heygen.Client
---@return fun(row: heygen.Endpoint, name: string): any what a parameter of a row must be; nil: anything
function account.new(sim, client)
  local ids = {}
  make_assets(sim, client, ids, icons.png(4, "abc"))
  make_works(client, ids)
  local made = assert(client.avatars:create { type = "photo", name = "Me", file = FILE })
  ids.avatars = {
    group_id = made.avatar_group.id,
    avatar_group_id = made.avatar_group.id,
    look_id = made.avatar_item.id,
  }
  ids.voices = {
    voice_id = assert(client.voices:clone { audio = FILE, voice_name = "Me" }).voice_clone_id,
  }
  ids.templates = {
    template_id = assert(client.templates:list()).data[1].id,
    variables = { headline = "x" },
    scene_ids = { "main" },
    dimension = { width = 1280, height = 720 },
  }
  local folder = assert(client.folders:create { name = "Mine" }).folder_id
  ids.folders = { folder_id = folder, parent_id = folder }
  local instant = { model = "heygen-video-1", mode = "text_to_video", prompt = "A tree" }
  local video_id =
    assert(client:request { method = "POST", path = "/v3/models/videos", json = instant }).data.video_id
  ids.models = { video_id = video_id }
  ids.webhooks =
    { endpoint_id = assert(client.webhooks:create_endpoint { url = "https://example.com/x" }).endpoint_id }
  local session = assert(client.video_agents:create { prompt = "A video", mode = "chat" })
  ids.video_agents = { session_id = session.session_id }
  ids.videos = {
    video_id = assert(client.videos:create { avatar_id = "look_1", script = "Hello." }).video_id,
    batch_id = assert(client.videos:create_batch {
      videos = { { avatar_id = "look_1", script = "Hello." } },
    }).batch_id,
  }
  local video = assert(client.video_agents:create { prompt = "A video" })
  sim:clock { advance = 1000 }
  for _, message in ipairs(assert(client.video_agents:get(video)).messages) do
    for _, resource in ipairs(message.resource_ids or {}) do
      ids["video_agents:resource"] = { session_id = video.session_id, resource_id = resource }
    end
  end
  local colors = { value = "#12ab9f", color = "#12ab9f" }
  return function(row, name)
    for _, known in ipairs { ids[row.group .. ":" .. row.name] or {}, ids[row.group] or {}, colors } do
      if known[name] ~= nil then
        return known[name]
      end
    end
  end
end

return account
