-- The service as a model without I/O: a request in, a response and its faults out. Any server can mount it.
local behaviour = require "heygen.sim.core.behaviour"
local catalogue = require "heygen.sim.service.catalogue"
local clock = require "heygen.sim.core.clock"
local codec = require "heygen.sim.core.codec"
local control = require "heygen.sim.control"
local duplicates = require "heygen.sim.core.duplicates"
local faults = require "heygen.sim.core.faults"
local files = require "heygen.sim.service.files"
local handlers = require "heygen.sim.service.handlers"
local history = require "heygen.sim.service.history"
local idempotency = require "heygen.sim.core.idempotency"
local running = require "heygen.sim.core.running"
local journal = require "heygen.sim.core.journal"
local ledger = require "heygen.sim.core.ledger"
local outbox = require "heygen.sim.core.outbox"
local multipart = require "heygen.sim.core.multipart"
local odd = require "heygen.sim.core.odd_json"
local page = require "heygen.sim.page"
local random = require "heygen.sim.core.random"
local respond = require "heygen.sim.core.respond"
local router = require "heygen.sim.core.router"
local scenarios = require "heygen.sim.core.scenarios"
local uploads = require "heygen.sim.service.uploads"
local validate = require "heygen.sim.core.validate"

local model = {}
model.__index = model

local COUNTED = {
  ["video_agents.create"] = "create_requests",
  ["video_agents.get"] = "polls",
  ["videos.get"] = "polls",
  ["videos.delete"] = "deletes",
}

--- A new service without any session.
---@param options table? json = { encode, decode, null, array } (default: heygen.core); clock = a heygen.sim.core.clock
---   (default: moved by hand); seed = number (default 1); keys = list of accepted keys (default: any that has
---   no "invalid" in it); base_url = what its URLs begin with; behaviour = name → value; scenario = name;
---   faults = list; history = sessions that the account has had before (default 0);
---   remember = requests kept (default 1000); bodies = bytes of each body kept (default 0);
---   on_record = function(record), see heygen.sim.core.ledger; receivers = "any" to send
---   webhooks to other machines, too; stream = number of this process among several
---@return table|nil model
---@return string|nil message
function model.new(options)
  options = options or {}
  local self = setmetatable({}, model)
  self.json = codec.of(self, options.json)
  self.clock = options.clock or clock.new()
  self.start_speed = self.clock.speed
  -- An answer that was on its way before is not any more.
  self.began = self.clock:real_now()
  self.seed, self.stream = options.seed or 1, options.stream
  self.receivers, self.on_record = options.receivers, options.on_record
  self.base_url = options.base_url or "http://127.0.0.1"
  self.journal = journal.new(options.remember or 1000, options.bodies)
  self.files = files.new(self)
  self.router = router.new(handlers.rows())
  if options.keys then
    self.keys = {}
    for _, key in ipairs(options.keys) do
      self.keys[key] = true
    end
  end
  local scenario = options.scenario and scenarios[options.scenario]
  if options.scenario and not scenario then
    return nil, "no scenario is called " .. tostring(options.scenario)
  end
  local base = assert(behaviour.merge(behaviour.defaults(), scenario and scenario.behaviour or {}))
  local merged, message = behaviour.merge(base, options.behaviour or {}, self.json.null)
  if not merged then
    return nil, message
  end
  self.start = {
    behaviour = merged,
    faults = { scenario and scenario.faults or {}, options.faults or {} },
    history = options.history or 0,
    at = self.clock.base,
  }
  local ok, problem = self:reset()
  if not ok then
    return nil, problem
  end
  return self
end

--- Back to how it began: no sessions but those of its history, no counts, the behaviour and faults of the start. The
--- clock runs on, at the speed it had first.
function model:reset()
  self.ids = random.new(self.seed)
  self.noise = random.new(self.seed + 1)
  self.secret = self.noise:hex(32)
  if self.stream then
    self.noise = random.new(self.seed + 1000 + self.stream)
  end
  self.records, self.changed, self.outbox = self.records or 0, false, outbox.new(self)
  self.sessions = { rows = {}, by_id = {} }
  self.videos = { rows = {}, by_id = {} }
  self.batches, self.assets, self.folders = { by_id = {} }, { rows = {}, by_id = {} }, {}
  -- What may be named in requests, see heygen.sim.service.catalogue; and jobs other than videos, by kind.
  self.library, self.jobs = catalogue.new(), {}
  -- Registered receivers { id, url, events = list|nil, entity_id, secret, status, created }; and what happened:
  -- { id, type, data, entity_id, at }, oldest first.
  self.webhooks, self.events = { rows = {}, by_id = {} }, { rows = {} }
  self.running, self.replays, self.made = running.new(), idempotency.new(), {}
  self.behaviour, self.overlays = self.start.behaviour, {}
  self.faults = faults.new(random.new(self.seed + 2))
  self.clock:set_speed(self.start_speed)
  self.journal:reset()
  for _, list in ipairs(self.start.faults) do
    local ok, message = self.faults:add(list, self.json.null)
    if not ok then
      return nil, message
    end
  end
  if self.start.history > 0 then
    history.make(self, self.start.history, self.start.at)
  end
  return true
end

--- The behaviour for the next session: the base and what was ordered for the next few.
function model:behaviour_now()
  local values = self.behaviour
  for _, overlay in ipairs(self.overlays) do
    values = behaviour.merge(values, overlay.values)
  end
  return values
end

--- A session was made: what was ordered for the next few has one use less.
function model:behaviour_used()
  local kept = {}
  for _, overlay in ipairs(self.overlays) do
    overlay.left = overlay.left - 1
    if overlay.left > 0 then
      kept[#kept + 1] = overlay
    end
  end
  self.overlays = kept
end

--- Changes the behaviour of sessions made from now on.
---@param changes table name → value
---@param count number|nil only for the next so many sessions
---@return boolean|nil ok, string|nil message
function model:behave(changes, count)
  local values, message = behaviour.merge(self.behaviour, changes, self.json.null)
  if not values then
    return nil, message
  end
  if count then
    local clean = {}
    for name in pairs(changes) do
      clean[name] = values[name]
    end
    self.overlays[#self.overlays + 1] = { values = clean, left = count }
  else
    self.behaviour = values
  end
  return true
end

--- An object as the behaviour wants it: maybe with an unknown field.
function model:finish(object, b)
  if b.extra_fields then
    object.x_new_field = { kind = "unheard of", list = self.json.array {} }
  end
  return object
end

--- A list in its envelope.
function model:page(items, token)
  if not items then
    return respond.problem(self.json, 400, nil, "token is not a page token of this list", "token")
  end
  return respond.envelope(self.json, {
    data = self.json.array(items),
    has_more = token ~= nil,
    next_token = token or self.json.null,
  })
end

local function authorized(self, headers)
  if self.replaying then
    return true
  end
  local key = headers["x-api-key"] or (headers.authorization or ""):match "^[Bb]earer%s+(.+)$" or ""
  if self.keys then
    return self.keys[key] == true
  end
  return key:find "%S" ~= nil and not key:find("invalid", 1, true)
end

local function read(self, endpoint, request, query_text)
  if endpoint.multipart then
    return multipart.read(request)
  elseif endpoint.body then
    return validate.body(endpoint, request.body or "", self.json, self:behaviour_now().unknown_fields)
  end
  local query = router.query(query_text)
  if not query then
    return nil, { status = 400, message = "The query string is not percent-encoded correctly" }
  end
  return validate.query(endpoint, query)
end

local function call(self, endpoint, request, path, query_text, parameters)
  local key, early = idempotency.find(self, endpoint, request, path)
  if early then
    return early
  end
  local given, problem = read(self, endpoint, request, query_text)
  if problem then
    return respond.problem(self.json, problem.status, problem.code, problem.message, problem.param)
  end
  local response = endpoint.handler(self, request, given, parameters[1], parameters[2])
  if response.status < 300 then
    duplicates.note(self, endpoint, request, path)
  end
  if key then
    idempotency.keep(self, key, response, request)
  end
  return response
end

local function api(self, request, path, query_text)
  if not authorized(self, request.headers) then
    return respond.problem(self.json, 401, nil, "Unauthorized")
  end
  local endpoint, parameters = self.router:find(request.method, path)
  self.kept = endpoint and endpoint.kept
  if endpoint then
    return call(self, endpoint, request, path, query_text, parameters)
  elseif parameters == "" then
    return respond.problem(self.json, 404, nil, "Not found")
  end
  local answer = respond.problem(self.json, 405, nil, "Method not allowed")
  answer.headers[#answer.headers + 1] = { "Allow", parameters }
  return answer
end

local function answer_of(self, request, path, query_text)
  local old = path:match "^/(v[12])/"
  if path:sub(1, 4) == "/v3/" then
    return api(self, request, path, query_text)
  elseif old then
    local message = "Only v3 of the API is simulated; " .. path .. " is one of " .. old
    return respond.problem(self.json, 404, nil, message)
  elseif path:sub(1, 7) == "/files/" then
    return self.files:answer(request, path, router.query(query_text) or {})
  elseif path:sub(1, 9) == "/uploads/" then
    return uploads.answer(self, request, path, router.query(query_text) or {})
  elseif path == "/" then
    return page.text(self)
  end
  return files.nothing(self.json)
end

local function leak(self, request)
  if request.headers["x-api-key"] or request.headers.authorization then
    self.journal:count "keys_leaked"
  end
end

local function count(self, request, path, entry)
  local endpoint = path:sub(1, 4) == "/v3/" and self.router:find(request.method, path)
  if endpoint then
    entry.route = endpoint.route
    if COUNTED[endpoint.id] then
      self.journal:count(COUNTED[endpoint.id])
    end
  elseif path:sub(1, 7) == "/files/" then
    entry.route = request.method .. " /files/{name}"
    self.journal:count "downloads"
    leak(self, request)
  elseif path:sub(1, 9) == "/uploads/" then
    entry.route = request.method .. " /uploads/{asset_id}"
    leak(self, request)
  end
  self.journal:route(entry.route or "other")
end

-- What is known of the answer before it is sent; nil when none will be.
local function status_of(effect, response)
  local broken = effect.stream_reset or effect.reset or effect.garbage
  local silent = broken or effect.stall == true or effect.close == "before"
  if silent then
    return nil
  elseif effect.html or effect.redirect then
    return effect.status or (effect.html and 502 or 302)
  end
  return effect.status or (response and response.status) or 200
end

-- A read that is cut short is cut out of the true answer: a read changes nothing.
local function reads(request, effect)
  local cut = (effect.close and effect.close ~= "before") or type(effect.stall) == "string"
  return cut and not effect.status and (request.method == "GET" or request.method == "HEAD")
end

--- The id for the next answer.
---@return string
function model:request_id()
  return self.noise:uuid()
end

local function control_of(self, request, path, query_text)
  return control.answer(self, request, path, router.query(query_text) or {})
end

-- The service's answer in the bytes that the behaviour wants.
local function shaped(self, path, response)
  local body = path:sub(1, 4) == "/v3/" and odd.shape(self.behaviour, response.body) or response.body
  return body == response.body and response
    or { status = response.status, headers = response.headers, body = body }
end

local function is_control(request, path)
  return path == "/_sim" or path:sub(1, 6) == "/_sim/" or page.asked(request, path)
end

--- Answers one request, and gives it its `id`.
---@param request table { method, target, headers = lower-case name → value, body, connection = number, reused }
---@return table|nil response { status, headers = list of {name, value}, body }; nil when a fault kept the request away
---@return table|nil effect the fault to play, see heygen.sim.core.faults and heygen.sim.core.wire
---@return table|nil entry the journal's note of the request; nil for the simulator's own controls
function model:handle(request)
  local path, query_text = router.split(request.target)
  request.id = self:request_id()
  if is_control(request, path) then
    return ledger.handle(self, request, control_of, path, query_text)
  end
  local entry = self.journal:note(request, self.clock:now())
  count(self, request, path, entry)
  local effect = self.faults:pick(request, path)
  if not effect then
    local response = shaped(self, path, ledger.handle(self, request, answer_of, path, query_text))
    entry.status, entry.acted = response.status, true
    return response, nil, entry
  end
  if effect.clock then
    local body = assert(self.json.encode { advance = effect.clock })
    self:handle { method = "POST", target = "/_sim/clock", headers = {}, body = body }
  end
  local response
  if effect.act or reads(request, effect) then
    request.effect = effect
    response, entry.acted =
      shaped(self, path, ledger.handle(self, request, answer_of, path, query_text)), true
  end
  entry.fault, entry.status = true, status_of(effect, response)
  return response, effect, entry
end

--- Plays a record of what happened elsewhere or earlier, see heygen.sim.core.ledger.
---@param record table
---@return boolean|nil ok, string|nil message
function model:replay(record)
  local path, query_text = router.split(record.target)
  return ledger.replay(self, record, is_control(record, path) and control_of or answer_of, path, query_text)
end

--- The webhooks to send now, see heygen.sim.core.outbox; each effect is to be followed by model:settle.
---@param now number|nil simulated Unix seconds (default: the clock's)
---@return table effects
function model:due(now)
  return self.outbox:due(now or self.clock:now())
end

--- When model:due will have something, as things stand.
---@return number|nil at simulated Unix seconds
function model:next_due()
  return self.outbox:next()
end

--- Tells what came of an effect.
---@param id string
---@param outcome table status = HTTP status of the answer; or error = why there is none
---@return boolean|nil ok, string|nil message
function model:settle(id, outcome)
  local at, result = self.clock:now(), outcome.drop and "!" .. outcome.drop
  result = result or (outcome.status and string.format("%d", outcome.status)) or outcome.error or "failed"
  self.outbox:advance(at)
  self.outbox:settled(id, result, at)
  return ledger.add(self, {
    at = at,
    real = self.clock:real_now(),
    method = "SETTLE",
    target = id,
    id = "",
    headers = {},
    body = result,
  })
end

return model
