-- Calling what may raise and may wait. pcall and xpcall do that everywhere but in PUC Lua 5.1, which cannot yield
-- inside them, nor inside iterators and metamethods. There the function runs in a coroutine of its own, a relay: an
-- error ends the relay alone, and what it yields is yielded once more to the resumer of the caller. So a driver must
-- know and resume the outermost coroutine, never a relay: protected.running().
local protected = {}

protected.NO_YIELD_IN_PCALL = _VERSION == "Lua 5.1" and not rawget(_G, "jit")

local running, status = coroutine.running, coroutine.status
local create, resume, yield = coroutine.create, coroutine.resume, coroutine.yield

---What a task raised, with where. An error object is interface and stays as it is; a Lua error wants its trace.
---@param co thread? the coroutine that died of it; nil: the running one
---@param raised any
---@return any
function protected.with_trace(co, raised)
  if type(raised) == "string" and not raised:find("\nstack traceback:", 1, true) then
    return co and debug.traceback(co, raised) or debug.traceback(raised, 2)
  end
  return raised
end

local with_trace = protected.with_trace

local function trace(raised)
  return with_trace(nil, raised)
end

if not protected.NO_YIELD_IN_PCALL then
  ---The coroutine that a driver resumes to continue the caller.
  ---@return thread?
  protected.running = running

  ---Whether the running coroutine is a relay whose outermost coroutine is resumed by cqueues.
  ---@return boolean
  function protected.in_relay_of_cqueues()
    return false
  end

  ---As pcall, for a function that may wait if its caller may.
  ---@param fn function
  ---@return boolean ok
  ---@return any ... what it returned or raised
  protected.call = pcall

  ---The same with a trace in what was raised, and without arguments.
  ---@param fn function
  ---@return boolean ok
  ---@return any ...
  function protected.traced(fn)
    return xpcall(fn, trace)
  end

  return protected
end

-- relay -> the outermost coroutine. Weak both ways: a driver may drop a coroutine that waits, and its relay with it.
local outermost = setmetatable({}, { __mode = "kv" })

-- relay -> whether cqueues resumes its outermost coroutine. It tells that of the running coroutine only, so it is asked
-- before the relay runs. A generator within a coroutine of cqueues is none: what it yields, its owner gets.
local of_cqueues = setmetatable({}, { __mode = "k" })

function protected.running()
  local co = running()
  return co and outermost[co] or co
end

function protected.in_relay_of_cqueues()
  return of_cqueues[running() or false] == true
end

local function runs_for_cqueues()
  local cqueues = package.loaded.cqueues
  if protected.in_relay_of_cqueues() then
    return true
  end
  return type(cqueues) == "table" and select(2, cqueues.running()) == true
end

local function pass_on(traced, relay, ok, ...)
  if status(relay) ~= "dead" then
    return pass_on(traced, relay, resume(relay, yield(...)))
  elseif ok or not traced then
    return ok, ...
  end
  return false, with_trace(relay, (...))
end

local function relay_for(traced, fn, ...)
  local relay = create(function(...) -- no coroutine can be made of a C function
    return fn(...)
  end)
  outermost[relay], of_cqueues[relay] = protected.running(), runs_for_cqueues()
  return pass_on(traced, relay, resume(relay, ...))
end

function protected.call(fn, ...)
  if not running() then
    return pcall(fn, ...) -- nothing that could be yielded to
  end
  return relay_for(false, fn, ...)
end

function protected.traced(fn)
  if not running() then
    return xpcall(fn, trace)
  end
  return relay_for(true, fn)
end

return protected
