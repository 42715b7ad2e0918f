-- Waits for the jobs of job_types.lua: one, or all that a create has made, as a translation into several languages is a
-- job for each of them. Several that have a list of statuses are polled by it, 100 in a request; only those that have
-- ended there are fetched.
local errors = require "heygen.errors"
local failure = require "heygen.wait.failure"
local job_types = require "heygen.wait.job_types"
local loop = require "heygen.wait.loop"
local options = require "heygen.wait.options"
local plain = require("heygen.schema.value").plain_id
local polls = require "heygen.wait.polls"
local response = require "heygen.http.response"
local values = require "heygen.schema.value"

local job = {}

local text, service_text = values.filled, loop.service_text
local poll_failed, poll_options = loop.poll_failed, loop.poll_options

local MOST_STATUSES = 100 -- ids in a request

-- ---- how a job stands ----

-- The fields of an error for a job that has failed; `entry` is its entry in the list of statuses.
local function failed_fields(state, object, entry)
  local subject, status = state.subject, object.status
  local reason, code = failure.read(object)
  if not reason then
    reason, code = failure.read(entry)
  end
  local message = subject.noun
    .. (status == "failed" and " failed" or (" was " .. service_text(state, status, 100)))
  if reason or status == "failed" then
    message = message .. ": " .. (service_text(state, reason) or "the service gives no reason")
  end
  return {
    kind = "failed",
    message = message,
    code = service_text(state, code, 100) or (status ~= "failed" and status or nil),
    status = 200,
    last = object,
  }
end

local function is_done(subject, object)
  local status = object.status
  return subject.done[status] or (status == nil and subject.settled and subject.settled(object)) or false
end

-- ---- one ----

-- What `statuses` gives, by the ids in their plain form.
local function by_id(subject, entries)
  local found = {}
  for _, entry in ipairs(entries) do
    for _, name in ipairs { subject.id, "video_id", "id" } do
      local id = type(entry) == "table" and text(entry[name])
      id = id and plain(id)
      if id then
        found[id] = found[id] or entry
      end
    end
  end
  return found
end

local function get_statuses(client, state, ids)
  local group, call = client[state.subject.group], poll_options(client, state)
  call[state.subject.list] = ids
  local entries, _, err = group[state.subject.statuses](group, call)
  return entries and by_id(state.subject, entries), err
end

local function get(client, state, id)
  local group = client[state.subject.group]
  local object, _, err = group[state.subject.get](group, id, poll_options(client, state))
  return object, err
end

-- One whose status only the list of statuses has.
local function get_by_status(client, state)
  local subject, id = state.subject, state[state.subject.id]
  local entries, err = get_statuses(client, state, { id })
  if not entries then
    return nil, err
  end
  local entry = entries[plain(id)]
  if entry and entry.status == "not_found" then
    return nil,
      errors.new {
        kind = "api",
        message = ("the service knows no %s %s"):format(subject.noun:gsub("^the ", ""), id),
        code = "not_found",
        status = 404,
        sent = "yes",
        [subject.id] = id,
      }
  end
  return entry or {}
end

-- The job waits for a person; seen twice in a row, it is not passing through.
---@return heygen.Error?
local function asked(state, object)
  local wish = object.status ~= nil and state.subject.asks[object.status]
  local again = wish and state.asked
  state.asked = wish and true or nil
  if again then
    return loop.failure(state, {
      kind = "input_needed",
      message = ("%s waits for %s"):format(state.subject.noun, wish),
      status = 200,
      last = object,
    })
  end
end

-- What a request for many jobs has brought. True: this poll is over.
local function poll_shared(client, state)
  local entry = polls.ask(client, state, poll_options(client, state))
  if entry and entry.err then
    return true, poll_failed(state, entry.err)
  elseif entry and entry.status then
    state.status = entry.status
    loop.recovered(state)
    return true
  end
  return false
end

local function poll_one(client, state)
  local subject = state.subject
  local object
  local is_known, err = poll_shared(client, state)
  if is_known then
    return nil, err
  elseif subject.by_statuses then
    object, err = get_by_status(client, state)
  else
    object, err = get(client, state, state[subject.id])
  end
  if not object then
    return nil, poll_failed(state, err, state[subject.id])
  end
  loop.polled(state, object)
  polls.checked(client, state, subject.failed[object.status] or is_done(subject, object))
  state.progress = loop.progress(state.progress, object.progress)
  if subject.failed[object.status] then
    return nil, loop.failure(state, failed_fields(state, object))
  elseif is_done(subject, object) then
    state.progress = 100
    if subject.by_statuses then -- the thing itself
      object, err = get(client, state, state[subject.id])
      if not object then
        return nil, poll_failed(state, err, state[subject.id])
      end
    end
    return object
  end
  return nil, asked(state, object)
end

-- ---- several ----

-- Of those that have not ended, the ones to fetch: the service gives many statuses in one request. And an error that
-- ends the wait.
local function worth_fetching(client, state)
  local subject, open = state.subject, {}
  for index, id in ipairs(state[subject.list]) do
    if not state.results[index] and not state.errors[index] then
      open[#open + 1] = { index = index, id = id }
    end
  end
  if not subject.statuses or state.no_statuses or #open < 2 then
    return open
  end
  local worth = {}
  for first = 1, #open, MOST_STATUSES do
    local ids, last = {}, math.min(first + MOST_STATUSES - 1, #open)
    for place = first, last do
      ids[#ids + 1] = open[place].id
    end
    local entries, err = get_statuses(client, state, ids)
    if not entries and not err.retryable then
      state.no_statuses = true -- each by itself then; its error says what is wrong
      return open
    elseif not entries then
      return worth, poll_failed(state, err)
    end
    loop.recovered(state)
    for place = first, last do
      local entry = entries[plain(open[place].id)]
      local status = entry and entry.status
      if not entry or subject.failed[status] or subject.done[status] or status == "not_found" then
        open[place].entry = entry
        worth[#worth + 1] = open[place]
      else
        state.status = state.status_seen and state.status or status
        state.status_seen = true
      end
    end
  end
  return worth
end

-- One of several. Gives an error that ends the wait for all: it is about more than this one.
---@return heygen.Error?
local function take_one(client, state, each)
  local subject = state.subject
  local object, err = get(client, state, each.id)
  if not object then
    if err.kind == "api" and err.status == 404 and not loop.is_not_yet(state, err, each.id) then
      state.errors[each.index] = err
      return nil
    end
    return poll_failed(state, err, each.id)
  end
  state.last = object
  loop.recovered(state)
  if is_done(subject, object) then
    state.results[each.index] = object
  elseif subject.failed[object.status] then
    local fields = failed_fields(state, object, each.entry)
    fields[subject.id], fields.sent = each.id, "yes"
    fields.last = response.without_secret(object, state.hide)
    state.errors[each.index] = errors.new(fields)
  elseif not state.status_seen then
    state.status, state.status_seen = object.status, true
  end
end

local function count(state)
  local finished, failed = 0, {}
  for index = 1, #state[state.subject.list] do
    if state.errors[index] then
      failed[#failed + 1] = state.errors[index]
    end
    finished = finished + ((state.results[index] or state.errors[index]) and 1 or 0)
  end
  return finished, failed
end

local function some_failed(state, failed)
  local subject, reasons = state.subject, {}
  for index, err in ipairs(failed) do
    reasons[index] = tostring(err[subject.id]) .. ": " .. err.message
  end
  return loop.failure(state, {
    kind = "failed",
    message = ("%d of %d %s failed: %s"):format(
      #failed,
      #state[subject.list],
      subject.plural,
      table.concat(reasons, "; ")
    ),
    code = failed[1].code,
    status = 200,
    cause = failed[1],
  })
end

local function poll_all(client, state)
  state.status_seen = nil
  local worth, statuses_err = worth_fetching(client, state)
  if statuses_err then
    return nil, statuses_err
  end
  for _, each in ipairs(worth) do
    local err = take_one(client, state, each)
    if err then
      return nil, err
    end
  end
  local total = #state[state.subject.list]
  local finished, failed = count(state)
  state.finished = finished
  state.progress = math.floor(100 * finished / total)
  if finished < total then
    return nil
  elseif failed[1] then
    state.status = "failed"
    return nil, some_failed(state, failed)
  end
  state.status = "completed"
  return state.results
end

-- ---- the subjects ----

local function call_of(subject, argument)
  return ("client.%s:%s(%s)"):format(subject.group, subject.method, argument)
end

local function complete(subject)
  function subject.event_prefix()
    return subject.prefix
  end
  local several = {}
  for name, value in pairs(subject) do
    several[name] = value
  end
  subject.poll, subject.several, subject.shared_id = poll_one, several, subject.id
  function subject.unfinished(state)
    return subject.noun .. " is", call_of(subject, ("%q"):format(state[subject.id]))
  end

  several.poll = poll_all
  function several.unfinished(state)
    local total = #state[subject.list]
    local open = total - (state.finished or 0)
    return ("%d of %d %s %s"):format(open, total, subject.plural, open == 1 and "is" or "are"),
      call_of(subject, "err")
  end
  function several.add_to_event(state, event)
    event.finished, event.total = state.finished or 0, #state[subject.list]
  end
  function several.add_to_error(state, err)
    err.results, err.errors = state.results, state.errors
  end
end

-- ---- what is waited for ----

-- The ids of a list; nil and a problem for one that has something else in it: a job that is left out would be lost.
local function ids_in(subject, name, list)
  if type(list) ~= "table" or list[1] == nil then
    return nil
  end
  local ids = {}
  for index, each in ipairs(list) do
    local id = text(each) or (type(each) == "table" and (text(each[subject.id]) or text(each.id)))
    if not id then
      return nil, ("%s[%d]: expected a %s that is a text and not empty"):format(name, index, subject.id)
    end
    ids[index] = id
  end
  return ids
end

-- The state of a new wait: one id, or several; or nil, a problem, and whether it is a mistake of the program.
local function identify(subject, target)
  if type(target) == "string" then
    return { [subject.id] = target }
  elseif type(target) ~= "table" then
    local problem = "expected a %s, what the create returned, an object or an error that names one, got %s"
    return nil, problem:format(subject.id, values.given(target)), true
  end
  local ids, problem = ids_in(subject, subject.list, target[subject.list])
  if not ids and not problem and subject.objects then
    ids, problem = ids_in(subject, subject.objects, target[subject.objects])
  end
  if problem then
    return nil, problem
  elseif ids then
    return { [subject.list] = ids, results = {}, errors = {} }
  end
  local inside = subject.inside and target[subject.inside]
  local id = text(target[subject.id]) or (type(inside) == "table" and text(inside.id))
  for _, name in ipairs(subject.also) do
    id = id or text(target[name])
  end
  id = id or text(target.id)
  if not id then
    return nil,
      ("the table given has no %s or id that is a text and not empty"):format(subject.id) .. job_types.hint(
        target
      )
  end
  return { [subject.id] = id }
end

---Waits for a job.
---@param client heygen.Client
---@param subject heygen.JobType
---@param target any an id, what the create returned, an object of the job, or an error that names it
---@param given table? options
---@param level integer
---@return table? value the job; a list of them where the create has made several
---@return heygen.Error? err
function job.wait(client, subject, target, given, level)
  subject = subject.pick and subject.pick(target) or subject
  local call = ("client.%s:%s"):format(subject.group, subject.method)
  local wait = options.read(subject, call, given, level + 1)
  local state, problem, mistake = identify(subject, target)
  if not state then
    return nil, options.refusal(call, problem, mistake, level + 1)
  end
  state.idempotency_key = type(target) == "table" and target.idempotency_key or nil
  return loop.run(client, state[subject.list] and subject.several or subject, state, wait, true)
end

for _, row in ipairs(job_types.rows) do
  complete(row)
end

return job
