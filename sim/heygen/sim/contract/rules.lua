-- What a single field cannot say: which fields go together. A rule gives the offending field and the message.
local rules = {}

local SOURCES = { "script", "audio_url", "audio_asset_id" }

local function sources(value, has)
  local found = {}
  for _, name in ipairs(SOURCES) do
    if has(value[name]) then
      found[#found + 1] = name
    end
  end
  return found
end

--- Someone must speak: exactly one source of sound.
function rules.one_voice(value, has)
  local found = sources(value, has)
  if #found == 0 then
    return "script", "one of script, audio_url, audio_asset_id is required"
  elseif #found > 1 then
    return found[2], found[2] .. " cannot go together with " .. found[1]
  end
end

--- An image has no voice of its own.
function rules.one_voice_of_an_image(value, has)
  local field, message = rules.one_voice(value, has)
  if field then
    return field, message
  elseif has(value.script) and not has(value.voice_id) then
    return "voice_id", "voice_id is required together with script"
  end
end

--- A still picture lasts as long as it says, or as its sound.
function rules.image_scene(value, has)
  local found = sources(value, has)
  if #found > 1 then
    return found[2], found[2] .. " cannot go together with " .. found[1]
  elseif #found == 0 and not has(value.duration) then
    return "duration", "duration, or one of script, audio_url, audio_asset_id, is required"
  elseif has(value.script) and not has(value.voice_id) then
    return "voice_id", "voice_id is required together with script"
  end
end

function rules.cinematic(value, has)
  if value.auto_duration == true and has(value.duration) then
    return "duration", "duration must be left out when auto_duration is true"
  end
end

function rules.background(value, has)
  if value.type == "color" then
    if not has(value.value) then
      return "value", "value is required for a background of type color"
    end
  elseif not has(value.url) and not has(value.asset_id) then
    return "url", "url or asset_id is required for a background of type image"
  end
end

return rules
