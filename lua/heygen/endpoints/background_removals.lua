-- Background removals: the person of a video alone.
local fields = require "heygen.endpoints.fields"

local PATH = "/v3/background-removals"
local LAYERS = { "foreground", "mask", "background" }

return fields.rows("background_removals", {
  {
    name = "create",
    method = "POST",
    path = PATH,
    body = {
      video = fields.file("the video", { required = true }),
      layers = fields.array(
        fields.text("a layer", { min = 1, known = LAYERS }),
        "which parts to give",
        { min = 1, default = LAYERS }
      ),
      title = fields.TITLE,
      request_id = fields.optional_id "does here what the idempotency key does elsewhere; that key when absent",
    },
    key_field = "request_id",
    makes = { id = "job_id" },
    repeatable = false,
    summary = "Takes the background out of a video. This may cost money.",
    returns = "BackgroundRemoval",
  },
  {
    name = "list",
    method = "GET",
    path = PATH,
    query = fields.page(10),
    list = true,
    repeatable = true,
    summary = "The account's removals, newest first.",
    returns = "BackgroundRemoval[]",
  },
  {
    name = "get",
    method = "GET",
    path = PATH .. "/{job_id}",
    repeatable = true,
    summary = "A removal and its status.",
    returns = "BackgroundRemoval",
    expects = "status",
    carries = "id",
  },
  {
    name = "delete",
    method = "DELETE",
    path = PATH .. "/{job_id}",
    repeatable = true,
    summary = "Deletes a removal.",
    returns = "Deleted",
  },
})
