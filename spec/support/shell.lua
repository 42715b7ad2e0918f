-- Runs shell commands for specs: everything printed, and the exit status, on every Lua version.

local shell = {}

--- Quotes a word for the shell.
---@param word string
---@return string
function shell.quote(word)
  return "'" .. word:gsub("'", "'\\''") .. "'"
end

--- Runs a command without standard input.
---@param command string
---@return string output standard output and error together, without the last newline
---@return integer status the exit status
function shell.run(command)
  -- Lua 5.1's close() tells no exit status: the shell prints it.
  local pipe = assert(io.popen("{ " .. command .. "\n} 2>&1 </dev/null; printf '\\n%s' $?", "r"))
  local output, status = pipe:read("*a"):match("^(.-)\n?\n(%d+)$")
  pipe:close()
  return output, tonumber(status)
end

--- Runs a command that must succeed; raises with its output if it does not.
---@param command string
---@return string output
function shell.must(command)
  local output, status = shell.run(command)
  if status ~= 0 then
    error(("%s\nended with status %d:\n%s"):format(command, status, output), 2)
  end
  return output
end

--- The lines that a command prints.
---@param command string
---@return string[]
function shell.lines(command)
  local lines = {}
  for line in shell.must(command):gmatch("[^\n]+") do
    lines[#lines + 1] = line
  end
  return lines
end

return shell
