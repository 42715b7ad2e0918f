-- Runs Lua code in a process of its own, with the interpreter that runs the specs: for what changes or ends a process.
local shell = require "spec.support.shell"

local child = {}

--- The name of the interpreter that runs this file.
function child.interpreter()
  return rawget(_G, "jit") and "luajit" or "lua" .. _VERSION:match "%d%.%d"
end

--- A name in the build tree that no other process uses.
function child.scratch(suffix)
  local name = os.tmpname() -- makes the file
  os.remove(name)
  return name .. (suffix or "")
end

--- Runs `code`; `setup` is put in front of it in the shell ("ulimit -n 20; LC_ALL=C").
---@param code string
---@param setup string?
---@return string output everything printed
---@return integer status the exit status; 128 and more: ended by a signal
function child.run(code, setup)
  local path = child.scratch ".lua"
  local file = assert(io.open(path, "w"))
  file:write(code)
  file:close()
  local output, status = shell.run((setup or "") .. " " .. child.interpreter() .. " " .. path)
  os.remove(path)
  return output, status
end

--- As `run`, but the process must succeed.
function child.must(code, setup)
  local output, status = child.run(code, setup)
  if status ~= 0 then
    error("the process ended with status " .. status .. ":\n" .. output, 2)
  end
  return output
end

return child
