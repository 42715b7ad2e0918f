-- For hosts that cannot wake a coroutine by themselves (luv, copas 1): a list of those that may go on. The pump of the
-- host resumes them, never whoever wakes them: a task that cancels another one is not interrupted by it.
local hub = require "heygen.driver.waiters"

local resumed = {}

local running, status = coroutine.running, coroutine.status
local unpack = table.unpack or unpack

---The host that the caller is in although it named another one, which would wait there for ever.
---@return string? problem
function resumed.elsewhere(name)
  local ngx, cqueues = package.loaded.ngx, package.loaded.cqueues
  local host = type(ngx) == "table" and ngx.get_phase and "nginx"
    or type(cqueues) == "table" and cqueues.running() and "a coroutine of cqueues"
  return host
      and ('driver = "%s" cannot wait in %s: leave it out, the host is found out by itself'):format(
        name,
        host
      )
    or nil
end

---Lets a host know, as far as that is possible, that the caller is in a coroutine which one of the host's has made for
---itself, a generator: it would be yielded to that one.
---@param host table gets entered(co), to be told which one goes on, and nested()
function resumed.track(host)
  local known
  function host.entered(co)
    known = co
  end
  function host.nested()
    return known ~= nil and known ~= running() and status(known) == "normal"
  end
end

---Gives a host its waiters, and track() as well.
---@param host table with pump(engine)
---@param go_on fun(co: thread, ...) resumes a coroutine
---@param suspend fun(waiter: table) yields the running coroutine
---@return fun() flush resumes all that were woken; for the pump, after hub.deliver
function resumed.give(host, go_on, suspend)
  local list, flushing, kicked = {}, false, false
  local held = {} -- waiters that are parked, and with them coroutines that nobody else may know

  local function add(entry)
    list[#list + 1] = entry
    if not flushing and not kicked then
      hub.kick(host)
      kicked = true
    end
  end

  resumed.track(host)

  function host.park(waiter)
    held[waiter] = true
    suspend(waiter)
    held[waiter] = nil
    host.entered(running())
  end

  function host.wake(waiter)
    if held[waiter] and not waiter.woken then
      waiter.woken = true
      add(waiter)
    end
  end

  ---Runs a new coroutine soon.
  function host.launch(co, ...)
    add { co = co, arguments = { n = select("#", ...), ... } }
  end

  return function()
    kicked = false
    if flushing then
      return -- who flushes sees what has come, too
    end
    flushing = true
    local at = 1
    while list[at] do -- the list may grow meanwhile
      local entry = list[at]
      list[at] = false
      at = at + 1
      entry.woken = nil
      if not entry.co or status(entry.co) == "dead" then -- closed, or yielded to a generator's owner
        held[entry] = nil
      elseif entry.arguments then
        go_on(entry.co, unpack(entry.arguments, 1, entry.arguments.n))
      elseif held[entry] then
        go_on(entry.co)
      end
    end
    list, flushing = {}, false
  end
end

return resumed
