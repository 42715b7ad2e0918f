---@meta _
-- luacheck: ignore
-- Types of the methods of client.webhooks that no row makes (LuaCATS), never required: see webhook/registration.lua.

---@class heygen.webhook.EnsureOptions
---@field url string where the events go, public
---@field events string[]? which to deliver; all when absent
---@field router heygen.webhook.Router? gets the secret of an endpoint that is made

---@class heygen.webhook.RotateOptions
---@field router heygen.webhook.Router? gets the new secret
---@field grace number? seconds in which it still takes the old ones (3600); 0 when one is in the wrong hands
---@field idempotency_key string? that of an attempt before, whose answer was lost

---@class heygen.Webhooks
local webhooks = {}

---Makes sure that there is an endpoint for an address and these events: makes one, changes one, or leaves one as it is.
---Also gives "created", "updated" or "unchanged", and a list of other endpoints with the same address.
---@param options heygen.webhook.EnsureOptions url, events, router: see webhooks.md
---@return heygen.WebhookEndpoint? endpoint with its `secret` when it is new
---@return string? outcome "created", "updated" or "unchanged"; a message when there is no endpoint
---@return heygen.WebhookEndpoint[]|heygen.Error|nil others endpoints with the same address, which send as well
function webhooks:ensure(options) end

---Gives an endpoint a new secret. The service signs with it at once; the router verifies with both for a while.
---@param target string|heygen.WebhookEndpoint an endpoint or its id
---@param options heygen.webhook.RotateOptions? router, grace, idempotency_key: see webhooks.md
---@return heygen.WebhookSecret? answer keep its `secret`
---@return string? message
---@return heygen.Error? err
function webhooks:rotate(target, options) end
