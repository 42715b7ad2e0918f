-- HyperFrames renders.
local fields = require "heygen.endpoints.fields"

return fields.rows("hyperframes", {
  {
    name = "create_render",
    method = "POST",
    path = "/v3/hyperframes/renders",
    -- Newer than the published schema: what is to be rendered goes into `extra`.
    body = { title = fields.TITLE, callback_url = fields.CALLBACK_URL, callback_id = fields.CALLBACK_ID },
    repeatable = false,
    shown = { "title" },
    summary = "Renders a HyperFrames project. This may cost money.",
    returns = "HyperframesRender",
    makes = { render_id = "render_id" },
  },
})
