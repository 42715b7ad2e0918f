-- Is a delivery from HeyGen, fresh, and new? Then it becomes an event. Nothing that a stranger can send raises; time
-- and memory are bounded by the sizes of the body and of the headers.
local check = require "heygen.webhook.check"
local core = require "heygen.core"
local event = require "heygen.webhook.event"
local headers = require "heygen.webhook.headers"
local schemes = require "heygen.webhook.schemes"
local secrets = require "heygen.webhook.secrets"
local values = require "heygen.schema.value"

local verify = {}

local find, format = string.find, string.format
local signed, sha256, time = core.signed, core.sha256, core.time
local refuse, seconds = event.refuse, schemes.seconds

local WHERE = "heygen.webhook.verify"
local TOLERANCE = 300
local NONE = {} -- options, never written to
local UNFIT = "no signature fits the body: another secret, or the body is not as it was sent"
local NAMES = { "heygen", "standard", "stripe" }

local OPTIONS = {
  scheme = NAMES,
  tolerance = "seconds",
  require_timestamp = "boolean",
  max_bytes = "positive",
  store = "store",
  replay_ttl = "positive",
  now = "callable",
}

---@class heygen.webhook.VerifyOptions
---@field scheme "heygen"|"standard"|"stripe"|nil how it is signed ("heygen")
---@field tolerance number? seconds by which the timestamp may be off, both ways (300)
---@field require_timestamp boolean? refuse a delivery without one (false; the other schemes always have one)
---@field max_bytes number? of the body (1048576)
---@field store heygen.webhook.Store? remembers deliveries, so that none is taken twice (none: not looked at)
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

-- Has the secret signed the content? Raises when the scheme can make no key of it.
local function fits(scheme, secret, content, header, level)
  if not scheme.key then
    return signed(scheme.form, secret, content, header)
  end
  local key, problem = scheme.key(secret)
  if not key then
    error(WHERE .. ": secrets: " .. problem, level + 1)
  end
  return signed(scheme.form, key, content, header)
end

-- Which secret has signed the content: its index. False: all have expired.
local function find_secret(scheme, given, content, header, now, level)
  if type(given) == "string" then
    return fits(scheme, given, content, header, level + 1) and 1 or nil
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
      if fits(scheme, secret, content, header, level + 1) then
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

-- Without an id, the same thing told of the same resource is the same event, as its signed URL may differ each time.
local function keys_of(made, raw_body)
  local keys = { "body:" .. sha256(raw_body) }
  local name = made.event_id
  if name then
    name = "id:" .. name
  elseif made.type then
    local parts = { "of:" .. made.type }
    for index = 1, #event.ids do
      parts[#parts + 1] = made[event.ids[index]]
    end
    name = parts[2] and table.concat(parts, "\n")
  end
  if name then
    keys[2] = #name <= 100 and name or "long:" .. sha256(name)
  end
  return keys
end

-- Claims the event in the store; the failure triple when it is not new.
local function claim(made, raw_body, store, ttl)
  local keys = keys_of(made, raw_body)
  local new, problem = store:claim(keys, ttl)
  local known = { event_id = made.event_id, video_id = made.video_id, session_id = made.session_id }
  if new then
    made.replay_keys = keys
    return made
  elseif new == false then
    return refuse("duplicate", "this event was taken before", known)
  end
  known.retryable = true
  return refuse("store_failed", "the store of deliveries failed: " .. tostring(problem), known)
end

-- The first header, from the `from`th on, that may hold a signature, and which one it is.
local function next_header(scheme, reader, from)
  local names = scheme.headers
  for index = from, #names do
    local header = reader:joined(names[index][1], names[index][2], scheme.separator)
    if header then
      return header, index
    end
  end
  return nil
end

-- Which secret has signed the delivery, at what time, and its id as far as that is signed; or nil, reason, problem.
local function authenticate(raw_body, reader, scheme, given, options, level)
  local header, from = next_header(scheme, reader, 1)
  if not header then
    return nil, "missing_signature", "there is no signature in " .. schemes.names(scheme)
  end
  local now = clock(options, level + 1)
  local sent_at, event_id, problem = scheme.claims(reader)
  local sent
  if sent_at then
    sent, problem = seconds(sent_at)
  elseif not problem and (scheme.time_is_signed or options.require_timestamp) then
    problem = "the timestamp is missing"
  end
  if problem then
    return nil, "malformed", problem
  end
  local tolerance = options.tolerance or TOLERANCE
  if sent and now - sent > tolerance then
    return nil, "too_old", format("the delivery was sent %.0f s ago, %g s are allowed", now - sent, tolerance)
  elseif sent and sent - now > tolerance then
    return nil,
      "too_new",
      format("the delivery was sent in %.0f s from now; is this clock right?", sent - now)
  end
  local content = scheme.prefix and scheme.prefix(sent_at, event_id) .. raw_body or raw_body
  repeat
    local index = find_secret(scheme, given, content, header, now, level + 1)
    if index then
      return index, sent, event_id
    elseif index == false then
      return nil, "bad_signature", "all secrets have expired"
    end
    header, from = next_header(scheme, reader, from + 1)
  until not header
  return nil, "bad_signature", UNFIT
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
  options = options == nil and NONE or check.options(WHERE, options, OPTIONS, 2)
  if type(given_headers) ~= "table" and type(given_headers) ~= "function" then
    error(WHERE .. ": headers: " .. values.expected("a table or a function", given_headers), 2)
  end
  local given = secrets.check(WHERE, given_secrets, 2)
  local reason, problem = event.body_problem(WHERE, raw_body, options.max_bytes, 2)
  if reason then
    return refuse(reason, problem)
  end

  local scheme = schemes[options.scheme or "heygen"]
  local reader = headers.reader(given_headers)
  local index, sent, event_id = authenticate(raw_body, reader, scheme, given, options, 2)
  if not index then
    return refuse(sent, event_id) -- reason and problem
  end
  local made
  made, problem = event.build(raw_body)
  if not made then
    return refuse("malformed", problem)
  end
  made.signed, made.timestamp, made.secret_index = true, sent, index
  if type(given) == "table" and type(given[index]) == "table" then
    made.secret_id = given[index].id
  end
  if not made.event_id then
    made.event_id = plain_id(event_id or (scheme.event_id and scheme.event_id(reader)))
  end
  if options.store then
    return claim(made, raw_body, options.store, options.replay_ttl)
  end
  return made
end

local SIGN_OPTIONS = { scheme = NAMES, timestamp = "timestamp", event_id = "event_id" }

---@class heygen.webhook.SignOptions
---@field scheme "heygen"|"standard"|"stripe"|nil ("heygen")
---@field timestamp integer|false|nil Unix seconds (now); false: none, where the scheme does without
---@field event_id string|false|nil (a random one); false: none, where the scheme does without

verify.options, verify.sign_options = OPTIONS, SIGN_OPTIONS

---Makes the headers that a delivery of this body would have, for tests of a receiver.
---@param body string
---@param secret string
---@param options heygen.webhook.SignOptions?
---@return table<string, string> headers
function verify.sign(body, secret, options)
  options = check.options("heygen.webhook.sign", options, SIGN_OPTIONS, 2)
  if type(body) ~= "string" then
    error("heygen.webhook.sign: body: " .. values.expected("a string", body), 2)
  end
  local given = secrets.check("heygen.webhook.sign", secret, 2)
  if type(given) ~= "string" then
    error("heygen.webhook.sign: secret: " .. values.expected("a string", secret), 2)
  end
  local scheme = schemes[options.scheme or "heygen"]
  local key = given
  if scheme.key then
    local problem
    key, problem = scheme.key(given)
    if not key then
      error("heygen.webhook.sign: secret: " .. problem, 2)
    end
  end
  local timestamp, event_id = options.timestamp, options.event_id
  if timestamp == nil or (timestamp == false and scheme.time_is_signed) then
    timestamp = time()
  end
  if event_id == nil or (event_id == false and scheme == schemes.standard) then
    event_id = "evt_" .. core.uuid()
  end
  local sent_at = timestamp and format("%.0f", timestamp - timestamp % 1) or nil
  local content = scheme.prefix and scheme.prefix(sent_at, event_id) .. body or body
  return scheme.write(core.signature(scheme.form, key, content), sent_at, event_id or nil)
end

return verify
