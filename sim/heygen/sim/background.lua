-- heygen-sim --env: starts itself again in the background, waits until that listens, and prints what a shell evals.
local uv = require "luv"

local background = {}

-- The same command without --env: the interpreter with its options, the script, the arguments.
local function command_of(arguments)
  local first, list = 0, {}
  while arguments[first - 1] do
    first = first - 1
  end
  for i = first, #arguments do
    if i < 1 or arguments[i] ~= "--env" then
      list[#list + 1] = arguments[i]
    end
  end
  return table.remove(list, 1), list
end

local function quote(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

local function exports(values, url, pid)
  local lines = {
    "export HEYGEN_API_BASE=" .. quote(url),
    "export HEYGEN_API_KEY=" .. quote((values.keys or {})[1] or "simulator"),
    string.format("export HEYGEN_SIM_PID=%d", pid),
  }
  if not values.tls then
    -- HeyGen's own command line takes plain http only then.
    lines[#lines + 1] = "export HEYGEN_ALLOW_HTTP=1"
  end
  return table.concat(lines, "\n")
end

--- Starts it. What it has to complain about goes to standard error.
---@param arguments table `arg` of the program: the script at 0, the interpreter before it
---@param values table the options
---@return string|nil text for eval, string|nil message
function background.start(arguments, values)
  if not arguments[0] then
    return nil, "--env is for the program heygen-sim"
  end
  local program, list = command_of(arguments)
  local output, text, ended = uv.new_pipe(false), "", false
  local child, pid = uv.spawn(
    program,
    { args = list, stdio = { nil, output, 2 }, detached = true },
    function()
      ended = true
    end
  )
  if not child then
    return nil, "--env: " .. tostring(pid)
  end
  output:read_start(function(_, bytes)
    text = text .. (bytes or "")
    ended = ended or not bytes
  end)
  local wanted = values.tls and "^(%S+)\n%S+\n" or "^(%S+)\n"
  while not ended and not text:find(wanted) do
    uv.run "once"
  end
  local url = text:match(wanted)
  if not url then
    return nil, "--env: it did not start"
  end
  return exports(values, url, pid)
end

return background
