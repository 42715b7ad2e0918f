-- Waits for the jobs of jobs.lua: one, or all that a create has made, as a translation into several languages is a job
-- for each of them.
local errors = require "heygen.errors"
local jobs = require "heygen.wait.kinds"
local response = require "heygen.http.response"
local waiting = require "heygen.wait.loop"

local job_wait = {}

local text, said, fail = waiting.text, waiting.said, waiting.fail
local look_failed, look_options = waiting.look_failed, waiting.look_options

local MOST_STATUSES = 100 -- ids in a request

-- ---- how a job stands ----

-- The reason of a failure, and its code, wherever they are.
local function reason_of(kind, object)
  local code, message
  for _, name in ipairs(kind.code) do
    code = code or text(object[name])
  end
  for _, name in ipairs(kind.reason) do
    local value = object[name]
    if type(value) == "table" then
      code = code or text(value.code)
      value = text(value.message) or text(value.msg)
    end
    message = message or text(value)
  end
  return message or code, code
end

-- The list of statuses has reasons, too, under a name of its own.
local IN_STATUSES = { reason = { "error" }, code = {} }

-- The fields of an error for a job that has failed; `entry` is what the list of statuses says of it.
local function failure(state, object, entry)
  local kind, status = state.kind, object.status
  local reason, code = reason_of(kind, object)
  if not reason and entry then
    reason, code = reason_of(IN_STATUSES, entry)
  end
  local message = kind.noun .. (status == "failed" and " failed" or (" was " .. said(state, status, 100)))
  if reason or status == "failed" then
    message = message .. ": " .. (said(state, reason) or "the service gives no reason")
  end
  return {
    kind = "failed",
    message = message,
    code = said(state, code, 100) or (status ~= "failed" and status or nil),
    status = 200,
    last = object,
  }
end

local function is_done(kind, object)
  local status = object.status
  return kind.done[status] or (status == nil and kind.settled and kind.settled(object)) or false
end

-- ---- one ----

-- The entry of an id in what `statuses` gives.
local function entry_of(kind, entries, id)
  for _, entry in ipairs(entries) do
    if type(entry) == "table" and (entry[kind.id] == id or entry.video_id == id or entry.id == id) then
      return entry
    end
  end
end

local function ask_statuses(client, state, ids)
  local group, call = client[state.kind.group], look_options(client, state)
  call[state.kind.list] = ids
  return group[state.kind.statuses](group, call)
end

local function get(client, state, id)
  local group = client[state.kind.group]
  return group[state.kind.get](group, id, look_options(client, state))
end

-- The one of which only the status is to be had, by the list of statuses.
local function look_by_status(client, state)
  local kind, id = state.kind, state[state.kind.id]
  local entries, _, err = ask_statuses(client, state, { id })
  if not entries then
    return nil, err
  end
  local entry = entry_of(kind, entries, id)
  if entry and entry.status == "not_found" then
    return nil,
      errors.new {
        kind = "api",
        message = ("the service knows no %s %s"):format(kind.noun:gsub("^the ", ""), id),
        code = "not_found",
        status = 404,
        sent = "yes",
        [kind.id] = id,
      }
  end
  return entry or {}
end

-- Somebody has to do something; seen twice in a row, it is not passing through.
local function asked(state, object)
  local wish = object.status ~= nil and state.kind.asks[object.status]
  local again = wish and state.asked
  state.asked = wish and true or nil
  if again then
    return fail(state, {
      kind = "input_needed",
      message = ("%s waits for %s"):format(state.kind.noun, wish),
      status = 200,
      last = object,
    })
  end
end

local function look_at_one(client, state)
  local kind = state.kind
  local object, err, _
  if kind.by_statuses then
    object, err = look_by_status(client, state)
  else
    object, _, err = get(client, state, state[kind.id])
  end
  if not object then
    return look_failed(state, err)
  end
  waiting.saw(state, object)
  state.progress = waiting.progress(state.progress, object.progress)
  if kind.failed[object.status] then
    return fail(state, failure(state, object))
  elseif is_done(kind, object) then
    state.progress = 100
    if kind.by_statuses then -- the thing itself
      object, _, err = get(client, state, state[kind.id])
      if not object then
        return look_failed(state, err)
      end
    end
    return object
  end
  return asked(state, object)
end

-- ---- several ----

-- Those that have not ended, and of these the ones to look at: the service tells many statuses in one request.
local function worth_a_look(client, state)
  local kind, open = state.kind, {}
  for index, id in ipairs(state[kind.list]) do
    if not state.results[index] and not state.errors[index] then
      open[#open + 1] = { index = index, id = id }
    end
  end
  if not kind.statuses or state.no_statuses or #open < 2 then
    return open
  end
  local worth = {}
  for first = 1, #open, MOST_STATUSES do
    local ids, last = {}, math.min(first + MOST_STATUSES - 1, #open)
    for place = first, last do
      ids[#ids + 1] = open[place].id
    end
    local entries, _, err = ask_statuses(client, state, ids)
    if not entries and not err.retryable then
      state.no_statuses = true -- each by itself then; what is wrong is told there
      return open
    elseif not entries then
      state.missed = err
      return worth
    end
    state.missed = nil
    for place = first, last do
      local entry = entry_of(kind, entries, open[place].id)
      local status = entry and entry.status
      if not entry or kind.failed[status] or kind.done[status] or status == "not_found" then
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

-- One of several. An error ends the wait for all: it is about more than this one.
local function take_one(client, state, each)
  local kind = state.kind
  local object, _, err = get(client, state, each.id)
  if not object then
    if err.kind == "api" and err.status == 404 then
      state.errors[each.index] = err
      return nil
    end
    return look_failed(state, err)
  end
  state.last, state.missed = object, nil
  if is_done(kind, object) then
    state.results[each.index] = object
  elseif kind.failed[object.status] then
    local fields = failure(state, object, each.entry)
    fields[kind.id], fields.sent = each.id, "yes"
    fields.last = response.without_secret(object, state.hide)
    state.errors[each.index] = errors.new(fields)
  elseif not state.status_seen then
    state.status, state.status_seen = object.status, true
  end
end

local function count(state)
  local finished, failed = 0, {}
  for index = 1, #state[state.kind.list] do
    if state.errors[index] then
      failed[#failed + 1] = state.errors[index]
    end
    finished = finished + ((state.results[index] or state.errors[index]) and 1 or 0)
  end
  return finished, failed
end

local function some_failed(state, failed)
  local kind, reasons = state.kind, {}
  for index, err in ipairs(failed) do
    reasons[index] = tostring(err[kind.id]) .. ": " .. err.message
  end
  return fail(state, {
    kind = "failed",
    message = ("%d of %d %s failed: %s"):format(
      #failed,
      #state[kind.list],
      kind.plural,
      table.concat(reasons, "; ")
    ),
    code = failed[1].code,
    status = 200,
    cause = failed[1],
  })
end

local function look_at_all(client, state)
  state.status_seen = nil
  local worth = worth_a_look(client, state)
  for _, each in ipairs(worth) do
    local _, message, err = take_one(client, state, each)
    if err then
      return nil, message, err
    end
  end
  local total = #state[state.kind.list]
  local finished, failed = count(state)
  state.finished = finished
  state.progress = math.floor(100 * finished / total)
  if finished < total then
    return nil
  elseif failed[1] then
    state.status = "failed"
    return some_failed(state, failed)
  end
  state.status = "completed"
  return state.results
end

-- ---- the kinds ----

local function call_of(kind, argument)
  return ("client.%s:%s(%s)"):format(kind.group, kind.method, argument)
end

local function complete(kind)
  function kind.tells()
    return kind.told
  end
  local several = {}
  for name, value in pairs(kind) do
    several[name] = value
  end
  kind.look, kind.phase, kind.several = look_at_one, waiting.phase, several
  function kind.unfinished(state)
    return kind.noun .. " is", call_of(kind, ("%q"):format(state[kind.id]))
  end

  several.look, several.phase = look_at_all, waiting.phase
  several.all = "the " .. kind.plural
  function several.unfinished(state)
    local total = #state[kind.list]
    local open = total - (state.finished or 0)
    return ("%d of %d %s %s"):format(open, total, kind.plural, open == 1 and "is" or "are"),
      call_of(kind, "err")
  end
  function several.tell(state, event)
    event.finished, event.total = state.finished or 0, #state[kind.list]
  end
  function several.know(state, err)
    err.results, err.errors = state.results, state.errors
  end
end

-- ---- what is waited for ----

-- The ids of a list; nil and a problem for one that has something else in it: a job that is left out would be lost.
local function ids_in(kind, name, list)
  if type(list) ~= "table" or list[1] == nil then
    return nil
  end
  local ids = {}
  for index, each in ipairs(list) do
    local id = text(each) or (type(each) == "table" and (text(each[kind.id]) or text(each.id)))
    if not id then
      return nil, ("%s[%d]: expected a %s that is a text and not empty"):format(name, index, kind.id)
    end
    ids[index] = id
  end
  return ids
end

-- The state of a new wait: one id, or several; or nil, a problem, and whether it is a mistake of the program.
local function identify(kind, target)
  if type(target) == "string" then
    return { [kind.id] = target }
  elseif type(target) ~= "table" then
    local problem = "expected a %s, what the create returned, an object or an error that names one, got %s"
    return nil, problem:format(kind.id, type(target)), true
  end
  local ids, problem = ids_in(kind, kind.list, target[kind.list])
  if not ids and not problem and kind.objects then
    ids, problem = ids_in(kind, kind.objects, target[kind.objects])
  end
  if problem then
    return nil, problem
  elseif ids then
    return { [kind.list] = ids, results = {}, errors = {} }
  end
  local inside = kind.inside and target[kind.inside]
  local id = text(target[kind.id]) or (type(inside) == "table" and text(inside.id))
  for _, name in ipairs(kind.also) do
    id = id or text(target[name])
  end
  id = id or text(target.id)
  if not id then
    return nil,
      ("the table given has no %s or id that is a text and not empty"):format(kind.id) .. jobs.hint(target)
  end
  return { [kind.id] = id }
end

---Waits for a job.
---@param client heygen.Client
---@param kind heygen.JobKind
---@param target any an id, what the create returned, an object of the job, or an error that names it
---@param given table? options
---@param level integer
---@return table? value the job; a list of them where the create has made several
---@return string? message
---@return heygen.Error? err
function job_wait.wait(client, kind, target, given, level)
  kind = kind.pick and kind.pick(target) or kind
  local wait = waiting.read(kind, given, level + 1)
  local state, problem, mistake = identify(kind, target)
  if not state then
    local call = kind.group .. ":" .. kind.method
    local _, message, err = waiting.refuse(call, problem, mistake, level + 1)
    return nil, message, err
  end
  state.idempotency_key = type(target) == "table" and target.idempotency_key or nil
  local value, message, err =
    waiting.run(client, state[kind.list] and kind.several or kind, state, wait, true)
  return value, message, err
end

for _, row in ipairs(jobs.rows) do
  complete(row)
end

return job_wait
