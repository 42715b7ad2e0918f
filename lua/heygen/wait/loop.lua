-- A wait for a job at the service: polls it, reports progress, pauses, and polls again, until the job or the wait ends.
--
-- How it works
--
--   run    makes the state of the wait and repeats three steps:
--   poll   asks the *subject* (video.lua, job.lua, batch.lua), which alone knows where its job is polled and when it
--          has ended. `nil` means that the job still runs; a value or an error ends the wait.
--   emit   calls on_progress with an event made from the state: emit.lua.
--   pause  sleeps for as long as cadence.lua says. polls.lua may end it earlier, with what one request for several
--          waits has brought; with webhooks so may deliveries.lua, or stretch it while deliveries are known to arrive.
--
-- Invariants
--
--   A poll that failed in passing never ends the wait: it is kept in `state.poll_error` until the next one succeeds. So
--   does a 404 for some seconds after an id was first seen, and an answer that cannot be read, but not ten in a row.
--   Retry-After is never undercut, not by a delivery either.
--   What on_progress raises never ends the wait.
--   Every error of a wait carries all ids that the state has: it can be given to the same method to resume.
--   The job does not depend on the wait: whatever ends the wait, the job continues at the service.
--   Functions return `value` or `nil, err`; the text of an error is made once, by the method that was called.
--
-- The state of a wait: the ids under the names in `subject.ids`; `status`, `progress`, `last` (the body seen last);
-- `poll_error`; `began`, `stop` and `hold_until` (seconds of core.now); `created_at` of the job (the service's clock);
-- `cadence`; `monitor` (deliveries.lua); `waker`, `entry` and more (polls.lua); `idempotency_key`, `callback_id`; and
-- what the subject adds.
local block = require "heygen.driver.block"
local cadence = require "heygen.wait.cadence"
local core = require "heygen.core"
local deliveries = require "heygen.wait.deliveries"
local drivers = require "heygen.driver"
local emit = require "heygen.wait.emit"
local errors = require "heygen.errors"
local interrupt = require "heygen.driver.interrupt"
local polls = require "heygen.wait.polls"
local protected = require "heygen.task.protected"
local response = require "heygen.http.response"

local loop = {}

---@class heygen.WaitSubject
---@field noun string what continues at the service when the wait ends, such as "the video"
---@field ids string[] the names of the ids in the state: errors and events carry them
---@field durations "video"|nil how long such jobs take, see cadence.lua
---@field pace table<string, number>? interval and max_interval of jobs that take seconds
---@field poll fun(client: heygen.Client, state: table, wait: table): any, heygen.Error? a value or an error ends the
---wait, nothing means that the job still runs
---@field unnamed boolean? the state may lack the video_id at first
---@field statuses string? the method of the group that gives the statuses of many in one request, see polls.lua
---@field event_prefix (fun(state: table): string?)? what events of webhooks about its end begin with, see
---webhook/deliveries.lua; nil: there are none
---@field longest_pause (fun(state: table, wait: table): number?)? seconds that the next pause may take at most
---@field unfinished fun(state: table): string, string what still runs ("the video is"), and the call that resumes
---@field add_to_error (fun(state: table, err: table))? adds what else is known to an error
---@field add_to_event (fun(state: table, event: table))? the same, to an event

-- ---- what subjects need ----

-- A poll must not outlast the wait by more than a moment.
local LEAST_DEADLINE = 5 -- seconds

---The options of a request that polls.
function loop.poll_options(client, state)
  return { deadline = math.min(math.max(state.stop - core.now(), LEAST_DEADLINE), client.options.deadline) }
end

---A percentage as events have it: whole, from 0 to 100, and never less than before.
---@param before integer?
---@param value any what the answer has
---@return integer?
function loop.progress(before, value)
  if type(value) ~= "number" then
    return before
  end
  return math.max(before or 0, math.floor(math.max(0, math.min(value, 100))))
end

---A text of the service for a message of ours: it goes to a terminal or log, and may echo the key. Only this part is
---searched for the key: a short one may stand in a sentence of ours by chance.
function loop.service_text(state, text, most)
  return text and errors.foreign(tostring(text), most or 1000, state.hide)
end

local MOST_UNREADABLE = 10 -- answers in a row that cannot be read, or polls without an access token
local LONGEST_NOT_FOUND = 15 -- seconds between two polls of what is not found

-- Kinds of errors after which the wait can be resumed, as far as is known.
local RESUMABLE = {
  callback = true,
  cancelled = true,
  closed = true,
  file = true,
  network = true,
  parse = true,
  timeout = true,
  too_large = true,
}

-- Adds to an error, or to the fields of one, all that the wait knows.
local function complete(state, err)
  local subject = state.subject
  for _, name in ipairs(subject.ids) do
    if err[name] == nil then
      err[name] = state[name]
    end
  end
  if err.idempotency_key == nil then
    err.idempotency_key = state.idempotency_key
  end
  err.last = response.without_secret(err.last == nil and state.last or err.last, state.hide)
  if subject.add_to_error then
    subject.add_to_error(state, err)
  end
  if RESUMABLE[err.kind] or err.status == 401 or err.status == 403 then
    local _, call = subject.unfinished(state)
    err.message = ("%s; resume with %s"):format(err.message, call)
  end
  return err
end

---The error that ends a wait, with all that the wait knows.
---@return heygen.Error
function loop.failure(state, fields)
  fields.sent = fields.sent or "yes"
  return errors.new(complete(state, fields))
end

---A poll failed. In passing, that is no reason to give up a job of half an hour: nothing. Else the end of the wait.
---@param state table
---@param err heygen.Error
---@param id string? of what was polled
---@return heygen.Error?
function loop.poll_failed(state, err, id)
  if id and loop.is_not_yet(state, err, id) then
    state.not_found = state.not_found + 1
  elseif not err.retryable or err.kind == "cancelled" then
    return complete(state, err)
  elseif err.kind == "parse" or err.kind == "callback" then -- the latter of access_token
    state.unreadable = state.unreadable + (state.is_counted and 0 or 1) -- a poll of several jobs has many answers
    state.is_counted = true
    if state.unreadable >= MOST_UNREADABLE then
      local what = err.kind == "parse" and "%d answers in a row could not be read"
        or "%d polls in a row had no access token"
      err.message = (what .. ": %s"):format(MOST_UNREADABLE, err.message)
      return complete(state, err)
    end
  end
  if type(err.retry_after) == "number" then
    state.hold_until = math.max(state.hold_until or 0, core.now() + err.retry_after)
  end
  state.poll_error = err
  return nil
end

---Whether this is a 404 about something that may not be readable everywhere yet.
---@param state table
---@param err heygen.Error
---@param id string
---@return boolean
function loop.is_not_yet(state, err, id)
  if err.kind ~= "api" or err.status ~= 404 then
    return false
  end
  local since = state.seen_at[id] or core.now()
  state.seen_at[id] = since
  return core.now() - since < state.wait.not_found_grace
end

-- The ids of the state that are new are seen now.
local function see_ids(state)
  for _, name in ipairs(state.subject.ids) do
    local given = state[name]
    for _, id in ipairs(type(given) == "table" and given or { given }) do
      state.seen_at[id] = state.seen_at[id] or core.now()
    end
  end
end

---A poll has brought an answer.
function loop.polled(state, object)
  state.last, state.status = object, object.status
  local created_at = object.created_at
  if type(created_at) == "number" and created_at == created_at then -- a session is older than its video
    state.created_at = math.min(state.created_at or created_at, created_at)
  end
  loop.recovered(state)
end

---Polls succeed again.
function loop.recovered(state)
  state.poll_error, state.not_found, state.unreadable = nil, 0, 0 -- hold_until stays: of several, one may ask for it
end

-- ---- the steps ----

local function timed_out(state, wait)
  local what, cause = state.subject.unfinished(state), state.poll_error -- "the video is"
  if not state.status and cause and cause.status == 404 then
    return complete(state, cause) -- nothing was ever seen of it
  end
  return loop.failure(state, {
    kind = "timeout",
    message = ("%s still %s after %g s; it continues at the service%s"):format(
      what,
      state.status and ("%q"):format(loop.service_text(state, state.status)) or "unknown",
      wait.timeout,
      cause and " (the last poll failed: " .. cause.message .. ")" or ""
    ),
    cause = cause,
    retryable = true,
  })
end

local OLDEST = 4 * 3600 -- seconds

-- How old the job is: as long as it was waited for, or more if it says so and the clocks agree.
local function age_of(state)
  local elapsed = core.now() - state.began
  if state.created_at and not state.older then
    state.older = math.max(math.min(os.time() - state.created_at - elapsed, OLDEST), 0)
  end
  return elapsed + (state.older or 0)
end

-- Seconds until the next poll, and whether a delivery or a stretched pause must not change that.
local function next_pause(client, state, wait)
  local subject, now = state.subject, core.now()
  local is_shared = polls.is_shared(client, state)
  local seconds =
    state.cadence:next(age_of(state), state.progress, is_shared, subject.unnamed and not state.video_id)
  local longest = subject.longest_pause and subject.longest_pause(state, wait)
  if longest then
    seconds = math.min(seconds, longest)
  end
  if state.not_found > 0 then -- few polls of what may never be found, but the end of the grace is seen
    seconds = math.min(2 ^ (state.not_found - 1), LONGEST_NOT_FOUND)
  end
  local hold = state.hold_until and state.hold_until - now or 0
  local left = state.stop - now
  return math.max(math.min(math.max(seconds, hold), left), 0), longest ~= nil, hold > 0
end

-- Nothing, or the error that ends the wait.
local function pause(client, state, wait)
  local seconds, fixed, held = next_pause(client, state, wait)
  polls.begin_pause(client, state, not held and seconds or nil)
  local slept, reason, kind
  if state.monitor and not held then
    slept, reason, kind = deliveries.pause(client, state, wait, seconds, fixed)
  else
    slept, reason, kind = emit.sleep(client, state, seconds)
  end
  if not slept then
    return loop.failure(state, {
      kind = kind or "cancelled",
      message = (kind and reason or "the wait was " .. (reason or "cancelled"))
        .. ("; %s continues at the service"):format(state.subject.noun),
    })
  elseif state.hold_until and state.hold_until > state.stop then -- not only a driver that wakes a moment early
    return timed_out(state, wait)
  end
end

-- One poll, and what was delivered until then.
local function poll(client, state, wait)
  if state.monitor then
    deliveries.before_poll(state, wait)
  end
  state.is_counted = false
  local value, err = state.subject.poll(client, state, wait)
  if state.monitor then
    deliveries.after_poll(state)
  end
  return value, err
end

local function repeat_steps(client, state, wait, poll_first)
  local has_polled = poll_first
  while true do
    local value, err
    if has_polled then
      value, err = poll(client, state, wait)
      see_ids(state)
    end
    -- Without a poll, it is what the create answered: from here on the caller knows the job, whatever happens.
    if wait.on_progress then
      state.age = age_of(state)
      state.expected = state.cadence:expected(state.age)
      emit.event(client, state, wait)
    end
    if value ~= nil or err then
      return value, err
    elseif has_polled and core.now() >= state.stop then
      return nil, timed_out(state, wait)
    end
    has_polled = true
    local problem = pause(client, state, wait)
    if problem then
      return nil, problem
    end
  end
end

-- Ctrl-C: what is raised must say which job continues, and how to resume.
local function interruption(state)
  return loop.failure(state, {
    kind = "cancelled",
    message = ("interrupted! %s continues at the service"):format(state.subject.noun),
  })
end

local function interrupted(state)
  interrupt.raise(interruption(state))
end

local MOST_CALLS = 20 -- in one message

-- The same for all waits of a loop that was interrupted.
function interrupt.describe(states)
  if #states == 1 then
    return interruption(states[1])
  end
  local calls = {}
  for _, state in ipairs(states) do
    calls[#calls + 1] = select(2, state.subject.unfinished(state))
  end
  table.sort(calls)
  local message = ("interrupted! %d jobs continue at the service; resume with %s"):format(
    #calls,
    table.concat(calls, ", ", 1, math.min(#calls, MOST_CALLS))
  )
  return errors.new { kind = "cancelled", message = message, sent = "yes" }
end

local function guarded_steps(client, state, wait, poll_first)
  local ok, value, err = protected.call(repeat_steps, client, state, wait, poll_first)
  if ok then
    return value, err
  end
  polls.leave(client, state)
  if interrupt.is(value) then
    return interrupted(state)
  elseif interrupt.is_told(value) then
    interrupt.raise(value)
  end
  error(value, 0)
end

-- What the job has taken, by the service's clock if it says so. Nil: it may have ended before the wait began.
local function duration(state, value, poll_first)
  local ended, began = value and value.completed_at, state.created_at
  local known = type(ended) == "number" and began and ended > began and ended - began
  return known or (not (value and poll_first) and age_of(state)) or nil
end

---Waits.
---@param client heygen.Client
---@param subject heygen.WaitSubject
---@param state table the ids, and what is known so far: status, last, idempotency_key
---@param wait table see options.read
---@param poll_first boolean false: what is known is recent enough for a first pause
---@return any value
---@return heygen.Error? err
function loop.run(client, subject, state, wait, poll_first)
  state.subject, state.wait, state.hide = subject, wait, client.hide
  state.interrupted = interrupted
  state.began, state.stop = core.now(), core.now() + wait.timeout
  state.not_found, state.unreadable, state.seen_at = 0, 0, {}
  local model = cadence.of(client.cadences, subject.durations or "other")
  state.cadence = cadence.new(model, wait)
  see_ids(state)
  if wait.webhook then
    deliveries.begin(state, wait)
  end
  polls.join(client, state)
  local blocks = drivers.current(client.driver) == block
  state.tick = blocks and emit.ticker(wait.on_progress) or nil
  interrupt.waits[state] = true
  local value, err = (blocks and guarded_steps or repeat_steps)(client, state, wait, poll_first)
  interrupt.waits[state] = nil
  polls.leave(client, state)
  local seconds = (not subject.list or state[subject.id]) and duration(state, value, poll_first)
  if seconds then -- of several, each took its own time
    model:learn(seconds, value ~= nil)
  end
  if state.monitor then
    deliveries.finish(state, value ~= nil or err.kind == "failed")
  end
  return value, err
end

return loop
