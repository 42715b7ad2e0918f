-- A folder for the files of one spec: make, remove and empty it in the hooks of busted.
local child = require "spec.support.child"
local shell = require "spec.support.shell"

local folder = {}

---@param default string? the name of the file when a test gives none
function folder.new(default)
  local directory = child.scratch()
  local here = { directory = directory }

  function here.make()
    shell.must("mkdir " .. directory)
  end

  function here.remove()
    shell.must("rm -r " .. directory)
  end

  function here.empty()
    shell.must("find " .. directory .. " -mindepth 1 -delete")
  end

  function here.path(name)
    return directory .. "/" .. (name or default)
  end

  --- The content of a file, nil where there is none.
  function here.read(name)
    local file = io.open(here.path(name), "rb")
    local content = file and file:read "*a"
    if file then
      file:close()
    end
    return content
  end

  ---@return string path
  function here.write(name, content)
    local file = assert(io.open(here.path(name), "wb"))
    file:write(content)
    file:close()
    return here.path(name)
  end

  --- The names of what is in it, hidden files included.
  function here.names()
    return shell.lines("cd " .. directory .. " && LC_ALL=C ls -A")
  end

  return here
end

return folder
