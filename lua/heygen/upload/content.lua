-- Local content on its way to the service: a file, bytes in memory, or what a function reads. It is checked before
-- anything is sent, and a file is opened once: what was checked is what is sent.
local core = require "heygen.core"
local errors = require "heygen.errors"
local media_types = require "heygen.upload.media_types"
local options = require "heygen.schema.options"
local suggest = require "heygen.schema.suggest"
local protected = require "heygen.task.protected"
local values = require "heygen.schema.value"
local pause = require "heygen.driver.pause"

local contents = {}

local find, format, gsub, match = string.find, string.format, string.gsub, string.match

local FIELDS = { path = true, data = true, read = true, size = true, filename = true, media_type = true }

contents.fields = FIELDS

local NAMES = { "data", "filename", "media_type", "path", "read", "size" }
local KINDS = { "path", "data", "read" }
local FORMS =
  'a path, {path = "..."}, {data = "...", filename = "..."} or {read = function, filename = "..."}'
local HINTS =
  { bytes = "data", content = "data", content_type = "media_type", file = "path", name = "filename" }

local SLICE = 128 * 1024 -- bytes that are digested at a time
local WANTED = 64 * 1024 -- bytes that a reader is asked for
local LARGE = 1024 * 1024 -- bytes in memory that are not digested in one go
local LONG = 0.0005 -- seconds without a pause for others
local IDLE = 0.01 -- seconds until a reader that had nothing is asked again
local NAME_MAX = 255 -- bytes of a file's name

---@class heygen.Content
---@field name string for messages
---@field path string?
---@field data string?
---@field read function?
---@field wanted integer? bytes that a reader must give
---@field filename string?
---@field declared string? the media type that the caller has given
---@field media_type string? of the content, once it is open
---@field size number? bytes, once it is open
---@field file heygen.file? once it is open; not of bytes in memory

-- ---- what is meant ----

local function named(text)
  if #text <= 200 and not find(text, "[^%w%p ]") then -- as nearly all are
    return '"' .. text .. '"'
  end
  return '"' .. errors.printable(text, 200) .. '"'
end

local function path_problem(path)
  if path == "" then
    return "empty, a path is needed"
  end
  local at = find(path, "%z")
  return at and format("%s has a NUL byte at position %d", named(path), at) or nil
end

local function filename_problem(name)
  local at = find(name, "[%z\1-\31\127]")
  if name == "" then
    return "empty, a name is needed"
  elseif at then
    return format("%s has a control character at byte %d", named(name), at)
  elseif #name > NAME_MAX then
    return format("%d bytes, at most %d are allowed", #name, NAME_MAX)
  end
  return values.utf8_problem(name)
end

local TEXTS = {
  path = path_problem,
  filename = filename_problem,
  media_type = values.media_type_problem,
  data = function(data)
    return data == "" and "empty, there is nothing to send" or nil
  end,
}

local function find_kind(given)
  local kind
  for _, name in ipairs(KINDS) do
    if given[name] ~= nil then
      if kind then
        return nil, format("expected only one of path, data and read, got %s and %s", kind, name)
      end
      kind = name
    end
  end
  if not kind then
    return nil, "expected " .. FORMS
  end
  return kind
end

-- Returns problem, where, mistake.
local function fields_problem(given, kind)
  for _, name in ipairs(NAMES) do
    local value, check = given[name], TEXTS[name]
    if value ~= nil and check then
      if type(value) ~= "string" then
        return values.expected("a string", value), "." .. name, true
      end
      local problem = check(value)
      if problem then
        return problem, "." .. name
      end
    end
  end
  if given.read ~= nil and not options.is_callable(given.read) then
    return values.expected("a function", given.read), ".read", true
  elseif given.size ~= nil and kind ~= "read" then
    return "is only valid together with read", ".size", true
  elseif given.size ~= nil then
    local _, problem, _, mistake = values.integer({ min = 1 }, given.size)
    return problem, ".size", mistake
  end
end

---Reads what the caller has given, without opening any file.
---@param given any
---@return heygen.Content? content
---@return string? problem
---@return string? where the place inside of `given`; nil: the whole
---@return boolean? mistake of the program
function contents.read(given)
  if type(given) == "string" then
    local problem = path_problem(given)
    if problem then
      return nil, problem
    end
    return { path = given, name = named(given) }
  elseif type(given) ~= "table" then
    return nil, values.expected(FORMS, given), nil, true
  end
  local stray = values.unknown_key(given, FIELDS)
  if stray ~= nil then
    local meant = HINTS[stray]
    local hint = meant and ', did you mean "' .. meant .. '"?' or suggest.hint(stray, NAMES)
    return nil, "unknown field" .. hint, values.step(stray), true
  end
  local kind, why = find_kind(given)
  if not kind then
    return nil, why, nil, true
  end
  local problem, where, mistake = fields_problem(given, kind)
  if problem then
    return nil, problem, where, mistake
  end
  local shown = given.path or given.filename
  return {
    path = given.path,
    data = given.data,
    read = given.read,
    wanted = given.size,
    filename = given.filename,
    declared = given.media_type,
    name = shown and named(shown) or kind == "data" and "the data" or "what the reader gives",
  }
end

-- ---- readers ----

-- Yields to others when this has taken a while. Returns nothing, or the fields of an error.
local function give_way(client, content, since)
  if core.now() - since < LONG then
    return nil, since
  end
  local slept, reason, kind = pause.sleep(client, 0)
  if not slept then
    return { kind = kind or "cancelled", message = content.name .. ": " .. (reason or "cancelled") }
  end
  return nil, core.now()
end

local function bad_reader(content, what, kind)
  return { kind = kind, message = content.name .. ": " .. what, param = "read" }
end

-- The next piece. Returns piece | nil at the end | nil, fields.
local function next_piece(content)
  local ok, piece, why = protected.call(content.read, WANTED) -- it may wait for something itself
  if not ok then
    return nil, bad_reader(content, "read raised: " .. errors.text(piece), "callback")
  elseif piece == nil and why ~= nil then
    return nil, bad_reader(content, "read gave up: " .. tostring(why), "callback")
  elseif piece ~= nil and type(piece) ~= "string" then
    return nil, bad_reader(content, "read returned a " .. type(piece) .. ", not a string or nil", "callback")
  end
  return piece
end

local function size_problem(content, done, ended, limit)
  local wanted = content.wanted
  if wanted and done > wanted then
    return bad_reader(content, format("read gave more than the %.0f bytes of size", wanted), "invalid")
  elseif wanted and ended and done < wanted then
    return bad_reader(content, format("read stopped after %.0f of %.0f bytes", done, wanted), "invalid")
  elseif limit and done > limit then
    return bad_reader(content, contents.too_large(done), "invalid")
  end
end

-- Fills a temporary file without a name from what `next` gives. Returns the fields of an error, or nothing.
local function fill(client, content, spool, limit, deadline)
  local done, since = 0, core.now()
  while true do
    local piece, problem = next_piece(content)
    done = done + #(piece or "")
    problem = problem or size_problem(content, done, piece == nil, limit)
    if not problem and piece == nil then
      return nil
    elseif not problem and piece == "" then
      local slept, reason, kind = pause.sleep(client, IDLE)
      problem = not slept
        and { kind = kind or "cancelled", message = content.name .. ": " .. (reason or "cancelled") }
    elseif not problem then
      local added, message, failure = spool:append(piece)
      problem = not added and { kind = failure.kind, message = message }
    end
    if not problem then
      problem, since = give_way(client, content, since)
    end
    if not problem and core.now() > deadline then
      problem =
        { kind = "timeout", message = content.name .. ": the time was up before read had given everything" }
    end
    if problem then
      return problem
    end
  end
end

local function spool_reader(client, content, limit, deadline)
  local spool, message, failure = core.spool(content.name)
  if not spool then
    return { kind = failure.kind, message = message }
  end
  content.file = spool
  return fill(client, content, spool, limit, deadline)
end

-- Puts bytes in memory into a temporary file: they can be digested in slices then.
local function spool_data(client, content, deadline)
  local data, at = content.data, 1
  content.read = function(count)
    local piece = data:sub(at, at + count - 1)
    at = at + count
    return piece ~= "" and piece or nil
  end
  local problem = spool_reader(client, content, nil, deadline)
  content.read = nil
  return problem
end

-- ---- the checks ----

contents.LIMIT = 32 * 1024 * 1024 -- bytes that one request to the service may carry

function contents.too_large(size)
  return format("has %.0f bytes, at most %d (32 MB) are allowed here", size, contents.LIMIT)
end

-- A name that can stand in a header and in JSON, from a path, where any bytes are allowed.
local function plain_name(path)
  local name = gsub(match(path, "[^/]*$"), "[%z\1-\31\127]", "_")
  if not core.utf8_length(name) then
    name = gsub(name, "[\128-\255]", "_")
  end
  return #name > NAME_MAX and name:sub(-NAME_MAX):gsub("^[\128-\191]+", "") or name
end

local function open_content(client, content, limits)
  if content.path then
    local file, message, failure = core.file(content.path)
    if not file then
      return { kind = failure.kind, message = message }
    end
    content.file = file
  elseif content.read then
    local problem = spool_reader(client, content, limits.bytes, limits.deadline)
    if problem then
      return problem
    end
  end
  content.size = content.file and content.file:size() or #content.data
  local head = content.data and content.data:sub(1, media_types.HEAD)
  if not head then
    local message
    head, message = content.file:read(0, media_types.HEAD)
    if not head then
      return { kind = "file", message = message }
    end
  end
  local problem
  if content.size == 0 then
    problem = "is empty"
  elseif limits.bytes and content.size > limits.bytes then
    problem = contents.too_large(content.size)
  else
    content.media_type, problem = media_types.check(head, content.declared, limits.types)
  end
  return problem and { kind = "invalid", message = content.name .. " " .. problem } or nil
end

---Opens the content and checks it: there, readable, not empty, not too large, of a type that is taken.
---@param client heygen.Client
---@param content heygen.Content
---@param limits table bytes (nil: any), types (nil: all that are taken anywhere), deadline (of a reader)
---@return table? problem fields of an error; the content is closed then
function contents.open(client, content, limits)
  local problem = open_content(client, content, limits)
  if problem then
    contents.close(content)
    problem.sent = "no"
    return problem
  end
  if not content.filename then
    content.filename = content.path and plain_name(content.path)
      or "upload." .. media_types.ending(content.media_type)
  end
  return nil
end

---The SHA-256 of the content, made in slices.
---@param client heygen.Client
---@param content heygen.Content an open one
---@param deadline number
---@return string? hex
---@return table? problem fields of an error
function contents.digest(client, content, deadline)
  if not content.file and #content.data <= LARGE then
    return core.sha256(content.data)
  end
  local unfit = not content.file and spool_data(client, content, deadline)
  if unfit and unfit.kind == "file" then -- no room for temporary files: better all at once than not at all
    contents.close(content)
    return core.sha256(content.data)
  elseif unfit then
    unfit.sent = "no"
    return nil, unfit
  end
  local since = core.now()
  while true do
    local hex, message, failure = content.file:digest(SLICE)
    if hex then
      return hex
    elseif hex == nil then
      return nil, { kind = failure.kind, message = message, sent = "no" }
    end
    local problem
    problem, since = give_way(client, content, since)
    if not problem and core.now() > deadline then
      problem =
        { kind = "timeout", message = content.name .. ": the time was up before it had been read once" }
    end
    if problem then
      problem.sent = "no"
      return nil, problem
    end
  end
end

---Lets go of the file. A temporary one is gone with that.
---@param content heygen.Content
function contents.close(content)
  if content.file then
    content.file:close()
    content.file = nil
  end
end

return contents
