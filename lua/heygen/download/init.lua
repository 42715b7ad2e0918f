-- Downloads: a file in its place, or given to a function bit by bit; from addresses that come late, expire and lead
-- elsewhere, over connections that break; whole or not at all, and never with a credential.
local core = require "heygen.core"
local drivers = require "heygen.driver"
local errors = require "heygen.errors"
local options = require "heygen.schema.options"
local place = require "heygen.download.partial"
local request = require "heygen.http.request"
local retry = require "heygen.http.retry"
local source = require "heygen.download.address"
local transfer = require "heygen.download.fetch"
local pause = require "heygen.driver.pause"
local values = require "heygen.schema.value"

local downloads = {}

local CALL = "client:download"

local KNOWN = {
  deadline = { type = "seconds", above = 0 },
  on_progress = { type = "function" },
  overwrite = {},
  refresh = { type = "function" },
  resume = { type = "boolean" },
  variant = { type = "string", enum = source.variants },
}

downloads.options = options.names(KNOWN)

local TRIES = 8 -- in a row that bring nothing new
local FIRST_LAG, LAST_LAG = 0.5, 10 -- seconds between two of them
local GOOD = 256 * 1024 -- bytes: who brought so much is worth an attempt without a pause
-- The file can lag behind `completed`, and an address can have expired: both end with a fresh one.
local STALE = { [403] = true, [404] = true, [410] = true }

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
      state.lag, state.hurried = FIRST_LAG, {}
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
  local seconds = state.lag
  state.lag = math.min(state.lag * 2, LAST_LAG)
  return math.max(seconds, problem.retry_after or 0)
end

-- Prepares another try after a problem. True: try again; else the error.
local function recover(client, state, problem)
  local status = problem.status
  if status and status >= 300 and status < 400 and problem.location then
    return source.redirect(client, state, problem)
  end
  local stale = STALE[status or 0]
    and (state.video_id or state.options.refresh or state.url ~= state.origin)
    and true
  local passing = retry.passes(status)
    or problem.kind == "network"
    or problem.kind == "timeout"
    or problem.again
  local seconds = seconds_before(state, problem, stale)
  if retry.hopeless(problem.code) or not (stale or passing) or state.failures >= TRIES then
    return state.fail(problem)
  elseif state.sink and state.at > 0 and not state.have.validator and not state.unsure then
    return state.fail(problem) -- it cannot be told whether what comes next belongs to what was given
  elseif core.now() + seconds >= state.deadline then
    return state.fail(problem)
  end
  state.whole = problem.again == "whole"
  if state.whole and state.place then
    state.at, state.have, state.unsure = 0, {}, nil
  end
  local slept, reason, kind = true, nil, nil
  if seconds > 0 then
    slept, reason, kind = pause.sleep(client, seconds)
  end
  if not slept then
    return state.fail { kind = kind or "cancelled", message = "download: " .. (reason or "cancelled") }
  elseif not stale then
    return true
  elseif not (state.video_id or state.options.refresh) then
    state.url, state.redirects = state.origin, 0
    return true
  end
  local found, message, err = source.refresh(client, state)
  if not found and err.status == 404 and state.given_url and not state.options.refresh then
    -- It is no video, or one that is gone.
    problem.cause = err
    return state.fail(problem)
  end
  return found, message, err
end

local function run(client, state)
  if not state.url then
    local got, message, err = source.refresh(client, state)
    if not got then
      return nil, message, err
    end
  end
  state.origin = state.origin or state.url
  local good, message, err = source.check(client, state)
  while good do
    state.tries = state.tries + 1
    local whole, problem = transfer.run(state)
    if whole then
      return true
    elseif errors.is(problem) then
      return nil, tostring(problem), problem
    end
    good, message, err = recover(client, state, problem)
  end
  return nil, message, err
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
    hurried = {},
    redirects = 0,
    lag = FIRST_LAG,
    began = core.now(),
    headers = core.headers { ["User-Agent"] = client.options.user_agent, ["Accept-Encoding"] = "identity" },
  }
  state.deadline = state.began + (given.deadline or 3600)
  function state.fail(fields)
    fields.video_id = state.video_id
    fields.attempts = state.tries
    fields.location, fields.again = nil, nil
    return errors.fail(fields)
  end
  return state
end

-- What stays for the next call is on the error.
local function leave(state, err)
  local part, received = state.place:leave()
  if part and not err.part then
    err.part, err.received = part, received
    local have, kept = state.have.total and (" of %.0f"):format(state.have.total) or "", err.message
    err.message = ("%s; %.0f%s bytes are in %s, where the next call resumes"):format(
      kept,
      received,
      have,
      part
    )
  end
  return nil, tostring(err), err
end

local function to_file(client, state, path)
  local opened, problem = place.open(path, state.options.resume ~= false)
  if not opened then
    return state.fail(problem)
  end
  state.place = opened
  state.at, state.have = opened:known(source.identity(state))
  state.best = state.at
  local done, _, err = run(client, state)
  if not done then
    return leave(state, err)
  end
  done, problem = opened:finish(client, state.engine, state.options.overwrite)
  if done then
    return path
  elseif problem.kind == "file" then -- nowhere to go, or not on the disk: its bytes cannot be relied on
    opened:discard()
  end
  _, _, err = state.fail(problem)
  return leave(state, err)
end

---Fetches a file; see Client:download.
function downloads.download(client, given_source, target, given, level)
  local read_given = options.read(CALL, given, KNOWN, level + 1)
  check_target(target, read_given, level + 1)
  local state = new_state(client, read_given)
  local read, message, err = source.read(state, given_source, level + 1)
  if not read then
    return nil, message, err
  end
  state.given_url = state.url
  local obstacle = type(target) == "string" and place.obstacle(target, read_given.overwrite)
  if obstacle then
    obstacle.sent = "no"
    return state.fail(obstacle)
  end
  local engine, why = request.engine(client)
  local unfit = pause.closed(client) or (not engine and { kind = "network", message = why, sent = "no" })
  if unfit then
    return errors.fail(unfit)
  end
  state.engine, state.driver = engine, drivers.current(client.driver)
  if type(target) == "string" then
    return to_file(client, state, target)
  end
  state.sink = target
  local done
  done, message, err = run(client, state)
  if not done then
    err.received = state.at > 0 and state.at or nil
    return nil, message, err
  end
  return state.at
end

return downloads
