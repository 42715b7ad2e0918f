-- Runs a type checker for Lua (emmylua_check, see .ci/deps). In code that uses the module it must find nothing in what
-- is right, examples included, and each mistake in what is wrong; in the module itself no annotation that says nothing.
-- usage: lua5.4 .ci/types.lua emmylua_check
local json = require "cjson"

local CHECKER = arg[1]
local WRONG = "spec/support/types/wrong.lua"
local USES = "examples spec/support/types"
-- Programs of their own for hosts with other globals; and what in the module is named as other modules are.
local NOT_USES = "**/nginx/**,**/love/**,**/embed/**,**/driver/**,**/sim/**"
local NOT_MODULE = "**/sim/**" -- says no types to its users
-- In the module: names of types that there are not, and what is no annotation.
local BROKEN = {
  ["doc-syntax-error"] = true,
  ["duplicate-doc-field"] = true,
  ["duplicate-type"] = true,
  ["syntax-error"] = true,
  ["type-not-found"] = true,
  ["undefined-doc-param"] = true,
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

local function configure(library)
  for index, directory in ipairs(library) do
    library[index] = root .. "/" .. directory
  end
  local path = root .. "/build/emmyrc.json"
  local file = assert(io.open(path, "w"))
  file:write(json.encode {
    runtime = { version = "Lua5.4", requirePattern = { "?.lua", "?/init.lua" } },
    workspace = { library = library },
    -- Modules of others; and that a value is there when its message is not is beyond the checker.
    diagnostics = { disable = { "unresolved-require", "need-check-nil" } },
  })
  file:close()
  return path
end

-- What the checker finds in directories: file, line, code and message of each.
local function check(places, ignored, library)
  local report = root .. "/build/types.json"
  os.remove(report)
  local said = output_of(
    ("%s -c %s -f json --output %s --severity warn -i '%s' %s 2>&1"):format(
      CHECKER,
      configure(library),
      report,
      ignored,
      places
    )
  )
  local input = assert(io.open(report), said)
  local found = {}
  for _, one in ipairs(json.decode(input:read "a")) do
    local file = one.file:gsub("^file://", ""):gsub("^" .. root:gsub("%p", "%%%0") .. "/", "")
    for _, problem in ipairs(one.diagnostics) do
      if problem.severity <= WARNING then
        found[#found + 1] =
          { file = file, line = problem.range.start.line + 1, code = problem.code, message = problem.message }
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

-- Line -> code -> message of what is wrong on purpose.
local wrong = {}
for _, problem in ipairs(check(USES, NOT_USES, { "lua", "types", "sim" })) do
  if problem.file == WRONG then
    wrong[problem.line] = wrong[problem.line] or {}
    wrong[problem.line][problem.code] = problem.message
  else
    complain("%s:%d: %s (%s)", problem.file, problem.line, problem.message, problem.code)
  end
end
for _, problem in ipairs(check("lua types", NOT_MODULE, {})) do
  if BROKEN[problem.code] then
    complain("%s:%d: %s (%s)", problem.file, problem.line, problem.message, problem.code)
  end
end

local number, marks = 0, 0
for line in io.lines(WRONG) do
  number = number + 1
  local there = wrong[number] or {}
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
