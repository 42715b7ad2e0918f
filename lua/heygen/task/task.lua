-- The task: a coroutine whose results can be joined and whose waits can be cancelled, whichever host resumes it.
--
-- A host is a driver that can run tasks:
--   begin(task, fn, arguments)   runs it in a coroutine of the host, from the caller's next wait on
--   here(task)                   a waiter: {host = ..., ...} for the running coroutine
--   park(waiter), wake(waiter)   suspends the running coroutine; lets it go on, soon. Who is woken looks for itself
--   pump(engine)                 optional: sees to it that hub.deliver is called while the engine has jobs
--   able(task)                   may the caller be suspended: true, or nil and why not
--   loop(over), outside()        optional: runs the host itself until over(); is the caller outside of it?
--   forgets                      optional: it may drop coroutines without a word
--   entered(co)                  optional: told of each coroutine that a task begins in
local task = {}

local running, status = coroutine.running, coroutine.status
local create, resume, yield = coroutine.create, coroutine.resume, coroutine.yield
local pack = table.pack or function(...)
  return { n = select("#", ...), ... }
end
local unpack = table.unpack or unpack

task.pack, task.unpack = pack, unpack

-- coroutine -> task that has not ended. nginx may kill a coroutine without a word: a host of that kind (`forgets`) has
-- its tasks in the weak one. Not all have, as weak tables are dear to the collector.
local tasks, weak = {}, setmetatable({}, { __mode = "k" })

local unobserved = {} -- tasks that raised and that nobody waited for

---@class heygen.Task
---@field private host table
---@field private scope table? counts the tasks that a `run` waits for
---@field private joiners table[] waiters
---@field private waiter table? while it is parked
---@field private job userdata? what it waits for
---@field private ended boolean?
---@field private is_cancelled boolean?
---@field private observed boolean? somebody will look at how it ended
---@field private results table?
---@field private raised any
local Task = {}
Task.__index = Task
Task.__name = "heygen.task"

-- task.cancel() instead of task:cancel()
function task.check_colon(self, name)
  if getmetatable(self) ~= Task then
    error(("heygen: call it with a colon: task:%s()"):format(name), 3)
  end
end

function Task:__tostring()
  return "heygen.task (" .. (self.ended and "ended" or self.is_cancelled and "cancelled" or "running") .. ")"
end

---The task of the running coroutine, or nil.
---@return heygen.Task?
function task.current()
  local co = running()
  return co and (tasks[co] or weak[co])
end

---Tells which task a coroutine runs; nil: none any more.
---@param co thread
---@param self heygen.Task?
function task.enter(co, self)
  tasks[co] = self
end

---The tasks of a scope that have not ended.
---@param scope table
---@return heygen.Task[]
function task.of_scope(scope)
  local list = {}
  for _, map in ipairs { tasks, weak } do
    for _, self in pairs(map) do
      if self.scope == scope then
        list[#list + 1] = self
      end
    end
  end
  return list
end

-- PUC Lua 5.1 cannot yield inside pcall: a coroutine catches errors there, and its yields are passed on.
local function pass_on(co, ok, ...)
  if ok and status(co) ~= "dead" then
    return pass_on(co, resume(co, yield(...)))
  end
  return ok, ...
end

---As pcall, for a function of the user that may wait if its caller may.
task.guarded = pcall
if _VERSION == "Lua 5.1" and not rawget(_G, "jit") then
  function task.guarded(fn, ...)
    local self = task.current()
    if not self or self.host.name ~= "scheduler" then
      return pcall(fn, ...)
    end
    local co = create(function(...)
      return fn(...)
    end)
    tasks[co] = self
    local results = pack(pass_on(co, resume(co, ...)))
    tasks[co] = nil
    return unpack(results, 1, results.n)
  end
end

---Starts `fn(...)` as a task of a host.
---@param host table
---@param scope table? {live = number of its tasks, waiter = who waits for them}
---@param fn function
---@return heygen.Task
function task.start(host, scope, fn, ...)
  local self = setmetatable({ host = host, joiners = {}, scope = scope }, Task)
  if scope then
    scope.live = scope.live + 1
  end
  host.begin(self, fn, pack(...))
  return self
end

-- ---- the end ----

---Notes how a task ended, and wakes who waits for it.
---@param self heygen.Task
---@param ok boolean
---@param ... any what it returned or raised
function task.finish(self, ok, ...)
  self.ended = true
  if ok then
    self.results = pack(...)
  else
    local raised = ...
    if raised == nil then
      raised = "an error without a value"
    end
    self.raised = raised
    if #self.joiners == 0 and not self.observed then
      unobserved[self] = true
      if not self.scope then
        self.host.unheard()
      end
    end
  end
  for _, joiner in ipairs(self.joiners) do
    joiner.host.wake(joiner)
  end
  self.joiners = {}
  local scope = self.scope
  if scope then
    scope.live = scope.live - 1
    if scope.live == 0 and scope.waiter then
      scope.waiter.host.wake(scope.waiter)
    end
  end
end

-- An error object is interface and stays as it is; a Lua error wants its trace.
local function with_trace(co, raised)
  if type(raised) == "string" and not raised:find("\nstack traceback:", 1, true) then
    return co and debug.traceback(co, raised) or debug.traceback(raised, 2)
  end
  return raised
end

---What resuming the coroutine of a task gave: ends the task when that is dead.
---@param self heygen.Task
---@param co thread
---@param ok boolean
---@param ... any
---@return boolean ended
function task.resumed(self, co, ok, ...)
  if status(co) ~= "dead" then
    return false
  end
  tasks[co] = nil
  if ok then
    task.finish(self, true, ...)
  else
    task.finish(self, false, with_trace(co, (...)))
  end
  return true
end

local function relay(co, ok, ...)
  if status(co) ~= "dead" then
    return relay(co, resume(co, yield(...)))
  elseif ok then
    return true, ...
  end
  return false, with_trace(co, (...))
end

-- PUC Lua 5.1 cannot yield inside pcall: there, errors are caught by a coroutine whose yields are passed on.
local guard
if _VERSION == "Lua 5.1" and not rawget(_G, "jit") then
  function guard(fn)
    local co = create(fn)
    return relay(co, resume(co))
  end
else
  local function trace(raised)
    return with_trace(nil, raised)
  end
  function guard(fn)
    return xpcall(fn, trace)
  end
end

---Runs a task to its end in the running coroutine, for a host that resumes its coroutines itself.
---@param self heygen.Task
---@param fn function
---@param arguments table
function task.play(self, fn, arguments)
  local host = self.host
  -- In the weak map a task must not lead to its coroutine: outside of Lua 5.4 that would keep both for ever.
  self.outer = not host.forgets and running() or nil
  local map, inner = host.forgets and weak or tasks, nil
  local function body()
    inner = running()
    map[inner] = self
    if host.entered then
      host.entered(inner)
    end
    return fn(unpack(arguments, 1, arguments.n))
  end
  local ended = pack(guard(body))
  self.outer = nil
  map[inner] = nil
  task.finish(self, unpack(ended, 1, ended.n))
end

-- ---- errors that nobody waits for must not vanish ----

---Somebody saw the error of the task: it need not be reported.
---@param self heygen.Task
function task.heard(self)
  unobserved[self] = nil
end

---Was the error of the task seen by nobody yet?
---@param self heygen.Task
---@return boolean
function task.is_unheard(self)
  return unobserved[self] == true
end

---Hands what was raised and never seen to `unheard`.
---@param scope table? only of its tasks; nil: of all
---@param unheard fun(raised: any)
function task.report(scope, unheard)
  if next(unobserved) == nil then
    return
  end
  for self in pairs(unobserved) do
    if not scope or self.scope == scope then
      unobserved[self] = nil
      unheard(self.raised)
    end
  end
end

---Prints the errors of tasks of a host that no `run` will raise. For its pump, after those that were woken went on.
---@param host table
function task.report_loose(host)
  if next(unobserved) == nil then
    return
  end
  for self in pairs(unobserved) do
    if self.host == host and not self.scope then
      unobserved[self] = nil
      task.to_stderr(self.raised)
    end
  end
end

---@param raised any
function task.to_stderr(raised)
  local ok, text = pcall(tostring, raised) -- its __tostring may raise as well
  io.stderr:write("heygen: a task failed: ", ok and text or "an error that cannot be shown", "\n")
end

-- ---- methods ----

---@return boolean ended
function Task:done()
  task.check_colon(self, "done")
  return self.ended == true
end

---Ends what the task waits for, now and from now on, with an error of kind "cancelled"; connections are closed at
---once. The task itself goes on and may clean up.
---@return boolean was_running
function Task:cancel()
  task.check_colon(self, "cancel")
  if self.ended then
    return false
  end
  self.is_cancelled = true
  if self.job then
    self.job:cancel()
  end
  if self.waiter then
    self.host.wake(self.waiter)
  end
  return true
end

task.methods = Task

return task
