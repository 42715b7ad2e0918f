-- Templates: videos with blanks to fill in.
local fields = require "heygen.endpoints.fields"

local optional_flag = fields.optional_flag

local function side(doc)
  return fields.integer(doc, { required = true, min = 128, max = 4096 })
end

return fields.rows("templates", {
  {
    name = "list",
    method = "GET",
    path = "/v3/templates",
    query = fields.page(10),
    list = true,
    repeatable = true,
    summary = "Templates of the account.",
    returns = "Template[]",
  },
  {
    name = "get",
    method = "GET",
    path = "/v3/templates/{template_id}",
    repeatable = true,
    summary = "A template with its variables.",
    returns = "Template",
    carries = "id",
  },
  {
    name = "generate",
    method = "POST",
    path = "/v3/templates/{template_id}",
    body = {
      variables = fields.free("what to fill in, by the names of templates:get()", { required = true }),
      title = fields.TITLE,
      scene_ids = fields.array(
        fields.text("a scene", { min = 1 }),
        "only these scenes, in this order",
        { nullable = true }
      ),
      dimension = fields.object(
        "Dimension",
        "size of the picture",
        { width = side "pixels", height = side "pixels" },
        { nullable = true }
      ),
      caption = optional_flag "true: with subtitles",
      subtitles = fields.any("the style of the subtitles", { nullable = true }),
      fps = fields.optional_number("frames a second", { above = 0 }),
      folder_id = fields.FOLDER_ID,
      brand_voice_id = fields.BRAND_VOICE_ID,
      include_gif = optional_flag "true: with an animated preview",
      enable_sharing = optional_flag "true: anyone who has the address can see it",
      keep_text_vertically_centered = optional_flag "true: texts of another length stay in the middle",
      reorder_music = optional_flag "true: the music follows the new order of scenes",
      callback_url = fields.CALLBACK_URL,
      callback_id = fields.CALLBACK_ID,
    },
    makes = { id = "video_id" },
    repeatable = false,
    summary = "Makes a video from a template. This costs money.",
    returns = "Video",
    expects = "id",
  },
})
