-- AI clipping: short clips of a long video.
local fields = require "heygen.endpoints.fields"

local PATH = "/v3/ai-clipping"

local OUTPUT_SETTINGS = fields.object("ClipSettings", "form, length and subtitles of the clips", {
  aspect_ratio = fields.text(
    "form of the picture",
    { enum = { "landscape", "portrait", "square" }, default = "portrait" }
  ),
  duration_types = fields.array(
    fields.text("seconds, at most", { enum = { "30", "60", "180", "long" } }),
    "how long clips may be, in seconds"
  ),
  captions = fields.switch(true, "false: without subtitles"),
  caption_style = fields.optional_text "the style of the subtitles",
  prompt = fields.optional_text("what the clips must be about", { max = 500 }),
})

return fields.rows("ai_clipping", {
  {
    name = "create",
    method = "POST",
    path = PATH,
    body = {
      video = fields.file_without_base64("the video", { required = true }),
      title = fields.TITLE,
      input_language = fields.optional_text "what is spoken; found out when absent",
      output_settings = OUTPUT_SETTINGS,
      callback_url = fields.CALLBACK_URL,
      callback_id = fields.CALLBACK_ID,
    },
    makes = { job_id = "job_id" },
    repeatable = false,
    summary = "Makes short clips of a long video. This may cost money.",
    returns = "ClippingCreated",
  },
  {
    name = "list",
    method = "GET",
    path = PATH,
    query = fields.page(10),
    list = true,
    repeatable = true,
    summary = "The account's clippings, newest first.",
    returns = "Clipping[]",
  },
  {
    name = "get",
    method = "GET",
    path = PATH .. "/{job_id}",
    repeatable = true,
    summary = "A clipping, its status and its clips.",
    returns = "Clipping",
    expects = "status",
    carries = "id",
  },
  {
    name = "delete",
    method = "DELETE",
    path = PATH .. "/{job_id}",
    repeatable = true,
    summary = "Deletes a clipping.",
    returns = "Deleted",
  },
})
