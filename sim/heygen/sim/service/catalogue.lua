-- What the service offers before anything was made: voices, avatars and looks, brand kits, templates, sounds.
-- sounds. The same in every run, whatever its seed: a program may name an id in its configuration.
local random = require "heygen.sim.core.random"

local catalogue = {}

local EPOCH = 1735689600
local DAY = 86400

local NAMES = {
  { "Abigail", "female" },
  { "Brandon", "male" },
  { "Chloe", "female" },
  { "Daisuke", "male" },
  { "Elena", "female" },
  { "Femi", "male" },
  { "Grace", "female" },
  { "Hugo", "male" },
  { "Ines", "female" },
  { "Jamal", "male" },
  { "Katya", "female" },
  { "Liam", "male" },
  { "Mei", "female" },
  { "Nikolai", "male" },
  { "Olivia", "female" },
  { "Priya", "female" },
  { "Quentin", "male" },
  { "Rosa", "female" },
  { "Santiago", "male" },
  { "Tessa", "female" },
  { "Uma", "female" },
  { "Victor", "male" },
  { "Wren", "unknown" },
  { "Yusuf", "male" },
}

local LANGUAGES = { "English", "English", "English", "German", "Spanish", "French", "Japanese", "Portuguese" }
local STYLES = { "Calm", "Bright" }
local OUTFITS = { { "Suit", "landscape" }, { "Casual", "landscape" }, { "Close-up", "portrait" } }
local ENGINES = { "avatar_iii", "avatar_iv", "avatar_v" }

catalogue.ENGINES = ENGINES

-- Speech wants starfish; each fourth speaker has only voices of the other engine.
local VOICE_ENGINES =
  { { "starfish", "elevenlabs" }, { "starfish", "elevenlabs" }, { "starfish" }, { "elevenlabs" } }

local function voices(source)
  local rows = {}
  for i, name in ipairs(NAMES) do
    for j, style in ipairs(STYLES) do
      rows[#rows + 1] = {
        id = source:hex(32),
        name = name[1] .. " - " .. style,
        gender = name[2],
        language = LANGUAGES[(i + j) % #LANGUAGES + 1],
        type = "public",
        engines = VOICE_ENGINES[(i - 1) % 4 + 1],
        support_pause = true,
        support_locale = i % 2 == 0,
        created = EPOCH + #rows * DAY,
      }
    end
  end
  return rows
end

local function avatars(source, all_voices)
  local groups, looks = {}, {}
  for i, name in ipairs(NAMES) do
    local group = {
      id = source:hex(32),
      name = name[1],
      gender = name[2],
      ownership = "public",
      created = EPOCH + i * DAY,
      voice_id = all_voices[2 * i].id,
    }
    groups[i] = group
    for j = 1, i % #OUTFITS + 1 do
      local outfit = OUTFITS[j]
      looks[#looks + 1] = {
        id = string.format("%s_%s_public", name[1], (outfit[1]:gsub("%W", ""))),
        name = name[1] .. " in " .. outfit[1],
        group = group,
        type = i % 4 == 0 and "photo_avatar" or "studio_avatar",
        gender = name[2],
        ownership = "public",
        orientation = outfit[2],
        engines = i % 2 == 0 and ENGINES or { "avatar_iii", "avatar_iv" },
        tags = { outfit[1]:lower() },
        voice_id = group.voice_id,
        created = group.created,
      }
    end
  end
  return groups, looks
end

local KITS = {
  { "Company", { "#0f172a", "#38bdf8", "#f8fafc" } },
  { "Autumn campaign", { "#7c2d12", "#fb923c" } },
  { "Partner", { "#14532d" } },
}

local TEMPLATES = { "Product launch", "Weekly news", "Onboarding" }

local SOUNDS = { "Rain on leaves", "City at night", "Soft piano", "Applause", "Ocean waves", "Upbeat loop" }

local function named(source, prefix, names)
  local rows = {}
  for i, name in ipairs(names) do
    rows[i] = { id = prefix .. source:hex(24), name = name, created = EPOCH + i * DAY }
  end
  return rows
end

local function build()
  local source = random.new(20250101)
  local all = { voices = voices(source) }
  all.groups, all.looks = avatars(source, all.voices)
  all.kits, all.glossaries = {}, named(source, "bg_", { "Products", "People" })
  for i, kit in ipairs(KITS) do
    all.kits[i] = { id = "bk_" .. source:hex(24), name = kit[1], colors = kit[2], created = EPOCH + i * DAY }
  end
  all.templates = named(source, "", TEMPLATES)
  all.sounds = named(source, "snd_", SOUNDS)
  return all
end

local built

--- A fresh shelf of everything; what is made or deleted later changes only this one.
---@return table library kind (voices, groups, looks, kits, glossaries, templates, sounds) → { rows, by_id }
function catalogue.new()
  built = built or build()
  local library = {}
  for kind, rows in pairs(built) do
    local shelf = { rows = {}, by_id = {} }
    for _, row in ipairs(rows) do
      catalogue.add(shelf, row)
    end
    library[kind] = shelf
  end
  return library
end

--- Puts a row on a shelf.
---@param shelf table { rows, by_id }
---@param row table with an id
---@return table row
function catalogue.add(shelf, row)
  shelf.rows[#shelf.rows + 1] = row
  shelf.by_id[row.id] = #shelf.rows
  return row
end

---@param shelf table
---@param id string
---@return table|nil row
function catalogue.get(shelf, id)
  local place = shelf.by_id[id]
  return place and shelf.rows[place] or nil
end

---@param shelf table
---@param id string
function catalogue.remove(shelf, id)
  shelf.rows[shelf.by_id[id]] = false
  shelf.by_id[id] = nil
end

return catalogue
