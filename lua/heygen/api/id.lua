-- Is the id that a table carries its own, or does the table only mention it? What deletes or changes wants the thing
-- itself: a look names its group, and `avatars:delete(look)` shall not delete the group with all its looks.
local core = require "heygen.core"

local own_id = {}

local null = core.null

local OF_ITS_OWN = { DELETE = true, PATCH = true, PUT = true }

-- Names under which things have their own id. `batch_id` is none: the items of a batch mention it.
local OWN = {
  "id",
  "session_id",
  "video_id",
  "asset_id",
  "endpoint_id",
  "group_id",
  "look_id",
  "template_id",
  "video_translation_id",
  "proofread_id",
  "lipsync_id",
  "job_id",
  "voice_id",
  "event_id",
  "resource_id",
}

---@param row heygen.Endpoint
---@param spec { name: string } the id that is asked for
---@param object table
---@param id string what the object has for it
---@return string? problem
function own_id.problem(row, spec, object, id)
  if not OF_ITS_OWN[row.method] or object[spec.name] == nil then
    return nil -- without that name, it is the object's `id` or the like
  end
  for index = 1, #OWN do
    local name = OWN[index]
    local value = object[name]
    if name ~= spec.name and value ~= nil and value ~= null and value ~= id then
      local text =
        "the table given has %s and another %s, so it may only mention what is meant; give the id itself"
      return text:format(spec.name, name)
    end
  end
  return nil
end

return own_id
