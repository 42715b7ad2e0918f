-- Downloads: a file in its place, or given to a function bit by bit; from addresses that come late, expire and lead
-- elsewhere, over connections that break; whole or not at all, and never with a credential.
local address = require "heygen.download.address"
local core = require "heygen.core"
local drivers = require "heygen.driver"
local errors = require "heygen.errors"
local fetch = require "heygen.download.fetch"
local options = require "heygen.schema.options"
local partial = require "heygen.download.partial"
local pause = require "heygen.driver.pause"
local request = require "heygen.http.request"
local retry = require "heygen.http.retry"
local values = require "heygen.schema.value"

local downloads = {}

local CALL = "client:download"

local KNOWN = {
  deadline = { type = "seconds", above = 0 },
  on_progress = options.shared.on_progress,
  overwrite = {},
  refresh = { type = "function" },
  resume = { type = "boolean" },
  variant = { type = "string", enum = address.variants },
}

downloads.options = options.names(KNOWN)

local TRIES = 8 -- in a row that bring nothing new
local MESSAGE = 4096 -- bytes
local PAGES = 3 -- pages in place of the file until it is believed that there is none
local BEYOND = 2 -- refusals of what is behind the last byte until it is believed that there is nothing
local FIRST_LAG, LAST_LAG = 0.5, 10 -- seconds between two tries
local GOOD = 256 * 1024 -- bytes: who brought so much is worth an attempt without a pause

-- ---- what was asked ----

local function check_target(target, given, level)
  if options.is_callable(target) then
    if given.overwrite ~= nil then
      error(CALL .. ": overwrite: a function has no file to replace", level + 1)
    end
  elseif type(target) ~= "string" then
    error(CALL .. ": path: " .. values.expected("a string or a function", target), level + 1)
  elseif target == "" or target:find "%z" then
    error(CALL .. ": path: expected the name of a file, got " .. values.given(target), level + 1)
  end
end

-- ---- again, or not ----

-- How long until the next attempt: the first of each kind comes at once, those after it are farther and farther apart.
local function seconds_before(state, problem, stale)
  local gained = state.at - state.best
  if gained > 0 then
    if gained >= GOOD then
      state.lags, state.hurried = retry.pauses(FIRST_LAG, 2, LAST_LAG), {}
    end
    state.best, state.failures, state.hurried.unsure = state.at, 0, nil
    if problem.again == "more" then -- a server that gives less at a time than was asked for
      return 0
    end
  end
  state.failures = state.failures + 1
  local kind = stale and "stale" or problem.again
  if kind and not state.hurried[kind] then
    state.hurried[kind] = true
    return problem.retry_after or 0
  end
  return math.max(state.lags(), problem.retry_after or 0)
end

-- Whether the answer may mean that the address has expired, or that the file lags behind `completed`. Storages
-- say it with any of 400, 401, 403, 404 and 410. Both end with a fresh address, if there is one.
local function is_stale(state, problem)
  local status = problem.status or 0
  local refused = status >= 400 and status < 500 and status ~= 416 and not retry.passes(status)
  return (refused or problem.stale)
    and (state.video_id or state.options.refresh or state.url ~= state.origin)
    and true
end

-- No length was announced, all that came is here, and the question what is behind it is refused: nothing is.
local function ended_before(state, problem)
  if state.at == 0 or state.unsure ~= state.at or problem.code ~= "download_refused" then
    return false
  end
  state.beyond = (state.beyond or 0) + 1
  return state.beyond >= BEYOND
end

-- Asks for a fresh address, or goes back to the one that was given. Returns true | nil, err.
local function renew(client, state, problem)
  if not (state.video_id or state.options.refresh) then
    state.url, state.redirects = state.origin, 0
    return true
  end
  local found, err = address.refresh(client, state)
  if not found and err.status == 404 and state.given_url and not state.options.refresh then
    problem.cause = err -- it is no video, or one that is gone
    return state.fail(problem)
  end
  return found, err
end

local function is_final(state, problem, stale)
  local passing = retry.passes(problem.status)
    or problem.kind == "network"
    or problem.kind == "timeout"
    or problem.again
  if retry.hopeless(problem.code) or not (stale or passing) or state.failures >= TRIES then
    return true
  elseif problem.again == "page" then
    state.pages = state.pages + 1
    return state.pages >= PAGES
  end
  -- To a function: it cannot be told whether what comes next belongs to what was given.
  return state.sink and state.at > 0 and not state.have.validator and not state.unsure
end

-- Prepares another try after a problem. Returns "again" | "whole" | nil, err.
local function recover(client, state, problem)
  local status = problem.status
  if status and status >= 300 and status < 400 and problem.location then
    local found, err = address.redirect(client, state, problem)
    return found and "again", err
  elseif ended_before(state, problem) then
    return "whole"
  end
  local stale = is_stale(state, problem)
  local seconds = seconds_before(state, problem, stale)
  if is_final(state, problem, stale) or core.now() + seconds >= state.deadline then
    return state.fail(problem)
  end
  state.whole = problem.again == "whole"
  if state.whole and state.partial then
    state.at, state.have, state.unsure = 0, {}, nil
  end
  if seconds > 0 then
    local slept, reason, kind = pause.sleep(client, seconds)
    if not slept then
      return state.fail { kind = kind or "cancelled", message = "client:download: " .. (reason or "cancelled") }
    end
  end
  if stale then
    local found, err = renew(client, state, problem)
    return found and "again", err
  end
  return "again"
end

-- Returns true | nil, err.
local function run(client, state)
  if not state.url then
    local found, err = address.refresh(client, state)
    if not found then
      return nil, err
    end
  end
  state.origin = state.origin or state.url
  local good, err = address.check(client, state)
  while good do
    if client.is_closed then -- by a function of the program, such as `refresh`
      return state.fail(pause.closed(client))
    end
    state.tries = state.tries + 1
    local whole, problem = fetch.run(state)
    if whole then
      return true
    elseif errors.is(problem) then
      return nil, problem
    end
    good, err = recover(client, state, problem)
    if good == "whole" then
      return fetch.finish(state)
    end
  end
  return nil, err
end

-- ---- the call ----

local function new_state(client, given)
  local state = {
    client = client,
    options = given,
    variant = given.variant or "video",
    at = 0,
    have = {},
    skip = 0,
    from = 0,
    best = 0,
    tries = 0,
    failures = 0,
    pages = 0,
    hurried = {},
    redirects = 0,
    lags = retry.pauses(FIRST_LAG, 2, LAST_LAG),
    began = core.now(),
    headers = core.headers { ["User-Agent"] = client.options.user_agent, ["Accept-Encoding"] = "identity" },
  }
  state.deadline = state.began + (given.deadline or 3600)
  function state.fail(fields)
    fields.video_id = state.video_id
    fields.attempts = state.tries
    fields.location, fields.again, fields.stale = nil, nil, nil
    fields.message = errors.printable(fields.message, MESSAGE) -- names of files may hold anything
    return nil, errors.new(fields)
  end
  return state
end

-- What stays for the next call is on the error.
local function leave(state, err)
  local part, received = state.partial:leave()
  if part and not err.part then
    err.part, err.received = part, received
    local total = state.have.total and (" of %.0f"):format(state.have.total) or ""
    err.message = ("%s; %.0f%s bytes are in %s, where the next call resumes"):format(
      err.message,
      received,
      total,
      errors.printable(part, MESSAGE)
    )
  end
  return nil, err
end

local function to_file(client, state, path)
  local opened, problem = partial.open(path, state.options.resume ~= false)
  if not opened then
    return state.fail(problem)
  end
  state.partial = opened
  state.at, state.have = opened:known(address.identity(state))
  state.best = state.at
  local done, err = run(client, state)
  if not done then
    return leave(state, err)
  end
  done, problem = opened:finish(client, state.engine, state.options.overwrite)
  if done then
    return path
  elseif problem.kind == "file" then -- nowhere to go, or not on the disk: its bytes cannot be relied on
    opened:discard()
  end
  local _, failure = state.fail(problem)
  return leave(state, failure)
end

local function to_function(client, state, sink)
  state.sink = sink
  local done, err = run(client, state)
  if not done then
    err.received = state.at > 0 and state.at or nil
    return nil, err
  end
  return state.at
end

---Reads the options of a download that another call will make; raises for what is wrong.
---@param call string for messages
---@param named string the option that the path is
---@param path any
---@param given table
---@param level integer
---@return table options
function downloads.read(call, named, path, given, level)
  if type(path) ~= "string" or path == "" or path:find "%z" then
    error(call .. ": " .. named .. ": " .. values.expected("the name of a file", path), level + 1)
  end
  return options.read(call, given, KNOWN, level + 1, "save")
end

---What stands in the way of a download that is to come, found out by writing a file next to the target.
---@param path string
---@param overwrite boolean?
---@return heygen.Error?
function downloads.obstacle(path, overwrite)
  local problem = partial.obstacle(path, overwrite)
  local directory = path:match "^(.*/)" or "."
  local kind, leads_to = core.file_type(directory)
  if not problem and kind ~= "directory" and leads_to ~= "directory" then
    problem =
      { kind = "file", message = ("client:download: %s: there is no directory %s"):format(path, directory) }
  end
  problem = problem or partial.attempt(path)
  if problem then
    problem.sent, problem.message = "no", errors.printable(problem.message, MESSAGE)
    return errors.new(problem)
  end
end

---Fetches a file; see Client:download.
---@return string|integer|nil
---@return heygen.Error?
function downloads.download(client, given_source, target, given, level)
  local read_given = options.read(CALL, given, KNOWN, level + 1)
  check_target(target, read_given, level + 1)
  local state = new_state(client, read_given)
  local read, err = address.read(client, state, given_source, target, level + 1)
  if not read then
    return nil, err
  end
  state.given_url = state.url
  local obstacle = type(target) == "string" and partial.obstacle(target, read_given.overwrite)
  if obstacle then
    obstacle.sent = "no"
    return state.fail(obstacle)
  end
  local engine, why = request.engine(client)
  local unfit = pause.closed(client) or (not engine and { kind = "network", message = why, sent = "no" })
  if unfit then
    return nil, errors.new(unfit)
  end
  state.engine, state.driver = engine, drivers.current(client.driver)
  if type(target) == "string" then
    return to_file(client, state, target)
  end
  return to_function(client, state, target)
end

return downloads
