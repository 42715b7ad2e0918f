-- The union of ways to hand a file to the service: by URL, as an asset, or as base64 text in the body. What is local, a
-- path or bytes in memory, is only noted here: attachments.lua makes one of the three of it.
local sources = require "heygen.upload.content"
local suggest = require "heygen.schema.suggest"
local urls = require "heygen.schema.url"
local values = require "heygen.schema.value"

local file_input = {}

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

local FILE_BYTES = 32 * 1024 * 1024
local BASE64_MAX = 4 * math.ceil(FILE_BYTES / 3)

local function unknown_problem(key)
  local meant = HINTS[key]
  local hint = meant and ', did you mean "' .. meant .. '"?' or suggest.hint(key, NAMES)
  return "unknown field" .. (hint ~= "" and hint or "; a file is " .. FORMS)
end

local function find_type(value)
  local kind = value.type
  if kind ~= nil then
    if type(kind) ~= "string" then
      return nil, values.expected("a string", kind), ".type", true
    elseif not KEYS[kind] then
      return nil, values.one_of(kind, TYPES), ".type", true
    end
    return kind
  end
  for index = 1, #TYPES do
    local keys = KEYS[TYPES[index]]
    if value[keys[1]] ~= nil or (keys[2] and value[keys[2]] ~= nil) then
      if kind then
        return nil, "expected only one of " .. FORMS, nil, true
      end
      kind = TYPES[index]
    end
  end
  if not kind then
    return nil, "expected " .. FORMS, nil, true
  end
  return kind
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

-- Stands in a checked body in the place of a file that is still to be uploaded or inlined -> {source, limits}.
local locals = setmetatable({}, { __mode = "k" })

---Has any been noted since somebody set this to false?
file_input.noted = false

---What a file of a checked body is made from; nil: it is none that is local.
---@param node table
---@return {source: heygen.Source, limits: table}?
function file_input.local_source(node)
  return locals[node]
end

local function note(spec, given)
  local source, problem, where, mistake = sources.read(given)
  if not source then
    return nil, problem, where == ".data" and ".bytes" or where, mistake
  end
  local node = { type = "asset_id" }
  locals[node] = { source = source, limits = { bytes = spec.max_bytes, types = spec.media_types } }
  file_input.noted = true
  return node
end

-- A text alone: an address on the web, or a path.
local function check_text(spec, value)
  if find(lower(value), "^https:") then
    local problem = values.utf8_problem(value) or urls.https_problem(value)
    if problem then
      return nil, problem
    end
    return { type = "url", url = "https" .. value:sub(6) }
  elseif find(value, "^%a[%w+.-]+://") then
    return nil, "expected a path or an address that starts with https://, got " .. values.quoted(value)
  elseif find(value, "^data:") then
    return nil, 'expected a path or an address; content goes into {media_type = "...", data = "<base64>"}'
  end
  return note(spec, value)
end

local function check_local(spec, value)
  local stray = values.unknown_key(value, LOCAL_FIELDS)
  if stray ~= nil then
    local kind = value.path ~= nil and "path" or "bytes"
    return nil,
      FIELDS[stray] and format("does not belong to a file of {%s = ...}", kind) or unknown_problem(stray),
      values.step(stray),
      true
  end
  return note(
    spec,
    { path = value.path, data = value.bytes, filename = value.filename, media_type = value.media_type }
  )
end

---Checks a file input and returns a copy with its `type` filled in. A checker of values.types.
---@param spec heygen.FieldSpec
---@param value any
---@return table? file
---@return string? problem
---@return string? where
---@return boolean? mistake
function file_input.check(spec, value)
  if type(value) == "string" then
    return check_text(spec, value)
  elseif type(value) ~= "table" then
    return nil, values.expected(FORMS, value), nil, true
  elseif value.path ~= nil or value.bytes ~= nil then
    return check_local(spec, value)
  end
  local stray = values.unknown_key(value, FIELDS)
  if stray ~= nil then
    return nil, unknown_problem(stray), values.step(stray), true
  end
  local kind, kind_problem, where, mistake = find_type(value)
  if not kind then
    return nil, kind_problem, where, mistake
  end
  local keys = KEYS[kind]
  for index = 1, #NAMES do
    local name = NAMES[index]
    if value[name] ~= nil and name ~= "type" and name ~= keys[1] and name ~= keys[2] then
      return nil, format('does not belong to a file of type "%s"', kind), "." .. name, true
    end
  end
  local file = { type = kind }
  for index = 1, #keys do
    local name = keys[index]
    local item = value[name]
    if item == nil then
      return nil, format('missing, a file of type "%s" needs it', kind), "." .. name, true
    elseif type(item) ~= "string" then
      return nil, values.expected("a string", item), "." .. name, true
    end
    local problem = (name ~= "data" and values.utf8_problem(item)) or check[name](item)
    if problem then
      return nil, problem, "." .. name
    end
    file[name] = item
  end
  return file
end

return file_input
