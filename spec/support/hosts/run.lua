-- Runs the host cases inside heygen.run, which starts the loop of the host named: run.lua HOST.
local cases = require "spec.support.host_cases"
local heygen = require "heygen"

heygen.use(arg[1])
heygen.run(function()
  cases.run(print)
end)
print "end"
