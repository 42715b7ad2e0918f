-- Runs the host cases under a controller of cqueues; the driver is found out by itself.
local cases = require "spec.support.host_cases"
local cqueues = require "cqueues"

local controller = cqueues.new()

function cases.native()
  local ticks, over = 0, false
  controller:wrap(function()
    while not over do
      cqueues.sleep(0.001)
      ticks = ticks + 1
    end
  end)
  return function()
    over = true
    return ticks > 10
  end
end

-- In a controller that is stepped once and then forgotten.
function cases.drop(fn)
  local other = cqueues.new()
  other:wrap(fn)
  other:step(0)
end

controller:wrap(function()
  cases.run(print)
  print "end"
end)
assert(controller:loop())
