-- Assets: what users upload, one file per request or by a direct upload (see heygen.sim.service.uploads).
local account = require "heygen.sim.service.account"
local batches = require "heygen.sim.service.batches"
local detect = require "heygen.sim.media.detect"
local files = require "heygen.sim.service.files"
local icons = require "heygen.sim.media.icons"
local pages = require "heygen.sim.core.pages"
local respond = require "heygen.sim.core.respond"

local assets = {}

---@return table response
function assets.gone(model, id)
  return respond.problem(model.json, 404, "asset_not_found", "No asset " .. id .. " was found", "asset_id")
end

--- Makes an asset; it can be seen once it is completed.
---@param model table
---@param asset table name, b = behaviour, …
---@return table asset
function assets.add(model, asset)
  local rows = model.assets.rows
  asset.id, asset.created, asset.place = model.ids:hex(32), model.clock:now(), #rows + 1
  rows[asset.place] = asset
  model.assets.by_id[asset.id] = asset
  return asset
end

--- The bytes are all there.
function assets.fill(model, asset, data, media_type)
  asset.data, asset.mime_type, asset.completed = data, media_type, model.clock:now()
end

---@return string url
function assets.url(model, asset)
  local name = asset.id .. "." .. detect.ending(asset.mime_type)
  return model.files:url(name, asset.b.url_expires)
end

--- Where an asset stands.
---@return string status pending_upload, processing, completed, failed
function assets.status(model, asset)
  if not asset.completed then
    return "pending_upload"
  elseif model.clock:now() < asset.completed + (asset.direct and asset.b.asset_processing or 0) then
    return "processing"
  end
  return asset.unusable and "failed" or "completed"
end

local function show(model, asset)
  return model:finish({
    id = asset.id,
    name = asset.name,
    owner = account.USERNAME,
    space_id = account.SPACE,
    type = detect.kind(asset.mime_type) or "other",
    uploaded_at = math.floor(asset.completed),
    url = assets.url(model, asset),
    folder_id = model.json.null,
  }, asset.b)
end

function assets.create(model, _, file)
  local b = model:behaviour_now()
  local media_type = detect.media_type(file.data)
  if not media_type then
    local message = "file is of no supported type (" .. table.concat(detect.known(), ", ") .. ")"
    return respond.problem(model.json, 400, nil, message, "file")
  end
  local asset = assets.add(model, { name = file.filename, b = b })
  assets.fill(model, asset, file.data, media_type)
  return respond.data(
    model.json,
    model:finish({
      asset_id = asset.id,
      url = assets.url(model, asset),
      mime_type = media_type,
      size_bytes = #file.data,
    }, b)
  )
end

function assets.get(model, _, _, id)
  local asset = model.assets.by_id[id]
  if not asset or not asset.completed then
    return assets.gone(model, id)
  end
  return respond.data(model.json, show(model, asset))
end

function assets.delete(model, _, _, id)
  local asset = model.assets.by_id[id]
  if not asset then
    return assets.gone(model, id)
  end
  model.assets.by_id[id] = nil
  model.assets.rows[asset.place] = false
  asset.deleted, asset.data = true, nil
  return respond.data(model.json, { id = id })
end

function assets.list(model, _, query)
  local items, token = pages.cut(model.assets.rows, "assets", query.limit, query.token, function(asset)
    local elsewhere = query.folder_id and query.folder_id ~= ""
    if elsewhere or query.username ~= account.USERNAME or not asset.completed then
      return nil
    end
    return show(model, asset)
  end)
  return model:page(items, token)
end

-- ---- search

local function found(model, query, id, name, kind, size, file)
  if not name:lower():find(query.query:lower(), 1, true) then
    return nil
  end
  return {
    id = id,
    url = model.files:url(file, model:behaviour_now().url_expires),
    type = kind,
    width = size,
    height = size,
    orientation = "square",
    is_transparent = kind == "icon",
  }
end

function assets.search(model, _, query)
  local name = "search" .. query.scope .. query.type .. query.query
  local personal = query.scope == "personal"
  local rows = personal and model.assets.rows or icons.rows
  local items, token = pages.cut(rows, name, query.limit, query.token, function(row)
    if personal then
      local fits = row.completed and query.type == "image" and detect.kind(row.mime_type) == "image"
      local file = fits and row.id .. "." .. detect.ending(row.mime_type)
      local item = file and found(model, query, row.id, row.name, "image", nil, file)
      if item then
        item.orientation, item.is_transparent = model.json.null, model.json.null
        item.width, item.height = model.json.null, model.json.null
      end
      return item or nil
    elseif row.kind == query.type then
      return found(model, query, row.id, row.name, row.kind, icons.SIZE, row.id .. ".png")
    end
  end)
  return model:page(items, token)
end

-- ---- statuses

local WORDS = { pending_upload = "queued" }

--- The status of an asset in the words of batches.
local function item(model, each)
  local asset = each.asset
  local status = assets.status(model, asset)
  local problem = status == "failed"
      and { code = "invalid_parameter", message = "The file is of no supported type" }
    or nil
  return WORDS[status] or status, asset.id, problem
end

function assets.get_batch(model, _, query, id)
  local batch = batches.find(model, "assets", id)
  if not batch then
    return batches.gone(model, id)
  end
  return batches.show(model, batch, query, function(each)
    return item(model, each)
  end)
end

function assets.statuses(model, _, query)
  return batches.statuses(model, "assets", query, "asset_ids", function(id)
    local asset = model.assets.by_id[id]
    if asset then
      local status, _, problem = item(model, { asset = asset })
      return status, problem
    end
  end, function(each)
    return item(model, each)
  end)
end

files.RESOLVERS[#files.RESOLVERS + 1] = function(model, name)
  local asset = model.assets.by_id[name:match "^(%w+)%.%w+$" or ""]
  if asset and asset.data then
    return { type = asset.mime_type, body = asset.data, modified = asset.completed }
  end
end

files.RESOLVERS[#files.RESOLVERS + 1] = function(_, name)
  local body = icons.file(name:match "^([%w_]+)%.png$" or "")
  return body and { type = "image/png", body = body, modified = 1735689600 }
end

return assets
