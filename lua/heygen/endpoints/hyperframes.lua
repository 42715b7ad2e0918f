-- HyperFrames renders: a video made from your own project, a ZIP archive with an index.html.
local fields = require "heygen.endpoints.fields"

local PATH = "/v3/hyperframes/renders"
local ONE = PATH .. "/{render_id}"

-- Only a direct upload takes an archive.
local PROJECT = fields.file("the project, a ZIP archive with an index.html", {
  required = true,
  direct = true,
  media_types = { "application/zip" },
})

return fields.rows("hyperframes", {
  {
    name = "create_render",
    method = "POST",
    path = PATH,
    body = {
      project = PROJECT,
      fps = fields.integer("frames a second", { nullable = true, default = 30 }),
      quality = fields.text("draft, standard or high", { enum = { "draft", "standard", "high" } }),
      format = fields.text("mp4, webm or mov", { enum = { "mp4", "webm", "mov" } }),
      resolution = fields.text("size of the picture", { enum = { "1080p", "4k" }, default = "1080p" }),
      aspect_ratio = fields.text(
        "form of the picture",
        { enum = { "16:9", "9:16", "1:1" }, default = "16:9" }
      ),
      composition = fields.optional_text "which one of the project",
      variables = fields.free("what the project reads, by its own names", { nullable = true }),
      title = fields.TITLE,
      callback_url = fields.CALLBACK_URL,
      callback_id = fields.CALLBACK_ID,
    },
    repeatable = false,
    shown = { "title" },
    summary = "Renders a HyperFrames project. This costs money.",
    returns = "HyperframesRenderCreated",
    expects = "render_id",
  },
  {
    name = "renders",
    method = "GET",
    path = PATH,
    query = { limit = fields.integer "items in a page", token = fields.TOKEN },
    list = true,
    each = "each_render",
    repeatable = true,
    summary = "The account's renders, newest first.",
    returns = "HyperframesRender[]",
  },
  {
    name = "get_render",
    method = "GET",
    path = ONE,
    repeatable = true,
    summary = "One render and its status, with fresh download addresses when it is completed.",
    returns = "HyperframesRender",
    expects = "status",
    carries = "render_id",
  },
  {
    name = "delete_render",
    method = "DELETE",
    path = ONE,
    repeatable = true,
    summary = "Deletes a render.",
    returns = "HyperframesRenderDeleted",
  },
})
