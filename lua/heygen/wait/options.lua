-- The options of a wait: every wait takes all of these, whether its subject makes use of them or not.
local checker = require "heygen.schema.options"

local options = {}

-- Seconds. Jobs take 10 to 45 minutes.
options.defaults = {
  timeout = 3600, -- an hour: longer than any job seen, and the wait can be resumed
  interval = 10, -- the first pause
  max_interval = 30, -- so that the end of rendering is seen at most that late, while the budget of pace.lua lasts
  grace = 300, -- a session's `failed` was seen to turn into `generating` after one to several minutes
  not_found_grace = 30, -- a job may be known to the create some seconds before it can be read everywhere
  webhook_interval = 960, -- a job of half an hour is then polled once in between: see deliveries.lua
}

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
  for name, value in pairs(options.defaults) do
    wait[name] = wait[name] or (subject.pace and subject.pace[name]) or value
  end
  wait.strict = given ~= nil and given.max_interval ~= nil -- the caller's own value holds, there is no budget
  if wait.strict and not given.interval then
    wait.interval = math.min(wait.interval, wait.max_interval)
  end
  wait.max_interval = math.max(wait.max_interval, wait.interval)
  wait.stretch = given and given.webhook_interval or (not wait.strict and wait.webhook_interval)
  return wait
end

return options
