-- Requests out of bytes, with the limits of the service: its uploads are far larger than other bodies.
local http = require "heygen.webhook.http1"

local sim_http = {}

local HEADER_LIMIT = 64 * 1024
local BODY_LIMIT = 40 * 1024 * 1024
-- What is put to the address of a direct upload.
local UPLOAD_LIMIT = 100 * 1024 * 1024

---@param limits table? header, body = bytes
---@return table parser see heygen.webhook.http1
function sim_http.new(limits)
  limits = limits or {}
  local most = limits.body or BODY_LIMIT
  return http.new {
    header = limits.header or HEADER_LIMIT,
    body = function(method, path)
      if method == "PUT" and path:find "^/uploads/" then
        return math.max(most, UPLOAD_LIMIT)
      end
      return most
    end,
  }
end

return sim_http
