-- How deliveries are signed: HeyGen's own way, and the two ways of gateways that sign anew. A scheme knows its headers,
-- what is signed beside the body, and how its secret becomes a key; the digests are the C core's.
local core = require "heygen.core"
local errors = require "heygen.errors"

---@class heygen.webhook.Scheme
---@field form string of the C core: how a header carries signatures
---@field headers string[][] where signatures are: {name, name in small letters}, the likeliest first
---@field separator string between the values of a header that is there several times
---@field time_is_signed boolean
---@field claims fun(reader: table): string?, string?, string? the timestamp, and the event id where that is signed, as
---they came; or nil, nil, problem
---@field event_id (fun(reader: table): string?)? where it is not signed
---@field prefix (fun(timestamp: string, event_id: string?): string)? what is signed in front of the body
---@field key (fun(secret: string): string?, string?)? the key, or nil, problem; without it the secret as it was given
---@field write fun(signature: string, timestamp: string?, event_id: string?): table<string, string>

---@type table<string, heygen.webhook.Scheme>
local schemes = {}

local find, gsub, match = string.find, string.gsub, string.match
local unbase64 = core.unbase64

schemes.heygen = {
  form = "heygen",
  headers = {
    { "Heygen-Signature", "heygen-signature" },
    { "Signature", "signature" },
    { "X-Heygen-Signature", "x-heygen-signature" },
  },
  separator = ",",
  time_is_signed = false,
  claims = function(reader)
    local timestamp, problem = reader:single("Heygen-Timestamp", "heygen-timestamp")
    return timestamp, nil, problem
  end,
  event_id = function(reader)
    return (reader:single("Heygen-Event-Id", "heygen-event-id"))
  end,
  write = function(signature, timestamp, event_id)
    return {
      ["Heygen-Signature"] = signature,
      ["Heygen-Timestamp"] = timestamp,
      ["Heygen-Event-Id"] = event_id,
    }
  end,
}

schemes.standard = {
  form = "standard",
  headers = { { "Webhook-Signature", "webhook-signature" } },
  separator = " ",
  time_is_signed = true,
  key = function(secret)
    local key = unbase64((gsub(secret, "^whsec_", "")))
    if not key or key == "" then
      return nil, 'a secret of Standard Webhooks is base64, with or without "whsec_" in front'
    end
    return key
  end,
  claims = function(reader)
    local id, problem = reader:single("Webhook-Id", "webhook-id")
    local timestamp, other = reader:single("Webhook-Timestamp", "webhook-timestamp")
    problem = problem or other or (not id and "the header Webhook-Id is missing")
    if problem then
      return nil, nil, problem
    end
    return timestamp, id
  end,
  prefix = function(timestamp, event_id)
    return event_id .. "." .. timestamp .. "."
  end,
  write = function(signature, timestamp, event_id)
    return {
      ["Webhook-Signature"] = "v1," .. signature,
      ["Webhook-Timestamp"] = timestamp,
      ["Webhook-Id"] = event_id,
    }
  end,
}

schemes.stripe = {
  form = "stripe",
  headers = { { "Stripe-Signature", "stripe-signature" } },
  separator = ",",
  time_is_signed = true,
  claims = function(reader)
    local header = reader:joined("Stripe-Signature", "stripe-signature", ",")
    return header and match("," .. header, ",[ \t]*t=([^,]*)")
  end,
  prefix = function(timestamp)
    return timestamp .. "."
  end,
  write = function(signature, timestamp)
    return { ["Stripe-Signature"] = "t=" .. timestamp .. ",v1=" .. signature }
  end,
}

---The names of the headers that may hold a signature, for messages.
---@param scheme heygen.webhook.Scheme
---@return string
function schemes.names(scheme)
  local list = {}
  for index, header in ipairs(scheme.headers) do
    list[index] = header[1]
  end
  return table.concat(list, ", ")
end

---The moment a delivery claims to be sent at.
---@param timestamp string
---@return integer? seconds Unix time
---@return string? problem
function schemes.seconds(timestamp)
  -- Twelve digits last for 30,000 years; thirteen are milliseconds.
  if #timestamp > 12 or not find(timestamp, "^%d+$") then
    return nil, "the timestamp is not Unix seconds: " .. errors.printable(timestamp, 40)
  end
  return tonumber(timestamp)
end

return schemes
