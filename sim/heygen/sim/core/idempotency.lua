-- Idempotency keys: for 24 hours the first answer is given again, whatever the new body says; while the first is still
-- on its way, 409.
local respond = require "heygen.sim.core.respond"

local idempotency = {}

local DAY = 86400

---@return table replays for model.replays
function idempotency.new()
  return { by_key = {}, count = 0, room = 1024 }
end

local function prune(replays, now)
  local count = 0
  for key, entry in pairs(replays.by_key) do
    if now - entry.at >= DAY then
      replays.by_key[key] = nil
    else
      count = count + 1
    end
  end
  replays.count, replays.room = count, math.max(1024, 2 * count)
end

local function copy(response)
  local headers = {}
  for i, header in ipairs(response.headers) do
    headers[i] = header
  end
  return { status = response.status, headers = headers, body = response.body }
end

--- The answer that was kept for the key of a request, or the key under which to keep it.
---@param model table
---@param endpoint table a row of the contract
---@param request table
---@param path string the scope of a key: another path is another request
---@return string|nil key under which the answer is to be kept
---@return table|nil response the answer, when there is one already
function idempotency.find(model, endpoint, request, path)
  local given = request.headers["idempotency-key"]
  local wanted = given and endpoint.idempotency
  if wanted == "switch" then
    wanted = model:behaviour_now().idempotency
  end
  if not wanted then
    return nil
  elseif #given > 255 or not given:find "^[%w_%-:%.]+$" then
    local message = "Idempotency-Key must match ^[A-Za-z0-9_\\-:.]{1,255}$"
    return nil, respond.problem(model.json, 400, nil, message, "Idempotency-Key")
  end
  local key = endpoint.id .. " " .. path .. " " .. given
  local entry = model.replays.by_key[key]
  if not entry or model.clock:now() - entry.at >= DAY then
    return key
  elseif model.clock:real_now() < entry.free and entry.real >= model.began then
    local message = "A request with this Idempotency-Key is still in progress"
    return nil, respond.problem(model.json, 409, "request_in_progress", message, "Idempotency-Key")
  end
  return nil, copy(entry.response)
end

-- Real seconds until a slow answer is out.
local function slowness(effect, response)
  local drip = effect.drip
  return (effect.delay or 0) + (drip and math.floor(#response.body / drip.bytes) * drip.every or 0)
end

--- Keeps the answer to an accepted request.
---@param model table
---@param key string
---@param response table
---@param request table its `effect` is the fault that the answer goes through: a slow one keeps the key in flight. Sets
---   its `slow`, the seconds of that; where the request is played from a record, that is given and there is no effect
function idempotency.keep(model, key, response, request)
  if response.status >= 300 then
    return
  end
  local replays, now, real = model.replays, model.clock:now(), model.clock:real_now()
  if request.effect then
    request.slow = slowness(request.effect, response)
  end
  if replays.count >= replays.room then
    prune(replays, now)
  end
  replays.count = replays.count + 1
  replays.by_key[key] = {
    at = now,
    real = real,
    free = real + (request.slow or 0),
    response = copy(response),
  }
end

return idempotency
