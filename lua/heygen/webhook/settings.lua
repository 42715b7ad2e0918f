-- The options of what receives webhooks, checked against a table: a mistake raises at the line that made it.
local suggest = require "heygen.schema.suggest"

local settings = {}

---@class heygen.webhook.Setting
---@field type string "string", "integer", "number", "table" or "function" (also an object that can be called)
---@field required string? what to write, when it must be there
---@field default any
---@field min number?
---@field max number?
---@field check (fun(value: any): string?)? gives the problem of a value

local function is_callable(value)
  local meta = type(value) == "table" and getmetatable(value)
  return type(value) == "function" or (type(meta) == "table" and meta.__call ~= nil)
end

settings.is_callable = is_callable

local function number_problem(spec, value)
  if type(value) ~= "number" or value ~= value then
    return "expected a number, got " .. (type(value) == "number" and "NaN" or type(value))
  elseif spec.type == "integer" and value % 1 ~= 0 then
    return "expected a whole number, got " .. tostring(value)
  elseif spec.min and value < spec.min then
    return ("expected %g or more, got %g"):format(spec.min, value)
  elseif spec.max and value > spec.max then
    return ("expected at most %g, got %g"):format(spec.max, value)
  end
end

local function problem_of(spec, value)
  if spec.type == "integer" or spec.type == "number" then
    return number_problem(spec, value)
  elseif spec.type == "function" then
    return not is_callable(value) and "expected a function, got " .. type(value) or nil
  elseif spec.type and type(value) ~= spec.type then
    return ("expected a %s, got %s"):format(spec.type, type(value))
  end
  return spec.check and spec.check(value)
end

local function names(known)
  local list = {}
  for name in pairs(known) do
    list[#list + 1] = name
  end
  table.sort(list)
  return list
end

---Checks options and fills in the defaults.
---@param what string the function's name, for messages
---@param given any
---@param known table<string, heygen.webhook.Setting>
---@param level integer of the caller's caller
---@return table read
function settings.read(what, given, known, level)
  if type(given) ~= "table" then
    error(("heygen: %s: expected a table of options, got %s"):format(what, type(given)), level + 1)
  end
  local read = {}
  for name, value in pairs(given) do
    local spec = known[name]
    if not spec then
      local hint = suggest.hint(tostring(name), names(known))
      error(("heygen: %s: %s: unknown option%s"):format(what, tostring(name), hint), level + 1)
    end
    local problem = problem_of(spec, value)
    if problem then
      error(("heygen: %s: %s: %s"):format(what, name, problem), level + 1)
    end
    read[name] = value
  end
  for name, spec in pairs(known) do
    if read[name] == nil then
      if spec.required then
        error(("heygen: %s: %s: missing, %s"):format(what, name, spec.required), level + 1)
      end
      read[name] = spec.default
    end
  end
  return read
end

return settings
