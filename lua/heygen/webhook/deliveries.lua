-- What has been delivered lately, by the ids it is about, and the monitors that wait for it: the router's side of
-- "webhook or poll, whichever is first".
--
-- How it works
--
--   add       remembers a genuine delivery under every id that it is about, for a day, a thousand at most, and calls
--             `wake` of the monitors that wait for one of the ids. With a lua_shared_dict the delivery is put in there
--             as well; monitors in other workers of nginx find it when they ask.
--   Monitor   gives each delivery about its ids once, also one that came before the monitor was made: a delivery may
--             be faster than the answer of the create.
local Arrivals = require "heygen.webhook.arrivals"
local core = require "heygen.core"
local plain = require("heygen.schema.value").plain_id

local Deliveries = {}
Deliveries.__index = Deliveries

local Monitor = {}
Monitor.__index = Monitor

local KEPT = 86400 -- seconds
local MOST = 1000 -- deliveries
local MOST_OF_ID = 4 -- that are remembered of one id
local MOST_IDS = 16 -- of one delivery
local LARGE = 16 * 1024 -- bytes: of a larger body only the main fields are remembered
local FEW = 1000 -- monitored ids; only when there are more, those without a monitor are swept out
local CHECK = 0.25 -- seconds after which a monitor should ask a shared dict again

local MAIN =
  { "type", "ok", "video_id", "session_id", "callback_id", "url", "reason", "event_id", "verified", "hint" }
local NO_JOB = { folder_id = true, event_id = true, avatar_id = true, voice_id = true, entity_id = true }

---@param options table dict, working_for = seconds, trusted = ways that are known to work, now = function
---@return table deliveries
function Deliveries.new(options)
  local self = setmetatable({
    dict = options.dict,
    now = options.now or core.now,
    rows = {},
    first = 1,
    last = 0,
    by_id = {},
    monitors = {}, -- id -> set of monitors
    monitored = 0, -- ids in there
    sweep_at = FEW,
  }, Deliveries)
  self.arrivals = Arrivals.new {
    dict = options.dict,
    working_for = options.working_for,
    trusted = options.trusted or {},
    now = self.now,
  }
  return self
end

-- ---- what a delivery is about ----

-- In the plain form, so that a wait for another form of the id is woken.
local function add_id(list, seen, given)
  local id = type(given) == "string" and given ~= "" and #given <= 256 and plain(given)
  if id and not seen[id] and #list < MOST_IDS then
    seen[id] = true
    list[#list + 1] = id
  end
end

-- The ids of jobs: those of the event, and whatever else ends in "id" in its data.
local function ids_of(event)
  local list, seen = {}, {}
  add_id(list, seen, event.video_id)
  add_id(list, seen, event.session_id)
  add_id(list, seen, event.callback_id)
  for name, value in pairs(type(event.data) == "table" and event.data or {}) do
    if type(name) == "string" and (name == "id" or name:find "_id$") and not NO_JOB[name] then
      add_id(list, seen, value)
    end
  end
  return list
end

local function main_fields(event)
  local kept = {}
  for _, name in ipairs(MAIN) do
    kept[name] = event[name]
  end
  return kept
end

-- ---- remembering ----

local function forget_first(self)
  local row = self.rows[self.first]
  self.rows[self.first], self.first = nil, self.first + 1
  for _, id in ipairs(row.ids) do
    local list = self.by_id[id]
    if list and list[1] == row then
      table.remove(list, 1)
      if not list[1] then
        self.by_id[id] = nil
      end
    end
  end
end

local function remember(self, row)
  self.last = self.last + 1
  self.rows[self.last] = row
  for _, id in ipairs(row.ids) do
    local list = self.by_id[id] or {}
    self.by_id[id] = list
    list[#list + 1] = row
    if #list > MOST_OF_ID then
      table.remove(list, 1)
    end
  end
  local oldest = self.now() - KEPT
  while self.first <= self.last and (self.last - self.first >= MOST or self.rows[self.first].at < oldest) do
    forget_first(self)
  end
end

local function shared_key(id)
  return "heygen delivery " .. (#id <= 64 and id or core.sha256(id))
end

local function share(self, row)
  local kept = main_fields(row.event)
  kept.data = row.event.data
  local text = core.encode { key = row.key, event = kept }
  if not text or #text > LARGE then
    kept.data = nil
    text = core.encode { key = row.key, event = kept }
  end
  for _, id in ipairs(text and row.ids or {}) do
    self.dict:set(shared_key(id), text, KEPT)
  end
end

-- ---- waking ----

local function wake(self, ids)
  local found = {}
  for _, id in ipairs(ids) do
    for monitor in pairs(self.monitors[id] or {}) do
      found[monitor] = true
    end
  end
  for monitor in pairs(found) do
    if monitor.wake then
      pcall(monitor.wake)
    end
  end
end

local function is_known(self, id, key)
  for _, row in ipairs(self.by_id[id] or {}) do
    if row.key == key then
      return true
    end
  end
  return false
end

-- What duplicates have in common. The id in a header is not signed: a recorded delivery can be sent again under any
-- number of ids, and each would wake the waits.
local function key_of(event)
  local id = type(event.raw) == "table" and event.raw.event_id
  return type(id) == "string" and id
    or (event.replay_keys and event.replay_keys[1])
    or event.event_id
    or core.uuid()
end

---Remembers a delivery, and wakes the monitors of its ids.
---@param event heygen.Event
---@param size integer bytes of its body
function Deliveries:add(event, size)
  local row = {
    key = key_of(event),
    ids = ids_of(event),
    at = self.now(),
    event = size > LARGE and main_fields(event) or event,
  }
  if row.ids[1] and not is_known(self, row.ids[1], row.key) then
    remember(self, row)
    if self.dict then
      share(self, row)
    end
    wake(self, row.ids)
  end
end

-- ---- monitors ----

-- The monitors of an id. Weak: a wait that was killed cannot close its monitor, and leaves its ids here. So these are
-- swept out whenever there are twice as many as the last time.
local function monitors_of(self, id)
  if self.monitors[id] then
    return self.monitors[id]
  elseif self.monitored >= self.sweep_at then
    for each, monitors in pairs(self.monitors) do
      if next(monitors) == nil then
        self.monitors[each], self.monitored = nil, self.monitored - 1
      end
    end
    self.sweep_at = math.max(2 * self.monitored, FEW)
  end
  self.monitors[id], self.monitored = setmetatable({}, { __mode = "k" }), self.monitored + 1
  return self.monitors[id]
end

---@class heygen.webhook.Monitor
---@field wake function? set by the wait: called when a delivery has come in this Lua state
---@field package owner table

local function id_list(ids)
  local list, seen = {}, {}
  if type(ids) == "string" then
    ids = { ids }
  end
  for _, id in pairs(ids) do
    add_id(list, seen, id)
  end
  return list
end

---@param ids string|table an id, or a table whose values are ids: a list, or {session_id = ..., video_id = ...}
---@return heygen.webhook.Monitor
function Deliveries:monitor(ids)
  local monitor = setmetatable({ owner = self, ids = {}, given = {}, texts = {} }, Monitor)
  monitor:add(ids)
  return monitor
end

---Adds ids that became known later.
---@param ids string|table with the name `callback_id`, one is known to be the id of a callback with a token
function Monitor:add(ids)
  self.has_callback = self.has_callback or (type(ids) == "table" and ids.callback_id ~= nil)
  local known = {}
  for _, id in ipairs(self.ids) do
    known[id] = true
  end
  for _, id in ipairs(self.is_closed and {} or id_list(ids)) do
    if not known[id] then
      self.ids[#self.ids + 1] = id
      monitors_of(self.owner, id)[self] = true
    end
  end
end

local function give_once(self, key, event)
  if not self.given[key] then
    self.given[key] = true
    return event
  end
end

local function find_local(self, id)
  for _, row in ipairs(self.owner.by_id[id] or {}) do
    local event = give_once(self, row.key, row.event)
    if event then
      return event
    end
  end
end

local function find_shared(self, id)
  local text = self.owner.dict:get(shared_key(id))
  if not text or text == self.texts[id] then
    return nil
  end
  self.texts[id] = text
  local row = core.decode(text)
  return type(row) == "table" and type(row.event) == "table" and give_once(self, row.key, row.event) or nil
end

---The oldest delivery about one of the ids that this monitor has not given yet; also one that came before it was made.
---@return heygen.Event? event
function Monitor:seen()
  for _, id in ipairs(self.ids) do
    local event = find_local(self, id) or (self.owner.dict and find_shared(self, id))
    if event then
      return event
    end
  end
end

---Whether deliveries arrive, as far as is known. If they do, there is less need to poll.
---@param kind string? "video", "video_translate", "proofread_creation", "ai_clipping", "hyperframes_video" or "batch";
---nil: of anything
---@return boolean
function Monitor:working(kind)
  return self.owner.arrivals:working(self.has_callback, kind)
end

---The end was found by polling, and nothing had been delivered: not to be relied on until something is again.
---@param kind string? of what, as in working
function Monitor:lost(kind)
  self.owner.arrivals:lost(self.has_callback, kind)
end

---How often to call seen() without a call of wake: a delivery may come in another worker.
---@return number? seconds nil: wake is called for all
function Monitor:check_every()
  return self.owner.dict and CHECK or nil
end

function Monitor:close()
  self.is_closed, self.wake = true, nil
  for _, id in ipairs(self.ids) do
    local monitors = self.owner.monitors[id]
    if monitors then
      monitors[self] = nil
      if next(monitors) == nil then
        self.owner.monitors[id], self.owner.monitored = nil, self.owner.monitored - 1
      end
    end
  end
end

return Deliveries
