-- Waits for a batch: many jobs of one request, whose items come in pages. A completed batch with failed items is a
-- result, not an error: the caller finds them among its items.
local failure = require "heygen.wait.failure"
local job_types = require "heygen.wait.job_types"
local loop = require "heygen.wait.loop"
local options = require "heygen.wait.options"
local values = require "heygen.schema.value"

local batch = {}

local text, service_text = values.filled, loop.service_text
local poll_failed, poll_options = loop.poll_failed, loop.poll_options

local TRIES = 3 -- of pages that make no sense: pages that go in circles will not get better

local ENDED = { "completed", "failed", "cancelled" } -- of an item

-- How many items have ended, as far as the answer shows.
local function take_counts(state, object)
  local counts = type(object.counts_by_status) == "table" and object.counts_by_status or {}
  local finished = 0
  for _, name in ipairs(ENDED) do
    finished = finished + (type(counts[name]) == "number" and counts[name] or 0)
  end
  state.counts, state.total = counts, type(object.total_items) == "number" and object.total_items or nil
  state.finished = math.max(state.finished or 0, finished)
  if state.total and state.total > 0 then
    state.progress = math.floor(100 * math.min(state.finished / state.total, 1))
  end
end

-- Adds the items of all further pages to the first one. True; or nil and an error.
local function take_pages(object)
  local page, items = object, object.items
  repeat
    local following, _, err = page:next()
    if err then
      return nil, err
    end
    for _, item in ipairs(following and following.items or {}) do
      items[#items + 1] = item
    end
    page = following
  until not page
  object.has_more, object.next_token = false, nil
  return true
end

-- The first reason that an item of the batch gives, or the batch itself.
local function reason_in(object)
  for _, item in ipairs(object.items) do
    local reason, code = failure.read(item)
    if reason then
      return reason, code
    end
  end
  return failure.read(object)
end

local function batch_failed(state, object)
  local reason, code = reason_in(object)
  return loop.failure(state, {
    kind = "failed",
    message = "the batch failed: " .. (service_text(state, reason) or "the service gives no reason"),
    code = service_text(state, code, 100),
    status = 200,
    last = object,
  })
end

local function poll(client, state)
  local object, _, err = client[state.group]:get_batch(state.batch_id, poll_options(client, state))
  if not object then
    return nil, poll_failed(state, err, state.batch_id)
  end
  loop.polled(state, object)
  take_counts(state, object)
  if object.status ~= "completed" and object.status ~= "failed" then
    return nil
  end
  local whole, page_err = take_pages(object)
  if not whole then -- it has ended, but not all of it has come
    state.torn = page_err.kind == "parse" and (state.torn or 0) + 1 or nil
    page_err.retryable = page_err.retryable and (state.torn or 0) < TRIES
    return nil, poll_failed(state, page_err, state.batch_id)
  elseif object.status == "failed" then
    return nil, batch_failed(state, object)
  end
  state.progress = 100
  return object
end

local SUBJECT = {
  noun = "the batch",
  ids = { "batch_id" },
  poll = poll,
}

function SUBJECT.event_prefix(state)
  return state.group ~= "assets" and "batch" or nil
end

function SUBJECT.unfinished(state)
  return "the batch is", ("client.%s:wait_batch(%q)"):format(state.group, state.batch_id)
end

function SUBJECT.add_to_event(state, event)
  event.finished, event.total, event.counts = state.finished or 0, state.total, state.counts
end

local function identify(target)
  if type(target) == "string" then
    return target
  elseif type(target) ~= "table" then
    return nil, values.expected("a batch_id, a batch or an error that names one", target), true
  end
  local batch_id = text(target.batch_id)
  if batch_id then
    return batch_id
  end
  return nil, "the table given has no batch_id that is a text and not empty" .. job_types.hint(target)
end

---Waits for a batch.
---@param client heygen.Client
---@param group string whose batch it is
---@param target any an id, what the create returned, a batch, or an error that names it
---@param given table? options
---@param level integer
---@return table? batch with all its items
---@return heygen.Error? err
function batch.wait(client, group, target, given, level)
  local call = "client." .. group .. ":wait_batch"
  local wait = options.read(SUBJECT, call, given, level + 1)
  local batch_id, problem, mistake = identify(target)
  if not batch_id then
    return nil, options.refusal(call, problem, mistake, level + 1)
  end
  local state = { group = group, batch_id = batch_id }
  state.idempotency_key = type(target) == "table" and target.idempotency_key or nil
  return loop.run(client, SUBJECT, state, wait, true)
end

return batch
