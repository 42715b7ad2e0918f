-- Avatars: groups, and their looks (a look's id is the avatar_id of videos).
local catalogue = require "heygen.sim.service.catalogue"
local lookup = require "heygen.sim.service.lookup"
local pages = require "heygen.sim.core.pages"
local respond = require "heygen.sim.core.respond"

local avatars = {}

local KINDS = { prompt = "photo_avatar", photo = "photo_avatar", digital_twin = "digital_twin" }

local function now_of(model)
  return model.clock:now()
end

local function group_gone(model, id)
  local message = "No avatar group " .. id .. " was found"
  return respond.problem(model.json, 404, "avatar_group_not_found", message, "group_id")
end

local function look_gone(model, id)
  return respond.problem(
    model.json,
    404,
    "avatar_not_found",
    "No avatar look " .. id .. " was found",
    "look_id"
  )
end

local function not_yours(model, param)
  return respond.problem(model.json, 403, "resource_access_denied", "Public avatars cannot be changed", param)
end

-- Only what a user has made has a status.
local function status_of(model, group, ready)
  if group.ownership == "public" then
    return model.json.null
  elseif group.consent == "pending" then
    return "pending_consent"
  end
  return ready <= now_of(model) and "completed" or "processing"
end

local function group_view(model, group)
  local null, looks = model.json.null, 0
  for _, look in ipairs(model.library.looks.rows) do
    looks = looks + (look and look.group == group and 1 or 0)
  end
  return model:finish({
    id = group.id,
    name = group.name,
    created_at = math.floor(group.created),
    looks_count = looks,
    gender = group.gender or null,
    preview_image_url = null,
    preview_video_url = null,
    default_voice_id = group.voice_id or null,
    consent_status = group.consent or null,
    status = status_of(model, group, group.ready),
    error = null,
  }, model.behaviour)
end

local function look_view(model, look)
  local null, array = model.json.null, model.json.array
  return model:finish({
    id = look.id,
    name = look.name,
    avatar_type = look.type,
    group_id = look.group.id,
    gender = look.gender or null,
    tags = array(look.tags),
    supported_api_engines = array(look.engines),
    default_voice_id = look.voice_id or null,
    preferred_orientation = look.orientation,
    image_width = look.orientation == "portrait" and 1080 or 1920,
    image_height = look.orientation == "portrait" and 1920 or 1080,
    preview_image_url = null,
    preview_video_url = null,
    status = status_of(model, look.group, look.ready),
    error = null,
  }, model.behaviour)
end

function avatars.list(model, _, query)
  local name = "avatars" .. (query.ownership or "")
  local rows = model.library.groups.rows
  local items, token = pages.cut(rows, name, query.limit, query.token, function(group)
    if query.ownership and query.ownership ~= group.ownership then
      return nil
    end
    return group_view(model, group)
  end)
  return model:page(items, token)
end

function avatars.get(model, _, _, id)
  local group = catalogue.get(model.library.groups, id)
  return group and respond.data(model.json, group_view(model, group)) or group_gone(model, id)
end

-- A group that belongs to the user; or the refusal.
local function own_group(model, id)
  local group = catalogue.get(model.library.groups, id)
  if not group then
    return nil, group_gone(model, id)
  elseif group.ownership == "public" then
    return nil, not_yours(model, "group_id")
  end
  return group
end

function avatars.update(model, _, body, id)
  local group, refusal = own_group(model, id)
  if not group then
    return refusal
  end
  group.name = body.name
  return respond.data(model.json, group_view(model, group))
end

function avatars.delete(model, _, _, id)
  local group, refusal = own_group(model, id)
  if not group then
    return refusal
  end
  for _, look in ipairs(model.library.looks.rows) do
    if look and look.group == group then
      catalogue.remove(model.library.looks, look.id)
    end
  end
  catalogue.remove(model.library.groups, id)
  return respond.data(model.json, { id = id })
end

local function new_group(model, body, ready)
  return catalogue.add(model.library.groups, {
    id = model.ids:hex(32),
    name = body.name,
    ownership = "private",
    created = now_of(model),
    ready = ready,
    -- A person's twin waits for that person's word.
    consent = body.type == "digital_twin" and "pending" or nil,
  })
end

function avatars.create(model, _, body)
  local b, group = model:behaviour_now(), nil
  local refusal = lookup.refusal(model, body, b)
  if refusal then
    return refusal
  elseif body.avatar_group_id then
    group, refusal = own_group(model, body.avatar_group_id)
    if not group then
      return refusal
    end
  end
  local like = body.avatar_id and catalogue.get(model.library.looks, body.avatar_id)
  if like and group and like.group ~= group then
    return respond.problem(model.json, 400, nil, "The look belongs to another group", "avatar_id")
  end
  local ready = now_of(model) + b.preparing
  group = group or new_group(model, body, ready)
  local look = catalogue.add(model.library.looks, {
    id = model.ids:hex(32),
    name = body.name,
    group = group,
    type = KINDS[body.type],
    ownership = "private",
    orientation = "portrait",
    engines = catalogue.ENGINES,
    tags = {},
    ready = ready,
    created = now_of(model),
  })
  return respond.data(
    model.json,
    { avatar_item = look_view(model, look), avatar_group = group_view(model, group) }
  )
end

function avatars.consent(model, _, body, id)
  local group, refusal = own_group(model, id)
  refusal = refusal or lookup.refusal(model, body, model:behaviour_now())
  if refusal then
    return refusal
  end
  -- With a statement the consent is there; without, the person is sent to a page to give it.
  if body.consent_video or body.consent_text then
    group.consent = "approved"
  end
  return respond.data(model.json, {
    avatar_group = group_view(model, group),
    url = group.consent == "pending" and "https://app.heygen.com/consent/" .. id or model.json.null,
  })
end

-- ---- looks

function avatars.looks(model, _, query)
  local name =
    table.concat({ "looks", query.group_id or "", query.avatar_type or "", query.ownership or "" }, "|")
  local rows = model.library.looks.rows
  local items, token = pages.cut(rows, name, query.limit, query.token, function(look)
    if
      (query.group_id and query.group_id ~= look.group.id)
      or (query.avatar_type and query.avatar_type ~= look.type)
      or (query.ownership and query.ownership ~= look.ownership)
    then
      return nil
    end
    return look_view(model, look)
  end)
  return model:page(items, token)
end

function avatars.get_look(model, _, _, id)
  local look = catalogue.get(model.library.looks, id)
  return look and respond.data(model.json, look_view(model, look)) or look_gone(model, id)
end

local function own_look(model, id)
  local look = catalogue.get(model.library.looks, id)
  if not look then
    return nil, look_gone(model, id)
  elseif look.ownership == "public" then
    return nil, not_yours(model, "look_id")
  end
  return look
end

function avatars.update_look(model, _, body, id)
  local look, refusal = own_look(model, id)
  if not look then
    return refusal
  end
  look.name = body.name or look.name
  return respond.data(model.json, look_view(model, look))
end

function avatars.delete_look(model, _, _, id)
  local look, refusal = own_look(model, id)
  if not look then
    return refusal
  end
  catalogue.remove(model.library.looks, id)
  return respond.data(model.json, { id = id })
end

return avatars
