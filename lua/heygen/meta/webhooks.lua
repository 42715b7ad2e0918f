---@meta _
-- luacheck: ignore
-- Types of the methods of client.webhooks that no row makes (LuaCATS), never required: see webhook/endpoints.lua.

---@class heygen.webhook.EnsureOptions
---@field url string where deliveries shall go
---@field events string[]? all when absent
---@field router heygen.webhook.Router? gets the secret of a new one

---@class heygen.Webhooks
local webhooks = {}

---Makes sure that there is an endpoint for an address and these events: makes one, changes one, or leaves one as it is.
---@param given heygen.webhook.EnsureOptions url, events, router: see webhooks.md
---@return heygen.WebhookEndpoint? endpoint with its `secret` when it is new
---@return string? outcome "created", "updated" or "unchanged"; a message when there is no endpoint
---@return heygen.WebhookEndpoint[]|heygen.Error|nil others endpoints with the same address, which send as well
function webhooks:ensure(given) end

---Gives an endpoint a new secret. The service signs with it at once; the router verifies with both for a while.
---@param target string|heygen.WebhookEndpoint an endpoint or its id
---@param given heygen.webhook.RotateOptions? see webhooks.md
---@return heygen.WebhookSecret? answer endpoint_id and secret: keep it
---@return string? message
---@return heygen.Error? err
function webhooks:rotate(target, given) end
