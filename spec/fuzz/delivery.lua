-- What must hold for any delivery, whatever is in it. For the fuzzers: delivery.c takes `input`, generate.lua `judge`.
local core = require "heygen.core"
local webhook = require "heygen.webhook"

local delivery = {}

local SECRET = "whsec_c2VjcmV0LW9mLXRoZS1mdXp6ZXI="
local NOW = 1795642178

local REASONS = {
  missing_signature = true,
  bad_signature = true,
  too_old = true,
  too_new = true,
  duplicate = true,
  malformed = true,
  too_large = true,
}

local TYPES = {
  ok = "boolean",
  signed = "boolean",
  data = "table",
  raw = "table",
  timestamp = "number",
  secret_index = "number",
  replay_keys = "table",
}

local function check_event(event)
  for name, value in pairs(event) do
    local kind = type(value)
    if name == "created_at" then
      assert(kind == "string" or kind == "number")
    else
      assert(kind == (TYPES[name] or "string") and value ~= "", name)
    end
  end
  assert(event.data and event.raw and event.signed ~= nil)
end

-- One result of verify or parse.
local function check(event, message, err)
  if event then
    return check_event(event)
  end
  assert(err.kind == "webhook" and REASONS[err.reason], err.reason)
  assert(message == tostring(err) and #message < 1000)
  assert(not message:find "[%z\1-\31\127]", "a control character in a message")
  assert(not message:find("c2VjcmV0", 1, true), "the secret in a message")
end

local store = webhook.memory_store { max = 500 }

local options = {
  store = store,
  max_bytes = 100000,
  now = function()
    return NOW
  end,
}

local SECRETS =
  { "other", { secret = SECRET, id = "right", expires = NOW + 1 }, { secret = SECRET, expires = NOW } }
---@param body string
---@param headers table|function
---@param is_signed boolean? it must come through, or be refused for what is in it
function delivery.judge(body, headers, is_signed)
  local event, message, err = webhook.verify(body, headers, SECRETS, options)
  check(event, message, err)
  if event then
    store:forget(event.replay_keys)
  end
  local parsed, problem, why = webhook.parse(body, { max_bytes = 100000 })
  check(parsed, problem, why)
  if is_signed then
    assert(event or err.reason ~= "bad_signature" and err.reason ~= "missing_signature", message)
    assert((parsed ~= nil) == (event ~= nil or err.reason == "duplicate"), message)
  else
    assert(not event, "a delivery without a true signature was taken")
  end
  if event then
    assert(event.signed and not parsed.signed)
    -- Nothing is lost on the way to text and back.
    local text = core.encode(event.raw)
    if text then
      assert(core.decode(text), "what was read cannot be written")
    end
  end
end

---The headers of a signed delivery.
---@param body string
---@return table
function delivery.sign(body)
  return webhook.sign(body, SECRET, { timestamp = NOW, event_id = "evt_1" })
end

local NAMES = {
  "heygen-signature",
  "Heygen-Timestamp",
  "HEYGEN-EVENT-ID",
  "Signature",
  "X-Heygen-Signature",
}

---An input of libFuzzer: a byte that says whether it is signed, then headers, one to a line, to an empty line,
---then the body.
---@param data string
function delivery.input(data)
  local first = data:byte() or 0
  local from, to = data:find("\n\n", 2, true)
  local head, body = data:sub(2, (from or 1) - 1), data:sub((to or 1) + 1)
  if first % 2 == 0 then
    return delivery.judge(body, delivery.sign(body), true)
  end
  local headers, count = {}, 0
  for line in head:gmatch "[^\n]*" do
    count = count + 1
    local name = NAMES[count % #NAMES + 1]
    local known = headers[name]
    headers[name] = known and { known, line } or line
    if count > 40 then
      break
    end
  end
  delivery.judge(body, headers)
end

return delivery
