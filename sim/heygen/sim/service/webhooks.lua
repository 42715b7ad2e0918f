-- Registered webhook endpoints, the types of events, and the events that there were.
local contract = require "heygen.sim.contract"
local pages = require "heygen.sim.core.pages"
local respond = require "heygen.sim.core.respond"
local tell = require "heygen.sim.service.tell"

local webhooks = {}

local function gone(model, id)
  return respond.problem(
    model.json,
    404,
    "webhook_not_found",
    "No webhook endpoint " .. id .. " was found",
    "endpoint_id"
  )
end

local function show(model, endpoint, with_secret)
  local null = model.json.null
  return model:finish({
    endpoint_id = endpoint.id,
    url = endpoint.url,
    events = endpoint.events and model.json.array(endpoint.events) or null,
    status = endpoint.status,
    created_at = tell.iso(endpoint.created),
    secret = with_secret and endpoint.secret or null,
  }, model.behaviour)
end

local function new_secret(model)
  return "whsec_" .. model.ids:hex(48)
end

local function events_of(list)
  -- An empty list names no event at all: it is taken like none, which means all.
  return list and list[1] and list or nil
end

function webhooks.create_endpoint(model, _, body)
  local rows = model.webhooks.rows
  local endpoint = {
    id = "ep_" .. model.ids:hex(24),
    url = body.url,
    events = events_of(body.events),
    entity_id = body.entity_id,
    secret = new_secret(model),
    status = "enabled",
    created = model.clock:now(),
    place = #rows + 1,
  }
  rows[endpoint.place] = endpoint
  model.webhooks.by_id[endpoint.id] = endpoint
  return respond.data(model.json, show(model, endpoint, true))
end

function webhooks.list_endpoints(model, _, query)
  local items, token = pages.cut(model.webhooks.rows, "webhooks", query.limit, query.token, function(endpoint)
    return show(model, endpoint)
  end)
  return model:page(items, token)
end

function webhooks.update_endpoint(model, _, body, id)
  local endpoint = model.webhooks.by_id[id]
  if not endpoint then
    return gone(model, id)
  end
  local null = model.json.null
  if body.url and body.url ~= null then
    endpoint.url = body.url
  end
  if body.events == null then
    endpoint.events = nil
  elseif body.events then
    endpoint.events = events_of(body.events)
  end
  return respond.data(model.json, show(model, endpoint))
end

function webhooks.delete_endpoint(model, _, _, id)
  local endpoint = model.webhooks.by_id[id]
  if not endpoint then
    return gone(model, id)
  end
  model.webhooks.rows[endpoint.place] = false
  model.webhooks.by_id[id] = nil
  return respond.json(model.json, 200, { data = {}, error = model.json.null })
end

function webhooks.rotate_secret(model, _, _, id)
  local endpoint = model.webhooks.by_id[id]
  if not endpoint then
    return gone(model, id)
  end
  endpoint.secret = new_secret(model)
  return respond.data(model.json, { endpoint_id = id, secret = endpoint.secret })
end

local function describe(name)
  local thing, end_of = name:match "^(.-)%.?([^%.]+)$"
  thing = (thing == "" and name or thing):gsub("[_%.]", " ")
  if end_of == "success" then
    return "A " .. thing .. " job has succeeded."
  elseif end_of == "fail" then
    return "A " .. thing .. " job has failed."
  elseif name == "batch.finished" then
    return "Every item of a batch has ended."
  end
  return "About a " .. thing .. " job: " .. (end_of:gsub("_", " ")) .. "."
end

function webhooks.event_types(model)
  local list = {}
  for i, name in ipairs(contract.EVENTS) do
    list[i] = { event_type = name, description = describe(name) }
  end
  return model:page(list, nil)
end

function webhooks.events(model, _, query)
  model.outbox:advance(model.clock:now())
  local name = "events" .. (query.event_type or "") .. "|" .. (query.entity_id or "")
  local items, token = pages.cut(model.events.rows, name, query.limit, query.token, function(event)
    if query.event_type and query.event_type ~= event.type then
      return nil
    elseif query.entity_id and query.entity_id ~= event.entity_id then
      return nil
    end
    return {
      event_id = event.id,
      event_type = event.type,
      event_data = event.data,
      created_at = tell.iso(event.at),
    }
  end)
  return model:page(items, token)
end

return webhooks
