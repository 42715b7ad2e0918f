-- The objects of the reference: the classes of types/heygen/ that calls return.
local model = ...

local objects = {}

local anchor, concat = model.anchor, table.concat

local function read_field(line)
  local name, rest = line:match "^%-%-%-@field ([%w_]+) (.+)$"
  if not name then
    return nil
  elseif rest:find "^fun%(" then
    return { name = name, type = "method", doc = rest:match "heygen%.Error%? (.+)$" or "" }
  elseif rest:find "^%(fun%(" then
    return { name = name, type = "function?", doc = rest:match "^%b()%? (.+)$" }
  end
  local type_name, doc = rest:match '^([%w_%.%[%]|":%-]+%??) ?(.*)$'
  return { name = name, type = type_name, doc = doc }
end

---The classes that calls return, with those that they name in turn, in the order of the files.
---@param meta string the text of the files in types/heygen/
---@param more string[] further classes that are wanted
---@return table[] classes { name, parent, fields... }
function objects.read(meta, more)
  local classes, order, class = {}, {}, nil
  for line in meta:gmatch "[^\n]+" do
    local name, parent = line:match "^%-%-%-@class heygen%.(%a+) ?:? ?h?e?y?g?e?n?%.?(%a*)$"
    local field = read_field(line)
    if name then
      class = { name = name, parent = parent ~= "" and parent or nil }
      classes[name] = class
      order[#order + 1] = class
    elseif field and class then
      class[#class + 1] = field
    end
  end
  local wanted, todo = {}, { "FileInput", "FileReference", "UploadContent" }
  for _, name in ipairs(more) do
    todo[#todo + 1] = name
  end
  for _, group in ipairs(model.groups()) do
    for _, row in ipairs(group) do
      todo[#todo + 1] = model.returned(row)
    end
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
      each.parent = each.parent and assert(classes[each.parent], each.parent)
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
  return (field.type:gsub("%?$", ""):gsub("^(%l+)%[%]$", "array of %1s"))
end

local function is_optional(field)
  return field.type:find "%?$" or field.type:find "|nil$"
end

---@param lines string[]
---@param class table
function objects.add(lines, class)
  lines[#lines + 1] = "### " .. class.name
  lines[#lines + 1] = ""
  if not class[1] and not class.parent then
    lines[#lines + 1] = "An empty table."
    lines[#lines + 1] = ""
    return
  end
  lines[#lines + 1] = "| field | type | meaning |"
  lines[#lines + 1] = "| --- | --- | --- |"
  for _, part in ipairs { class.parent or {}, class } do
    for _, field in ipairs(part) do
      local always = not is_optional(field) and field.type ~= "method" and "always" or ""
      local doc = always ~= "" and field.doc ~= "" and always .. "; " .. field.doc or always .. field.doc
      lines[#lines + 1] = ("| `%s` | %s | %s |"):format(field.name, object_type(field), doc)
    end
  end
  lines[#lines + 1] = ""
end

return objects
