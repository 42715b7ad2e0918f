-- The ledger: everything that ever changed the service, as a list of records; played again, they give the same service.
--
-- A record is { at, real, method, target, id, headers, body }:
--   at       simulated Unix seconds when it happened: the model's clock stands still there while it is played
--   real     what the clock's source showed then (only changes of the clock need it)
--   method, target, body   of the request; a body is bytes
--   id       the request's id: whatever the request draws from model.noise is drawn from a source seeded with it
--   headers  only those of ledger.HEADERS and x-amz-*: never a key, so that a ledger holds no secret of a client; and
--            x-sim-slow, the real seconds that a fault kept the answer on its way
-- Two kinds of records are no requests. "START" as method: the body is JSON { seed, base, mark, speed, behaviour,
-- history, began }; it empties the model and sets its clock (a reset is one). "SETTLE": the target is a delivery's id,
-- the body its outcome.
--
-- Writing. `model.on_record = function(record) -> true | nil, message` is called within model:handle and model:settle,
-- after the model has changed and before the answer is given out; when it gives nil, the answer becomes 503, and it
-- must see to it that the model forgets the change: later ids follow from all that was drawn before. There is
-- a record when a request that is no GET or HEAD was answered below 300 (faults only change what goes over the wire, so
-- an answer that a fault takes away is recorded all the same), and when a handler of a GET has set `model.changed`.
-- model.records counts them.
--
-- Reading. `model:replay(record)` on a model with the same seed, behaviour and clock (or after a START record), all
-- records in their order. It checks no key, plays no fault, notes nothing in the journal but what the handlers count,
-- and calls no on_record.
--
-- Several processes in step: one lock around { replay what others have added; model:handle; add the new record }, for
-- each request but GET and HEAD; for these, replay what is new and answer. All clocks get the same start, mark and
-- speed and a source that shows the same time everywhere. model.noise is a stream per process (option `stream`);
-- model.ids is only drawn from within recorded requests: after a refused one it is put back. Due effects (model:due)
-- are taken by one process; the records that model:settle makes tell the others.
--
-- A handler keeps to four rules: what it stores comes from the request, model.clock:now(), model.ids and model.noise;
-- it reads no other time or chance; it changes nothing when it refuses (or sets model.changed); a header it depends on
-- stands in ledger.HEADERS.
local behaviour = require "heygen.sim.core.behaviour"
local random = require "heygen.sim.core.random"
local respond = require "heygen.sim.core.respond"
local text = require "heygen.sim.core.text"

local ledger = {}

ledger.HEADERS = {
  ["content-type"] = true,
  ["content-length"] = true,
  ["content-md5"] = true,
  ["idempotency-key"] = true,
}

-- ---- bytes

local function field(value)
  return #value .. ":" .. value
end

-- Of a large body the ends are enough: it shows what a crash has torn, not what was forged.
local function check_of(bytes)
  return string.format("%08x", text.hash(#bytes > 8192 and bytes:sub(1, 4096) .. bytes:sub(-4096) or bytes))
end

--- A record as bytes: netstrings, whatever is in it, and a check.
---@param record table
---@return string bytes
function ledger.pack(record)
  local parts = {
    field(string.format("%.17g", record.at)),
    field(string.format("%.17g", record.real)),
    field(record.method),
    field(record.target),
    field(record.id),
    field(record.body),
  }
  local names = {}
  for name in pairs(record.headers) do
    names[#names + 1] = name
  end
  table.sort(names)
  for _, name in ipairs(names) do
    parts[#parts + 1] = field(name) .. field(record.headers[name])
  end
  local bytes = table.concat(parts)
  return check_of(bytes) .. bytes
end

---@param packed string
---@return table|nil record nil when these bytes are none
function ledger.unpack(packed)
  local bytes = packed:sub(9)
  if check_of(bytes) ~= packed:sub(1, 8) then
    return nil
  end
  local list, at = {}, 1
  while at <= #bytes do
    local _, colon, digits = bytes:find("^(%d+):", at)
    local stop = colon and #digits < 12 and colon + tonumber(digits)
    if not stop or stop > #bytes then
      return nil
    end
    list[#list + 1], at = bytes:sub(colon + 1, stop), stop + 1
  end
  local moment, real = tonumber(list[1] or ""), tonumber(list[2] or "")
  if not moment or not real or #list < 6 or #list % 2 ~= 0 then
    return nil
  end
  local headers = {}
  for i = 7, #list, 2 do
    headers[list[i]] = list[i + 1]
  end
  return {
    at = moment,
    real = real,
    method = list[3],
    target = list[4],
    id = list[5],
    body = list[6],
    headers = headers,
  }
end

-- ---- writing

local function kept_headers(request)
  local kept = {}
  if request.slow and request.slow > 0 then
    kept["x-sim-slow"] = string.format("%.17g", request.slow)
  end
  for name, value in pairs(request.headers) do
    if ledger.HEADERS[name] or name:find "^x%-amz%-" then
      kept[name] = value
    end
  end
  return kept
end

--- How the model began, or began again: first in a ledger.
---@param model table
---@return table record
function ledger.start(model)
  local now = model.clock
  local config = {
    seed = model.seed,
    base = string.format("%.17g", now.base),
    mark = string.format("%.17g", now.mark),
    speed = now.speed,
    behaviour = model.behaviour,
    history = model.start.history,
    began = string.format("%.17g", model.start.at),
  }
  return {
    at = now:now(),
    real = now:real_now(),
    method = "START",
    target = "",
    id = "",
    headers = {},
    body = assert(model.json.encode(config)),
  }
end

--- Gives a record out.
---@param model table
---@param record table
---@return boolean|nil ok, string|nil message
function ledger.add(model, record)
  model.records = model.records + 1
  if model.on_record then
    return model.on_record(record)
  end
  return true
end

local function record_of(request, at, real)
  return {
    at = at,
    real = real,
    method = request.method,
    target = request.target,
    id = request.id or "",
    headers = kept_headers(request),
    body = request.body or "",
  }
end

local function unwritten(model, message)
  return respond.problem(model.json, 503, nil, "The state could not be kept: " .. tostring(message))
end

-- Runs `answer` at one moment; what it stores is drawn from sources that a replay has, too.
local function at_one_moment(model, request, at, real, answer, path, query_text)
  local ids_a, ids_b = model.ids.a, model.ids.b
  local ids, noise = model.ids, model.noise
  model.noise = random.new(text.hash(request.id or ""))
  local drawn = model.noise
  model.clock:freeze(at, real)
  local ok, response = pcall(answer, model, request, path, query_text)
  model.clock:thaw()
  -- After a reset it is another source, and stays.
  if model.noise == drawn then
    model.noise = noise
  end
  local accepted = ok and (response.status < 300 or model.changed)
  if not accepted and model.ids == ids then
    ids.a, ids.b = ids_a, ids_b
  end
  if not ok then
    error(response, 0)
  end
  return response, accepted
end

--- Lets the model answer a request, and records it when it changed something.
---@param model table
---@param request table
---@param answer function (model, request, path, query_text) → response
---@param path string
---@param query_text string
---@return table response
function ledger.handle(model, request, answer, path, query_text)
  local record, response, accepted, counted
  if request.method == "GET" or request.method == "HEAD" then
    response = answer(model, request, path, query_text)
    if not model.changed then
      return response
    end
    record = record_of(request, model.clock:now(), model.clock:real_now())
  else
    local at, real = model.clock:now(), model.clock:real_now()
    model.outbox:advance(at)
    model.journal:mark()
    response, accepted = at_one_moment(model, request, at, real, answer, path, query_text)
    counted = model.journal:since_mark()
    if not accepted then
      return response
    end
    record = path == "/_sim/reset" and ledger.start(model) or record_of(request, at, real)
  end
  model.changed = false
  local ok, message = ledger.add(model, record)
  if not ok and counted then
    model.journal:take_back(counted)
  end
  return ok and response or unwritten(model, message)
end

-- ---- reading

local function restart(model, record)
  local config = model.json.decode(record.body)
  local base, mark = tonumber(config and config.base or ""), tonumber(config and config.mark or "")
  if not base or not mark then
    return nil, "this START record cannot be read"
  end
  -- Switches that a later version has got keep their defaults.
  local values, problem = behaviour.merge(behaviour.defaults(), config.behaviour, model.json.null)
  if not values then
    return nil, problem
  end
  model.seed, model.start.behaviour, model.start_speed = config.seed, values, config.speed
  model.start.history, model.start.at = config.history or 0, tonumber(config.began) or base
  local ok, message = model:reset()
  if ok then
    model.clock:set(base, mark, config.speed)
  end
  return ok, message
end

--- Plays a record.
---@param model table
---@param record table
---@param answer function (model, request, path, query_text) → response
---@param path string
---@param query_text string
---@return boolean|nil ok, string|nil message
function ledger.replay(model, record, answer, path, query_text)
  model.records = model.records + 1
  if record.method == "START" then
    return restart(model, record)
  end
  model.outbox:advance(record.at)
  if record.method == "SETTLE" then
    model.outbox:settled(record.target, record.body, record.at)
    return true
  end
  local request = {
    method = record.method,
    target = record.target,
    id = record.id,
    headers = record.headers,
    slow = tonumber(record.headers["x-sim-slow"] or ""),
    body = record.body,
  }
  model.replaying = true
  local ok, response, accepted =
    pcall(at_one_moment, model, request, record.at, record.real, answer, path, query_text)
  model.replaying, model.changed = false, false
  if not ok then
    return nil, tostring(response)
  elseif not accepted and record.method ~= "GET" and record.method ~= "HEAD" then
    return nil, string.format("%s %s was refused: %s", record.method, record.target, response.body)
  end
  return true
end

return ledger
