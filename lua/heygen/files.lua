-- Downloads: streamed into a temporary file beside the target, then renamed; never with a credential.
local core = require "heygen.core"
local drivers = require "heygen.drivers"
local errors = require "heygen.errors"
local options = require "heygen.options"
local request = require "heygen.request"
local response = require "heygen.response"
local retry = require "heygen.retry"
local suggest = require "heygen.suggest"
local waits = require "heygen.waits"

local files = {}

local KNOWN = { "deadline", "on_progress", "overwrite" }

files.options = KNOWN

local TICK = 0.25 -- seconds between two calls of on_progress
local STALL = 60 -- seconds without a byte: the connection is dead
local REDIRECTS = 5
local TRIES = 8
-- The file can lag behind `completed`, and an address can have expired: both end with a fresh one.
local STALE = { [403] = true, [404] = true, [410] = true }
local HOPELESS = { certificate = true, url = true }
local AGAIN = { [429] = true, [500] = true, [502] = true, [503] = true, [504] = true }

local function fail(state, fields)
  fields.video_id = state.video_id
  fields.attempts = state.tries
  fields.location = nil
  return errors.fail(fields)
end

-- ---- what was asked ----

local function read_options(given, level)
  if given ~= nil and type(given) ~= "table" then
    error("heygen: download: expected a table of options, got " .. type(given), level + 1)
  end
  given = given or {}
  for name in pairs(given) do
    local known = false
    for _, option in ipairs(KNOWN) do
      known = known or option == name
    end
    if not known then
      error(
        "heygen: download: " .. tostring(name) .. ": unknown option" .. suggest.hint(tostring(name), KNOWN),
        level + 1
      )
    end
  end
  if given.on_progress ~= nil and not options.is_callable(given.on_progress) then
    error("heygen: download: on_progress: expected a function, got " .. type(given.on_progress), level + 1)
  elseif
    given.deadline ~= nil
    and (type(given.deadline) ~= "number" or given.deadline ~= given.deadline or given.deadline <= 0)
  then
    error("heygen: download: deadline: expected a number of seconds above 0", level + 1)
  end
  return given
end

-- An empty text is no id and no address.
local function filled(value)
  return type(value) == "string" and value ~= "" and value or nil
end

-- Fills in url, video_id from a video, an id or an address. A table without both is no mistake of the program: the
-- service may have sent it.
local function read_source(state, source, level)
  if type(source) == "string" then
    if source:find "^%a[%w+.-]*://" then
      state.url = source
    else
      state.video_id = source
    end
    return true
  elseif type(source) ~= "table" then
    error("heygen: download: expected a video, its id or an address, got " .. type(source), level + 1)
  end
  state.url, state.video_id = filled(source.video_url), filled(source.id) or filled(source.video_id)
  if state.url or state.video_id then
    return true
  end
  return errors.fail {
    kind = "invalid",
    message = "download: the table given has no video_url, id or video_id that is a text and not empty",
    sent = "no",
  }
end

local function check_path(path, level)
  if type(path) ~= "string" then
    error("heygen: download: path: expected a string, got " .. type(path), level + 1)
  elseif path == "" or path:find "%z" then
    error("heygen: download: path: expected a file name", level + 1)
  end
end

local function exists(path)
  local file = io.open(path, "rb")
  if file then
    file:close()
  end
  return file ~= nil
end

-- ---- addresses ----

local function check_url(state, client, url)
  local base, why = options.split_url(url, client.options.allow_http)
  if base then
    return true
  end
  return fail(state, {
    kind = "invalid",
    message = "download: " .. why .. ": " .. errors.printable(client.hide(url), 80),
    sent = "no",
  })
end

-- Asks the service for an address; right after `completed` there may be none yet.
local function fresh_url(client, state)
  while true do
    local video, message, err = client.videos:get(state.video_id)
    if not video then
      return nil, message, err
    elseif type(video.video_url) == "string" and video.video_url ~= "" then
      state.url = video.video_url
      return true
    elseif video.status ~= "completed" then
      local status = errors.printable(video.status, 40)
      return fail(state, {
        kind = status == "failed" and "failed" or "api",
        code = status ~= "failed" and "resource_not_ready" or nil,
        message = ("download: the video is %s: only a completed one has a file (client:wait)"):format(status),
        status = 200,
        sent = "yes",
        last = response.without_secret(video, client.hide),
      })
    elseif core.now() + state.lag >= state.deadline then
      return fail(state, {
        kind = "timeout",
        message = "download: the video still has no address",
        sent = "yes",
        last = response.without_secret(video, client.hide),
      })
    end
    local slept, reason, kind = waits.pause(client, state.lag)
    if not slept then
      return fail(state, { kind = kind or "cancelled", message = "download: " .. (reason or "cancelled") })
    end
    state.lag = math.min(state.lag * 2, 10)
  end
end

-- Where a redirect leads: an absolute address, or a path on the same host.
local function redirect_target(url, location)
  if location:find "^%a[%w+.-]*://" then
    return location
  elseif location:find "^//" then
    return url:match "^(%a[%w+.-]*:)" .. location
  elseif location:find "^/" then
    return url:match "^(%a[%w+.-]*://[^/?#]+)" .. location
  elseif location:find "^[%w._~%%-]" then -- beside the present file
    return (url:gsub("[?#].*$", ""):match "^(%a[%w+.-]*://.*/)" or url .. "/") .. location
  end
end

-- ---- one transfer ----

local function tell(state, job, done)
  local hook = state.options.on_progress
  if not hook then
    return true
  end
  local received, total = job:progress()
  received = math.max(received, state.received or 0) -- a second try begins anew, the display does not
  state.received = received
  local ok, raised = pcall(hook, {
    received = received,
    total = total or (done and received) or nil,
    elapsed = core.now() - state.began,
    video_id = state.video_id,
  })
  if ok then
    return true
  end
  job:cancel()
  return fail(state, { kind = "callback", message = "download: on_progress raised: " .. tostring(raised) })
end

local function await(driver, engine, state, job)
  while true do
    local tick = state.options.on_progress and TICK or nil
    local done, reason, kind = drivers.await(driver, engine, job, tick)
    if done then
      return true
    elseif reason ~= "timeout" then
      job:cancel()
      return fail(state, { kind = kind or "cancelled", message = "download: " .. (reason or "cancelled") })
    end
    local told, message, err = tell(state, job)
    if not told then
      return nil, message, err
    end
  end
end

-- Fetches `state.url` into `part`. Returns true, or nil and fields of a problem, or nil, nil, message, err (final).
local function transfer(client, engine, state, part)
  local driver = drivers.current(client.driver)
  os.remove(part)
  local own = client.options
  local job, message, failure = engine:create {
    method = "GET",
    url = state.url,
    headers = state.headers,
    output = part,
    public = true,
    allow_http = state.url:find "^[hH][tT][tT][pP]:" ~= nil,
    connect_timeout = own.connect_timeout,
    stall_timeout = STALL,
    timeout = math.max(state.deadline - core.now(), 0.001),
    proxy = own.proxy,
    ca_file = own.ca_file,
    group = client.group,
  }
  if not job then
    return nil, { kind = failure.kind, message = "download: " .. message, sent = "no" }
  end
  local done, text, err = await(driver, engine, state, job)
  if not done then
    return nil, nil, text, err
  end
  local status, body, problem = job:result()
  if not status then
    problem.message, problem.curl_code = "download: " .. body, nil
    return nil, problem
  elseif status < 200 or status > 299 then
    return nil,
      {
        kind = "api",
        status = status,
        code = "download_refused",
        message = ("download: the file server answered HTTP %d"):format(status),
        location = job:header "Location",
        retry_after = retry.after(job:header "Retry-After", core.time()),
        sent = "yes",
        last = client.hide(body:sub(1, 2000)),
      }
  end
  if job:progress() == 0 then -- no video is empty; it would replace a good file
    return nil,
      { kind = "network", code = "truncated", message = "download: the file came empty", sent = "yes" }
  end
  done, text, err = tell(state, job, true)
  if not done then
    return nil, nil, text, err
  end
  return true
end

-- Prepares another try after a problem. True: try again; else the error.
local function recover(client, state, problem)
  local status = problem.status
  if status and status >= 300 and status < 400 and problem.location then
    state.redirects = state.redirects + 1
    local url = redirect_target(state.url, problem.location)
    if not url or state.redirects > REDIRECTS then
      problem.message = "download: too many redirects, or one that leads nowhere"
      return fail(state, problem)
    elseif state.url:find "^[hH][tT][tT][pP][sS]:" and not url:find "^[hH][tT][tT][pP][sS]:" then
      problem.message = "download: a redirect from https to plain http was refused"
      return fail(state, problem)
    end
    state.url = url
    return check_url(state, client, url)
  end
  local stale = STALE[status or 0] and state.video_id ~= nil
  local passing = AGAIN[status or 0] or problem.kind == "network" or problem.kind == "timeout"
  local pause = math.max(state.lag, problem.retry_after or 0)
  if HOPELESS[problem.code] or not (stale or passing) or state.tries >= TRIES then
    return fail(state, problem)
  elseif core.now() + pause >= state.deadline then
    return fail(state, problem)
  end
  local slept, reason, kind = waits.pause(client, pause)
  if not slept then
    return fail(state, { kind = kind or "cancelled", message = "download: " .. (reason or "cancelled") })
  end
  state.lag = math.min(state.lag * 2, 10)
  if stale then
    return fresh_url(client, state)
  end
  return true
end

local function run(client, engine, state, part)
  if not state.url then
    local got, message, err = fresh_url(client, state)
    if not got then
      return nil, message, err
    end
  end
  local good, message, err = check_url(state, client, state.url)
  while good do
    state.tries = state.tries + 1
    local done, problem
    done, problem, message, err = transfer(client, engine, state, part)
    if done then
      return true
    elseif not problem then
      return nil, message, err
    end
    good, message, err = recover(client, state, problem)
  end
  return nil, message, err
end

local function there_already(state, path)
  return fail(state, {
    kind = "file",
    message = ("download: %s exists; give another name, or overwrite = true"):format(path),
    sent = "no",
  })
end

---Fetches a file; see Client:download.
function files.download(client, source, path, given, level)
  check_path(path, level + 1)
  local state =
    { options = read_options(given, level + 1), tries = 0, redirects = 0, lag = 0.5, began = core.now() }
  local read, message, err = read_source(state, source, level + 1)
  if not read then
    return nil, message, err
  elseif not state.options.overwrite and exists(path) then
    return there_already(state, path)
  end
  local engine, why = request.engine(client)
  local unfit = waits.problem(client) or (not engine and { kind = "network", message = why, sent = "no" })
  if unfit then
    return errors.fail(unfit)
  end
  state.deadline = core.now() + (state.options.deadline or 3600)
  state.headers = core.headers { ["User-Agent"] = client.options.user_agent }
  local part = ("%s.%s.part"):format(path, core.uuid():sub(1, 8))
  local done
  done, message, err = run(client, engine, state, part)
  if not done then
    os.remove(part)
    return nil, message, err
  end
  if not state.options.overwrite and exists(path) then -- since the beginning
    os.remove(part)
    return there_already(state, path)
  end
  local renamed, problem = os.rename(part, path)
  if not renamed then
    os.remove(part)
    return fail(state, { kind = "file", message = "download: " .. tostring(problem) })
  end
  return path
end

return files
