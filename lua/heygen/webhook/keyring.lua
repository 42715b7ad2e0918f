-- The secrets that a router verifies with: those it was given, those added since by a rotation, and which of them are
-- to end when. With a lua_shared_dict, what one worker adds all workers know.
local core = require "heygen.core"

local Keyring = {}
Keyring.__index = Keyring

local SHARED = "heygen secrets"
local MOST = 8 -- that were added: a rotation more drops the oldest

---@param given heygen.webhook.Secrets? checked before
---@param dict table? a lua_shared_dict
---@param now fun(): number Unix seconds
---@return table keyring
function Keyring.new(given, dict, now)
  -- retired: SHA-256 of a secret -> Unix seconds
  return setmetatable({ given = given, dict = dict, now = now, added = {}, retired = {} }, Keyring)
end

local function refresh(self)
  local text = self.dict and self.dict:get(SHARED)
  if text and text ~= self.text then
    local value = core.decode(text)
    if type(value) == "table" then
      self.text, self.added, self.retired = text, value.added or {}, value.retired or {}
    end
  end
end

local function given_list(self)
  local given = self.given
  if type(given) == "function" or (type(given) == "table" and getmetatable(given) and given[1] == nil) then
    given = given()
  end
  if type(given) == "string" or (type(given) == "table" and given.secret ~= nil) then
    return { given }
  end
  return given or {}
end

local function with_end(entry, stop)
  if not stop then
    return entry
  elseif type(entry) == "string" then
    return { secret = entry, expires = stop }
  end
  return { secret = entry.secret, id = entry.id, expires = math.min(entry.expires or stop, stop) }
end

---All secrets that are valid now, for webhook.verify.
---@return table list newest first; empty: none is known
function Keyring:list()
  refresh(self)
  local list, now = {}, self.now()
  local function add(entry)
    entry = with_end(entry, self.retired[core.sha256(type(entry) == "table" and entry.secret or entry)])
    if type(entry) ~= "table" or not entry.expires or entry.expires > now then
      list[#list + 1] = entry
    end
  end
  for index = #self.added, 1, -1 do
    add(self.added[index])
  end
  for _, entry in ipairs(given_list(self)) do
    add(entry)
  end
  return list
end

---Every secret there is, valid or not: none of them may stand in a log.
---@return string[]
function Keyring:texts()
  local texts = {}
  for _, list in ipairs { self.added, given_list(self) } do
    for _, entry in ipairs(list) do
      local text = type(entry) == "table" and entry.secret or entry
      texts[#texts + 1] = type(text) == "string" and text or nil
    end
  end
  return texts
end

---Takes in a secret.
---@param secret string
---@param grace number? seconds from now on in which all others stay valid; nil: they stay
function Keyring:add(secret, grace)
  local list = self:list()
  local stop = grace and self.now() + grace
  local added, retired = {}, {}
  for _, entry in ipairs(self.added) do
    if entry ~= secret then
      added[#added + 1] = entry
    end
  end
  added[#added + 1] = secret
  while #added > MOST do
    table.remove(added, 1)
  end
  for digest, at in pairs(self.retired) do
    retired[digest] = at
  end
  for _, entry in ipairs(stop and list or {}) do
    local digest = core.sha256(type(entry) == "table" and entry.secret or entry)
    retired[digest] = math.min(retired[digest] or stop, stop)
  end
  retired[core.sha256(secret)] = nil
  self.added, self.retired = added, retired
  if self.dict then
    self.text = core.encode { added = core.array(added), retired = retired }
    local ok, problem = self.dict:set(SHARED, self.text)
    if not ok then
      error(
        "router:add_secret: the new secret could not be shared with the other workers: " .. tostring(problem),
        0
      )
    end
  end
end

return Keyring
