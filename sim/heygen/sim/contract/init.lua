-- The service's contract as data: every endpoint with its parameters, limits, enums, errors and answers.
--
-- What an endpoint takes (method, path, query, body, multipart) comes from the client's table of the API, see
-- heygen.sim.contract.parameters. The rows of this room add what is the service's own: id ("group.name" there); `own`,
-- fields that are known better here; listed (the client has no method for it, and all is said here); open (unknown
-- fields pass), keep_null (nulls reach the handler); status of success; list (the envelope has has_more and
-- next_token); answer, the field of `data`; idempotency (true, or "switch": as the behaviour says). Fields are in
-- heygen.sim.contract.types.
local parameters = require "heygen.sim.contract.parameters"

local contract = {
  ENDPOINTS = {},
  ERRORS = require "heygen.sim.contract.errors",
  EVENTS = require "heygen.endpoints.event_types",
}

local seen = {}
for _, name in ipairs { "video_agents", "videos", "assets", "webhooks", "account", "library", "jobs" } do
  for _, row in ipairs(require("heygen.sim.contract." .. name)) do
    contract.ENDPOINTS[#contract.ENDPOINTS + 1] = parameters.complete(row)
    seen[row.id] = true
  end
end

for name in pairs(parameters.rows()) do
  assert(seen[name], name .. " has no row in the contract")
end

--- The largest body that POST /v3/assets takes, and that a direct upload may announce.
contract.UPLOAD_BYTES = 33554432
contract.DIRECT_BYTES = 209715200

return contract
