-- Runs the host cases under luv's own loop.
local cases = require "spec.support.host_cases"
local heygen = require "heygen"
local uv = require "luv"

heygen.use "luv"

-- The host's own timer must run while the module waits.
function cases.native()
  local ticks, timer = 0, uv.new_timer()
  timer:start(1, 1, function()
    ticks = ticks + 1
  end)
  return function()
    timer:close()
    return ticks > 10
  end
end

function cases.drop(fn)
  local timer = uv.new_timer()
  timer:start(0, 0, function()
    timer:close()
    coroutine.wrap(fn)()
  end)
end

coroutine.wrap(function()
  cases.run(print)
  print "end"
end)()
uv.run()
assert(not uv.loop_alive(), "the loop is kept alive")
