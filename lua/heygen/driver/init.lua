-- Which driver waits for the present caller. A driver is a table of two functions:
--   await(engine, operation, seconds) -> true | nil, "timeout" | nil, "cancelled"   until the operation is done
--   sleep(engine, seconds)            -> true | nil, "cancelled"
-- Those of this module can run tasks as well (see task/task.lua), or name the one that does in `tasks`.
-- "Inside a coroutine" does not mean "may yield": only what a known driver resumes is suspended, else the caller
-- blocks.
local core = require "heygen.core"
local block = require "heygen.driver.block"
local blocking = require "heygen.driver.blocking"
local interrupt = require "heygen.driver.interrupt"
local protected = require "heygen.task.protected"
local scheduler = require "heygen.driver.scheduler"
local task = require "heygen.task.task"
local waiters = require "heygen.driver.waiters"
local values = require "heygen.schema.value"

local drivers = {}

local NAMES = { "block", "copas", "cqueues", "luv", "resty", "scheduler" }

local loaded = package.loaded
local running = coroutine.running
local isyieldable = core.isyieldable -- nil, neither true nor false, on PUC Lua 5.1

-- The caller's task. A plain script has none: there the coroutine is none, or the main one.
local function current_task()
  local co, is_main = running()
  return co and not is_main and task.current() or nil
end

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

---Where the user's code called: for messages.
---@return string? place "file:line"
function drivers.users_place()
  local level = users_level()
  local info = level > 0 and debug.getinfo(level, "Sl")
  return info and info.currentline > 0 and ("%s:%d"):format(info.short_src, info.currentline) or nil
end

-- ---- which one ----

local found = {} -- drivers by name

local function built_in(name)
  local module = "heygen.driver." .. name
  found[name] = found[name] or require(module)
  return found[name]
end

---Loads the drivers that `detect` may choose, so that no search path matters when a caller waits.
function drivers.load()
  for library, name in pairs { cqueues = "cqueues", ngx = "resty" } do
    if type(loaded[library]) == "table" then
      pcall(built_in, name) -- what is wrong with it is raised where it is used
    end
  end
end

-- The driver that the caller is recognised to be in. Checks only modules that are loaded.
local function detect()
  local cqueues = loaded.cqueues
  if cqueues and type(cqueues) == "table" then
    local controller, direct = cqueues.running()
    if direct or (controller and protected.in_relay_of_cqueues()) then
      return built_in "cqueues"
    end
  end
  local ngx = loaded.ngx
  if ngx and type(ngx) == "table" and ngx.get_phase then
    return built_in "resty"
  end
end

-- Raises when the driver cannot suspend the caller: before anything is sent, so that no create is paid for
-- whose answer no caller receives.
local function must_suspend(driver, current)
  local able, why = true, nil
  if not (current and current.driver == driver) then
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
---@return boolean? by_default it blocks because nothing else was chosen or recognised
function drivers.current(fixed)
  local current = current_task()
  if current and not fixed and isyieldable() ~= false then
    return current.driver -- as a rule
  end
  local driver = fixed or (current and current.driver) or default or detect()
  if not driver then
    return block, true
  elseif driver.able then
    return must_suspend(driver, current)
  end
  return driver
end

-- What runs tasks where the caller is, if anything does.
local function task_driver(current)
  local driver = current and current.driver or default or detect()
  driver = driver and (driver.tasks or driver)
  return driver and driver.begin and driver
end

---The driver that starts tasks of the present caller.
---@return table driver
function drivers.for_tasks()
  return task_driver(current_task()) or scheduler
end

---The driver that can suspend the present caller, and the caller's task when it is one. Nothing in a plain script.
---@return table? driver
---@return heygen.Task? current
function drivers.around()
  local current = current_task()
  local driver = task_driver(current)
  if not driver then
    return nil
  elseif not current and driver.outside and driver.outside() then
    return nil -- it is not running yet, or does not run the caller: see drivers.loop
  end
  must_suspend(driver, current)
  return driver, current
end

---Runs a driver until `over()`, for a caller that it cannot suspend.
---@param driver table
---@param over fun(): boolean
---@param self heygen.Task? that it is for
function drivers.loop(driver, over, self)
  if not driver.loop or (driver.outside and not driver.outside()) then
    error(
      ("heygen: a task of %s can be waited for in a coroutine of it only"):format(driver.name),
      users_level()
    )
  end
  if driver == scheduler and not default then
    blocking.warn(drivers.users_place)
  end
  interrupt.guard(driver.loop, over, self)
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
          return nil, ('driver%s: unknown option, "%s" has none'):format(values.step(option), name)
        end
      end
      return driver
    end
  end
  return nil, "driver: " .. values.one_of(name, NAMES)
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
    return nil, ("driver.%s: "):format(missing) .. values.expected("a function", given[missing])
  end
  return nil,
    ("driver: expected a name (%s), a table of a name and options, or a table with await and sleep, got %s"):format(
      table.concat(NAMES, ", "),
      values.given(given)
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

-- What a user's driver raises must not lose an operation that was paid for: it comes back as a reason. In
-- PUC Lua 5.1 such a driver must not raise: a relay would hide from it which coroutine it has to resume.
local call_driver = protected.NO_YIELD_IN_PCALL and function(fn, ...)
  return true, fn(...)
end or pcall

local function delivered(engine, name, ok, done, reason)
  waiters.deliver(engine) -- what others wait for may be done as well
  if ok then
    return done, reason
  end
  return nil, ("driver.%s raised: %s"):format(name, tostring(done)), "callback"
end

---Waits for an operation.
---@param driver heygen.Driver
---@param engine heygen.engine
---@param operation heygen.operation
---@param seconds number? nil: as long as it takes
---@return boolean? done
---@return string? reason "timeout", "cancelled", or what the driver raised
---@return string? kind "callback" when it raised
function drivers.await(driver, engine, operation, seconds)
  if driver.built_in then
    return driver.await(engine, operation, seconds)
  end
  return delivered(engine, "await", call_driver(driver.await, engine, operation, seconds))
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
  if driver.built_in then
    return driver.sleep(engine, seconds)
  end
  return delivered(engine, "sleep", call_driver(driver.sleep, engine, seconds))
end

return drivers
