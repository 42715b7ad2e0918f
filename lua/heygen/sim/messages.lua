-- What was said in a session: made from the run's schedule when it is looked at.
local schedule = require "heygen.sim.schedule"

local messages = {}

local LIMIT = 40

local function say(list, at, role, content, resources, kind)
  list[#list + 1] = {
    at = at,
    order = #list,
    role = role,
    type = kind or (resources and "resource" or "text"),
    content = content,
    resources = resources,
  }
end

local function tell_run(list, session, run, state)
  say(list, run.start, "user", run.prompt)
  say(list, run.start, "model", "I am planning your video.")
  if state.hold and state.hold.input then
    say(list, run.start + run.b.thinking, "model", "Shall I go on with this plan?")
  end
  if state.hold and state.hold.stopped then
    say(list, state.finished, "model", "I have stopped.")
  elseif state.status == "failed" and run.b.error_message then
    local at = state.finished or (run.start + state.hold.at)
    say(list, at, "model", run.b.error_message, nil, "error")
  end
  if state.rendering then
    local at = schedule.rendering_began(run)
    say(list, at, "model", "Here is the draft.", { session.short .. "_draft_" .. run.number })
    if state.status == "completed" and state.video_visible then
      say(list, state.finished, "model", "Your video is ready.", { session.short .. "_video_" .. run.number })
    end
  end
end

--- The newest messages first, at most 40.
---@param session table
---@param states table the state of each run
---@return table list of { at, role, type, content, resources }
function messages.of(session, states)
  local list = {}
  for i, run in ipairs(session.runs) do
    tell_run(list, session, run, states[i])
  end
  for _, said in ipairs(session.said) do
    say(list, said.at, "user", said.content)
  end
  table.sort(list, function(x, y)
    if x.at ~= y.at then
      return x.at > y.at
    end
    return x.order > y.order
  end)
  for i = #list, LIMIT + 1, -1 do
    list[i] = nil
  end
  return list
end

return messages
