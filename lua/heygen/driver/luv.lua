-- The driver for luv: a poll handle watches the engine while there are operations, and resumes the coroutines that
-- wait. Any coroutine of the program may wait. Never chosen by itself: heygen.use "luv", or the option of a client.
local waiters = require "heygen.driver.waiters"
local wake_queue = require "heygen.driver.wake_queue"
local protected = require "heygen.task.protected"
local task = require "heygen.task.task"
local uv = require "luv"

local driver = { name = "luv" }

local POLL_INTERVAL = 10 -- milliseconds between two polls where the system has no descriptor to watch

local running, create = coroutine.running, coroutine.create
local resume, status, yield = coroutine.resume, coroutine.status, coroutine.yield

local tasks = setmetatable({}, { __mode = "k" }) -- coroutine -> task whose coroutine it is
local raised -- the first error of a coroutine of the program

local function is_main()
  local co, main = running()
  return co == nil or main == true
end

local function loop_runs()
  return uv.loop_mode and uv.loop_mode() ~= nil
end

function driver.able(self)
  if self and self.driver == driver then
    return true
  elseif self then
    return nil, 'driver = "luv" cannot wait in a task of another driver; heygen.use "luv" before heygen.spawn'
  end
  local elsewhere = wake_queue.elsewhere "luv"
  if elsewhere then
    return nil, elsewhere
  elseif not is_main() then
    if driver.nested() then
      return nil,
        'driver = "luv" cannot wait in a coroutine that another one of luv\'s has made: '
          .. "heygen.spawn starts one that can"
    end
    return true
  elseif loop_runs() then
    return nil, 'driver = "luv" cannot wait in a callback: start a coroutine in it, or heygen.spawn'
  end
  return nil, 'driver = "luv" works only in a coroutine, or in heygen.run'
end

function driver.outside()
  return is_main() and not loop_runs()
end

-- ---- coroutines ----

local function continue(co, ...)
  if status(co) ~= "suspended" then
    return
  end
  local self = tasks[co]
  driver.entered(co)
  if self then
    if task.resumed(self, co, resume(co, ...)) then
      tasks[co] = nil
    end
    return
  end
  local ok, message = resume(co, ...)
  if not ok and raised == nil then
    raised = type(message) == "string" and debug.traceback(co, message) or message
  end
end

local flush = wake_queue.give(driver, continue, function()
  yield()
end)

function driver.here()
  return { driver = driver, co = protected.running() }
end

function driver.begin(self, fn, arguments)
  local co = create(function(...) -- PUC Lua 5.1 makes no coroutine of a C function
    return fn(...)
  end)
  tasks[co] = self
  task.enter(co, self)
  driver.launch(co, task.unpack(arguments, 1, arguments.n))
end

-- ---- the pump ----

local handle, polled, watched, active

local function on_ready()
  local engine = watched
  engine:poll()
  repeat -- those that are resumed may close the engine, and with it what others wait for
    local news = waiters.deliver(engine)
    flush()
  until not news
  task.report_loose(driver)
  if active and engine == watched and engine:live() == 0 then
    active = false
    handle:stop()
  end
  if raised ~= nil then
    local message = raised
    raised = nil
    error(message, 0) -- as from any callback of luv
  end
end

local function start(engine)
  local fd = engine:pollfd()
  if watched ~= engine then
    if handle then
      handle:close()
    end
    polled = fd and uv.new_poll(fd) -- none where the system has no more to give
    handle, watched = polled or assert(uv.new_timer()), engine
  end
  if polled then
    handle:start("r", on_ready)
  else
    handle:start(POLL_INTERVAL, POLL_INTERVAL, on_ready)
  end
  active = true
end

function driver.pump(engine)
  if not active or watched ~= engine then
    start(engine)
  end
end

---Runs luv's loop: heygen.run outside of it.
---@param over fun(): boolean
function driver.loop(over)
  while not over() do
    if not uv.run "once" and not over() then
      error("heygen: every task waits for another one, none can continue", 0)
    end
  end
end

return waiters.driver(driver)
