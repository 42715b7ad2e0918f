-- Brand kits: colours and logos for videos.
local fields = require "heygen.endpoints.fields"

return fields.rows("brand_kits", {
  {
    name = "list",
    method = "GET",
    path = "/v3/brand-kits",
    query = fields.page(20),
    list = true,
    repeatable = true,
    summary = "Brand kits of the account.",
    returns = "BrandKit[]",
  },
  {
    name = "create",
    method = "POST",
    path = "/v3/brand-kits",
    -- Newer than the published schema: not even what it needs is known for sure.
    body = { url = fields.text("a web site to take colours and logo from", { format = "https_url" }) },
    makes = { brand_kit_id = "brand_kit_id" },
    repeatable = false,
    shown = { "url" },
    summary = "Makes a brand kit from a web site.",
    returns = "BrandKit",
  },
})
