-- A judge of answers: whether they are what the contract says of the endpoint.
local core = require "heygen.core"

local judge = {}

local null = core.null

local function list_has(list, value)
  for _, each in ipairs(list) do
    if each == value then
      return true
    end
  end
  return false
end

local RIGHT = {
  string = function(value)
    return type(value) == "string"
  end,
  integer = function(value)
    return type(value) == "number" and value == math.floor(value)
  end,
  number = function(value)
    return type(value) == "number" and value == value
  end,
  boolean = function(value)
    return type(value) == "boolean"
  end,
  array = function(value)
    return type(value) == "table" and (next(value) == nil or value[1] ~= nil)
  end,
  object = function(value)
    return type(value) == "table" and value[1] == nil
  end,
  any = function()
    return true
  end,
}
RIGHT.union = RIGHT.object

local check

local function check_members(object, value, path, problems, but)
  for name, field in pairs(object.fields or {}) do
    check(field, value[name], path .. "." .. name, problems)
  end
  for name in pairs(object.fields and value or {}) do
    if not object.fields[name] and name ~= but then
      problems[#problems + 1] = path .. "." .. name .. " is not in the contract"
    end
  end
end

function check(field, value, path, problems)
  local function wrong(what)
    problems[#problems + 1] = path .. " " .. what
  end
  if value == nil then
    return (field.required or problems.complete) and wrong "is missing"
  elseif value == null then
    return not field.nullable and wrong "is null"
  elseif not RIGHT[field.type](value) then
    return wrong("is no " .. field.type)
  elseif field.enum and not list_has(field.enum, value) then
    return wrong("is " .. tostring(value))
  elseif field.type == "array" then
    for i, item in ipairs(value) do
      check(field.items, item, path .. "[" .. i .. "]", problems)
    end
  elseif field.type == "object" then
    check_members(field, value, path, problems)
  elseif field.type == "union" then
    local variant = field.variants[value[field.by]]
    if not variant then
      return wrong("is of the kind " .. tostring(value[field.by]))
    end
    check_members(variant, value, path, problems, field.by)
  elseif field.type == "string" and field.min and #value < field.min then
    wrong "is empty"
  end
end

--- Whether this is an answer of the endpoint.
---@param endpoint table
---@param value table the decoded body, with nulls
---@param complete boolean|nil nothing may be left out, though the contract allows it
---@return string problems "" when it is right
function judge.answer(endpoint, value, complete)
  local problems = { complete = complete }
  if type(value) ~= "table" or value.data == nil then
    return "there is no data"
  end
  check(endpoint.answer, value.data, "data", problems)
  if endpoint.list then
    if type(value.has_more) ~= "boolean" then
      problems[#problems + 1] = "has_more is missing"
    elseif value.has_more ~= (type(value.next_token) == "string") then
      problems[#problems + 1] = "has_more and next_token do not agree"
    end
  end
  return table.concat(problems, "; ")
end

return judge
