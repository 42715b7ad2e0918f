-- Runs the host cases under the module's own scheduler, frame by frame as a game does.
local cases = require "spec.support.host_cases"
local heygen = require "heygen"

local client = cases.client()
local task = heygen.spawn(function()
  cases.run(print)
  print "end"
end)
while not task:done() do
  client:update(0.002)
end
task:join()
