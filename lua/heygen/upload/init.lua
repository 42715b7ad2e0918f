-- Uploads: one request up to 32 MB, beyond it a direct upload to the storage; client.assets:upload.
--
-- An upload may be repeated, unlike a create of a video: it costs nothing, the service documents Idempotency-Key for
-- it and answers a second request with the first one's result, and the worst that could be is an asset too many.
local arguments = require "heygen.api.arguments"
local core = require "heygen.core"
local direct = require "heygen.upload.direct"
local errors = require "heygen.errors"
local media_types = require "heygen.upload.media_types"
local row_calls = require "heygen.api.call"
local options = require "heygen.schema.options"
local protected = require "heygen.task.protected"
local request = require "heygen.http.request"
local contents = require "heygen.upload.content"
local pause = require "heygen.driver.pause"

local uploads = {}

local CALL = "client.assets:upload"

local DEFAULTS = {
  timeout = 600, -- seconds for one attempt in one request: 32 MB through a slow line
  deadline = 3600, -- seconds for all of an upload
  interval = 1, -- seconds, the first pause while the service works on a direct upload
  checksum = true,
  wait = true,
}

uploads.defaults, uploads.fields = DEFAULTS, contents.fields

-- ---- options ----

local KNOWN = {
  checksum = { type = "boolean" },
  deadline = options.shared.deadline,
  direct = { type = "boolean" },
  interval = { type = "seconds", above = 0, finite = true },
  timeout = options.shared.timeout,
  wait = { type = "boolean" },
  on_progress = options.shared.on_progress,
}

for _, option in ipairs(arguments.options) do
  if not option.files then
    KNOWN[option.name] = option.spec
  end
end

uploads.options = options.names(KNOWN)

-- ---- what is told about it ----

-- Returns true | nil, fields of an error: on_progress raised.
local function tell(state, sent)
  local hook = state.options.on_progress
  if not hook then
    return true
  end
  state.sent = math.max(state.sent, math.min(sent, state.content.size)) -- another attempt begins again
  local ok, raised = protected.call(hook, {
    sent = state.sent,
    total = state.content.size,
    elapsed = core.now() - state.began,
    filename = state.content.filename,
  })
  if ok then
    return true
  end
  return nil, { kind = "callback", message = "on_progress raised: " .. errors.text(raised), cause = raised }
end

-- For exchange.await.
local function notifier(state)
  return state.options.on_progress
    and function(operation)
      local _, _, sent = operation:progress()
      return tell(state, sent)
    end
end

-- Puts the file's name in front of what a request says.
local function with_name(state, err)
  local name = state.content.name
  if not err.message:find(name, 1, true) then
    err.message = name .. ": " .. err.message
  end
  err.asset_id = err.asset_id or state.asset_id
  return nil, err
end

-- Returns nil, err.
local function fail(state, fields)
  if state.prefix then
    fields.message = state.prefix .. fields.message
  end
  fields.asset_id = fields.asset_id or state.asset_id
  fields.sent = fields.sent or "no"
  return nil, errors.new(fields)
end

-- ---- one request ----

local CREATE = row_calls.rows("assets").create

local function parts_of(content)
  return {
    {
      name = "file",
      file = content.file,
      data = not content.file and content.data or nil,
      filename = content.filename,
      content_type = content.media_type,
    },
  }
end

local function send_whole(client, state)
  local given = state.options
  local asset, err = request.send(client, CREATE, {
    target = CREATE.path,
    parts = parts_of(state.content),
    notify = notifier(state),
    options = {
      timeout = given.timeout or DEFAULTS.timeout,
      deadline = math.max(state.deadline - core.now(), 0.001),
      max_retries = given.max_retries,
      idempotency_key = given.idempotency_key,
    },
  })
  if not asset then
    return with_name(state, err)
  end
  return asset
end

-- ---- the whole ----

local function needs_direct(state)
  local wanted = state.options.direct
  if wanted ~= nil then
    return wanted
  end
  return state.content.size > contents.LIMIT or media_types.needs_direct(state.content.media_type)
end

local function send(client, state)
  if not needs_direct(state) then
    local asset, err = send_whole(client, state)
    -- The limit may be one of the whole request, whose frame a file of nearly 32 MB does not fit into any more.
    if asset or err.status ~= 413 or state.options.direct == false then
      return asset, err
    end
  end
  state.interval = state.options.interval or DEFAULTS.interval
  local asset, err = direct.send(client, state, notifier(state))
  if not asset and err then
    return with_name(state, err)
  end
  return asset, err
end

---Uploads what has been read by contents.read, and opens it unless it is open.
---@param client heygen.Client
---@param content heygen.Content closed at the end
---@param given table checked options
---@param prefix string? of messages about the content
---@return table? asset
---@return heygen.Error? err
function uploads.run(client, content, given, prefix)
  local state = { content = content, options = given, began = core.now(), sent = 0, prefix = prefix }
  state.deadline = state.began + (given.deadline or DEFAULTS.deadline)
  if client.is_closed then
    contents.close(content)
    return nil, errors.new(pause.closed(client))
  end
  if not content.size then
    local bytes = given.direct == false and contents.LIMIT or nil
    local types = given.direct ~= false
        and media_types.direct(content.filename or content.path, content.declared)
      or nil
    local problem =
      contents.open(client, content, { bytes = bytes, types = types, deadline = state.deadline })
    if problem then
      return fail(state, problem)
    end
  end
  local asset, err = send(client, state)
  contents.close(content)
  if not asset then
    return nil, err
  end
  local told, fields = tell(state, content.size)
  if not told then
    fields.asset_id, fields.sent = asset.asset_id, "yes"
    return fail(state, fields)
  end
  return asset
end

local function refusal(call, problem, where, mistake, level)
  local message = call .. ": " .. (where and where:gsub("^%.", "") .. ": " or "") .. problem
  if mistake then
    error(message, level + 1)
  end
  return errors.new {
    kind = "invalid",
    message = message,
    param = where and where:gsub("^%.", "") or nil,
    sent = "no",
  }
end

---Sends the one request of assets:create.
---@param client heygen.Client
---@param call table see arguments.check; body.file is what the caller gave
---@param level integer
---@return table? asset
---@return heygen.Error? err
function uploads.create(client, call, level)
  local content, problem, where, mistake = contents.read(call.body.file)
  if not content then
    return nil, refusal("client.assets:create: file", problem, where, mistake, level + 1)
  end
  local given = { direct = false }
  for name, value in pairs(call.options) do
    given[name] = value
  end
  return uploads.run(client, content, given, "client.assets:create: ")
end

-- Its types: types/heygen/uploads.lua.
local function upload(self, file, given, ...)
  local client = row_calls.check_colon(self, "client", "client.assets:upload(...)")
  if select("#", ...) > 0 then
    error(CALL .. ": a file and a table of options are the longest form", 2)
  end
  local read = options.read(CALL, given, KNOWN, 2)
  local content, problem, where, mistake = contents.read(file)
  if not content then
    return errors.outcome(nil, refusal(CALL, problem, where, mistake, 2))
  end
  return errors.outcome(uploads.run(client, content, read, CALL .. ": "))
end

---What api/extra_methods.lua adds to client.assets.
---@return table<string, function>
function uploads.methods()
  return { upload = upload }
end

return uploads
