-- Brand glossaries: how names are spoken and translated.
local fields = require "heygen.endpoints.fields"

return fields.rows("brand_glossaries", {
  {
    name = "list",
    method = "GET",
    path = "/v3/brand-glossaries",
    query = fields.page(10),
    list = true,
    repeatable = true,
    summary = "Glossaries of the account.",
    returns = "BrandGlossary[]",
  },
  {
    name = "create",
    method = "POST",
    path = "/v3/brand-glossaries",
    -- Newer than the published schema: its terms go into `extra`.
    body = { name = fields.text("what to call it", { min = 1 }) },
    makes = { brand_glossary_id = "brand_glossary_id" },
    repeatable = false,
    shown = { "name" },
    summary = "Makes a glossary.",
    returns = "BrandGlossary",
  },
})
