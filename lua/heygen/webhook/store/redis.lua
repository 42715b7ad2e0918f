-- Remembers deliveries in Redis, for many machines. The client is the user's: any object with `set` and `del` that take
-- the words of the Redis commands, as lua-resty-redis has them.
local checker = require "heygen.schema.options"
local store = require "heygen.webhook.store.memory"
local values = require "heygen.schema.value"

local redis = {}

local Redis = {}
Redis.__index = Redis

-- A client for one use, and what to do with it afterwards.
local function open(self)
  if self.client then
    return self.client
  end
  local client, release = self.connect()
  if not client then
    return nil, "no connection: " .. tostring(release)
  end
  return client, nil, release
end

-- "OK" or true: set. ngx.null, false, or nil without a message: the key was there.
local function add(client, key, seconds)
  local answer, problem = client:set(key, "1", "EX", seconds, "NX")
  if answer == "OK" or answer == true then
    return true
  elseif answer == nil and problem ~= nil then
    return nil, "redis: " .. tostring(problem)
  end
  return false
end

local function claim(self, client, keys, ttl)
  local seconds = math.max(1, math.ceil(ttl or self.ttl))
  for index = 1, #keys do
    local new, problem = add(client, self.prefix .. keys[index], seconds)
    if not new then
      for claimed = 1, index - 1 do
        client:del(self.prefix .. keys[claimed])
      end
      return new, problem
    end
  end
  return true
end

function Redis:claim(keys, ttl)
  local client, problem, release = open(self)
  if not client then
    return nil, problem
  end
  local new
  new, problem = claim(self, client, keys, ttl)
  if release then
    release(client)
  end
  return new, problem
end

function Redis:forget(keys)
  local client, problem, release = open(self)
  if not client then
    return nil, problem
  end
  local done = true
  for index = 1, #keys do
    local answer, message = client:del(self.prefix .. keys[index])
    if answer == nil and message ~= nil then
      done, problem = nil, "redis: " .. tostring(message)
    end
  end
  if release then
    release(client)
  end
  return done, problem
end

local OPTIONS = { ttl = { type = "seconds", above = 0, finite = true }, prefix = { type = "string" } }

---A store in Redis 2.6.12 or newer.
---@param client table|fun(): table?, any a connected one; or a function that gives one for each use, and a function
---that takes it back; or nil, message
---@param options heygen.webhook.StoreOptions?
---@return heygen.webhook.Store
function redis.new(client, options)
  options = checker.read("heygen.webhook.redis_store", options, OPTIONS, 2)
  local fixed = type(client) == "table" or type(client) == "userdata"
  local fine = type(client) == "function"
    or (fixed and checker.is_callable(client.set) and checker.is_callable(client.del))
  if not fine then
    local wanted = values.expected("a client with set and del, or a function that gives one", client)
    error("heygen.webhook.redis_store: " .. wanted, 2)
  end
  return setmetatable({
    client = fixed and client or nil,
    connect = not fixed and client or nil,
    ttl = options.ttl or store.TTL,
    prefix = options.prefix or "heygen:",
  }, Redis)
end

return redis
