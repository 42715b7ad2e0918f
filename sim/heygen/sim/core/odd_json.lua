-- JSON that is right by its grammar, or nearly, and that careless readers stumble over: what services and gateways
-- really send. Made of the bytes of an answer, since no encoder writes it.
local odd = {}

local KINDS = {
  -- A title and messages that were cut in the middle of an emoji, by UTF-16 units.
  half_emoji = function(body)
    local found, titles = body:gsub('("title":")', "%1\\ud83d")
    local messages
    found, messages = found:gsub('("content":")', "%1\\ud83d")
    return titles + messages > 0 and found or (body:gsub("^{", '{"x_title":"\\ud83d",', 1))
  end,
  nan = function(body)
    local found, count = body:gsub('("duration":)[%d%.]+', "%1NaN")
    return count > 0 and found or (body:gsub("^{", '{"x_score":NaN,', 1))
  end,
  infinity = function(body)
    return (body:gsub("^{", '{"x_score":-Infinity,', 1))
  end,
  bom = function(body)
    return "\239\187\191" .. body
  end,
  -- Lists that are empty are null, and what is false is a text.
  loose_lists = function(body)
    return (body:gsub('"data":%[%]', '"data":null'):gsub('"has_more":false', '"has_more":"false"'))
  end,
}

--- The names of all kinds, "none" first.
---@return table
function odd.names()
  local names = {}
  for name in pairs(KINDS) do
    names[#names + 1] = name
  end
  table.sort(names)
  table.insert(names, 1, "none")
  return names
end

---@param kind string
---@param body string JSON, an object
---@return string
function odd.apply(kind, body)
  local change = KINDS[kind]
  return change and body:find("^{") and change(body) or body
end

--- Ids of 15 digits as numbers.
---@param body string JSON
---@return string
function odd.numeric_ids(body)
  return (body:gsub('("[%w_]*id":)"([1-9]' .. ("%d"):rep(14) .. ')"', "%1%2"))
end

--- A body as the behaviour has it.
---@param b table behaviour
---@param body string JSON, an object
---@return string
function odd.shape(b, body)
  if b.numeric_ids then
    body = odd.numeric_ids(body)
  end
  return odd.apply(b.odd_json, body)
end

return odd
