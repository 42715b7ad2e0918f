-- Waiting for a job at the service: look, tell, pause, until it has ended or the wait has. Its options, its limits and
-- its errors are those of every wait; what is waited for, and where, only a *kind* knows.
local core = require "heygen.core"
local errors = require "heygen.errors"
local options = require "heygen.schema.options"
local pace = require "heygen.wait.pace"
local response = require "heygen.http.response"
local suggest = require "heygen.schema.suggest"
local values = require "heygen.schema.value"
local waits = require "heygen.driver.pause"

local waiting = {}

---@class heygen.WaitKind
---@field noun string what goes on at the service when nobody waits any more, such as "the video"
---@field ids string[] the names of the ids in the state: errors and events carry them
---@field pace table<string, number>? interval and max_interval, where the usual ones are too slow
---@field look fun(client: heygen.Client, state: table, wait: table): any, string?, heygen.Error? a value or an error
---ends the wait, nothing means that it goes on
---@field phase fun(state: table): string for pace.next
---@field tells (fun(state: table): string?)? what a webhook tells of its end, see webhook/deliveries.lua; nil: none
---@field longest (fun(state: table, wait: table): number?)? seconds that the next pause may take at most
---@field unfinished fun(state: table): string, string what still runs ("the video is"), and the call that
---takes the wait up again
---@field know (fun(state: table, err: table))? adds what else is known to an error
---@field tell (fun(state: table, event: table))? the same, to an event

-- Seconds. Jobs take 10 to 45 minutes. Every wait takes all of these, whether its kind makes use of them or not.
waiting.defaults = {
  timeout = 3600, -- an hour: longer than any job seen, and the wait can be taken up again
  interval = 10, -- the first pause
  max_interval = 30, -- so that the end of rendering is seen at most that late, while the budget of pace.lua lasts
  grace = 300, -- a session's `failed` was seen to turn into `generating` after one to several minutes
  webhook_interval = 960, -- a job of half an hour is then looked at once in between: see fusion.lua
}

local LEAST = { timeout = 0, interval = 0.001, max_interval = 0.001, grace = 0, webhook_interval = 0.001 }

-- ---- options ----

local function check_seconds(name, value, level)
  if type(value) ~= "number" or value ~= value or value < LEAST[name] then
    error(
      ("heygen: wait.%s: expected a number of seconds, %g or more, got %s"):format(
        name,
        LEAST[name],
        type(value) == "number" and values.number_text(value) or values.kind_of(value)
      ),
      level + 1
    )
  end
end

local function refuse_option(name, level)
  local known = { "on_progress", "webhook" }
  for each in pairs(waiting.defaults) do
    known[#known + 1] = each
  end
  error(
    "heygen: wait." .. tostring(name) .. ": unknown option" .. suggest.hint(tostring(name), known),
    level + 1
  )
end

---Is this the name of an option of a wait?
---@param name any
---@return boolean
function waiting.is_option(name)
  return name == "on_progress" or name == "webhook" or waiting.defaults[name] ~= nil
end

---Checks the options of a wait; raises for one that is wrong.
---@param kind heygen.WaitKind
---@param given any
---@param level integer
---@return table wait
function waiting.read(kind, given, level)
  if given ~= nil and type(given) ~= "table" then
    error("heygen: wait: expected a table of options, got " .. type(given), level + 1)
  end
  local wait = {}
  for name, value in pairs(given or {}) do
    if name == "on_progress" then
      if not options.is_callable(value) then
        error("heygen: wait.on_progress: expected a function, got " .. type(value), level + 1)
      end
    elseif name == "webhook" then
      local problem = require("heygen.wait.deliveries").problem(value)
      if problem then
        error("heygen: wait.webhook: " .. problem, level + 1)
      end
    elseif waiting.defaults[name] then
      check_seconds(name, value, level + 1)
    else
      refuse_option(name, level + 1)
    end
    wait[name] = value
  end
  for name, value in pairs(waiting.defaults) do
    wait[name] = wait[name] or (kind.pace and kind.pace[name]) or value
  end
  wait.strict = given ~= nil and given.max_interval ~= nil -- the caller's own word holds
  if wait.strict and not given.interval then
    wait.interval = math.min(wait.interval, wait.max_interval)
  end
  wait.max_interval = math.max(wait.max_interval, wait.interval)
  wait.stretch = given and given.webhook_interval or (not wait.strict and wait.webhook_interval)
  return wait
end

-- ---- what a kind needs ----

---An empty text is no id, no address and no reason.
---@param value any
---@return string?
function waiting.text(value)
  return type(value) == "string" and value ~= "" and value or nil
end

-- A look shall not outlast the wait by more than a moment.
local LEAST_LOOK = 5 -- seconds

---The options of a request that looks.
function waiting.look_options(client, state)
  return { deadline = math.min(math.max(state.stop - core.now(), LEAST_LOOK), client.options.deadline) }
end

---A percentage as events have it: whole, from 0 to 100, and never less than before.
---@param before integer?
---@param value any what the service says
---@return integer?
function waiting.progress(before, value)
  if type(value) ~= "number" then
    return before
  end
  return math.max(before or 0, math.floor(math.max(0, math.min(value, 100))))
end

---Refuses what cannot be waited for: raises for a mistake of the program.
---@param call string
---@param problem string
---@param mistake boolean?
---@param level integer
function waiting.refuse(call, problem, mistake, level)
  if mistake then
    error("heygen: " .. call .. ": " .. problem, level + 1)
  end
  return errors.fail { kind = "invalid", message = call .. ": " .. problem, sent = "no" }
end

---What the service says goes to a person's terminal or log, and may echo the key. Only its part is searched for it: a
---short key may stand in a sentence of ours by chance.
function waiting.said(state, service_text, most)
  return service_text and state.hide(errors.printable(tostring(service_text), most or 1000))
end

---The end of a wait as an error, with all that the wait knows.
function waiting.fail(state, fields)
  local kind = state.kind
  for _, name in ipairs(kind.ids) do
    fields[name] = fields[name] or state[name]
  end
  fields.idempotency_key = fields.idempotency_key or state.idempotency_key
  fields.sent = fields.sent or "yes"
  fields.last = response.without_secret(fields.last or state.last, state.hide)
  if kind.know then
    kind.know(state, fields)
  end
  return errors.fail(fields)
end

-- The same error with all that the wait knows.
local function enrich(state, err)
  local kind = state.kind
  for _, name in ipairs(kind.ids) do
    if err[name] == nil then
      err[name] = state[name]
    end
  end
  if err.idempotency_key == nil then
    err.idempotency_key = state.idempotency_key
  end
  if err.last == nil then
    err.last = response.without_secret(state.last, state.hide)
  end
  if kind.know then
    kind.know(state, err)
  end
  return nil, tostring(err), err
end

---A look that failed in passing is no reason to give up a job of half an hour. Nothing, or the end of the wait.
function waiting.look_failed(state, err)
  if err.retryable and err.kind ~= "cancelled" then
    state.missed = err
    return nil
  end
  return enrich(state, err)
end

---A look has brought an answer.
function waiting.saw(state, object)
  state.last, state.missed, state.status = object, nil, object.status
end

-- What a job shows before it is at work; anything else, known or not, may be followed by the end.
local NOT_YET = { waiting = true, pending = true, thinking = true, queued = true, pending_upload = true }

---Is the job not at work yet?
function waiting.not_yet(status)
  return NOT_YET[status] == true
end

---The phase of a job by its status.
function waiting.phase(state)
  return NOT_YET[state.status] and "pending" or "rendering"
end

-- ---- the loop ----

-- Tells the caller how far it is. What the callback raises must not lose the job.
local function tell(state, wait)
  if not wait.on_progress then
    return true
  end
  local kind = state.kind
  local event = {
    status = state.status,
    progress = state.progress,
    elapsed = core.now() - state.began,
    err = state.missed,
  }
  for _, name in ipairs(kind.ids) do
    event[name] = state[name]
  end
  if kind.tell then
    kind.tell(state, event)
  end
  local ok, raised = pcall(wait.on_progress, event)
  if ok then
    return true
  end
  return waiting.fail(
    state,
    { kind = "callback", message = "on_progress raised: " .. errors.text(raised), cause = raised }
  )
end

local function timed_out(state, wait)
  local what, call = state.kind.unfinished(state) -- "the video is"
  local missed = state.missed and state.missed.message
  return waiting.fail(state, {
    kind = "timeout",
    message = ("%s still %s after %g s; it goes on at the service: %s takes it up again%s"):format(
      what,
      state.status and ("%q"):format(waiting.said(state, state.status)) or "unknown",
      wait.timeout,
      call,
      missed and " (the last look failed: " .. missed .. ")" or ""
    ),
    cause = state.missed,
    retryable = true,
  })
end

local function pause(client, state, wait)
  local kind = state.kind
  local left = state.stop - core.now()
  local seconds = pace.next(state.pace, core.now() - state.began, kind.phase(state))
  local longest = kind.longest and kind.longest(state, wait)
  if longest then
    seconds = math.min(seconds, longest)
  end
  seconds = math.max(math.min(seconds, left), 0)
  local slept, reason, failure
  if state.fused then
    slept, reason, failure =
      require("heygen.wait.deliveries").pause(client, state, wait, seconds, longest ~= nil)
  else
    slept, reason, failure = waits.sleep(client, seconds)
  end
  if slept then
    return true
  end
  return waiting.fail(state, {
    kind = failure or "cancelled",
    message = (failure and reason or "the wait was " .. (reason or "cancelled"))
      .. ("; %s goes on at the service"):format(kind.noun),
  })
end

-- One look, and what was delivered until then.
local function look(client, state, wait)
  local fusion = state.fused and require "heygen.wait.deliveries"
  if fusion then
    fusion.before_look(state, wait)
  end
  local value, message, err = state.kind.look(client, state, wait)
  if fusion then
    fusion.after_look(state)
  end
  return value, message, err
end

local function loop(client, state, wait, look_first)
  while true do
    local value, message, err
    if look_first then
      value, message, err = look(client, state, wait)
    end
    -- Without a look, it is what the create said: from here on the caller knows the job, whatever happens.
    local told, problem, problem_err = tell(state, wait)
    if value ~= nil or err then
      return value, message, err
    elseif not told then
      return nil, problem, problem_err
    elseif look_first and core.now() >= state.stop then
      return timed_out(state, wait)
    end
    look_first = true
    told, problem, problem_err = pause(client, state, wait)
    if not told then
      return nil, problem, problem_err
    end
  end
end

---Waits.
---@param client heygen.Client
---@param kind heygen.WaitKind
---@param state table the ids, and what is known so far: status, last, idempotency_key
---@param wait table see waiting.read
---@param look_first boolean false: what is known is news enough for a first pause
---@return any value
---@return string? message
---@return heygen.Error? err
function waiting.run(client, kind, state, wait, look_first)
  state.kind, state.hide = kind, client.hide
  state.began, state.stop = core.now(), core.now() + wait.timeout
  state.pace = pace.new(wait.interval, wait.max_interval, wait.strict)
  if wait.webhook then
    require("heygen.wait.deliveries").begin(state, wait)
  end
  local value, message, err = loop(client, state, wait, look_first)
  if state.fused then
    require("heygen.wait.deliveries").finish(state, value ~= nil or err.kind == "failed")
  end
  return value, message, err
end

return waiting
