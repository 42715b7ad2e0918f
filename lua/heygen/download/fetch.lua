-- One request for a file, or for the rest of it: into its place, or to a function. Gives true when the file is whole,
-- else nil and what is wrong: fields of an error that another request may mend, or an error object, which is final.
local core = require "heygen.core"
local errors = require "heygen.errors"
local exchange = require "heygen.http.exchange"
local protected = require "heygen.task.protected"
local range = require "heygen.download.range"
local retry = require "heygen.http.retry"
local urls = require "heygen.schema.url"

local transfer = {}

local TICK = 0.25 -- seconds between two calls of on_progress, while a function takes the bytes
local STALL = 60 -- seconds without a byte: the connection is dead

local function final(state, fields)
  local _, _, err = state.fail(fields)
  return nil, err
end

-- ---- while it comes ----

-- Returns true | nil, fields: on_progress raised.
local function tell(state, job, done)
  local hook = state.options.on_progress
  if not hook then
    return true
  end
  local here = state.at
  if state.place then
    here = state.from + job:progress()
  end
  state.received = math.max(here, state.received or 0) -- when a file begins again, the display does not
  state.told = core.now()
  local ok, raised = pcall(hook, {
    received = state.received,
    total = state.have.total or (done and state.received) or nil,
    elapsed = state.told - state.began,
    video_id = state.video_id,
  })
  if ok then
    return true
  end
  return nil, { kind = "callback", message = "on_progress raised: " .. errors.text(raised) }
end

-- What was told was in vain: fields of an error that ends the download.
local function stop(state, job, fields)
  job:cancel()
  fields.message = "download: " .. fields.message
  return final(state, fields)
end

-- Until `awaited` is done: the job, or news of it.
local function await(state, job, awaited)
  local notify = state.options.on_progress and function()
    return tell(state, job)
  end
  local done, fields = exchange.await(state.driver, state.engine, awaited, notify)
  if not done then
    return stop(state, job, fields)
  end
  return true
end

local function await_news(state, job)
  local news, message, failure = state.engine:notification(job)
  if not news then
    return stop(state, job, { kind = failure.kind, message = message })
  end
  return await(state, job, news)
end

-- ---- its head ----

local function wrong_part(head)
  return {
    kind = "parse",
    code = "wrong_range",
    status = head.status,
    message = "download: the file server sent another part of the file than it was asked for",
    sent = "yes",
    again = "whole",
  }
end

local function changed(state, job)
  job:cancel()
  return final(state, {
    kind = "network",
    code = "changed",
    message = ("download: the download cannot be resumed: the file is not the one that %.0f bytes are of"):format(
      state.at
    ),
    sent = "yes",
  })
end

-- A function has bytes that cannot be taken back: what it has is left out of a file that is sent whole again.
local function begin_sink(state, job, head)
  state.skip = state.at
  state.counts_only = false
  if state.at > 0 and not range.is_same_file(state.have, head) then
    if not state.unsure or state.have.validator then
      return changed(state, job)
    end
    state.counts_only = true
  end
  return true
end

local function begin(state, job, head)
  if state.sink then
    local ok, err = begin_sink(state, job, head)
    if not ok then
      return nil, err
    end
  end
  state.have = { etag = head.etag, modified = head.modified, validator = head.validator, total = head.total }
  if state.place then
    state.at = 0
    local begun, problem = state.place:begin(state.have)
    if not begun then
      job:cancel()
      return final(state, problem)
    end
  end
  return true
end

-- A body that is a file, or the rest of one, is let in. "done": there is nothing left to get.
local function open(state, job, head)
  if head.encoded then
    job:cancel()
    return final(state, {
      kind = "parse",
      code = "encoding",
      status = head.status,
      message = ("download: the file server encoded the file (%s) without a request for it"):format(
        head.encoded
      ),
      sent = "yes",
    })
  end
  local verdict = range.judge(state.have, state.at, head)
  if verdict == "wrong" then
    job:cancel()
    return nil, wrong_part(head)
  elseif verdict == "begin" and state.unsure and head.length == state.at then
    job:cancel()
    return "done"
  elseif verdict == "begin" then
    local begun, problem = begin(state, job, head)
    if not begun then
      return nil, problem
    end
  else
    state.skip = 0
    state.have.total = state.have.total or head.total
  end
  state.from, state.redirects = state.at, 0
  if state.place and not job:done() then
    local accepted, message = job:accept(state.at)
    if not accepted and not job:done() then
      job:cancel()
      return final(state, { kind = "file", message = "download: " .. message })
    end
    state.accepted = true
  end
  return true
end

-- ---- to a function ----

local function give(state, job, bytes)
  if state.skip > 0 then
    local skipped = math.min(state.skip, #bytes)
    state.skip = state.skip - skipped
    bytes = bytes:sub(skipped + 1)
  end
  if bytes == "" then
    return true
  elseif state.counts_only then
    return changed(state, job)
  end
  state.at = state.at + #bytes
  local ok, result, why = protected.call(state.sink, bytes)
  if ok and result ~= false and (result ~= nil or why == nil) then
    return true
  end
  job:cancel()
  return final(state, {
    kind = "callback",
    message = ok and "download: the function that takes the bytes ended it: " .. errors.text(why or "false")
      or "download: the function that takes the bytes raised: " .. errors.text(result),
    sent = "yes",
  })
end

local function feed(state, job)
  while true do
    local bytes = job:read()
    local ok, err
    if bytes then
      ok, err = give(state, job, bytes)
    elseif job:done() then
      return true
    else
      ok, err = await_news(state, job)
    end
    if ok and state.options.on_progress and core.now() - (state.told or 0) >= TICK then
      local told, fields = tell(state, job)
      if not told then
        return stop(state, job, fields)
      end
    end
    if not ok then
      return nil, err
    end
  end
end

-- ---- its end ----

local function refused(client, job, status, body)
  return {
    kind = "api",
    status = status,
    code = "download_refused",
    message = ("download: the file server answered HTTP %d"):format(status),
    location = job:header "Location",
    retry_after = retry.after(job:header "Retry-After", core.time()),
    sent = "yes",
    last = errors.excerpt(body, client.hide),
  }
end

local function short(message, ...)
  return {
    kind = "network",
    code = "truncated",
    message = "download: " .. message:format(...),
    sent = "yes",
    again = "cut",
  }
end

-- Is what came all that there is?
local function count(state, head)
  local at, total = state.at, state.have.total
  if at == 0 then -- no video is empty; it would replace a good file
    local problem = short "the file came empty"
    problem.again = nil
    return nil, problem
  elseif total and at < total then
    local problem = short("the file ended after %.0f of %.0f bytes", at, total)
    problem.again = at - 1 == head.last and "more" or "cut"
    return nil, problem
  elseif total and at > total then
    local problem = short("the file has %.0f bytes where %.0f were announced", at, total)
    problem.again = "whole"
    return nil, problem
  elseif not total and (head.open or head.status == 206) and state.unsure ~= at then
    state.unsure = at -- one more question: what is behind it
    local problem = short("whether the file ends after %.0f bytes cannot be told", at)
    problem.again = "unsure"
    return nil, problem
  end
  return true
end

local function request(state)
  local own = state.client.options
  local ranged = state.at > 0 and not state.whole
  return {
    method = "GET",
    url = state.url,
    headers = state.headers,
    extra_headers = ranged and range.headers(state.have, state.at) or nil,
    output = state.place and state.place.output,
    stream = state.sink ~= nil,
    public = true,
    allow_http = state.url:find "^[hH][tT][tT][pP]:" ~= nil,
    connect_timeout = own.connect_timeout,
    stall_timeout = STALL,
    timeout = math.max(state.deadline - core.now(), 0.001),
    proxy = urls.proxy(own.proxy, state.url),
    ca_file = own.ca_file,
    owner = state.client.owner,
  }
end

-- Until the job is done. "done": the file turned out to be whole.
local function take(state, job)
  local ok, problem = await_news(state, job) -- its head, or its end
  local status = ok and job:status()
  if not status or status < 200 or status > 299 then
    if ok then
      ok, problem = await(state, job, job)
    end
    return ok, problem
  end
  local head = range.read(job)
  state.head = head
  ok, problem = open(state, job, head)
  if ok == true and state.sink then
    ok, problem = feed(state, job)
  elseif ok == true then
    ok, problem = await(state, job, job)
  end
  if state.accepted then
    state.at = state.place:size()
  end
  return ok, problem
end

local function whole(state, job)
  local told, fields = tell(state, job, true)
  if not told then
    return stop(state, job, fields)
  end
  return true
end

---@param state table
---@return true? whole
---@return table? problem or a final error
function transfer.run(state)
  state.head, state.accepted, state.from = nil, false, state.at
  if state.place and state.at > 0 and not state.have.validator and not state.unsure then
    state.at = 0 -- nothing to resume from
  end
  local job, fields = exchange.send(state.engine, request(state))
  if not job then
    fields.message = "download: " .. fields.message
    return nil, fields
  end
  local ok, problem = take(state, job)
  if not ok then
    return nil, problem
  elseif ok == "done" then
    return whole(state, job)
  end
  local status, body, why = job:result()
  if not status then
    why.message, why.curl_code, why.body = "download: " .. body, nil, nil
    why.again = state.head and why.kind == "network" and "cut" or nil
    return nil, why
  elseif status == 416 and state.at > 0 then
    local head = range.read(job)
    local past = state.unsure == state.at and not head.total
    if not past and range.judge(state.have, state.at, head) ~= "done" then
      return nil, wrong_part(head)
    end
  elseif status < 200 or status > 299 then
    return nil, refused(state.client, job, status, body)
  else
    ok, problem = count(state, state.head)
    if not ok then
      return nil, problem
    end
  end
  return whole(state, job)
end

return transfer
