-- Error objects: everything that is known about a failure in one table, with one readable line as its text.

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
---@field job_id string? of a clipping job or a background removal
---@field job_ids string[]?
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
---@field part string? of a download: the file that the next call goes on from
---@field received integer? of a download: the bytes in there, or given to the function
---@field cause any
local errors = {}

local byte, find, format, gsub, lower, match, sub =
  string.byte, string.find, string.format, string.gsub, string.lower, string.match, string.sub

-- kind -> is the same read worth repeating (kind api: see errors.retryable)
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

local ESCAPES = { ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t" }

local function escape_control(character)
  return ESCAPES[character] or format("\\x%02x", byte(character, #character))
end

---What somebody raised, or gave as a reason, as text. Its `__tostring` may raise as well, or give no string.
---@param value any
---@return string
function errors.text(value)
  local ok, text = pcall(tostring, value)
  return ok and type(text) == "string" and text or "something that cannot be shown"
end

---Makes foreign text fit for a message: cut to about `max` bytes, never inside a character, with control
---characters escaped.
---@param text string
---@param max integer bytes
---@return string
function errors.printable(text, max)
  if #text > max then
    local last = max
    for _ = 1, 3 do
      local following = byte(text, last + 1)
      if following < 128 or following > 191 then
        break
      end
      last = last - 1
    end
    text = sub(text, 1, last) .. "..."
  end
  if find(text, "[%z\1-\31\127]") then
    text = gsub(text, "[%z\1-\31\127]", escape_control)
  end
  -- U+0080 to U+009F: a terminal takes them for commands as well
  if find(text, "\194[\128-\159]") then
    text = gsub(text, "\194[\128-\159]", escape_control)
  end
  return text
end

local printable = errors.printable

---Replaces every occurrence of a secret in a text.
---@param text string
---@param secret string? nothing happens without one
---@return string
function errors.hide(text, secret)
  if not secret or secret == "" then
    return text
  end
  local first, last = find(text, secret, 1, true)
  if not first then
    return text
  end
  local parts, from = {}, 1
  while first do
    parts[#parts + 1] = sub(text, from, first - 1)
    from = last + 1
    first, last = find(text, secret, from, true)
  end
  parts[#parts + 1] = sub(text, from)
  return table.concat(parts, "[hidden]")
end

local SHORT = 8 -- characters; real credentials are several times as long

---Does a secret stand in an id that the service sent? A short one, as tests use, occurs in ids by chance: it must be
---the whole id, as an id that is lost may be that of a paid video.
---@param id string
---@param secret string
---@return boolean
function errors.shows(id, secret)
  if #secret < SHORT then
    return id == secret
  end
  return find(id, secret, 1, true) ~= nil
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
  "job_id",
  "job_ids",
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

local Error = { __name = "heygen.error" }

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
  if fields.retryable == nil then
    fields.retryable = worth or (fields.kind == "api" and errors.retryable(fields.status, fields.code))
  end
  return setmetatable(fields, Error)
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

---A value alone, or nil and the two that say why: print(client:poll(id)) and table.insert(list, client:poll(id)) take
---all that a call returns, nils included.
---@param value any
---@param message string?
---@param err heygen.Error?
---@return any value
---@return string? message
---@return heygen.Error? err
function errors.outcome(value, message, err)
  if value ~= nil then
    return value
  end
  return nil, message, err
end

---@param value any
---@return boolean
function errors.is(value)
  return type(value) == "table" and getmetatable(value) == Error
end

local RETRYABLE_STATUS = { [429] = true, [500] = true, [502] = true, [503] = true, [504] = true }

-- The code decides before the status: a 409 can be worth another try, a 429 can be hopeless for weeks.
local RETRYABLE_CODE = {
  request_in_progress = true,
  resource_not_ready = true,
  brand_kit_not_ready = true,
  rate_limit_exceeded = true,
  internal_error = true,
  voice_provider_error = true,
  service_unavailable = true,
  gateway_timeout = true,
  quota_exceeded = false,
}

---Is it worth repeating the same read?
---@param status integer?
---@param code string?
---@return boolean
function errors.retryable(status, code)
  local by_code = RETRYABLE_CODE[code or ""]
  if by_code ~= nil then
    return by_code
  end
  return RETRYABLE_STATUS[status or 0] == true
end

local STATUS_CODES = {
  [400] = "validation_error",
  [401] = "unauthorized",
  [402] = "insufficient_credit",
  [403] = "forbidden",
  [404] = "not_found",
  [409] = "conflict",
  [413] = "payload_too_large",
  [429] = "rate_limit_exceeded",
}

local STATUS_MESSAGES = {
  [400] = "the service refused the request as invalid",
  [401] = "the service did not accept the API key or access token",
  [402] = "the balance or the plan does not cover this request",
  [403] = "this is not allowed with the API key or access token in use",
  [404] = "the service does not know this address or id",
  [409] = "the request does not fit the present state of the thing it names",
  [413] = "the request body is too large for the service",
  [422] = "the service refused a field of the request",
  [429] = "too many requests or jobs at once",
  [502] = "the service is not available at the moment",
  [503] = "the service is not available at the moment",
  [504] = "the service did not answer its own gateway in time",
}

local function status_code(status)
  if STATUS_CODES[status] then
    return STATUS_CODES[status]
  end
  return status >= 500 and status < 600 and "unclassified_server_error" or "unclassified_client_error"
end

local function status_message(status)
  if STATUS_MESSAGES[status] then
    return STATUS_MESSAGES[status]
  elseif status == 0 or (status >= 200 and status < 300) then
    return "the service reported an error without saying which"
  elseif status >= 300 and status < 400 then
    return format("the service redirects (HTTP %d), which is not followed: check base_url", status)
  elseif status >= 500 then
    return format("the service failed (HTTP %d)", status)
  end
  return format("the service refused the request (HTTP %d)", status)
end

local function number_text(value)
  if value == math.floor(value) and value > -2 ^ 53 and value < 2 ^ 53 then
    return format("%.0f", value)
  end
  return tostring(value)
end

local function to_code(value)
  if type(value) == "number" then
    return number_text(value)
  elseif type(value) ~= "string" then
    return nil
  end
  local code = match(value, "^%s*(.-)%s*$")
  if code == "" or lower(code) == "error" then
    return nil
  elseif find(code, "^[A-Z][A-Z0-9_]*$") then
    code = lower(code)
  end
  return printable(code, 100)
end

local function to_text(value)
  if type(value) == "string" and find(value, "%S") then
    return printable(value, 1000)
  elseif type(value) == "number" then
    return number_text(value)
  end
  return nil
end

local MESSAGE_KEYS = { "message", "msg", "detail", "error_message", "error_description" }

-- {"body", "files", 0, "url"} -> "files.0.url"
local function field_path(steps)
  local names = {}
  for index = 2, type(steps) == "table" and #steps or 0 do
    names[#names + 1] = to_text(steps[index])
  end
  return names[1] and table.concat(names, ".") or nil
end

-- The message in a table, and the field it is about; also from {"detail":[{"loc":["body","x"],"msg":"..."}]}.
local function find_text(source)
  for index = 1, #MESSAGE_KEYS do
    local value = source[MESSAGE_KEYS[index]]
    if type(value) == "table" then
      local first = type(value[1]) == "table" and value[1] or value
      local text = to_text(first.msg) or to_text(first.message) or to_text(first[1])
      if text then
        return text, field_path(first.loc)
      end
    else
      local text = to_text(value)
      if text then
        return text
      end
    end
  end
  return nil
end

local V1_SUCCESS = 100
local CODE_ALONE = "^%s*%l[%l%d]*_[%l%d_]*%s*$" -- {"error": "invalid_grant"}: a code, not a sentence

-- Only asked about bodies that have `error` or `code`, whose status was good.
local function reports_error(value)
  local problem = value.error
  local kind = type(problem)
  if kind == "table" then
    if next(problem) ~= nil then
      return true
    end
  elseif kind == "string" then
    if find(problem, "%S") then
      return true
    end
  elseif problem == true or (kind == "number" and problem ~= 0) then
    return true
  end
  local number = tonumber(value.code)
  if number then
    return number ~= V1_SUCCESS
  end
  return value.data == nil and to_code(value.code) ~= nil
end

-- The parts of an error body: code, message, param, doc_url; each may be nil.
local function read_problem(value)
  local problem = value.error
  local code, message, param, doc_url
  if type(problem) == "table" then
    code = to_code(problem.code)
    message, param = find_text(problem)
    message = message or to_text(problem[1])
    param = to_text(problem.param) or param
    doc_url = to_text(problem.doc_url)
  elseif type(problem) == "number" or (type(problem) == "string" and find(problem, CODE_ALONE)) then
    code = problem ~= 0 and to_code(problem) or nil
  else
    message = to_text(problem)
  end
  if not code and tonumber(value.code) ~= V1_SUCCESS then
    code = to_code(value.code)
  end
  if not message then
    local place
    message, place = find_text(value)
    message = message or to_text(problem)
    param = param or to_text(value.param) or place
  end
  return code, message, param, doc_url or to_text(value.doc_url)
end

---Finds the error in an answer, in any of the shapes the service and its gateways use; also in one with status 200.
---@param status integer? HTTP status
---@param value any the decoded JSON body, nil for one that is no JSON
---@return table? fields for errors.new: kind, message, status, code, param, doc_url, retryable; nil when it is no error
function errors.api_problem(status, value)
  local is_table = type(value) == "table"
  if not status or (status >= 200 and status < 300) then
    if not is_table or (value.error == nil and value.code == nil) or not reports_error(value) then
      return nil
    end
  end
  local code, message, param, doc_url
  if is_table then
    code, message, param, doc_url = read_problem(value)
  else
    message = to_text(value)
  end
  code = code or status_code(status or 0)
  return {
    kind = "api",
    message = message or status_message(status or 0),
    status = status,
    code = code,
    param = param,
    doc_url = doc_url,
    retryable = errors.retryable(status, code),
  }
end

return errors
