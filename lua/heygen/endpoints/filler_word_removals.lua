-- Removals of filler words: a video without its "um" and "er".
local fields = require "heygen.endpoints.fields"

local PATH = "/v3/filler-word-removals"

return fields.rows("filler_word_removals", {
  {
    name = "create",
    method = "POST",
    path = PATH,
    body = {
      video = fields.file_without_base64("the video", { required = true }),
      title = fields.TITLE,
      callback_url = fields.CALLBACK_URL,
      callback_id = fields.CALLBACK_ID,
    },
    repeatable = false,
    summary = "Cuts filler words out of a video. This costs money.",
    returns = "FillerWordRemovalCreated",
    expects = "filler_word_removal_id",
    also_as = { "job_id", "id" }, -- its name is not published
    makes = { job_id = "filler_word_removal_id", id = "filler_word_removal_id" },
  },
  {
    name = "get",
    method = "GET",
    path = PATH .. "/{filler_word_removal_id}",
    repeatable = true,
    summary = "A removal of filler words and its status, with a fresh download address when it is completed.",
    returns = "FillerWordRemoval",
    expects = "status",
    carries = "id",
  },
})
