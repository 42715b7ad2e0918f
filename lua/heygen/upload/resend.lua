-- Sends a call that names assets again, where the service has refused it because it does not see one of them yet.
--
-- All attempts have one idempotency key, as they are one intent: whichever makes something, a service that knows the
-- key answers the others with that. The refusal itself proves that its attempt has made nothing. A service may keep a
-- refusal for its key as well. It then answers each further attempt with it, under the request id of the first: with
-- such a key nothing was made, and nothing ever can be. So the attempt after that has a new key, unless the caller has
-- chosen the key.
local core = require "heygen.core"
local retry = require "heygen.http.retry"
local waits = require "heygen.driver.pause"

local resend = {}

local PATIENCE = 30 -- seconds in which an asset that has just been uploaded may not be seen yet

-- An answer that names what was made next to its error is no refusal.
local function makes_something(row, err)
  local given = {}
  for _, param in ipairs(row.path_params) do
    given[param.name] = true -- it stands on each error of the call
  end
  for _, id in pairs(row.makes) do
    if err[id] ~= nil and not given[id] then
      return true
    end
  end
  return false
end

---Whether the call was refused because of an asset that is gone, and has made nothing.
---@param row heygen.Endpoint
---@param err heygen.Error
---@return boolean
function resend.is_gone(row, err)
  local status = err.status or 0
  return err.kind == "api"
    and err.code == "asset_not_found"
    and status > 399
    and status < 500
    and not makes_something(row, err)
end

-- Whether the call was refused for an asset that it has uploaded, and has made nothing. The service may see it later.
local function is_early(row, state, err)
  local status, code = err.status or 0, err.code or ""
  if
    #state.to_upload == 0
    or err.kind ~= "api"
    or (status ~= 404 and status ~= 409)
    or makes_something(row, err)
  then
    return false
  end
  return code == "asset_not_found"
    or code == "asset_not_available"
    or code == "resource_not_ready"
    or (status == 404 and code:find "^asset" ~= nil)
end

-- Notes the refusal. One that was given before gives the next attempt a new key.
local function note_refusal(row, state, call, err)
  local is_kept = err.request_id ~= nil and err.request_id == state.refused_as
  state.refused_as = err.request_id
  if not is_kept or state.has_own_key then
    return
  end
  local options = call.options
  if row.key_field and call.body[row.key_field] == options.idempotency_key then
    call.body[row.key_field] = nil -- it was set from the key, and is again
  end
  options.idempotency_key = core.uuid()
end

---Sends a call again that was refused, as long as the refusal may pass. Its own pauses: nothing was made, so nothing is
---paid twice.
---@param client heygen.Client
---@param row heygen.Endpoint
---@param state table of the call's files, see attachments.lua: to_upload, any_cached, deadline, has_own_key
---@param call table its options are changed
---@param send fun(call: table): any, heygen.Error?
---@param err heygen.Error of the first attempt
---@return any value
---@return heygen.Error? err
function resend.after(client, row, state, call, send, err)
  local pauses, value
  local stop = math.min(core.now() + PATIENCE, state.deadline)
  while value == nil and is_early(row, state, err) do
    note_refusal(row, state, call, err)
    pauses = pauses or retry.pauses(math.max(client.policy.base, 0.01), 2, 8)
    local seconds = pauses()
    if state.any_cached or core.now() + seconds > stop or not waits.sleep(client, seconds) then
      return nil, err
    end
    value, err = send(call)
  end
  return value, err
end

return resend
