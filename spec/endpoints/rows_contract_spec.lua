-- The rows of the client against the contract of the simulator, which is written in a form of its own and proven
-- against the published facts: the same calls, the same parameters with the same limits; what the one refuses, the
-- other does not send, and what is right is sent as it was given.
local conform = require "spec.support.conform"
local contract = require "heygen.sim.contract"
local endpoints = require "heygen.endpoints"
local arguments = require "heygen.api.arguments"

-- method and path -> row of the simulator
local published = {}
for _, endpoint in ipairs(contract.ENDPOINTS) do
  published[endpoint.method .. " " .. endpoint.path] = endpoint
end

local function their(row)
  return published[row.method .. " " .. row.path]
end

local function call_name(row)
  return row.group .. ":" .. row.name
end

local function sorted(map)
  local names = {}
  for name in pairs(map) do
    names[#names + 1] = name
  end
  table.sort(names)
  return names
end

-- ---- both tables as lines ----

local FORMATS = {
  https = "url",
  https_url = "url",
  callback_url = "url",
  mime = "mime",
  media_type = "mime",
  sha256 = "sha256",
}

local function flags(field)
  local text = (field.required and "*" or "") .. (field.nullable and "~" or "")
  local low = field.min
  -- The client takes no empty id. What has a format is never empty.
  if field.type == "string" and (not field.required or FORMATS[field.format] or field.enum) then
    low = nil
  elseif field.type == "ids" then
    low = nil
  end
  if field.above or low or field.max then
    text = ("%s %s..%s"):format(text, field.above and ">" .. field.above or low or "", field.max or "")
  end
  if field.enum then
    text = text .. " " .. table.concat(field.enum, "|")
  end
  text = text .. (FORMATS[field.format] and " " .. FORMATS[field.format] or "")
  return text .. (field.requires and " with " .. field.requires or "")
end

local function is_file(field)
  return field.type == "file_input" or (field.type == "union" and field.variants.base64 ~= nil)
end

local walk

local function walk_fields(fields, path, add)
  for _, name in ipairs(sorted(fields)) do
    walk(fields[name], path .. name, add)
  end
end

function walk(field, path, add)
  if is_file(field) then
    add(path .. " file" .. flags { required = field.required, nullable = field.nullable })
  elseif field.type == "union" then
    add(path .. " union " .. field.by .. flags(field))
    for _, kind in ipairs(sorted(field.variants)) do
      add(path .. "<" .. kind .. ">")
      walk_fields(field.variants[kind].fields, path .. "<" .. kind .. ">.", add)
    end
  elseif field.type == "object" then
    add(path .. (field.fields and " object" or " free") .. flags(field))
    walk_fields(field.fields or {}, path .. ".", add)
  elseif field.type == "array" then
    add(path .. " array" .. flags(field))
    walk(field.items, path .. "[]", add)
  else
    add(path .. " " .. field.type .. flags(field))
  end
end

local function lines(query, body)
  local list = {}
  local function add(line)
    list[#list + 1] = line
  end
  walk_fields(query or {}, "query.", add)
  if body and body.type == "union" then
    walk(body, "body", add)
  else
    walk_fields(body or {}, "body.", add)
  end
  return list
end

-- Where the client and the simulator part, and why: { line of the client, line of the simulator }, false: none.
local APART = {}

local function apart(call, ours, theirs)
  APART[call] = APART[call] or { ours = {}, theirs = {} }
  if ours then
    APART[call].ours[ours] = true
  end
  if theirs then
    APART[call].theirs[theirs] = true
  end
end

-- Newer fields, whose types are not published, go through `extra`.
apart("video_agents:create", nil, "body.brand_glossary_id string~")
apart("video_agents:create", nil, "body.visibility any~")
apart("video_agents:create", nil, "body.members any~")
-- A create of which little is known must not be refused for what it lacks.
apart("avatars:update", "body.name string", "body.name string* 1..")
apart("brand_kits:create", "body.url string url", "body.url string* url")
apart("brand_glossaries:create", "body.name string", "body.name string* 1..")
-- Values that are known of a set that may be open.
apart("voices:speech", "body.input_type string", "body.input_type string text|ssml")
apart("audio:sounds", "query.type string", "query.type string music|sound_effects")
-- Names whose types nobody has published: the simulator had to choose one.
apart("video_translations:generate_proofread", "body.captions any~", "body.captions boolean~")
apart("templates:generate", "body.fps number~ >0..", "body.fps number~ >0..60")
apart("ai_clipping:create", "body.output_settings free~", "body.output_settings object")
for _, line in ipairs {
  "aspect_ratio string landscape|portrait|square",
  "caption_style string~",
  "captions boolean",
  "duration_types array",
  "duration_types[] string 30|60|180|long",
  "prompt string~ ..500",
} do
  apart("ai_clipping:create", nil, "body.output_settings." .. line)
end
-- The file of an upload is no JSON.
apart("assets:create", "body.file upload*", nil)
-- Nothing has no bytes.
apart("assets:create_direct_upload", "body.size_bytes integer* 1..", "body.size_bytes integer*")
apart(
  "assets:create_direct_upload_batch",
  "body.files[].size_bytes integer* 1..",
  "body.files[].size_bytes integer*"
)

-- In bodies of videos: references are 3 videos and 9 images at most; a script needs a voice where there is no avatar;
-- a color is any text.
local function same_in_videos(line)
  return (
    line
      :gsub("(references array~) %.%.12", "%1")
      :gsub("(%.script string~ %.%.5000) with voice_id", "%1")
      :gsub("(%.color string%*) 1%.%.$", "%1")
  )
end

describe("the rows", function()
  it("are those of the contract, both ways", function()
    local seen = 0
    for _, row in ipairs(endpoints) do
      local endpoint = their(row)
      assert.is_table(endpoint, call_name(row))
      seen = seen + 1
      assert.equal(
        endpoint.list and endpoint.query and endpoint.query.token ~= nil or false,
        row.list or false
      )
      assert.equal(
        endpoint.answer.fields and endpoint.answer.fields.next_token ~= nil or false,
        row.batch or false
      )
      assert.equal(endpoint.multipart, row.multipart)
      assert.equal(endpoint.body ~= nil or row.multipart == true, row.body ~= nil)
    end
    assert.equal(#contract.ENDPOINTS, seen)
  end)

  for _, row in ipairs(endpoints) do
    it("of " .. call_name(row) .. " have its parameters", function()
      local endpoint = their(row)
      local known = APART[call_name(row)] or { ours = {}, theirs = {} }
      local used = {}
      local function rest(list, but)
        local kept = {}
        for _, line in ipairs(list) do
          if but[line] then
            used[line] = true
          else
            kept[#kept + 1] = same_in_videos(line)
          end
        end
        return table.concat(kept, "\n")
      end
      local ours = rest(lines(row.query, row.body_union or row.body), known.ours)
      local theirs = rest(lines(endpoint.query, endpoint.body), known.theirs)
      assert.equal(theirs, ours)
      for _, list in pairs(known) do
        for line in pairs(list) do
          assert.is_true(used[line], line .. " is not apart any more")
        end
      end
    end)
  end
end)

-- ---- what is refused, and what is sent ----

-- Paths of the service begin at 0.
local function from_one(path)
  return (path:gsub("%[(%d+)%]", function(index)
    return ("[%d]"):format(index + 1)
  end))
end

local FILES = {}
for name in ("audio consent_video file files image references source srt video"):gmatch "%S+" do
  FILES[name] = true
end

-- Does the client know better than to refuse this?
local function is_apart(call, path, what, body)
  local name = path:match "[^.]+$"
  if call == "video_agents:create" and name == "brand_glossary_id" then
    return true -- goes through `extra`, unchecked
  elseif call == "avatars:update" or call == "brand_kits:create" or call == "brand_glossaries:create" then
    return what == "is missing"
  elseif call == "voices:speech" and name == "input_type" then
    return what:find "enum" or what == "is nearly in the enum"
  elseif call == "ai_clipping:create" and path:find "^output_settings" then
    return true
  elseif call == "video_translations:generate_proofread" and name == "captions" then
    return true
  elseif call == "templates:generate" and name == "fps" then
    return what == "is too large"
  elseif name == "color" or name == "value" then
    return what == "is of the wrong format" or what == "is empty"
  end
  if what == "is of type string" and FILES[path:gsub("%[%d+%]$", ""):match "[^.]+$"] then
    return true -- the path of a file
  end
  -- The form of a body, of a scene or of a file need not be said where another field tells it.
  return name == "type" and what == "is missing" and body ~= nil
end

local function fits(row, given)
  local args, body, extra = {}, {}, {}
  for name, value in pairs(given) do
    local place = row.newer and row.newer[name] and extra or body
    place[name] = value
  end
  body.extra = next(extra) and extra or nil
  for index in ipairs(row.path_params) do
    args[index] = "id"
  end
  args[#args + 1] = body
  return arguments.check(row, args)
end

describe("a body #slow", function()
  local refused = 0

  local function right(row, body, what)
    local call, message = fits(row, body)
    assert.is_truthy(call, ("%s, %s: %s"):format(call_name(row), what, tostring(message)))
    assert.same(body, call.body, what)
  end

  local function wrong(row, violation)
    local what = ("%s: %s %s"):format(call_name(row), violation.param, violation.what)
    local call, _, param = fits(row, violation.body)
    if not is_apart(call_name(row), violation.param, violation.what, violation.body) then
      assert.is_nil(call, what)
      -- An array in place of a file is refused for its first item.
      local wanted = from_one(violation.param)
      if violation.what ~= "is of type array" or param ~= wanted .. "[1]" then
        assert.equal(wanted, param, what)
      end
      refused = refused + 1
    end
  end

  for _, row in ipairs(endpoints) do
    local endpoint = their(row)
    if endpoint.body then
      it("is refused wherever the service would refuse it: " .. call_name(row), function()
        for _, full in ipairs { false, true } do
          for _, made in ipairs(conform.bodies(endpoint, full, {})) do
            right(row, made.body, (full and "all of " or "the least of ") .. made.label)
            for _, edge in ipairs(not full and conform.edges(made, {}) or {}) do
              right(row, edge.body, edge.what)
            end
            for _, violation in ipairs(full and conform.violations(made, {}) or {}) do
              if violation.status == 200 then
                right(row, violation.body, violation.param .. " " .. violation.what)
              else
                wrong(row, violation)
              end
            end
          end
        end
      end)
    end
  end

  it("was tried in many ways", function()
    assert.is_true(refused > 4000, refused .. " refused")
  end)
end)
