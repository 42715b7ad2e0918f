-- Who waits. A driver is a table of two functions:
--   await(engine, job, seconds) -> true | nil, "timeout" | nil, "cancelled"   until the job is done
--   sleep(engine, seconds)      -> true | nil, "cancelled"
-- "Inside a coroutine" does not mean "may yield": only what a known host resumes is suspended, else the caller blocks.
local core = require "heygen.core"
local block = require "heygen.driver.block"
local hub = require "heygen.driver.waiters"
local suggest = require "heygen.schema.suggest"
local task = require "heygen.task.task"

local drivers = {}

local NAMES = { "block", "copas", "cqueues", "luv", "resty", "scheduler" }

local loaded = package.loaded
local current_task = task.current
local isyieldable = core.isyieldable -- nil, neither true nor false, on PUC Lua 5.1

local default -- of heygen.use

local HERE = debug.getinfo(1, "S").source:match "^(@.*)driver[/\\]init%.lua$"

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

-- ---- which one ----

-- The host that the caller is recognised to be in. Looks only at what is loaded.
local function detect()
  local cqueues = loaded.cqueues
  if cqueues and type(cqueues) == "table" then
    local _, direct = cqueues.running()
    if direct then
      return require "heygen.driver.cqueues"
    end
  end
  local ngx = loaded.ngx
  if ngx and type(ngx) == "table" and ngx.get_phase then
    return require "heygen.driver.resty"
  end
end

-- Raises when the driver cannot suspend the caller: before anything is sent, as what nobody can wait for must not be
-- paid for.
local function must_suspend(driver, current)
  local able, why = true, nil
  if not (current and current.host == driver) then
    able, why = driver.able(current)
  end
  if able and isyieldable() == false then
    able = nil
    why = "cannot wait in here: a C function is in between, such as table.sort, string.gsub, or require at the top "
      .. "level of a module; call it from a function of your own"
  end
  if not able then
    error("heygen: " .. why, users_level())
  end
  return driver
end

---The driver for the present caller. Raises when it cannot work there.
---@param fixed heygen.Driver? the client's own choice
---@return heygen.Driver
function drivers.current(fixed)
  local current = current_task()
  if current and not fixed and isyieldable() ~= false then
    return current.host -- as a rule
  end
  local driver = fixed or (current and current.host) or default or detect()
  if not driver then
    return block
  elseif driver.able then
    return must_suspend(driver, current)
  end
  return driver
end

---The host that starts tasks of the present caller.
---@return table host
function drivers.host()
  local current = current_task()
  local driver = current and current.host or default or detect()
  local host = driver and (driver.host or driver)
  return host and host.begin and host or require "heygen.driver.scheduler"
end

---The host that can suspend the present caller, and the caller's task when it is one. Nothing in a plain script.
---@return table? host
---@return heygen.Task? current
function drivers.place()
  local current = current_task()
  local driver = current and current.host or default or detect()
  local host = driver and (driver.host or driver)
  if not host or not host.begin then
    return nil
  elseif not current and host.outside and host.outside() then
    return nil -- it is not running yet, or does not run the caller: see drivers.loop
  end
  must_suspend(driver, current)
  return host, current
end

---Runs a host until `over()`, for a caller that it cannot suspend.
---@param host table
---@param over fun(): boolean
---@param self heygen.Task? whom it is for
function drivers.loop(host, over, self)
  if not host.loop or (host.outside and not host.outside()) then
    error(
      ("heygen: a task of %s can be waited for in a coroutine of it only"):format(host.name),
      users_level()
    )
  end
  host.loop(over, self)
end

-- ---- as options ----

local function by_name(name, given)
  for _, known in ipairs(NAMES) do
    if known == name then
      local module = "heygen.driver." .. name
      local ok, driver = pcall(require, module)
      if not ok then
        loaded[module] = nil -- or Lua 5.1 says "loop or previous error" from now on
        return nil, ('driver: "%s" cannot be used here: %s'):format(name, tostring(driver):match "^[^\n]*")
      elseif given and driver.configure then
        return driver.configure(given)
      end
      for option in pairs(given or {}) do
        if option ~= 1 then
          return nil, ('driver: "%s" has no option %s'):format(name, tostring(option))
        end
      end
      return driver
    end
  end
  return nil, ("driver: %q is not known%s"):format(name, suggest.hint(name, NAMES))
end

---Turns the option `driver` into a driver.
---@param given any a name, {name, options}, a table of await and sleep, or nil
---@return heygen.Driver? driver
---@return string? message
function drivers.read(given)
  if given == nil then
    return nil
  elseif type(given) == "string" then
    return by_name(given)
  elseif type(given) == "table" and type(given.await) == "function" and type(given.sleep) == "function" then
    return given
  elseif type(given) == "table" and type(given[1]) == "string" then
    return by_name(given[1], given)
  elseif type(given) == "table" and (given.await or given.sleep) then
    local missing = type(given.await) == "function" and "sleep" or "await"
    return nil, ("driver: %s: expected a function, got %s"):format(missing, type(given[missing]))
  end
  return nil,
    ("driver: expected a name (%s), a table of a name and options, or a table with await and sleep, got %s"):format(
      table.concat(NAMES, ", "),
      type(given)
    )
end

---Chooses the driver of all callers that have no other; nil: found out at each call, as in the beginning.
---@param given any as for drivers.read
---@return boolean? done
---@return string? message
function drivers.use(given)
  local driver, message = drivers.read(given)
  if message then
    return nil, message
  end
  default = driver
  return true
end

-- ---- waiting ----

-- PUC Lua 5.1 cannot yield inside pcall: there, a driver of somebody's own must not raise.
local CAN_GUARD = _VERSION ~= "Lua 5.1" or rawget(_G, "jit") ~= nil

local function delivered(engine, ...)
  hub.deliver(engine) -- it may have finished what others wait for
  return ...
end

-- What a driver of somebody's own raises must not lose a job that was paid for: it comes back as a reason.
local function guarded(driver, name, engine, ...)
  if driver.built_in then
    return driver[name](engine, ...)
  elseif not CAN_GUARD then
    return delivered(engine, driver[name](engine, ...))
  end
  local ok, done, reason = delivered(engine, pcall(driver[name], engine, ...))
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
  if driver.built_in then
    return driver.await(engine, job, seconds)
  end
  return guarded(driver, "await", engine, job, seconds)
end

---Pauses the caller.
---@param fixed heygen.Driver?
---@param seconds number
---@return boolean? slept
---@return string? reason "cancelled"
function drivers.sleep(fixed, seconds)
  local driver = drivers.current(fixed)
  local engine, message = core.engine()
  if not engine then
    return nil, message
  end
  return guarded(driver, "sleep", engine, seconds)
end

return drivers
