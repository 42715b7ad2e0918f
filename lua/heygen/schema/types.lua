-- Checks one value against its field spec of endpoints/: the table of all checkers, by the spec's type.
--
-- A checker gets the spec, the value, the list `files` and `check`, with which it checks what is inside of the values.
-- It returns the value to send, or nil, problem, where, mistake: `where` is the place inside the value (nil: the value
-- itself), `mistake` tells an error of the program (wrong type, unknown field) from a bad value, which may come from a
-- user's input. Nothing is built for messages until something is wrong.
--
-- A local file in the value is added to `files` as { node, content, limits, where }: `node` stands in the checked value
-- until the file is uploaded or inlined, and each checker on the way out puts its own step in front of `where`.
local core = require "heygen.core"
local file = require "heygen.schema.file"
local object = require "heygen.schema.object"
local urls = require "heygen.schema.url"
local values = require "heygen.schema.value"

local types = {}

local null, utf8_length = core.null, core.utf8_length
local find, format = string.find, string.format
local expected, quoted, step = values.expected, values.quoted, values.step

local DEPTH = 32 -- levels of a free value

local function sha256_problem(value)
  if #value ~= 64 or find(value, "[^0-9A-Fa-f]") then
    return "expected a SHA-256 checksum, 64 hexadecimal digits, got " .. quoted(value)
  end
  return nil
end

local function plain_text_problem(value)
  return find(value, "[<>]") and 'expected plain text, without "<" and ">"' or nil
end

local FORMATS = {
  https_url = urls.https_problem,
  callback_url = urls.callback_problem,
  media_type = values.media_type_problem,
  plain_text = plain_text_problem,
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

-- The problem of a table that must be an array 1..n; checks every key, as # alone does not see holes.
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

local function check_string(spec, value)
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

local function check_boolean(_, value)
  if type(value) ~= "boolean" then
    return nil, expected("a boolean", value), nil, true
  end
  return value
end

-- What array and ids have in common. Returns problem, mistake.
local function list_problem(spec, value, what, unit)
  if type(value) ~= "table" then
    return expected(what, value), true
  end
  local problem = array_problem(value)
  if problem then
    return problem, true
  end
  return size_problem(spec, #value, unit)
end

local function check_any(_, value)
  local problem, where, mistake = free_problem(value, 1)
  if problem then
    return nil, problem, where, mistake
  end
  return value
end

-- Ids in a query: the whole list becomes one text.
local function check_ids(spec, value)
  local problem, mistake = list_problem(spec, value, "an array of ids", "id")
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
  return table.concat(ids, ",")
end

local function check_array(spec, given, files, check)
  local problem, mistake = list_problem(spec, given, "an array", "item")
  if problem then
    if mistake and spec.items.type == "file_input" and type(given) == "table" and given[1] == nil then
      problem = problem .. "; one file is an array of one: {{...}}"
    end
    return nil, problem, nil, mistake
  end
  local items = {}
  for index = 1, #given do
    local before = files and #files
    local item, where
    item, problem, where, mistake = check(spec.items, given[index], files)
    if problem then
      return nil, problem, step(index) .. (where or ""), mistake
    elseif files and #files > before then
      file.put_inside(files, before, format("[%d]", index))
    end
    items[index] = item
  end
  return items
end

-- A file for multipart/form-data: it is checked where it is read.
local function check_upload(_, given)
  if type(given) ~= "string" and type(given) ~= "table" then
    return nil, values.expected("a path or a table", given), nil, true
  end
  return given
end

types.checkers = {
  any = check_any,
  array = check_array,
  boolean = check_boolean,
  file_input = file.check,
  ids = check_ids,
  integer = values.integer,
  number = values.number,
  object = object.check,
  string = check_string,
  union = object.check_union,
  upload = check_upload,
}

local checkers = types.checkers

---@param spec heygen.FieldSpec
---@param given any not nil
---@param files table? gets the local files that are found; nil: there can be none
---@return any value to send
---@return string? problem
---@return string? where
---@return boolean? mistake
function types.check(spec, given, files)
  if given == null then
    if spec.nullable then
      return null
    end
    return nil, "null is not allowed, leave the field out", nil, true
  end
  return checkers[spec.type](spec, given, files, types.check)
end

return types
