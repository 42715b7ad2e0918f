-- Runs a type checker for Lua (emmylua_check, see .ci/deps) over code that uses the module: it must find nothing in
-- what is right, examples included, and each mistake in what is wrong.
-- usage: lua5.4 .ci/types.lua emmylua_check
local json = require "cjson"

local CHECKER = arg[1]
local WRONG = "spec/support/types/wrong.lua"
-- What one checks, and what is left out of it: programs of their own for hosts with other globals.
local RIGHT = {
  { "spec/support/types", "**/wrong.lua" },
  { "examples", "**/nginx/**,**/love/**,**/embed/**" },
}
local WARNING = 2 -- the severity; 1 is an error, 3 and 4 are hints on style

local function output_of(command)
  local pipe = assert(io.popen(command))
  local text = pipe:read "a"
  pipe:close()
  return text
end

local root = output_of("pwd"):gsub("\n", "")
os.execute "mkdir -p build"
local config = root .. "/build/emmyrc.json"

local file = assert(io.open(config, "w"))
file:write(json.encode {
  runtime = { version = "Lua5.4", requirePattern = { "?.lua", "?/init.lua" } },
  workspace = { library = { root .. "/lua" } },
  diagnostics = {
    -- Modules of others; and that a value is there when its message is not is beyond the checker.
    disable = { "unresolved-require", "need-check-nil" },
  },
})
file:close()

-- What the checker finds: file, line, code and message of each.
local function check(directory, ignored)
  local report = root .. "/build/types.json"
  os.remove(report)
  output_of(
    ("%s -c %s -f json --output %s --severity warn -i '%s' %s 2>&1"):format(
      CHECKER,
      config,
      report,
      ignored,
      directory
    )
  )
  local input = assert(io.open(report), "the checker wrote no report")
  local found = {}
  for _, one in ipairs(json.decode(input:read "a")) do
    for _, problem in ipairs(one.diagnostics) do
      if problem.severity <= WARNING then
        found[#found + 1] = {
          file = one.file:gsub("^file://", ""):gsub("^" .. root:gsub("%p", "%%%0") .. "/", ""),
          line = problem.range.start.line + 1,
          code = problem.code,
          message = problem.message,
        }
      end
    end
  end
  input:close()
  return found
end

local failed = false
local function complain(...)
  failed = true
  print(string.format(...))
end

for _, place in ipairs(RIGHT) do
  for _, problem in ipairs(check(place[1], place[2])) do
    complain("%s:%d: %s (%s)", problem.file, problem.line, problem.message, problem.code)
  end
end

local found = {}
for _, problem in ipairs(check("spec/support/types", "**/right.lua")) do
  found[problem.line] = found[problem.line] or {}
  found[problem.line][problem.code] = problem.message
end
local number, marks = 0, 0
for line in io.lines(WRONG) do
  number = number + 1
  local there = found[number] or {}
  local mark = line:match "^[^-].* %-%- ([%a, -]+)$" or ""
  for code in mark:gmatch "[%a-]+" do
    marks = marks + 1
    if not there[code] then
      complain("%s:%d: not found: %s", WRONG, number, code)
    end
    there[code] = nil
  end
  for code, message in pairs(there) do
    complain("%s:%d: %s (%s), which is not marked", WRONG, number, message, code)
  end
end
if marks == 0 then
  complain("%s: no mark in it", WRONG)
end
os.exit(not failed, true)
