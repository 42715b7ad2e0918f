-- The service's contract as data: every endpoint with its parameters, limits, enums, errors and answers.
--
-- A row: id, method, path; query (name → field) or body (name → field, or a union), multipart, open (unknown fields
-- pass), keep_null (nulls reach the handler); status of success; list (the envelope has has_more and next_token);
-- answer, the field of `data`; idempotency (true, or "switch": as the behaviour says). Fields are described in
-- heygen.sim.contract.types.
local contract = {
  ENDPOINTS = {},
  ERRORS = require "heygen.sim.contract.errors",
  EVENTS = require "heygen.sim.contract.events",
}

for _, name in ipairs { "video_agents", "videos", "assets", "webhooks", "account", "library", "jobs" } do
  for _, row in ipairs(require("heygen.sim.contract." .. name)) do
    contract.ENDPOINTS[#contract.ENDPOINTS + 1] = row
  end
end

--- The largest body that POST /v3/assets takes, and that a direct upload may announce.
contract.UPLOAD_BYTES = 33554432
contract.DIRECT_BYTES = 104857600

return contract
