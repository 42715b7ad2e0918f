-- A direct upload: a slot from the service, the bytes PUT to the storage without the API key, the completion, and the
-- wait until the asset can be used.
local core = require "heygen.core"
local drivers = require "heygen.driver"
local errors = require "heygen.errors"
local exchange = require "heygen.http.exchange"
local invoke, rows_of = require("heygen.api.call").invoke, require("heygen.api.call").rows
local request = require "heygen.http.request"
local retry = require "heygen.http.retry"
local slot_headers = require "heygen.upload.slot_headers"
local contents = require "heygen.upload.content"
local pause = require "heygen.driver.pause"
local urls = require "heygen.schema.url"
local values = require "heygen.schema.value"

local direct = {}

local format, max, min = string.format, math.max, math.min

local STALL = 120 -- seconds without a byte: the connection is dead, or the storage is
local SLOTS = 3 -- upload addresses requested at most, the first included
local PATIENCE = 6 -- completions while the storage has not yet seen the bytes, and polls that find no asset
local LONGEST = 10 -- seconds between two polls

local rows = rows_of "assets"

local function left(state)
  return state.deadline - core.now()
end

-- Returns nil, err.
local function fail(state, fields)
  fields.asset_id = state.asset_id
  fields.attempts = state.attempt
  return nil, errors.new(fields)
end

local function cancelled(state, reason, kind)
  return fail(state, {
    kind = kind or "cancelled",
    message = kind and reason or "the upload was " .. (reason or "cancelled"),
    sent = "yes",
  })
end

-- Options of a call to the service.
local function call_options(state, fields)
  fields.deadline = max(min(left(state), 300), 0.001)
  fields.max_retries = state.options.max_retries
  return fields
end

local function sleep(client, state, seconds)
  local slept, reason, kind = pause.sleep(client, seconds)
  if not slept then
    return cancelled(state, reason, kind)
  end
  return true
end

-- ---- the slot ----

-- The same for all attempts at one slot, and another one for the next slot: the service would answer with the old one.
local function slot_key(state)
  local key = state.key
  if state.slots == 1 then
    return key
  end
  local suffix = ":" .. state.slots
  return (#key + #suffix <= 255 and key or core.sha256(key)) .. suffix
end

local function not_understood(state, what)
  return fail(state, {
    kind = "parse",
    message = "the answer was not understood: its data has no fit " .. what,
    status = 200,
    sent = "yes",
  })
end

local function take_slot(client, state)
  local content = state.content
  state.slots = state.slots + 1
  local slot, err = invoke(
    client,
    rows.create_direct_upload,
    1,
    call_options(state, {
      filename = content.filename,
      content_type = content.media_type,
      size_bytes = content.size,
      checksum_sha256 = state.checksum,
      idempotency_key = slot_key(state),
    })
  )
  if not slot then
    return nil, err
  end
  state.asset_id = values.filled(slot.asset_id)
  if not state.asset_id then
    return not_understood(state, "asset_id")
  end
  local base, why, plain = urls.split(slot.upload_url, client.options.allow_http)
  local inward = base and urls.inward_problem(slot.upload_url, client.base)
  if not base or inward then
    return fail(state, {
      kind = "parse",
      message = "the address for the upload cannot be used: " .. (inward or why),
      status = 200,
      sent = "yes",
    })
  elseif type(slot.max_bytes) == "number" and content.size > slot.max_bytes then
    return fail(state, {
      kind = "invalid",
      message = format("%.0f bytes, the service takes %.0f at most", content.size, slot.max_bytes),
      sent = "yes",
    })
  end
  state.url, state.plain, state.headers = slot.upload_url, plain, slot_headers.read(client, slot)
  if not state.headers then
    return not_understood(state, "upload_headers")
  end
  return true
end

-- ---- the bytes ----

local function put_request(client, state)
  local own, content = client.options, state.content
  return {
    method = "PUT",
    url = state.url,
    headers = state.headers,
    file = content.file,
    body = not content.file and { content.data } or nil,
    content_type = "", -- what the slot says, and nothing else: it may be part of the signature
    public = true,
    http_version = own.http_version,
    allow_http = state.plain,
    connect_timeout = own.connect_timeout,
    stall_timeout = STALL,
    timeout = max(min(left(state), state.options.timeout or math.huge), 0.001),
    max_bytes = own.max_response_bytes,
    proxy = urls.proxy(own.proxy, state.url),
    ca_file = own.ca_file,
    owner = client.owner,
  }
end

-- Statuses by which storages refuse an address that has expired.
local EXPIRED = { [401] = true, [403] = true, [404] = true, [410] = true }

-- Returns true | nil, problem.
local function put(client, engine, state)
  local driver = drivers.current(client.driver)
  local operation, fields = exchange.send(engine, put_request(client, state))
  if not operation then
    return nil, fields
  end
  local status, body = exchange.receive(driver, engine, operation, state.notify)
  if not status then
    body.body = nil
    return nil, body
  elseif status > 199 and status < 300 then
    return true
  end
  local code = body:match "<Code>%s*(%w+)%s*</Code>"
  return nil,
    {
      kind = "api",
      status = status,
      code = "upload_refused",
      message = format("the storage answered HTTP %d%s", status, code and " " .. code or ""),
      retry_after = retry.after(operation:header "Retry-After", core.time()),
      slow = code == "RequestTimeout" or status == 408, -- the first is said with a status 400
      expired = EXPIRED[status] or (code or ""):find "Expired" ~= nil, -- some say that with a status 400, too
      sent = "yes",
      last = errors.excerpt(body, client.hide),
    }
end

-- Whether it is worth another attempt: true, or the error. A PUT to a slot may be repeated: the last one counts.
local function recover(client, state, problem)
  local slow, expired = problem.slow, problem.expired
  problem.slow, problem.expired = nil, nil
  if expired and state.slots < SLOTS and left(state) > 0 then
    return take_slot(client, state) -- the address has expired
  end
  local seconds = retry.next(state.policy, {
    status = slow and 503 or problem.status,
    code = problem.code,
    kind = problem.kind,
    sent = problem.sent,
    retry_after = problem.retry_after,
    repeatable = true,
  }, state.attempt, left(state), request.random)
  if not seconds then
    problem.message = "PUT to the storage: " .. problem.message
    return fail(state, problem)
  end
  return sleep(client, state, seconds)
end

local function put_all(client, engine, state)
  local good, err = take_slot(client, state)
  while good do
    state.attempt = state.attempt + 1
    local done, problem = put(client, engine, state)
    if done then
      return true
    end
    good, err = recover(client, state, problem)
  end
  return nil, err
end

-- ---- the end ----

-- The storage, or the service, has not seen yet what has just been made there. Nothing says which code that has, and
-- the service's own client repeats after any 409.
local function is_early(err)
  return err.kind == "api"
    and (err.status == 409 or err.code == "resource_not_ready" or err.code == "asset_not_found")
end

local function complete(client, state)
  local pauses = retry.pauses(min(state.interval, 0.5), 2, math.huge)
  for turn = 1, PATIENCE do
    local asset, err = invoke(
      client,
      rows.complete,
      1,
      state.asset_id,
      call_options(state, { checksum_sha256 = state.checksum })
    )
    if asset then
      return asset
    end
    local seconds = pauses()
    if not is_early(err) or turn == PATIENCE or left(state) <= seconds then
      return nil, err
    end
    local slept
    slept, err = sleep(client, state, seconds)
    if not slept then
      return nil, err
    end
  end
end

-- Statuses that may be followed by another one; an unknown one may be anything, so it is asked about.
local READY = { completed = true, complete = true, ready = true }

-- Returns status | nil to continue | nil, err.
local function poll(client, state)
  local entries, err =
    invoke(client, rows.statuses, 1, call_options(state, { asset_ids = { state.asset_id } }))
  if not entries then
    if err.retryable then
      return nil
    end
    return nil, err
  end
  local entry = type(entries[1]) == "table" and entries[1] or {}
  if entry.status == "failed" then
    local why = entry.error
    if type(why) == "table" then
      why = why.message or why.code
    end
    return fail(state, {
      kind = "failed",
      message = "the service could not use the file: "
        .. errors.foreign(tostring(why or "it gives no reason"), 1000, client.hide),
      status = 200,
      sent = "yes",
      last = entry,
    })
  elseif entry.status == "not_found" or entry.status == nil then
    state.missed = state.missed + 1
    if state.missed >= PATIENCE then
      return fail(state, {
        kind = "api",
        code = "asset_not_found",
        message = "the asset is gone",
        status = 200,
        sent = "yes",
        last = entry,
      })
    end
  end
  return entry.status
end

---The pauses between two polls of an asset.
---@param interval number seconds, the first one
---@return fun(): number
function direct.pauses(interval)
  return retry.pauses(interval, 1.5, LONGEST)
end

local function wait_until_ready(client, state, asset)
  local pauses = direct.pauses(state.interval)
  while not READY[asset.status] do
    local seconds = pauses()
    if left(state) <= seconds then
      return fail(state, {
        kind = "timeout",
        message = format(
          "the file is there, but still %s at the service",
          errors.foreign(tostring(asset.status), 40, client.hide)
        ),
        sent = "yes",
        last = asset,
        retryable = false,
      })
    end
    local slept, err = sleep(client, state, seconds)
    if not slept then
      return nil, err
    end
    local status
    status, err = poll(client, state)
    if err then
      return nil, err
    end
    asset.status = status or asset.status
  end
  return asset
end

local function digest(client, state)
  if state.options.checksum == false then
    return true
  end
  local hex, problem = contents.digest(client, state.content, state.deadline)
  if not hex then
    return fail(state, problem)
  end
  state.checksum = hex
  return true
end

---Uploads an open content to the storage.
---@param client heygen.Client
---@param state table content, options, interval, deadline; asset_id is filled in when it is known
---@param notify function? see exchange.await
---@return table? asset
---@return heygen.Error? err
function direct.send(client, state, notify)
  local engine, why = request.engine(client)
  if not engine then
    return fail(state, { kind = "network", message = why, sent = "no" })
  end
  local own = client.options
  state.notify, state.slots, state.attempt, state.missed = notify, 0, 0, 0
  state.key = state.options.idempotency_key or core.uuid()
  state.policy = {
    max_retries = state.options.max_retries or own.max_retries,
    base = own.retry_base,
    cap = own.retry_cap,
  }
  local done, err = digest(client, state)
  if done then
    done, err = put_all(client, engine, state)
  end
  local asset
  if done then
    asset, err = complete(client, state)
  end
  if asset and state.options.wait ~= false then
    asset, err = wait_until_ready(client, state, asset)
  end
  return asset, err
end

return direct
