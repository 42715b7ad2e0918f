-- What a wait shows while it lasts: calls of on_progress, and ticks of a display during pauses.
local core = require "heygen.core"
local errors = require "heygen.errors"
local interrupt = require "heygen.driver.interrupt"
local pauses = require "heygen.driver.pause"
local protected = require "heygen.task.protected"

local emit = {}

emit.TICK = 1 -- seconds

-- What on_progress raises must not lose the job: it is reported once, and the wait continues.
local function report(client, state, raised)
  if state.has_reported then
    return
  end
  state.has_reported = true
  local text = errors.printable(state.hide(errors.text(raised)), 500)
  local line = ("heygen: on_progress raised: %s (the wait continues)"):format(text)
  if client.options.log then
    pcall(client.options.log, line)
  else
    io.stderr:write(line, "\n")
  end
end

-- Calls what the user gave: it may wait, and what it raises does not end the wait, but Ctrl-C does.
local function call(client, state, fn, ...)
  local ok, raised = protected.call(fn, ...)
  if not ok and interrupt.is(raised) then
    if state.interrupted then -- in a task as well: LuaJIT raises it in whatever runs
      state.interrupted(state)
    end
    error(raised, 0)
  elseif not ok then
    report(client, state, raised)
  end
end

---Calls on_progress with an event.
---@param client heygen.Client
---@param state table see loop.lua
---@param wait table
function emit.event(client, state, wait)
  local subject = state.subject
  local event = {
    status = state.status,
    progress = state.progress or 0,
    elapsed = core.now() - state.began,
    age = state.age,
    expected = state.expected,
    err = state.poll_error,
  }
  for _, name in ipairs(subject.ids) do
    event[name] = state[name]
  end
  if subject.add_to_event then
    subject.add_to_event(state, event)
  end
  call(client, state, wait.on_progress, event)
end

---Keeps the clock of a display going.
---@param client heygen.Client
---@param state table with `tick`
function emit.tick(client, state)
  call(client, state, state.tick)
end

---The function that keeps the clock of a display going, if on_progress is one.
---@param on_progress any
---@return function?
function emit.ticker(on_progress)
  local found, tick = pcall(function()
    return type(on_progress) == "table" and on_progress.tick
  end)
  if found and type(tick) == "function" then
    return function()
      tick(on_progress)
    end
  end
end

---Pauses, until `state.waker` ends the pause; while `state.tick` is there, it is called once a second.
---@param client heygen.Client
---@param state table
---@param seconds number
---@return boolean? slept
---@return string? reason
---@return string? kind of the error, when it is not "cancelled"
function emit.sleep(client, state, seconds)
  local stop = core.now() + seconds
  repeat
    local left = math.max(stop - core.now(), 0)
    local slept, reason, kind =
      pauses.sleep(client, state.tick and math.min(left, emit.TICK) or left, state.waker)
    if not slept then
      return nil, reason, kind
    elseif state.tick then
      emit.tick(client, state)
    end
  until state.entry or core.now() >= stop
  return true
end

return emit
