-- Values that use all that a field spec of endpoints/init.lua allows: each field, each form of a union, each of several
-- forms of one thing, at least once.
local samples = {}

local IMAGE = { type = "base64", media_type = "image/png", data = "iVBORw0KGgo=" }

local FORMATS = {
  https_url = "https://example.com/a?b=c",
  callback_url = "https://example.com/a?b=c",
  media_type = "image/png",
  sha256 = ("0123456789abcdef"):rep(4),
}

local all

local make = {}

function make.string(spec, name)
  local values = spec.enum or spec.known
  if values then
    return { values[1], values[#values] }
  end
  return { FORMATS[spec.format] or 'text "é" \\ of ' .. name }
end

function make.integer(spec)
  return { spec.min or 3, spec.max }
end

function make.number(spec)
  if spec.enum then
    return spec.enum
  end
  local low, high = spec.min or spec.above or 1, spec.max or 24
  return { (low + high) / 2 + 0.25, high }
end

function make.boolean()
  return { true, false }
end

function make.file_input(spec)
  return {
    { type = "url", url = "https://example.com/video.mp4" },
    { type = "asset_id", asset_id = "asset_1" },
    spec.base64 ~= false and IMAGE or nil,
  }
end

function make.any()
  return { { some = { "thing", 1, false } } }
end

function make.ids()
  return { { "id_1", "id_2" } }
end

-- All samples of its items in one, or in as many as it takes.
function make.array(spec, name, ids)
  local lists, most = {}, spec.max or math.huge
  for index, item in ipairs(all(spec.items, name, ids)) do
    local place = math.floor((index - 1) / most) + 1
    lists[place] = lists[place] or {}
    table.insert(lists[place], item)
  end
  return lists
end

local function sorted(map)
  local names = {}
  for name in pairs(map) do
    names[#names + 1] = name
  end
  table.sort(names)
  return names
end

-- Of the fields that exclude each other, one after the other.
local function alternatives(spec)
  local choice = spec.one_of or spec.most_one_of
  if choice then
    return choice, true
  end
  for name, field in pairs(spec.fields) do
    if field.not_with then
      return { name, field.not_with }, true
    end
  end
  return { false }, false
end

-- Takes away what cannot go with the rest.
local function keep_rules(spec, object)
  for _, clash in ipairs(spec.clashes or {}) do
    local is = object[clash[1]]
    if (type(is) == "table" and is.type or is) == clash[2] then
      object[clash[3]] = nil
    end
  end
  local case = spec.cases and spec.cases[object[spec.cases.by]] or {}
  for index = 2, #(case.one_of or {}) do
    object[case.one_of[index]] = nil
  end
end

function make.object(spec, _, ids)
  if not spec.fields then
    return { { some = "thing", list = { "x" } } }
  end
  local lists, most = {}, 1
  for _, name in ipairs(sorted(spec.fields)) do
    lists[name] = all(spec.fields[name], name, ids)
    most = math.max(most, #lists[name])
  end
  local choice, exclusive = alternatives(spec)
  local made = {}
  for _, chosen in ipairs(choice) do
    for turn = 1, most do
      local object = {}
      for name, list in pairs(lists) do
        object[name] = list[(turn - 1) % #list + 1]
      end
      for _, other in ipairs(exclusive and choice or {}) do
        if other ~= chosen then
          object[other] = nil
        end
      end
      keep_rules(spec, object)
      made[#made + 1] = object
    end
  end
  return made
end

function make.union(spec, _, ids)
  local made = {}
  for _, kind in ipairs(sorted(spec.variants)) do
    for _, object in ipairs(make.object(spec.variants[kind], "", ids)) do
      object[spec.by] = kind
      made[#made + 1] = object
    end
  end
  return made
end

function all(spec, name, ids)
  if ids[name] ~= nil then
    return { ids[name] }
  end
  return make[spec.type](spec, name, ids)
end

--- All that a call can be given, as tables of fields.
---@param row heygen.Endpoint
---@param ids table name of a field -> what it must be for the simulator
---@return table[]
function samples.calls(row, ids)
  if row.body_union then
    return make.union(row.body_union, "", ids)
  end
  local fields = {}
  for _, specs in ipairs { row.query, row.body or {} } do
    for name, spec in pairs(specs) do
      fields[name] = spec
    end
  end
  return make.object({ fields = fields }, "", ids)
end

--- A call that has this field.
function samples.holding(row, name, ids)
  for _, fields in ipairs(samples.calls(row, ids)) do
    if fields[name] ~= nil then
      return fields
    end
  end
end

--- The names of the body's arrays that may be empty.
function samples.lists(row)
  local names = {}
  for name, spec in pairs(row.body or {}) do
    if spec.type == "array" and not spec.min then
      names[#names + 1] = name
    end
  end
  return names
end

return samples
