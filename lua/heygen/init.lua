-- require "heygen": the names a program uses. What is behind them, the C core with its libraries included, is loaded
-- when it is first used: requiring the module costs next to nothing, and nothing is open when nginx forks its workers.

---@class heygen
---@field null lightuserdata stands for JSON null in a body
---@field array fun(t: table): table marks a table as a JSON array, which matters when it is empty and goes into `extra`
---or a raw request
local heygen = { _VERSION = "0.1.0" }

local NO_SIMULATOR = "heygen.sim: the simulator is not installed; install the rock heygen-sim "
  .. "(luarocks make rockspec/heygen-sim-dev-1.rockspec), or use make install"

local function check_core(level)
  local ok, problem = pcall(require, "heygen.core")
  if not ok then
    package.loaded["heygen.core"] = nil -- Lua 5.1 would say something else the next time
    local lua = rawget(_G, "jit") and "luajit" or _VERSION:lower():gsub(" ", "")
    local remedy = "heygen: there is no C core for this Lua (from the tree: make build LUA=%s, then "
      .. 'eval "$(make -s env LUA=%s)"): %s'
    error(remedy:format(lua, lua, tostring(problem)), level)
  end
end

local parts = {} -- modules by name

local function load_part(name)
  parts[name] = parts[name] or require("heygen." .. name)
  return parts[name]
end

-- A module of ours, behind which the C core is.
local function part(name)
  if not parts[name] then
    check_core(4)
  end
  return load_part(name)
end

-- What a program calls while it waits and afterwards. Loaded with its first client: the program may change its search
-- path or its directory later, and a job that was paid for must not be lost by that.
local LATER = { "driver", "errors", "http.response", "progress", "task.tasks" }

local function check_dot(name, given, level)
  if given == heygen then
    error(("heygen.%s: call it with a dot, not with a colon: heygen.%s(...)"):format(name, name), level or 3)
  end
end

---Makes a client.
---@param options heygen.Options? see docs/options.md; the key comes from HEYGEN_API_KEY when absent
---@return heygen.Client client raises on unknown or bad options
function heygen.new(options)
  check_dot("new", options)
  -- No tail calls here and below: an error must point at the line that called.
  local client = part "client".new(options, 2)
  for _, name in ipairs(LATER) do
    load_part(name)
  end
  return client
end

local function check_function(name, fn)
  check_dot(name, fn, 4)
  if type(fn) ~= "function" then
    error(("heygen.%s: %s"):format(name, load_part("schema.value").expected("a function", fn)), 3)
  end
end

---Runs `fn(...)` as a task and returns what it returns, when it and all tasks it started have ended. Inside it,
---calls of clients wait without holding up each other. An error in `fn` is raised again.
---@param fn function
---@return any ...
function heygen.run(fn, ...)
  check_function("run", fn)
  return part "task.tasks".run(fn, ...)
end

---Starts `fn(...)` as a task. It advances inside heygen.run or at each client:update().
---@param fn function
---@return heygen.Task
function heygen.spawn(fn, ...)
  check_function("spawn", fn)
  return part "task.tasks".spawn(fn, ...)
end

---Runs functions side by side and waits for all of them.
---@param list function[]
---@return any[]? results the first value of each, in order; nil when one failed
---@return string? message of the first failure
---@return heygen.Error? err the first failure, with `results` and `errors` of all by index
function heygen.all(list)
  check_dot("all", list)
  return load_part("errors").outcome(part "task.tasks".all(list))
end

---Chooses who waits for all callers that have no driver of their own: the host of this process. Without it, cqueues and
---OpenResty are recognised, tasks of heygen.run and heygen.spawn yield, and anything else blocks.
---@param driver string|table|heygen.Driver|nil a name, {name, options}, or await and sleep; nil: as in the beginning
function heygen.use(driver)
  check_dot("use", driver)
  local done, message = part "driver".use(driver)
  if not done then
    error("heygen.use: " .. message, 2)
  end
end

local SLEEP = { type = "seconds" }

---Pauses the caller only: the task when there is one, else the script.
---@param seconds number
---@return boolean? slept nil, "cancelled" when the task was cancelled
---@return string? reason
function heygen.sleep(seconds)
  check_dot("sleep", seconds)
  local problem = load_part("schema.options").problem(SLEEP, seconds)
  if problem then
    error("heygen.sleep: seconds: " .. problem, 2)
  end
  return part "driver".sleep(nil, seconds)
end

---What is known of the HTTP answer a value came in.
---@param value table what a call returned
---@return heygen.Response? response nil when the value came from no answer: an error, or the path of a download
function heygen.response(value)
  return load_part("http.response").of(value)
end

---Makes a display for `on_progress`: bars on a terminal, plain lines elsewhere. NO_COLOR is honoured. Give it as
---on_progress itself, or `display:bar(label)` where several calls run at once.
---@param options heygen.ProgressOptions?
---@return heygen.Progress
function heygen.progress(options)
  check_dot("progress", options)
  local display = load_part("progress").new(options, 2)
  return display
end

---@param value any
---@return boolean is_error true for the error objects of this module
function heygen.is_error(value)
  return load_part("errors").is(value)
end

-- The simulator is installed by a rock of its own.
local function simulator()
  check_core(4)
  local ok, sim = pcall(require, "heygen.sim")
  if not ok and tostring(sim):find("module 'heygen.sim' not found", 1, true) then
    error(NO_SIMULATOR, 3)
  end
  return ok and sim or error(sim, 0)
end

-- Loaded when named: modules of their own, and values of the core.
local VALUES = { null = true, array = true }

setmetatable(heygen, {
  __index = function(self, name)
    local value
    if name == "sim" then
      value = simulator()
    elseif name == "webhook" then
      value = require "heygen.webhook"
    elseif VALUES[name] then
      value = require("heygen.core")[name]
    end
    rawset(self, name, value)
    return value
  end,
})

return heygen
