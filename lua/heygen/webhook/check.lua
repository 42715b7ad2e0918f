-- Checks the options of the webhook functions: a mistake of the program is raised at the caller's line.
local suggest = require "heygen.schema.suggest"
local values = require "heygen.schema.value"

local check = {}

local NONE = {} -- never written to

---@param value any
---@return boolean
function check.callable(value)
  if type(value) == "function" then
    return true
  end
  local meta = type(value) == "table" and getmetatable(value)
  return type(meta) == "table" and type(meta.__call) == "function"
end

-- What an option may be: nil when it is that, else what was expected.
local kinds = {}

function kinds.seconds(value)
  return not (type(value) == "number" and value >= 0) and "seconds, 0 or more" or nil
end

function kinds.positive(value)
  return not (type(value) == "number" and value > 0) and "a number above 0" or nil
end

function kinds.boolean(value)
  return type(value) ~= "boolean" and "a boolean" or nil
end

function kinds.string(value)
  return type(value) ~= "string" and "a string" or nil
end

function kinds.callable(value)
  return not check.callable(value) and "a function" or nil
end

local function index(value, name)
  return value[name]
end

-- Stores are often userdata or objects of others: only their methods matter.
function kinds.store(value)
  local ok, found = pcall(index, value, "claim")
  return not (ok and check.callable(found)) and 'a store with the methods "claim" and "forget"' or nil
end

function kinds.timestamp(value)
  local fine = value == false or (type(value) == "number" and value >= 0 and value < 1e12 and value % 1 == 0)
  return not fine and "Unix seconds as a whole number, or false for none" or nil
end

function kinds.event_id(value)
  local fine = value == false or (type(value) == "string" and value:find "^[%w_.:-]+$" and #value <= 200)
  return not fine and "1 to 200 letters, digits or _ - . :, or false for none" or nil
end

---Raises on an unknown option, or on one that is not what it should be.
---@param where string the function, for the message
---@param options any nil will do
---@param known table<string, string|table> name -> a kind, or the allowed strings in a list
---@param level integer of the caller to blame, as for error
---@return table options
function check.options(where, options, known, level)
  if options == nil then
    return NONE
  elseif type(options) ~= "table" then
    error(where .. ": options: " .. values.expected("a table", options), level + 1)
  end
  for name, value in pairs(options) do
    local kind = known[name]
    if not kind then
      local hint = suggest.hint(name, values.sorted_keys(known))
      error(where .. ": unknown option " .. values.quoted(name) .. hint, level + 1)
    elseif type(kind) == "table" then
      local problem = type(value) ~= "string" and values.expected("a string", value)
        or values.one_of(value, kind)
      if problem then
        error(where .. ": " .. name .. ": " .. problem, level + 1)
      end
    else
      local wanted = kinds[kind](value)
      if wanted then
        error(where .. ": " .. name .. ": " .. values.expected(wanted, value), level + 1)
      end
    end
  end
  return options
end

return check
