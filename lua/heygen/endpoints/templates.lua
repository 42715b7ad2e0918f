-- Templates: videos with blanks to fill in.
local fields = require "heygen.endpoints.fields"

local switch = fields.switch

local function side(doc)
  return fields.integer(doc, { required = true, min = 128, max = 4096, even = true })
end

local SUBTITLES = fields.object(
  "TemplateSubtitles",
  "the style of the subtitles; with them, without caption too",
  {
    preset_name = fields.text("the name of the style", { required = true, min = 1 }),
    alignment = fields.integer("where a line stands", { nullable = true, default = 2 }),
    disable_highlight = fields.flag("true: the word that is spoken is not highlighted", {
      nullable = true,
      default = false,
    }),
    font_size = fields.integer("size of the letters", { nullable = true }),
    position = fields.object("TemplatePosition", "moves them", {
      x = fields.number("to the right", { default = 0 }),
      y = fields.number("down", { default = 0 }),
    }, { nullable = true }),
  },
  { nullable = true }
)

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
        "only these scenes, in this order; one may come several times",
        { nullable = true }
      ),
      dimension = fields.object(
        "Dimension",
        "size of the picture",
        { width = side "pixels", height = side "pixels" },
        { nullable = true }
      ),
      caption = switch(false, "true: with subtitles"),
      subtitles = SUBTITLES,
      fps = fields.number("frames a second", { enum = { 25, 30, 60 }, default = 25 }),
      folder_id = fields.FOLDER_ID,
      brand_voice_id = fields.BRAND_VOICE_ID,
      include_gif = switch(false, "true: with an animated preview"),
      enable_sharing = switch(false, "true: anyone who has the address can see it"),
      keep_text_vertically_centered = switch(false, "true: texts of another length stay in the middle"),
      reorder_music = switch(true, "false: the music stays when scenes change their order"),
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
