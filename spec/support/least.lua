-- The least arguments of a call that its row allows, made from the row: ids, and what is required.
local least = {}

local FORMATS = {
  https_url = "https://example.com/x",
  callback_url = "https://example.com/x",
  media_type = "image/png",
  sha256 = ("0123456789abcdef"):rep(4),
}

local make = {}

local function value(spec)
  return make[spec.type](spec)
end

function make.string(spec)
  return spec.enum and spec.enum[1] or FORMATS[spec.format] or "text"
end

function make.integer(spec)
  return spec.enum and spec.enum[1] or spec.min or 1
end

make.number = make.integer

function make.boolean()
  return true
end

function make.file_input()
  return { type = "asset_id", asset_id = "asset" }
end

function make.upload()
  return "a path"
end

function make.any()
  return { some = { "thing" } }
end

function make.ids()
  return { "id" }
end

function make.array(spec)
  local list = {}
  for index = 1, spec.min or 1 do
    list[index] = value(spec.items)
  end
  return list
end

-- The fields that must be there, by themselves or by a rule.
local function add_fields(object, spec)
  for _, names in ipairs { spec.one_of or {}, spec.any_of or {} } do
    if names[1] and spec.fields[names[1]] then
      object[names[1]] = value(spec.fields[names[1]])
    end
  end
  for name, field in pairs(spec.fields) do
    if field.required then
      object[name] = value(field)
    end
  end
  for name, field in pairs(spec.fields) do
    if object[name] ~= nil and field.requires then
      object[field.requires] = value(spec.fields[field.requires])
    end
  end
  local case = spec.cases and spec.cases[object[spec.cases.by]]
  if case then
    local name = (case.any_of or case.one_of)[1]
    object[name] = value(spec.fields[name])
  end
  return object
end

function make.object(spec)
  return spec.fields and add_fields({}, spec) or { some = "thing" }
end

function make.union(spec)
  local kinds = {}
  for kind in pairs(spec.variants) do
    kinds[#kinds + 1] = kind
  end
  table.sort(kinds)
  return add_fields({ [spec.by] = kinds[1] }, spec.variants[kinds[1]])
end

least.value = value

--- The variant of a union with what it needs.
function least.variant(spec, kind)
  return add_fields({ [spec.by] = kind }, spec.variants[kind])
end

--- The least fields of a call: body and query.
function least.fields(row)
  if row.body_union then
    return value(row.body_union)
  end
  local fields = add_fields({}, { fields = row.query, any_of = row.any_of })
  return row.body and add_fields(fields, { fields = row.body }) or fields
end

--- All arguments: ids "id1", "id2", ..., then the fields.
function least.args(row)
  local args = {}
  for index in ipairs(row.path_params) do
    args[index] = "id" .. index
  end
  args[#args + 1] = least.fields(row)
  return args
end

return least
