-- The driver of a plain script: it stops the caller until the operation is done. Other operations continue.
local core = require "heygen.core"
local waiters = require "heygen.driver.waiters"

local waiting, weak = waiters.waiting, waiters.weak

-- Operations of other callers may have ended. In most scripts no other caller waits.
local function deliver(engine)
  if next(waiting) ~= nil or next(weak) ~= nil then
    waiters.deliver(engine)
    return
  end
  repeat
  until not engine:finished()
end

local block = { name = "block", built_in = true }

---@param engine userdata
---@param operation userdata
---@param seconds number? nil: as long as it takes
---@return boolean? done
---@return string? reason "timeout"
function block.await(engine, operation, seconds)
  if not seconds then
    while not operation:done() do
      engine:wait()
    end
    deliver(engine)
    return true
  end
  local limit = core.now() + seconds
  local left = seconds
  while not operation:done() and left > 0 do
    engine:wait(left)
    left = limit - core.now()
  end
  deliver(engine)
  if not operation:done() then
    return nil, "timeout"
  end
  return true
end

---@param engine userdata
---@param seconds number
---@return boolean? slept
---@return string? reason
function block.sleep(engine, seconds)
  local operation, message = engine:after(seconds)
  if not operation then
    return nil, message
  end
  block.await(engine, operation)
  local done, reason = operation:result() -- a closed engine ends its timers early
  return done, reason
end

return block
