-- Makes sessions at a simulator and prints their ids: what bench/frames waits for.
local heygen = require "heygen"

local client = heygen.new { ca_file = os.getenv "CA_FILE" }
local makers = {}
for index = 1, tonumber(arg[1]) do
  makers[index] = function()
    return client:create { prompt = "Video " .. index }
  end
end
for _, session in ipairs(assert(heygen.all(makers))) do
  print(session.session_id)
end
