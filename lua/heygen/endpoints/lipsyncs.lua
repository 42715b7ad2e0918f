-- Lip syncs: another sound for a video, with lips that fit.
local fields = require "heygen.endpoints.fields"
local jobs = require "heygen.endpoints.jobs"

local create = {
  name = "create",
  method = "POST",
  path = "/v3/lipsyncs",
  body = fields.join(
    jobs.COMMON,
    { audio = fields.file_without_base64("the new sound", { required = true }) }
  ),
  repeatable = false,
  summary = "Gives a video another sound, with lips that fit. This costs money.",
  returns = "LipsyncCreated",
  expects = "lipsync_id",
}

local WORDS = { one = "lip sync", many = "lip syncs", plural = "lipsyncs", returns = "Lipsync" }

return fields.rows("lipsyncs", jobs.rows(create, "lipsync_id", WORDS))
