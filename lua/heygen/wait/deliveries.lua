-- Deliveries of webhooks in a wait: "webhook or poll, whichever is first".
--
-- How it works
--
--   A wait with `webhook = router` has a *monitor* of the router (webhook/deliveries.lua), which collects the
--   deliveries about the ids of the wait. A delivery is a hint: it ends the pause, and the poll that follows decides.
--   So nothing that is sent to the router can end a wait.
--
--   While deliveries are known to arrive, there is less need to ask: pauses are stretched to `webhook_interval`.
--   They are not stretched
--     (a) after a delivery that the next poll did not confirm,
--     (b) while the job waits for input, as there is no event about that,
--     (c) for jobs without an event about their end (`subject.event_prefix` gives nothing),
--     (d) after an end was found by polling although a delivery should have come: the monitor reports it as
--         lost, and every other wait of this Lua state wakes up and polls at its usual pace.
--
--   A stretched pause is cut into sleeps of a minute, as deliveries may stop counting as arriving. With a shared dict a
--   delivery may come in another worker, which cannot wake this one: then the monitor is asked every quarter second.
local core = require "heygen.core"
local drivers = require "heygen.driver"
local emit = require "heygen.wait.emit"
local pauses = require "heygen.driver.pause"

local deliveries = {}

local LONGEST_SLEEP = 60 -- seconds
local SOON = 10 -- seconds, after a delivery that the poll has not confirmed
local LONGEST_SLEEP_UNWAKEABLE = 1 -- seconds, with a driver of the program, whose sleep cannot be ended

---@class heygen.WaitMonitor what a wait knows of deliveries
---@field router heygen.webhook.Monitor of the router
---@field waker heygen.Waker ends the present pause
---@field notified boolean? a delivery came, and no poll has confirmed it yet
---@field calm boolean? the last pause was a stretched one that nothing has ended
---@field paused boolean? there was a pause

-- The wakers of all waits in this Lua state that listen. Weak: a wait may be killed.
local wakers = setmetatable({}, { __mode = "k" })

local function add_ids(state)
  local watched = state.monitor.router
  for _, name in ipairs(state.subject.ids) do
    local given = state[name]
    for _, id in ipairs(type(given) == "table" and given or { given }) do
      watched:add(id)
    end
  end
  if state.callback_id then
    watched:add { callback_id = state.callback_id }
  end
end

---Begins to listen.
---@param state table of the wait
---@param wait table its options
function deliveries.begin(state, wait)
  local waker, watched = pauses.waker(), wait.webhook:watch {}
  function watched.wake()
    waker:wake()
  end
  state.waker, state.monitor = waker, { router = watched, waker = waker }
  wakers[waker] = true
  add_ids(state)
end

-- Whether something has come that is not known yet. Repetitions are not counted.
local function has_new(monitor)
  local new = false
  while monitor.router:seen() do
    new = true
  end
  return new
end

local function delivered(state, wait)
  local monitor = state.monitor
  monitor.notified, monitor.calm = true, false
  state.turn = true -- to the video itself
  state.cadence:hasten(wait.interval or SOON) -- should the poll not see the end at once
end

---Before a poll: what has come so far is older than what the poll will show.
function deliveries.before_poll(state, wait)
  local monitor = state.monitor
  monitor.finished = state.finished
  if has_new(monitor) then
    delivered(state, wait)
  end
end

---After a poll: one of several jobs has ended, as a delivery announced; the others will be announced as well.
function deliveries.after_poll(state)
  local monitor = state.monitor
  if (state.finished or 0) > (monitor.finished or 0) then
    monitor.notified = false
  end
end

-- What events about the end begin with; nil: there are none.
local function prefix_of(state)
  local event_prefix = state.subject.event_prefix
  return event_prefix and event_prefix(state)
end

local function may_stretch(state, wait)
  local monitor, prefix = state.monitor, prefix_of(state)
  return wait.stretch
    and not monitor.notified
    and not state.poll_error
    and prefix
    and monitor.router:working(prefix)
end

---Pauses until a delivery comes, or the time is over.
---@param client heygen.Client
---@param state table
---@param wait table
---@param seconds number as long as without webhooks
---@param fixed boolean it must not be longer
---@return boolean? slept
---@return string? reason
---@return string? kind of the error, when it is not "cancelled"
function deliveries.pause(client, state, wait, seconds, fixed)
  local monitor, began = state.monitor, core.now()
  local longest = math.min(monitor.router:check_every() or LONGEST_SLEEP, LONGEST_SLEEP)
  if not drivers.current(client.driver).built_in then
    longest = math.min(longest, LONGEST_SLEEP_UNWAKEABLE)
  end
  if state.tick then
    longest = math.min(longest, emit.TICK)
  end
  monitor.calm, monitor.paused = false, true
  add_ids(state)
  while true do
    if has_new(monitor) then
      delivered(state, wait)
      return true
    end
    if state.entry then -- polls.lua has brought something
      return true
    end
    local stretched = not fixed and may_stretch(state, wait)
    local whole = stretched and math.max(wait.stretch, seconds) or seconds
    local left = math.min(began + whole, state.stop) - core.now()
    if left <= 0 then
      monitor.calm = stretched and true or false
      return true
    end
    local slept, reason, kind = pauses.sleep(client, math.min(left, longest), monitor.waker)
    if not slept then
      return nil, reason, kind
    elseif state.tick then
      emit.tick(client, state)
    end
  end
end

---Ends the listening.
---@param state table
---@param ended boolean the job has ended
function deliveries.finish(state, ended)
  local monitor, prefix = state.monitor, prefix_of(state)
  local silent = ended and monitor.paused and not monitor.notified and not has_new(monitor)
  wakers[monitor.waker] = nil
  if silent and prefix then
    monitor.router:lost(prefix)
    for waker in pairs(wakers) do -- they may rely on what does not come
      waker:wake()
    end
  end
  monitor.router:close()
end

return deliveries
