-- What was said in a session: made from the run's schedule when it is read.
local schedule = require "heygen.sim.core.schedule"

local messages = {}

local LIMIT = 40

local function say(list, at, role, content, resources, kind)
  list[#list + 1] = {
    at = at,
    order = #list + 1,
    role = role,
    type = kind or (resources and "resource" or "text"),
    content = content,
    resources = resources,
  }
end

-- What was said stays said: a question that has been answered, a failure that has passed.
local function tell_hold(list, run, hold, at)
  if hold.chat then
    say(list, at, "model", "Hello! Tell me what your video is about, and I will make it.")
  elseif hold.input then
    say(list, at, "model", "Should I continue with this plan?")
  elseif hold.failed and run.b.error_message then
    say(list, at, "model", run.b.error_message, nil, "error")
  end
end

local function tell_run(list, session, run, state, now)
  if not run.unsaid then
    say(list, run.start, "user", run.prompt)
  end
  say(list, run.start, "model", "I am planning your video.")
  for _, each in ipairs(schedule.arrivals(run, now)) do
    tell_hold(list, run, each.hold, each.at)
  end
  if state.status == "failed" and not state.hold and run.b.error_message then
    say(list, state.finished, "model", run.b.error_message, nil, "error")
  end
  if state.rendering then
    local at = schedule.rendering_began(run)
    say(list, at, "model", "Here is the draft.", { session.short .. "_draft_" .. run.number })
    if state.status == "completed" and state.video_visible then
      say(list, state.finished, "model", "Your video is ready.", { session.short .. "_video_" .. run.number })
    end
  end
  if state.hold and state.hold.stopped then
    say(list, state.finished, "model", "I have stopped.")
  end
end

local function is_newer(x, y)
  if x.at ~= y.at then
    return x.at > y.at
  elseif x.rank ~= y.rank then
    return x.rank > y.rank
  end
  return x.order > y.order
end

-- What the agent has told, the newest first, each with its place in that row as `rank`.
local function told(session, states, now)
  local list = {}
  for i, run in ipairs(session.runs) do
    tell_run(list, session, run, states[i], now)
  end
  table.sort(list, is_newer)
  for i, message in ipairs(list) do
    message.rank = #list - i
  end
  return list
end

--- How much the runs of a session have told: what a user says now stands behind that, and before what comes of it,
--- though all of it may happen at the same moment.
---@param session table
---@param states table the state of each run
---@param now number Unix seconds
---@return number count for `after` of what is kept in session.said
function messages.count(session, states, now)
  return #told(session, states, now)
end

--- The newest messages first, at most 40.
---@param session table
---@param states table the state of each run
---@param now number Unix seconds
---@return table list of { at, role, type, content, resources }
function messages.of(session, states, now)
  local list = told(session, states, now)
  for _, said in ipairs(session.said) do
    say(list, said.at, "user", said.content)
    list[#list].rank = said.after - 0.5
  end
  table.sort(list, is_newer)
  for i = #list, LIMIT + 1, -1 do
    list[i] = nil
  end
  return list
end

return messages
