-- Registered webhook endpoints and the events they are told of.
local types = require("heygen.sim.contract.types")

local array = types.array
local id = types.id
local maybe = types.maybe
local object = types.object
local text = types.text

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
    id = "webhooks.create_endpoint",
    idempotency = true,
    answer = ENDPOINT,
  },
  {
    id = "webhooks.delete_endpoint",
    answer = object(),
  },
  {
    id = "webhooks.list_endpoints",
    list = true,
    answer = array(ENDPOINT),
  },
  {
    id = "webhooks.rotate_secret",
    idempotency = true,
    answer = object { endpoint_id = id(), secret = id() },
  },
  {
    id = "webhooks.update_endpoint",
    -- To set events to null is not to leave them out.
    keep_null = true,
    answer = ENDPOINT,
  },
  {
    id = "webhooks.event_types",
    list = true,
    answer = array(object { description = id(), event_type = id() }),
  },
  {
    id = "webhooks.events",
    list = true,
    answer = array(EVENT),
  },
}
