-- Work that begins at once, without an agent: videos of POST /v3/videos, translations, lip syncs and the like.
local running = require "heygen.sim.core.running"
local schedule = require "heygen.sim.core.schedule"

local rendering = {}

-- behaviour → seconds → the behaviour of such work; forgotten with the behaviour.
local derived = setmetatable({}, { __mode = "k" })
-- The same of sessions, which keep their behaviour but for the length.
local lengths = setmetatable({}, { __mode = "k" })

local function copy(b, changes)
  local made = {}
  for name, value in pairs(b) do
    made[name] = value
  end
  for name, value in pairs(changes) do
    made[name] = value
  end
  return made
end

local WITHOUT = {
  thinking = 0,
  reviewing = 0,
  video_id = "at_once",
  waiting_for_input = false,
  session_fails = false,
  session_fails_then_recovers = 0,
}

--- The length of a video that nothing else decides.
rendering.USUAL_SECONDS = 10

--- The behaviour with a length in it.
---@param b table behaviour
---@param seconds number? as asked (default: the usual length); one that the behaviour names goes before it
---@return table b
function rendering.with_length(b, seconds)
  if b.clip_seconds then
    return b
  end
  seconds = seconds or rendering.USUAL_SECONDS
  local known = lengths[b] or {}
  lengths[b] = known
  known[seconds] = known[seconds] or copy(b, { clip_seconds = seconds })
  return known[seconds]
end

local function settings(b, seconds)
  local known = derived[b] or {}
  derived[b] = known
  if not known[seconds] then
    known[seconds] = copy(b, WITHOUT)
    known[seconds].clip_seconds = seconds
  end
  return known[seconds]
end

--- How long such work takes.
---@param b table behaviour
---@return number seconds
function rendering.length(b)
  return b.pending + b.processing + (b.unknown_status and b.unknown_status_seconds or 0)
end

--- Makes the run of a job; rendering.start sets it going.
---@param model table
---@param b table behaviour
---@param options table? start = Unix seconds (default: now); seconds = length of what comes out
---@return table run see heygen.sim.core.schedule
function rendering.run(model, b, options)
  options = options or {}
  local seconds = math.min(7200, math.max(0.02, options.seconds or b.clip_seconds or rendering.USUAL_SECONDS))
  local run = schedule.new(options.start or model.clock:now(), settings(b, seconds), false)
  run.cost = seconds * running.PRICE
  return run
end

--- Where a job stands.
---@param model table
---@param run table
---@return table|nil state see schedule.state; nil while it waits for its turn
function rendering.state(model, run)
  local now = model.clock:now()
  return run.start <= now and schedule.state(run, now) or nil
end

--- When each of many pieces begins: as many at once as are allowed, the next ones when those have ended.
---@param model table
---@param b table behaviour
---@param number number which piece, from 1
---@return number at Unix seconds
function rendering.turn(model, b, number)
  local wave = b.concurrency > 0 and math.floor((number - 1) / b.concurrency) or 0
  return model.clock:now() + wave * rendering.length(b)
end

return rendering
