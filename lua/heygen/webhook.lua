-- heygen.webhook: what HeyGen sends to you. Verifies, parses and signs deliveries; it makes no engine and no request.
local event = require "heygen.webhook.event"
local store = require "heygen.webhook.store"
local store_redis = require "heygen.webhook.store_redis"
local store_shared = require "heygen.webhook.store_shared"
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

return webhook
