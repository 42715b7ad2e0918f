-- One request for a file, or for the rest of it: into its partial file, or to a function.
--
--   1. The request asks for the bytes from `state.at` on, by Range and If-Range where a validator is known.
--   2. When the head of the answer is here, judge.head decides: the body continues what is here (append), is the whole
--      file (begin), or is no such thing; then it is not let in. What a function has already cannot be taken back: of
--      a file that is sent whole again that much is skipped.
--   3. The body is let in. The core writes it to the partial file; pieces for a function are read and handed on.
--   4. At the end it is counted, and the first bytes are checked: an error page is no video.
--
-- Gives true when the file is whole, else nil and what is wrong: fields of an error that another request may mend, with
-- `again` (the kind of remedy), or an error object, which is final.
local core = require "heygen.core"
local errors = require "heygen.errors"
local exchange = require "heygen.http.exchange"
local judge = require "heygen.download.judge"
local problems = require "heygen.download.problems"
local protected = require "heygen.task.protected"
local transfer = require "heygen.download.transfer"
local urls = require "heygen.schema.url"

local fetch = {}

local TICK = 0.25 -- seconds between two calls of on_progress, while a function takes the bytes
local STALL = 60 -- seconds without a byte: the connection is dead
local BEGINNING = 512 -- bytes that are enough to know a page
local PAGE = 2000 -- bytes of a page that an error shows

-- ---- a page is read for its beginning ----

local function read_page_stream(state, operation)
  local parts, size = {}, 0
  while size < PAGE do
    local bytes = operation:read()
    if bytes then
      parts[#parts + 1], size = bytes, size + #bytes
    elseif operation:done() then
      break
    else
      local ok, err = transfer.await_news(state, operation)
      if not ok then
        return nil, err
      end
    end
  end
  return table.concat(parts)
end

-- Into the partial file, where nothing is in it that could be lost.
local function read_page_file(state, operation)
  if state.at > 0 then
    return nil
  end
  local begun = state.partial:begin {}
  if not begun or not transfer.let_in(state, operation) then
    return nil
  end
  exchange.await(state.driver, state.engine, operation, function()
    return state.partial:size() < PAGE or nil, {}
  end)
  operation:cancel()
  local beginning = state.partial:beginning(PAGE)
  state.accepted = false
  state.partial:begin {}
  return beginning
end

local function read_page(state, operation, head)
  local beginning, err
  if state.sink then
    beginning, err = read_page_stream(state, operation)
  elseif not operation:done() then
    beginning, err = read_page_file(state, operation)
  end
  operation:cancel()
  return nil, err or problems.page(state.client, head, beginning)
end

-- ---- its head ----

local function changed(state, operation)
  operation:cancel()
  return transfer.final(state, problems.changed(state.at))
end

-- A function has bytes that cannot be taken back: what it has is left out of a file that is sent whole again.
local function begin_sink(state, operation, head)
  state.skip = state.at
  state.counts_only = false
  if state.at > 0 and not judge.is_same_file(state.have, head) then
    if not state.unsure or state.have.validator then
      return changed(state, operation)
    end
    state.counts_only = true
  end
  return true
end

local function begin(state, operation, head)
  if state.sink then
    local ok, err = begin_sink(state, operation, head)
    if not ok then
      return nil, err
    end
  end
  state.have = { etag = head.etag, modified = head.modified, validator = head.validator, total = head.total }
  if state.partial then
    state.at = 0
    local begun, problem = state.partial:begin(state.have)
    if not begun then
      operation:cancel()
      return transfer.final(state, problem)
    end
  end
  return true
end

-- A body that is a file, or the rest of one, is let in. "done": there is nothing left to get.
local function open(state, operation, head)
  local verdict = judge.head(state.have, state.at, head, state.wants_media)
  if verdict == "page" then
    return read_page(state, operation, head)
  elseif verdict == "encoded" then
    operation:cancel()
    return transfer.final(state, problems.encoded(head))
  elseif verdict == "wrong" and state.sink and not head.partial and head.status ~= 416 then
    return changed(state, operation)
  elseif verdict == "empty" or verdict == "wrong" then
    operation:cancel()
    return nil, verdict == "empty" and problems.empty() or problems.wrong_part(head)
  elseif verdict == "begin" and state.unsure and state.at > 0 and head.length == state.at then
    operation:cancel()
    return "done"
  elseif verdict == "begin" then
    local begun, problem = begin(state, operation, head)
    if not begun then
      return nil, problem
    end
  else
    state.skip = 0
    state.have.total = state.have.total or head.total
  end
  state.from, state.redirects = state.at, 0
  if state.partial and not operation:done() then
    return transfer.let_in(state, operation)
  end
  return true
end

-- ---- to a function ----

local function give(state, operation, bytes)
  if state.skip > 0 then
    local skipped = math.min(state.skip, #bytes)
    state.skip = state.skip - skipped
    bytes = bytes:sub(skipped + 1)
  end
  if bytes == "" then
    return true
  elseif state.counts_only then
    return changed(state, operation)
  end
  state.at = state.at + #bytes
  local ok, result, why = protected.call(state.sink, bytes)
  if ok and result ~= false and (result ~= nil or why == nil) then
    return true
  end
  operation:cancel()
  return transfer.final(state, {
    kind = "callback",
    message = ok and "client:download: the function that takes the bytes ended it: " .. errors.text(
      why or "false"
    ) or "client:download: the function that takes the bytes raised: " .. errors.text(result),
    sent = "yes",
  })
end

-- The first bytes are held back until it is clear that they are no page.
local function give_checked(state, operation, bytes, ended)
  if state.at > 0 or state.skip > 0 or not state.wants_media then
    return give(state, operation, bytes)
  end
  bytes = state.held .. bytes
  if judge.is_page(bytes) then
    local rest = ended and "" or read_page_stream(state, operation) or ""
    operation:cancel()
    state.held = ""
    return nil, problems.page(state.client, state.head, bytes .. rest)
  elseif #bytes < BEGINNING and not ended then
    state.held = bytes
    return true
  end
  state.held = ""
  return give(state, operation, bytes)
end

local function feed(state, operation)
  state.held = ""
  while true do
    local bytes = operation:read()
    local ok, err
    if bytes then
      ok, err = give_checked(state, operation, bytes, false)
    elseif operation:done() then
      return give_checked(state, operation, "", true)
    else
      ok, err = transfer.await_news(state, operation)
    end
    if ok and state.options.on_progress and core.now() - (state.reported or 0) >= TICK then
      local reported, fields = transfer.report(state, operation)
      if not reported then
        return transfer.stop(state, operation, fields)
      end
    end
    if not ok then
      return nil, err
    end
  end
end

-- ---- its end ----

-- Whether what came is all that there is.
local function count(state, head)
  local at, total = state.at, state.have.total
  if at == 0 then
    return nil, problems.empty()
  elseif state.skip > 0 then
    return nil, problems.short("the file that was sent again ended before the %.0f bytes that came first", at)
  elseif total and at < total then
    local problem = problems.short("the file ended after %.0f of %.0f bytes", at, total)
    problem.again = at - 1 == head.last and "more" or "cut"
    return nil, problem
  elseif total and at > total then
    local problem = problems.short("the file has %.0f bytes where %.0f were announced", at, total)
    problem.again = "whole"
    return nil, problem
  elseif not total and (head.open or head.partial) and state.unsure ~= at then
    state.unsure = at -- one more question: what is behind it
    local problem = problems.short("whether the file ends after %.0f bytes cannot be told", at)
    problem.again = "unsure"
    return nil, problem
  end
  return true
end

-- Whether what came is a page, in this request or in one before.
local function check_beginning(state)
  local beginning = state.partial and state.wants_media and state.partial:beginning(PAGE)
  if not beginning or not judge.is_page(beginning) then
    return true
  end
  state.at, state.have, state.unsure = 0, {}, nil
  state.partial:begin {}
  return nil, problems.page(state.client, state.head or { status = 200 }, beginning)
end

-- All bytes are here.
local function finish(state, operation)
  local checked, problem = check_beginning(state)
  if not checked then
    return nil, problem
  end
  local reported, fields = transfer.report(state, operation, true)
  if not reported then
    fields.message = "client:download: " .. fields.message
    return transfer.final(state, fields)
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
    extra_headers = ranged and judge.headers(state.have, state.at) or nil,
    output = state.partial and state.partial.output,
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

-- Until the operation is done. "done": the file turned out to be whole.
local function take(state, operation)
  local ok, problem = transfer.await_news(state, operation) -- its head, or its end
  local status = ok and operation:status()
  if not status or status < 200 or status > 299 then
    if ok then
      ok, problem = transfer.await(state, operation, operation)
    end
    return ok, problem
  end
  local head = judge.read(operation)
  state.head = head
  ok, problem = open(state, operation, head)
  if ok == true and state.sink then
    ok, problem = feed(state, operation)
  elseif ok == true then
    ok, problem = transfer.await(state, operation, operation)
  end
  if state.accepted then
    state.at = state.partial:size()
  end
  return ok, problem
end

---Ends a download of which all bytes turned out to be here.
---@param state table
---@return true? whole
---@return heygen.Error? err
function fetch.finish(state)
  local done, problem = finish(state)
  if done or errors.is(problem) then
    return done, problem
  end
  return state.fail(problem)
end

---@param state table
---@return true? whole
---@return table? problem or a final error
function fetch.run(state)
  state.head, state.accepted, state.from = nil, false, state.at
  if state.partial and state.at > 0 and not state.have.validator and not state.unsure then
    state.at = 0 -- nothing to resume from
  end
  local operation, fields = exchange.send(state.engine, request(state))
  if not operation then
    fields.message = "client:download: " .. fields.message
    return nil, fields
  end
  local ok, problem = take(state, operation)
  if not ok then
    return nil, problem
  elseif ok == "done" then
    return finish(state, operation)
  end
  local status, body, failure = operation:result()
  if not status then
    failure.message, failure.curl_code, failure.body = "client:download: " .. body, nil, nil
    failure.again = state.head and failure.kind == "network" and "cut" or nil
    return nil, failure
  elseif status == 416 and state.at > 0 then
    local head = judge.read(operation)
    local past = state.unsure == state.at and not head.total
    if not past and judge.head(state.have, state.at, head) ~= "done" then
      return nil, problems.wrong_part(head)
    end
  elseif status < 200 or status > 299 then
    return nil, problems.refused(state.client, operation, status, body)
  else
    ok, problem = check_beginning(state)
    if ok then
      ok, problem = count(state, state.head)
    end
    if not ok then
      return nil, problem
    end
  end
  return finish(state, operation)
end

return fetch
