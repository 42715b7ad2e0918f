-- luv, loaded once: busted forgets modules between two files, and a process does not survive a second luv.
local registry = debug.getregistry()

registry["spec.support.uv"] = registry["spec.support.uv"] or require "luv"

return registry["spec.support.uv"]
