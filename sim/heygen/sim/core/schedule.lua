-- Where a run stands at a given time: computed when it is asked for, so ten thousand runs need no timer.
--
-- A run is { start = Unix seconds, b = behaviour, holds = {…} }. Its own time ("elapsed") stands still while a hold
-- lasts. A hold is { at = elapsed seconds, status = what the session shows, length = seconds (huge: until released),
-- released = seconds after start, ends = the video is lost, idle = nothing runs in it }.
local schedule = {}

local NONE = {}

local function begin_hold(run, b)
  if b.answers_in_chat then
    return { { at = b.thinking, status = "completed", length = math.huge, chat = true, idle = true } }
  end
  if b.stall then
    return { { at = b.thinking / 2, status = "thinking", length = math.huge } }
  end
  local fails_after = b.session_fails_after or b.thinking / 2
  local holds = {}
  if b.session_fails then
    holds[1] = { at = fails_after, status = "failed", length = math.huge, ends = true, failed = true }
  elseif b.session_fails_then_recovers > 0 then
    holds[1] = { at = fails_after, status = "failed", length = b.session_fails_then_recovers, failed = true }
  end
  if b.waiting_for_input == true or (b.waiting_for_input == "chat" and run.chat) then
    holds[#holds + 1] = { at = b.thinking, status = "waiting_for_input", length = math.huge, input = true }
  end
  table.sort(holds, function(x, y)
    return x.at < y.at
  end)
  return holds[1] and holds or NONE
end

---@param start number Unix seconds
---@param b table behaviour
---@param chat boolean
---@return table run
function schedule.new(start, b, chat)
  local run = { start = start, b = b, chat = chat }
  run.holds = begin_hold(run, b)
  return run
end

local function marks(b)
  local reviewing = b.thinking
  local rendering = reviewing + b.reviewing
  local processing = rendering + b.pending
  local unknown = processing + b.processing
  local finish = unknown + (b.unknown_status and b.unknown_status_seconds or 0)
  return reviewing, rendering, processing, unknown, finish
end

-- When a hold begins, in seconds after the start, and how long it lasts; `spent` were those before it.
local function span(hold, spent)
  local arrival = hold.arrived or hold.at + spent
  return arrival, hold.released and math.max(0, hold.released - arrival) or hold.length
end

-- Whether a hold still lasts. Not by its length: that is rounded, and the moment of a release is no part of it.
local function lasts(hold, arrival, length, t)
  return t < (hold.released or arrival + length)
end

--- The run's own time, and the hold it is in.
---@param run table
---@param now number Unix seconds
---@return number elapsed, table|nil hold
function schedule.elapsed(run, now)
  local t, spent, least = now - run.start, 0, 0
  for _, hold in ipairs(run.holds) do
    local arrival, length = span(hold, spent)
    if t < arrival then
      break
    elseif lasts(hold, arrival, length, t) then
      return hold.at, hold
    end
    spent, least = spent + length, hold.at
  end
  -- At the very moment of a release, the sum may be a rounding short of it.
  return math.max(least, t - spent)
end

--- The holds that have begun, over or not.
---@param run table
---@param now number Unix seconds
---@return table list of { hold, at = Unix seconds }
function schedule.arrivals(run, now)
  local list, t, spent = {}, now - run.start, 0
  for _, hold in ipairs(run.holds) do
    local arrival, length = span(hold, spent)
    if t < arrival then
      break
    end
    list[#list + 1] = { hold = hold, at = run.start + arrival }
    if lasts(hold, arrival, length, t) then
      break
    end
    spent = spent + length
  end
  return list
end

--- When the run's own time passed `elapsed`.
local function time_of(run, elapsed)
  local spent = 0
  for _, hold in ipairs(run.holds) do
    if hold.at > elapsed or (hold.after and hold.at == elapsed) then
      break
    end
    local _, length = span(hold, spent)
    spent = spent + length
  end
  return run.start + elapsed + spent
end

local function session_status(b, elapsed, hold, reviewing, rendering, unknown, finish)
  if hold then
    return hold.status
  elseif elapsed < reviewing then
    return "thinking"
  elseif elapsed < rendering then
    return "reviewing"
  elseif elapsed < unknown then
    return "generating"
  elseif elapsed < finish then
    return b.unknown_status
  end
  return b.video_fails and "failed" or "completed"
end

--- Everything that can be seen of a run.
---@param run table
---@param now number Unix seconds
---@return table state status, progress, running, video_visible, video_status, hold; video_created and finished in
---   Unix seconds, or nil
function schedule.state(run, now)
  local b = run.b
  local reviewing, rendering, processing, unknown, finish = marks(b)
  local elapsed, hold = schedule.elapsed(run, now)
  local function passed(mark)
    return elapsed > mark or (elapsed == mark and (not hold or hold.after))
  end
  local state = {
    status = session_status(b, elapsed, hold, reviewing, rendering, unknown, finish),
    progress = 0,
    hold = hold,
  }
  local done = passed(finish)
  state.running = not done and not (hold and (hold.ends or hold.idle))
  if done then
    state.progress = b.video_fails and 97 or 100
  elseif passed(rendering) then
    state.progress = 1 + math.floor(98 * (elapsed - rendering) / (finish - rendering))
  end
  if b.video_id == "at_once" and not run.chat then
    state.video_visible, state.video_created = true, run.start
  elseif b.video_id ~= "never" and passed(rendering) then
    state.video_visible, state.video_created = true, time_of(run, rendering)
  end
  if hold and hold.ends then
    state.video_status, state.lost = "failed", true
    state.finished = run.start + (hold.arrived or hold.at)
  elseif done then
    state.video_status = b.video_fails and "failed" or "completed"
    state.finished = time_of(run, finish)
  elseif passed(unknown) then
    state.video_status = b.unknown_status
  elseif passed(processing) then
    state.video_status = "processing"
  else
    state.video_status = "pending"
  end
  return state
end

--- Whether a run is still under way: `running` of schedule.state without the rest, for thousands at a time.
---@param run table
---@param now number Unix seconds
---@return boolean running
function schedule.running(run, now)
  local _, _, _, _, finish = marks(run.b)
  local elapsed, hold = schedule.elapsed(run, now)
  if hold then
    return elapsed <= finish and not hold.ends and not hold.idle
  end
  return elapsed < finish
end

--- When rendering began; only for a run that is past it.
function schedule.rendering_began(run)
  local _, rendering = marks(run.b)
  return time_of(run, rendering)
end

--- Ends the hold that the run is in, if it is of the wanted kind.
---@param run table
---@param now number Unix seconds
---@param kind string "input" or "failed"
---@return boolean released
function schedule.release(run, now, kind)
  local _, hold = schedule.elapsed(run, now)
  if not hold or not hold[kind] then
    return false
  end
  hold.released = now - run.start
  return true
end

--- Stops a run that is still going, for good.
---@param run table
---@param now number Unix seconds
---@param status string what the session shows from now on
---@return boolean stopped
function schedule.stop(run, now, status)
  local state = schedule.state(run, now)
  if not state.running then
    return false
  end
  local elapsed, hold = schedule.elapsed(run, now)
  if hold then
    hold.released = now - run.start
  end
  local holds = {}
  for _, each in ipairs(run.holds) do
    -- What would have come later does not come any more.
    if each.at <= elapsed then
      holds[#holds + 1] = each
    end
  end
  holds[#holds + 1] = {
    at = elapsed,
    arrived = now - run.start,
    status = status,
    length = math.huge,
    ends = true,
    stopped = true,
    -- What had begun at this very moment has begun, unless another hold was before it.
    after = not hold,
  }
  run.holds = holds
  return true
end

--- When a run is over for good, as things stand now; nil when it needs input to continue.
---@param run table
---@return number|nil at Unix seconds
function schedule.ends(run)
  local _, _, _, _, finish = marks(run.b)
  local spent = 0
  for _, hold in ipairs(run.holds) do
    local arrival, length = span(hold, spent)
    if hold.at > finish then
      break
    elseif hold.ends and not hold.released then
      return run.start + arrival
    end
    spent = spent + length
  end
  local at = run.start + finish + spent
  return at < math.huge and at or nil
end

--- How long until the run ends by itself; nil when it never does.
---@param run table
---@param now number Unix seconds
---@return number|nil seconds
function schedule.left(run, now)
  local _, _, _, _, finish = marks(run.b)
  local at = time_of(run, finish)
  if at == math.huge then
    return nil
  end
  return math.max(0, at - now)
end

return schedule
