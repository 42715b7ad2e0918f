-- Checks one value against its field spec of endpoints/: the table of all checkers, by the spec's type.
--
-- A checker gets the spec, the value, the list `files` and `check`, with which it checks what is inside of the values.
-- It returns the value to send, or nil, problem, where, mistake: `where` is the place inside the value (nil: the value
-- itself), `mistake` tells an error of the program (wrong type, unknown field) from a bad value, which may come from a
-- user's input. Nothing is built for messages until something is wrong.
--
-- A local file in the value is added to `files` as { node, source, limits, where }: `node` stands in the checked value
-- until the file is uploaded or inlined, and each checker on the way out puts its own step in front of `where`.
local core = require "heygen.core"
local file = require "heygen.schema.file"
local object = require "heygen.schema.object"
local values = require "heygen.schema.value"

local types = {}

local null = core.null

local function check_array(spec, given, files, check)
  local problem, mistake = values.list_problem(spec, given, "an array", "item")
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
      return nil, problem, values.step(index) .. (where or ""), mistake
    elseif files and #files > before then
      values.put_inside(files, before, values.step(index))
    end
    items[index] = item
  end
  return items
end

-- A file for multipart/form-data: it is looked at where it is read.
local function check_upload(_, given)
  if type(given) ~= "string" and type(given) ~= "table" then
    return nil, values.expected("a path or a table", given), nil, true
  end
  return given
end

types.checkers = {
  any = values.any,
  array = check_array,
  boolean = values.boolean,
  file_input = file.check,
  ids = values.ids,
  integer = values.integer,
  number = values.number,
  object = object.check,
  string = values.string,
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
