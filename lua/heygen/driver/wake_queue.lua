-- For drivers that cannot wake a coroutine by themselves (luv, copas 1): a list of those to be wake_queue. The pump of
-- the driver resumes them, never the caller that wakes them: a task that cancels another one is not interrupted by it.
local protected = require "heygen.task.protected"
local waiters = require "heygen.driver.waiters"

local wake_queue = {}

local status = coroutine.status
local running = protected.running
local unpack = table.unpack or unpack

---The driver that belongs to the caller although it named another one, which would wait there for ever.
---@return string? problem
function wake_queue.elsewhere(name)
  local ngx, cqueues = package.loaded.ngx, package.loaded.cqueues
  local place = type(ngx) == "table" and ngx.get_phase and "nginx"
    or type(cqueues) == "table" and cqueues.running() and "a coroutine of cqueues"
  return place
      and ('driver = "%s" cannot wait in %s: leave it out, the driver is found out by itself'):format(
        name,
        place
      )
    or nil
end

---Lets a driver know, as far as that is possible, that the caller is in a coroutine which one of the driver's has made
---for itself, a generator: it would be yielded to that one.
---@param driver table gets entered(co), to be told which one is resumed, and nested()
function wake_queue.track(driver)
  local known
  function driver.entered(co)
    known = co
  end
  function driver.nested()
    return known ~= nil and known ~= running() and status(known) == "normal"
  end
end

---Gives a driver its waiters, and track() as well.
---@param driver table with pump(engine)
---@param continue fun(co: thread, ...) resumes a coroutine
---@param suspend fun(waiter: table) yields the running coroutine
---@return fun() flush resumes all that were woken; for the pump, after waiters.deliver
function wake_queue.give(driver, continue, suspend)
  local list, flushing, kicked = {}, false, false
  local held = {} -- waiters that are parked, and with them coroutines that may have no other reference

  local function add(entry)
    list[#list + 1] = entry
    if not flushing and not kicked then
      waiters.kick(driver)
      kicked = true
    end
  end

  wake_queue.track(driver)

  function driver.park(waiter)
    held[waiter] = true
    suspend(waiter)
    held[waiter] = nil
    driver.entered(running())
  end

  function driver.wake(waiter)
    if held[waiter] and not waiter.woken then
      waiter.woken = true
      add(waiter)
    end
  end

  ---Runs a new coroutine soon.
  function driver.launch(co, ...)
    add { co = co, arguments = { n = select("#", ...), ... } }
  end

  return function()
    kicked = false
    if flushing then
      return -- who flushes sees what has come, too
    end
    flushing = true
    local at = 1
    while list[at] do -- the list may grow in this loop
      local entry = list[at]
      list[at] = false
      at = at + 1
      entry.woken = nil
      if not entry.co or status(entry.co) == "dead" then -- closed, or yielded to a generator's owner
        held[entry] = nil
      elseif entry.arguments then
        continue(entry.co, unpack(entry.arguments, 1, entry.arguments.n))
      elseif held[entry] then
        continue(entry.co)
      end
    end
    list, flushing = {}, false
  end
end

return wake_queue
