-- The Video Agent: sessions, their messages, resources and styles.
local account = require "heygen.sim.service.account"
local asked = require "heygen.sim.service.asked"
local running = require "heygen.sim.core.running"
local lookup = require "heygen.sim.service.lookup"
local messages = require "heygen.sim.service.messages"
local pages = require "heygen.sim.core.pages"
local rendering = require "heygen.sim.service.rendering"
local respond = require "heygen.sim.core.respond"
local schedule = require "heygen.sim.core.schedule"
local styles = require "heygen.sim.service.styles"
local text = require "heygen.sim.core.text"
local videos = require "heygen.sim.service.videos"

local video_agents = {}

local function unix(seconds)
  return seconds and math.floor(seconds)
end

local function find(model, id)
  local session = model.sessions.by_id[id]
  local hidden = session and session.runs[1].b.not_found_first or 0
  return session and model.clock:now() >= session.created + hidden and session or nil
end

local function gone(model, id)
  return respond.problem(
    model.json,
    404,
    "not_found",
    "No video agent session " .. id .. " was found",
    "session_id"
  )
end

local function last(session)
  return session.runs[#session.runs]
end

local function states_of(model, session)
  local now, states = model.clock:now(), {}
  for i, run in ipairs(session.runs) do
    states[i] = schedule.state(run, now)
  end
  return states[#states], states, now
end

local function add_run(model, session, prompt, b)
  b = rendering.with_length(b, asked.seconds(prompt))
  local run = schedule.new(model.clock:now(), b, session.mode == "chat")
  run.session, run.prompt, run.number = session, prompt, #session.runs + 1
  run.cost = b.clip_seconds * running.PRICE
  session.runs[run.number] = run
  if b.video_id ~= "never" then
    run.video = videos.add(model, run, {
      session = session,
      title = session.title,
      orientation = session.orientation,
      callback_url = session.callback_url,
      callback_id = session.callback_id,
    })
  end
  running.start(model, run)
  return run
end

local function make(model, body, b)
  local id = b.numeric_ids and model.ids:digits(15) or "sess_" .. model.ids:hex(24)
  local session = {
    id = id,
    short = "res_" .. id:match("%x+$"):sub(1, 12),
    title = text.cut(body.prompt:gsub("%s+", " "), 60),
    created = model.clock:now(),
    mode = body.mode or "generate",
    orientation = body.orientation or asked.orientation(body.prompt),
    callback_url = body.callback_url,
    callback_id = body.callback_id,
    runs = {},
    said = {},
  }
  local rows = model.sessions.rows
  rows[#rows + 1] = session
  model.sessions.by_id[session.id] = session
  add_run(model, session, body.prompt, b)
  model.journal:count "creates"
  return session
end

local function shown_video(session, states, null)
  for i = #session.runs, 1, -1 do
    local video = session.runs[i].video
    if video and states[i].video_visible and not video.deleted then
      return video.id
    end
  end
  return null
end

local function see(model, session, video_id)
  if video_id ~= model.json.null and not session.video_seen then
    session.video_seen = true
    -- A read changes the service only where the behaviour says so.
    model.changed = last(session).b.session_404_after_video
  end
  return video_id
end

function video_agents.create(model, _, body)
  local b = model:behaviour_now()
  local refusal = lookup.refusal(model, body, b, true)
    or account.refusal(model, b)
    or running.refusal(model, b)
  if refusal then
    return refusal
  end
  model:behaviour_used()
  local session = make(model, body, b)
  local state, states = states_of(model, session)
  return respond.data(model.json, {
    session_id = session.id,
    -- With a video to poll, the answer says that it is on its way, even while the agent still thinks.
    status = state.video_visible and state.running and "generating" or state.status,
    created_at = unix(session.created),
    video_id = see(model, session, shown_video(session, states, model.json.null)),
  })
end

local function message_item(message, json)
  return {
    role = message.role,
    content = message.content,
    type = message.type,
    created_at = unix(message.at),
    resource_ids = message.resources and json.array(message.resources) or json.null,
  }
end

local function with_rendering(session, states)
  for i, run in ipairs(session.runs) do
    states[i].rendering = states[i].progress > 0
      and not (states[i].hold and states[i].hold.at < run.b.thinking)
  end
  return states
end

--- What was said in a session, the newest first.
---@param model table
---@param session table
---@return table list see messages.of
function video_agents.messages(model, session)
  local _, states, now = states_of(model, session)
  return messages.of(session, with_rendering(session, states), now)
end

function video_agents.get(model, _, _, id)
  local session = find(model, id)
  if not session then
    return gone(model, id)
  end
  local state, states, now = states_of(model, session)
  local null = model.json.null
  local video_id = shown_video(session, states, null)
  if last(session).b.session_404_after_video and session.video_seen then
    return gone(model, id)
  end
  local list = messages.of(session, with_rendering(session, states), now)
  for i, message in ipairs(list) do
    list[i] = message_item(message, model.json)
  end
  return respond.data(
    model.json,
    model:finish({
      session_id = session.id,
      status = state.status,
      created_at = unix(session.created),
      progress = state.progress,
      title = session.title,
      video_id = see(model, session, video_id),
      messages = model.json.array(list),
    }, last(session).b)
  )
end

function video_agents.list(model, _, query)
  local items, token = pages.cut(model.sessions.rows, "sessions", query.limit, query.token, function(session)
    return { session_id = session.id, title = session.title, created_at = unix(session.created) }
  end)
  return model:page(items, token)
end

function video_agents.send(model, _, body, id)
  local session = find(model, id)
  if not session then
    return gone(model, id)
  end
  local run = last(session)
  local refusal = lookup.refusal(model, body, run.b, true)
  if refusal then
    return refusal
  end
  local state, states, now = states_of(model, session)
  if state.running or state.status == "failed" then
    if body.message then
      local after = messages.count(session, with_rendering(session, states), now)
      session.said[#session.said + 1] = { at = now, content = body.message, after = after }
    end
    local released = schedule.release(run, now, "input")
    model.outbox:watch(run)
    if not released and run.b.message_revives and schedule.release(run, now, "failed") then
      running.start(model, run)
    end
  else
    -- One more video of the same session is one more job.
    refusal = account.refusal(model, run.b) or running.refusal(model, run.b)
    if refusal then
      return refusal
    end
    add_run(model, session, body.message or run.prompt, run.b).unsaid = not body.message
  end
  return respond.data(
    model.json,
    { run_id = "run_" .. model.ids:hex(24), session_id = id, title = session.title }
  )
end

function video_agents.stop(model, _, _, id)
  local session = find(model, id)
  if not session then
    return gone(model, id)
  end
  local run = last(session)
  if schedule.stop(run, model.clock:now(), session.mode == "chat" and "waiting_for_input" or "failed") then
    model.outbox:watch(run)
  end
  return respond.data(model.json, { session_id = id })
end

function video_agents.videos(model, _, _, id)
  local session = find(model, id)
  if not session then
    return gone(model, id)
  end
  local list = {}
  for i = #session.runs, 1, -1 do
    local video = session.runs[i].video
    list[#list + 1] = video and videos.show(model, video)
  end
  return model:page(list, nil)
end

function video_agents.resource(model, _, _, id, resource_id)
  local session = find(model, id)
  if not session then
    return gone(model, id)
  end
  local _, states, now = states_of(model, session)
  local null = model.json.null
  for _, message in ipairs(messages.of(session, with_rendering(session, states), now)) do
    if message.resources and message.resources[1] == resource_id then
      local kind, number = resource_id:match "_(%a+)_(%d+)$"
      local video = session.runs[tonumber(number)].video
      local shown = kind == "video" and video and videos.show(model, video)
      return respond.data(model.json, {
        resource_id = resource_id,
        resource_type = kind,
        source_type = "generated",
        url = shown and shown.video_url or null,
        thumbnail_url = null,
        preview_url = null,
        metadata = { orientation = session.orientation },
        created_at = unix(message.at),
      })
    end
  end
  return respond.problem(
    model.json,
    404,
    "resource_not_found",
    "No resource " .. resource_id .. " was found",
    "resource_id"
  )
end

function video_agents.styles(model, _, query)
  local tag, null = query.tag, model.json.null
  local items, token = pages.cut(
    styles.rows,
    "styles" .. (tag or ""),
    query.limit,
    query.token,
    function(style)
      if tag and tag ~= style.tag then
        return nil
      end
      return {
        style_id = style.id,
        name = style.name,
        thumbnail_url = null,
        preview_video_url = null,
        tags = model.json.array { style.tag },
        aspect_ratio = style.ratio,
      }
    end
  )
  return model:page(items, token)
end

return video_agents
