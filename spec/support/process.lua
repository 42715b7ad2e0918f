-- What /proc says of the process that runs the specs, and of others.
local lfs = require "lfs"

local process = {}

local function count(path)
  local n = 0
  for name in lfs.dir(path) do
    n = n + (name:find "^%d" and 1 or 0)
  end
  return n
end

--- How many descriptors are open. Garbage is collected first, as it may own some.
---@return integer
function process.descriptors()
  collectgarbage()
  collectgarbage()
  return count "/proc/self/fd"
end

---@return integer
function process.threads()
  return count "/proc/self/task"
end

--- The memory that the process uses.
---@return integer bytes
function process.memory()
  collectgarbage()
  collectgarbage()
  for line in io.lines "/proc/self/status" do
    local kilobytes = line:match "^VmRSS:%s*(%d+)"
    if kilobytes then
      return tonumber(kilobytes) * 1024
    end
  end
end

--- Whether this process is still there. A zombie is not.
---@param pid integer|string
---@return boolean
function process.alive(pid)
  local file = io.open("/proc/" .. pid .. "/stat")
  local text = file and file:read "*a"
  if file then
    file:close()
  end
  -- The name stands in parentheses, and may have some of its own.
  local state = text and text:match "^.*%) (%a)"
  return state ~= nil and state ~= "Z" and state ~= "X"
end

return process
