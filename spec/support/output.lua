-- How busted reports under spec/support/run: plainTerminal, and two files next to the log. "-Xoutput NAME" names them:
-- NAME.now has the test that runs, so that a run that is killed can say in which one, and NAME.times the seconds of
-- each file, from which the runner deals the files out.
local plain = require "busted.outputHandlers.plainTerminal"

return function(options)
  local busted = require "busted"
  local handler = plain(options)
  local name = options.arguments[1]

  -- Opened and closed each time: tests count descriptors, and a killed process flushes nothing.
  local function write(suffix, mode, text)
    local file = assert(io.open(name .. suffix, mode))
    file:write(text)
    file:close()
  end

  busted.subscribe({ "test", "start" }, function(element)
    local where = element.trace and element.trace.short_src or "?"
    write(".now", "w", where .. ": " .. handler.getFullName(element) .. "\n")
    return nil, true
  end)
  busted.subscribe({ "test", "end" }, function()
    os.remove(name .. ".now")
    return nil, true
  end)
  busted.subscribe({ "file", "end" }, function(file)
    write(".times", "a", ("%.1f %s\n"):format(file.duration, file.name))
    return nil, true
  end)
  return handler
end
