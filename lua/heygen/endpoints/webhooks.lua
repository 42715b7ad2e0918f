-- Registered webhook endpoints, which get signed events, and the events that there were.
local EVENT_TYPES = require "heygen.endpoints.event_types"
local fields = require "heygen.endpoints.fields"

local function events(doc)
  return fields.array(
    { type = "string", enum = EVENT_TYPES, enum_name = "EventName" },
    doc,
    { nullable = true }
  )
end

return fields.rows("webhooks", {
  {
    name = "create_endpoint",
    method = "POST",
    path = "/v3/webhooks/endpoints",
    body = {
      url = fields.text("where the events go, public", { required = true, format = "callback_url" }),
      events = events "which to tell; all when absent",
      entity_id = fields.optional_id "only of this thing",
    },
    repeatable = false,
    summary = "Registers an address for events. The answer alone has the secret that signs them.",
    returns = "WebhookEndpoint",
    expects = "endpoint_id",
  },
  {
    name = "list_endpoints",
    method = "GET",
    path = "/v3/webhooks/endpoints",
    query = fields.page(10),
    list = true,
    each = "each_endpoint",
    repeatable = true,
    summary = "Registered addresses, without their secrets.",
    returns = "WebhookEndpoint[]",
  },
  {
    name = "update_endpoint",
    method = "PATCH",
    path = "/v3/webhooks/endpoints/{endpoint_id}",
    body = {
      url = fields.optional_text("the new address", { format = "callback_url" }),
      events = events "the whole new list; null: all",
    },
    repeatable = true,
    shown = { "events" },
    summary = "Changes the address, or the list of events.",
    returns = "WebhookEndpoint",
    expects = "endpoint_id",
  },
  {
    name = "delete_endpoint",
    method = "DELETE",
    path = "/v3/webhooks/endpoints/{endpoint_id}",
    repeatable = true,
    summary = "Takes an address off the list.",
    returns = "Nothing",
  },
  {
    name = "rotate_secret",
    method = "POST",
    path = "/v3/webhooks/endpoints/{endpoint_id}/rotate-secret",
    repeatable = false,
    summary = "Gives an address a new secret. The old one stops at once.",
    returns = "WebhookSecret",
    expects = "secret",
    carries = "endpoint_id",
  },
  {
    name = "event_types",
    method = "GET",
    path = "/v3/webhooks/event-types",
    repeatable = true,
    summary = "All types of events, with what they mean.",
    returns = "WebhookEventType[]",
  },
  {
    name = "events",
    method = "GET",
    path = "/v3/webhooks/events",
    query = fields.join(fields.page(10), {
      event_type = fields.text("only of this type", { enum = EVENT_TYPES, enum_name = "EventName" }),
      entity_id = fields.text "only of this thing",
    }),
    list = true,
    each = "each_event",
    repeatable = true,
    summary = "Events that there were, newest first.",
    returns = "WebhookEvent[]",
  },
})
