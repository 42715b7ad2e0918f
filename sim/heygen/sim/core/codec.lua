-- The codec of a model: JSON, and the shape in which the behaviour wants answers of the API.
local nulls = require "heygen.sim.core.nulls"

local codec = {}

---@param model table its `kept` are the names that the answer to come keeps as null
---@param given table? { encode, decode, null, array } (default: heygen.core)
---@return table json the same, and shape = function(value) → value, which may change it in place
function codec.of(model, given)
  given = given or require "heygen.core"
  local json = { encode = given.encode, decode = given.decode, null = given.null, array = given.array }
  function json.shape(value)
    return model.behaviour.nulls == "absent" and nulls.strip(value, json.null, model.kept) or value
  end
  return json
end

return codec
