-- Asks arguments.check as a method would, by the name of the call, and tells the two kinds of refusal apart.

local endpoints = require "heygen.endpoints"
local arguments = require "heygen.api.arguments"

local calls = { rows = {} }

for _, row in ipairs(endpoints) do
  calls.rows[row.group .. ":" .. row.name] = row
end

function calls.check(name, ...)
  return arguments.check(calls.rows[name], { ... }, select("#", ...))
end

function calls.sent(name, ...)
  local call, message = calls.check(name, ...)
  assert(call, message)
  return call
end

function calls.target(name, ...)
  return calls.sent(name, ...).target
end

---The message of a refusal that is a mistake of the program.
function calls.mistake(name, ...)
  local call, message, param, is_mistake = calls.check(name, ...)
  assert(call == nil and is_mistake == true, message)
  assert(param == nil or message:sub(1, #param + 2) == param .. ": ", message)
  return message
end

---The message of a refusal that a user's input may cause.
function calls.bad_value(name, ...)
  local call, message, param, is_mistake = calls.check(name, ...)
  assert(call == nil and is_mistake == false, message)
  assert(message:sub(1, #param + 2) == param .. ": ", message)
  return message
end

---A create with these fields and a prompt: two arguments for the functions above.
function calls.create(fields)
  fields.prompt = fields.prompt or "p"
  return "video_agents:create", fields
end

return calls
