-- A delivery's body becomes an event: every shape that HeyGen, its older versions and gateways send, in the same
-- fields. What has an unexpected type counts as absent; nothing here raises for what a body holds.
local checker = require "heygen.schema.options"
local core = require "heygen.core"
local errors = require "heygen.errors"
local failure = require "heygen.wait.failure"
local values = require "heygen.schema.value"

local event = {}

local decode = core.decode
local byte, find, lower = string.byte, string.find, string.lower

local OBJECT = 123 -- {

---A delivery, whichever shape it came in.
---@class heygen.Event
---@field type string? such as "video_agent.success"; unknown ones as they are
---@field ok boolean? true: it succeeded; false: it failed; nil: the delivery has neither
---@field video_id string?
---@field session_id string?
---@field callback_id string?
---@field video_translate_id string?
---@field project_id string?
---@field batch_id string?
---@field proofread_id string?
---@field job_id string?
---@field render_id string?
---@field filler_word_removal_id string?
---@field avatar_id string?
---@field group_id string?
---@field run_id string?
---@field asset_id string?
---@field entity_id string?
---@field url string? of the video; of an unsigned delivery, from an unknown sender
---@field reason string? why it failed
---@field data table `event_data`, else `data`, else the whole body
---@field raw table the whole body
---@field event_id string?
---@field created_at string|number|nil
---@field signed boolean from webhook.verify; false: any sender is possible
---@field timestamp number? Unix seconds, from the header
---@field secret_index integer? which of several secrets matched
---@field secret_id string? its `id`, when it has one
---@field replay_keys string[] with a store, what it knows it by: store:forget(event.replay_keys) when handling failed

local IDS = {
  "video_id",
  "session_id",
  "callback_id",
  "video_translate_id",
  "project_id",
  "batch_id",
  "proofread_id",
  "job_id",
  "render_id",
  "filler_word_removal_id",
  "avatar_id",
  "group_id",
  "run_id",
  "asset_id",
  "entity_id",
}
event.ids = IDS

local text = values.filled

-- One line for a log, whatever the service has sent.
local function reason_of(data)
  local reason = failure.read(data)
  return reason and errors.printable(reason, 1000)
end

local OUTCOMES = {
  completed = true,
  success = true,
  succeeded = true,
  failed = false,
  fail = false,
  error = false,
}

local by_type = {} -- what the end of a known type says; filled below

local function outcome_of(kind, data)
  local ok
  if kind then
    ok = by_type[kind]
    if ok == nil then
      if find(kind, "[._]success$") then
        ok = true
      elseif find(kind, "[._]fail$") or find(kind, "[._]failed$") then
        ok = false
      end
    end
  end
  if ok == nil and type(data.status) == "string" then
    ok = OUTCOMES[lower(data.status)]
  end
  return ok
end

for _, name in ipairs { "video_agent", "avatar_video" } do
  by_type[name .. ".success"], by_type[name .. ".fail"] = true, false
end

-- The first text under a name in up to three tables.
local function pick(name, first, second, third)
  return text(first[name]) or (second and text(second[name])) or (third and text(third[name])) or nil
end

-- The ids into the event: from `data`, then from the other tables. Most are nowhere, which is found out first.
local function take_ids(made, data, second, third)
  for index = 1, #IDS do
    local name = IDS[index]
    local value = data[name]
    if value == nil and third then
      value = second and second[name] or third[name]
    end
    if value ~= nil then
      made[name] = text(value) or pick(name, data, second, third)
    end
  end
end

local function take_reason(made, data, second, third)
  local reason = reason_of(data) or (second and reason_of(second)) or (third and reason_of(third))
  made.reason = reason
  if reason and made.ok == nil and not made.type then
    made.ok = false
  end
end

---@param raw_body string
---@return heygen.Event? event
---@return string? problem
function event.build(raw_body)
  if byte(raw_body) ~= OBJECT and not find(raw_body, "^[ \t\r\n]*{") then
    return nil, "the body is no JSON object"
  end
  local raw, problem = decode(raw_body, false, true)
  if type(raw) ~= "table" then
    return nil, "the body is no JSON: " .. errors.printable(tostring(problem), 200)
  end
  -- The facts stand in `data`; `second` and `third` are where older shapes have the rest.
  local data, second, third = raw.event_data, raw.data, raw
  if type(second) ~= "table" then
    second = nil
  end
  if type(data) ~= "table" then
    data, second = second, nil
  end
  if not data then
    data, third = raw, nil
  end
  local kind, url = raw.event_type, data.url
  if type(kind) ~= "string" or kind == "" then
    kind = text(raw.event) or text(raw.type)
  end
  if type(url) ~= "string" or url == "" then
    url = pick("url", data, second, third) or pick("video_url", data, second, third)
  end
  local created_at = raw.created_at
  if type(created_at) ~= "string" and type(created_at) ~= "number" then
    created_at = nil
  end
  -- With room for the ids that most events have.
  local made = {
    type = kind,
    ok = outcome_of(kind, data),
    data = data,
    raw = raw,
    event_id = text(raw.event_id),
    created_at = created_at,
    url = url,
    signed = false,
    video_id = nil,
    session_id = nil,
    callback_id = nil,
    timestamp = nil,
    secret_index = nil,
  }
  take_ids(made, data, second, third)
  if not made.ok then
    take_reason(made, data, second, third)
  end
  return made
end

---The error of a delivery that is refused.
---@param reason string
---@param message string
---@param more table? further fields
---@return heygen.Error
function event.refusal(reason, message, more)
  local fields = more or {}
  fields.kind, fields.reason, fields.message = "webhook", reason, message
  return errors.new(fields)
end

local refusal = event.refusal

event.MAX_BYTES = 1048576

---Checks the body before it is read. Raises on what no server hands over.
---@param where string the function, for the message
---@param raw_body any
---@param max_bytes number?
---@param level integer
---@return string? reason
---@return string? problem
function event.body_problem(where, raw_body, max_bytes, level)
  if raw_body == nil then
    local remedy = "there is no body; nginx keeps one that it has spooled in ngx.req.get_body_file()"
    return "malformed", remedy
  elseif type(raw_body) ~= "string" then
    error(where .. ": raw_body: expected a string, got " .. type(raw_body), level + 1)
  end
  max_bytes = max_bytes or event.MAX_BYTES
  if #raw_body > max_bytes then
    return "too_large", ("the body has %d bytes, at most %.0f are taken"):format(#raw_body, max_bytes)
  end
  return nil
end

local PARSE_OPTIONS = { max_bytes = { type = "number", above = 0 } }

---Reads a delivery that is not signed, as those to a `callback_url` are. Any sender is possible: ask the service for
---the state before acting on it.
---@param raw_body string?
---@param options {max_bytes: number?}?
---@return heygen.Event? event
---@return string? message
---@return heygen.Error? err kind "webhook", reason "malformed" or "too_large"
function event.parse(raw_body, options)
  options = checker.read("heygen.webhook.parse", options, PARSE_OPTIONS, 2)
  local reason, problem = event.body_problem("heygen.webhook.parse", raw_body, options.max_bytes, 2)
  if reason then
    return errors.outcome(nil, refusal(reason, problem))
  end
  local made
  made, problem = event.build(raw_body)
  if not made then
    return errors.outcome(nil, refusal("malformed", problem))
  end
  return made
end

return event
