-- What the specs of verifying share: a delivery that is right, ways to make it wrong, and the reason why it is refused.
local heygen = require "heygen"
local webhook = require "heygen.webhook"

local verifying = {
  SECRET = "whsec_4f9KzPqLmN2xY7Wa",
  NOW = 1795642178,
  BODY = '{"event_id":"evt_1","event_type":"video_agent.success","event_data":{"video_id":"v1"}}',
}

--- A copy of a table with other fields; "none" takes one away.
function verifying.with(fields, changes)
  local copy = {}
  for name, value in pairs(fields) do
    copy[name] = value
  end
  for name, value in pairs(changes) do
    copy[name] = value ~= "none" and value or nil
  end
  return copy
end

local with = verifying.with

--- The headers of a delivery, with changes.
function verifying.signed(changes, body, options)
  options = options or {}
  options.timestamp = options.timestamp or verifying.NOW
  options.event_id = options.event_id or "evt_1"
  return with(webhook.sign(body or verifying.BODY, verifying.SECRET, options), changes or {})
end

local function clock()
  return verifying.NOW
end

function verifying.verify(headers, options, body, secrets)
  options = with({ now = clock }, options or {})
  return webhook.verify(body or verifying.BODY, headers, secrets or verifying.SECRET, options)
end

--- The reason why it is refused; "taken" when it is not.
function verifying.reason(...)
  local event, message, err = verifying.verify(...)
  if event then
    return "taken"
  end
  assert(heygen.is_error(err) and err.kind == "webhook" and message == tostring(err))
  assert(not message:find("4f9KzPqLmN2xY7Wa", 1, true), "the secret is in the message")
  assert(message:find("reason " .. err.reason, 1, true), message)
  return err.reason
end

return verifying
