-- Error objects: everything that is known about a failure in one table, with one readable line as its text.
local core = require "heygen.core"
local foreign = require "heygen.http.foreign"
local retry = require "heygen.http.retry"

---@class heygen.Error
---@field kind string what went wrong: see KINDS
---@field message string one line for a person
---@field status integer? HTTP status, when an answer came
---@field code string? the service's error code; codes in capitals are given in small letters
---@field param string? the field that the error is about
---@field doc_url string?
---@field request_id string?
---@field retryable boolean is it worth asking the same again
---@field retry_after number? seconds
---@field attempts integer?
---@field sent string? "no", "maybe" or "yes": could the service have acted on the request
---@field idempotency_key string?
---@field session_id string?
---@field video_id string?
---@field video_translation_id string?
---@field video_translation_ids string[]? of a create that made several; so have the other ids of jobs
---@field proofread_id string?
---@field proofread_ids string[]?
---@field lipsync_id string?
---@field lipsync_ids string[]?
---@field render_id string? of a HyperFrames project
---@field render_ids string[]?
---@field filler_word_removal_id string?
---@field filler_word_removal_ids string[]?
---@field job_id string? of a clipping job or a background removal
---@field job_ids string[]?
---@field folder_id string?
---@field voice_id string?
---@field voice_ids string[]?
---@field group_id string? of an avatar
---@field look_id string? of an avatar's look
---@field asset_id string?
---@field asset_ids string[]?
---@field batch_id string?
---@field brand_kit_id string? of a create whose answer was cut off; so is brand_glossary_id
---@field brand_glossary_id string?
---@field results table? of heygen.all, and of a wait for several jobs: what succeeded, by index
---@field errors table? the same: what failed
---@field callback_id string? of a create with `callback`
---@field endpoint_id string? of a call about a webhook endpoint
---@field event_id string?
---@field reason string? of kind webhook: missing_signature, bad_signature, too_old, too_new, duplicate, malformed, ...
---@field last any the last body seen
---@field part string? of a download: the file from which the next call resumes
---@field received integer? of a download: the bytes in there, or given to the function
---@field cause any
local errors = {}

local find, format = string.find, string.format

-- kind -> is the same read worth repeating (kind api: see retry.retryable)
local KINDS = {
  api = false, -- the service answered with an error
  network = true,
  timeout = true, -- an attempt, the deadline or a wait ran out
  cancelled = false,
  invalid = false, -- refused before anything was sent
  failed = false, -- the video or the session failed
  parse = true, -- the answer was not understood
  too_large = false, -- a cap was reached
  file = false, -- a local file
  input_needed = false, -- the session waits for a message
  callback = false, -- a function given by the user raised
  raised = false, -- a task of heygen.all raised
  closed = false, -- the engine or client is closed, or was forked away
  webhook = false, -- a delivery was not accepted; `reason` says why
}

-- Most texts have nothing to cut and nothing to escape.
local function printable(text, max)
  return (#text > max or find(text, "[^\32-\126]")) and foreign.printable(text, max) or text
end

errors.excerpt, errors.foreign, errors.printable = foreign.excerpt, foreign.shown, printable
errors.hide, errors.shows = foreign.hide, foreign.shows

---`hide` and `shows` of one secret, which is nowhere but in these functions. Most texts do not contain it.
---@param secret string
---@return fun(text: string): string hide
---@return fun(id: string): boolean shows
function errors.of_secret(secret)
  local hide, shows = foreign.of_secret(secret)
  return function(text)
    return find(text, secret, 1, true) and hide(text) or text
  end, shows
end

---What a function raised, or gave as a reason, as text. Its `__tostring` may raise as well, or give no string.
---@param value any
---@return string
function errors.text(value)
  local ok, text = pcall(tostring, value)
  return ok and type(text) == "string" and text or "something that cannot be shown"
end

-- What follows the message in the text of an error, in this order. `param` is left out where the message names it.
local SHOWN = {
  "reason",
  "code",
  "param",
  "request_id",
  "session_id",
  "video_id",
  "video_translation_id",
  "video_translation_ids",
  "proofread_id",
  "proofread_ids",
  "lipsync_id",
  "lipsync_ids",
  "render_id",
  "render_ids",
  "filler_word_removal_id",
  "filler_word_removal_ids",
  "job_id",
  "job_ids",
  "folder_id",
  "voice_id",
  "voice_ids",
  "group_id",
  "look_id",
  "asset_id",
  "asset_ids",
  "batch_id",
}

-- One value of an error as text: ids come in lists as well.
local function shown(value)
  if type(value) ~= "table" then
    return printable(tostring(value), 120)
  end
  local texts = {}
  for index = 1, #value do
    texts[index] = printable(tostring(value[index]), 120)
  end
  return table.concat(texts, " ")
end

local MESSAGE = 16384 -- bytes

local Error = { __name = "heygen.error" }

-- error -> its fields that JSON cannot hold: a function that was raised, a table that contains itself, a list with
-- gaps, a path that is no UTF-8. Not in the error itself, so that any encoder takes that as it is; they are read as all
-- fields are.
local beyond_json = setmetatable({}, { __mode = "k" })

local function fits_json(value)
  local kind = type(value)
  if kind == "string" then
    return not find(value, "[\128-\255]") or core.utf8_length(value) ~= nil
  elseif kind == "number" then
    return value - value == 0 -- neither NaN nor infinite
  elseif kind == "table" then
    return core.encode(value) ~= nil
  end
  return kind == "boolean" or value == core.null
end

local function keep_apart(err, name, value)
  beyond_json[err] = beyond_json[err] or {}
  beyond_json[err][name] = value
end

function Error.__index(err, name)
  local more = beyond_json[err]
  return more and more[name]
end

function Error.__newindex(err, name, value)
  if beyond_json[err] then
    beyond_json[err][name] = nil
  end
  if value == nil or fits_json(value) then
    rawset(err, name, value)
  else
    keep_apart(err, name, value)
  end
end

function Error.__tostring(err)
  local message = err.message
  local parts = { err.kind }
  if err.status then
    parts[#parts + 1] = "HTTP " .. tostring(err.status)
  end
  for index = 1, #SHOWN do
    local name = SHOWN[index]
    local value = err[name]
    if value ~= nil and not (name == "param" and find(message, tostring(value), 1, true)) then
      parts[#parts + 1] = name .. " " .. shown(value)
    end
  end
  if err.sent == "maybe" then
    parts[#parts + 1] = "sent maybe"
  end
  if err.attempts and err.attempts > 1 then
    parts[#parts + 1] = format("%d attempts", err.attempts)
  end
  if err.retry_after then
    parts[#parts + 1] = format("retry after %g s", err.retry_after)
  end
  return "heygen: " .. message .. " (" .. table.concat(parts, ", ") .. ")"
end

function Error.__concat(left, right)
  return tostring(left) .. tostring(right)
end

---Makes the table an error object. `kind` and `message` must be there; `retryable` is worked out when absent.
---@param fields table becomes the error itself
---@return heygen.Error
function errors.new(fields)
  local worth = KINDS[fields.kind]
  if worth == nil then
    error("unknown kind of error: " .. tostring(fields.kind), 2)
  elseif type(fields.message) ~= "string" then
    error("an error needs a message", 2)
  end
  fields.message = printable(fields.message, MESSAGE)
  for name, value in pairs(fields) do -- ids, too, may have come with any bytes
    if type(value) == "string" and name ~= "part" and find(value, "[\128-\255]") then
      fields[name] = foreign.utf8(value)
    elseif not fits_json(value) then
      fields[name] = nil
      keep_apart(fields, name, value)
    end
  end
  if fields.retryable == nil then
    fields.retryable = worth or (fields.kind == "api" and retry.retryable(fields.status, fields.code))
  end
  return setmetatable(fields, Error)
end

---All fields of an error, for another one that is made of them.
---@param err heygen.Error
---@return table fields
function errors.fields(err)
  local fields = {}
  for _, from in ipairs { err, beyond_json[err] } do
    for name, value in pairs(from) do
      fields[name] = value
    end
  end
  return fields
end

---Makes an error and returns it the way every call of this module fails. The second value is the whole text,
---ids included: it is all that `assert` shows.
---@param fields table see errors.new
---@return nil
---@return string message
---@return heygen.Error err
function errors.fail(fields)
  local err = errors.new(fields)
  return nil, tostring(err), err
end

---What a method returns: a value alone, or nil and the two that say why. print(client:poll(id)) and
---table.insert(list, client:poll(id)) take all that a call returns, nils included.
---@param value any
---@param message string|heygen.Error|nil inside, functions return `value | nil, err`: the message is made here
---@param err heygen.Error?
---@return any value
---@return string? message
---@return heygen.Error? err
function errors.outcome(value, message, err)
  if value ~= nil then
    return value
  elseif errors.is(message) then
    return nil, tostring(message), message
  end
  return nil, message, err
end

---@param value any
---@return boolean
function errors.is(value)
  return type(value) == "table" and getmetatable(value) == Error
end

return errors
