-- Runs the host cases in a plain script, where a call outside of tasks blocks.
local cases = require "spec.support.host_cases"

cases.blocks = true
cases.run(print)
print "end"
