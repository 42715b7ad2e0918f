-- Runs the host cases in a thread of copas.
local cases = require "spec.support.host_cases"
local copas = require "copas"
local heygen = require "heygen"

heygen.use "copas"

function cases.drop(fn)
  copas.addthread(fn)
end

local over = false
copas.addthread(function()
  cases.run(print)
  print "end"
  over = true
end)
while not over do -- copas.loop() of 1.1.7 never ends
  copas.step(1)
end
