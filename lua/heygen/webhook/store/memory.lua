-- Remembers which deliveries were taken, in the memory of this Lua state: bounded, and each for a time. Entries are a
-- list from the oldest to the newest, so that taking one in, forgetting one and making room cost the same at any size.
local checker = require "heygen.schema.options"
local core = require "heygen.core"

---The keys of a delivery are claimed by the first caller. A store of your own needs these two methods:
---`claim` gives true when all keys are new, and are claimed now; false when one was known, and nothing has changed; nil
---and a message when it could not be found out. `forget` makes it as if the keys had never been claimed.
---@class heygen.webhook.Store
---@field claim fun(self: heygen.webhook.Store, keys: string[], ttl: number?): boolean?, string?
---@field forget fun(self: heygen.webhook.Store, keys: string[]): boolean?, string?

local store = {}

-- HeyGen repeats a delivery for a day; what was recorded on the way can be sent again later, with a new timestamp.
store.TTL = 7 * 86400
store.MAX = 20000 -- entries

local Memory = {}
Memory.__index = Memory

local function unlink(self, entry)
  local before, after = entry.before, entry.after
  if before then
    before.after = after
  else
    self.oldest = after
  end
  if after then
    after.before = before
  else
    self.newest = before
  end
  self.by_key[entry.key] = nil
  self.count = self.count - 1
end

local function append(self, key, expires)
  local entry = { key = key, expires = expires, before = self.newest }
  if self.newest then
    self.newest.after = entry
  else
    self.oldest = entry
  end
  self.newest = entry
  self.by_key[key] = entry
  self.count = self.count + 1
end

function Memory:claim(keys, ttl)
  local now = self.now()
  for index = 1, #keys do
    local entry = self.by_key[keys[index]]
    if entry and entry.expires > now then
      return false
    end
  end
  while self.oldest and self.oldest.expires <= now do
    unlink(self, self.oldest)
  end
  for index = 1, #keys do
    local entry = self.by_key[keys[index]]
    if entry then
      unlink(self, entry)
    elseif self.count >= self.max then
      unlink(self, self.oldest)
    end
    append(self, keys[index], now + (ttl or self.ttl))
  end
  return true
end

function Memory:forget(keys)
  for index = 1, #keys do
    local entry = self.by_key[keys[index]]
    if entry then
      unlink(self, entry)
    end
  end
  return true
end

local OPTIONS = {
  max = { type = "number", above = 0 },
  ttl = { type = "seconds", above = 0 },
  now = { type = "function" },
}

---@class heygen.webhook.MemoryOptions
---@field max number? entries, about two for a delivery (20000); beyond that the oldest are forgotten
---@field ttl number? seconds (a week)
---@field now (fun(): number)? a clock in seconds

---A store in the memory of this Lua state.
---@param options heygen.webhook.MemoryOptions?
---@return heygen.webhook.Store
function store.new(options)
  options = checker.read("heygen.webhook.memory_store", options, OPTIONS, 2)
  return setmetatable({
    by_key = {},
    count = 0,
    max = options.max or store.MAX,
    ttl = options.ttl or store.TTL,
    now = options.now or core.now,
  }, Memory)
end

return store
