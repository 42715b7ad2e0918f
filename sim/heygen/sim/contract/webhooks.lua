-- Registered webhook endpoints and the events they are told of.
local types = require("heygen.sim.contract.types")

local array = types.array
local id = types.id
local limit = types.limit
local maybe = types.maybe
local object = types.object
local text = types.text
local TOKEN = types.TOKEN

local EVENT_TYPES = require("heygen.sim.contract.events")

local ENDPOINT = object {
  created_at = id(),
  endpoint_id = id(),
  status = id(),
  url = id(),
  events = array(text(), { nullable = true }),
  secret = maybe(),
}

local EVENT = object {
  created_at = id(),
  event_data = object(nil, { required = true }),
  event_id = id(),
  event_type = id(),
}

return {
  {
    id = "webhook_endpoints.create",
    method = "POST",
    path = "/v3/webhooks/endpoints",
    body = {
      url = text { required = true, format = "https" },
      entity_id = maybe(),
      events = array(text { enum = EVENT_TYPES }, { nullable = true }),
    },
    answer = ENDPOINT,
  },
  {
    id = "webhook_endpoints.delete",
    method = "DELETE",
    path = "/v3/webhooks/endpoints/{endpoint_id}",
    answer = object(),
  },
  {
    id = "webhook_endpoints.list",
    method = "GET",
    path = "/v3/webhooks/endpoints",
    query = { limit = limit(100, 10), token = TOKEN },
    list = true,
    answer = array(ENDPOINT),
  },
  {
    id = "webhook_endpoints.rotate_secret",
    method = "POST",
    path = "/v3/webhooks/endpoints/{endpoint_id}/rotate-secret",
    idempotency = true,
    answer = object { endpoint_id = id(), secret = id() },
  },
  {
    id = "webhook_endpoints.update",
    method = "PATCH",
    path = "/v3/webhooks/endpoints/{endpoint_id}",
    -- To set events to null is not to leave them out.
    keep_null = true,
    body = {
      events = array(text { enum = EVENT_TYPES }, { nullable = true }),
      url = text { nullable = true, format = "https" },
    },
    answer = ENDPOINT,
  },
  {
    id = "webhook_event_types.list",
    method = "GET",
    path = "/v3/webhooks/event-types",
    list = true,
    answer = array(object { description = id(), event_type = id() }),
  },
  {
    id = "webhook_events.list",
    method = "GET",
    path = "/v3/webhooks/events",
    query = {
      event_type = text { enum = EVENT_TYPES },
      entity_id = text(),
      limit = limit(100, 10),
      token = TOKEN,
    },
    list = true,
    answer = array(EVENT),
  },
}
