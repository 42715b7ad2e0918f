-- The types of the methods for editors (LuaCATS), from lua/heygen/endpoints/.
local model = ...
local takes_files = require("heygen.endpoints.fields").takes_files

local types = {}

local camel, concat, sorted = model.camel, table.concat, model.sorted

local PLAIN = {
  string = "string",
  integer = "integer",
  number = "number",
  boolean = "boolean",
  ids = "string[]",
  file_input = "string|heygen.FileInput",
  upload = "string|heygen.UploadContent",
  any = "any",
  object = "table",
}

local function bare_type(spec)
  if spec.enum_name then
    return "heygen." .. spec.enum_name
  elseif spec.enum and type(spec.enum[1]) == "number" then
    return concat(spec.enum, "|")
  elseif spec.enum then
    return '"' .. concat(spec.enum, '"|"') .. '"'
  elseif spec.type == "array" then
    local items = bare_type(spec.items)
    return (items:find("|", 1, true) and "(" .. items .. ")" or items) .. "[]"
  elseif spec.class then
    return "heygen." .. spec.class
  elseif spec.base64 == false then
    return "string|heygen.FileReference"
  end
  return PLAIN[spec.type]
end

local function optional(text)
  return text:find("|", 1, true) and text .. "|nil" or text .. "?"
end

local function doc_text(spec)
  local default = model.default(spec)
  return spec.doc .. (default and (" (default %s)"):format(default) or "")
end

local function lua_type(spec)
  local text = bare_type(spec)
  if spec.nullable then
    text = text .. "|lightuserdata"
  end
  return spec.required and text or optional(text)
end

-- Of a union all fields may be absent, as each is one of some variants only.
local function add_union_fields(lines, union)
  local merged, kinds = model.merged(union), model.kinds(union)
  local names = sorted(merged)
  local told = union.infer and optional or tostring
  lines[#lines + 1] = ("---@field %s %s which of the forms this is"):format(
    union.by,
    told('"' .. concat(kinds, '"|"') .. '"')
  )
  for _, name in ipairs(names) do
    local field, seen, texts = merged[name], {}, {}
    for _, spec in ipairs(field) do
      for text in (bare_type(spec) .. (spec.nullable and "|lightuserdata" or "")):gmatch "[^|]+" do
        if not seen[text] then
          seen[text] = true
          texts[#texts + 1] = text
        end
      end
    end
    local only = #field < #kinds and "of " .. concat(field.kinds, ", ") .. ": " or ""
    lines[#lines + 1] = ("---@field %s %s %s%s"):format(
      name,
      optional(concat(texts, "|")),
      only,
      doc_text(field[1])
    )
  end
end

local function add_fields(lines, spec)
  if spec.variants then
    return add_union_fields(lines, spec)
  end
  for _, name in ipairs(sorted(spec.fields)) do
    local field = spec.fields[name]
    lines[#lines + 1] = ("---@field %s %s %s"):format(name, lua_type(field), doc_text(field))
  end
end

local function value_class(row)
  local one, is_array = model.returned(row)
  if row.list then
    return "heygen." .. one .. "Page"
  end
  return "heygen." .. one .. (is_array and "[]" or "")
end

local function add_fields_class(lines, row)
  local base = row.method == "POST" and "heygen.PostOptions" or "heygen.CallOptions"
  if takes_files(row.body or {}) then
    base = base .. ", heygen.FileOptions"
  end
  lines[#lines + 1] = ("---@class %s : %s"):format(model.fields_class(row), base)
  add_fields(lines, row.body_union or { fields = model.fields_of(row) })
  if row.body then
    lines[#lines + 1] = "---@field extra table<string, any>? fields that this version does not know"
  end
  lines[#lines + 1] = ""
end

local function add_ids(lines, row)
  local names = {}
  for index, id in ipairs(row.path_params) do
    names[index] = id.name
    local changes = row.method ~= "GET" and row.method ~= "POST"
    local object = changes and "the object whose own id it is" or "an object that carries it"
    lines[#lines + 1] = ("---@param %s string|table the id, or %s"):format(id.name, object)
  end
  names[#names + 1] = "fields"
  lines[#lines + 1] = ("---@param fields %s%s"):format(
    model.fields_class(row),
    model.needs_fields(row) and "" or "?"
  )
  return concat(names, ", ")
end

local function add_method(lines, group, row)
  lines[#lines + 1] = "---" .. row.summary
  local arguments = add_ids(lines, row)
  lines[#lines + 1] = ("---@return %s? value"):format(value_class(row))
  lines[#lines + 1] = "---@return string? message"
  lines[#lines + 1] = "---@return heygen.Error? err"
  lines[#lines + 1] = ("function %s:%s(%s) end"):format(group.name, row.name, arguments)
  lines[#lines + 1] = ""
end

local function add_each(lines, group, row)
  local what = row.batch and "of the batch" or "of the list"
  lines[#lines + 1] = ("---All items %s, page after page. A failure is raised as an error object."):format(
    what
  )
  local arguments = add_ids(lines, row)
  local one = model.returned(row)
  lines[#lines + 1] = ("---@return fun(): heygen.%s iterator"):format(row.batch and one .. "Item" or one)
  lines[#lines + 1] = ("function %s:%s(%s) end"):format(group.name, row.each, arguments)
  lines[#lines + 1] = ""
end

local function add_pages(lines)
  local seen = {}
  for _, group in ipairs(model.groups()) do
    for _, row in ipairs(group) do
      local one = row.list and model.returned(row)
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
end

---The text of types/heygen/api.lua.
---@return string
function types.text()
  local lines = {
    "---@meta _",
    "-- luacheck: ignore",
    "-- Types of the methods made from lua/heygen/endpoints/ (LuaCATS). Written by docs/generate.lua, never required.",
    "",
    "---@class heygen.Client",
  }
  for _, group in ipairs(model.groups()) do
    lines[#lines + 1] = ("---@field %s heygen.%s"):format(group.name, camel(group.name))
  end
  lines[#lines + 1] = ""
  add_pages(lines)
  for _, spec in ipairs(model.enums()) do
    lines[#lines + 1] = ('---@alias heygen.%s "%s"'):format(spec.enum_name, concat(spec.enum, '"|"'))
    lines[#lines + 1] = ""
  end
  for _, part in ipairs(model.parts()) do
    lines[#lines + 1] = "---@class heygen." .. part.class
    add_fields(lines, part)
    lines[#lines + 1] = ""
  end
  for _, group in ipairs(model.groups()) do
    for _, row in ipairs(group) do
      add_fields_class(lines, row)
    end
    lines[#lines + 1] = "---@class heygen." .. camel(group.name)
    lines[#lines + 1] = ("local %s = {}"):format(group.name)
    lines[#lines + 1] = ""
    for _, row in ipairs(group) do
      add_method(lines, group, row)
    end
    for _, row in ipairs(group) do
      if row.each then
        add_each(lines, group, row)
      end
    end
  end
  lines[#lines] = nil -- one line feed at the end
  return concat(lines, "\n") .. "\n"
end

return types
