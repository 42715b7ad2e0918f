-- The session behind a video: why it failed, what it asks for, and an agent that answers in chat.
--
-- An agent that answers in chat leaves a video that is pending for ever. So the session is polled now and then, in
-- addition to the video, while that has not started: at the first poll, as it tells what has failed at once (of a wait
-- among others, after 8 minutes), then after three minutes more, and so on in growing pauses. Its end counts when it
-- was seen twice: the video may only be late.
local core = require "heygen.core"
local failure = require "heygen.wait.failure"
local loop = require "heygen.wait.loop"
local polls = require "heygen.wait.polls"
local row_calls = require "heygen.api.call"

local session = {}

local SESSION = row_calls.rows("video_agents").get

local service_text, poll_options = loop.service_text, loop.poll_options

---The object, or nil and an error.
---@return table? object
---@return heygen.Error? err
function session.get(client, session_id, call)
  return row_calls.get(client, SESSION, session_id, call)
end

-- The newest message of a kind; the service gives them newest first.
local function newest(object, is_wanted)
  for _, message in ipairs(type(object.messages) == "table" and object.messages or {}) do
    if type(message) == "table" and is_wanted(message) and type(message.content) == "string" then
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

---The newest error, the reason that it gives itself, or the last words of the agent.
---@param object table
---@return string?
function session.reason(object)
  return newest(object, is_error) or failure.read(object) or newest(object, is_from_model)
end

---The error of a wait whose session has failed.
---@return heygen.Error
function session.failed(state, object)
  return loop.failure(state, {
    kind = "failed",
    message = "the session failed: "
      .. (service_text(state, session.reason(object)) or "the service gives no reason"),
    code = service_text(state, select(2, failure.read(object)), 100),
    status = 200,
    last = object,
  })
end

---The error of a wait whose session needs a message.
---@param what string
---@return heygen.Error
function session.input_needed(state, object, what)
  local words = service_text(state, newest(object, is_from_model))
  return loop.failure(state, {
    kind = "input_needed",
    message = ("%s (client.video_agents:send): %s"):format(what, words or "the agent has sent no text"),
    status = 200,
    last = object,
  })
end

-- What a job shows before it is at work; anything else, known or not, may be followed by the end.
local NOT_STARTED = { waiting = true, pending = true, thinking = true, queued = true, pending_upload = true }

---Whether the work on the job has not begun yet.
function session.not_started(status)
  return NOT_STARTED[status] == true
end

---Takes the percentage, which a video does not have.
function session.take_progress(state, object)
  state.progress = loop.progress(state.progress, object.progress)
end

-- In units of max_interval, or of a tenth of a second.
local CHAT_FIRST, CHAT_NEXT, CHAT_GROWTH = 16, 6, 2

local function chat_unit(wait)
  return math.max(wait.max_interval, 0.1)
end

---The session was polled just now: the next time is some minutes on.
function session.was_polled(state, wait)
  state.chat_poll_at = core.now() + CHAT_NEXT * chat_unit(wait)
end

-- Whether it is time to poll the session as well.
local function is_chat_due(client, state, unit)
  if not state.session_id or state.session_gone or (state.monitor and state.monitor.notified) then
    return false
  elseif not state.chat_poll_at then
    state.chat_poll_at = polls.is_shared(client, state) and state.began + CHAT_FIRST * unit or 0
    return state.chat_poll_at == 0
  end
  local seen_at = polls.is_shared(client, state) and (state.status_at or 0) or core.now() -- after the poll for all
  return session.not_started(state.status) and seen_at >= state.chat_poll_at
end

---Polls the session as well, where it is time for that.
---@return boolean over this poll is over
---@return heygen.Error? err
function session.poll_chat(client, state, wait)
  local now, unit = core.now(), chat_unit(wait)
  if not is_chat_due(client, state, unit) then
    return false
  end
  local is_first = state.chat_poll_at == 0
  local object, err = session.get(client, state.session_id, poll_options(client, state))
  if not object then
    local not_yet = loop.is_not_yet(state, err, state.session_id)
    state.session_gone, state.chat_poll_at = not err.retryable and not not_yet, now
    local is_refused = is_first and state.session_gone and err.status ~= 404
    return is_refused, is_refused and loop.poll_failed(state, err) or nil
  end
  session.take_progress(state, object)
  local is_asking = object.status == "waiting_for_input"
  if not (is_asking or object.status == "completed" or object.status == "failed") then
    state.chat_pause = state.chat_pause and state.chat_pause * CHAT_GROWTH or CHAT_NEXT * unit
    state.chat_since, state.chat_poll_at = nil, now + state.chat_pause
    state.turn = true -- the session was polled just now
    if is_first then
      loop.polled(state, object)
    end
    return is_first
  end
  local since = state.chat_since
  state.chat_since, state.chat_poll_at = since or now, now
  if not since then
    return false
  elseif object.status == "failed" then
    local failed = now - since >= wait.grace and session.failed(state, object) or nil
    return failed ~= nil, failed -- until then the video is polled as well: it may be completed all the same
  elseif is_asking then
    return true, session.input_needed(state, object, "the session waits for a message")
  elseif not newest(object, is_from_model) and now - since < wait.grace then
    return false -- without a word of the agent, the video may stand in a queue
  end
  return true,
    session.input_needed(state, object, "the agent has answered in chat, and its video was never started")
end

return session
