-- Music and sound effects.
local fields = require "heygen.endpoints.fields"

return fields.rows("audio", {
  {
    name = "sounds",
    method = "GET",
    path = "/v3/audio/sounds",
    query = fields.join(fields.page(10, 50), {
      query = fields.required_text "how it must sound",
      type = fields.text("what to search for", { enum = { "music", "sound_effects" }, default = "music" }),
      min_score = fields.number("how well it must fit", { min = 0, max = 1, default = 0.7 }),
    }),
    list = true,
    each = "each_sound",
    repeatable = true,
    summary = "Music and sound effects that fit a description.",
    returns = "Sound[]",
  },
})
