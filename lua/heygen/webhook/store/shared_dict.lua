-- Remembers deliveries in a lua_shared_dict, for all workers of nginx together.
local checker = require "heygen.schema.options"
local store = require "heygen.webhook.store.memory"
local values = require "heygen.schema.value"

local shared = {}

local Shared = {}
Shared.__index = Shared

-- `add` is atomic: of two workers one gets the key. What was claimed before another one was found to be known is given
-- back, or the delivery that has it could never come through again.
function Shared:claim(keys, ttl)
  for index = 1, #keys do
    local done, problem = self.dict:add(self.prefix .. keys[index], true, ttl or self.ttl)
    if not done then
      for claimed = 1, index - 1 do
        self.dict:delete(self.prefix .. keys[claimed])
      end
      if problem == "exists" then
        return false
      end
      return nil, "lua_shared_dict: " .. tostring(problem)
    end
  end
  return true
end

function Shared:forget(keys)
  for index = 1, #keys do
    self.dict:delete(self.prefix .. keys[index])
  end
  return true
end

local OPTIONS = { ttl = { type = "seconds", above = 0, finite = true }, prefix = { type = "string" } }

---@class heygen.webhook.StoreOptions
---@field ttl number? seconds (a week)
---@field prefix string? in front of each key ("heygen:")

---A store in a shared dictionary of nginx. When that is full, nginx drops what was used longest ago.
---@param dict table such as ngx.shared.heygen
---@param options heygen.webhook.StoreOptions?
---@return heygen.webhook.Store
function shared.new(dict, options)
  options = checker.read("heygen.webhook.shared_store", options, OPTIONS, 2)
  if type(dict) ~= "table" or not checker.is_callable(dict.add) or not checker.is_callable(dict.delete) then
    local wanted = values.expected("a dictionary of ngx.shared", dict)
    error("heygen.webhook.shared_store: " .. wanted .. "; is there a lua_shared_dict of that name?", 2)
  end
  return setmetatable({
    dict = dict,
    ttl = options.ttl or store.TTL,
    prefix = options.prefix or "heygen:",
  }, Shared)
end

return shared
