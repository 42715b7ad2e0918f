-- What has been delivered lately, by the ids it is about, and who watches for it: the router's side of waiting for
-- "webhook or poll, whichever is first". With a lua_shared_dict, all workers of nginx know.
local core = require "heygen.core"

local Deliveries = {}
Deliveries.__index = Deliveries

local Watch = {}
Watch.__index = Watch

local KEPT = 86400 -- seconds
local MOST = 1000 -- deliveries
local MOST_OF_ID = 4 -- that are remembered of one id
local MOST_IDS = 16 -- of one delivery
local LARGE = 16 * 1024 -- bytes: of a larger body only the main fields are remembered
local FEW = 1000 -- ids that are watched, among which nobody looks for those that are not any more
local CHECK = 0.25 -- seconds between two looks into a shared dict

local MAIN =
  { "type", "ok", "video_id", "session_id", "callback_id", "url", "reason", "event_id", "verified", "hint" }
local NO_JOB = { folder_id = true, event_id = true, avatar_id = true, voice_id = true, entity_id = true }

-- The user's word that deliveries arrive counts as one that came now; in a shared dict, what has happened there counts
-- more: a worker that begins later knows no better.
local function trust(self, trusted)
  local time = self.now()
  for _, way in ipairs(trusted) do
    if self.dict then
      self.dict:add("heygen trusted_at " .. way, time)
    else
      self.trusted_at[way] = time
    end
  end
end

---@param options table dict, working_for = seconds, trusted = ways that are known to work, now = function
---@return table deliveries
function Deliveries.new(options)
  local self = setmetatable({
    dict = options.dict,
    working_for = options.working_for,
    now = options.now or core.now,
    rows = {},
    first = 1,
    last = 0,
    by_id = {},
    watchers = {},
    watched = 0, -- ids in there
    sweep_at = FEW,
    last_at = {},
    lost_at = {},
    trusted_at = {},
  }, Deliveries)
  trust(self, options.trusted or {})
  return self
end

-- ---- what a delivery is about ----

local function add_id(list, seen, id)
  if type(id) == "string" and id ~= "" and #id <= 256 and not seen[id] and #list < MOST_IDS then
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

-- ---- telling ----

local function wake(self, ids)
  local woken = {}
  for _, id in ipairs(ids) do
    for watch in pairs(self.watchers[id] or {}) do
      woken[watch] = true
    end
  end
  for watch in pairs(woken) do
    if watch.wake then
      pcall(watch.wake)
    end
  end
end

-- The ways that deliveries come: signed ones tell of every job, those with a token of jobs with such a callback only.
local function ways(has_callback)
  return has_callback and { "signature", "token" } or { "signature" }
end

-- What waits are about, by what the types of events begin with. An endpoint need not have all events: those of one kind
-- say nothing of another.
local KINDS = {
  video_agent = "video",
  avatar_video = "video",
  hyperframes_video = "video",
  video_translate = "video_translate",
  proofread_creation = "proofread_creation",
  ai_clipping = "ai_clipping",
  batch = "batch",
}

local function kind_of(event)
  if not event.type then
    return (event.video_id or event.session_id) and "video"
  end
  return KINDS[event.type:match "^[%w_]*"]
end

local function with_kind(way, kind)
  return kind and way .. " " .. kind or way
end

local function note_time(self, what, way)
  local time = self.now()
  self[what][way] = time
  if self.dict then
    self.dict:set("heygen " .. what .. " " .. way, time)
  end
end

local function time_of(self, what, way)
  local time = self[what][way] or -math.huge
  if self.dict then
    time = math.max(time, self.dict:get("heygen " .. what .. " " .. way) or time)
  end
  return time
end

---A delivery has arrived and is genuine, whatever becomes of it.
---@param way "signature"|"token"
---@param event heygen.Event?
function Deliveries:arrived(way, event)
  local kind = event and kind_of(event)
  note_time(self, "last_at", way)
  if kind then
    note_time(self, "last_at", with_kind(way, kind))
  end
end

---The end of a job was found by asking, and nothing had been delivered.
---@param has_callback boolean
---@param kind string? of what; see KINDS
function Deliveries:lost(has_callback, kind)
  for _, way in ipairs(ways(has_callback)) do
    note_time(self, "lost_at", way)
    note_time(self, "lost_at", with_kind(way, kind))
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

-- What duplicates have in common. The id in a header is not signed: whoever has recorded a delivery can send it again
-- under as many ids as he likes, and each would wake who waits.
local function key_of(event)
  local id = type(event.raw) == "table" and event.raw.event_id
  return type(id) == "string" and id
    or (event.replay_keys and event.replay_keys[1])
    or event.event_id
    or core.uuid()
end

---Remembers a delivery, and wakes who watches for it.
---@param event heygen.Event
---@param size integer bytes of its body
function Deliveries:note(event, size)
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

---Do deliveries arrive, as far as is known?
---@param has_callback boolean is it about a job with a callback of ours?
---@param kind string? of what; nil: of anything
---@return boolean
function Deliveries:working(has_callback, kind)
  for _, way in ipairs(ways(has_callback)) do
    local name = with_kind(way, kind)
    local last = math.max(time_of(self, "last_at", name), time_of(self, "trusted_at", way))
    if self.now() - last <= self.working_for and last > time_of(self, "lost_at", name) then
      return true
    end
  end
  return false
end

-- ---- watches ----

-- The watchers of an id. Weak: who was killed while it waited cannot close its watch, and leaves its ids here. So these
-- are swept out whenever there are twice as many as the last time.
local function watchers_of(self, id)
  if self.watchers[id] then
    return self.watchers[id]
  elseif self.watched >= self.sweep_at then
    for each, watchers in pairs(self.watchers) do
      if next(watchers) == nil then
        self.watchers[each], self.watched = nil, self.watched - 1
      end
    end
    self.sweep_at = math.max(2 * self.watched, FEW)
  end
  self.watchers[id], self.watched = setmetatable({}, { __mode = "k" }), self.watched + 1
  return self.watchers[id]
end

---@class heygen.webhook.Watch
---@field wake function? set by who waits: called when a delivery has come in this Lua state
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
---@return heygen.webhook.Watch
function Deliveries:watch(ids)
  local watch = setmetatable({ owner = self, ids = {}, told = {}, texts = {} }, Watch)
  watch:add(ids)
  return watch
end

---Watches for more ids, which became known meanwhile.
---@param ids string|table with the name `callback_id`, one is known to be the id of a callback with a token
function Watch:add(ids)
  self.has_callback = self.has_callback or (type(ids) == "table" and ids.callback_id ~= nil)
  local known = {}
  for _, id in ipairs(self.ids) do
    known[id] = true
  end
  for _, id in ipairs(self.is_closed and {} or id_list(ids)) do
    if not known[id] then
      self.ids[#self.ids + 1] = id
      watchers_of(self.owner, id)[self] = true
    end
  end
end

local function tell(self, key, event)
  if not self.told[key] then
    self.told[key] = true
    return event
  end
end

local function look_local(self, id)
  for _, row in ipairs(self.owner.by_id[id] or {}) do
    local event = tell(self, row.key, row.event)
    if event then
      return event
    end
  end
end

local function look_shared(self, id)
  local text = self.owner.dict:get(shared_key(id))
  if not text or text == self.texts[id] then
    return nil
  end
  self.texts[id] = text
  local row = core.decode(text)
  return type(row) == "table" and type(row.event) == "table" and tell(self, row.key, row.event) or nil
end

---The oldest delivery about one of the ids that this watch has not given yet; also one that came before the watch.
---@return heygen.Event? event
function Watch:seen()
  for _, id in ipairs(self.ids) do
    local event = look_local(self, id) or (self.owner.dict and look_shared(self, id))
    if event then
      return event
    end
  end
end

---Do deliveries arrive, as far as is known? Then there is less need to ask.
---@param kind string? "video", "video_translate", "proofread_creation", "ai_clipping" or "batch"; nil: of anything
---@return boolean
function Watch:working(kind)
  return self.owner:working(self.has_callback, kind)
end

---The end was found by asking, and nothing had been delivered: not to be relied on until something is again.
---@param kind string? of what, as in working
function Watch:lost(kind)
  self.owner:lost(self.has_callback, kind)
end

---How often to call seen() although nobody woke: a delivery may come in another worker.
---@return number? seconds nil: wake tells of all
function Watch:check_every()
  return self.owner.dict and CHECK or nil
end

function Watch:close()
  self.is_closed, self.wake = true, nil
  for _, id in ipairs(self.ids) do
    local watchers = self.owner.watchers[id]
    if watchers then
      watchers[self] = nil
      if next(watchers) == nil then
        self.owner.watchers[id], self.owner.watched = nil, self.owner.watched - 1
      end
    end
  end
end

return Deliveries
