-- The options of a wait: every wait takes all of these, whether its subject makes use of them or not.
local checker = require "heygen.schema.options"
local errors = require "heygen.errors"

local options = {}

-- Seconds. Jobs take 10 to 45 minutes.
options.defaults = {
  timeout = 3600, -- an hour: longer than any job seen, and the wait can be resumed
  max_interval = 30, -- where cadence.lua does not decide
  grace = 300, -- a session's `failed` was seen to turn into `generating` after one to several minutes
  not_found_grace = 30, -- a job may be known to the create some seconds before it can be read everywhere
  webhook_interval = 960, -- a job of half an hour is then polled once in between: see deliveries.lua
}

local FIRST_PAUSE = 10 -- seconds, where only max_interval is given

local KNOWN = {
  timeout = { type = "seconds", min = 0 },
  interval = { type = "seconds", min = 0.001, finite = true },
  max_interval = { type = "seconds", min = 0.001 },
  grace = { type = "seconds", min = 0 },
  not_found_grace = { type = "seconds", min = 0 },
  webhook_interval = { type = "seconds", min = 0.001 },
  on_progress = checker.shared.on_progress,
  webhook = checker.router "watch",
}

---Whether this is the name of an option of a wait.
---@param name any
---@return boolean
function options.is_option(name)
  return KNOWN[name] ~= nil
end

---Reads the options of a wait; raises for one that is wrong.
---@param subject heygen.WaitSubject
---@param call string as the user writes it, for messages: "client:wait"
---@param given any
---@param level integer
---@param within string? the option of the call that `given` is
---@return table wait
function options.read(subject, call, given, level, within)
  local wait = checker.read(call, given, KNOWN, level + 1, within)
  local usual, own = subject.pace or {}, given and given.max_interval -- it holds, whatever cadence.lua would do
  for name, value in pairs(options.defaults) do
    wait[name] = wait[name] or usual[name] or value
  end
  wait.strict = own ~= nil or usual.max_interval ~= nil
  if wait.strict and not wait.interval then
    wait.interval = math.min(usual.interval or FIRST_PAUSE, wait.max_interval)
  end
  wait.max_interval = math.max(wait.max_interval, wait.interval or 0)
  wait.stretch = given and given.webhook_interval or (not own and wait.webhook_interval)
  return wait
end

---The error for what cannot be waited for; raises for a mistake of the program.
---@param call string
---@param problem string
---@param mistake boolean?
---@param level integer
---@return heygen.Error
function options.refusal(call, problem, mistake, level)
  if mistake then
    error(call .. ": " .. problem, level + 1)
  end
  return errors.new { kind = "invalid", message = call .. ": " .. problem, sent = "no" }
end

return options
