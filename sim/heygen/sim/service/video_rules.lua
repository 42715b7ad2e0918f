-- What the fields of POST /v3/videos say of each other, and of the look that they name: rules that the schema cannot
-- tell. Of a look that is not known (behaviour `unknown_ids`) nothing is said.
local catalogue = require "heygen.sim.service.catalogue"

local rules = {}

local MOST = { images = 9, clips = 3 }

local function refuse(param, message, code)
  return { status = 400, code = code, message = message, param = param }
end

local function has(list, wanted)
  for _, each in ipairs(list) do
    if each == wanted then
      return true
    end
  end
  return false
end

local function engine_problem(model, look, engine, where)
  if not has(look.engines, engine.type) then
    local known = table.concat(look.engines, ", ")
    return refuse(where .. ".type", ("The look supports %s, not %s"):format(known, engine.type))
  end
  local reference = engine.reference_look_id and catalogue.get(model.library.looks, engine.reference_look_id)
  if
    engine.reference_look_id
    and not (reference and reference.group == look.group and reference.type == "digital_twin")
  then
    return refuse(
      where .. ".reference_look_id",
      "reference_look_id must be a recorded look of the same group"
    )
  end
end

-- Of one who speaks: the body itself, or the input of a scene. `prefix` is what stands before its fields.
local function speaker_problem(model, input, prefix, resolution)
  local look = input.type == "avatar" and catalogue.get(model.library.looks, input.avatar_id) or nil
  local engine = input.engine and input.engine.type or "avatar_iv"
  local is_photo = input.type == "image" or (look and look.type == "photo_avatar")
  local is_filmed = look and not is_photo
  if input.expressiveness and (is_filmed or engine ~= "avatar_iv") then
    return refuse(prefix .. "expressiveness", "expressiveness is for photo avatars with avatar_iv only")
  elseif input.motion_prompt and (engine == "avatar_iii" or (is_filmed and engine ~= "avatar_v")) then
    local message = is_filmed and "motion_prompt of a video avatar needs the engine avatar_v"
      or "motion_prompt cannot be used with avatar_iii"
    return refuse(prefix .. "motion_prompt", message)
  elseif is_photo and engine == "avatar_iii" and resolution == "4k" then
    return refuse("resolution", "avatar_iii makes no 4k of photo avatars")
  end
  return input.engine and look and engine_problem(model, look, input.engine, prefix .. "engine") or nil
end

local function has_words(input, prefix)
  if input.script and not input.script:find "%S" then
    return refuse(prefix .. "script", "script has no words", "script_too_short")
  end
end

local function studio_problem(model, body)
  for i, scene in ipairs(body.scenes) do
    local prefix = ("scenes[%d]."):format(i - 1)
    local input = scene.input
    local problem = has_words(input or scene, input and prefix .. "input." or prefix)
      or (input and speaker_problem(model, input, prefix .. "input.", body.resolution))
    if problem then
      return problem
    end
  end
end

local function is_clip(model, file)
  local asset = file.asset_id and model.assets.by_id[file.asset_id]
  local kind = file.media_type or (asset and asset.mime_type) or (file.url or ""):lower():match "^[^?#]*"
  return kind:find "^video/" or kind:find "%.mp4$" or kind:find "%.webm$" or kind:find "%.mov$"
end

local function cinematic_problem(model, body)
  local count = { images = 0, clips = 0 }
  for _, file in ipairs(body.references or {}) do
    local kind = is_clip(model, file) and "clips" or "images"
    count[kind] = count[kind] + 1
  end
  if count.images > MOST.images or count.clips > MOST.clips then
    return refuse("references", "references may hold at most 3 videos and 9 images")
  end
end

--- The first rule that a body breaks.
---@param model table
---@param body table a valid VideoCreateRequest, without nulls
---@return table|nil problem { status, code, message, param }
function rules.problem(model, body)
  if body.type == "studio" then
    return studio_problem(model, body)
  elseif body.type == "cinematic_avatar" then
    return cinematic_problem(model, body)
  elseif body.output_format == "webm" and body.background then
    return refuse("background", "webm is transparent: it has no background")
  end
  return has_words(body, "") or speaker_problem(model, body, "", body.resolution)
end

return rules
