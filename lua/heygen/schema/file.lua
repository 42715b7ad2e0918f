-- The union of ways to hand a file to the service: by URL, as an asset, or, where the service takes that, as base64
-- text in the body. What is local, a path or bytes in memory, is put on the call's list of files: attachments.lua makes
-- one of the three of it.
local contents = require "heygen.upload.content"
local suggest = require "heygen.schema.suggest"
local urls = require "heygen.schema.url"
local values = require "heygen.schema.value"

local file = {}

local find, format, lower = string.find, string.format, string.lower

-- type -> the keys that it needs, all of them
local KEYS = {
  url = { "url" },
  asset_id = { "asset_id" },
  base64 = { "media_type", "data" },
}
local TYPES = { "url", "asset_id", "base64" }

local FIELDS = { type = true, url = true, asset_id = true, media_type = true, data = true }
local NAMES = { "asset_id", "bytes", "data", "media_type", "path", "type", "url" }
local LOCAL_FIELDS = { path = true, bytes = true, filename = true, media_type = true }

-- Names that other texts and services use. "base64" as a key and "content_type" are wrong but in circulation.
local HINTS = {
  base64 = "data",
  body = "data",
  content = "data",
  content_type = "media_type",
  mime_type = "media_type",
  href = "url",
  uri = "url",
  id = "asset_id",
}

local FORMS = 'a path, "https://...", {url = "https://..."}, {asset_id = "..."}, {path = "..."}, {bytes = "..."} '
  .. 'or {media_type = "image/png", data = "<base64>"}'
local FORMS_WITHOUT_BASE64 =
  'a path, "https://...", {url = "https://..."}, {asset_id = "..."}, {path = "..."} or {bytes = "..."}'
local NO_BASE64 =
  'the service takes no base64 here; give a path or {bytes = "..."}, which are uploaded, or {url = "https://..."}'

local function forms_of(spec)
  return spec.base64 == false and FORMS_WITHOUT_BASE64 or FORMS
end

local FILE_BYTES = 32 * 1024 * 1024
local BASE64_MAX = 4 * math.ceil(FILE_BYTES / 3)

local function unknown_problem(spec, key)
  local meant = HINTS[key]
  local hint = meant and ', did you mean "' .. meant .. '"?' or suggest.hint(key, NAMES)
  return "unknown field" .. (hint ~= "" and hint or "; a file is " .. forms_of(spec))
end

local function find_variant(spec, value)
  local variant = value.type
  if variant ~= nil then
    if type(variant) ~= "string" then
      return nil, values.expected("a string", variant), ".type", true
    elseif not KEYS[variant] then
      return nil, values.one_of(variant, TYPES), ".type", true
    end
    return variant
  end
  for index = 1, #TYPES do
    local keys = KEYS[TYPES[index]]
    if value[keys[1]] ~= nil or (keys[2] and value[keys[2]] ~= nil) then
      if variant then
        return nil, "expected only one of " .. forms_of(spec), nil, true
      end
      variant = TYPES[index]
    end
  end
  if not variant then
    return nil, "expected " .. forms_of(spec), nil, true
  end
  return variant
end

local check = {}

function check.url(value)
  return urls.https_problem(value)
end

function check.asset_id(value)
  return value == "" and "empty, an id is needed" or nil
end

check.media_type = values.media_type_problem

function check.data(value)
  if value == "" then
    return "empty, base64 text is needed"
  elseif find(value, "^data:") then
    return "expected plain base64, without the data:...;base64, in front"
  elseif #value > BASE64_MAX then
    return format("%d bytes of base64, at most %d (32 MB of content) are allowed", #value, BASE64_MAX)
  end
  local bad = find(value, "[^A-Za-z0-9+/=]")
  return bad and format("not base64 at byte %d; raw bytes are given as {bytes = ...}", bad) or nil
end

-- ---- what is local ----

-- What stands in the checked body until the file is uploaded or inlined.
local function put_on_list(spec, files, given)
  local content, problem, where, mistake = contents.read(given)
  if not content then
    return nil, problem, where == ".data" and ".bytes" or where, mistake
  end
  local node = { type = "asset_id" }
  local limits =
    { bytes = spec.max_bytes, types = spec.media_types, direct = spec.direct, base64 = spec.base64 }
  files[#files + 1] = { node = node, content = content, limits = limits, where = "" }
  return node
end

---Puts a step in front of where each local file stands that was found after the first `before`.
---@param files table see types.lua
---@param before integer
---@param step string
function file.put_inside(files, before, step)
  for index = before + 1, #files do
    files[index].where = step .. files[index].where
  end
end

-- A text alone: an address on the web, or a path.
local function check_text(spec, value, files)
  if find(lower(value), "^https:") then
    local problem = values.utf8_problem(value) or urls.https_problem(value)
    if problem then
      return nil, problem
    end
    return { type = "url", url = "https" .. value:sub(6) }
  elseif find(value, "^%a[%w+.-]+://") then
    return nil, "expected a path or an address that starts with https://, got " .. values.quoted(value)
  elseif find(value, "^data:") then
    local content_form = spec.base64 == false and '{bytes = "..."}'
      or '{media_type = "...", data = "<base64>"}'
    return nil, "expected a path or an address; content goes into " .. content_form
  end
  return put_on_list(spec, files, value)
end

local function check_local(spec, value, files)
  local stray = values.unknown_key(value, LOCAL_FIELDS)
  if stray ~= nil then
    local variant = value.path ~= nil and "path" or "bytes"
    return nil,
      FIELDS[stray] and format("does not belong to a file of {%s = ...}", variant) or unknown_problem(
        spec,
        stray
      ),
      values.step(stray),
      true
  end
  return put_on_list(
    spec,
    files,
    { path = value.path, data = value.bytes, filename = value.filename, media_type = value.media_type }
  )
end

---Checks a file input and returns a copy with its `type` filled in. The checker of "file_input" in types.lua.
---@param spec heygen.FieldSpec
---@param value any
---@param files table gets what is local
---@return table? checked
---@return string? problem
---@return string? where
---@return boolean? mistake
function file.check(spec, value, files)
  if type(value) == "string" then
    return check_text(spec, value, files)
  elseif type(value) ~= "table" then
    return nil, values.expected(forms_of(spec), value), nil, true
  elseif value.path ~= nil or value.bytes ~= nil then
    return check_local(spec, value, files)
  end
  local stray = values.unknown_key(value, FIELDS)
  if stray ~= nil then
    return nil, unknown_problem(spec, stray), values.step(stray), true
  end
  local variant, variant_problem, where, mistake = find_variant(spec, value)
  if not variant then
    return nil, variant_problem, where, mistake
  elseif variant == "base64" and spec.base64 == false then
    return nil, NO_BASE64, value.type and ".type", true
  end
  local keys = KEYS[variant]
  for index = 1, #NAMES do
    local name = NAMES[index]
    if value[name] ~= nil and name ~= "type" and name ~= keys[1] and name ~= keys[2] then
      return nil, format('does not belong to a file of type "%s"', variant), "." .. name, true
    end
  end
  local checked = { type = variant }
  for index = 1, #keys do
    local name = keys[index]
    local item = value[name]
    if item == nil then
      return nil, format('missing, a file of type "%s" needs it', variant), "." .. name, true
    elseif type(item) ~= "string" then
      return nil, values.expected("a string", item), "." .. name, true
    end
    local problem = (name ~= "data" and values.utf8_problem(item)) or check[name](item)
    if problem then
      return nil, problem, "." .. name
    end
    checked[name] = item
  end
  return checked
end

return file
