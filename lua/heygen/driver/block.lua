-- The driver of a plain script: it stops the caller until the job is done. Other jobs go on meanwhile.
local core = require "heygen.core"
local hub = require "heygen.driver.waiters"

local block = { name = "block", built_in = true }

---@param engine userdata
---@param job userdata
---@param seconds number? nil: as long as it takes
---@return boolean? done
---@return string? reason "timeout"
function block.await(engine, job, seconds)
  if not seconds then
    while not job:done() do
      engine:wait()
    end
    hub.deliver(engine) -- what others wait for went on meanwhile
    return true
  end
  local limit = core.now() + seconds
  local left = seconds
  while not job:done() and left > 0 do
    engine:wait(left)
    left = limit - core.now()
  end
  hub.deliver(engine)
  if not job:done() then
    return nil, "timeout"
  end
  return true
end

---@param engine userdata
---@param seconds number
---@return boolean? slept
---@return string? reason
function block.sleep(engine, seconds)
  local job, message = engine:after(seconds)
  if not job then
    return nil, message
  end
  block.await(engine, job)
  local done, reason = job:result() -- a closed engine ends its timers early
  return done, reason
end

return block
