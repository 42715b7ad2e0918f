-- Requests made out of the contract, right and wrong ones. It shares no code with the validator that it tests.
local core = require "heygen.core"

local conform = {}

local null = core.null

local FORMATS = {
  https = "https://example.com/some/thing?a=b",
  mime = "image/png",
  base64 = "QUJDRA==",
  sha256 = string.rep("0123456789abcdef", 4),
  color = "#12ab9f",
  plain = "I agree",
}

local function list_has(list, value)
  for _, each in ipairs(list or {}) do
    if each == value then
      return true
    end
  end
  return false
end

local function sorted(t)
  local names = {}
  for name in pairs(t) do
    names[#names + 1] = name
  end
  table.sort(names)
  return names
end

local function copy(value)
  if type(value) ~= "table" then
    return value
  end
  local to = setmetatable({}, getmetatable(value))
  for key, each in pairs(value) do
    to[key] = copy(each)
  end
  return to
end

-- ---- valid values

local function text_of(field, name, ids)
  if ids[name] then
    return ids[name]
  elseif field.enum then
    return field.enum[1]
  elseif field.format then
    return FORMATS[field.format]
  end
  return string.rep("x", math.max(field.min or 1, 1))
end

local function number_of(field)
  if field.enum then
    return field.enum[1]
  end
  return field.max and field.max or (field.above and field.above + 1) or field.min or 1
end

local sample

-- Whether a field may not go together with others that are there.
local function is_shunned(object, name)
  local field, exclusive = object.fields[name], object.one_of or object.most_one_of
  return (list_has(exclusive, name) and exclusive[1] ~= name) or field.not_with ~= nil
end

-- The fields that an object needs although none of them is required: the first of those of which it needs one, and what
-- that one needs.
local function needs_of(object)
  local needs, cases = {}, object.cases
  local case = cases and cases[object.fields[cases.by].enum[1]] or {}
  for _, names in ipairs { object.one_of or {}, object.any_of or {}, case.any_of or {} } do
    if names[1] then
      needs[#needs + 1] = names[1]
      needs[#needs + 1] = object.fields[names[1]].requires
    end
  end
  return needs
end

local function object_of(object, full, ids)
  local made, needs = {}, needs_of(object)
  for name, field in pairs(object.fields or {}) do
    local wanted = full and not is_shunned(object, name) and field.type ~= "any"
    if wanted or field.required or list_has(needs, name) then
      made[name] = sample(field, name, full, ids)
    end
  end
  return made
end

--- A valid value.
---@param field table of the contract
---@param name string
---@param full boolean with all that may be left out
---@param ids table name of a field → a value that is really there
---@param variant string|nil of a union (default: the first one by name)
function sample(field, name, full, ids, variant)
  local kind = field.type
  if kind == "string" then
    return text_of(field, name, ids)
  elseif kind == "integer" or kind == "number" then
    return number_of(field)
  elseif kind == "boolean" then
    return field.default or false
  elseif kind == "array" then
    local list = {}
    for i = 1, math.max(1, field.min or 1) do
      list[i] = sample(field.items, name, full, ids)
    end
    return core.array(list)
  elseif kind == "object" then
    return object_of(field, full, ids)
  elseif kind == "union" then
    -- Of file inputs, the one that needs nothing else; of engines, the one that goes with everything.
    local usual = (field.variants.asset_id and "url") or (field.variants.avatar_iv and "avatar_iv")
    variant = variant or usual or sorted(field.variants)[1]
    local made = object_of(field.variants[variant], full, ids)
    made[field.by] = variant
    return made
  end
  return "anything"
end

conform.sample = sample

--- The valid bodies of an endpoint.
---@return table list of { label, body, object = the contract's description of it }
function conform.bodies(endpoint, full, ids)
  local wanted, list = endpoint.body, {}
  if wanted.type ~= "union" then
    local object = { type = "object", fields = wanted, open = endpoint.open }
    return { { label = "", body = object_of(object, full, ids), object = object } }
  end
  for _, variant in ipairs(sorted(wanted.variants)) do
    list[#list + 1] = {
      label = variant,
      body = sample(wanted, "", full, ids, variant),
      object = wanted.variants[variant],
      by = wanted.by,
    }
  end
  return list
end

-- ---- wrong values

local SAMPLES = {
  string = "text",
  integer = 3,
  number = 3.5,
  boolean = true,
  array = core.array { 1 },
  object = { some = "thing" },
}

local FITS = {
  string = { string = true },
  integer = { integer = true },
  number = { integer = true, number = true },
  boolean = { boolean = true },
  array = { array = true },
  object = { object = true },
  union = { object = true },
}

-- What is wrong with a value of its type; adds { value, what } to the list.
local function out_of_bounds(field, add)
  if field.type == "string" then
    if field.max then
      add(string.rep("\195\188", field.max + 1), "too long")
    end
    if field.min and field.min > 0 then
      add("", "too short")
    end
    if field.enum then
      add("no such value", "not in the enum")
      add(field.enum[1]:upper() .. " ", "nearly in the enum")
    end
    if field.format == "plain" then
      add("<b>", "no plain text")
    elseif field.format then
      add("not a " .. field.format, "of the wrong format")
      add("", "empty")
    end
  elseif field.type == "integer" or field.type == "number" then
    local step = field.type == "integer" and 1 or 0.001
    if field.max then
      add(field.max + step, "too large")
    end
    if field.min then
      add(field.min - step, "too small")
    end
    if field.above then
      add(field.above, "not above its bound")
    end
    if field.enum then
      add(field.enum[1] + 1, "not in the enum")
    end
    if field.even then
      add(field.max - 1, "odd")
    end
  end
end

local visit

local function visit_members(object, value, path, place, report, but)
  for name, field in pairs(object.fields or {}) do
    if value[name] ~= nil then
      visit(field, value[name], path .. name, function(bad)
        return place(function(copied)
          copied[name] = bad
        end)
      end, report)
    end
    if field.required then
      report(
        path .. name,
        400,
        "is missing",
        place(function(copied)
          copied[name] = nil
        end)
      )
    end
  end
  if object.fields and not object.open then
    report(
      path .. "zz_unknown",
      422,
      "is unknown",
      place(function(copied)
        copied.zz_unknown = 1
      end)
    )
  end
  if but then
    report(
      path .. but,
      400,
      "is missing",
      place(function(copied)
        copied[but] = nil
      end)
    )
    report(
      path .. but,
      400,
      "is of no known kind",
      place(function(copied)
        copied[but] = "no_such_kind"
      end)
    )
    report(
      path .. but,
      400,
      "is of the wrong type",
      place(function(copied)
        copied[but] = 7
      end)
    )
  end
end

local function visit_array(field, value, path, put, report)
  if field.max then
    local list = {}
    for i = 1, field.max + 1 do
      list[i] = value[1]
    end
    report(path, 400, "has too many items", put(core.array(list)))
  end
  if field.min then
    report(path, 400, "has too few items", put(core.array {}))
  end
  visit(field.items, value[1], path .. "[0]", function(bad)
    local list = copy(value)
    list[1] = bad
    return put(list)
  end, report)
end

-- Every kind that the value can be of, and all that can be wrong with each.
local function visit_union(field, value, path, put, report)
  for _, variant in ipairs(sorted(field.variants)) do
    local own = value
    if value[field.by] ~= variant then
      own = sample(field, "", true, report.ids, variant)
      if not field.variants.avatar_iv then -- engines do not go with everything: see the spec of video_rules
        report(path, 200, "is of the kind " .. variant, put(own))
      end
    end
    visit_members(field.variants[variant], own, path .. ".", function(change)
      local copied = copy(own)
      change(copied)
      return put(copied)
    end, report, field.by)
  end
end

-- Reports all that can be wrong with a value and in it. `put(bad)` gives the whole body with `bad` in its place.
function visit(field, value, path, put, report)
  if field.type == "any" then
    return
  end
  for kind, bad in pairs(SAMPLES) do
    if not FITS[field.type][kind] then
      report(path, 400, "is of type " .. kind, put(bad))
    end
  end
  if not field.nullable then
    report(path, 400, "is null", put(null))
  end
  out_of_bounds(field, function(bad, what)
    report(path, 400, "is " .. what, put(bad))
  end)
  local function place(change)
    local copied = copy(value)
    change(copied)
    return put(copied)
  end
  if field.type == "array" then
    visit_array(field, value, path, put, report)
  elseif field.type == "object" then
    visit_members(field, value, path .. ".", place, report)
  elseif field.type == "union" then
    visit_union(field, value, path, put, report)
  end
end

--- Every way in which a valid body can be made wrong.
---@param made table of conform.bodies
---@param ids table
---@return table list of { body, param, status, what }; a status of 200 is another right way
function conform.violations(made, ids)
  local list = {}
  local report = setmetatable({ ids = ids }, {
    __call = function(_, param, status, what, body)
      list[#list + 1] = { body = body, param = param, status = status, what = what }
    end,
  })
  visit_members(made.object, made.body, "", function(change)
    local copied = copy(made.body)
    change(copied)
    return copied
  end, report, made.by)
  return list
end

--- A valid body with each field that may be null being null; and one at each bound.
---@param made table of conform.bodies, a short one
---@param ids table
---@return table list of { body, what }
function conform.edges(made, ids)
  local list = {}
  for name, field in pairs(made.object.fields or {}) do
    local function with(value, what)
      local body = copy(made.body)
      if field.requires then
        body[field.requires] = ids[field.requires] or FORMATS.https
      end
      body[name] = value
      list[#list + 1] = { body = body, what = name .. " " .. what }
    end
    if field.nullable and made.body[name] == nil and not is_shunned(made.object, name) then
      with(null, "is null")
    end
    if field.type == "string" and not ids[name] and not field.format then
      for _, value in ipairs(field.enum or {}) do
        with(value, "is " .. value)
      end
      if field.max then
        with(string.rep("\195\188", field.max), "is as long as may be")
      end
    elseif field.type == "integer" or field.type == "number" then
      for _, bound in ipairs { "min", "max" } do
        if field[bound] then
          with(field[bound], "is " .. field[bound])
        end
      end
    elseif field.type == "boolean" then
      with(false, "is false")
    elseif field.type == "array" and field.max then
      local items = {}
      for i = 1, field.max do
        items[i] = sample(field.items, name, false, ids)
        if i <= 3 and type(items[i]) == "table" and items[i].url then
          items[i].url = items[i].url:gsub("%?", ".mp4?") -- of references, 3 may be videos and 9 images
        end
      end
      with(core.array(items), "has as many items as may be")
    end
  end
  return list
end

return conform
