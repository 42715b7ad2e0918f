-- Webhook or poll, whichever is first: what a wait does between two looks when a router of webhooks tells it of
-- deliveries. A delivery is a hint: it ends the pause, and the look that follows decides.
--
-- While deliveries are known to arrive, pauses are stretched to `webhook_interval`: the end will be told. They are not
-- once a delivery has come and the look did not show the end, while somebody has to answer, for jobs of which the
-- service tells nothing, and from the moment on at which an end was found that nothing had told of.
local core = require "heygen.core"
local drivers = require "heygen.driver"
local waits = require "heygen.driver.pause"

local fusion = {}

local LONGEST = 60 -- seconds: a pause is looked after that often, as deliveries may stop arriving
local UNWAKEABLE = 1 -- seconds, the same with a driver of somebody's own, whose sleep nobody can end

---@class heygen.Fusion
---@field watch heygen.webhook.Watch
---@field signal table what ends the present pause: see pause.sleep
---@field told boolean? a delivery came, and the end was not seen yet
---@field calm boolean? the last pause was a stretched one that nothing has ended
---@field waited boolean? there was a pause

-- Those that wait in this Lua state. Weak: a wait may be killed.
local waiting_here = setmetatable({}, { __mode = "k" })

---@param value any the option `webhook`
---@return string? problem
function fusion.problem(value)
  if type(value) ~= "table" or type(value.watch) ~= "function" then
    return "expected a router, made by heygen.webhook.router{...}, got " .. type(value)
  end
end

local function watch_ids(state)
  local watch = state.fused.watch
  for _, name in ipairs(state.kind.ids) do
    local given = state[name]
    for _, id in ipairs(type(given) == "table" and given or { given }) do
      watch:add(id)
    end
  end
  if state.callback_id then
    watch:add { callback_id = state.callback_id }
  end
end

---Begins to listen.
---@param state table of the wait
---@param wait table its options
function fusion.begin(state, wait)
  local signal = {}
  local watch = wait.webhook:watch {}
  function watch.wake()
    if signal.hurry then
      signal.hurry()
    end
  end
  state.fused = { watch = watch, signal = signal }
  waiting_here[signal] = true
  watch_ids(state)
end

-- Has anything come that is not known yet? Duplicates are none.
local function has_news(fused)
  local news = false
  while fused.watch:seen() do
    news = true
  end
  return news
end

local function hear(state, wait)
  local fused = state.fused
  fused.told, fused.calm = true, false
  state.turn = true -- to the video itself
  state.pace.pause = wait.interval -- should it not be seen at once
end

---What has come so far says nothing that the look will not show.
function fusion.before_look(state, wait)
  local fused = state.fused
  fused.finished = state.finished
  if has_news(fused) then
    hear(state, wait)
  end
end

---One of several jobs has ended, as was told: the others will be told as well.
function fusion.after_look(state)
  local fused = state.fused
  if (state.finished or 0) > (fused.finished or 0) then
    fused.told = false
  end
end

-- What tells of the end; nil: nothing does.
local function told_by(state)
  local tells = state.kind.tells
  return tells and tells(state)
end

local function may_stretch(state, wait)
  local fused, what = state.fused, told_by(state)
  return wait.stretch and not fused.told and not state.missed and what and fused.watch:working(what)
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
function fusion.pause(client, state, wait, seconds, fixed)
  local fused, began = state.fused, core.now()
  local signal, watch = fused.signal, fused.watch
  local longest = math.min(watch:check_every() or LONGEST, LONGEST)
  if not drivers.current(client.driver).built_in then
    longest = math.min(longest, UNWAKEABLE)
  end
  fused.calm, fused.waited = false, true
  watch_ids(state)
  while true do
    if has_news(fused) then
      hear(state, wait)
      return true
    end
    local stretched = not fixed and may_stretch(state, wait)
    local whole = stretched and math.max(wait.stretch, seconds) or seconds
    local left = math.min(began + whole, state.stop) - core.now()
    if left <= 0 then
      fused.calm = stretched and true or false
      return true
    end
    local slept, reason, kind = waits.sleep(client, math.min(left, longest), signal)
    if not slept then
      return nil, reason, kind
    end
  end
end

---Ends the listening.
---@param state table
---@param ended boolean the job has ended
function fusion.finish(state, ended)
  local fused, what = state.fused, told_by(state)
  local silent = ended and fused.waited and not fused.told and not has_news(fused)
  waiting_here[fused.signal] = nil
  if silent and what then
    fused.watch:lost(what)
    for signal in pairs(waiting_here) do -- they may rely on what does not come
      if signal.hurry then
        signal.hurry()
      end
    end
  end
  fused.watch:close()
end

return fusion
