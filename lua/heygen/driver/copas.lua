-- The driver for copas: a thread of it watches the engine while there are operations. Serves copas 1.1.7, which has no
-- way to sleep or to wake a thread, and later ones that have. Never chosen by itself: heygen.use "copas".
local copas = require "copas"
local waiters = require "heygen.driver.waiters"
local wake_queue = require "heygen.driver.wake_queue"
local protected = require "heygen.task.protected"
local task = require "heygen.task.task"

local driver = { name = "copas" }

local MODERN = copas.pauseforever ~= nil and copas.wakeup ~= nil
local POLL_INTERVAL = 0.01 -- seconds between two polls where there is no descriptor that select() takes
local SELECT_LIMIT = 1024 -- what LuaSocket's select can hold
local STEP = 1 -- seconds: the longest step of a loop of ours

local running, create, yield = coroutine.running, coroutine.create, coroutine.yield

local function is_main()
  local co, main = running()
  return co == nil or main == true
end

local NO_DESCRIPTOR = 'driver = "copas": copas 1 can only watch a descriptor under 1024, and the engine has none here; '
  .. "take a later copas"

-- What select() takes; nil where the system has no such descriptor, or too many are open.
local function descriptor(engine)
  local fd = engine:pollfd()
  return fd and fd < SELECT_LIMIT and fd or nil
end

function driver.able(self)
  if not MODERN and not descriptor(waiters.engine()) then
    return nil, NO_DESCRIPTOR
  elseif self and self.driver == driver then
    return true
  elseif self then
    return nil,
      'driver = "copas" cannot wait in a task of another driver; heygen.use "copas" before heygen.spawn'
  end
  local elsewhere = wake_queue.elsewhere "copas"
  if elsewhere then
    return nil, elsewhere
  elseif MODERN and driver.nested() then -- copas 1 begins a new thread within the one that adds it
    return nil,
      'driver = "copas" cannot wait in a coroutine that a thread of copas has made: heygen.spawn starts one that can'
  elseif is_main() then
    return nil, 'driver = "copas" works only in a thread of copas: copas.addthread(fn)'
  end
  return true
end

function driver.outside()
  return is_main()
end

-- ---- threads ----

local flush
if MODERN then
  local held = {} -- waiters that are parked: copas itself forgets a thread that sleeps until it is woken
  wake_queue.track(driver)
  function driver.here()
    return { driver = driver, co = protected.running() }
  end
  function driver.park(waiter)
    held[waiter] = true
    copas.pauseforever()
    held[waiter] = nil
    driver.entered(protected.running())
  end
  function driver.wake(waiter)
    if held[waiter] then
      copas.wakeup(waiter.co)
    end
  end
  function driver.begin(self, fn, arguments)
    copas.addthread(task.play, self, fn, arguments)
  end
  function flush() end
else
  -- What a thread yields there is put into the queue that it yields with it: this one takes nothing, and learns which
  -- coroutine is the thread. A thread that yields nothing would be taken for ended, and its socket closed.
  local queue = {
    insert = function() end,
    push = function(_, waiter, co)
      waiter.co = co
    end,
  }
  flush = wake_queue.give(driver, copas.addthread, function(waiter)
    yield(waiter, queue)
  end)
  function driver.here()
    return { driver = driver }
  end
  function driver.begin(self, fn, arguments)
    if not descriptor(waiters.engine()) then
      error("heygen: " .. NO_DESCRIPTOR, 0)
    end
    local co = create(function(_, ...)
      task.play(...)
    end)
    driver.launch(co, self, fn, arguments)
  end
end

-- ---- the pump ----

local watched -- the engine of the pump that runs

local function poll(engine)
  engine:poll()
  repeat -- those that are resumed may close the engine, and with it what others wait for
    local news = waiters.deliver(engine)
    flush()
  until not news
  task.report_loose(driver)
  if watched == engine and engine:live() == 0 then
    watched = nil -- at once: copas may run others before this pump has ended
  end
  return watched == engine
end

-- What copas takes for a socket: it is asked for bytes whenever the descriptor of the engine is readable.
local function proxy(engine, fd)
  local waited = false
  return {
    getfd = function()
      return fd
    end,
    receive = function()
      if not waited then -- copas 1 begins a thread at once: it must not resume others before its maker waits
        waited = true
        return nil, "timeout"
      elseif poll(engine) then
        return nil, "timeout"
      end
      return "done"
    end,
    settimeout = function() end,
    close = function() end,
  }
end

local function pump(engine)
  local fd = descriptor(engine)
  if fd then
    copas.receive(proxy(engine, fd))
  else
    while poll(engine) do
      copas.pause(math.min(engine:timeout() or POLL_INTERVAL, POLL_INTERVAL))
    end
  end
end

function driver.pump(engine)
  if watched ~= engine then
    watched = engine
    copas.addthread(function()
      pump(engine)
    end)
  end
end

---Runs copas: heygen.run outside of it.
---@param over fun(): boolean
function driver.loop(over)
  while not over() do
    copas.step(STEP)
    if copas.finished and copas.finished() and not over() then -- copas 1 cannot tell
      error("heygen: every task waits for another one, none can continue", 0)
    end
  end
end

return waiters.driver(driver)
