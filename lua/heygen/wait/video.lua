-- Waits for the video of a session: poll, wait, generate. A session leads to a video; only the video is the result.
--
-- While the video is not known, the session is polled: it names the video, fails, or asks for something. Once the
-- video is known, the video is polled, as sessions may disappear while their videos stay; of several waits one request
-- does that for all (polls.lua). The session is polled first, as it tells what has failed at once; then only while the
-- video has not started, and, of a wait that is alone, in turn with it for its percentage, which a video does not have.
local core = require "heygen.core"
local failure = require "heygen.wait.failure"
local job_types = require "heygen.wait.job_types"
local loop = require "heygen.wait.loop"
local options = require "heygen.wait.options"
local polls = require "heygen.wait.polls"
local row_calls = require "heygen.api.call"
local sessions = require "heygen.wait.session"
local values = require "heygen.schema.value"

local video = {}

local service_text, text = loop.service_text, values.filled
local poll_failed, poll_options = loop.poll_failed, loop.poll_options

-- ---- what is waited for ----

-- Ids from whatever the caller has: {session_id, video_id, unsure}; or nil, a problem, and whether it is a mistake of
-- the program. A table is none: the service may have sent it.
local function identify(target)
  if type(target) == "string" then
    if target:find "^sess_" then
      return { session_id = target }
    end
    return { video_id = target, unsure = true } -- a session id need not have that form
  elseif type(target) ~= "table" then
    return nil, values.expected("a video id, a session, a video or an error that names one", target), true
  end
  local session_id, video_id = text(target.session_id), text(target.video_id)
  if not video_id and not session_id then
    video_id = text(target.id)
  end
  if not video_id and not session_id then
    return nil,
      "the table given has no session_id, video_id or id that is a text and not empty" .. job_types.hint(
        target
      )
  end
  return { session_id = session_id, video_id = video_id }
end

local VIDEO = row_calls.rows("videos").get
local get = row_calls.get

local function get_video(client, video_id, call)
  return get(client, VIDEO, video_id, call)
end

---One poll; see Client:poll.
---@return table? object
---@return heygen.Error? err
function video.poll(client, target, level)
  if type(target) == "string" and target:sub(1, 5) ~= "sess_" then
    local object, err = get_video(client, target)
    if object or err.status ~= 404 then
      return object, err
    end
    local session, session_err = sessions.get(client, target)
    if session or session_err.status ~= 404 then
      return session, session_err
    end
    return nil, err
  end
  local ids, problem, mistake = identify(target)
  if not ids then
    return nil, options.refusal("client:poll", problem, mistake, level + 1)
  elseif ids.video_id then
    return get_video(client, ids.video_id)
  end
  return sessions.get(client, ids.session_id)
end

-- ---- how it fails ----

-- Why a video failed: its own fields, then the session's newest error, then the last message of the agent.
local function video_failed(client, state, object)
  local message, code = failure.read(object)
  if not message and state.session_id then
    local session = sessions.get(client, state.session_id, poll_options(client, state))
    message = session and sessions.reason(session)
  end
  return loop.failure(state, {
    kind = "failed",
    message = "the video failed: " .. (service_text(state, message) or "the service gives no reason"),
    code = service_text(state, code, 100),
    status = 200,
    last = object,
  })
end

-- ---- one poll ----

-- Each gives nothing while the job runs, or the end of the wait: the video, or nil and an error.

-- A session that is completed names its video, on itself or in its list.
local function video_of_completed(client, state, session)
  local videos, _, err = client.video_agents:videos(state.session_id, poll_options(client, state))
  local first = videos and videos[1]
  if type(first) == "table" and text(first.id) then
    state.video_id = first.id
    return nil
  elseif not videos then
    return nil, poll_failed(state, err, state.session_id)
  end
  -- An agent that answers in chat makes none, and its words say why.
  local words = service_text(state, sessions.reason(session))
  return nil,
    loop.failure(state, {
      kind = "failed",
      message = "the session is completed but has no video" .. (words and ": " .. words or ""),
      status = 200,
      last = session,
    })
end

-- The session, while the video is not known.
local function poll_session(client, state, wait)
  local session, err = sessions.get(client, state.session_id, poll_options(client, state))
  if not session then
    return nil, poll_failed(state, err, state.session_id)
  end
  loop.polled(state, session)
  sessions.take_progress(state, session)
  if text(session.video_id) then
    state.video_id, state.failed_since = session.video_id, nil
    sessions.was_polled(state, wait)
    return nil
  end
  local asked = session.status == "waiting_for_input"
  state.failed_since = session.status == "failed" and (state.failed_since or core.now()) or nil
  if session.status == "completed" then
    return video_of_completed(client, state, session)
  elseif state.failed_since and core.now() - state.failed_since >= wait.grace then
    return nil, sessions.failed(state, session)
  elseif asked and state.asked then -- twice in a row: it is not passing through
    return nil, sessions.input_needed(state, session, "the session waits for a message")
  end
  state.asked = asked
end

-- A video has no percentage, its session has one. With on_progress, and while the session answers, every other poll is
-- of the session: a poll costs one request, with on_progress or without. True: nothing has ended yet.
local function poll_for_progress(client, state, wait)
  state.turn = not state.turn
  if
    not (wait.on_progress and state.session_id and state.turn)
    or state.session_gone
    or sessions.not_started(state.status)
    or polls.is_shared(client, state)
  then
    return false
  end
  local call = poll_options(client, state)
  call.max_retries = 0
  call.deadline = math.min(call.deadline, 30)
  local session, err = sessions.get(client, state.session_id, call)
  if not session then
    state.session_gone = not err.retryable
    return false
  end
  sessions.take_progress(state, session)
  return session.status ~= "completed" and session.status ~= "failed"
end

-- The id given may be a session's. True: it is, or this poll is over.
local function poll_unsure(client, state)
  local session, err = sessions.get(client, state.video_id, poll_options(client, state))
  if session then
    state.unsure, state.session_id = nil, text(session.session_id) or state.video_id
    state.video_id = text(session.video_id)
    loop.polled(state, session)
    return true
  elseif err.status ~= 404 then
    return true, poll_failed(state, err)
  end
  return false
end

-- What a request for many jobs has brought. True: this poll is over; or the object.
local function poll_shared(client, state)
  local entry = polls.ask(client, state, poll_options(client, state))
  if not entry then
    return false
  elseif entry.err then
    return true, nil, poll_failed(state, entry.err)
  elseif entry.status then
    state.status, state.status_at = entry.status, core.now()
    loop.recovered(state)
    return true
  end
  return false, entry.object
end

local function poll_video(client, state, wait)
  local over, chat_err = sessions.poll_chat(client, state, wait)
  if over or poll_for_progress(client, state, wait) then
    return nil, chat_err
  end
  local is_known, object, err = poll_shared(client, state)
  if is_known then
    return nil, err
  elseif not object then
    object, err = get_video(client, state.video_id, poll_options(client, state))
  end
  if not object and err.status == 404 and state.unsure then
    local is_session, session_err = poll_unsure(client, state)
    if is_session then
      return nil, session_err
    end
  end
  if not object then
    return nil, poll_failed(state, err, state.video_id)
  end
  state.unsure = nil
  loop.polled(state, object)
  state.status_at = core.now()
  local status = object.status
  polls.checked(client, state, status == "completed" or status == "failed")
  if status == "completed" then
    state.progress = 100
    return object
  elseif status == "failed" then
    return nil, video_failed(client, state, object)
  end
end

local function poll(client, state, wait)
  if state.video_id then
    return poll_video(client, state, wait)
  end
  local object, err = poll_session(client, state, wait)
  local calm = state.monitor and state.monitor.calm and state.status ~= "completed" -- a delivery will announce its end
  local among_others = polls.is_shared(client, state) and state.status ~= "completed" -- the next request is for all
  if not err and state.video_id and not calm and not among_others then
    state.turn = true -- the session was polled just now
    object, err = poll_video(client, state, wait)
  end
  return object, err
end

-- ---- the wait ----

local SUBJECT = {
  noun = "the video",
  durations = "video",
  ids = { "session_id", "video_id" },
  group = "videos",
  statuses = "statuses",
  shared_id = "video_id",
  can_list = true,
  unnamed = true,
  done = { completed = true },
  failed = { failed = true },
  poll = poll,
}

-- In a list of videos.
function SUBJECT.is_whole(object)
  return object.status == "completed" and text(object.video_url) ~= nil
end

-- The grace must end in time, and what was seen once is to be seen again.
function SUBJECT.longest_pause(state, wait)
  if state.failed_since then
    return math.min(wait.max_interval, math.max(wait.grace - (core.now() - state.failed_since), 0.001))
  elseif state.chat_since or state.asked or (state.chat and not state.video_id) then
    return wait.max_interval
  end
end

-- There is no event for a session that waits for a message, and callbacks of chats are not documented.
function SUBJECT.event_prefix(state)
  return not state.chat and state.status ~= "waiting_for_input" and "video" or nil
end

function SUBJECT.unfinished(state)
  local id = state.video_id or state.session_id
  return state.video_id and "the video is" or "the session is", ("client:wait(%q)"):format(id)
end

---Waits; see Client:wait.
---@param call string as the user writes it, for messages
---@return heygen.Video? video
---@return heygen.Error? err
function video.wait(client, call, target, given, level)
  local wait = options.read(SUBJECT, call, given, level + 1)
  local state, problem, mistake = identify(target)
  if not state then
    return nil, options.refusal(call, problem, mistake, level + 1)
  end
  state.idempotency_key = type(target) == "table" and target.idempotency_key or nil
  state.callback_id = type(target) == "table" and text(target.callback_id) or nil
  state.turn = true
  return loop.run(client, SUBJECT, state, wait, true)
end

---Reads the options of a wait that `generate` makes; raises for what is wrong.
---@param given any
---@param level integer
---@return table wait
function video.read_wait(given, level)
  return options.read(SUBJECT, "client:generate", given, level + 1, "wait")
end

---Waits for the video of a session that was just created; see Client:generate.
---@param client heygen.Client
---@param session table what the create returned
---@param fields table what the create was given
---@param wait table see video.read_wait
---@return heygen.Video? video
---@return heygen.Error? err
function video.follow(client, session, fields, wait)
  local state = { session_id = session.session_id, video_id = text(session.video_id), turn = true }
  state.status, state.last, state.idempotency_key = session.status, session, fields.idempotency_key
  state.chat, state.callback_id = fields.mode == "chat", text(session.callback_id) or text(fields.callback_id)
  return loop.run(client, SUBJECT, state, wait, false)
end

return video
