-- The secrets of a verifier: one, or several while one replaces another. A bad one is a mistake of the program and
-- raises: an empty key must never verify anything. No message shows a secret.
local check = require "heygen.webhook.check"
local values = require "heygen.values"

local secrets = {}

local find = string.find

-- Most receivers have one secret for all their deliveries.
local last_good

---@class heygen.webhook.Secret
---@field secret string as HeyGen gave it
---@field id string? shown as `secret_id` of what it verifies
---@field expires number? Unix seconds; from then on it verifies nothing

---@alias heygen.webhook.Secrets string|heygen.webhook.Secret|(string|heygen.webhook.Secret)[]|fun(): any

local function fail(where, place, problem, level)
  error(where .. ": secrets" .. place .. ": " .. problem, level + 1)
end

local function check_text(where, place, secret, level)
  if type(secret) ~= "string" then
    fail(where, place, values.expected("a string", secret), level + 1)
  elseif secret == "" then
    fail(where, place, "an empty secret would let everybody in", level + 1)
  elseif find(secret, "%c") then
    fail(
      where,
      place,
      "a secret has no line breaks: was it read from a file with its last line break?",
      level + 1
    )
  end
end

local function check_entry(where, place, entry, level)
  if type(entry) ~= "table" then
    return check_text(where, place, entry, level + 1)
  end
  check_text(where, place .. ".secret", entry.secret, level + 1)
  if entry.expires ~= nil and type(entry.expires) ~= "number" then
    fail(where, place .. ".expires", values.expected("Unix seconds", entry.expires), level + 1)
  elseif entry.id ~= nil and type(entry.id) ~= "string" and type(entry.id) ~= "number" then
    fail(where, place .. ".id", values.expected("a string", entry.id), level + 1)
  end
end

---What the caller gave, checked: one string, or a list.
---@param where string the function, for messages
---@param given heygen.webhook.Secrets
---@param level integer of the caller to blame, as for error
---@return string|table
function secrets.check(where, given, level)
  if type(given) == "string" then
    if given ~= last_good then
      check_text(where, "", given, level + 1)
      last_good = given
    end
    return given
  elseif check.callable(given) then
    given = given()
    if check.callable(given) then
      fail(where, "", "the function gave a function", level + 1)
    end
    return secrets.check(where, given, level + 1)
  elseif type(given) ~= "table" then
    fail(where, "", values.expected("a string or a list", given), level + 1)
  elseif given.secret ~= nil then
    check_entry(where, "", given, level + 1)
    return { given }
  elseif given[1] == nil then
    fail(where, "", "none is given; webhook.parse reads deliveries that are not signed", level + 1)
  end
  for index = 1, #given do
    check_entry(where, "[" .. index .. "]", given[index], level + 1)
  end
  return given
end

return secrets
