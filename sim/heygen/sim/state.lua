-- All that can be seen of a running simulator at once: GET /_sim/state, and what the page shows.
local running = require "heygen.sim.core.running"
local media = require "heygen.sim.media"
local scenarios = require "heygen.sim.core.scenarios"
local schedule = require "heygen.sim.core.schedule"
local video_agents = require "heygen.sim.service.video_agents"
local videos = require "heygen.sim.service.videos"

local state = {}

local function copy(from)
  local to = {}
  for key, value in pairs(from) do
    to[key] = value
  end
  return to
end

local function session_row(model, session, now)
  local null = model.json.null
  local run = session.runs[#session.runs]
  local seen = schedule.state(run, now)
  local message = video_agents.messages(model, session)[1]
  return {
    session_id = session.id,
    title = session.title,
    mode = session.mode,
    status = seen.status,
    progress = seen.progress,
    running = seen.running,
    created_at = math.floor(session.created),
    elapsed = schedule.elapsed(run, now),
    left = seen.running and schedule.left(run, now) or null,
    message = message and { role = message.role, type = message.type, content = message.content } or null,
    video_id = run.video and run.video.id or null,
    video_visible = seen.video_visible or false,
    video_status = seen.video_status or null,
    video_deleted = run.video and run.video.deleted or false,
  }
end

-- Addresses without a signature, for the page only: they work as long as the simulator runs, and count nowhere.
local FILES = {
  video_url = ".mp4",
  captioned_video_url = "_captioned.mp4",
  thumbnail_url = ".jpg",
  gif_url = ".gif",
  subtitle_url = ".srt",
}
local ONLY_WITH = { ["_captioned.mp4"] = media.captioned, [".srt"] = media.subtitled }

local function video_row(model, video, now)
  local null, b = model.json.null, video.run.b
  -- Most of ten thousand are told apart without a closer look.
  if b.video_id == "late" and now < video.run.start + b.thinking + b.reviewing then
    return nil
  end
  local seen = videos.state(model, video)
  if not seen then
    return nil
  end
  local session = video.session
  local row = {
    video_id = video.id,
    session_id = session and session.id or null,
    title = video.title or null,
    status = seen.video_status,
    orientation = video.orientation or null,
    created_at = math.floor(seen.video_created),
    completed_at = null,
    duration = null,
    failure_message = null,
  }
  for name in pairs(FILES) do
    row[name] = null
  end
  if seen.video_status == "completed" then
    row.completed_at, row.duration = math.floor(seen.finished), b.clip_seconds
    if now >= seen.finished + b.file_late then
      for name, ending in pairs(FILES) do
        local has = ONLY_WITH[ending]
        row[name] = (not has or has(video)) and "/_sim/files/" .. video.id .. ending or null
      end
    end
  elseif seen.video_status == "failed" then
    local stopped = seen.hold and seen.hold.stopped
    row.failure_message = stopped and "The session was stopped." or b.failure_message or null
  end
  return row
end

-- The newest rows of a list in the order of making, in which what is gone is false.
local function newest(rows, limit, show)
  local list = {}
  for i = #rows, 1, -1 do
    if #list >= limit then
      break
    end
    list[#list + 1] = rows[i] and show(rows[i]) or nil
  end
  return list
end

local function rules_of(model)
  local rules = {}
  for i, rule in ipairs(model.faults.rules) do
    rules[i] = { match = rule.match, effect = rule.effect, seen = rule.seen, fired = rule.fired }
  end
  return rules
end

-- What was ordered for the next few sessions only.
local function ordered(model)
  local list = {}
  for i, overlay in ipairs(model.overlays) do
    list[i] = { behaviour = overlay.values, left = overlay.left }
  end
  return list
end

local function scenario_rows()
  local list = {}
  for name, scenario in pairs(scenarios) do
    list[#list + 1] = { name = name, about = scenario.about }
  end
  table.sort(list, function(x, y)
    return x.name < y.name
  end)
  return list
end

--- The state.
---@param model table
---@param limit number how many sessions and videos at most, the newest first
---@return table object for the codec
function state.of(model, limit)
  local now, array = model.clock:now(), model.json.array
  return {
    now = now,
    speed = model.clock.speed,
    seed = model.seed,
    url = model.base_url,
    keys = model.keys and "listed" or "any",
    sessions = #model.sessions.rows,
    running = running.count(model),
    counts = copy(model.journal.counts),
    newest = array(newest(model.sessions.rows, limit, function(session)
      return session_row(model, session, now)
    end)),
    videos = array(newest(model.videos.rows, limit, function(video)
      return video_row(model, video, now)
    end)),
    faults = array(rules_of(model)),
    behaviour = copy(model.behaviour),
    ordered = array(ordered(model)),
    scenarios = array(scenario_rows()),
  }
end

return state
