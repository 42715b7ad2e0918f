-- Ctrl-C in a plain script: the interpreter raises "interrupted!" in whatever Lua code runs next. What leaves the
-- module instead says which jobs continue and which call resumes them, in one line on the terminal.
--
-- lua.c of 5.2 and later prints an error object by its __tostring and nothing else. Those of Lua 5.1 and LuaJIT add a
-- trace, but print nothing for nil. So there, and only where nothing between here and the interpreter can catch it, the
-- line is written here and nil is raised. Programs that embed Lua, and callers that use pcall, get the error.
local errors = require "heygen.errors"

local interrupt = {}

local running = coroutine.running

-- The states of the waits that run now, for a loop that is interrupted while they are suspended. Weak: a coroutine that
-- is dropped takes its wait with it.
interrupt.waits = setmetatable({}, { __mode = "k" })

---Makes the error for several waits; set by wait/loop.lua.
---@type fun(states: table[]): heygen.Error
interrupt.describe = nil

---Whether this was raised for Ctrl-C, by the interpreter.
---@param raised any
---@return boolean
function interrupt.is(raised)
  return raised == "interrupted!" or (type(raised) == "string" and raised:find ":%d+: interrupted!$" ~= nil)
end

---Whether this was raised for Ctrl-C, by the interpreter or by this module.
---@param raised any
---@return boolean
function interrupt.is_told(raised)
  return (errors.is(raised) or type(raised) == "string")
    and tostring(raised):find("interrupted!", 1, true) ~= nil
end

-- C functions that pass an error on.
local PASSING = { [require] = true, [dofile] = true }

-- Whether a script of the stand-alone interpreter would end by an error that is raised here.
local function ends_script()
  local arguments = rawget(_G, "arg")
  local co, is_main = running()
  if type(arguments) ~= "table" or not arguments[-1] or (co and not is_main) then
    return false
  end
  local level = 2
  local info = debug.getinfo(level, "Sf")
  while info do
    local outer = debug.getinfo(level + 1, "Sf")
    if info.what == "C" and outer and not PASSING[info.func] then
      return false
    end
    level, info = level + 1, outer
  end
  return true
end

---Raises the error that says how to resume.
---@param err heygen.Error|string
function interrupt.raise(err)
  if _VERSION == "Lua 5.1" then
    if ends_script() then
      io.stderr:write(tostring(err), "\n")
      error(nil, 0)
    elseif not rawget(_G, "jit") then
      err = tostring(err) -- a program that prints what Lua 5.1 raises cannot print an object
    end
  end
  error(err, 0)
end

---Runs a loop. When Ctrl-C ends it, what it raises names the waits that were suspended.
---@param fn function
---@param ... any
function interrupt.guard(fn, ...)
  local ok, raised = pcall(fn, ...)
  if ok then
    return
  elseif not interrupt.is(raised) or not interrupt.describe then
    error(raised, 0)
  end
  local states = {}
  for state in pairs(interrupt.waits) do
    states[#states + 1] = state
  end
  interrupt.raise(states[1] and interrupt.describe(states) or raised)
end

---Raises what a request has raised that must not be made twice. For Ctrl-C it says that it may have been made.
---@param raised any
---@param row heygen.Endpoint
---@param call table
function interrupt.raise_of_create(raised, row, call)
  if not interrupt.is(raised) then
    error(raised, 0)
  end
  local message = "interrupted! What %s %s makes may have been made: check that before you make it again"
  interrupt.raise(errors.new {
    kind = "cancelled",
    message = message:format(row.method, row.path or call.target),
    sent = "maybe",
    idempotency_key = call.key,
  })
end

return interrupt
