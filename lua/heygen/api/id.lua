-- The ids in the path of a call: a text, or the object that carries it.
--
-- What deletes or changes wants the thing itself, so the id must be the object's own: a look names its group, and
-- `avatars:delete(look)` must not delete the group with all its looks.
local core = require "heygen.core"
local values = require "heygen.schema.value"

local ids = {}

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
  "render_id",
  "filler_word_removal_id",
  "job_id",
  "voice_id",
  "event_id",
  "resource_id",
}

---The call of a row as the user writes it, for messages.
---@param row heygen.Endpoint
---@return string "client.videos:list"
function ids.call_name(row)
  return row.called or ("client.%s:%s"):format(row.group, row.name)
end

---The same row, called by another name.
---@param row heygen.Endpoint
---@param name string "client:create"
---@return heygen.Endpoint
function ids.called(row, name)
  local copy = { called = name }
  for field, value in pairs(row) do
    copy[field] = value
  end
  return copy
end

---@param row heygen.Endpoint
---@return string the longest form of the call
function ids.signature(row)
  local names = {}
  for index, id in ipairs(row.path_params) do
    names[index] = id.name
  end
  names[#names + 1] = row.body and "{...}" or "options"
  return ids.call_name(row) .. "(" .. table.concat(names, ", ") .. ")"
end

-- The problem, if the object only mentions this id.
local function own_problem(row, spec, object, id)
  if not OF_ITS_OWN[row.method] or object[spec.name] == nil then
    return nil -- without that name, it is the object's `id` or the like
  end
  for index = 1, #OWN do
    local name = OWN[index]
    local value = object[name]
    local is_other = value ~= id
      and not (type(value) == "string" and values.plain_id(value) == values.plain_id(id))
    if name ~= spec.name and value ~= nil and value ~= null and is_other then
      local text =
        "the table given has %s and another %s, so it may only mention what is meant; give the id itself"
      return text:format(spec.name, name)
    end
  end
  return nil
end

-- get{video_id = ..., timeout = 5}: taken for an object, its timeout would be ignored. Returns problem.
local function misplaced_problem(row, object, known)
  local misplaced
  for name in pairs(known) do
    if object[name] ~= nil and (not misplaced or name < misplaced) then
      misplaced = name
    end
  end
  return misplaced
    and ("%s belongs in a table of its own after the ids: %s"):format(misplaced, ids.signature(row))
end

-- The id that an object carries. Returns id | nil, problem, mistake.
local function carried_id(row, spec, object, known)
  local misplaced = known and misplaced_problem(row, object, known)
  if misplaced then
    return nil, misplaced, true
  end
  local id = object[spec.name]
  if id == nil and spec.also then
    id = object[spec.also]
  end
  if type(id) == "string" then
    local problem = own_problem(row, spec, object, id)
    if problem then
      return nil, problem
    end
    return id
  elseif id == nil or id == null then
    -- no mistake: a session has no video_id before rendering begins
    return nil, "the table given has no " .. spec.name .. (spec.also and " or " .. spec.also or "")
  end
  return nil, values.expected("a string in the table given", id) -- no mistake either: the service may have sent it
end

---Reads an id that is no plain text.
---@param row heygen.Endpoint
---@param index integer which id of the path
---@param value any
---@param known table? the fields and options of the call, where `value` is the last argument
---@return string? id percent-encoded where needed
---@return string? problem
---@return boolean? mistake true: an error of the program
function ids.read(row, index, value, known)
  if type(value) == "table" then
    local problem, mistake
    value, problem, mistake = carried_id(row, row.path_params[index], value, known)
    if problem then
      return nil, problem, mistake
    end
  end
  local id, problem, _, mistake = values.id(value)
  return id, problem, mistake
end

return ids
