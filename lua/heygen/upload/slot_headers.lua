-- The headers that a slot for a direct upload asks for. They may be part of a signature, so they are sent as they are.
local core = require "heygen.core"

local slot_headers = {}

local format = string.format

-- They follow from what is sent, and to where. The storage takes no chunks.
local DERIVED = { ["content-length"] = true, host = true, ["transfer-encoding"] = true }

-- The value of a header as text; nil for what can be none.
local function header_text(value)
  if type(value) == "number" then
    return format(value % 1 == 0 and "%.0f" or "%.14g", value)
  elseif type(value) == "boolean" then
    return tostring(value)
  end
  return type(value) == "string" and value or nil
end

-- The type of a value is not published: lists and objects are left out, as the service's own client does.
---The headers of the PUT.
---@param client heygen.Client
---@param slot table what the service has answered
---@return userdata? headers nil: they were not understood
function slot_headers.read(client, slot)
  local headers, has_agent = {}, false
  if slot.upload_headers ~= nil and type(slot.upload_headers) ~= "table" then
    return nil
  end
  for name, value in pairs(slot.upload_headers or {}) do
    local text = header_text(value)
    if type(name) == "string" and text then
      has_agent = has_agent or name:lower() == "user-agent"
      if not DERIVED[name:lower()] then
        headers[name] = text
      end
    end
  end
  if not has_agent then
    headers["User-Agent"] = client.options.user_agent
  end
  local ok, list = pcall(core.headers, headers)
  return ok and list or nil
end

return slot_headers
