-- Checkers of plain values (texts, numbers, ids, anything that JSON can carry) and the wording of their messages.
-- types.lua has the table of all checkers; what a checker returns is said there.
local core = require "heygen.core"
local errors = require "heygen.errors"
local suggest = require "heygen.schema.suggest"
local urls = require "heygen.schema.url"

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
local DEPTH = 32

function values.kind_of(value)
  return value == null and "null" or type(value)
end

function values.quoted(value)
  return '"' .. errors.printable(tostring(value), 40) .. '"'
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
  return "expected " .. what .. ", got " .. values.kind_of(value)
end

-- One step of a path: ".name", or "[2]".
function values.step(key)
  if type(key) == "number" then
    return format("[%.14g]", key)
  end
  return "." .. errors.printable(tostring(key), 40)
end

local quoted, expected, step = values.quoted, values.expected, values.step

---Puts a step in front of where each local file stands that was found after the first `before`.
---@param files table see types.lua
---@param before integer
---@param name string
function values.put_inside(files, before, name)
  for index = before + 1, #files do
    files[index].where = name .. files[index].where
  end
end

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
  return quoted(value) .. ' is not one of "' .. concat(allowed, '", "') .. '"' .. suggest.hint(value, allowed)
end

-- What a media type looks like: "image/png".
function values.media_type_problem(value)
  if not find(value, "^[%w.+-]+/[%w.+-]+$") then
    return 'expected a media type such as "image/png", got ' .. quoted(value)
  end
  return nil
end

local function sha256_problem(value)
  if #value ~= 64 or find(value, "[^0-9A-Fa-f]") then
    return "expected a SHA-256 checksum, 64 hexadecimal digits, got " .. quoted(value)
  end
  return nil
end

local FORMATS = {
  https_url = urls.https_problem,
  callback_url = urls.callback_problem,
  media_type = values.media_type_problem,
  sha256 = sha256_problem,
}

local function size_problem(spec, size, unit)
  if spec.min and size < spec.min then
    local given = size == 0 and "empty" or format("%d %ss", size, unit)
    return format(
      "%s, at least %d %s needed",
      given,
      spec.min,
      spec.min == 1 and unit .. " is" or unit .. "s are"
    )
  elseif spec.max and size > spec.max then
    return format("%d %ss, at most %d are allowed", size, unit, spec.max)
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

local function check_number(spec, value, what, is_integer)
  if type(value) ~= "number" then
    return nil, expected(what .. range(spec), value), nil, true
  end
  local fits = value > -math.huge and value < math.huge
  if is_integer then
    fits = fits and floor(value) == value and value >= -EXACT and value <= EXACT
  end
  fits = fits and not (spec.min and value < spec.min) and not (spec.above and value <= spec.above)
  if not fits or (spec.max and value > spec.max) then
    return nil, "expected " .. what .. range(spec) .. ", got " .. values.number_text(value)
  end
  return value
end

-- The problem of a table that shall be an array 1..n; looks at every key, as # alone does not see holes.
local function array_problem(value)
  local count = 0
  for key in pairs(value) do
    if type(key) ~= "number" then
      return "expected an array, found the key " .. quoted(key)
    end
    count = count + 1
  end
  for index = 1, count do
    if value[index] == nil then
      return format("expected an array without holes, item %d is missing", index)
    end
  end
  return nil
end

-- A value of no known shape: anything that JSON can carry. Returns problem, where, mistake.
local function free_problem(value, depth)
  local kind = type(value)
  if kind == "string" then
    return values.utf8_problem(value)
  elseif kind == "number" then
    if value ~= value or value == math.huge or value == -math.huge then
      return "expected a finite number, got " .. values.number_text(value)
    end
    return nil
  elseif kind == "boolean" or value == null then
    return nil
  elseif kind ~= "table" then
    return "a " .. kind .. " cannot be sent", nil, true
  elseif depth > DEPTH then
    return format("more than %d levels deep, does a table hold itself?", DEPTH), nil, true
  end
  local is_array = value[1] ~= nil
  local problem = is_array and array_problem(value)
  if problem then
    return problem, nil, true
  end
  for key, item in pairs(value) do
    if not is_array and type(key) ~= "string" then
      return "expected names or 1..n as keys, found " .. quoted(key), nil, true
    end
    problem = not is_array and values.utf8_problem(key)
    if problem then
      return "a name with " .. problem
    end
    local where, mistake
    problem, where, mistake = free_problem(item, depth + 1)
    if problem then
      return problem, step(key) .. (where or ""), mistake
    end
  end
  return nil
end

values.free_problem = free_problem

function values.string(spec, value)
  if type(value) ~= "string" then
    return nil, expected("a string", value), nil, true
  end
  local length, bad = utf8_length(value)
  if not length then
    return nil, format("invalid UTF-8 at byte %d", bad)
  end
  local problem = size_problem(spec, length, "character")
    or (spec.enum and values.one_of(value, spec.enum))
    or (spec.format and FORMATS[spec.format](value))
  if problem then
    return nil, problem
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

function values.boolean(_, value)
  if type(value) ~= "boolean" then
    return nil, expected("a boolean", value), nil, true
  end
  return value
end

-- What array and ids have in common. Returns problem, mistake.
function values.list_problem(spec, value, what, unit)
  if type(value) ~= "table" then
    return expected(what, value), true
  end
  local problem = array_problem(value)
  if problem then
    return problem, true
  end
  return size_problem(spec, #value, unit)
end

function values.any(_, value)
  local problem, where, mistake = free_problem(value, 1)
  if problem then
    return nil, problem, where, mistake
  end
  return value
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

-- Ids in a query: the whole list becomes one text.
function values.ids(spec, value)
  local problem, mistake = values.list_problem(spec, value, "an array of ids", "id")
  if problem then
    return nil, problem, nil, mistake
  end
  local ids = {}
  for index = 1, #value do
    local id, _
    id, problem, _, mistake = values.id(value[index])
    if not problem and find(value[index], ",", 1, true) then
      problem = quoted(value[index]) .. " has a comma; each id is an item of its own"
    end
    if problem then
      return nil, problem, step(index), mistake
    end
    ids[index] = id
  end
  return concat(ids, ",")
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
