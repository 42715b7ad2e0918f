-- Verifies a delivery to a registered endpoint: signature, age, and, with a store, that it was not taken before.
-- One that passes becomes an event. No delivery raises; time and memory are bounded by the sizes of body and headers.
--
-- HeyGen signs the body alone: a header has the HMAC-SHA256 in hexadecimal, or several with commas between them. The
-- timestamp and the event id stand in headers that are not signed.
local checker = require "heygen.schema.options"
local core = require "heygen.core"
local event = require "heygen.webhook.event"
local errors = require "heygen.errors"
local headers = require "heygen.webhook.headers"
local keys = require "heygen.webhook.keys"
local secrets = require "heygen.webhook.secrets"
local values = require "heygen.schema.value"

local verify = {}

local find, format = string.find, string.format
local signed, time = core.signed, core.time
local refusal, outcome = event.refusal, errors.outcome

local WHERE = "heygen.webhook.verify"
local TOLERANCE = 300
-- HeyGen repeats a delivery for a day, as it was. With a store, which keeps repetitions out, such an age is fine.
local REPEATED_FOR = 90000 -- seconds
local NONE = {} -- options, never written to
local UNFIT = "no signature fits the body: another secret, or the body is not as it was sent"

-- Headers that may hold signatures, the likeliest first, each in small letters as well.
local SIGNATURES = {
  { "Heygen-Signature", "heygen-signature" },
  { "Signature", "signature" },
  { "X-Heygen-Signature", "x-heygen-signature" },
}

local OPTIONS = {
  tolerance = { type = "seconds", min = 0 },
  require_timestamp = { type = "boolean" },
  max_bytes = { type = "number", above = 0 },
  store = { expected = 'a store with the methods "claim" and "forget"', is = checker.has("claim", "forget") },
  replay_ttl = { type = "seconds", above = 0, finite = true },
  now = { type = "function" },
}

---@class heygen.webhook.VerifyOptions
---@field tolerance number? seconds by which the timestamp may be off, both ways (300; with a store 90000 in the past)
---@field require_timestamp boolean? refuse a delivery without one (false)
---@field max_bytes number? of the body (1048576)
---@field store heygen.webhook.Store? remembers deliveries, so that none is taken twice (none: repetitions pass)
---@field replay_ttl number? seconds for which it does (as long as the store does by itself)
---@field now (fun(): number)? Unix seconds (the system's clock)

local function clock(options, level)
  if not options.now then
    return time()
  end
  local now = options.now()
  if type(now) ~= "number" then
    error(WHERE .. ": now: " .. values.expected("Unix seconds", now), level + 1)
  end
  return now
end

-- The index of the secret that has signed the body; nil: none has; false: all have expired.
local function find_secret(given, raw_body, header, now)
  if type(given) == "string" then
    return signed(given, raw_body, header) and 1 or nil
  end
  local live = false
  for index = 1, #given do
    local entry = given[index]
    local secret, expires = entry, nil
    if type(entry) == "table" then
      secret, expires = entry.secret, entry.expires
    end
    if not expires or now < expires then
      live = true
      if signed(secret, raw_body, header) then
        return index
      end
    end
  end
  if not live then
    return false
  end
  return nil
end

-- The id that the header claims: nil when no service would make such a one.
local function plain_id(id)
  return id and #id <= 255 and not find(id, "%c") and id or nil
end

-- Claims the event in the store: the event, or nil and an error when it is not new.
local function claim(made, raw_body, store, ttl)
  made.replay_keys = keys.of_signed(made, raw_body)
  local new, problem = store:claim(made.replay_keys, ttl)
  local known = { event_id = made.event_id, video_id = made.video_id, session_id = made.session_id }
  if new then
    return made
  elseif new == false then
    return nil, refusal("duplicate", "this event was taken before", known)
  end
  known.retryable = true
  return nil, refusal("store_failed", "the store of deliveries failed: " .. tostring(problem), known)
end

-- The first header, from the `from`th on, that may hold a signature, and which one it is.
local function next_header(reader, from)
  for index = from, #SIGNATURES do
    local header = reader:joined(SIGNATURES[index][1], SIGNATURES[index][2], ",")
    if header then
      return header, index
    end
  end
  return nil
end

-- The moment a delivery claims to be sent at, in Unix seconds; nil and a problem; nil: there is none.
local function sent_at(reader)
  local timestamp, problem = reader:single("Heygen-Timestamp", "heygen-timestamp")
  if not timestamp then
    return nil, problem
  elseif #timestamp > 13 or not find(timestamp, "^%d+$") then
    return nil, "the timestamp is not Unix seconds: " .. errors.printable(timestamp, 40)
  end
  -- Twelve digits last for 30,000 years; thirteen are milliseconds.
  local seconds = tonumber(timestamp)
  return #timestamp == 13 and math.floor(seconds / 1000) or seconds
end

-- Which secret has signed the delivery, and when it was sent; or nil and an error.
local function authenticate(raw_body, reader, given, options, level)
  local header, from = next_header(reader, 1)
  if not header then
    return nil,
      refusal("missing_signature", "there is no signature in Heygen-Signature, Signature, X-Heygen-Signature")
  end
  local now = clock(options, level + 1)
  local sent, problem = sent_at(reader)
  if not sent and not problem and options.require_timestamp then
    problem = "the timestamp is missing"
  end
  if problem then
    return nil, refusal("malformed", problem)
  end
  local oldest = options.tolerance
    or (options.store and math.min(REPEATED_FOR, options.replay_ttl or REPEATED_FOR))
    or TOLERANCE
  if sent and now - sent > oldest then
    problem = format("the delivery was sent %.0f s ago, %g s are allowed", now - sent, oldest)
    return nil, refusal("too_old", problem)
  elseif sent and sent - now > (options.tolerance or TOLERANCE) then
    problem = format("the delivery was sent in %.0f s from now; is this clock right?", sent - now)
    return nil, refusal("too_new", problem)
  end
  repeat
    local index = find_secret(given, raw_body, header, now)
    if index then
      return index, sent
    elseif index == false then
      return nil, refusal("bad_signature", "all secrets have expired")
    end
    header, from = next_header(reader, from + 1)
  until not header
  return nil, refusal("bad_signature", UNFIT)
end

---Verifies and reads a delivery, and claims nothing.
---@param raw_body string?
---@param given_headers table|fun(name: string): string|string[]|nil
---@param given_secrets heygen.webhook.Secrets
---@param options heygen.webhook.VerifyOptions checked before
---@param level integer
---@return heygen.Event? event
---@return heygen.Error? err
function verify.read(raw_body, given_headers, given_secrets, options, level)
  local given = secrets.check(WHERE, given_secrets, level + 1)
  local reason, problem = event.body_problem(WHERE, raw_body, options.max_bytes, level + 1)
  if reason then
    return nil, refusal(reason, problem)
  end
  local reader = headers.reader(given_headers)
  local index, sent = authenticate(raw_body, reader, given, options, level + 1)
  if not index then
    return nil, sent -- the error
  end
  local made
  made, problem = event.build(raw_body)
  if not made then
    return nil, refusal("malformed", problem)
  end
  made.signed, made.timestamp, made.secret_index = true, sent, index
  if type(given) == "table" and type(given[index]) == "table" then
    made.secret_id = given[index].id
  end
  if not made.event_id then
    made.event_id = plain_id((reader:single("Heygen-Event-Id", "heygen-event-id")))
  end
  return made
end

---Checks a delivery to a registered endpoint and reads it.
---@param raw_body string? the bytes as they came
---@param given_headers table|fun(name: string): string|string[]|nil names in any letter case
---@param given_secrets heygen.webhook.Secrets
---@param options heygen.webhook.VerifyOptions?
---@return heygen.Event? event
---@return string? message
---@return heygen.Error? err kind "webhook"; `reason` says why
function verify.verify(raw_body, given_headers, given_secrets, options)
  options = options == nil and NONE or checker.read(WHERE, options, OPTIONS, 2)
  if type(given_headers) ~= "table" and type(given_headers) ~= "function" then
    error(WHERE .. ": headers: " .. values.expected("a table or a function", given_headers), 2)
  end
  local made, err = verify.read(raw_body, given_headers, given_secrets, options, 2)
  if made and options.store then
    made, err = claim(made, raw_body, options.store, options.replay_ttl)
  end
  return outcome(made, err)
end

local function is_timestamp(value)
  return value == false or (type(value) == "number" and value >= 0 and value < 1e12 and value % 1 == 0)
end

local function is_event_id(value)
  return value == false or (type(value) == "string" and value:find "^[%w_.:-]+$" and #value <= 200)
end

local SIGN_OPTIONS = {
  timestamp = { expected = "Unix seconds as a whole number, or false for none", is = is_timestamp },
  event_id = { expected = "1 to 200 letters, digits or _ - . :, or false for none", is = is_event_id },
}

---@class heygen.webhook.SignOptions
---@field timestamp integer|false|nil Unix seconds (now); false: none
---@field event_id string|false|nil (a random one); false: none

verify.options, verify.sign_options = OPTIONS, SIGN_OPTIONS

---Makes the headers that a delivery of this body would have, for tests of a receiver.
---@param body string
---@param secret string
---@param options heygen.webhook.SignOptions?
---@return table<string, string> headers
function verify.sign(body, secret, options)
  options = checker.read("heygen.webhook.sign", options, SIGN_OPTIONS, 2)
  if type(body) ~= "string" then
    error("heygen.webhook.sign: body: " .. values.expected("a string", body), 2)
  end
  local given = secrets.check("heygen.webhook.sign", secret, 2)
  if type(given) ~= "string" then
    error("heygen.webhook.sign: secret: expected a string, got " .. type(secret), 2)
  end
  local timestamp, event_id = options.timestamp, options.event_id
  if timestamp == nil then
    timestamp = time()
  end
  if event_id == nil then
    event_id = "evt_" .. core.uuid()
  end
  return {
    ["Heygen-Signature"] = core.hmac_sha256(given, body),
    ["Heygen-Timestamp"] = timestamp and format("%.0f", timestamp - timestamp % 1) or nil,
    ["Heygen-Event-Id"] = event_id or nil,
  }
end

return verify
