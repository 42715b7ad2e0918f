-- Lip syncs: another sound for a film, with lips that fit.
local edits = require "heygen.endpoints.jobs"
local fields = require "heygen.endpoints.fields"

local PATH = "/v3/lipsyncs"

local BODY = fields.join(edits.COMMON, { audio = fields.file("the new sound", { required = true }) })

local rows = edits.rows(
  PATH,
  "lipsync_id",
  "lipsyncs",
  BODY,
  { one = "lip sync", many = "lip syncs", returns = "Lipsync" }
)

table.insert(rows, 1, {
  name = "create",
  method = "POST",
  path = PATH,
  body = BODY,
  repeatable = false,
  summary = "Gives a film another sound, with lips that fit. This costs money.",
  returns = "LipsyncCreated",
  expects = "lipsync_id",
})

return fields.rows("lipsyncs", rows)
