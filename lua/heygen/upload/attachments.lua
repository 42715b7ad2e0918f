-- Local files in a call to the service: checked, uploaded in parallel or inlined as base64, and only then the call
-- itself is sent, once. What was uploaded is remembered by its content: nothing is sent twice because the call failed.
local core = require "heygen.core"
local drivers = require "heygen.driver"
local errors = require "heygen.errors"
local row_ids = require "heygen.api.id"
local contents = require "heygen.upload.content"
local resend = require "heygen.upload.resend"
local tasks = require "heygen.task.tasks"
local uploads = require "heygen.upload"
local waits = require "heygen.driver.pause"

local attachments = {}

local DEADLINE = uploads.defaults.deadline -- seconds for all uploads together
local POLL = 0.05 -- seconds between two polls of what another task uploads
local MOST = 256 -- contents that a client remembers

-- ---- what a client has uploaded ----

-- client -> {by = SHA-256 -> {asset_id} or {uploader, host}, order = list of SHA-256}. Weak: it goes with its client.
local caches = setmetatable({}, { __mode = "k" })

local function cache_of(client)
  local cache = caches[client]
  if not cache then
    cache = { by = {}, order = {} }
    caches[client] = cache
  end
  return cache
end

local function remember(cache, hex, asset_id)
  local known = cache.by[hex]
  cache.by[hex] = { asset_id = asset_id }
  if known and known.asset_id then -- two have uploaded it at the same time
    return
  end
  table.insert(cache.order, hex)
  if #cache.order > MOST then
    local oldest = table.remove(cache.order, 1)
    cache.by[oldest] = nil
  end
end

local function forget(cache, hex)
  cache.by[hex] = nil
  for index = #cache.order, 1, -1 do
    if cache.order[index] == hex then
      table.remove(cache.order, index)
    end
  end
end

-- ---- the files of a call ----

-- Returns nil, err.
local function fail(state, entry, fields)
  if entry then
    fields.message = entry.where .. ": " .. fields.message
    fields.param = entry.where
  end
  fields.message = row_ids.call_name(state.row) .. ": " .. fields.message
  fields.sent = fields.sent or "no"
  return nil, errors.new(fields)
end

local function is_inlined(state, entry)
  if state.as == nil then
    return entry.content.data ~= nil and not entry.limits.direct and entry.limits.base64 ~= false
  end
  return state.as == "base64"
end

-- Opens all files before any is sent. Returns true | nil, err.
local function open_all(client, state)
  for _, entry in ipairs(state.entries) do
    local limits = { types = entry.limits.types, bytes = entry.limits.bytes, deadline = state.deadline }
    entry.inlined = is_inlined(state, entry)
    if entry.inlined then
      limits.bytes = math.min(limits.bytes or contents.LIMIT, contents.LIMIT)
    end
    local problem = contents.open(client, entry.content, limits)
    if problem then
      return fail(state, entry, problem)
    end
  end
  return true
end

-- Finds what is to be uploaded: each content once. Returns true | nil, err.
local function digest_all(client, state)
  for _, entry in ipairs(state.entries) do
    if not entry.inlined then
      local hex, problem = contents.digest(client, entry.content, state.deadline)
      if not hex then
        return fail(state, entry, problem)
      end
      entry.hex = hex
      if not state.contents[hex] then
        state.contents[hex] = entry
        table.insert(state.to_upload, entry)
      end
    end
  end
  return true
end

-- ---- uploading ----

-- What suspends a caller; nil for one that blocks.
local function suspender(client)
  local driver = drivers.current(client.driver)
  return driver.name ~= "block" and (driver.tasks or driver) or nil
end

-- The id of a content that is uploaded already; waits while another call uploads it. Nil: it is to be uploaded.
local function known_id(client, state, entry)
  local cache = state.cache
  while true do
    local found = cache.by[entry.hex]
    if not found then
      return nil
    elseif found.asset_id then
      entry.cached, state.any_cached = true, true
      return found.asset_id
    elseif found.uploader[1] == nil or found.uploader[2] == coroutine.running() then
      return nil -- its uploader has ended without a result, or calls this from its own on_upload
    elseif not found.driver or found.driver ~= suspender(client) then
      return nil -- who blocks, or waits under another driver, may keep the uploader from ever continuing
    end
    local slept, reason, kind = waits.sleep(client, POLL)
    if not slept then
      return nil,
        { kind = kind or "cancelled", message = entry.content.name .. ": " .. (reason or "cancelled") }
    elseif core.now() > state.deadline then
      return nil, { kind = "timeout", message = entry.content.name .. ": the time for the uploads was up" }
    end
  end
end

local function upload_one(client, state, entry)
  local id, problem = known_id(client, state, entry)
  if problem then
    return fail(state, entry, problem)
  elseif id then
    entry.asset_id = id
    return id
  end
  local cache, alive = state.cache, {} -- the second is gone when this coroutine is
  local uploader = setmetatable({ alive, coroutine.running() }, { __mode = "v" })
  local mine = { uploader = uploader, driver = suspender(client) }
  cache.by[entry.hex] = mine
  local asset, err = uploads.run(client, entry.content, {
    deadline = math.max(state.deadline - core.now(), 0.001),
    max_retries = state.options.max_retries,
    on_progress = state.options.on_upload,
  })
  if asset then
    remember(cache, entry.hex, asset.asset_id)
    entry.asset_id = asset.asset_id
    return asset.asset_id
  end
  alive.ended = true
  if cache.by[entry.hex] == mine then
    cache.by[entry.hex] = nil
  end
  err.message = row_ids.call_name(state.row) .. ": " .. entry.where .. ": " .. err.message
  err.param = entry.where
  err.sent, err.idempotency_key = "no", nil -- of the call itself, which is not made
  return nil, err
end

-- What an error must not lose: the assets that are there now.
local function with_ids(state, err)
  local ids = {}
  for _, entry in ipairs(state.to_upload) do
    ids[#ids + 1] = entry.asset_id
  end
  err.asset_ids = #ids > 0 and ids or nil
  return nil, err
end

-- Returns true | nil, err: the first failure, which has cancelled the others.
local function upload_all(client, state)
  local list, first = {}, nil
  for index, entry in ipairs(state.to_upload) do
    list[index] = function(driver)
      local view = client.driver == driver and client
        or setmetatable({ driver = driver }, { __index = client })
      local id, err = upload_one(view, state, entry)
      first = first or err
      return id
    end
  end
  if #list == 1 then
    list[1](client.driver)
  elseif #list > 1 then
    tasks.side_by_side(drivers.current(client.driver), list)
  end
  if first then
    return with_ids(state, first)
  end
  for _, entry in ipairs(state.to_upload) do
    if not entry.asset_id then -- the caller was cancelled before it began
      local message = entry.content.name .. ": the upload was cancelled"
      local _, err = fail(state, entry, { kind = "cancelled", message = message })
      return with_ids(state, err)
    end
  end
  return true
end

-- ---- the call ----

-- Base64 stands in the text as a mark until it is sent: nothing like it can be in the user's own.
local function fill_in(state)
  local mark = core.uuid()
  local segments = {}
  for _, entry in ipairs(state.entries) do
    local node, content = entry.node, entry.content
    if entry.inlined then
      segments[#segments + 1] = content.file and { base64_file = content.file } or { base64 = content.data }
      node.type, node.media_type = "base64", content.media_type
      node.data = mark .. "." .. #segments .. "."
    else
      node.type, node.asset_id = "asset_id", state.contents[entry.hex].asset_id
    end
  end
  return #segments > 0
    and function(text)
      local list, from = {}, 1
      for place, index, past in text:gmatch("()" .. mark:gsub("%-", "%%-") .. "%.(%d+)%.()") do
        list[#list + 1] = text:sub(from, place - 1)
        list[#list + 1] = segments[tonumber(index)]
        from = past
      end
      list[#list + 1] = text:sub(from)
      return list
    end
end

-- Forgets the assets of earlier calls; true when there was one.
local function forget_cached(state)
  local any = false
  for _, entry in ipairs(state.to_upload) do
    any = any or entry.cached or false
    if entry.cached then
      forget(state.cache, entry.hex)
      entry.cached, entry.asset_id = nil, nil
    end
  end
  return any
end

local function run(client, row, state, call, send)
  local done, err = open_all(client, state)
  if done then
    done, err = digest_all(client, state)
  end
  if done then
    done, err = upload_all(client, state)
  end
  if not done then
    return nil, err
  end
  call.inline = fill_in(state) or nil
  local options, left = call.options, math.max(state.deadline - core.now(), 0.001)
  if call.inline then -- content takes longer than words
    options.timeout = options.timeout or client.options.timeout or uploads.defaults.timeout
    options.deadline = left
  elseif options.deadline then
    options.deadline = left
  end
  local value
  value, err = send(call)
  if value == nil then
    value, err = resend.after(client, row, state, call, send, err)
  end
  if value == nil then
    return with_ids(state, err)
  end
  return value
end

local function close_all(state)
  for _, entry in ipairs(state.entries) do
    contents.close(entry.content)
  end
end

---Makes files of the service out of the local ones in a checked call, and sends it.
---@param client heygen.Client
---@param row heygen.Endpoint
---@param call table see arguments.check
---@param send fun(call: table): any, heygen.Error?
---@return any value
---@return heygen.Error? err with asset_ids, those that have been uploaded
function attachments.send(client, row, call, send)
  if client.is_closed then
    return nil, errors.new(waits.closed(client))
  end
  local options = {}
  for name, value in pairs(call.options) do
    options[name] = value
  end
  local has_own_key = options.idempotency_key ~= nil
  options.idempotency_key = options.idempotency_key or core.uuid()
  call.options = options
  local state = {
    has_own_key = has_own_key,
    row = row,
    entries = call.files,
    options = options,
    as = options.files_as,
    deadline = core.now() + (options.deadline or DEADLINE),
    cache = cache_of(client),
    contents = {},
    to_upload = {},
  }
  local value, err = run(client, row, state, call, send)
  if value == nil and resend.is_gone(row, err) and forget_cached(state) then
    -- Once more, with what is gone uploaded again.
    close_all(state)
    state.contents, state.to_upload, state.any_cached = {}, {}, nil
    value, err = run(client, row, state, call, send)
  end
  close_all(state)
  return value, err
end

return attachments
