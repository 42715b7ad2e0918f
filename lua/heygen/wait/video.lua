-- The one-shot workflow: poll, wait, generate. A session leads to a video; only the video is the result.
local core = require "heygen.core"
local jobs = require "heygen.wait.kinds"
local waiting = require "heygen.wait.loop"

local generation = {}

local fail, said, text = waiting.fail, waiting.said, waiting.text
local look_failed, look_options = waiting.look_failed, waiting.look_options

generation.defaults = waiting.defaults

-- ---- what is waited for ----

-- Ids from whatever the caller has: {session_id, video_id, unsure}; or nil, a problem, and whether it is a mistake of
-- the program. A table is none: the service may have sent it.
local function identify(target)
  if type(target) == "string" then
    if target:find "^sess_" then
      return { session_id = target }
    end
    return { video_id = target, unsure = true } -- a session id need not look like one
  elseif type(target) ~= "table" then
    return nil,
      "expected a video id, a session, a video or an error that names one, got " .. type(target),
      true
  end
  local session_id, video_id = text(target.session_id), text(target.video_id)
  if not video_id and not session_id then
    video_id = text(target.id)
  end
  if not video_id and not session_id then
    return nil,
      "the table given has no session_id, video_id or id that is a text and not empty" .. jobs.hint(target)
  end
  return { session_id = session_id, video_id = video_id }
end

local function get_video(client, video_id, call)
  return client.videos:get(video_id, call)
end

local function get_session(client, session_id, call)
  return client.video_agents:get(session_id, call)
end

---One look; see Client:poll.
function generation.poll(client, target, level)
  if type(target) == "string" and target:sub(1, 5) ~= "sess_" then
    local video, message, err = client.videos:get(target)
    if video or err.status ~= 404 then
      return video, message, err
    end
    local session, why, session_err = get_session(client, target)
    if session or session_err.status ~= 404 then
      return session, why, session_err
    end
    return nil, message, err
  end
  local ids, problem, mistake = identify(target)
  if not ids then
    local _, message, err = waiting.refuse("poll", problem, mistake, level + 1)
    return nil, message, err
  elseif ids.video_id then
    return get_video(client, ids.video_id)
  end
  return get_session(client, ids.session_id)
end

-- ---- one look ----

-- The newest message of a kind; the service gives them newest first.
local function newest(session, wanted)
  for _, message in ipairs(type(session.messages) == "table" and session.messages or {}) do
    if type(message) == "table" and wanted(message) and type(message.content) == "string" then
      return message.content
    end
  end
end

local function is_error(message)
  return message.type == "error"
end

local function is_from_model(message)
  return message.role == "model"
end

local function reason_in(session)
  return newest(session, is_error) or newest(session, is_from_model)
end

-- Why a video failed: its own fields, then the session's newest error, then what the agent said last.
local function video_failed(client, state, video)
  local message, code = text(video.failure_message), text(video.failure_code)
  if not message and not code and state.session_id then
    local session = get_session(client, state.session_id, look_options(client, state))
    message = session and reason_in(session)
  end
  return fail(state, {
    kind = "failed",
    message = "the video failed: " .. (said(state, message or code) or "the service gives no reason"),
    code = said(state, code, 100),
    status = 200,
    last = video,
  })
end

local function session_failed(state, session)
  return fail(state, {
    kind = "failed",
    message = "the session failed: " .. (said(state, reason_in(session)) or "the service gives no reason"),
    status = 200,
    last = session,
  })
end

-- A session that is done names its video, on itself or in its list.
local function video_of_finished(client, state, session)
  local videos, _, err = client.video_agents:videos(state.session_id, look_options(client, state))
  local video = videos and videos[1]
  if type(video) == "table" and text(video.id) then
    state.video_id = video.id
    return nil
  elseif not videos then
    return look_failed(state, err)
  end
  return fail(state, {
    kind = "failed",
    message = "the session is completed but has no video",
    status = 200,
    last = session,
  })
end

local function take_progress(state, session)
  state.progress = waiting.progress(state.progress, session.progress)
end

-- One look at the session while the video is not known. Returns nothing to go on, or the end of the wait.
local function look_at_session(client, state, wait)
  local session, _, err = get_session(client, state.session_id, look_options(client, state))
  if not session then
    return look_failed(state, err)
  end
  waiting.saw(state, session)
  take_progress(state, session)
  if text(session.video_id) then
    state.video_id, state.failed_since = session.video_id, nil
    return nil
  end
  local asked = session.status == "waiting_for_input"
  state.failed_since = session.status == "failed" and (state.failed_since or core.now()) or nil
  if session.status == "completed" then
    return video_of_finished(client, state, session)
  elseif state.failed_since and core.now() - state.failed_since >= wait.grace then
    return session_failed(state, session)
  elseif asked and state.asked then -- twice in a row: it is not passing through
    return fail(state, {
      kind = "input_needed",
      message = "the session waits for a message (client.video_agents:send): "
        .. (said(state, newest(session, is_from_model)) or "it does not say what it wants to know"),
      status = 200,
      last = session,
    })
  end
  state.asked = asked
end

-- A video has no percentage, its session has one. Where someone watches, and while the session answers, every other
-- look is at the session: a look costs one request, watched or not. True: nothing has ended yet.
local function look_for_progress(client, state, wait)
  state.turn = not state.turn
  if
    not (wait.on_progress and state.session_id and state.turn)
    or state.session_gone
    or waiting.not_yet(state.status)
  then
    return false
  end
  local look = look_options(client, state)
  look.max_retries = 0
  look.deadline = math.min(look.deadline, 30)
  local session, _, err = get_session(client, state.session_id, look)
  if not session then
    state.session_gone = not err.retryable
    return false
  end
  take_progress(state, session)
  return session.status ~= "completed" and session.status ~= "failed"
end

-- One look at the video.
local function look_at_video(client, state, wait)
  if look_for_progress(client, state, wait) then
    return nil
  end
  local video, _, err = get_video(client, state.video_id, look_options(client, state))
  if video then
    state.unsure = nil
    waiting.saw(state, video)
    if video.status == "completed" then
      state.progress = 100
      return video
    elseif video.status == "failed" then
      return video_failed(client, state, video)
    end
    return nil
  elseif err.status == 404 and state.unsure then -- the id given may be a session's
    local session, _, session_err = get_session(client, state.video_id, look_options(client, state))
    if session then
      state.unsure, state.session_id, state.video_id = nil, state.video_id, text(session.video_id)
      waiting.saw(state, session)
      return nil
    elseif session_err.status ~= 404 then
      return look_failed(state, session_err)
    end
  end
  return look_failed(state, err)
end

local function look(client, state, wait)
  if state.video_id then
    return look_at_video(client, state, wait)
  end
  local value, message, err = look_at_session(client, state, wait)
  local calm = state.fused and state.fused.calm and state.status ~= "completed" -- its end will be told
  if not err and state.video_id and not calm then
    state.turn = true -- the session was just seen
    value, message, err = look_at_video(client, state, wait)
  end
  return value, message, err
end

-- ---- the wait ----

local KIND = { noun = "the video", ids = { "session_id", "video_id" }, look = look }

function KIND.phase(state)
  return state.video_id and waiting.phase(state) or "quiet"
end

-- The grace must end in time.
function KIND.longest(state, wait)
  if state.failed_since then
    return math.min(wait.max_interval, math.max(wait.grace - (core.now() - state.failed_since), 0.001))
  end
end

-- Nobody tells that a session waits for a message, and callbacks of chats are not documented.
function KIND.tells(state)
  return not state.chat and state.status ~= "waiting_for_input" and "video" or nil
end

function KIND.unfinished(state)
  local id = state.video_id or state.session_id
  return state.video_id and "the video is" or "the session is", ("client:wait(%q)"):format(id)
end

---Waits; see Client:wait.
function generation.wait(client, target, given, level)
  local wait = waiting.read(KIND, given, level + 1)
  local state, problem, mistake = identify(target)
  if not state then
    local _, message, err = waiting.refuse("wait", problem, mistake, level + 1)
    return nil, message, err
  end
  state.idempotency_key = type(target) == "table" and target.idempotency_key or nil
  state.callback_id = type(target) == "table" and text(target.callback_id) or nil
  state.turn = true
  return waiting.run(client, KIND, state, wait, true)
end

---The two parts of what Client:generate takes. Raises for a wrong option of the wait before anything is paid.
---@param fields any
---@param level integer
---@return table body of the create
---@return table wait
function generation.split(fields, level)
  if type(fields) ~= "table" then
    error("heygen: generate: expected a table, write {prompt = ...}, got " .. type(fields), level + 1)
  end
  local wait = waiting.read(KIND, fields.wait, level + 1) -- before anything is paid
  local body = {}
  for name, value in pairs(fields) do
    if name ~= "wait" then
      body[name] = value
    end
    if name ~= "timeout" and waiting.is_option(name) then -- a call has a timeout as well
      error(("heygen: generate: %s belongs into wait = {%s = ...}"):format(name, name), level + 1)
    end
  end
  return body, wait
end

---Waits for the video of a session that was just created; see Client:generate.
---@param client heygen.Client
---@param session table what the create returned
---@param fields table what the create was given
---@param wait table see generation.split
function generation.follow(client, session, fields, wait)
  local state = { session_id = session.session_id, video_id = text(session.video_id), turn = true }
  state.status, state.last, state.idempotency_key = session.status, session, fields.idempotency_key
  state.chat, state.callback_id = fields.mode == "chat", text(session.callback_id) or text(fields.callback_id)
  return waiting.run(client, KIND, state, wait, false)
end

return generation
