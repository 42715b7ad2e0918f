-- Checks tables of named fields against their specs: objects, and unions of them told apart by one field. With the
-- rules that no single field can tell.
local core = require "heygen.core"
local file = require "heygen.schema.file"
local suggest = require "heygen.schema.suggest"
local values = require "heygen.schema.value"

local object = {}

local null = core.null
local concat = table.concat
local expected, step = values.expected, values.step

local FREE = { type = "any" }
local ARTICLES = { integer = "an integer", array = "an array", object = "a table", union = "a table" }

---What a field that is missing must be.
---@param spec heygen.FieldSpec
---@return string problem
function object.missing(spec)
  local what = ARTICLES[spec.type] or "a " .. spec.type
  if spec.type == "string" and spec.max then
    what = ("a string of %d to %d characters"):format(spec.min or 0, spec.max)
  elseif spec.type == "file_input" or spec.type == "upload" then
    what = "a file"
  elseif spec.type == "any" then
    what = "a value"
  end
  return "missing, " .. what .. " is required"
end

-- The names of the fields in one order, so that the first problem is always the same one.
local orders = setmetatable({}, { __mode = "k" })

local function in_order(fields)
  local names = orders[fields]
  if not names then
    names = values.sorted_keys(fields)
    orders[fields] = names
  end
  return names
end

local function is_there(fields, name)
  return fields[name] ~= nil and fields[name] ~= null
end

local function given_of(fields, names)
  local found = {}
  for index = 1, #names do
    if is_there(fields, names[index]) then
      found[#found + 1] = names[index]
    end
  end
  return found
end

-- Returns field, problem.
local function choice_problem(given, rules)
  local names = rules.one_of or rules.most_one_of
  if names then
    local found = given_of(given, names)
    if found[2] then
      return found[2], "cannot be given together with " .. found[1]
    elseif rules.one_of and not found[1] then
      return names[1], "missing, exactly one of " .. concat(names, ", ") .. " is required"
    end
  end
  names = rules.any_of
  if names and not given_of(given, names)[1] then
    return names[1], "missing, " .. concat(names, " or ") .. " is required"
  end
  return nil
end

-- What the fields of an object say of each other. Returns field, problem.
local function cross_field_problem(given, fields)
  local names = in_order(fields)
  for index = 1, #names do
    local name = names[index]
    local spec = fields[name]
    if spec.requires and is_there(given, name) and not is_there(given, spec.requires) then
      return name, "is only valid together with " .. spec.requires
    elseif spec.not_with and is_there(given, name) and given[spec.not_with] == true then
      return name, "cannot be given when " .. spec.not_with .. " is true"
    end
  end
  return nil
end

-- What cannot be given where another field has a certain value. Returns field, problem.
local function clash_problem(given, clashes)
  for index = 1, #clashes do
    local name, value, other = clashes[index][1], clashes[index][2], clashes[index][3]
    local is = given[name]
    local inner = type(is) == "table" and is ~= null
    if (inner and is.type or is) == value and is_there(given, other) then
      return other, ('cannot be given with %s%s = "%s"'):format(name, inner and ".type" or "", value)
    end
  end
  return nil
end

local function rule_problem(spec, given)
  local field, problem = choice_problem(given, spec)
  if not field and spec.cases then
    local case = spec.cases[given[spec.cases.by]]
    if case then
      field, problem = choice_problem(given, case)
    end
  end
  if not field then
    field, problem = cross_field_problem(given, spec.fields)
  end
  if not field and spec.clashes then
    field, problem = clash_problem(given, spec.clashes)
  end
  return field, problem
end

local function stray_problem(spec, stray, variant)
  local hint = suggest.hint(stray, values.sorted_keys(spec.fields))
  if variant and hint == "" then
    return ('does not belong to the type "%s"'):format(variant)
  end
  return "unknown field" .. hint
end

-- `variant` is which one of a union it is, and `by` the field that says so.
local function check_fields(spec, value, files, check, by, variant)
  local fields = spec.fields
  for key in pairs(value) do
    if not fields[key] and key ~= by then
      local known = values.sorted_keys(fields)
      known[#known + 1] = by
      local all = {}
      for index = 1, #known do
        all[known[index]] = true
      end
      local stray = values.unknown_key(value, all)
      return nil, stray_problem(spec, stray, variant), step(stray), true
    end
  end
  local checked = {}
  if by then
    checked[by] = variant
  end
  local names = in_order(fields)
  for index = 1, #names do
    local name = names[index]
    local field, given = fields[name], value[name]
    if given ~= nil then
      local before = files and #files
      local item, problem, where, mistake = check(field, given, files)
      if problem then
        return nil, problem, step(name) .. (where or ""), mistake
      elseif files and #files > before then
        file.put_inside(files, before, step(name))
      end
      checked[name] = item
    elseif field.required then
      return nil, object.missing(field), step(name), true
    end
  end
  local field, problem = rule_problem(spec, checked)
  if field then
    return nil, problem, step(field), true
  end
  return checked
end

local function table_problem(value)
  if type(value) ~= "table" then
    return expected("a table", value)
  end
  return value[1] ~= nil and "expected named fields, got an array" or nil
end

---The checker of "object" in types.lua.
---@param spec heygen.FieldSpec
---@param value any
---@param files table?
---@param check function
---@return table? checked a copy
---@return string? problem
---@return string? where
---@return boolean? mistake
function object.check(spec, value, files, check)
  local no_object = table_problem(value)
  if no_object then
    return nil, no_object, nil, true
  elseif not spec.fields then
    return check(FREE, value)
  end
  return check_fields(spec, value, files, check)
end

-- Returns variant | nil, problem, where, mistake.
local function find_variant(spec, value)
  local variant = value[spec.by]
  if variant == nil then
    for _, pair in ipairs(spec.infer or {}) do
      if is_there(value, pair[1]) then
        return pair[2]
      end
    end
    local names = concat(in_order(spec.variants), '", "')
    return nil, 'missing, one of "' .. names .. '" is required', step(spec.by), true
  elseif type(variant) ~= "string" then
    return nil, expected("a string", variant), step(spec.by), true
  elseif not spec.variants[variant] then
    return nil, values.one_of(variant, in_order(spec.variants)), step(spec.by), true
  end
  return variant
end

---The checker of "union" in types.lua. The field that tells the variants apart is filled in where others tell it.
---@param spec heygen.FieldSpec
---@param value any
---@param files table?
---@param check function
---@return table? checked a copy
---@return string? problem
---@return string? where
---@return boolean? mistake
function object.check_union(spec, value, files, check)
  local no_object = table_problem(value)
  if no_object then
    return nil, no_object, nil, true
  end
  local variant, problem, where, mistake = find_variant(spec, value)
  if not variant then
    return nil, problem, where, mistake
  end
  return check_fields(spec.variants[variant], value, files, check, spec.by, variant)
end

return object
