-- The same as /lag of drive.lua in a plain script, which blocks: blocking.lua COUNT DELAY.
local core = require "heygen.core"
local heygen = require "heygen"

local client = heygen.new { max_retries = 0 }
for _ = 1, tonumber(arg[1]) do
  local answer = assert(client:request { path = "/lag/" .. arg[2] })
  print(("%.4f"):format((core.now() - answer.sent) * 1000))
end
