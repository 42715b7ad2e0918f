-- For hosts that cannot wake a coroutine by themselves (luv, copas 1): a list of those that may go on. The pump of the
-- host resumes them, never whoever wakes them: a task that cancels another one is not interrupted by it.
local hub = require "heygen.hub"

local resumed = {}

---Gives a host its waiters.
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
      kicked = true
      hub.kick(host)
    end
  end

  function host.park(waiter)
    held[waiter] = true
    suspend(waiter)
    held[waiter] = nil
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

  local unpack = table.unpack or unpack

  return function()
    kicked, flushing = false, true
    local at = 1
    while list[at] do -- the list may grow meanwhile
      local entry = list[at]
      list[at] = false
      at = at + 1
      entry.woken = nil
      if entry.arguments then
        go_on(entry.co, unpack(entry.arguments, 1, entry.arguments.n))
      elseif held[entry] then
        go_on(entry.co)
      end
    end
    list, flushing = {}, false
  end
end

return resumed
