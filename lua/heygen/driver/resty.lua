-- The driver for OpenResty and nginx with Lua: each light thread waits on a semaphore of its own; one pump for each
-- worker works the engine, in a timer, as cosockets end with the request that made them. Chosen by itself.
--
-- The pump is woken through the bridge (src/bridge.c): a byte on a unix socket. Where that cannot be had, or by
-- {"resty", bridge = false}, it polls now and then.
local core = require "heygen.core"
local waiters = require "heygen.driver.waiters"
local checker = require "heygen.schema.options"
local task = require "heygen.task.task"

local ngx = package.loaded.ngx
if type(ngx) ~= "table" or not ngx.get_phase then
  error("this is not nginx with Lua", 0)
end
local semaphore = require "ngx.semaphore"

local driver = { name = "resty", forgets = true }

local OPTIONS = { bridge = { type = "boolean" }, cancel_on_abort = { type = "boolean" } }

-- Where nginx lets a light thread wait.
local PHASES = {
  rewrite = true,
  server_rewrite = true,
  access = true,
  content = true,
  timer = true,
  ssl_cert = true,
  ssl_client_hello = true,
  ssl_session_fetch = true,
}

local LONG = 86400 -- seconds: a semaphore wants a limit, and each waiter checks for itself why it was woken
local BUDGET = 0.001 -- seconds of a round: what is ready beyond that takes turns with the worker's other events
-- Without the bridge: a pause between two polls is a quarter of the time since something last happened.
local LEAST_PAUSE, LONGEST_PAUSE, PATIENCE = 0.001, 0.02, 4
local CONNECT = 1000 -- milliseconds
local START = 0.05 -- seconds in which a pump begins, unless nginx has no timer left for it
local AGAIN = 1 -- seconds until it is tried again

local bridge_wanted = true

function driver.able()
  local phase = ngx.get_phase()
  if PHASES[phase] then
    return true
  elseif phase == "init" then
    return nil,
      "nginx's init phase cannot wait, and its engine would be shared by the workers: wait in a request"
  end
  return nil,
    ("nginx's %s phase cannot wait: do it in rewrite, access, content, or in ngx.timer.at(0, fn)"):format(
      phase
    )
end

-- ---- light threads ----

-- nginx keeps a light thread that has ended until the one that spawned it asks how, or ends itself: one that continues
-- for ever would keep all its tasks. So they are spawned by another, which ends at once.
local function spawn(fn)
  ngx.thread.wait(ngx.thread.spawn(function()
    ngx.thread.spawn(fn)
  end))
end

function driver.begin(self, fn, arguments)
  local able, problem = driver.able()
  if not able then
    error("heygen: " .. problem, 0)
  elseif not core.isyieldable() then -- nginx would crash
    error("heygen: no task can be started in a function that C has called, such as table.sort's", 0)
  end
  local start = semaphore.new(0)
  spawn(function() -- it runs at once
    start:wait(LONG)
    task.play(self, fn, arguments)
  end)
  start:post(1) -- from the caller's next wait on, as in every driver
end

function driver.here()
  return { driver = driver, semaphore = semaphore.new(0) }
end

function driver.wake(waiter)
  if waiter.semaphore:count() <= 0 then
    waiter.semaphore:post(1)
  end
end

-- ---- the pump ----

local pumped -- the engine of the pump that runs
local asked, asked_at -- the engine of the last one that was started, and when
local has_warned = false

-- One round. False: nothing is left to do.
local function poll(engine)
  engine:poll(BUDGET)
  waiters.deliver(engine)
  task.report_loose(driver)
  if engine:live() == 0 or not engine:usable() then
    return false
  elseif ngx.worker.exiting() then
    -- Requests that still wait get their answers; a call without a waiting caller must not keep the worker. A caller is
    -- held weakly, so that a light thread that was killed counts no more once it is collected.
    if not waiters.any(driver) then
      return false
    end
    collectgarbage()
    return waiters.any(driver)
  end
  return true
end

local function connect(bridge)
  local socket = ngx.socket.tcp()
  socket:settimeout(CONNECT)
  local connected, problem = socket:connect("unix:" .. bridge:path())
  if not connected then
    return nil, problem
  end
  socket:settimeouts(CONNECT, CONNECT, LONG * 1000) -- the bridge has a heartbeat: this never runs out
  return socket
end

-- Until nothing is left: true. Until the bridge fails: nil and why.
local function by_bridge(engine)
  local bridge, problem = core.bridge(engine)
  if not bridge then
    return nil, problem
  end
  local socket
  socket, problem = connect(bridge)
  local over, idle = false, false
  while socket do
    if not poll(engine) and (idle or ngx.worker.exiting() or not engine:usable()) then
      over = true
      break
    end
    local armed, why = bridge:arm()
    local got
    if armed then
      got, why = socket:receiveany(64)
    end
    if not got then
      problem = why
      break
    end
    -- As a rule the next call comes soon: the pump outlives the last operation by up to a heartbeat.
    idle = not got:find("w", 1, true)
  end
  if socket then
    socket:close()
  end
  bridge:close()
  return over or nil, problem
end

local function by_sleeping(engine)
  local last = core.now()
  local before = engine:live()
  while poll(engine) do
    local live = engine:live()
    if live ~= before then
      last, before = core.now(), live
    end
    local pause = math.max(LEAST_PAUSE, math.min((core.now() - last) / PATIENCE, LONGEST_PAUSE))
    ngx.sleep(math.min(pause, math.max(engine:timeout() or pause, LEAST_PAUSE)))
  end
end

local function pump(engine)
  local done, problem
  if bridge_wanted then
    done, problem = by_bridge(engine)
    if not done and problem and not has_warned and not ngx.worker.exiting() then
      has_warned = true
      ngx.log(ngx.WARN, "heygen: no bridge (", problem, "): polling now and then instead")
    end
  end
  if not done then
    by_sleeping(engine)
  end
end

local function run_pump(_, engine)
  if pumped == engine then
    return -- one came late
  end
  pumped = engine
  local ok, raised = pcall(pump, engine)
  if pumped == engine then
    pumped = nil
  end
  if asked == engine then
    asked = nil
  end
  if not ok then
    ngx.log(ngx.ERR, "heygen: the pump failed: ", raised)
  end
end

function driver.pump(engine)
  if pumped ~= engine and (asked ~= engine or core.now() - asked_at > AGAIN) then
    asked, asked_at = engine, core.now()
    ngx.timer.at(0, run_pump, engine)
  end
end

-- nginx drops the pump without a word to us when all its timers are taken (lua_max_running_timers), perhaps by those
-- who wait here. Then they poll themselves.
function driver.park(waiter)
  if not asked or pumped == asked then
    waiter.semaphore:wait(LONG)
  elseif not waiter.semaphore:wait(START) and asked and pumped ~= asked then
    poll(asked)
  end
end

-- ---- a client that goes away ----

local ABORT = "heygen.abort"

-- What ends the waits of this request when its client closes the connection: see `canceller` in waiters.await.
local function abort_of_request()
  local phase = ngx.get_phase()
  if phase == "timer" or phase:find "^ssl_" then
    return nil -- there is no client connection, or nginx cannot tell
  end
  local canceller = ngx.ctx[ABORT]
  if canceller and (canceller.is_cancelled or canceller.phase == phase) then
    return canceller
  end
  canceller = { waiters = {}, phase = phase } -- nginx forgets it with the phase
  local registered, problem = ngx.on_abort(function()
    canceller.is_cancelled = true
    for waiter in pairs(canceller.waiters) do
      driver.wake(waiter)
    end
  end)
  if not registered then
    return nil, "cancel_on_abort: " .. tostring(problem)
  end
  ngx.ctx[ABORT] = canceller
  return canceller
end

local function cancelling()
  local own = { name = "resty", built_in = true, tasks = driver }
  function own.able()
    local able, problem = driver.able()
    if able then
      local _
      _, problem = abort_of_request()
    end
    if problem then
      return nil, problem
    end
    return true
  end
  function own.await(engine, operation, seconds)
    return waiters.await(driver, engine, operation, seconds, abort_of_request())
  end
  function own.sleep(engine, seconds)
    return waiters.sleep(driver, engine, seconds, abort_of_request())
  end
  return own
end

---Reads the options of the driver: {"resty", bridge = false, cancel_on_abort = true}.
---@param given table
---@return heygen.Driver? driver
---@return string? message
function driver.configure(given)
  local named = {}
  for name, value in pairs(given) do
    if name ~= 1 then
      named[name] = value
    end
  end
  local read, problem = checker.check(named, OPTIONS, "driver")
  if not read then
    return nil, problem
  end
  if given.bridge ~= nil then
    bridge_wanted = given.bridge -- of the worker: all share one pump
  end
  return given.cancel_on_abort and cancelling() or driver
end

return waiters.driver(driver)
