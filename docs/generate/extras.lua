-- The methods of groups that are no rows (see lua/heygen/api/extra_methods.lua), read from their annotations, which
-- stand in types/heygen/ or next to the code: the reference says what an editor says.
local model, samples = ...

local extras = {}

local MADE = { ["api.lua"] = true, ["core.lua"] = true } -- one is written by the generator, the other is no client

-- What they fail with.
local ENDS = "`failed` and the reason when that was its end, `timeout` when it still runs after the wait (which "
  .. "the error resumes), `input_needed` when it waits for a message or a consent, and "
local EVERY = "what [every call](errors.md#kinds) can fail with."

local function names_of(arguments)
  local names = {}
  for name in arguments:gmatch "[%w_]+" do
    names[#names + 1] = name
  end
  return names
end

-- The comment lines in front of a function.
local function read_comment(lines, line)
  if line:find "^%-%-%-" then
    lines[#lines + 1] = line:sub(4)
    return lines
  end
  return {}
end

local function made_of(lines, group, name, arguments)
  local method =
    { group = group, name = name, arguments = names_of(arguments), params = {}, returns = {}, text = {} }
  for _, line in ipairs(lines) do
    local kind, rest = line:match "^@(%l+) (.+)$"
    if not kind then
      method.text[#method.text + 1] = line
    elseif kind == "param" then
      local param, type_name, doc = rest:match "^([%w_]+) (%b()%??) ?(.*)$"
      if not param then
        param, type_name, doc = rest:match "^([%w_]+) (%S+) ?(.*)$"
      end
      method.params[param] = { type = type_name, doc = doc }
    elseif kind == "return" then
      method.returns[#method.returns + 1] = rest
    end
  end
  return method
end

-- "Assets" or "assets" -> "assets"
local function groups_by_class()
  local groups = {}
  for _, group in ipairs(model.groups()) do
    groups[group.name], groups[model.camel(group.name)] = group.name, group.name
  end
  return groups
end

---@param files string[] the files of types/heygen/, and of the modules with such methods
---@param read fun(path: string): string
---@return table<string, table[]> group -> methods, in order
function extras.read(files, read)
  local found, groups = {}, groups_by_class()
  for _, path in ipairs(files) do
    local comment = {}
    for line in (MADE[path:match "[^/]+$"] and "" or read(path)):gmatch "[^\n]*" do
      local class, name, arguments = line:match "^function ([%w_]+):([%w_]+)%((.-)%)"
      local group = class and groups[class]
      if group then
        found[group] = found[group] or {}
        table.insert(found[group], made_of(comment, group, name, arguments))
        comment = {}
      elseif line ~= "" then -- 5.1 and 5.3 find an empty text behind each line
        comment = read_comment(comment, line)
      end
    end
  end
  return found
end

---The classes that such methods return.
---@return string[]
function extras.returned(found)
  local names = {}
  for _, methods in pairs(found) do
    for _, method in ipairs(methods) do
      names[#names + 1] = (method.returns[1] or ""):match "^heygen%.(%a+)"
    end
  end
  return names
end

local function type_text(name)
  return (name:gsub("heygen%.", ""):gsub("%?$", ""):gsub("|nil$", ""):gsub("|", " or "))
end

---Adds what the reference says of a method.
---@param lines string[]
---@param method table
---@param link fun(name: string): string a link to a class of the reference, or its name
function extras.add(lines, method, link)
  lines[#lines + 1] = ("### client.%s:%s(%s)"):format(
    method.group,
    method.name,
    table.concat(method.arguments, ", ")
  )
  lines[#lines + 1] = ""
  lines[#lines + 1] = table.concat(method.text, " ")
  lines[#lines + 1] = ""
  if method.arguments[1] then
    lines[#lines + 1] = "| argument | type | meaning |"
    lines[#lines + 1] = "| --- | --- | --- |"
    for _, name in ipairs(method.arguments) do
      local param = method.params[name] or { type = "any", doc = "" }
      lines[#lines + 1] = ("| `%s` | %s | %s |"):format(name, type_text(param.type), param.doc)
    end
    lines[#lines + 1] = ""
  end
  local class, array, more = (method.returns[1] or ""):match "^heygen%.(%a+)(%[?%]?)%S* ?%S* ?(.*)$"
  if class then
    local what = (array == "[]" and "an array of " or "") .. link(class)
    lines[#lines + 1] = "Returns " .. what .. (more ~= "" and ", " .. more or "") .. "."
    lines[#lines + 1] = ""
  end
  lines[#lines + 1] = "Fails with " .. (method.arguments[2] == "wait" and ENDS or "") .. EVERY
  lines[#lines + 1] = ""
  lines[#lines + 1] = "```lua fragment"
  lines[#lines + 1] = samples.extra(method)
  lines[#lines + 1] = "```"
  lines[#lines + 1] = ""
end

return extras
