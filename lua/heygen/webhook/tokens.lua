-- Callbacks that only HeyGen can make: a callback_url is not signed, so an id and a token that cannot be guessed go
-- into it. The token is an HMAC of the id: to check it, the secret is enough.
local checker = require "heygen.schema.options"
local core = require "heygen.core"
local values = require "heygen.schema.value"

local tokens = {}

tokens.ID, tokens.TOKEN = "callback_id", "callback_token" -- names in the query

local LEAST_SECRET = 16 -- bytes
local MOST_ID = 128
local PURPOSE = "heygen callback v1:" -- a token is good for nothing else, whatever else the secret is used for

---@param secret any
---@return string? problem
function tokens.secret_problem(secret)
  if type(secret) ~= "string" then
    return "expected a string, got " .. type(secret)
  elseif #secret < LEAST_SECRET then
    return ("expected %d bytes or more of randomness, got %d"):format(LEAST_SECRET, #secret)
  end
end

---The token of an id.
---@param secret string
---@param id string
---@return string token 64 hexadecimal digits
function tokens.make(secret, id)
  return core.hmac_sha256(secret, PURPOSE .. id)
end

local function id_problem(id)
  if type(id) ~= "string" then
    return "expected a string, got " .. type(id)
  elseif id == "" or #id > MOST_ID or not id:find "^[%w%-%._~]+$" then
    return ('expected 1 to %d letters, digits or any of "-._~", got %s'):format(MOST_ID, values.given(id))
  end
end

local function with_query(url, query)
  local address, fragment = url:match "^([^#]*)(.*)$"
  local mark = not address:find("?", 1, true) and "?" or (address:find "[?&]$" and "" or "&")
  return address .. mark .. query .. fragment
end

---@class heygen.webhook.Callback
---@field url string the receiver; its own query stays
---@field token_secret string the router's: 16 bytes or more of randomness
---@field id string? becomes the callback_id: letters, digits or any of "-._~" (a random one)

local KNOWN = {
  url = {
    expected = "the address of the receiver",
    is = values.filled,
    required = "write url = the address of the receiver",
  },
  token_secret = {
    problem = tokens.secret_problem,
    required = "write token_secret = that of the router",
  },
  id = { problem = id_problem },
}

---The fields of a request whose end is delivered to a router with the same token_secret.
---@param given table { url, token_secret, id? }
---@param within string? the name of the table, for messages
---@return table? fields { callback_url, callback_id }
---@return string? problem names the field
function tokens.fields(given, within)
  local read, problem = checker.check(given, KNOWN, within)
  if not read then
    return nil, problem
  end
  local id = read.id or core.uuid()
  local query = ("%s=%s&%s=%s"):format(tokens.ID, id, tokens.TOKEN, tokens.make(read.token_secret, id))
  return { callback_url = with_query(read.url, query), callback_id = id }
end

---The fields of a request with its `callback` spelled out as callback_url and callback_id.
---@param fields table with `callback`; it stays as it is
---@param with_id boolean does the call take a callback_id? The address has it in any case
---@return table? expanded
---@return string id or the problem
function tokens.expand(fields, with_id)
  if fields.callback_url ~= nil or fields.callback_id ~= nil then
    return nil, "callback: it makes callback_url and callback_id: leave those out"
  end
  local made, problem = tokens.fields(fields.callback, "callback")
  if not made then
    return nil, problem
  end
  local id = made.callback_id
  made.callback_id = with_id and id or nil
  for name, value in pairs(fields) do
    if name ~= "callback" then
      made[name] = value
    end
  end
  return made, id
end

-- The last value counts, as ours stand behind those of the receiver's own.
local function parameter(query, name)
  local found
  for value in ("&" .. query):gmatch("&" .. name .. "=([^&]*)") do
    found = value
  end
  return found
end

---The callback_id and the token in the address of a delivery.
---@param target any a request target ("/hook?a=b"), a query ("a=b"), or a table of parameters
---@return string? id
---@return string? token nil: it is no callback with a token
function tokens.read(target)
  if type(target) == "table" then
    local id, token = target[tokens.ID], target[tokens.TOKEN]
    return type(id) == "string" and id or nil, type(token) == "string" and token or nil
  elseif type(target) ~= "string" then
    return nil
  end
  local query = target:match "%?([^#]*)" or target
  return parameter(query, tokens.ID), parameter(query, tokens.TOKEN)
end

---Whether this is the token of that id, in a time that does not depend on how much of it is right.
---@param secrets string[]
---@param id string?
---@param token string?
---@return boolean
function tokens.matches(secrets, id, token)
  if not id or not token or id_problem(id) or #token ~= 64 then
    return false
  end
  local found = false
  for _, secret in ipairs(secrets) do
    found = core.equal(tokens.make(secret, id), token) or found
  end
  return found
end

return tokens
