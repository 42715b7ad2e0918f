-- Fields without a value: null, or left out of answers and events (behaviour `nulls`). What the contract says is always
-- there stays as null.
local nulls = {}

local NONE = {}

local function note(field, name, kept)
  if name and field.required and field.nullable then
    kept[name] = true
  end
  for key, each in pairs(field.fields or NONE) do
    note(each, key, kept)
  end
  for _, variant in pairs(field.variants or NONE) do
    note(variant, nil, kept)
  end
  if field.items then
    note(field.items, nil, kept)
  end
end

--- The names of fields that are always there and may be null.
---@param answer table|nil a field of the contract, see heygen.sim.contract.types
---@return table kept name → true
function nulls.kept(answer)
  local kept = {}
  if answer then
    note(answer, nil, kept)
  end
  return kept
end

--- Leaves out what is null, at any depth.
---@param value table changed in place
---@param null any the codec's null
---@param kept table? names that stay
---@return table value
function nulls.strip(value, null, kept)
  for name, each in pairs(value) do
    if type(each) == "table" then
      nulls.strip(each, null, kept)
    elseif each == null and type(name) == "string" and not (kept and kept[name]) then
      value[name] = nil
    end
  end
  return value
end

return nulls
