-- Builds and loads spec/support/system.c for the Lua that runs.
local child = require "spec.support.child"
local shell = require "spec.support.shell"

local version = child.interpreter()
local directory = "build/test/" .. version
local library = directory .. "/system.so"

-- Several runs may build it at once: each makes its own, and the last one stays.
local made = directory .. "/" .. child.scratch():match "[^/]*$" .. ".so"
local build = "env -u LD_PRELOAD gcc -shared -fPIC -O2 $(pkg-config --cflags %s) -o %s spec/support/system.c"
shell.must(("mkdir -p %s && " .. build .. " && mv %s %s"):format(directory, version, made, made, library))

local system = assert(package.loadlib(library, "luaopen_system"))()

--- Runs `body` in a forked child; it must not fail.
---@return fun() wait waits for the child
function system.in_child(body)
  io.stdout:flush()
  io.stderr:flush()
  local pid = system.fork()
  if pid == 0 then
    local ok, message = pcall(body)
    if not ok then
      io.stderr:write("in the child: ", tostring(message), "\n")
    end
    system.leave(ok)
  end
  return function()
    assert(system.wait(pid), "the child has failed")
  end
end

return system
