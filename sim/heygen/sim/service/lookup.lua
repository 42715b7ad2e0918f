-- Checks that the things that a request names are there, and ready.
local catalogue = require "heygen.sim.service.catalogue"
local respond = require "heygen.sim.core.respond"
local styles = require "heygen.sim.service.styles"

local lookup = {}

local function refuse(status, code, message, param)
  return { status = status, code = code, message = message, param = param }
end

local function look_problem(model, id, param, agent)
  local library = model.library
  local look = catalogue.get(library.looks, id)
  if not look then
    if catalogue.get(library.groups, id) then
      return refuse(400, nil, id .. " is an avatar group; expected the id of one of its looks", param)
    elseif agent then
      return refuse(400, nil, "No avatar look has the id " .. id, param)
    end
    return refuse(404, "avatar_not_found", "No avatar look has the id " .. id, param)
  elseif look.group.consent == "pending" then
    return refuse(400, "avatar_consent_required", "The avatar's consent is still missing", param)
  elseif look.ready and look.ready > model.clock:now() then
    return refuse(400, "avatar_not_usable", "The avatar is still being made", param)
  end
end

local function voice_problem(model, id, param, agent)
  local voice = catalogue.get(model.library.voices, id)
  if not voice then
    if agent then
      return refuse(400, nil, "No voice has the id " .. id, param)
    end
    return refuse(404, "voice_not_found", "No voice has the id " .. id, param)
  elseif voice.ready and voice.ready > model.clock:now() then
    return refuse(409, "resource_not_ready", "The voice is still being made", param)
  end
end

local function asset_problem(model, id, param)
  local asset = model.assets.by_id[id]
  local late = asset and asset.completed and model.clock:now() < asset.completed + asset.b.asset_late
  if not asset or late then
    return refuse(404, "asset_not_found", "No asset has the id " .. id, param)
  elseif not asset.completed then
    return refuse(409, "resource_not_ready", "The asset has not been completed", param)
  elseif asset.unusable then
    return refuse(400, nil, "The asset is of no supported type", param)
  end
end

local function url_problem(url, param)
  -- RFC 2606 keeps this name for hosts that do not exist.
  local host = url:match "^%w+://([^/?#:]*)"
  if host and (host == "invalid" or host:find "%.invalid$") then
    return refuse(400, "download_failed", "The URL could not be fetched: " .. url, param)
  end
end

local function kit_problem(model, id, param)
  local kit = catalogue.get(model.library.kits, id)
  if not kit then
    return refuse(400, nil, "No brand kit has the id " .. id, param)
  elseif kit.ready and kit.ready > model.clock:now() then
    return refuse(409, "brand_kit_not_ready", "The brand kit is still being made", param)
  end
end

local function glossary_problem(model, id, param)
  return not catalogue.get(model.library.glossaries, id)
    and refuse(400, nil, "No brand glossary has the id " .. id, param)
end

local function style_problem(id, param)
  return not styles.known(id) and refuse(400, nil, "No style has the id " .. id, param)
end

local CHECKS = {
  avatar_id = look_problem,
  voice_id = voice_problem,
  brand_voice_id = glossary_problem, -- the older name
  brand_kit_id = kit_problem,
  brand_glossary_id = glossary_problem,
  asset_id = asset_problem,
  audio_asset_id = asset_problem,
  url = function(_, url, param)
    return url_problem(url, param)
  end,
  audio_url = function(_, url, param)
    return url_problem(url, param)
  end,
  style_id = function(_, id, param)
    return style_problem(id, param)
  end,
}

local function walk(model, value, prefix, agent)
  local names = {}
  for name in pairs(value) do
    names[#names + 1] = name
  end
  table.sort(names, function(x, y)
    return tostring(x) < tostring(y)
  end)
  for _, name in ipairs(names) do
    local each, problem = value[name], nil
    local path = type(name) == "number" and string.format("%s[%d]", prefix, name - 1)
      or (prefix == "" and name or prefix .. "." .. name)
    if CHECKS[name] and type(each) == "string" then
      problem = CHECKS[name](model, each, path, agent)
    elseif name == "avatar_id" and type(each) == "table" then
      for i, id in ipairs(each) do
        problem = problem or look_problem(model, id, string.format("%s[%d]", path, i - 1), agent)
      end
    elseif type(each) == "table" and name ~= "variables" and name ~= "members" then
      problem = walk(model, each, path, agent)
    end
    if problem then
      return problem
    end
  end
end

--- Looks up all ids in a body, wherever they stand.
---@param model table
---@param body table without nulls
---@param b table behaviour
---@param agent boolean|nil the Video Agent's way: any unknown id is an invalid parameter
---@return table|nil problem { status, code, message, param }
function lookup.problem(model, body, b, agent)
  return b.unknown_ids == "refused" and walk(model, body, "", agent) or nil
end

--- The same as an answer.
---@return table|nil refusal the response
function lookup.refusal(model, body, b, agent)
  local problem = lookup.problem(model, body, b, agent)
  return problem and respond.problem(model.json, problem.status, problem.code, problem.message, problem.param)
end

return lookup
