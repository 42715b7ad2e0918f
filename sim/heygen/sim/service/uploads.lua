-- Direct uploads: a slot, the raw bytes PUT to a presigned address, and the completion.
local assets = require "heygen.sim.service.assets"
local batches = require "heygen.sim.service.batches"
local contract = require "heygen.sim.contract"
local detect = require "heygen.sim.media.detect"
local files = require "heygen.sim.service.files"
local respond = require "heygen.sim.core.respond"
local text = require "heygen.sim.core.text"

local uploads = {}

local LIFE = 3600

local function base64_of_hex(hex)
  return text.base64((hex:gsub("%x%x", function(pair)
    return string.char(tonumber(pair, 16))
  end)))
end

-- In lower case, as storages sign them: a client may lay them over its own.
local function headers_of(asset)
  return {
    ["content-type"] = asset.content_type,
    ["x-amz-checksum-sha256"] = asset.checksum and base64_of_hex(asset.checksum),
  }
end

local function refusal(model, file, prefix)
  if file.size_bytes < 1 then
    return respond.problem(model.json, 400, nil, "size_bytes must be at least 1", prefix .. "size_bytes")
  elseif file.size_bytes > contract.DIRECT_BYTES then
    local message = string.format("size_bytes must be at most %d", contract.DIRECT_BYTES)
    return respond.problem(model.json, 413, nil, message, prefix .. "size_bytes")
  end
end

-- A slot. What is in the signature cannot be changed: the name of the file in it carries the size.
local function slot(model, file, b)
  local asset = assets.add(model, {
    name = file.filename,
    b = b,
    direct = true,
    content_type = file.content_type,
    size = file.size_bytes,
    checksum = file.checksum_sha256 and file.checksum_sha256:lower(),
    expires = math.floor(model.clock:now()) + LIFE,
  })
  local name = string.format("upload-%s-%d", asset.id, asset.size)
  local expires = string.format("%d", asset.expires)
  return asset,
    {
      asset_id = asset.id,
      upload_url = string.format(
        "%s/uploads/%s?Expires=%s&Signature=%s",
        model.base_url,
        asset.id,
        expires,
        model.files:sign(name, expires, model.noise:hex(24))
      ),
      upload_headers = headers_of(asset),
      expires_in_seconds = LIFE,
      max_bytes = contract.DIRECT_BYTES,
      status = "pending_upload",
    }
end

function uploads.create_direct_upload(model, _, body)
  local problem = refusal(model, body, "")
  if problem then
    return problem
  end
  local b = model:behaviour_now()
  local _, data = slot(model, body, b)
  return respond.data(model.json, model:finish(data, b))
end

function uploads.create_direct_upload_batch(model, _, body)
  for i, file in ipairs(body.files) do
    local problem = refusal(model, file, string.format("files[%d].", i - 1))
    if problem then
      return problem
    end
  end
  local b = model:behaviour_now()
  local batch = batches.add(model, "assets", { title = body.title, b = b, items = {} })
  local list = {}
  for i, file in ipairs(body.files) do
    local asset, data = slot(model, file, b)
    batch.items[i], list[i] = { asset = asset }, data
  end
  return respond.data(model.json, { batch_id = batch.id, items = model.json.array(list) })
end

-- ---- the bytes

local function sha256(data)
  return require("heygen.core").sha256(data)
end

local function put_problem(asset, request)
  local headers = request.headers
  for name, value in pairs(headers_of(asset)) do
    if headers[name] ~= value then
      return files.refusal(403, "SignatureDoesNotMatch", "The header " .. name .. " is not the signed one")
    end
  end
  local data = request.body or ""
  if #data ~= asset.size then
    local message = string.format("%d bytes were signed, %d have come", asset.size, #data)
    return files.refusal(403, "SignatureDoesNotMatch", message)
  elseif asset.checksum and sha256(data) ~= asset.checksum then
    return files.refusal(400, "BadDigest", "The checksum is not that of the bytes")
  end
end

--- Answers a request below /uploads/.
---@param model table
---@param request table
---@param path string
---@param query table
---@return table response
function uploads.answer(model, request, path, query)
  local asset = model.assets.by_id[path:match "^/uploads/(%w+)$" or ""]
  if request.headers["x-api-key"] or request.headers.authorization then
    local message = "Only one auth mechanism allowed: the URL is already signed."
    return files.refusal(400, "InvalidArgument", message)
  elseif request.method ~= "PUT" then
    return files.refusal(405, "MethodNotAllowed", "Only PUT is allowed.")
  elseif not asset or not asset.direct then
    return files.refusal(403, "AccessDenied", "Access denied")
  end
  local name = string.format("upload-%s-%d", asset.id, asset.size)
  local valid, expired = model.files:signed(name, query)
  if not valid then
    return files.refusal(403, "AccessDenied", "Access denied")
  elseif expired then
    return files.refusal(403, "AccessDenied", "Request has expired")
  elseif asset.completed then
    return files.refusal(403, "AccessDenied", "The upload has been completed")
  end
  local problem = put_problem(asset, request)
  if problem then
    return problem
  end
  asset.received, asset.arrived = request.body, model.clock:now()
  return {
    status = 200,
    headers = { { "ETag", '"' .. sha256(request.body):sub(1, 32) .. '"' } },
    body = "",
  }
end

-- ---- completion

local function complete(model, asset)
  if not asset.completed then
    local media_type = detect.media_type(asset.received)
      or (detect.is_project(asset.received, asset.content_type) and asset.content_type)
    assets.fill(model, asset, asset.received, media_type or asset.content_type)
    asset.received, asset.unusable = nil, not media_type
  end
end

function uploads.complete(model, _, body, id)
  local asset = model.assets.by_id[id]
  if not asset then
    return assets.gone(model, id)
  elseif not asset.completed and not asset.received then
    return respond.problem(
      model.json,
      409,
      "resource_not_ready",
      "No bytes have been uploaded yet",
      "asset_id"
    )
  end
  -- The storage has the bytes; that they are there gets about later.
  if not asset.completed and model.clock:now() < asset.arrived + asset.b.upload_late then
    return respond.problem(model.json, 409, nil, "Uploaded object not found yet", "asset_id")
  end
  local wanted = body.checksum_sha256
  if wanted and wanted:lower() ~= sha256(asset.received or asset.data) then
    local message = "checksum_sha256 is not that of the uploaded bytes"
    return respond.problem(model.json, 400, nil, message, "checksum_sha256")
  end
  complete(model, asset)
  local status = assets.status(model, asset)
  return respond.data(
    model.json,
    model:finish({
      asset_id = id,
      url = assets.url(model, asset),
      mime_type = asset.mime_type,
      size_bytes = #asset.data,
      status = status,
    }, asset.b)
  )
end

function uploads.complete_batch(model, _, body)
  local batch = batches.find(model, "assets", body.batch_id)
  if not batch then
    return batches.gone(model, body.batch_id)
  end
  -- What has not come yet stays queued; the call may be repeated.
  for _, item in ipairs(batch.items) do
    if item.asset.received then
      complete(model, item.asset)
    end
  end
  return respond.json(model.json, 202, { data = { batch_id = batch.id } })
end

return uploads
