-- Waits for what another process does: polls a check for at most 10 seconds.
local socket = require "socket"

---@param check function
---@return any value what the check gave in the end; nil or false when it never held
return function(check)
  local deadline = socket.gettime() + 10
  local value = check()
  while not value and socket.gettime() < deadline do
    socket.sleep(0.01)
    value = check()
  end
  return value
end
