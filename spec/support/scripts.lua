-- Runs scripts as a user would: each in a directory of its own, with this interpreter and this build of the module.

local shell = require "spec.support.shell"

local quote = shell.quote

local scripts = {}

---The interpreter that runs the specs.
function scripts.interpreter()
  return rawget(_G, "jit") and "luajit" or "lua" .. _VERSION:match "%d+%.%d+"
end

---@param path string
---@return string
function scripts.read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read "*a"
  file:close()
  return text
end

---@param path string
---@param text string
function scripts.write(path, text)
  local file = assert(io.open(path, "wb"))
  assert(file:write(text))
  assert(file:close())
end

---Runs all scripts at once.
---@param list table[] each with `text`; gets `status`, `output` (both streams)
---@param environment string "NAME=value ..." for the shell
---@param dir string where each gets a directory of its own
function scripts.run_all(list, environment, dir)
  local commands = {}
  for index, script in ipairs(list) do
    script.dir = ("%s/%d"):format(dir, index)
    shell.must("mkdir " .. quote(script.dir))
    scripts.write(script.dir .. "/script.lua", script.text)
    commands[index] = ("(cd %s && %s timeout 120 %s script.lua >output 2>&1 </dev/null; echo $? >status) &"):format(
      quote(script.dir),
      environment,
      scripts.interpreter()
    )
  end
  commands[#commands + 1] = "wait"
  shell.must(table.concat(commands, "\n"))
  for _, script in ipairs(list) do
    script.status = tonumber(scripts.read(script.dir .. "/status"))
    script.output = scripts.read(script.dir .. "/output")
  end
end

return scripts
