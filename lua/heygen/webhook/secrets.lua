-- The secrets of a verifier: one, or several while one replaces another. A bad one is a mistake of the program and
-- raises: an empty key must never verify anything. No message shows a secret.
local checker = require "heygen.schema.options"
local values = require "heygen.schema.value"

local secrets = {}

local find = string.find

-- Most receivers have one secret for all their deliveries.
local last_good

---@class heygen.webhook.Secret
---@field secret string as HeyGen gave it
---@field id string? shown as `secret_id` of what it verifies
---@field expires number? Unix seconds; from then on it verifies nothing

---@alias heygen.webhook.Secrets string|heygen.webhook.Secret|(string|heygen.webhook.Secret)[]|fun(): any

local function text_problem(secret)
  if type(secret) ~= "string" then
    return "expected a string, got " .. type(secret)
  elseif secret == "" then
    return "an empty secret would accept every sender"
  elseif find(secret, "%c") then
    return "a secret has no line breaks: was it read from a file with its last line break?"
  end
  return nil
end

-- The problem of an entry, and which part of it that is.
local function entry_problem(entry)
  if type(entry) ~= "table" then
    return text_problem(entry), ""
  end
  local problem = text_problem(entry.secret)
  if problem then
    return problem, ".secret"
  elseif entry.expires ~= nil and type(entry.expires) ~= "number" then
    return values.expected("Unix seconds", entry.expires), ".expires"
  elseif entry.id ~= nil and type(entry.id) ~= "string" and type(entry.id) ~= "number" then
    return values.expected("a string", entry.id), ".id"
  end
  return nil
end

-- A list of entries; or nil, the problem, and where it is.
local function list_of(given)
  if type(given) ~= "table" then
    return nil, "expected a string or a list, got " .. type(given), ""
  elseif given.secret ~= nil then
    given = { given }
    local problem, part = entry_problem(given[1])
    return not problem and given or nil, problem, part
  elseif given[1] == nil then
    return nil, "none is given; webhook.parse reads deliveries that are not signed", ""
  end
  for index = 1, #given do
    local problem, part = entry_problem(given[index])
    if problem then
      return nil, problem, "[" .. index .. "]" .. part
    end
  end
  return given
end

---What the caller gave, checked: one string, or a list.
---@param where string the function, for messages
---@param given heygen.webhook.Secrets
---@param level integer of the caller to blame, as for error
---@return string|table
function secrets.check(where, given, level)
  if given == last_good and given ~= nil then
    return given
  end
  if checker.is_callable(given) then
    given = given()
  end
  local list, problem, place
  if type(given) == "string" then
    list, problem, place = given, text_problem(given), ""
  else
    list, problem, place = list_of(given)
  end
  if problem then
    error(where .. ": secrets" .. place .. ": " .. problem, level + 1)
  elseif type(list) == "string" then
    last_good = list
  end
  return list
end

return secrets
