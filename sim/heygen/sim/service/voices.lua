-- Voices: the public ones, those a user designs or clones, and speech.
local asked = require "heygen.sim.service.asked"
local catalogue = require "heygen.sim.service.catalogue"
local files = require "heygen.sim.service.files"
local lookup = require "heygen.sim.service.lookup"
local pages = require "heygen.sim.core.pages"
local random = require "heygen.sim.core.random"
local respond = require "heygen.sim.core.respond"
local text = require "heygen.sim.core.text"

local voices = {}

local RATE = 8000

local function gone(model, id)
  return respond.problem(model.json, 404, "voice_not_found", "No voice " .. id .. " was found", "voice_id")
end

local function view(model, voice, whole)
  local null = model.json.null
  local object = {
    voice_id = voice.id,
    name = voice.name,
    language = voice.language,
    gender = voice.gender,
    support_pause = voice.support_pause,
    preview_audio_url = null,
  }
  if whole then
    local ready = voice.ready and (voice.ready <= model.clock:now() and "complete" or "processing")
    object.status = ready or null -- only clones have one
    object.created_at = math.floor(voice.created)
    object.failure_message = null
    object.support_interactive_avatar = false
  else
    object.type = voice.type
    object.support_locale = voice.support_locale
    object.available_engines = model.json.array(voice.engines)
  end
  return model:finish(object, model.behaviour)
end

local function has_engine(voice, engine)
  for _, each in ipairs(voice.engines) do
    if each == engine then
      return true
    end
  end
  return false
end

function voices.list(model, _, query)
  local name =
    table.concat({ "voices", query.type, query.engine or "", query.language or "", query.gender or "" }, "|")
  local rows = model.library.voices.rows
  local items, token = pages.cut(rows, name, query.limit, query.token, function(voice)
    if
      voice.type ~= query.type
      or (query.engine and not has_engine(voice, query.engine))
      or (query.language and query.language:lower() ~= voice.language:lower())
      or (query.gender and query.gender:lower() ~= voice.gender)
    then
      return nil
    end
    return view(model, voice)
  end)
  return model:page(items, token)
end

function voices.get(model, _, _, id)
  local voice = catalogue.get(model.library.voices, id)
  return voice and respond.data(model.json, view(model, voice, true)) or gone(model, id)
end

function voices.delete(model, _, _, id)
  local voice = catalogue.get(model.library.voices, id)
  if not voice then
    return gone(model, id)
  elseif voice.type == "public" then
    local message = "Public voices cannot be deleted"
    return respond.problem(model.json, 403, "resource_access_denied", message, "voice_id")
  end
  catalogue.remove(model.library.voices, id)
  return respond.data(model.json, { voice_id = id })
end

local function add(model, name, language)
  return catalogue.add(model.library.voices, {
    id = model.ids:hex(32),
    name = name,
    language = language or "English",
    gender = "unknown",
    type = "private",
    engines = { "starfish" },
    support_pause = true,
    support_locale = false,
    created = model.clock:now(),
    ready = model.clock:now() + model:behaviour_now().preparing,
  })
end

-- ---- design: a search, which makes nothing

local LANGUAGE_OF = {
  de = "German",
  en = "English",
  es = "Spanish",
  fr = "French",
  ja = "Japanese",
  pt = "Portuguese",
}
local FOUND = 3

-- How many words of the prompt a voice answers to.
local function fitness(voice, words)
  local count = 0
  for word in (voice.name .. " " .. voice.gender .. " " .. voice.language):lower():gmatch "%w+" do
    count = count + (words[word] and 1 or 0)
  end
  return count
end

-- Those that fit best come first; among equals, prompt and seed decide.
local function ranked(model, body, seed)
  local words, list = {}, {}
  local chances = random.new(text.hash(string.format("%s|%d", body.prompt, seed)))
  for word in body.prompt:lower():gmatch "%w+" do
    words[word] = true
  end
  local gender = body.gender and body.gender:lower()
  local language = body.locale and LANGUAGE_OF[body.locale:lower():match "^%a+"]
  for _, voice in ipairs(model.library.voices.rows) do
    local public = voice and voice.type == "public"
    if
      public
      and (voice.gender == (gender or voice.gender))
      and voice.language == (language or voice.language)
    then
      list[#list + 1] = { voice = voice, fitness = fitness(voice, words), chance = chances:integer() }
    end
  end
  table.sort(list, function(x, y)
    if x.fitness ~= y.fitness then
      return x.fitness > y.fitness
    end
    return x.chance < y.chance
  end)
  return list
end

function voices.create(model, _, body)
  local seed, found = body.seed or 0, {}
  for i, each in ipairs(ranked(model, body, seed)) do
    if i > FOUND then
      break
    end
    found[i] = view(model, each.voice)
  end
  return respond.data(model.json, { seed = seed, voices = model.json.array(found) })
end

function voices.clone(model, _, body)
  local refusal = lookup.refusal(model, body, model:behaviour_now())
  if refusal then
    return refusal
  end
  return respond.data(model.json, { voice_clone_id = add(model, body.voice_name, body.language).id })
end

-- ---- speech

function voices.speech(model, _, body)
  local refusal = lookup.refusal(model, { voice_id = body.voice_id }, model:behaviour_now())
  local voice = catalogue.get(model.library.voices, body.voice_id)
  if refusal then
    return refusal
  elseif voice and not has_engine(voice, "starfish") then
    local message = voice.name .. " does not support the engine starfish, which speech needs"
    return respond.problem(model.json, 400, nil, message, "voice_id")
  elseif not body.text:find "%w" and not body.text:find "[\128-\255]" then
    return respond.problem(model.json, 400, "tts_text_invalid", "text has no words", "text")
  end
  local words, duration = asked.speech(body.text, body.speed)
  local id = model.ids:hex(24)
  -- The length is in the name, so that nothing needs to be kept.
  local name = string.format("speech-%s-%d.wav", id, math.floor(duration * 1000))
  return respond.data(model.json, {
    audio_url = model.files:url(name, model.behaviour.url_expires),
    duration = duration,
    request_id = id,
    word_timestamps = model.json.array(words),
  })
end

local function little(value, bytes)
  local out = {}
  for i = 1, bytes do
    out[i] = string.char(value % 256)
    value = math.floor(value / 256)
  end
  return table.concat(out)
end

--- A WAV file of silence.
---@param seconds number
---@return string bytes
function voices.silence(seconds)
  local samples = math.floor(seconds * RATE + 0.5)
  local format = little(1, 2)
    .. little(1, 2)
    .. little(RATE, 4)
    .. little(RATE, 4)
    .. little(1, 2)
    .. little(8, 2)
  local padding = samples % 2 == 1 and "\0" or ""
  return "RIFF"
    .. little(36 + samples + #padding, 4)
    .. "WAVEfmt "
    .. little(16, 4)
    .. format
    .. "data"
    .. little(samples, 4)
    .. string.rep("\128", samples)
    .. padding
end

files.RESOLVERS[#files.RESOLVERS + 1] = function(_, name)
  local milliseconds = name:match "^speech%-%x+%-(%d+)%.wav$"
  if milliseconds and #milliseconds < 8 then
    return { type = "audio/wav", body = voices.silence(milliseconds / 1000), modified = 1735689600 }
  end
end

return voices
