-- By what a delivery is recognized when it comes again: the keys that a store claims for it. Pure.
local core = require "heygen.core"
local event = require "heygen.webhook.event"

local keys = {}

local sha256 = core.sha256

-- The ids of an event behind what names its type.
local function name_of(first, made)
  local parts = { first }
  for index = 1, #event.ids do
    parts[#parts + 1] = made[event.ids[index]]
  end
  return parts
end

---The keys of a signed delivery. Without an id of its own, the same type about the same ids is the same event, as its
---signed URL may differ each time.
---@param made heygen.Event
---@param raw_body string
---@return string[]
function keys.of_signed(made, raw_body)
  local list, name = { "body:" .. sha256(raw_body) }, made.event_id
  if name then
    name = "id:" .. name
  elseif made.type then
    local parts = name_of("of:" .. made.type, made)
    name = parts[2] and table.concat(parts, "\n")
  end
  if name then
    list[2] = #name <= 100 and name or "long:" .. sha256(name)
  end
  return list
end

---The keys of an unsigned delivery to a callback. Bodies without ids are alike: one for another callback_id is another
---event.
---@param made heygen.Event with callback_id
---@param raw_body string
---@return string[]
function keys.of_callback(made, raw_body)
  local parts = name_of(made.callback_id .. "\n" .. tostring(made.type), made)
  local of_body = sha256(made.callback_id .. "\n" .. raw_body)
  return { "body:" .. of_body, "callback:" .. sha256(table.concat(parts, "\n")) }
end

return keys
