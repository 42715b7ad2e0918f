-- Writes what endpoints.lua says into the reference and into the types for editors:
--   lua5.4 docs/generate.lua      rewrites docs/api.md (between its two marks) and lua/heygen/meta/api.lua
-- spec/meta_spec.lua fails when one of them is behind the table.
local here = (arg and arg[0] or ""):match "^(.*)docs[/\\]generate%.lua$" -- nil when a spec loads this file
if here then
  package.path = here .. "lua/?.lua;" .. package.path
end
local endpoints = require "heygen.endpoints"

local generate = {}

local concat = table.concat

local function camel(name)
  return (("_" .. name):gsub("_(%l)", string.upper))
end

local function sorted(map)
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

local function groups()
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
local function fields_of(row)
  local fields = {}
  for _, list in ipairs { row.query, row.body or {} } do
    for name, spec in pairs(list) do
      fields[name] = spec
    end
  end
  return fields
end

local function has_each(group)
  for _, row in ipairs(group) do
    if row.list and row.name == "list" then
      return true
    end
  end
end

-- ---- the types ----

local PLAIN = {
  string = "string",
  integer = "integer",
  number = "number",
  boolean = "boolean",
  ids = "string[]",
  file_input = "heygen.FileInput",
  any = "any",
  object = "table",
}

local function bare_type(spec)
  if spec.enum then
    return '"' .. concat(spec.enum, '"|"') .. '"'
  elseif spec.type == "array" then
    return bare_type(spec.items) .. "[]"
  end
  return PLAIN[spec.type]
end

local function lua_type(spec)
  local text = bare_type(spec)
  if spec.nullable then
    text = text .. "|lightuserdata"
  end
  if spec.required then
    return text
  end
  return text:find("|", 1, true) and text .. "|nil" or text .. "?"
end

local function value_class(row)
  local one = row.returns:match "^(.-)%[%]$"
  if row.list then
    return "heygen." .. one .. "Page"
  end
  return "heygen." .. row.returns
end

local function fields_class(row)
  return "heygen." .. camel(row.group) .. camel(row.name)
end

local function add_fields_class(lines, row)
  local base = row.method == "POST" and "heygen.PostOptions" or "heygen.CallOptions"
  lines[#lines + 1] = ("---@class %s : %s"):format(fields_class(row), base)
  local fields = fields_of(row)
  for _, name in ipairs(sorted(fields)) do
    lines[#lines + 1] = ("---@field %s %s %s"):format(name, lua_type(fields[name]), fields[name].doc)
  end
  if row.body then
    lines[#lines + 1] = "---@field extra table<string, any>? fields that this version does not know"
  end
  lines[#lines + 1] = ""
end

local function add_method(lines, group, row)
  local names = {}
  lines[#lines + 1] = "---" .. row.summary
  for index, id in ipairs(row.path_params) do
    names[index] = id.name
    lines[#lines + 1] = ("---@param %s string|table the id, or an object that carries it"):format(id.name)
  end
  local needed = row.any_of ~= nil
  for _, spec in pairs(fields_of(row)) do
    needed = needed or spec.required
  end
  names[#names + 1] = "fields"
  lines[#lines + 1] = ("---@param fields %s%s"):format(fields_class(row), needed and "" or "?")
  lines[#lines + 1] = ("---@return %s? value"):format(value_class(row))
  lines[#lines + 1] = "---@return string? message"
  lines[#lines + 1] = "---@return heygen.Error? err"
  lines[#lines + 1] = ("function %s:%s(%s) end"):format(group.name, row.name, concat(names, ", "))
  lines[#lines + 1] = ""
end

local function add_each(lines, group)
  lines[#lines + 1] = "---All items of the list, page after page. A failure is raised as an error object."
  lines[#lines + 1] = ("---@param fields heygen.%sList?"):format(camel(group.name))
  for _, row in ipairs(group) do
    if row.name == "list" then
      lines[#lines + 1] = ("---@return fun(): heygen.%s iterator"):format(row.returns:match "^(.-)%[%]$")
    end
  end
  lines[#lines + 1] = ("function %s:each(fields) end"):format(group.name)
  lines[#lines + 1] = ""
end

local function add_pages(lines)
  local seen = {}
  for _, row in ipairs(endpoints) do
    local one = row.list and row.returns:match "^(.-)%[%]$"
    if one and not seen[one] then
      seen[one] = true
      lines[#lines + 1] = ("---@class heygen.%sPage : heygen.Page"):format(one)
      lines[#lines + 1] = ("---@field data heygen.%s[]"):format(one)
      lines[#lines + 1] = ("---@field next fun(self: heygen.%sPage): heygen.%sPage?, string?, heygen.Error?"):format(
        one,
        one
      )
      lines[#lines + 1] = ""
    end
  end
end

---The text of lua/heygen/meta/api.lua.
---@return string
function generate.types()
  local lines = {
    "---@meta _",
    "-- luacheck: ignore",
    "-- Types of the methods made from endpoints.lua (LuaCATS). Written by docs/generate.lua, never required.",
    "",
    "---@class heygen.Client",
  }
  for _, group in ipairs(groups()) do
    lines[#lines + 1] = ("---@field %s heygen.%s"):format(group.name, camel(group.name))
  end
  lines[#lines + 1] = ""
  add_pages(lines)
  for _, group in ipairs(groups()) do
    for _, row in ipairs(group) do
      add_fields_class(lines, row)
    end
    lines[#lines + 1] = "---@class heygen." .. camel(group.name)
    lines[#lines + 1] = ("local %s = {}"):format(group.name)
    lines[#lines + 1] = ""
    for _, row in ipairs(group) do
      add_method(lines, group, row)
    end
    if has_each(group) then
      add_each(lines, group)
    end
  end
  lines[#lines] = nil -- one line feed at the end
  return concat(lines, "\n") .. "\n"
end

-- ---- the reference ----

local NAMES = { ids = "array of ids", file_input = "file", any = "any" }

local function type_text(spec)
  if spec.type == "array" then
    return "array of " .. type_text(spec.items) .. "s"
  end
  return NAMES[spec.type] or spec.type
end

local function limit_text(spec)
  local parts = {}
  if spec.required then
    parts[1] = "required"
  end
  if spec.enum then
    parts[#parts + 1] = "`" .. concat(spec.enum, "`, `") .. "`"
  elseif spec.known then
    parts[#parts + 1] = "known: `" .. concat(spec.known, "`, `") .. "`"
  end
  local units = { string = " characters", array = " items", ids = " ids" }
  local unit = units[spec.type] or ""
  if spec.min and spec.max then
    parts[#parts + 1] = ("%d to %d%s"):format(spec.min, spec.max, unit)
  elseif spec.min then
    parts[#parts + 1] = spec.type == "string" and spec.min == 1 and "not empty"
      or ("%d%s or more"):format(spec.min, unit)
  elseif spec.max then
    parts[#parts + 1] = ("at most %d%s"):format(spec.max, unit)
  end
  if spec.format then
    parts[#parts + 1] = spec.format == "callback_url" and "https, or http to this machine" or "https"
  end
  if spec.requires then
    parts[#parts + 1] = "only with `" .. spec.requires .. "`"
  end
  if spec.nullable then
    parts[#parts + 1] = "may be `heygen.null`"
  end
  return concat(parts, "; ")
end

local function anchor(name)
  return ("[%s](#%s)"):format(name, name:lower())
end

local function returns_text(row)
  local one = row.returns:match "^(.-)%[%]$"
  if row.list then
    return "a page of " .. anchor(one)
  elseif one then
    return "an array of " .. anchor(one)
  end
  return anchor(row.returns)
end

local function add_reference(lines, row)
  local names = {}
  for index, id in ipairs(row.path_params) do
    names[index] = id.name
  end
  names[#names + 1] = row.body and "fields" or "options"
  lines[#lines + 1] = ("### client.%s:%s(%s)"):format(row.group, row.name, concat(names, ", "))
  lines[#lines + 1] = ""
  lines[#lines + 1] = row.summary
  lines[#lines + 1] = ""
  lines[#lines + 1] = ("Sends `%s %s`. Returns %s. %s"):format(
    row.method,
    row.path,
    returns_text(row),
    row.repeatable and "Repeated after failures."
      or "Repeated only where the service cannot have acted on it."
  )
  lines[#lines + 1] = ""
  local fields = fields_of(row)
  if next(fields) then
    lines[#lines + 1] = "| field | type | limits | meaning |"
    lines[#lines + 1] = "| --- | --- | --- | --- |"
    for _, name in ipairs(sorted(fields)) do
      local spec = fields[name]
      lines[#lines + 1] = ("| `%s` | %s | %s | %s |"):format(
        name,
        type_text(spec),
        limit_text(spec),
        spec.doc
      )
    end
    lines[#lines + 1] = ""
  end
  if row.any_of then
    lines[#lines + 1] = ("At least one of `%s` is needed%s."):format(
      concat(row.any_of, "`, `"),
      row.max_ids and (", with %d ids in all at most"):format(row.max_ids) or ""
    )
    lines[#lines + 1] = ""
  end
end

-- The classes of meta.lua that calls return, with those that they name in turn, in the file's order.
local function object_classes(meta)
  local classes, order, class = {}, {}, nil
  for line in meta:gmatch "[^\n]+" do
    local name = line:match "^%-%-%-@class heygen%.(%a+)$"
    local field, rest = line:match "^%-%-%-@field ([%w_]+) (.+)$"
    if name then
      class = { name = name }
      classes[name] = class
      order[#order + 1] = class
    elseif field and class then
      local type_name, doc = rest:match '^([%w_%.%[%]|"]+%??) ?(.*)$'
      class[#class + 1] = { name = field, type = type_name, doc = doc }
    end
  end
  local wanted, todo = {}, {}
  for _, row in ipairs(endpoints) do
    todo[#todo + 1] = row.returns:match "^%a+"
  end
  while #todo > 0 do
    local name = table.remove(todo)
    if classes[name] and not wanted[name] then
      wanted[name] = true
      for _, field in ipairs(classes[name]) do
        todo[#todo + 1] = field.type:match "^heygen%.(%a+)"
      end
    end
  end
  local list = {}
  for _, each in ipairs(order) do
    if wanted[each.name] then
      list[#list + 1] = each
    end
  end
  return list
end

local function object_type(field)
  local name, array = field.type:match "^heygen%.(%a+)(%[?%]?)"
  if name then
    return (array ~= "" and "array of " or "") .. anchor(name)
  elseif field.type:find '^"' then
    local values = {}
    for value in field.type:gmatch '"([^"]+)"' do
      values[#values + 1] = "`" .. value .. "`"
    end
    return concat(values, ", ") .. (field.type:find "string" and ", or others" or "")
  end
  return (field.type:gsub("%?$", ""):gsub("^string%[%]$", "array of strings"))
end

---The generated part of docs/api.md.
---@param meta string the text of lua/heygen/meta.lua
---@return string
function generate.reference(meta)
  local lines = {}
  for _, group in ipairs(groups()) do
    lines[#lines + 1] = "## client." .. group.name
    lines[#lines + 1] = ""
    for _, row in ipairs(group) do
      add_reference(lines, row)
    end
    if has_each(group) then
      lines[#lines + 1] = ("### client.%s:each(options)"):format(group.name)
      lines[#lines + 1] = ""
      lines[#lines + 1] = "Iterates over all items of `list`, page after page. Takes the same fields."
      lines[#lines + 1] = ""
    end
  end
  lines[#lines + 1] = "## Objects"
  lines[#lines + 1] = ""
  lines[#lines + 1] = 'A field without "always" may be absent: the service sends null, or nothing.'
  lines[#lines + 1] = ""
  for _, class in ipairs(object_classes(meta)) do
    lines[#lines + 1] = "### " .. class.name
    lines[#lines + 1] = ""
    lines[#lines + 1] = "| field | type | meaning |"
    lines[#lines + 1] = "| --- | --- | --- |"
    for _, field in ipairs(class) do
      local always = not field.type:find "%?$" and "always" or ""
      local doc = always ~= "" and field.doc ~= "" and always .. "; " .. field.doc or always .. field.doc
      lines[#lines + 1] = ("| `%s` | %s | %s |"):format(field.name, object_type(field), doc)
    end
    lines[#lines + 1] = ""
  end
  return concat(lines, "\n")
end

local BEGIN = "<!-- from lua/heygen/endpoints.lua, by docs/generate.lua -->\n"
local END = "<!-- the end of what is generated -->\n"

---docs/api.md with its generated part renewed.
---@param text string the present text
---@param meta string the text of lua/heygen/meta.lua
---@return string
function generate.renew(text, meta)
  local _, head = text:find(BEGIN, 1, true)
  local tail = text:find(END, 1, true)
  assert(head and tail, "docs/api.md has lost its marks")
  return text:sub(1, head) .. "\n" .. generate.reference(meta) .. "\n" .. text:sub(tail)
end

---@param path string
---@return string
function generate.read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read "*a"
  file:close()
  return text
end

local function write(path, text)
  local file = assert(io.open(path, "wb"))
  assert(file:write(text))
  assert(file:close())
end

if here then
  write(here .. "lua/heygen/meta/api.lua", generate.types())
  local reference = here .. "docs/api.md"
  write(reference, generate.renew(generate.read(reference), generate.read(here .. "lua/heygen/meta.lua")))
end

return generate
