-- The driver for coroutines of cqueues: one pump for each controller watches the engine, waiters sleep on a condition
-- of their own. Chosen by itself inside `controller:wrap`.
local condition = require "cqueues.condition"
local cqueues = require "cqueues"
local waiters = require "heygen.driver.waiters"
local protected = require "heygen.task.protected"
local task = require "heygen.task.task"

local driver = { name = "cqueues", forgets = true } -- a controller may be dropped with its coroutines

local POLL_INTERVAL = 0.01 -- seconds between two polls where the system has no descriptor to watch

local pumps = setmetatable({}, { __mode = "k" }) -- controller -> the engine that its pump watches

function driver.able(self)
  if self and self.driver == driver then
    return true
  end
  local controller, direct = cqueues.running()
  if direct or (controller and protected.in_relay_of_cqueues()) then
    return true
  elseif controller then
    return nil, 'driver = "cqueues" cannot wait in a coroutine inside of one of cqueues'
  end
  return nil, 'driver = "cqueues" works only in a coroutine of a controller: controller:wrap(fn)'
end

function driver.outside()
  return cqueues.running() == nil
end

local own -- the controller of tasks that were started outside of one
local homes = setmetatable({}, { __mode = "kv" }) -- task -> its controller
local parked = setmetatable({}, { __mode = "k" }) -- controller -> how many of its coroutines wait here, not woken yet

function driver.begin(self, fn, arguments)
  local controller = cqueues.running()
  if not controller then
    own = own or cqueues.new()
    controller = own
  end
  homes[self] = controller
  controller:wrap(task.play, self, fn, arguments)
end

function driver.here()
  return { driver = driver, condition = condition.new(), controller = cqueues.running() }
end

local function count(waiter, by)
  parked[waiter.controller] = (parked[waiter.controller] or 0) + by
end

function driver.park(waiter)
  waiter.parked = true
  count(waiter, 1)
  waiter.condition:wait()
  if waiter.parked then
    waiter.parked = false
    count(waiter, -1)
  end
end

function driver.wake(waiter)
  if waiter.parked then
    waiter.parked = false
    count(waiter, -1)
  end
  waiter.condition:signal()
end

local function pump(controller, engine)
  while true do
    engine:poll()
    waiters.deliver(engine)
    task.report_loose(driver)
    if engine:live() == 0 or pumps[controller] ~= engine then
      break
    elseif engine:pollfd() then
      cqueues.poll(engine)
    else
      cqueues.sleep(math.min(engine:timeout() or POLL_INTERVAL, POLL_INTERVAL))
    end
  end
  if pumps[controller] == engine then
    pumps[controller] = nil
  end
end

function driver.pump(engine)
  local controller = cqueues.running()
  if controller and pumps[controller] ~= engine then
    pumps[controller] = engine
    controller:wrap(pump, controller, engine)
  end
end

---Runs the controller of tasks that were started outside of one: heygen.run there.
---@param over fun(): boolean
---@param self heygen.Task? that it is for
function driver.loop(over, self)
  if not own or (self and homes[self] ~= own) then
    error("heygen: a task of cqueues can be waited for in a coroutine of its controller only", 0)
  end
  while not over() do
    if (parked[own] or 0) == own:count() and not waiters.any(driver) then
      error("heygen: every task waits for another one, none can continue", 0)
    end
    assert(own:step())
  end
end

return waiters.driver(driver)
