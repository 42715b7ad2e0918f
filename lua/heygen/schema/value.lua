-- What the checkers of this room share: how a value is named in a message, numbers in a range, ids, texts of a query.
-- Nothing here is called for a good text. types.lua has the checkers, and says what they return.
local core = require "heygen.core"
local errors = require "heygen.errors"
local suggest = require "heygen.schema.suggest"

local values = {}

local null, escape, utf8_length = core.null, core.escape, core.utf8_length
local find, format, gmatch, gsub = string.find, string.format, string.gmatch, string.gsub
local concat, floor = table.concat, math.floor

-- Where Lua has integers, 20.0 is sent as 20.
local to_integer = math.tointeger or function(value)
  return value
end

-- What needs no escaping in a path and is never "." or "..". In C, as it is asked for every request.
local is_plain = core.is_plain
local CONTROL = "[%z\1-\31\127]"
local EXACT = 2 ^ 53

function values.kind_of(value)
  return value == null and "null" or type(value)
end

function values.quoted(value)
  return '"' .. errors.printable(tostring(value), 40) .. '"'
end

---A text that says something: an empty one is no id, no address and no reason.
---@param value any
---@return string?
function values.filled(value)
  return type(value) == "string" and value ~= "" and value or nil
end

-- NaN and the infinities are written differently from one C library to the next.
function values.number_text(value)
  if value ~= value then
    return "NaN"
  elseif value == math.huge or value == -math.huge then
    return value > 0 and "infinity" or "-infinity"
  end
  return format("%.14g", value)
end

---What came, for a message: a string in quotes, a number, true or false, else the type.
function values.given(value)
  local kind = type(value)
  if kind == "string" then
    return values.quoted(value)
  elseif kind == "number" then
    return values.number_text(value)
  end
  return kind == "boolean" and tostring(value) or values.kind_of(value)
end

function values.expected(what, value)
  return "expected " .. what .. ", got " .. values.given(value)
end

-- One step of a path: ".name", or "[2]".
function values.step(key)
  if type(key) == "number" then
    return format("[%.14g]", key)
  end
  return "." .. errors.printable(tostring(key), 40)
end

local quoted, expected = values.quoted, values.expected

-- The least unknown key, so that the message does not depend on the order of a table.
function values.unknown_key(value, known)
  local found
  for key in pairs(value) do
    if not known[key] and (found == nil or tostring(key) < tostring(found)) then
      found = key
    end
  end
  return found
end

function values.sorted_keys(map)
  local names = {}
  for name in pairs(map) do
    names[#names + 1] = name
  end
  table.sort(names)
  return names
end

function values.utf8_problem(value)
  local length, bad = utf8_length(value)
  return not length and format("invalid UTF-8 at byte %d", bad) or nil
end

function values.one_of(value, allowed)
  for index = 1, #allowed do
    if allowed[index] == value then
      return nil
    end
  end
  return ('expected one of "%s", got %s%s'):format(
    concat(allowed, '", "'),
    values.given(value),
    suggest.hint(value, allowed)
  )
end

-- The form of a media type: "image/png".
function values.media_type_problem(value)
  if not find(value, "^[%w.+-]+/[%w.+-]+$") then
    return 'expected a media type such as "image/png", got ' .. quoted(value)
  end
  return nil
end

---The range of a number, to stand behind what it is.
function values.range(spec)
  if spec.min and spec.max then
    return format(" from %.14g to %.14g", spec.min, spec.max)
  end
  return (spec.above and format(" > %.14g", spec.above) or "")
    .. (spec.min and format(" >= %.14g", spec.min) or "")
    .. (spec.max and format(spec.above and " and <= %.14g" or " <= %.14g", spec.max) or "")
end

local range = values.range

-- One of few numbers.
local function number_enum_problem(spec, value)
  local texts = {}
  for index, allowed in ipairs(spec.enum) do
    if allowed == value then
      return nil
    end
    texts[index] = values.number_text(allowed)
  end
  return ("expected one of %s, got %s"):format(concat(texts, ", "), values.number_text(value))
end

local function check_number(spec, value, what, is_integer)
  what = spec.even and "an even integer" or what
  if type(value) ~= "number" then
    return nil, expected(what .. range(spec), value), nil, true
  elseif spec.enum then
    local problem = number_enum_problem(spec, value)
    return not problem and value or nil, problem
  end
  local fits = value > -math.huge and value < math.huge
  if is_integer then
    fits = fits and floor(value) == value and value >= -EXACT and value <= EXACT
    fits = fits and not (spec.even and value % 2 ~= 0)
  end
  fits = fits and not (spec.min and value < spec.min) and not (spec.above and value <= spec.above)
  if not fits or (spec.max and value > spec.max) then
    return nil, "expected " .. what .. range(spec) .. ", got " .. values.number_text(value)
  end
  return value
end

function values.number(spec, value)
  return check_number(spec, value, "a number")
end

function values.integer(spec, value)
  local number, problem, where, mistake = check_number(spec, value, "an integer", true)
  if problem then
    return nil, problem, where, mistake
  end
  return to_integer(number)
end

---The form in which ids are compared: a service may write one with other letter case and dashes than it was asked for.
---@param id string
---@return string
function values.plain_id(id)
  return (id:lower():gsub("-", ""))
end

local function id_problem(value)
  if not find(value, "%S") then
    return value == "" and "empty, an id is needed" or "blank, an id is needed"
  end
  local at = find(value, CONTROL)
  if at then
    return format("%s has a control character at byte %d", quoted(value), at)
  end
  for segment in gmatch(value, "[^/\\]+") do
    if segment == "." or segment == ".." then
      return quoted(value) .. " is a path, not an id"
    end
  end
  return values.utf8_problem(value)
end

---@param value any
---@return string? id percent-encoded where needed
---@return string? problem
---@return nil
---@return boolean? mistake
function values.id(value)
  if type(value) ~= "string" then
    return nil, expected("a string", value), nil, true
  elseif is_plain(value) then
    return value
  end
  local problem = id_problem(value)
  if problem then
    return nil, problem
  end
  return escape(value)
end

---A value of a query, percent-encoded.
---@param spec heygen.FieldSpec
---@param value any as types.check returned it
---@return string
function values.query_text(spec, value)
  if spec.type == "integer" then
    return format("%d", value)
  elseif spec.type == "ids" then
    return value
  elseif spec.type == "number" then
    return (gsub(format("%.14g", value), ",", ".")) -- a decimal comma from the host's locale
  elseif type(value) ~= "string" then
    return tostring(value)
  end
  return is_plain(value) and value or escape(value)
end

return values
