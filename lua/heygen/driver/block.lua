-- The driver of a plain script: it stops the caller until the job is done. Other jobs go on meanwhile.
local core = require "heygen.core"

local block = { built_in = true }

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
    return true
  end
  local limit = core.now() + seconds
  while not job:done() do
    local left = limit - core.now()
    if left <= 0 then
      return nil, "timeout"
    end
    engine:wait(left)
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
  return block.await(engine, job)
end

return block
