-- The one way every API request goes: encode, send, wait, read, and again when the retry policy says so.
local block = require "heygen.driver.block"
local core = require "heygen.core"
local drivers = require "heygen.driver"
local errors = require "heygen.errors"
local exchange = require "heygen.http.exchange"
local interrupt = require "heygen.driver.interrupt"
local response = require "heygen.http.response"
local retry = require "heygen.http.retry"
local foreign = require "heygen.http.foreign"
local pause = require "heygen.driver.pause"
local protected = require "heygen.task.protected"

local request = {}

local now = core.now
local current_driver = drivers.current

-- [0, 1) from the system's random numbers: jitter that two processes started at once do not share.
local function random()
  local a, b, c = core.random(3):byte(1, 3)
  return (a * 65536 + b * 256 + c) / 16777216
end

request.random = random

local function called(client, row, call)
  return row.method .. " " .. client.base_path .. call.target:gsub("%?.*", "")
end

-- An address for logs and hooks. The query of a raw request may hold anything: a token, for one.
local function shown_url(client, row, call)
  local target = row.raw and call.target:gsub("%?.*", "?[hidden]") or call.target
  return client.base .. client.base_path .. target
end

-- A function given by the user. What it raises must not lose an answer that was paid for.
local function tell(client, hook, event)
  local ok, raised = protected.call(hook, event)
  if not ok and client.options.log and hook ~= client.options.log then
    pcall(client.options.log, "a hook raised: " .. errors.text(raised))
  end
  return ok, raised
end

local function log_line(event, seconds)
  local outcome = event.status and tostring(event.status) or event.kind or "no answer"
  if event.status and event.status < 300 and event.kind then -- a good status is not all of a bad answer
    outcome = outcome .. " " .. event.kind
  end
  local line = ("%s %s -> %s in %.3f s (attempt %d)"):format(
    event.method,
    event.url,
    outcome,
    event.seconds,
    event.attempt
  )
  return seconds and line .. (", again in %.2f s"):format(seconds) or line
end

local function report(client, row, call, state, status, problem, seconds)
  local options = client.options
  if not (options.on_response or options.log) then
    return
  end
  local event = {
    method = row.method,
    url = shown_url(client, row, call),
    attempt = state.attempt,
    seconds = now() - state.began,
    status = status,
    kind = problem and problem.kind,
    code = problem and problem.code,
    request_id = state.operation and response.request_id(state.operation),
  }
  event.code = event.code and client.hide(event.code)
  event.request_id = event.request_id and foreign.shown(event.request_id, 200, client.hide)
  if options.on_response then
    tell(client, options.on_response, event)
  end
  if options.log then
    tell(client, options.log, log_line(event, seconds))
  end
end

local function announce(client, row, call, state)
  local hook = client.options.on_request
  return tell(client, hook, {
    method = row.method,
    url = shown_url(client, row, call),
    attempt = state.attempt,
    idempotency_key = state.key,
  })
end

-- The table of a request that is no plain GET.
local function describe(client, row, call, state)
  local r = { method = row.method, query = call.query, extra_headers = state.headers }
  for name, value in pairs(client.template) do
    r[name] = value
  end
  r.body, r.multipart = state.text, call.parts
  r.content_type = state.text and (call.content_type or "application/json")
  if row.method == "POST" and not state.text and not r.multipart then
    r.content_type = "" -- else libcurl would call nothing a form
  end
  return r
end

-- Starts one attempt.
local function start(client, engine, row, call, state)
  local seconds = call.options.timeout or client.options.timeout or (row.method == "GET" and 30 or 120)
  local target = client.base_path .. call.target
  local max_bytes = row.is_one and client.limits.one or client.limits.list
  -- libcurl sends a request again, silently, when a reused connection dies unanswered: not one that costs money, nor
  -- one whose second answer would say that nothing is there to delete.
  local fresh = not row.repeatable or row.method == "DELETE" or client.distrusts or false
  client.distrusts = nil
  if row.method == "GET" and not (fresh or call.query or state.headers or state.text) then
    return exchange.get(engine, client.prepared, target, seconds, state.deadline, not row.brief, max_bytes)
  end
  local r = describe(client, row, call, state)
  r.target, r.fresh, r.compressed, r.max_bytes = target, fresh, not row.brief, max_bytes
  r.timeout, r.deadline = seconds, state.deadline
  return exchange.send(engine, r)
end

-- One attempt. Returns status, body | nil, problem.
local function try(client, engine, row, call, state)
  local driver = current_driver(client.driver)
  if driver.can_wait and not row.repeatable then
    driver.can_wait()
  end
  local operation, fields = start(client, engine, row, call, state)
  if not operation then
    return nil, fields
  end
  state.operation = operation
  return exchange.receive(driver, engine, operation, call.notify)
end

-- A DELETE whose first attempt got lost finds the thing gone at the second: that is success.
local function deleted_before(row, state, problem)
  return row.method == "DELETE" and problem.status == 404 and problem.code ~= "gateway_page" and state.unsure
end

-- The ids that a call may give, under their names in the answer and on an error; a row may say others.
local IDS = { session_id = "session_id", video_id = "video_id" }

-- An id, or a list of them, that names something made and does not show the key.
local function readable_id(client, id)
  if type(id) == "string" then
    return id ~= "" and not client.shows_key(id) and id or nil
  elseif type(id) ~= "table" or type(id[1]) ~= "string" then
    return nil
  end
  local ids = {}
  for _, each in ipairs(id) do
    if type(each) == "string" and not client.shows_key(each) then
      ids[#ids + 1] = each
    end
  end
  return ids[1] and ids or nil
end

-- Ids in an answer next to its error: a session may have been made all the same.
local function ids_beside(client, problem, answer, ids)
  for _, place in ipairs { answer, answer.data or false, answer.error or false } do
    for from, to in pairs(ids) do
      if problem[to] == nil and type(place) == "table" then
        problem[to] = readable_id(client, place[from])
      end
    end
  end
end

-- Ids from what came, be it whole or not. A list names ids of others.
local function add_ids(client, row, problem)
  local ids = row.makes or IDS
  if type(problem.last) == "table" and not row.list then
    ids_beside(client, problem, problem.last, ids)
  end
  if problem.body and not row.list then
    for from, to in pairs(ids) do
      problem[to] = readable_id(client, response.salvage(problem.body, from)) or problem[to]
    end
  end
  if problem.body and problem.body ~= "" then
    problem.last = errors.excerpt(problem.body, client.hide)
  end
  problem.body = nil
end

-- What a server may have filled with what it was sent. The rest is ours, and a short key may occur in it by chance.
local FOREIGN = { "message", "code", "param", "doc_url", "request_id", "last" }

local function finish_problem(client, row, call, state, problem)
  local operation = state.operation
  problem.is_service = nil
  problem.attempts = state.attempt
  problem.sent = problem.sent or (operation and operation:sent()) or "no"
  local request_id = operation and (operation:head() or "") ~= "" and response.request_id(operation)
  problem.request_id = request_id and foreign.shown(request_id, 200, client.hide) or nil
  add_ids(client, row, problem)
  if problem.kind ~= "api" then
    problem.message = called(client, row, call) .. ": " .. problem.message
  end
  for _, name in ipairs(FOREIGN) do
    local value = problem[name]
    if value ~= nil then
      problem[name] = type(value) == "string" and client.hide(value)
        or response.without_secret(value, client.hide)
    end
  end
  problem.idempotency_key = state.key
  if not row.repeatable then -- "worth repeating" must not mean "may be paid for twice"
    problem.retryable = (problem.status == 429 and problem.code ~= "quota_exceeded")
      or problem.code == "request_in_progress" -- says the service of a key that it knows
      or (problem.sent == "no" and (problem.kind == "network" or problem.kind == "timeout"))
  end
  return nil, errors.new(problem)
end

-- Whether a 401 says that the token has expired, and that nothing was done. A page of a gateway does not say it. Nor
-- does, of what must not be done twice, an answer that is not of the service's own form.
local function rejects_token(client, row, state, problem)
  return client.credential
    and problem.status == 401
    and state.is_rejected == nil
    and problem.code ~= "gateway_page"
    and (row.repeatable or problem.is_service)
end

local function policy_of(client, call)
  local own, given = client.policy, call.options.max_retries
  return given and { max_retries = given, base = own.base, cap = own.cap } or own
end

-- Decides about another attempt and makes the pause. True: again.
local function again(client, row, call, state, problem)
  if rejects_token(client, row, state, problem) then
    state.is_rejected = true -- at once, with a fresh one
    report(client, row, call, state, problem.status, problem, 0)
    return true
  end
  if problem.kind == "api" then
    problem.retry_after = retry.after(state.operation:header "Retry-After", core.time())
  end
  problem.sent = problem.sent or (state.operation and state.operation:sent()) or "no"
  problem.repeatable, problem.keyed = row.repeatable, state.key ~= nil
  local left, policy = state.deadline - now(), policy_of(client, call)
  local seconds, why
  if state.attempt <= policy.max_retries then
    seconds, why = retry.next(policy, problem, state.attempt, left, random)
  end
  problem.repeatable, problem.keyed = nil, nil
  report(client, row, call, state, problem.status, problem, seconds)
  if why == "deadline" and problem.kind ~= "timeout" then
    problem.message = problem.message
      .. (" (%.0f s are left, too few to try again)"):format(left > 0 and left or 0)
  end
  if not seconds then
    return false
  end
  state.unsure = state.unsure or (problem.sent ~= "no" and problem.status ~= 429)
  local slept, reason, kind = pause.sleep(client, seconds)
  if not slept then
    problem.message = "the pause before another attempt was "
      .. (reason or "cancelled")
      .. ": "
      .. problem.message
    problem.kind = kind or "cancelled"
  end
  return slept
end

-- The key, the body and the headers of a request that has them. Returns a problem.
local function prepare(row, call, state)
  if row.method == "POST" then
    state.key = call.options.idempotency_key or core.uuid()
    call.key = state.key
    state.headers = { ["Idempotency-Key"] = state.key }
    if row.key_field and call.body[row.key_field] == nil then
      call.body[row.key_field] = state.key
    end
  end
  if call.body then
    local text, message = core.encode(call.body, row.body)
    if not text then
      return { kind = "invalid", message = message, sent = "no" }
    end
    state.text = call.inline and call.inline(text) or text
  else
    state.text = call.text
  end
  if call.headers then
    state.headers = state.headers or {}
    for name, value in pairs(call.headers) do
      state.headers[name] = value
    end
  end
end

-- What comes before each attempt where there is a hook or a token to ask for. Returns a problem.
local function before_attempt(client, row, call, state, on_request, credential)
  if on_request then
    local ok, raised = announce(client, row, call, state)
    if not ok then
      return { kind = "callback", message = "on_request raised: " .. errors.text(raised), sent = "no" }
    end
  end
  local problem
  if credential then
    problem = credential(state.is_rejected == true)
    state.is_rejected = state.is_rejected and false
  end
  return problem or (client.is_closed and pause.closed(client)) or nil -- by a hook, or while the token was awaited
end

---The engine, with this client's wish for it.
---@param client heygen.Client
---@return userdata? engine
---@return string? message
function request.engine(client)
  local engine, message = core.engine()
  local limit = client.options.max_connections
  if limit and engine and client.limited ~= engine then
    client.limited = engine
    engine:limit(limit)
  end
  return engine, message
end

local function send(client, row, call)
  local engine, message = request.engine(client)
  if not engine then
    return nil, errors.new { kind = "network", message = message, sent = "no" }
  end
  local began = now()
  local options, credential = client.options, client.credential
  local on_request, is_told = options.on_request, options.on_response or options.log
  local state = { attempt = 1, began = began, deadline = began + (call.options.deadline or options.deadline) }
  local bad = client.is_closed and pause.closed(client) or nil
  if not bad and (row.method ~= "GET" or call.headers or call.text) then
    bad = prepare(row, call, state)
  end
  if bad then
    return nil, errors.new(bad)
  end
  while true do
    if on_request or credential then
      bad = before_attempt(client, row, call, state, on_request, credential)
      if bad then
        return finish_problem(client, row, call, state, bad)
      end
    end
    local value
    local status, problem = try(client, engine, row, call, state)
    if status then
      value, problem = response.read(row, status, problem, client.hide, call.target)
    end
    if problem and problem.is_wrong then -- the connection may be a step behind: the next request gets another one
      client.distrusts, problem.is_wrong = true, nil
    elseif problem and deleted_before(row, state, problem) then
      value = { id = call.id, deleted = true }
    end
    if value then
      state.operation:drop()
      response.remember(value, state.operation, state.attempt)
      if is_told then
        report(client, row, call, state, status)
      end
      return value
    elseif not again(client, row, call, state, problem) then
      return finish_problem(client, row, call, state, problem)
    end
    state.attempt = state.attempt + 1
    state.began, state.operation = now(), nil
  end
end

---Sends a request until it is answered for good.
---@param client heygen.Client
---@param row heygen.Endpoint method, repeatable, list, expects, body (the shape)
---@param call table target, body or text, options; see arguments.check
---@return table? value
---@return heygen.Error? err
function request.send(client, row, call)
  if row.method == "POST" and not row.repeatable and drivers.current(client.driver) == block then
    local ok, value, err = pcall(send, client, row, call)
    if not ok then
      interrupt.raise_of_create(value, row, call)
    end
    return value, err
  end
  return send(client, row, call)
end

return request
