-- What an endpoint takes: the rows of heygen.endpoints, in the fields of this contract.
--
-- Only what a row says is taken over. The checks themselves are a second implementation (heygen.sim.core.validate), and
-- two things of a row belong to the client: it refuses an empty text where one may be absent, and knows some values of
-- sets that are open. A form of files is a union here, as it goes over the wire.
local endpoints = require "heygen.endpoints"
local fields = require "heygen.endpoints.fields"
local types = require "heygen.sim.contract.types"

local parameters = {}

local FORMATS = {
  callback_url = "https",
  https_url = "https",
  media_type = "mime",
  plain_text = "plain",
  sha256 = "sha256",
}

-- Taken over as they are.
local SAME = {
  "type",
  "required",
  "nullable",
  "default",
  "above",
  "max",
  "enum",
  "even",
  "requires",
  "not_with",
  "by",
  "one_of",
  "any_of",
  "most_one_of",
  "cases",
}

-- The service wants colours as #rrggbb, by class and field.
local COLOURS = { Background = "value", SceneBackground = "color" }

local rows = {}
for _, row in ipairs(endpoints) do
  rows[row.group .. "." .. row.name] = row
end

local convert

local function convert_all(specs, class)
  local made = {}
  for name, spec in pairs(specs) do
    made[name] = convert(spec)
    if COLOURS[class] == name then
      made[name].format, made[name].min = "color", nil
    end
  end
  return made
end

-- Shared specs become shared fields.
local converted = setmetatable({}, { __mode = "k" })

function convert(spec)
  if spec.type == "file_input" then
    local form = spec.base64 == false and types.FILE_WITHOUT_BASE64 or types.FILE
    return types.ref(form, { required = spec.required, nullable = spec.nullable })
  elseif converted[spec] then
    return converted[spec]
  end
  local field = { format = FORMATS[spec.format] }
  for _, name in ipairs(SAME) do
    field[name] = spec[name]
  end
  if spec.type ~= "string" or not (spec.nullable or spec == fields.TOKEN) then
    field.min = spec.min
  end
  field.items = spec.items and convert(spec.items)
  if spec.type == "union" then
    field.variants = {}
    for name, variant in pairs(spec.variants) do
      local object = convert(variant)
      object.fields = convert_all(variant.fields, spec.class)
      field.variants[name] = object
    end
  elseif spec.fields then
    field.fields = convert_all(spec.fields, spec.class)
  end
  converted[spec] = field
  return field
end

--- Completes a row of the contract with what the API's table says of it: method, path, query and body.
---@param row table id = "group.name" there; `own`: fields that the simulator knows better; listed: it is not there
---@return table row
function parameters.complete(row)
  if row.listed then
    return row
  end
  local given = assert(rows[row.id], row.id)
  row.method, row.path, row.multipart = given.method, given.path, given.multipart
  row.query = next(given.query) and convert_all(given.query) or nil
  if given.body_union then
    row.body = convert(given.body_union)
  elseif given.body and not given.multipart then
    row.body = types.with(convert_all(given.body), row.own or {})
  end
  return row
end

--- The names of all calls, to see that none is left out.
---@return table name → row of heygen.endpoints
function parameters.rows()
  return rows
end

return parameters
