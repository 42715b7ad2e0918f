-- The options of a wait: every wait takes all of these, whether its subject makes use of them or not.
local checker = require "heygen.schema.options"
local suggest = require "heygen.schema.suggest"
local values = require "heygen.schema.value"

local options = {}

-- Seconds. Jobs take 10 to 45 minutes.
options.defaults = {
  timeout = 3600, -- an hour: longer than any job seen, and the wait can be resumed
  interval = 10, -- the first pause
  max_interval = 30, -- so that the end of rendering is seen at most that late, while the budget of pace.lua lasts
  grace = 300, -- a session's `failed` was seen to turn into `generating` after one to several minutes
  webhook_interval = 960, -- a job of half an hour is then polled once in between: see deliveries.lua
}

local LEAST = { timeout = 0, interval = 0.001, max_interval = 0.001, grace = 0, webhook_interval = 0.001 }

local function check_seconds(name, value, level)
  if type(value) ~= "number" or value ~= value or value < LEAST[name] then
    error(
      ("heygen: wait.%s: expected a number of seconds, %g or more, got %s"):format(
        name,
        LEAST[name],
        type(value) == "number" and values.number_text(value) or values.kind_of(value)
      ),
      level + 1
    )
  end
end

local function refuse_option(name, level)
  local known = { "on_progress", "webhook" }
  for each in pairs(options.defaults) do
    known[#known + 1] = each
  end
  error(
    "heygen: wait." .. tostring(name) .. ": unknown option" .. suggest.hint(tostring(name), known),
    level + 1
  )
end

---Is this the name of an option of a wait?
---@param name any
---@return boolean
function options.is_option(name)
  return name == "on_progress" or name == "webhook" or options.defaults[name] ~= nil
end

---Reads the options of a wait; raises for one that is wrong.
---@param subject heygen.WaitSubject
---@param given any
---@param level integer
---@return table wait
function options.read(subject, given, level)
  if given ~= nil and type(given) ~= "table" then
    error("heygen: wait: expected a table of options, got " .. type(given), level + 1)
  end
  local wait = {}
  for name, value in pairs(given or {}) do
    if name == "on_progress" then
      if not checker.is_callable(value) then
        error("heygen: wait.on_progress: expected a function, got " .. type(value), level + 1)
      end
    elseif name == "webhook" then
      local problem = require("heygen.wait.deliveries").problem(value)
      if problem then
        error("heygen: wait.webhook: " .. problem, level + 1)
      end
    elseif options.defaults[name] then
      check_seconds(name, value, level + 1)
    else
      refuse_option(name, level + 1)
    end
    wait[name] = value
  end
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
