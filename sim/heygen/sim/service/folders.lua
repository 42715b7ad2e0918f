-- Folders: named places for videos. Nothing checks that the folder_id of a video is one of them.
local respond = require "heygen.sim.core.respond"

local folders = {}

local function gone(model, id, param)
  return respond.problem(model.json, 404, nil, "No folder " .. id .. " was found", param)
end

local function view(model, folder)
  return model:finish({
    folder_id = folder.id,
    name = folder.name,
    type = folder.type,
    is_trash = false,
    created_at = math.floor(folder.created),
    updated_at = math.floor(folder.created),
    parent_id = folder.parent or model.json.null,
    creator_username = "sim_user",
  }, model.behaviour)
end

function folders.create(model, _, body)
  local parent = body.parent_id ~= "" and body.parent_id or nil -- an empty one means the root
  if parent and not model.folders[parent] then
    return gone(model, parent, "parent_id")
  end
  local folder = {
    id = model.ids:hex(32),
    name = body.name,
    type = body.type or "mixed",
    parent = parent,
    created = model.clock:now(),
  }
  model.folders[folder.id] = folder
  return respond.data(model.json, view(model, folder))
end

function folders.get(model, _, _, id)
  local folder = model.folders[id]
  return folder and respond.data(model.json, view(model, folder)) or gone(model, id, "folder_id")
end

return folders
