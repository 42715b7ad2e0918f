-- Writes the published facts about the API, a JSON document, as the lines that spec.support.contract reads:
--   lua5.4 spec/support/make_contract.lua CONTRACT.json >spec/support/contract.txt
-- Of an endpoint that is known in full it has every parameter and every field of the answer, of others the path alone.
local cjson = require "cjson"
local contract = require "spec.support.contract"

local path = assert(arg[1], "usage: make_contract.lua CONTRACT.json")
local file = assert(io.open(path))
local document = cjson.decode(file:read "*a")
file:close()

-- What is known since the document was made, and what only its prose says.
local function bring_up_to_date(types, endpoints)
  local text = { type = "string", nullable = true }
  local create = endpoints["video_agents.create"].body
  create.brand_glossary_id = text
  create.visibility, create.members = { type = "any", nullable = true }, { type = "any", nullable = true }
  endpoints["video_agents.send"].body.message.required = nil
  endpoints["videos.batches.create"].body.folder_id = text
  endpoints["avatars.create"].body.variants.prompt.reference_images.max = 3
  endpoints["voices.speech.create"].body.text.max = 5000
  types.Voice.fields.available_engines = { type = "array", items = { type = "string" } }
  for _, variant in pairs(types.VideoCreateRequest.variants) do
    variant.folder_id = text
  end
  -- The guide has a limit on what is spoken.
  local avatar, image = types.VideoCreateRequest.variants.avatar, types.VideoCreateRequest.variants.image
  local scenes = types.StudioScene.variants
  local speakers = scenes.avatar_video.input.variants
  for _, variant in ipairs { avatar, image, scenes.image, speakers.avatar, speakers.image } do
    variant.script.max = 5000
  end
  local background = speakers.avatar.background
  local behind = { url = text, asset_id = text }
  background.variants.image, background.variants.video = behind, behind
  local cinematic = types.VideoCreateRequest.variants.cinematic_avatar
  cinematic.references.max = 12 -- 9 images and 3 videos
  cinematic.aspect_ratio.enum = cinematic.aspect_ratio.accepted_in_practice
end

do
  local by_id = {}
  for _, endpoint in ipairs(document.endpoints) do
    by_id[endpoint.id] = endpoint
  end
  bring_up_to_date(document.types, by_id)
end

local function present(value)
  return value ~= nil and value ~= cjson.null
end

local node_of

local function fields_of(fields, but)
  local made = {}
  for name, node in pairs(fields) do
    if name ~= but then
      made[name] = node_of(node)
    end
  end
  return made
end

local SCALARS = { "required", "nullable", "enum", "default", "min", "max" }
local BOUNDS = {
  min = { "min_chars", "min_items" },
  max = { "max_chars", "max_items" },
  above = { "exclusive_min" },
  default = { "default_when_absent", "server_default" },
}
local TYPES = { unknown = "any", binary = "upload" }

-- A field of the document as one of heygen.sim.contract.types. A reference is what it refers to, with its own flags.
function node_of(node)
  local made = {}
  if node.ref or node["$ref"] then
    for name, value in pairs(node_of(document.types[node.ref or node["$ref"]])) do
      made[name] = value
    end
  end
  for _, name in ipairs(SCALARS) do
    if present(node[name]) then
      made[name] = node[name]
    end
  end
  for name, others in pairs(BOUNDS) do
    for _, other in ipairs(others) do
      if present(node[other]) then
        made[name] = node[other]
      end
    end
  end
  if made.type then
    return made
  end
  made.type = TYPES[node.type] or node.type or (node.fields and "object") or (node.union and "union")
  made.by = node.discriminator or node.union
  made.enum = node.enum_ref and document.types[node.enum_ref].enum or made.enum
  made.items = node.items and node_of(node.items)
  made.fields = node.fields and fields_of(node.fields)
  if node.variants then
    made.variants = {}
    for name, variant in pairs(node.variants) do
      made.variants[name] = { type = "object", fields = fields_of(variant, made.by) }
    end
  end
  return made
end

-- Limits that the document's prose states: { ["dimension.width"] = { min = 128 } }.
local function add_prose(fields, rules)
  for where, rule in pairs(rules) do
    local node = { fields = fields }
    for name in where:gmatch "[^.]+" do
      node = node and node.fields and node.fields[name]
    end
    if node and type(rule) == "table" then
      for name, value in pairs(rule) do
        local known = ({ min_chars = "min", max_chars = "max", max_items = "max" })[name] or name
        if known == "min" or known == "max" or known == "default" or known == "enum" or known == "even" then
          node[known] = known == "default" and rule.items_known or value -- "all three"
        end
      end
    end
  end
end

local function body_of(endpoint)
  local body = endpoint.body
  if not present(body) then
    return nil
  elseif body["$ref"] or type(body.type) == "string" then
    return node_of(body)
  end
  local fields = fields_of(body)
  add_prose(fields, present(endpoint.prose_rules) and endpoint.prose_rules or {})
  for _, field in pairs(endpoint.path:find "/batches$" and fields or {}) do
    if field.type == "array" and not field.max then
      field.min, field.max = 1, document.limits.batch_items_max
    end
  end
  return fields
end

local function answer_of(endpoint)
  local response = endpoint.response
  local data = type(response) == "table" and response.data
  if not data or not present(data) then
    return nil
  elseif type(data.type) == "string" or data.ref then
    return node_of(data)
  end
  return { type = "object", fields = fields_of(data) }
end

local function print_all(lines)
  for _, line in ipairs(lines) do
    print("  " .. line)
  end
end

print("as of " .. document.as_of:match ".*(%d%d%d%d%-%d%d%-%d%d)")
table.sort(document.errors, function(a, b)
  return a.code < b.code
end)
for _, each in ipairs(document.errors) do
  print(("error %s %d"):format(each.code, each.http))
end
local function print_events(events)
  for _, event in ipairs(events or {}) do
    print("event " .. event)
  end
end

print_events(document.types.WebhookEventType.enum)
for _, endpoint in ipairs(document.endpoints) do
  print_events(endpoint.events)
end
for _, endpoint in ipairs(document.endpoints) do
  local head = { endpoint.id, endpoint.method, endpoint.path }
  local status = endpoint.success_status
  local response, full = endpoint.response, endpoint.detail == "full"
  local answer = answer_of(endpoint)
  head[#head + 1] = status and status ~= 200 and ("%d"):format(status) or nil
  head[#head + 1] = type(response) == "table" and response.has_more and "list" or nil
  head[#head + 1] = not full and "short" or nil
  head[#head + 1] = full and not answer and "unanswered" or nil
  print(table.concat(head, " "))
  if full then
    print_all(
      contract.parameters(present(endpoint.query) and fields_of(endpoint.query) or {}, body_of(endpoint))
    )
    print_all(contract.answer(answer))
  end
end
for _, endpoint in ipairs(document.endpoints_listed) do
  print(("listed %s %s"):format(endpoint.method, endpoint.path))
end
