-- The simulator's own controls under /_sim/: ask it, and tell it how to behave.
local events = require "heygen.endpoints.event_types"
local page = require "heygen.sim.page"
local respond = require "heygen.sim.core.respond"
local scenarios = require "heygen.sim.core.scenarios"
local state = require "heygen.sim.state"

local control = {}

local function copy(from)
  local to = {}
  for key, value in pairs(from) do
    to[key] = value
  end
  return to
end

local function read(model, request)
  local body = request.body or ""
  if not body:find "%S" then
    return {}
  end
  local value = model.json.decode(body, true)
  return type(value) == "table" and value or nil
end

local function wrong(model, message)
  return respond.problem(model.json, 400, nil, message or "expected a JSON object or array")
end

local function done(model, value)
  return respond.json(model.json, 200, value or { ok = true })
end

local KNOWN_EVENTS = {}
for _, name in ipairs(events) do
  KNOWN_EVENTS[name] = true
end

local ROUTES = {}

ROUTES["GET /_sim/counts"] = function(model)
  local counts = copy(model.journal.counts)
  counts.by_route = copy(model.journal.by_route)
  return done(model, counts)
end

ROUTES["GET /_sim/requests"] = function(model, _, query)
  local limit = tonumber(query.limit or "1000")
  if not limit or limit < 1 then
    return wrong(model, "limit must be a number above 0")
  end
  local list, null = model.journal:last(limit), model.json.null
  for _, entry in ipairs(list) do
    entry.status = entry.status or null
    entry.route = entry.route or null
    entry.arriving, entry.took, entry.ending =
      entry.arriving or null, entry.took or null, entry.ending or null
    entry.fault, entry.acted = entry.fault or false, entry.acted or false
  end
  return done(model, { data = model.json.array(list) })
end

ROUTES["GET /_sim/deliveries"] = function(model, _, query)
  local limit = tonumber(query.limit or "1000")
  if not limit or limit < 1 then
    return wrong(model, "limit must be a number above 0")
  end
  model.outbox:advance(model.clock:now())
  return done(model, { data = model.json.array(model.outbox:last(limit)) })
end

-- A test event, as the service's own console sends them: to each registered endpoint that wants its type.
ROUTES["POST /_sim/deliveries"] = function(model, request)
  local given = read(model, request)
  if not given then
    return wrong(model)
  end
  local name = given.event_type or "video_agent.success"
  for key in pairs(given) do
    if key ~= "event_type" and key ~= "event_data" then
      return wrong(model, "a test event takes event_type and event_data")
    end
  end
  if not KNOWN_EVENTS[name] then
    return wrong(
      model,
      "no event is called " .. tostring(name) .. " (GET /v3/webhooks/event-types lists them)"
    )
  elseif given.event_data ~= nil and (type(given.event_data) ~= "table" or given.event_data[1] ~= nil) then
    return wrong(model, "event_data: expected an object")
  end
  local event = {
    id = "evt_test_" .. model.ids:hex(12),
    type = name,
    at = model.clock:now(),
    data = given.event_data or { test = true },
  }
  model.outbox:happened(event, model.behaviour)
  return done(model, { event_id = event.id, event_type = name, deliveries = event.sent or 0 })
end

ROUTES["GET /_sim/state"] = function(model, _, query)
  local limit = tonumber(query.limit or "100")
  if not limit or limit < 0 then
    return wrong(model, "limit must be a number, 0 or more")
  end
  return done(model, state.of(model, limit))
end

ROUTES["POST /_sim/faults"] = function(model, request)
  local given = read(model, request)
  if not given then
    return wrong(model)
  end
  local list = given[1] ~= nil and given or (next(given) ~= nil and { given } or {})
  if given.scenario ~= nil then
    local scenario = scenarios[given.scenario]
    if not scenario then
      return wrong(model, "no scenario is called " .. tostring(given.scenario))
    end
    model:behave(scenario.behaviour or {})
    list = scenario.faults
  end
  local count, message = model.faults:add(list, model.json.null)
  return count and done(model, { added = count }) or wrong(model, message)
end

ROUTES["DELETE /_sim/faults"] = function(model)
  model.faults:clear()
  return done(model)
end

ROUTES["GET /_sim/behaviour"] = function(model)
  return done(model, copy(model.behaviour))
end

ROUTES["POST /_sim/behaviour"] = function(model, request)
  local given = read(model, request)
  if not given then
    return wrong(model)
  end
  local count = given.next
  given.next = nil
  if count ~= nil and (type(count) ~= "number" or count < 1 or count ~= math.floor(count)) then
    return wrong(model, "next: how many sessions, 1 or more")
  end
  local ok, message = model:behave(given, count)
  return ok and done(model) or wrong(model, message)
end

ROUTES["POST /_sim/clock"] = function(model, request)
  local given = read(model, request)
  if not given then
    return wrong(model)
  end
  for name, value in pairs(given) do
    local known = name == "advance" or name == "speed"
    if not known or type(value) ~= "number" or math.abs(value) > 1e9 or (name == "speed" and value < 0) then
      return wrong(model, 'the clock takes {"advance": seconds} and {"speed": 0 or more}')
    end
  end
  if given.speed then
    model.clock:set_speed(given.speed)
  end
  if given.advance then
    model.clock:advance(given.advance)
  end
  return done(model, { now = model.clock:now(), speed = model.clock.speed })
end

ROUTES["POST /_sim/reset"] = function(model)
  model:reset()
  return done(model)
end

local function name_of(authority)
  return (authority:gsub(":%d*$", ""):lower())
end

-- Names that lead here: addresses, localhost, and that of --url. Any other name may
-- belong to another site that made it point here.
local function is_ours(model, authority)
  local name = name_of(authority)
  return name:find "^%d+%.%d+%.%d+%.%d+$" ~= nil
    or name:find "^%[[%x:%.]+%]$" ~= nil
    or name == "localhost"
    or name:find "%.localhost$" ~= nil
    or name == name_of(model.base_url:match "//([^/]*)" or "")
end

-- Why a request of a browser may not turn the controls: a page of another site sends it, or its name for this machine
-- is not one of ours. Other programs send no Origin.
local function foreign(model, request)
  local host, origin = request.headers.host, request.headers.origin
  if host and not is_ours(model, host) then
    return "The controls answer under an address, localhost or the name of --url, not under this Host"
  end
  local from = origin and origin:match "//(.*)$"
  local own = origin == nil or from == host or (from and from == model.base_url:match "//([^/]*)")
  if not own or (request.method ~= "GET" and request.headers["sec-fetch-site"] == "cross-site") then
    return "Pages of other sites may not turn the simulator's controls"
  end
end

---@return table names of all controls: "GET /_sim/counts", …
function control.names()
  local names = {}
  for name in pairs(ROUTES) do
    names[#names + 1] = name
  end
  table.sort(names, function(x, y)
    local a, b = x:match "%S+$", y:match "%S+$"
    return a < b or (a == b and x < y)
  end)
  return names
end

--- Answers a control call.
---@param model table
---@param request table
---@param path string
---@param query table
---@return table response
function control.answer(model, request, path, query)
  local route = ROUTES[request.method .. " " .. path]
  local reason = foreign(model, request)
  if reason then
    return respond.problem(model.json, 403, nil, reason)
  elseif route then
    return route(model, request, query)
  end
  local shown = page.answer(model, request, path)
  if shown then
    return shown
  end
  local names = table.concat(control.names(), ", ")
  return respond.problem(model.json, 404, nil, "The simulator's controls are: " .. names)
end

return control
