-- The module's own small driver for tasks, for scripts and games. A task waits while others run; `loop` blocks on the
-- engine between steps, `update` never does (once per frame).
local core = require "heygen.core"
local errors = require "heygen.errors"
local waiters = require "heygen.driver.waiters"
local protected = require "heygen.task.protected"
local task = require "heygen.task.task"

local scheduler = { name = "scheduler" }

local resume, yield, status = coroutine.resume, coroutine.yield, coroutine.status
local unpack = task.unpack

local PARKED = {} -- yielded by our own waits; anything else a task yields means "resume me later"

local alive = {} -- task -> true, until it has ended
local ready, first, last = {}, 1, 0 -- a queue
local live = 0
local inside = 0 -- tasks that are being resumed: more than one when a task's own coroutine runs others

-- ---- what a driver of tasks has: see task.lua ----

local function push(self)
  if not self.queued then
    self.queued = true
    last = last + 1
    ready[last] = self
  end
end

scheduler.wake = push -- a task is its own waiter

function scheduler.here(self)
  return self
end

function scheduler.park()
  yield(PARKED)
end

function scheduler.unhandled() end -- loop and update report it

function scheduler.able(self)
  if self and self.driver == scheduler then
    return true
  end
  return nil,
    'driver = "scheduler" works only inside heygen.run or heygen.spawn'
      .. (inside > 0 and ", not in a coroutine that a task has made: heygen.spawn starts one that can" or "")
end

-- A caller that is no task of it is outside, and runs it by `loop`.
function scheduler.outside()
  return true
end

function scheduler.begin(self, fn, arguments)
  local made, co = pcall(coroutine.create, fn)
  if not made then -- PUC Lua 5.1 makes no coroutine of a C function
    co = coroutine.create(function(...)
      return fn(...)
    end)
  end
  self.co, self.arguments = co, arguments
  task.enter(co, self)
  alive[self] = true
  live = live + 1
  push(self)
end

if protected.NO_YIELD_IN_PCALL then
  -- Found out before a create is sent: afterwards its answer would be lost.
  function scheduler.can_wait()
    yield()
  end
end

waiters.driver(scheduler)

-- ---- running tasks ----

local function ended(self)
  alive[self], self.co = nil, nil
  live = live - 1
end

local function after_resume(self, ok, ...)
  if (...) == PARKED then
    return
  elseif task.resumed(self, self.co, ok, ...) then
    ended(self)
  else
    push(self) -- it yielded by itself, so that others run
  end
end

local function advance(self)
  local arguments = self.arguments
  inside = inside + 1
  if arguments then
    self.arguments = nil
    after_resume(self, resume(self.co, unpack(arguments, 1, arguments.n)))
  else
    after_resume(self, resume(self.co))
  end
  inside = inside - 1
end

-- Runs what is ready, at most those that were ready at the start, and until the time `stop`. A task may come back
-- here through a coroutine of its own: the queue's ends are read again each time.
local function run_ready(stop)
  local count = last - first + 1
  while count > 0 and first <= last do
    count = count - 1
    local self = ready[first]
    ready[first] = nil
    first = first + 1
    self.queued = false
    -- One that is running checks for itself before it waits again.
    if not self.ended and status(self.co) == "suspended" then
      advance(self)
    end
    if stop and core.now() >= stop then
      break
    end
  end
  if first > last then
    first, last = 1, 0
  end
end

local LEAST_POLL = 0.0005 -- seconds

---Advances all tasks by what is ready and returns at once: for a frame of a game or a tick of another loop.
---@param budget number? seconds this may take, but for one step of one task; nil: until nothing is ready
---@return integer live tasks that have not ended
function scheduler.update(budget)
  if live == 0 or task.current() then
    return live
  end
  local engine = waiters.engine()
  local half = budget and math.max(budget, 0) / 2
  local middle = half and core.now() + half
  local stop = half and middle + half
  run_ready(middle)
  -- Some time for the network at each call: else tasks that use up the budget would starve it.
  engine:poll(stop and math.max(stop - core.now(), math.min(half, LEAST_POLL)))
  waiters.deliver(engine)
  if not stop or core.now() < stop then
    run_ready(stop)
  end
  task.report_loose(scheduler)
  return live
end

-- Gives up the tasks that can never continue, so that the next run is not stuck as well.
local function deadlock()
  local message = "heygen.run: every task waits for another one, none can continue"
  local stuck = {}
  for self in pairs(alive) do
    if status(self.co) == "suspended" then
      stuck[#stuck + 1] = self
    end
  end
  for _, self in ipairs(stuck) do
    task.enter(self.co, nil)
    task.finish(self, false, errors.new { kind = "raised", message = message })
    task.handled(self)
    ended(self)
  end
  error(message, 0)
end

---Runs tasks until `over()`. Blocks the caller between steps.
---@param over fun(): boolean
function scheduler.loop(over)
  while not over() do
    run_ready()
    if not over() then
      local engine = waiters.engine()
      if first <= last then
        engine:poll()
      elseif not waiters.any(scheduler) then
        deadlock()
      else
        engine:wait()
      end
      waiters.deliver(engine)
    end
  end
end

---Whether a task calls this, also through a coroutine of its own.
---@return boolean
function scheduler.is_inside()
  return inside > 0
end

---@return integer live tasks that have not ended
function scheduler.live()
  return live
end

return scheduler
