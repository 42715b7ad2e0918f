-- Who waits. A driver is a table of two functions:
--   await(engine, job, seconds) -> true | nil, "timeout" | nil, "cancelled"   until the job is done
--   sleep(engine, seconds)      -> true | nil, "cancelled"
-- "Inside a coroutine" does not mean "may yield": only a task of our own scheduler is yielded, else the caller blocks.
local core = require "heygen.core"
local block = require "heygen.driver.block"
local suggest = require "heygen.suggest"

local drivers = {}

local NAMES = { "block", "scheduler" }

local loaded = package.loaded

local HERE = debug.getinfo(1, "S").source:match "^(@.*)drivers%.lua$"

-- For `error` in the caller: the line outside of this module's files that led here, 0 (no line) when there is none.
local function users_level()
  local level = 3
  local info = HERE and debug.getinfo(level, "S")
  while info and (info.what == "C" or info.what == "tail" or info.source:sub(1, #HERE) == HERE) do
    level = level + 1
    info = debug.getinfo(level, "S")
  end
  return info and level - 1 or 0
end

---The driver for the present caller. Raises when the fixed one cannot work there.
---@param fixed heygen.Driver? the client's own choice
---@return heygen.Driver
function drivers.current(fixed)
  local scheduler = loaded["heygen.scheduler"]
  local in_task = scheduler and scheduler.current()
  if fixed then
    -- Before anything is sent: what nobody can wait for must not be paid for.
    if not in_task and scheduler and fixed == scheduler.driver then
      error('heygen: driver = "scheduler" works only inside heygen.run or heygen.spawn', users_level())
    end
    return fixed
  elseif in_task then
    return scheduler.driver
  end
  return block
end

---Turns the option `driver` into a driver.
---@param given any a name, a table of await and sleep, or nil
---@return heygen.Driver? driver
---@return string? message
function drivers.read(given)
  if given == nil then
    return nil
  elseif type(given) == "table" and type(given.await) == "function" and type(given.sleep) == "function" then
    return given
  elseif type(given) ~= "string" then
    return nil,
      "driver: expected a name (block, scheduler) or a table with await and sleep, got " .. type(given)
  end
  for _, name in ipairs(NAMES) do
    if name == given then
      return (require("heygen.driver." .. name)) -- one value: Lua 5.4 gives the file's name as well
    end
  end
  return nil, ("driver: %q is not known%s"):format(given, suggest.hint(given, NAMES))
end

-- PUC Lua 5.1 cannot yield inside pcall: there, a driver of somebody's own must not raise.
local CAN_GUARD = _VERSION ~= "Lua 5.1" or rawget(_G, "jit") ~= nil

-- What a driver of somebody's own raises must not lose a job that was paid for: it comes back as a reason.
local function guarded(driver, name, ...)
  if driver.built_in or not CAN_GUARD then
    return driver[name](...)
  end
  local ok, done, reason = pcall(driver[name], ...)
  if ok then
    return done, reason
  end
  return nil, ("driver.%s raised: %s"):format(name, tostring(done)), "callback"
end

---Waits for a job.
---@param driver heygen.Driver
---@param engine userdata
---@param job userdata
---@param seconds number? nil: as long as it takes
---@return boolean? done
---@return string? reason "timeout", "cancelled", or what the driver raised
---@return string? kind "callback" when it raised
function drivers.await(driver, engine, job, seconds)
  return guarded(driver, "await", engine, job, seconds)
end

---Pauses the caller.
---@param fixed heygen.Driver?
---@param seconds number
---@return boolean? slept
---@return string? reason "cancelled"
function drivers.sleep(fixed, seconds)
  local engine, message = core.engine()
  if not engine then
    return nil, message
  end
  return guarded(drivers.current(fixed), "sleep", engine, seconds)
end

return drivers
