-- Brand kits and glossaries, sounds, and templates.
local catalogue = require "heygen.sim.service.catalogue"
local files = require "heygen.sim.service.files"
local lookup = require "heygen.sim.service.lookup"
local pages = require "heygen.sim.core.pages"
local respond = require "heygen.sim.core.respond"
local tell = require "heygen.sim.service.tell"
local text = require "heygen.sim.core.text"
local video_create = require "heygen.sim.service.video_create"
local videos = require "heygen.sim.service.videos"
local voices = require "heygen.sim.service.voices"

local unpack = unpack or table.unpack

local library = {}

local function list(model, kind, query, show)
  local rows = model.library[kind].rows
  return model:page(pages.cut(rows, kind, query.limit, query.token, function(row)
    return show(model, row)
  end))
end

-- ---- brands

local function kit_view(model, kit)
  return {
    brand_kit_id = kit.id,
    name = kit.name,
    colors = model.json.array(kit.colors),
    logo_url = model.json.null,
  }
end

function library.kits_list(model, _, query)
  return list(model, "kits", query, kit_view)
end

function library.kits_create(model, _, body)
  local refusal = lookup.refusal(model, body, model:behaviour_now())
  if refusal then
    return refusal
  end
  local kit = catalogue.add(model.library.kits, {
    id = "bk_" .. model.ids:hex(24),
    name = body.url:match "^%w+://([^/?#]+)",
    colors = { "#336699" },
    created = model.clock:now(),
    ready = model.clock:now() + model:behaviour_now().preparing,
  })
  return respond.data(model.json, kit_view(model, kit))
end

local function glossary_view(_, glossary)
  local at = tell.iso(glossary.created)
  return { brand_glossary_id = glossary.id, name = glossary.name, created_at = at, updated_at = at }
end

function library.glossaries_list(model, _, query)
  return list(model, "glossaries", query, glossary_view)
end

function library.glossaries_create(model, _, body)
  local glossary = catalogue.add(
    model.library.glossaries,
    { id = "bg_" .. model.ids:hex(24), name = body.name, created = model.clock:now() }
  )
  return respond.data(model.json, glossary_view(model, glossary))
end

-- ---- sounds

local SOUND_SECONDS = 6

local function score(sound, query)
  return sound.name:lower():find(query:lower(), 1, true) and 0.95
    or 0.5 + 0.4 * (text.hash(sound.name .. query) % 1000) / 1000
end

function library.sounds(model, _, query)
  local name = table.concat({ "sounds", query.query, query.type, query.min_score }, "|")
  local rows = model.library.sounds.rows
  return model:page(pages.cut(rows, name, query.limit, query.token, function(sound)
    local value = score(sound, query.query)
    local kind = sound.name:find "piano" and "music" or sound.name:find "loop" and "music" or "sound_effects"
    if value < query.min_score or query.type ~= kind then
      return nil
    end
    return {
      id = sound.id,
      name = sound.name,
      type = kind,
      description = sound.name .. ", " .. SOUND_SECONDS .. " seconds",
      audio_url = model.files:url(sound.id .. ".wav", model.behaviour.url_expires),
      duration = SOUND_SECONDS,
      score = value,
      placement = model.json.null,
      peak_offset = model.json.null,
    }
  end))
end

files.RESOLVERS[#files.RESOLVERS + 1] = function(model, name)
  local sound = catalogue.get(model.library.sounds, name:match "^(snd_%x+)%.wav$" or "")
  return sound and { type = "audio/wav", body = voices.silence(SOUND_SECONDS), modified = sound.created }
end

-- ---- templates

local function template_gone(model, id)
  local message = "No template " .. id .. " was found"
  return respond.problem(model.json, 404, "template_not_found", message, "template_id")
end

local WIDTH, HEIGHT = 16, 9

local function template_view(model, template)
  return {
    id = template.id,
    name = template.name,
    aspect_ratio = WIDTH .. ":" .. HEIGHT,
    thumbnail_url = model.json.null,
    created_at = math.floor(template.created),
    updated_at = math.floor(template.created),
  }
end

function library.templates_list(model, _, query)
  return list(model, "templates", query, template_view)
end

local VARIABLES = { "headline", "closing" }
local SCENES = { "opening", "main", "closing" }

function library.templates_get(model, _, _, id)
  local template = catalogue.get(model.library.templates, id)
  if not template then
    return template_gone(model, id)
  end
  local data, scenes = template_view(model, template), {}
  data.variables = {}
  for _, name in ipairs(VARIABLES) do
    data.variables[name] = { type = "text", content = name } -- as templates:generate takes it
  end
  for i, name in ipairs(SCENES) do
    local variable = VARIABLES[i] or VARIABLES[1]
    scenes[i] = {
      scene_id = name,
      script = "{{" .. variable .. "}}",
      variables = model.json.array { { name = variable, variable_type = "text" } },
    }
  end
  data.scene_ids = model.json.array { unpack(SCENES) }
  data.scenes = model.json.array(scenes)
  return respond.data(model.json, data)
end

local function among(list_of, value)
  for _, each in ipairs(list_of) do
    if each == value then
      return true
    end
  end
  return false
end

local function unknown_part(body)
  local names = {}
  for name in pairs(body.variables) do
    names[#names + 1] = name
  end
  table.sort(names)
  for _, name in ipairs(names) do
    if not among(VARIABLES, name) then
      return "variables." .. name, "The template has no variable " .. name
    end
  end
  for i, name in ipairs(body.scene_ids or {}) do
    if not among(SCENES, name) then
      return string.format("scene_ids[%d]", i - 1), "The template has no scene " .. name
    end
  end
  local size = body.dimension
  -- Sides are even, so they fit to within a pixel or two.
  if size and math.abs(size.width * HEIGHT - size.height * WIDTH) > 2 * WIDTH then
    return "dimension", "dimension must have the aspect ratio of the template, " .. WIDTH .. ":" .. HEIGHT
  end
end

function library.templates_generate(model, _, body, id)
  local template, b = catalogue.get(model.library.templates, id), model:behaviour_now()
  if not template then
    return template_gone(model, id)
  end
  local param, message = unknown_part(body)
  if param then
    return respond.problem(model.json, 400, nil, message, param)
  end
  local refusal = lookup.refusal(model, body, b) or video_create.refusal(model, b)
  if refusal then
    return refusal
  end
  model:behaviour_used()
  local subtitles = body.caption or body.subtitles ~= nil
  local request = {
    title = body.title or template.name,
    callback_url = body.callback_url,
    callback_id = body.callback_id,
    caption = subtitles,
  }
  local video =
    video_create.make(model, request, b, nil, { folder_id = body.folder_id, subtitles = subtitles })
  model.journal:count "creates"
  return respond.data(model.json, videos.show(model, video))
end

return library
