-- One transfer while it runs: how it is waited for, reported to on_progress, let in, and ended for good.
local core = require "heygen.core"
local errors = require "heygen.errors"
local exchange = require "heygen.http.exchange"
local protected = require "heygen.task.protected"

local transfer = {}

function transfer.final(state, fields)
  local _, err = state.fail(fields)
  return nil, err
end

-- Returns true | nil, fields: on_progress raised.
function transfer.report(state, operation, done)
  local hook = state.options.on_progress
  if not hook then
    return true
  end
  local here = state.at
  if state.partial then
    here = operation and state.from + operation:progress() or state.at
  end
  state.received = math.max(here, state.received or 0) -- when a file begins again, the display does not
  state.reported = core.now()
  local ok, raised = protected.call(hook, {
    received = state.received,
    total = state.have.total or (done and state.received) or nil,
    elapsed = state.reported - state.began,
    video_id = state.video_id,
  })
  if ok then
    return true
  end
  return nil, { kind = "callback", message = "on_progress raised: " .. errors.text(raised) }
end

-- Ends the download for good.
function transfer.stop(state, operation, fields)
  operation:cancel()
  fields.message = "client:download: " .. fields.message
  return transfer.final(state, fields)
end

-- Until `awaited` is done: the operation, or a notification of it.
function transfer.await(state, operation, awaited)
  local notify = state.options.on_progress and function()
    return transfer.report(state, operation)
  end
  local done, fields = exchange.await(state.driver, state.engine, awaited, notify)
  if not done then
    return transfer.stop(state, operation, fields)
  end
  return true
end

function transfer.await_news(state, operation)
  local news, message, failure = state.engine:notification(operation)
  if not news then
    return transfer.stop(state, operation, { kind = failure.kind, message = message })
  end
  return transfer.await(state, operation, news)
end

function transfer.let_in(state, operation)
  local accepted, message = operation:accept(state.at)
  if not accepted and not operation:done() then
    return transfer.stop(state, operation, { kind = "file", message = message })
  end
  state.accepted = true
  return true
end

return transfer
