-- Waits for a batch: many jobs of one request, whose items come in pages. One that ends with failed items is a result
-- all the same; who asked looks at its items.
local jobs = require "heygen.wait.kinds"
local waiting = require "heygen.wait.loop"

local batch_wait = {}

local text, said, fail = waiting.text, waiting.said, waiting.fail
local look_failed, look_options = waiting.look_failed, waiting.look_options

local TRIES = 3 -- of pages that make no sense: those of a service that goes in circles will not get better

local ENDED = { "completed", "failed", "cancelled" } -- of an item

-- How many items have ended, as far as the service says.
local function take_counts(state, batch)
  local counts = type(batch.counts_by_status) == "table" and batch.counts_by_status or {}
  local finished = 0
  for _, name in ipairs(ENDED) do
    finished = finished + (type(counts[name]) == "number" and counts[name] or 0)
  end
  state.counts, state.total = counts, type(batch.total_items) == "number" and batch.total_items or nil
  state.finished = math.max(state.finished or 0, finished)
  if state.total and state.total > 0 then
    state.progress = math.floor(100 * math.min(state.finished / state.total, 1))
  end
end

-- Adds the items of all further pages to the first one. True; or nil and an error.
local function take_pages(batch)
  local page, items = batch, batch.items
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
  batch.has_more, batch.next_token = false, nil
  return true
end

-- The first reason that an item of the batch gives.
local function reason_in(batch)
  for _, item in ipairs(batch.items) do
    local problem = type(item) == "table" and item.error
    if type(problem) == "table" then
      local message, code = text(problem.message), text(problem.code)
      if message or code then
        return message or code, code
      end
    elseif text(problem) then
      return problem
    end
  end
end

local function batch_failed(state, batch)
  local reason, code = reason_in(batch)
  return fail(state, {
    kind = "failed",
    message = "the batch failed: " .. (said(state, reason) or "the service gives no reason"),
    code = said(state, code, 100),
    status = 200,
    last = batch,
  })
end

local function look(client, state)
  local batch, _, err = client[state.group]:get_batch(state.batch_id, look_options(client, state))
  if not batch then
    return look_failed(state, err)
  end
  waiting.saw(state, batch)
  take_counts(state, batch)
  if batch.status ~= "completed" and batch.status ~= "failed" then
    return nil
  end
  local whole, page_err = take_pages(batch)
  if not whole then -- it has ended, but not all of it has come
    state.torn = page_err.kind == "parse" and (state.torn or 0) + 1 or nil
    page_err.retryable = page_err.retryable and (state.torn or 0) < TRIES
    return look_failed(state, page_err)
  elseif batch.status == "failed" then
    return batch_failed(state, batch)
  end
  state.progress = 100
  return batch
end

local KIND = {
  noun = "the batch",
  ids = { "batch_id" },
  look = look,
  phase = waiting.phase,
}

function KIND.tells(state)
  return state.group ~= "assets" and "batch" or nil
end

function KIND.unfinished(state)
  return "the batch is", ("client.%s:wait_batch(%q)"):format(state.group, state.batch_id)
end

function KIND.tell(state, event)
  event.finished, event.total, event.counts = state.finished or 0, state.total, state.counts
end

local function identify(target)
  if type(target) == "string" then
    return target
  elseif type(target) ~= "table" then
    return nil, "expected a batch_id, a batch or an error that names one, got " .. type(target), true
  end
  local batch_id = text(target.batch_id)
  if batch_id then
    return batch_id
  end
  return nil, "the table given has no batch_id that is a text and not empty" .. jobs.hint(target)
end

---Waits for a batch.
---@param client heygen.Client
---@param group string whose batch it is
---@param target any an id, what the create returned, a batch, or an error that names it
---@param given table? options
---@param level integer
---@return table? batch with all its items
---@return string? message
---@return heygen.Error? err
function batch_wait.wait(client, group, target, given, level)
  local wait = waiting.read(KIND, given, level + 1)
  local batch_id, problem, mistake = identify(target)
  if not batch_id then
    local _, message, err = waiting.refuse(group .. ":wait_batch", problem, mistake, level + 1)
    return nil, message, err
  end
  local state = { group = group, batch_id = batch_id }
  state.idempotency_key = type(target) == "table" and target.idempotency_key or nil
  local batch, message, err = waiting.run(client, KIND, state, wait, true)
  return batch, message, err
end

return batch_wait
