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

return assert(package.loadlib(library, "luaopen_system"))()
