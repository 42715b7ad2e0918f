-- heygen.webhook: what HeyGen sends to you. Verifies, parses and signs deliveries; what receives them is loaded when it
-- is used. It makes no engine and no request.
local event = require "heygen.webhook.event"
local store = require "heygen.webhook.store.memory"
local store_redis = require "heygen.webhook.store.redis"
local store_shared = require "heygen.webhook.store.shared_dict"
local verify = require "heygen.webhook.verify"

---See docs/webhooks.md.
---@class heygen.webhook
local webhook = {
  verify = verify.verify,
  sign = verify.sign,
  parse = event.parse,
  memory_store = store.new,
  shared_store = store_shared.new,
  redis_store = store_redis.new,
}

---Makes what receives deliveries, whatever the server.
---@param options heygen.webhook.RouterOptions
---@return heygen.webhook.Router router raises on unknown or bad options
function webhook.router(options)
  -- No tail calls here and below: an error must point at the line that called.
  local router = require "heygen.webhook.router"(options, 2)
  return router
end

---Listens for deliveries on luv's loop.
---@param options heygen.webhook.ListenOptions
---@return heygen.webhook.Listener? listener
---@return string? message
---@return heygen.Error? err
function webhook.listen(options)
  local found, problem = pcall(require, "luv")
  if not found then
    package.loaded.luv = nil -- or Lua 5.1 says "loop or previous error" from now on
    local reason = tostring(problem):match "^[^\n]*"
    error(
      "heygen.webhook.listen: it needs luv (luarocks install luv, or lua-luv of the system): " .. reason,
      2
    )
  end
  local listener, message, err = require "heygen.webhook.listen"(options, 2)
  return listener, message, err
end

---The fields of a request whose end is delivered to a router with the same token_secret: an address with a token that
---cannot be guessed. `callback` in client:create and others does the same.
---@param callback heygen.webhook.Callback
---@return { callback_url: string, callback_id: string } fields
function webhook.callback(callback)
  local fields, problem = require("heygen.webhook.tokens").fields(callback)
  if not fields then
    error("heygen.webhook.callback: " .. problem, 2)
  end
  return fields
end

return webhook
