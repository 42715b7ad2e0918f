-- The one-shot workflow: poll, wait, generate. A session leads to a video; only the video is the result.
local core = require "heygen.core"
local errors = require "heygen.errors"
local options = require "heygen.options"
local pace = require "heygen.pace"
local response = require "heygen.response"
local suggest = require "heygen.suggest"
local waits = require "heygen.waits"

local generation = {}

-- Waiting, in seconds. Jobs take 10 to 45 minutes.
local DEFAULTS = {
  timeout = 3600, -- an hour: longer than any job seen, and the wait can be taken up again
  interval = 10, -- the first pause
  max_interval = 30, -- so that the end of rendering is seen at most that late, while the budget of pace.lua lasts
  grace = 300, -- a session's `failed` was seen to turn into `generating` after one to several minutes
}

generation.defaults = DEFAULTS

local LEAST = { timeout = 0, interval = 0.001, max_interval = 0.001, grace = 0 }

-- ---- what is waited for ----

-- An empty text is no id, no address and no reason.
local function text(value)
  return type(value) == "string" and value ~= "" and value or nil
end

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
    return nil, "the table given has no session_id, video_id or id that is a text and not empty"
  end
  return { session_id = session_id, video_id = video_id }
end

local function refuse(call, problem, mistake, level)
  if mistake then
    error("heygen: " .. call .. ": " .. problem, level + 1)
  end
  return errors.fail { kind = "invalid", message = call .. ": " .. problem, sent = "no" }
end

local function get_video(client, video_id, call)
  return client.videos:get(video_id, call)
end

local function get_session(client, session_id, call)
  return client.video_agents:get(session_id, call)
end

-- A look shall not outlast the wait by more than a moment.
local LEAST_LOOK = 5 -- seconds

local function look_options(client, state)
  return { deadline = math.min(math.max(state.stop - core.now(), LEAST_LOOK), client.options.deadline) }
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
    local _, message, err = refuse("poll", problem, mistake, level + 1)
    return nil, message, err
  elseif ids.video_id then
    return get_video(client, ids.video_id)
  end
  return get_session(client, ids.session_id)
end

-- ---- options of the wait ----

local function read_wait(given, level)
  if given ~= nil and type(given) ~= "table" then
    error("heygen: wait: expected a table of options, got " .. type(given), level + 1)
  end
  local wait = {}
  for name, value in pairs(given or {}) do
    if name == "on_progress" then
      if not options.is_callable(value) then
        error("heygen: wait.on_progress: expected a function, got " .. type(value), level + 1)
      end
    elseif not DEFAULTS[name] then
      local known = { "grace", "interval", "max_interval", "on_progress", "timeout" }
      error(
        "heygen: wait." .. tostring(name) .. ": unknown option" .. suggest.hint(tostring(name), known),
        level + 1
      )
    elseif type(value) ~= "number" or value ~= value or value < LEAST[name] then
      error(
        ("heygen: wait.%s: expected a number of seconds, %g or more, got %s"):format(
          name,
          LEAST[name],
          tostring(value)
        ),
        level + 1
      )
    end
    wait[name] = value
  end
  for name, value in pairs(DEFAULTS) do
    wait[name] = wait[name] or value
  end
  wait.strict = given ~= nil and given.max_interval ~= nil -- the caller's own word holds
  if wait.strict and not given.interval then
    wait.interval = math.min(wait.interval, wait.max_interval)
  end
  wait.max_interval = math.max(wait.max_interval, wait.interval)
  return wait
end

-- ---- the waiting itself ----

local function fail(state, fields)
  fields.session_id = fields.session_id or state.session_id
  fields.video_id = fields.video_id or state.video_id
  fields.idempotency_key = fields.idempotency_key or state.idempotency_key
  fields.sent = fields.sent or "yes"
  fields.last = response.without_secret(fields.last or state.last, state.hide)
  return errors.fail(fields)
end

-- The same error with all that the wait knows.
local function enrich(state, err)
  for _, name in ipairs { "session_id", "video_id", "idempotency_key" } do
    if err[name] == nil then
      err[name] = state[name]
    end
  end
  if err.last == nil then
    err.last = response.without_secret(state.last, state.hide)
  end
  return nil, tostring(err), err
end

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

-- What the service says goes to a person's terminal or log, and may echo the key. Only its part is searched for it: a
-- short key may stand in a sentence of ours by chance.
local function said(state, service_text)
  return service_text and state.hide(errors.printable(tostring(service_text), 1000))
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
    code = code and state.hide(errors.printable(code, 100)),
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

-- A look that failed in passing is no reason to give up a job of half an hour.
local function look_failed(state, err)
  if err.retryable and err.kind ~= "cancelled" then
    state.missed = err
    return nil
  end
  return enrich(state, err)
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
  if type(session.progress) == "number" then
    state.progress = math.max(state.progress or 0, math.min(session.progress, 100))
  end
end

-- One look at the session while the video is not known. Returns nothing to go on, or the end of the wait.
local function look_at_session(client, state, wait)
  local session, _, err = get_session(client, state.session_id, look_options(client, state))
  if not session then
    return look_failed(state, err)
  end
  state.last, state.missed, state.status = session, nil, session.status
  take_progress(state, session)
  if text(session.video_id) then
    state.video_id = session.video_id
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

-- What a video shows before it renders; anything else, known or not, may be followed by the end.
local NOT_YET = { waiting = true, pending = true, thinking = true }

-- A video has no percentage, its session has one. Where someone watches, and while the session answers, every other
-- look is at the session: a look costs one request, watched or not. True: nothing has ended yet.
local function look_for_progress(client, state, wait)
  state.turn = not state.turn
  if
    not (wait.on_progress and state.session_id and state.turn)
    or state.session_gone
    or NOT_YET[state.status]
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
    state.last, state.missed, state.status = video, nil, video.status
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
      state.last, state.status = session, session.status
      return nil
    elseif session_err.status ~= 404 then
      return look_failed(state, session_err)
    end
  end
  return look_failed(state, err)
end

-- Tells the caller how far it is. What the callback raises must not lose the job.
local function tell(state, wait)
  if not wait.on_progress then
    return true
  end
  local ok, raised = pcall(wait.on_progress, {
    status = state.status,
    progress = state.progress,
    elapsed = core.now() - state.began,
    session_id = state.session_id,
    video_id = state.video_id,
    err = state.missed,
  })
  if ok then
    return true
  end
  return fail(
    state,
    { kind = "callback", message = "on_progress raised: " .. tostring(raised), cause = raised }
  )
end

local function timed_out(state, wait)
  local id = state.video_id or state.session_id
  return fail(state, {
    kind = "timeout",
    message = ("%s is still %s after %g s; it goes on at the service: client:wait(%q) takes it up again"):format(
      state.video_id and "the video" or "the session",
      state.status and ("%q"):format(said(state, state.status)) or "unknown",
      wait.timeout,
      id
    ),
    cause = state.missed,
    retryable = true,
  })
end

local function pause(client, state, wait, stop)
  local left = stop - core.now()
  local phase = not state.video_id and "quiet" or (NOT_YET[state.status] and "pending" or "rendering")
  local seconds = pace.next(state.pace, core.now() - state.began, phase)
  if state.failed_since then -- the grace must end in time
    seconds =
      math.min(seconds, wait.max_interval, math.max(wait.grace - (core.now() - state.failed_since), 0.001))
  end
  local slept, reason, kind = waits.pause(client, math.max(math.min(seconds, left), 0))
  if slept then
    return true
  end
  return fail(state, {
    kind = kind or "cancelled",
    message = (kind and reason or "the wait was " .. (reason or "cancelled"))
      .. "; the video goes on at the service",
  })
end

local function run_wait(client, state, wait, look_first)
  local stop = core.now() + wait.timeout
  state.stop, state.hide, state.turn = stop, client.hide, true
  state.began, state.pace = core.now(), pace.new(wait.interval, wait.max_interval, wait.strict)
  while true do
    if look_first then
      local video_before = state.video_id
      local value, message, err
      if state.video_id then
        value, message, err = look_at_video(client, state, wait)
      else
        value, message, err = look_at_session(client, state, wait)
        if not value and not err and state.video_id ~= video_before then
          state.turn = true -- the session was just seen
          value, message, err = look_at_video(client, state, wait)
        end
      end
      local told, problem, problem_err = tell(state, wait)
      if value or err then
        return value, message, err
      elseif not told then
        return nil, problem, problem_err
      elseif core.now() >= stop then
        return timed_out(state, wait)
      end
    else -- what create said: from here on the caller knows the session, whatever happens
      local told, problem, problem_err = tell(state, wait)
      if not told then
        return nil, problem, problem_err
      end
    end
    look_first = true
    local slept, message, err = pause(client, state, wait, stop)
    if not slept then
      return nil, message, err
    end
  end
end

---Waits; see Client:wait.
function generation.wait(client, target, given, level)
  local wait = read_wait(given, level + 1)
  local state, problem, mistake = identify(target)
  if not state then
    local _, message, err = refuse("wait", problem, mistake, level + 1)
    return nil, message, err
  end
  state.idempotency_key = type(target) == "table" and target.idempotency_key or nil
  return run_wait(client, state, wait, true)
end

---Creates and waits; see Client:generate.
---@param create fun(client, row, level, ...) makes the request
function generation.generate(client, fields, level, create, row)
  if type(fields) ~= "table" then
    error("heygen: generate: expected a table, write {prompt = ...}, got " .. type(fields), level + 1)
  end
  local wait = read_wait(fields.wait, level + 1) -- before anything is paid
  local body = {}
  for name, value in pairs(fields) do
    if name ~= "wait" then
      body[name] = value
    end
  end
  local session, message, err = create(client, row, level + 1, body)
  if not session then
    return nil, message, err
  end
  local state = { session_id = session.session_id, video_id = text(session.video_id) }
  state.status, state.last, state.idempotency_key = session.status, session, fields.idempotency_key
  return run_wait(client, state, wait, false)
end

return generation
