-- A body without the fields that the contract does not name: they have no effect (behaviour `unknown_fields`).
local known_fields = {}

local only

-- `but`: the field of a union that tells its variants apart.
local function members(fields, value, but)
  for name, each in pairs(value) do
    if fields[name] then
      only(fields[name], each)
    elseif name ~= but then
      value[name] = nil
    end
  end
end

function only(field, value)
  if type(value) ~= "table" then
    return
  elseif field.type == "array" then
    for _, item in ipairs(value) do
      only(field.items, item)
    end
  elseif field.type == "union" then
    local variant = field.variants[value[field.by]]
    if variant then
      members(variant.fields, value, field.by)
    end
  elseif field.fields and not field.open then
    members(field.fields, value)
  end
end

--- Removes them, at any depth.
---@param field table of the contract, see heygen.sim.contract.types
---@param value any changed in place; what has the wrong type stays as it is
function known_fields.only(field, value)
  only(field, value)
end

return known_fields
