-- Which function answers which row of the contract.
local contract = require "heygen.sim.contract"
local nulls = require "heygen.sim.core.nulls"

-- In which modules the handlers of a group are: "videos.create_batch" is create_batch.
local MODULES = {
  video_agents = { "video_agents" },
  videos = { "videos", "video_create" },
  users = { "account" },
  assets = { "assets", "uploads" },
  voices = { "voices" },
  avatars = { "avatars" },
  audio = { "library" },
  templates = { "library", prefix = "templates_" },
  brand_kits = { "library", prefix = "kits_" },
  brand_glossaries = { "library", prefix = "glossaries_" },
  hyperframes = { "renders" },
  folders = { "folders" },
  models = { "models" },
  video_translations = { "job_requests", prefix = "video_translations_" },
  lipsyncs = { "job_requests", prefix = "lipsyncs_" },
  ai_clipping = { "job_requests", prefix = "ai_clipping_" },
  background_removals = { "job_requests", prefix = "background_removals_" },
  filler_word_removals = { "job_requests", prefix = "filler_word_removals_" },
  webhooks = { "webhooks" },
}

local handlers = {}

local function find(endpoint)
  local group, name = endpoint.id:match "^([%w_]+)%.([%w_]+)$"
  local modules = MODULES[group]
  name = (modules.prefix or "") .. name
  for _, module in ipairs(modules) do
    local handler = require("heygen.sim.service." .. module)[name]
    if handler then
      return handler
    end
  end
  error("no handler answers " .. endpoint.id)
end

--- The rows of the contract, each with its handler and its route.
---@return table rows for heygen.sim.core.router
function handlers.rows()
  local rows = {}
  for _, endpoint in ipairs(contract.ENDPOINTS) do
    local row = {
      route = endpoint.method .. " " .. endpoint.path,
      handler = find(endpoint),
      kept = nulls.kept(endpoint.answer),
    }
    for key, value in pairs(endpoint) do
      row[key] = value
    end
    rows[#rows + 1] = row
  end
  return rows
end

return handlers
