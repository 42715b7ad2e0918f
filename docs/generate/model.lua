-- What the generators of docs/generate.lua share: the rows by groups, their fields, and the classes that they return.
local endpoints = require "heygen.endpoints"

local model = {}

function model.camel(name)
  return (("_" .. name):gsub("_(%l)", string.upper))
end

local camel = model.camel

-- A link to a heading of the reference.
function model.anchor(name)
  return ("[%s](#%s)"):format(name, name:lower())
end

-- Names of fields: the required ones first.
function model.sorted(map)
  local names = {}
  for name in pairs(map) do
    names[#names + 1] = name
  end
  table.sort(names, function(a, b)
    local first, second = map[a].required or false, map[b].required or false
    if first ~= second then
      return first
    end
    return a < b
  end)
  return names
end

function model.kinds(union)
  local names = {}
  for name in pairs(union.variants) do
    names[#names + 1] = name
  end
  table.sort(names)
  return names
end

function model.groups()
  local list, seen = {}, {}
  for _, row in ipairs(endpoints) do
    if not seen[row.group] then
      seen[row.group] = { name = row.group }
      list[#list + 1] = seen[row.group]
    end
    table.insert(seen[row.group], row)
  end
  return list
end

-- Fields of the query or the body; a row has one of them at most.
function model.fields_of(row)
  local fields = {}
  for _, list in ipairs { row.query, row.body or {} } do
    for name, spec in pairs(list) do
      fields[name] = spec
    end
  end
  return fields
end

-- Whether the table of fields can be left out.
function model.needs_fields(row)
  local needed = row.any_of ~= nil or row.body_union ~= nil
  for _, spec in pairs(model.fields_of(row)) do
    needed = needed or spec.required
  end
  return needed
end

---@return string name of one item of what a row returns
---@return boolean is_array
function model.returned(row)
  local one = row.returns:match "^(.-)%[%]$"
  return one or row.returns, one ~= nil
end

function model.fields_class(row)
  return "heygen." .. camel(row.group) .. camel(row.name)
end

-- The objects and unions with names of their own in bodies, in the order in which they are met.
function model.parts()
  local list, seen = {}, {}
  local visit
  local function visit_fields(fields)
    for _, name in ipairs(model.sorted(fields)) do
      visit(fields[name])
    end
  end
  function visit(spec)
    if spec.items then
      return visit(spec.items)
    elseif not spec.class then
      return
    end
    assert(not seen[spec.class] or seen[spec.class] == spec.fields, spec.class .. " names two things")
    if not seen[spec.class] then
      seen[spec.class] = spec.fields
      list[#list + 1] = spec
      if spec.variants then
        for _, kind in ipairs(model.kinds(spec)) do
          visit_fields(spec.variants[kind].fields)
        end
      else
        visit_fields(spec.fields)
      end
    end
  end
  for _, row in ipairs(endpoints) do
    if not row.body_union then
      visit_fields(row.body or {})
    else
      for _, kind in ipairs(model.kinds(row.body_union)) do
        visit_fields(row.body_union.variants[kind].fields)
      end
    end
  end
  return list
end

---@param spec heygen.FieldSpec
---@return string? text what the service takes when the field is absent
function model.default(spec)
  local default = spec.default
  if default == nil then
    return nil
  end
  return type(default) == "table" and table.concat(default, ", ") or tostring(default)
end

-- Closed sets of values that have a name, as they are too long to be repeated.
function model.enums()
  local list, seen = {}, {}
  for _, row in ipairs(endpoints) do
    for _, spec in pairs(model.fields_of(row)) do
      local plain = spec.items or spec
      if plain.enum_name and not seen[plain.enum_name] then
        seen[plain.enum_name] = true
        list[#list + 1] = plain
      end
    end
  end
  return list
end

-- The fields of all variants of a union in one list: name -> { specs in order, variants that have it }.
function model.merged(union)
  local fields = {}
  for _, kind in ipairs(model.kinds(union)) do
    for name, spec in pairs(union.variants[kind].fields) do
      fields[name] = fields[name] or { kinds = {} }
      table.insert(fields[name], spec)
      table.insert(fields[name].kinds, kind)
    end
  end
  return fields
end

return model
