-- Values for the examples of the reference, by the names of fields and by their types.
local model = ...

local samples = {}

local TEXTS = {
  prompt = "A presenter explains our launch in 30 seconds",
  message = "Shorter, please",
  script = "Good morning, and welcome.",
  text = "Good morning, and welcome.",
  title = "Launch",
  name = "Ada",
  voice_name = "Ada",
  filename = "launch.mp4",
  content_type = "video/mp4",
  query = "sunrise",
  username = "ada@example.com",
  batch_id = "batch_1",
  avatar_id = "look_1",
  voice_id = "voice_1",
  url = "https://example.com",
  color = "#336699",
  -- Where a name means something else in a group.
  ["avatars.prompt"] = "A friendly woman in a green jumper",
  ["voices.prompt"] = "A calm voice with a slight French accent",
  ["webhooks.url"] = "https://example.com/hooks/heygen",
}

local ADDRESSES = {
  audio = "https://example.com/voice.mp3",
  consent_video = "https://example.com/consent.mp4",
  srt = "https://example.com/tour.srt",
}

local group -- whose example is being made

local LANGUAGE = "German"

local function quoted(text)
  return '"' .. text .. '"'
end

local value

local make = {}

function make.string(spec, name)
  if spec.enum then
    return quoted(spec.enum[1])
  end
  return quoted(TEXTS[group .. "." .. name] or TEXTS[name] or name:gsub("s$", "") .. "_1")
end

function make.integer(spec, name)
  if name == "size_bytes" then
    return "1048576"
  end
  return ("%d"):format(math.max(spec.min or 1, 1))
end

function make.number(spec, name)
  return spec.enum and tostring(spec.enum[1]) or make.integer(spec, name)
end

function make.boolean()
  return "true"
end

function make.file_input(_, name)
  return ("{ url = %q }"):format(ADDRESSES[name] or "https://example.com/tour.mp4")
end

function make.upload()
  return '"slides.pdf"'
end

function make.ids(_, name)
  local one = name:gsub("s$", "")
  one = one:gsub("_id$", "")
  return ('{ "%s_1", "%s_2" }'):format(one, one)
end

function make.array(spec, name)
  if name == "output_languages" then
    return ('{ "%s" }'):format(LANGUAGE)
  end
  return "{ " .. value(spec.items, name) .. " }"
end

-- What must be there, by itself or by a rule, and what the row wants to show.
local function needed(spec)
  local names, more = {}, {}
  for name, field in pairs(spec.fields) do
    if field.required then
      names[name] = field
    end
  end
  for _, choice in ipairs { spec.one_of or false, spec.any_of or false, spec.shown or false } do
    local first = choice and choice[1]
    if first then
      names[first] = spec.fields[first]
    end
  end
  for _, field in pairs(names) do
    more[#more + 1] = field.requires
  end
  for _, name in ipairs(more) do
    names[name] = spec.fields[name]
  end
  return names
end

local function object_text(spec, by, kind)
  local names, list = needed(spec), {}
  if by then
    list[1] = ("%s = %q"):format(by, kind)
  end
  for _, name in ipairs(model.sorted(names)) do
    list[#list + 1] = name .. " = " .. value(spec.fields[name], name)
  end
  return #list == 0 and "{}" or "{ " .. table.concat(list, ", ") .. " }"
end

function make.object(spec)
  return spec.fields and object_text(spec) or "{}"
end

function make.union(spec)
  local kind = spec.infer and spec.infer[#spec.infer][2] or model.kinds(spec)[1]
  return object_text(spec.variants[kind], spec.by, kind)
end

function make.any()
  return "{}"
end

function value(spec, name)
  return make[spec.type](spec, name)
end

local function fields_text(row)
  if row.body_union then
    return make.union(row.body_union)
  end
  local text = object_text { fields = model.fields_of(row), any_of = row.any_of, shown = row.shown }
  return text ~= "{}" and text or nil
end

local NAMES =
  { VideoAgentSession = "session", Deleted = "answer", DeletedVideo = "answer", Nothing = "answer" }

-- VideoTranslation -> translation
local function variable(row)
  local one, is_array = model.returned(row)
  if row.list then
    return "page"
  elseif is_array then
    return "list"
  end
  return NAMES[one] or one:match "(%u%l+)$":lower()
end

local function sample_id(id)
  return quoted(id.name:gsub("_id$", "") .. "_1")
end

local function call_text(row, name)
  group = row.group
  local arguments, fields = {}, fields_text(row)
  for index, id in ipairs(row.path_params) do
    arguments[index] = sample_id(id)
  end
  if #arguments == 0 and fields then
    return ("client.%s:%s %s"):format(row.group, name, fields)
  end
  arguments[#arguments + 1] = fields
  return ("client.%s:%s(%s)"):format(row.group, name, table.concat(arguments, ", "))
end

---An example of a call.
---@param row heygen.Endpoint
---@return string code
function samples.call(row)
  return ("local %s = assert(%s)"):format(variable(row), call_text(row, row.name))
end

---An example of the loop over all items.
---@param row heygen.Endpoint
---@param class table? of an item, with its fields
---@return string code
function samples.loop(row, class)
  local shown = row.batch and "item.item_index, item.status" or "item.id"
  for _, field in ipairs(class or {}) do
    if field.name == "id" then
      shown = "item.id"
      break
    elseif field.name:find "_id$" and shown == "item.id" then
      shown = "item." .. field.name
    end
  end
  return ("for item in %s do\n  print(%s)\nend"):format(call_text(row, row.each), shown)
end

local OTHERS = {
  ["assets:upload"] = 'local asset = assert(client.assets:upload "slides.pdf")',
  ["webhooks:ensure"] = 'local endpoint = assert(client.webhooks:ensure { url = "https://example.com/hooks" })',
  ["webhooks:rotate"] = "local rotated = assert(client.webhooks:rotate(endpoint, { router = router }))",
}

---An example of a method that is no row.
---@param method table see extras.lua
---@return string code
function samples.extra(method)
  local name = method.group .. ":" .. method.name
  local result = method.returns[1]:match "^%S+ (%l+)"
  if method.arguments[2] ~= "wait" then
    return assert(OTHERS[name], "an example is missing: " .. name)
  end
  return ("local %s = assert(client.%s(%q, { timeout = 1800 }))"):format(result, name, result .. "_1")
end

return samples
