-- What is not sure about the service, as the simulator's behaviours: the specs of the workflow run once with the
-- defaults and once under each other reading.
local readings = {}

local OTHERS = {
  { "video_id", "late" },
  { "nulls", "present" },
  { "unknown_fields", "ignored" },
  { "captions", "always" },
}

--- `for name, behaviour in readings.each() do describe("under " .. name, …)`; the behaviour is for sim:behaviour.
---@return function iterator giving string, table
function readings.each()
  local at = -1
  return function()
    at = at + 1
    if at == 0 then
      return "the defaults", {}
    elseif OTHERS[at] then
      local name, value = OTHERS[at][1], OTHERS[at][2]
      return name .. "=" .. tostring(value), { [name] = value }
    end
  end
end

return readings
