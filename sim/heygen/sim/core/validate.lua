-- Checks a request against the contract; the first violation becomes the documented error.
local known_fields = require "heygen.sim.core.known_fields"
local text = require "heygen.sim.core.text"

local validate = {}

local NONE = {}

local check

local function bad(param, message, status)
  return { status = status or 400, param = param, message = message }
end

local FORMATS = {
  https = function(value)
    if value:find "[%s%c]" then
      return false
    end
    -- A loopback address lets a test receive callbacks; the service itself wants https.
    return value:find "^https://[^/]"
      or value:find "^http://127%.0%.0%.1[:/]"
      or value:find "^http://localhost[:/]"
  end,
  mime = function(value)
    return value:find "^[%w%.%+%-]+/[%w%.%+%-]+$"
  end,
  base64 = function(value)
    return #value > 0 and #value % 4 == 0 and value:find "^[%w+/]+=?=?$"
  end,
  plain = function(value)
    return not value:find "[<>]"
  end,
  sha256 = function(value)
    return #value == 64 and not value:find "%X"
  end,
  color = function(value)
    return value:find "^#%x%x%x%x%x%x$"
  end,
}

local MEANINGS = {
  https = "a public HTTPS URL",
  mime = "a media type",
  base64 = "base64 data without a data: prefix",
  plain = "plain text, without < and >",
  sha256 = "a SHA-256 checksum in hex",
  color = "a colour as #rrggbb",
}

local function is_array(value)
  return next(value) == nil or value[1] ~= nil
end

local function is_object(value)
  return type(value) == "table" and value[1] == nil
end

local function is_number(value)
  return type(value) == "number"
end

local TYPES = {
  string = function(value)
    return type(value) == "string"
  end,
  boolean = function(value)
    return type(value) == "boolean"
  end,
  integer = function(value)
    return is_number(value) and value == math.floor(value)
  end,
  number = is_number,
  array = function(value)
    return type(value) == "table" and is_array(value)
  end,
  object = is_object,
  union = is_object,
  any = function()
    return true
  end,
}

local function is_among(list, value)
  for _, allowed in ipairs(list) do
    if value == allowed then
      return true
    end
  end
  return false
end

local function check_string(field, value, name)
  local length = text.length(value)
  if not length then
    return bad(name, name .. " is not valid UTF-8")
  elseif field.min and length < field.min then
    return bad(
      name,
      string.format("%s must have at least %d character%s", name, field.min, field.min == 1 and "" or "s")
    )
  elseif field.max and length > field.max then
    return bad(name, string.format("%s must have at most %d characters, it has %d", name, field.max, length))
  elseif field.format and not FORMATS[field.format](value) then
    return bad(name, name .. " must be " .. MEANINGS[field.format])
  end
  if field.enum and not is_among(field.enum, value) then
    return bad(name, name .. " must be one of: " .. table.concat(field.enum, ", "))
  end
end

local function check_number(field, value, name)
  local low, high = field.min or -math.huge, field.max or math.huge
  if value < low or value > high or (field.above and value <= field.above) then
    local lower = field.above and "above " .. field.above or "at least " .. tostring(field.min)
    local upper = field.max and "at most " .. field.max
    return bad(
      name,
      name
        .. " must be "
        .. ((field.min or field.above) and lower .. (upper and ", " .. upper or "") or upper)
    )
  elseif field.even and value % 2 ~= 0 then
    return bad(name, name .. " must be even")
  elseif field.enum and not is_among(field.enum, value) then
    return bad(name, name .. " must be one of: " .. table.concat(field.enum, ", "))
  end
end

local function check_array(field, value, name, null)
  if field.max and #value > field.max then
    return bad(name, string.format("%s must have at most %d items, it has %d", name, field.max, #value))
  elseif field.min and #value < field.min then
    return bad(name, string.format("%s must have at least %d items, it has %d", name, field.min, #value))
  end
  for i, item in ipairs(value) do
    local problem = check(field.items, item, string.format("%s[%d]", name, i - 1), null)
    if problem then
      return problem
    end
  end
end

local function unknown_field(fields, value, prefix, but)
  local unknown = {}
  for key in pairs(value) do
    if not fields[key] and key ~= but then
      unknown[#unknown + 1] = tostring(key)
    end
  end
  if unknown[1] then
    table.sort(unknown)
    return bad(prefix .. unknown[1], "Unknown field: " .. prefix .. unknown[1], 422)
  end
end

-- The names of fields in one order, so that the first violation is always the same one.
local orders = setmetatable({}, { __mode = "k" })

local function in_order(fields)
  local names = orders[fields]
  if not names then
    names = {}
    for name in pairs(fields) do
      names[#names + 1] = name
    end
    table.sort(names)
    orders[fields] = names
  end
  return names
end

local function those_there(names, value, null)
  local found = {}
  for _, name in ipairs(names) do
    if value[name] ~= nil and value[name] ~= null then
      found[#found + 1] = name
    end
  end
  return found
end

local function one_needed(names, prefix)
  local which = #names == 1 and names[1] or "one of " .. table.concat(names, ", ")
  return bad(prefix .. names[1], prefix .. which .. " is required")
end

-- Which fields of an object go together.
local function check_together(object, value, prefix, null)
  local case = object.cases and object.cases[value[object.cases.by]] or NONE
  for _, exclusive in ipairs { object.one_of or object.most_one_of or NONE, case.one_of or NONE } do
    local found = those_there(exclusive, value, null)
    if #found > 1 then
      return bad(prefix .. found[2], prefix .. found[2] .. " cannot go together with " .. found[1])
    end
  end
  local needed =
    { object.one_of or false, object.any_of or false, case.any_of or false, case.one_of or false }
  for _, names in ipairs(needed) do
    if names and #those_there(names, value, null) == 0 then
      return one_needed(names, prefix)
    end
  end
end

local function check_company(field, value, name, prefix, null)
  local needed, given = field.requires, value[name] ~= nil and value[name] ~= null
  if given and needed and (value[needed] == nil or value[needed] == null) then
    return bad(prefix .. name, prefix .. name .. " is only valid together with " .. prefix .. needed)
  elseif given and field.not_with and value[field.not_with] == true then
    return bad(prefix .. name, prefix .. name .. " must be left out when " .. field.not_with .. " is true")
  end
end

local function check_fields(field, value, prefix, null, but)
  local fields = field.fields
  if not fields then
    return nil
  end
  local problem = not field.open and unknown_field(fields, value, prefix, but)
  if problem then
    return problem
  end
  for _, name in ipairs(in_order(fields)) do
    problem = check(fields[name], value[name], prefix .. name, null)
    if problem then
      return problem
    end
    problem = check_company(fields[name], value, name, prefix, null)
    if problem then
      return problem
    end
  end
  return check_together(field, value, prefix, null)
end

local function check_union(field, value, prefix, null)
  local kind = value[field.by]
  local variant = type(kind) == "string" and field.variants[kind]
  if not variant then
    local names = in_order(field.variants)
    local name = prefix .. field.by
    return bad(
      name,
      kind == nil and name .. " is required" or name .. " must be one of: " .. table.concat(names, ", ")
    )
  end
  return check_fields(variant, value, prefix, null, field.by)
end

function check(field, value, name, null)
  local kind = field.type
  if value == nil then
    return field.required and bad(name, name .. " is required") or nil
  elseif value == null then
    return not field.nullable and bad(name, name .. " must not be null") or nil
  elseif not TYPES[kind](value) then
    return bad(
      name,
      name .. " must be of type " .. (kind == "union" and "object, with a " .. field.by or kind)
    )
  elseif kind == "string" then
    return check_string(field, value, name)
  elseif kind == "array" then
    return check_array(field, value, name, null)
  elseif kind == "object" then
    return check_fields(field, value, name .. ".", null)
  elseif kind == "union" then
    return check_union(field, value, name .. ".", null)
  elseif kind == "integer" or kind == "number" then
    return check_number(field, value, name)
  end
end

-- Without its nulls: what is null is as good as left out.
local function strip(value, null)
  for key, each in pairs(value) do
    if each == null then
      value[key] = nil
    elseif type(each) == "table" then
      strip(each, null)
    end
  end
  return value
end

--- Whether the body may be left out.
local function optional(body)
  if body.type == "union" then
    return false
  end
  for _, field in pairs(body) do
    if field.required then
      return false
    end
  end
  return true
end

--- The body of a request.
---@param endpoint table a row of the contract
---@param body string
---@param json table the codec
---@param unknown_fields string? "ignored": they have no effect; otherwise they are refused
---@return table|nil value without its nulls, unless the row has keep_null
---@return table|nil problem { status, param, message }
function validate.body(endpoint, body, json, unknown_fields)
  local wanted = endpoint.body
  if not body:find "%S" and optional(wanted) then
    return {}
  end
  local value, message = json.decode(body, true)
  if value == nil then
    return nil, bad(nil, "The request body is not valid JSON: " .. tostring(message))
  elseif not is_object(value) then
    return nil, bad(nil, "The request body must be a JSON object")
  end
  local field = wanted.type == "union" and wanted or { fields = wanted, open = endpoint.open }
  if unknown_fields == "ignored" then
    known_fields.only(field, value)
  end
  local problem = (field == wanted and check_union or check_fields)(field, value, "", json.null)
  if problem then
    return nil, problem
  end
  return endpoint.keep_null and value or strip(value, json.null)
end

local function read_ids(field, raw, name)
  local ids = {}
  for id in raw:gmatch "[^,]+" do
    ids[#ids + 1] = id
  end
  if #ids > field.max then
    return nil, bad(name, string.format("%s: at most %d ids are allowed", name, field.max))
  end
  return ids
end

local function read_number(field, raw, name)
  local pattern = field.type == "integer" and "^%-?%d+$" or "^%-?%d*%.?%d*$"
  local number = raw:match(pattern) and #raw < 16 and tonumber(raw)
  if not number then
    return nil, bad(name, name .. " must be of type " .. field.type)
  elseif number < (field.min or number) or number > (field.max or number) then
    return nil, bad(name, string.format("%s must be between %d and %d", name, field.min, field.max))
  end
  return number
end

local function read_text(field, raw, name)
  local problem = check_string(field, raw, name)
  if problem then
    return nil, problem
  end
  return raw
end

local READERS = { ids = read_ids, integer = read_number, number = read_number, string = read_text }

--- The query of a request. Parameters that the contract does not name are ignored, as the service does.
---@param endpoint table a row of the contract
---@param query table name → text
---@return table|nil values with the defaults filled in, table|nil problem
function validate.query(endpoint, query)
  local values = {}
  for _, name in ipairs(endpoint.query and in_order(endpoint.query) or NONE) do
    local field, raw = endpoint.query[name], query[name]
    local problem
    if raw == nil and field.required then
      return nil, bad(name, name .. " is required")
    elseif raw == nil then
      values[name] = field.default
    else
      values[name], problem = READERS[field.type](field, raw, name)
      if problem then
        return nil, problem
      end
    end
  end
  return values
end

return validate
