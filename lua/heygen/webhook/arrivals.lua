-- Whether deliveries arrive, as far as is known. If they do, waits poll less often.
--
-- Known by the time of the last genuine delivery, for each way they come (signed, or to a callback with a token) and
-- for each kind of job, as an endpoint need not be registered for all events. An end that was found by polling,
-- without a delivery, revokes it until the next delivery. With a lua_shared_dict, all workers of nginx know.
local core = require "heygen.core"

local Arrivals = {}
Arrivals.__index = Arrivals

-- The option `working` counts as a delivery that came now. In a shared dict, what has happened there counts more: a
-- worker that begins later knows no better.
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
---@return table arrivals
function Arrivals.new(options)
  local self = setmetatable({
    dict = options.dict,
    working_for = options.working_for,
    now = options.now or core.now,
    last_at = {},
    lost_at = {},
    trusted_at = {},
  }, Arrivals)
  trust(self, options.trusted)
  return self
end

-- The ways that deliveries come: signed ones are about every job, those with a token about jobs with such a callback.
local function ways(has_callback)
  return has_callback and { "signature", "token" } or { "signature" }
end

-- What waits are about, by what the types of events begin with. An endpoint need not have all events: those of one kind
-- say nothing about another.
local KINDS = {
  video_agent = "video",
  avatar_video = "video",
  video_translate = "video_translate",
  proofread_creation = "proofread_creation",
  ai_clipping = "ai_clipping",
  hyperframes_video = "hyperframes_video",
  filler_word_removal = "filler_word_removal",
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

local function set_time(self, what, way)
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
function Arrivals:arrived(way, event)
  local kind = event and kind_of(event)
  set_time(self, "last_at", way)
  if kind then
    set_time(self, "last_at", with_kind(way, kind))
  end
end

---The end of a job was found by polling, and nothing had been delivered.
---@param has_callback boolean
---@param kind string? of what; see KINDS
function Arrivals:lost(has_callback, kind)
  for _, way in ipairs(ways(has_callback)) do
    set_time(self, "lost_at", way)
    set_time(self, "lost_at", with_kind(way, kind))
  end
end

---Whether deliveries arrive, as far as is known.
---@param has_callback boolean is it about a job with a callback of ours?
---@param kind string? of what; nil: of anything
---@return boolean
function Arrivals:working(has_callback, kind)
  for _, way in ipairs(ways(has_callback)) do
    local name = with_kind(way, kind)
    local last = math.max(time_of(self, "last_at", name), time_of(self, "trusted_at", way))
    if self.now() - last <= self.working_for and last > time_of(self, "lost_at", name) then
      return true
    end
  end
  return false
end

return Arrivals
