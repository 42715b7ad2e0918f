-- Calls a function that may raise and may wait. pcall does, but for PUC Lua 5.1, which cannot yield inside it: there
-- the function runs as a task of its own, which the caller waits for.
local BLIND = _VERSION == "Lua 5.1" and not rawget(_G, "jit")

if not BLIND then
  return pcall
end

local function results(self)
  if self.results then
    return true, unpack(self.results, 1, self.results.n)
  end
  return false, self.raised
end

---@param fn function
---@return boolean ok
---@return any ... what it returned, or what it raised
return function(fn, ...)
  local co = coroutine.running()
  if not co then
    return pcall(fn, ...) -- nobody could wait here but by blocking
  end
  local task, tasks = require "heygen.task.task", require "heygen.task.tasks"
  local self = tasks.spawn(fn, ...)
  tasks.await(self, 2)
  task.heard(self)
  return results(self)
end
