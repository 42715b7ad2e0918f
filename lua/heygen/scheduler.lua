-- The module's own small coroutine scheduler. A task is a coroutine that this file made; while it waits for a job of
-- the engine, others run. `run` blocks on the engine between steps, `update` never does (game loops).
local core = require "heygen.core"
local errors = require "heygen.errors"

local scheduler = {}

local running = coroutine.running
local resume, yield, status = coroutine.resume, coroutine.yield, coroutine.status
local pack = table.pack or function(...)
  return { n = select("#", ...), ... }
end
local unpack = table.unpack or unpack

local PARKED = {} -- yielded by our own waits; anything else a task yields means "go on later"

local tasks = {} -- coroutine -> task that has not ended
local waiting = {} -- id of a job -> task
local ready, first, last = {}, 1, 0 -- a queue
local live = 0
local inside = 0 -- tasks that are being resumed: more than one when a task's own coroutine runs others
local engine_seen
local unobserved = {} -- tasks that raised and that nobody waited for

---@class heygen.Task
---@field private co thread
local Task = {}
Task.__index = Task
Task.__name = "heygen.task"

-- task.cancel() instead of task:cancel()
local function check_colon(self, name)
  if getmetatable(self) ~= Task then
    error(("heygen: call it with a colon: task:%s()"):format(name), 3)
  end
end

function Task:__tostring()
  return "heygen.task (" .. (self.ended and "ended" or self.is_cancelled and "cancelled" or "running") .. ")"
end

local function push(task)
  if not task.queued then
    task.queued = true
    last = last + 1
    ready[last] = task
  end
end

---The task of the running coroutine, or nil.
---@return heygen.Task?
function scheduler.current()
  local co = running()
  return co and tasks[co]
end

-- A scope counts the tasks that a `run` inside of another task waits for.
local function start(scope, fn, ...)
  local task = setmetatable({ arguments = pack(...), joiners = {}, scope = scope }, Task)
  local made, co = pcall(coroutine.create, fn)
  task.co = made and co
    or coroutine.create(function(...) -- PUC Lua 5.1 makes no coroutine of a C function
      return fn(...)
    end)
  tasks[task.co] = task
  live = live + 1
  if scope then
    scope.live = scope.live + 1
  end
  push(task)
  return task
end

---Starts `fn(...)` as a task.
---@param fn function
---@return heygen.Task
function scheduler.spawn(fn, ...)
  local current = scheduler.current()
  return start(current and current.scope, fn, ...)
end

local function leave(scope)
  scope.live = scope.live - 1
  if scope.live == 0 and scope.waiter then
    push(scope.waiter)
  end
end

local function finish(task, ok, ...)
  task.ended = true
  tasks[task.co] = nil
  live = live - 1
  if ok then
    task.results = pack(...)
  else
    local raised = ...
    if raised == nil then
      raised = "an error without a value"
    end
    task.raised = raised
    -- An error object is interface and stays as it is; a Lua error wants its trace.
    if type(raised) == "string" and not raised:find("\nstack traceback:", 1, true) then
      task.raised = debug.traceback(task.co, raised)
    end
  end
  if not ok and #task.joiners == 0 then
    unobserved[task] = true
  end
  for _, joiner in ipairs(task.joiners) do
    push(joiner)
  end
  task.joiners, task.co = {}, nil
  if task.scope then
    leave(task.scope)
  end
end

-- Errors of tasks that nobody waits for must not vanish. Without a scope: those of all.
local function report(scope, unheard)
  for task in pairs(unobserved) do
    if not scope or task.scope == scope then
      unobserved[task] = nil
      unheard(task.raised)
    end
  end
end

local function to_stderr(raised)
  io.stderr:write("heygen: a task failed: ", tostring(raised), "\n")
end

local function after_resume(task, ok, ...)
  if status(task.co) == "dead" then
    return finish(task, ok, ...)
  elseif (...) ~= PARKED then
    push(task) -- it yielded by itself, to give way
  end
end

local function advance(task)
  local arguments = task.arguments
  inside = inside + 1
  if arguments then
    task.arguments = nil
    after_resume(task, resume(task.co, unpack(arguments, 1, arguments.n)))
  else
    after_resume(task, resume(task.co))
  end
  inside = inside - 1
end

-- Runs what is ready, at most those that were ready at the start, and until the time `stop`. A task may come back
-- here through a coroutine of its own: the queue's ends are read anew each time.
local function run_ready(stop)
  local count = last - first + 1
  while count > 0 and first <= last do
    count = count - 1
    local task = ready[first]
    ready[first] = nil
    first = first + 1
    task.queued = false
    -- One that is running looks for itself before it waits again.
    if not task.ended and status(task.co) == "suspended" then
      advance(task)
    end
    if stop and core.now() >= stop then
      break
    end
  end
  if first > last then
    first, last = 1, 0
  end
end

-- Wakes the tasks whose jobs are done.
local function wake(engine)
  local id = engine:finished()
  while id do
    local task = waiting[id]
    if task then
      waiting[id] = nil
      push(task)
    end
    id = engine:finished()
  end
end

-- In a forked child the parent's engine is gone, and with it the news of its jobs: every task looks for itself.
local function notice_new_engine(engine)
  if engine_seen == engine then
    return
  end
  engine_seen = engine
  for id, task in pairs(waiting) do
    waiting[id] = nil
    push(task)
  end
end

local function the_engine()
  local engine, message = core.engine()
  if not engine then
    error("heygen: " .. message, 0)
  end
  notice_new_engine(engine)
  return engine
end

local LEAST_POLL = 0.0005 -- seconds

---Advances all tasks by what is ready and returns at once: for a frame of a game or a tick of another loop.
---@param budget number? seconds this may take, but for one step of one task; nil: until nothing is ready
---@return integer live tasks that have not ended
function scheduler.update(budget)
  if live == 0 or scheduler.current() then
    return live
  end
  local engine = the_engine()
  local half = budget and math.max(budget, 0) / 2
  local middle = half and core.now() + half
  local stop = half and middle + half
  run_ready(middle)
  -- Some time for the network at each call: else tasks that use up the budget would starve it.
  engine:poll(stop and math.max(stop - core.now(), math.min(half, LEAST_POLL)))
  wake(engine)
  if not stop or core.now() < stop then
    run_ready(stop)
  end
  report(nil, to_stderr)
  return live
end

-- Gives up the tasks that can never go on, so that the next run is not stuck as well.
local function deadlock()
  local message = "heygen.run: every task waits for another one, none can go on"
  for co, task in pairs(tasks) do
    if status(co) == "suspended" then
      finish(task, false, errors.new { kind = "raised", message = message })
      unobserved[task] = nil
    end
  end
  error(message, 0)
end

-- Until `over()`. Blocks the caller between steps.
local function loop(over)
  while not over() do
    run_ready()
    if not over() then
      local engine = the_engine()
      if first <= last then
        engine:poll()
      elseif next(waiting) == nil then
        deadlock()
      else
        engine:wait()
      end
      wake(engine)
    end
  end
end

---Somebody saw the error of the task: it need not be reported.
---@param task heygen.Task
function scheduler.heard(task)
  unobserved[task] = nil
end

---Parks the running task until someone wakes it.
---@param task heygen.Task
function scheduler.park(task)
  return yield(PARKED, task)
end

-- Raises the first error that nobody heard of, prints all others.
local function raise_unheard(scope)
  local first_raised
  report(scope, function(raised)
    if first_raised == nil then
      first_raised = raised
    else
      to_stderr(raised)
    end
  end)
  if first_raised ~= nil then
    error(first_raised, 0)
  end
end

-- Parks the running task until the tasks of the scope have ended. When it is cancelled, so are they.
local function wait_for_scope(current, scope)
  local told = false
  scope.waiter = current
  while scope.live > 0 do
    if current.is_cancelled and not told then
      told = true
      for _, task in pairs(tasks) do
        if task.scope == scope then
          task:cancel()
        end
      end
    end
    scheduler.park(current)
  end
end

---Runs `fn(...)` as a task until it and all tasks that it started have ended.
---@param fn function
---@return any ...
function scheduler.run(fn, ...)
  local current = scheduler.current()
  local scope = { live = 0 }
  local task = start(scope, fn, ...)
  if current then
    wait_for_scope(current, scope)
  else
    loop(function()
      return scope.live == 0 and (live == 0 or inside > 0) -- at the top all others are waited for as well
    end)
  end
  local whose = (current or inside > 0) and scope or nil
  if unobserved[task] then
    unobserved[task] = nil
    report(whose, to_stderr)
  else
    raise_unheard(whose)
  end
  return task:join()
end

-- Who was cancelled does not hear of the task's error any more.
local function forget_joiner(task, joiner)
  for index = #task.joiners, 1, -1 do
    if task.joiners[index] == joiner then
      table.remove(task.joiners, index)
    end
  end
end

---Waits for the task to end.
---@return any ... what its function returned; an error in it is raised again; nil, "cancelled" when the waiting task
---was cancelled
function Task:join()
  check_colon(self, "join")
  local current = scheduler.current()
  if current == self then
    error("heygen: a task cannot wait for itself", 2)
  end
  while not self.ended do
    if not current then
      loop(function()
        return self.ended
      end)
    elseif current.is_cancelled then
      forget_joiner(self, current)
      return nil, "cancelled"
    else
      self.joiners[#self.joiners + 1] = current
      scheduler.park(current)
    end
  end
  unobserved[self] = nil
  if not current and inside == 0 then -- nobody above who would tell of the others
    report(nil, to_stderr)
  end
  if self.results then
    return unpack(self.results, 1, self.results.n)
  end
  error(self.raised, 0)
end

---@return boolean ended
function Task:done()
  check_colon(self, "done")
  return self.ended == true
end

---Ends what the task waits for, now and from now on, with an error of kind "cancelled"; connections are closed at
---once. The task itself goes on and may clean up.
---@return boolean was_running
function Task:cancel()
  check_colon(self, "cancel")
  if self.ended then
    return false
  end
  self.is_cancelled = true
  if self.job then
    self.job:cancel()
  end
  push(self)
  return true
end

local driver = { built_in = true }
scheduler.driver = driver

-- Waits until `job` is done or `timer` has gone off.
local function await_jobs(task, job, timer)
  local id, timer_id = job:watch(), timer and timer:watch()
  task.job = job
  repeat -- anew at each round: who wakes a task takes it off the list
    waiting[id] = task
    if timer_id then
      waiting[timer_id] = task
    end
    scheduler.park(task)
  until job:done() or task.is_cancelled or (timer and timer:done())
  task.job = nil
  waiting[id] = nil
  if timer_id then
    waiting[timer_id] = nil
    timer:cancel()
  end
end

---@param engine userdata
---@param job userdata
---@param seconds number? nil: as long as it takes
---@return boolean? done
---@return string? reason "timeout" or "cancelled"
function driver.await(engine, job, seconds)
  local task = scheduler.current()
  if not task then
    error('heygen: driver = "scheduler" works only inside heygen.run or heygen.spawn', 0)
  end
  if not task.is_cancelled and not job:done() then
    local timer = seconds and engine:after(seconds)
    await_jobs(task, job, timer)
  end
  if task.is_cancelled then
    return nil, "cancelled"
  elseif not job:done() then
    return nil, "timeout"
  end
  return true
end

if _VERSION == "Lua 5.1" and not rawget(_G, "jit") then
  -- PUC Lua 5.1 cannot yield inside pcall, metamethods and iterators. Found out before a create is sent: afterwards
  -- its answer would be lost.
  driver.can_wait = function()
    yield()
  end
end

---@param engine userdata
---@param seconds number
---@return boolean? slept
---@return string? reason
function driver.sleep(engine, seconds)
  local job, message = engine:after(seconds)
  if not job then
    return nil, message
  end
  local done, reason = driver.await(engine, job)
  if not done then
    job:cancel()
    return nil, reason
  end
  return true
end

return scheduler
