-- What becomes of a genuine delivery: it is claimed, confirmed by the API where only a token speaks for it, and handed
-- to its handler. HeyGen repeats what is not answered with 2xx, so the answer says how it went: each is handled at
-- least once, and never twice at the same time.
local errors = require "heygen.errors"
local protected = require "heygen.task.protected"
local values = require "heygen.schema.value"

local Dispatch = {}
Dispatch.__index = Dispatch

-- Seconds for which a delivery whose handler has not ended counts as being handled by another process; of its own each
-- process knows which run. After a crash it is taken again.
local LEASE = 300

---@param options table on, store, client, defer, log = function(line)
---@return table dispatch
function Dispatch.new(options)
  -- Key of a delivery -> the coroutine that handles it. Weak: one that was killed handles nothing any more.
  options.running = setmetatable({}, { __mode = "v" })
  return setmetatable(options, Dispatch)
end

-- The text of what was raised, whose __tostring may raise in turn.
local function words(value)
  local ok, text = pcall(tostring, value)
  return ok and type(text) == "string" and text or "a " .. type(value) .. " without a text"
end

-- ---- the store ----

local function busy_keys(keys)
  local busy = {}
  for index, key in ipairs(keys) do
    busy[index] = "busy:" .. key
  end
  return busy
end

-- A store of the program may raise.
local function ask(self, method, keys, ttl)
  local ok, answer, problem = protected.call(self.store[method], self.store, keys, ttl)
  if not ok then
    answer, problem = nil, answer
  end
  if answer == nil then
    self.log("the store failed: " .. words(problem))
  end
  return answer
end

-- "new", "busy", "known", or nil when the store does not know.
local function claim(self, keys)
  for _, key in ipairs(keys) do
    if self.running[key] then
      return "busy"
    end
  end
  local busy = busy_keys(keys)
  local free = ask(self, "claim", busy, LEASE)
  if not free then
    return free == false and "busy" or nil
  end
  local new = ask(self, "claim", keys, LEASE)
  if not new then
    ask(self, "forget", busy)
    return new == false and "known" or nil
  end
  return "new"
end

-- No other call can claim it in between: it is still busy.
local function settle(self, keys, done)
  ask(self, "forget", keys)
  if done then
    ask(self, "claim", keys)
  end
  ask(self, "forget", busy_keys(keys))
end

-- ---- asking the API ----

local text = values.filled

-- HeyGen waits 10 s for the answer.
local POLL = { deadline = 8, max_retries = 1 }

-- Jobs other than videos: the id, and the call that gets one.
local JOBS = {
  video_translate = { id = "video_translate_id", group = "video_translations", get = "get" },
  proofread_creation = { id = "proofread_id", group = "video_translations", get = "get_proofread" },
  ai_clipping = { id = "job_id", group = "ai_clipping", get = "get" },
  hyperframes_video = { id = "render_id", group = "hyperframes", get = "get_render" },
  filler_word_removal = { id = "filler_word_removal_id", group = "filler_word_removals", get = "get" },
}

local function job_of(event)
  local thing = event.type and (event.type:match "^([%w_]+)%.success$" or event.type:match "^([%w_]+)%.fail$")
  local job = JOBS[thing or ""]
  return job and text(event[job.id]) and job
end

-- video_agent: a session, whose video is the result; avatar_video and others: a video.
local function fetch(client, event)
  local job = job_of(event)
  if job then
    local group = client[job.group]
    return "job", group[job.get](group, event[job.id], POLL)
  elseif text(event.video_id) then
    return "video", client.videos:get(event.video_id, POLL)
  elseif text(event.session_id) then
    return "session", client.video_agents:get(event.session_id, POLL)
  end
end

local ENDS = { completed = true, failed = false, cancelled = false }

-- Asks the API for the state. Gives nothing when it agrees with the event, else a status and why.
local function confirm(self, event)
  local name, state, message, err = fetch(self.client, event)
  local gone = err and err.status == 404
  if not name or (gone and name == "session") then
    event.hint = true -- there is nothing to ask for, or not any more: sessions go while their videos stay
    return nil
  elseif not state then
    return gone and 404 or 503, ("its %s could not be polled: %s"):format(name, tostring(message))
  end
  local ok = ENDS[state.status]
  if ok == nil or (event.ok ~= nil and ok ~= event.ok) then
    local what = ("the %s is %s at the service"):format(name, tostring(state.status))
    return 503, "not confirmed: " .. what
  end
  event.ok, event[name] = ok, state
  event.url = text(state.video_url) -- never that of the callback, which may lead anywhere
  event.video_id = event.video_id or text(state.video_id)
end

-- ---- handlers ----

local function handler_of(self, event)
  local on = self.on
  return type(on) == "function" and on or on[event.type or ""] or on["*"]
end

-- Like a call of this module, a handler fails by raising, or by returning nil or false and a message.
local function run(self, event)
  local ok, value, message = protected.call(handler_of(self, event), event)
  if not ok then
    return false, "raised: " .. words(value)
  elseif not value and message ~= nil then
    return false, "failed: " .. words(message)
  end
  return true
end

local function name_of(event)
  return ("the handler of %q"):format(tostring(event.type or "an event without a type"):sub(1, 60))
end

local function handle(self, event, body)
  local keys = event.replay_keys
  local who = coroutine.running() or true
  for _, key in ipairs(keys) do
    self.running[key] = who
  end
  local done, problem = run(self, event)
  for _, key in ipairs(keys) do
    self.running[key] = nil
  end
  settle(self, keys, done)
  if not done then
    self.log(name_of(event) .. " " .. errors.hide(problem, body))
  end
  return done
end

-- ---- deliveries ----

---Deals with a delivery.
---@param event heygen.Event with replay_keys and verified
---@param body string what must not stand in a log
---@param on_claimed fun(is_new: boolean) called once, whatever becomes of it
---@return integer status 200 done or known; 202 handed on; 404, 500, 503 not done
---@return string word
function Dispatch:take(event, body, on_claimed)
  local keys = event.replay_keys
  local claimed = claim(self, keys)
  -- Also for one that was handled before this process began, and one that the store cannot take: a wait must not last
  -- longer for that.
  on_claimed(claimed ~= "known" and claimed ~= "busy")
  if not claimed then
    return 503, "store failed"
  elseif claimed == "busy" then
    return 503, "being handled"
  end
  if claimed == "known" then
    return 200, "duplicate"
  end
  if not handler_of(self, event) then
    settle(self, keys, true)
    return 200, "ok"
  end
  if event.verified ~= "signature" then
    if self.client then
      local ok, status, problem = protected.call(confirm, self, event)
      if not ok then
        status, problem = 500, words(status)
      end
      if status then
        settle(self, keys, false)
        self.log(problem)
        return status, "not confirmed"
      end
    else
      event.hint = true
    end
  end
  if not self.defer then
    local done = handle(self, event, body)
    return done and 200 or 500, done and "ok" or "the handler failed"
  end
  local ok, taken, problem = protected.call(self.defer, function()
    handle(self, event, body)
  end)
  if not ok or taken == false or (taken == nil and problem ~= nil) then
    settle(self, keys, false)
    self.log("defer failed: " .. words(ok and problem or taken))
    return 503, "cannot be handled now"
  end
  return 202, "accepted"
end

return Dispatch
