-- Files of the account: uploads, direct uploads, search.
local fields = require "heygen.endpoints.fields"

local required_text = fields.required_text

local DIRECT = {
  filename = required_text "its name",
  content_type = required_text("its media type, such as video/mp4", { format = "media_type" }),
  size_bytes = fields.integer("its length", { required = true, min = 1 }),
  checksum_sha256 = fields.optional_text("in hex; the storage refuses other bytes", { format = "sha256" }),
}

-- The service names the id of an asset "video_id" here.
local RENAME = { video_id = "asset_id" }

return fields.rows("assets", {
  {
    name = "create",
    method = "POST",
    path = "/v3/assets",
    body = {
      file = { type = "upload", required = true, doc = "a path, {data = ..., filename = ...} or a reader" },
    },
    multipart = true,
    repeatable = true, -- see uploads.lua
    summary = "Uploads a file of up to 32 MB. `client.assets:upload` takes larger ones as well.",
    returns = "UploadedAsset",
    expects = "asset_id",
  },
  {
    name = "get",
    method = "GET",
    path = "/v3/assets/{asset_id}",
    repeatable = true,
    summary = "An asset.",
    returns = "Asset",
    expects = "id",
    carries = "id",
  },
  {
    name = "list",
    method = "GET",
    path = "/v3/assets",
    query = fields.join(fields.page(20), {
      username = required_text "whose assets: the `owner` of an asset, the `username` of users:me()",
      folder_id = fields.text "only assets in this folder; empty: in none",
    }),
    list = true,
    repeatable = true,
    summary = "Assets of a user, newest first.",
    returns = "Asset[]",
  },
  {
    name = "search",
    method = "GET",
    path = "/v3/assets/search",
    query = fields.join(fields.page(20, 50), {
      query = required_text "what it must show",
      type = fields.text("what to search for", { required = true, enum = { "image", "icon" } }),
      scope = fields.text("whose files", { enum = { "public", "personal" }, default = "public" }),
    }),
    list = true,
    each = "each_found",
    repeatable = true,
    summary = "Images and icons that fit a description.",
    returns = "FoundAsset[]",
  },
  {
    name = "statuses",
    method = "GET",
    path = "/v3/assets/statuses",
    query = { asset_ids = fields.ids "assets to show", batch_ids = fields.ids "batches to show" },
    any_of = { "asset_ids", "batch_ids" },
    max_ids = fields.IDS_MAX,
    rename = RENAME,
    repeatable = true,
    summary = "Status of up to 100 assets in one request.",
    returns = "AssetStatus[]",
  },
  {
    name = "delete",
    method = "DELETE",
    path = "/v3/assets/{asset_id}",
    repeatable = true,
    summary = "Deletes an asset.",
    returns = "Deleted",
    expects = "id",
  },
  {
    name = "create_direct_upload",
    method = "POST",
    path = "/v3/assets/direct-uploads",
    body = DIRECT,
    makes = { asset_id = "asset_id" },
    repeatable = true, -- a slot that is not used expires, and the service knows the key of the attempt before
    summary = "Asks for an address to which a file is put without the API key; assets:complete ends it.",
    returns = "DirectUpload",
    expects = "upload_url",
  },
  {
    name = "complete",
    method = "POST",
    path = "/v3/assets/{asset_id}/complete",
    body = { checksum_sha256 = DIRECT.checksum_sha256 },
    repeatable = true, -- the service says so
    summary = "Tells that the bytes of a direct upload are there.",
    returns = "UploadedAsset",
    expects = "asset_id",
    carries = "asset_id",
  },
  {
    name = "create_direct_upload_batch",
    method = "POST",
    path = "/v3/assets/direct-uploads/batches",
    body = {
      files = fields.array(
        fields.object("FileToUpload", "one file", DIRECT),
        "what assets:create_direct_upload takes, for each",
        { required = true, min = 1, max = 100 }
      ),
      title = fields.TITLE,
      callback_url = fields.with(fields.CALLBACK_URL, { doc = "reserved: assets do not call back yet" }),
    },
    repeatable = false,
    summary = "Asks for the addresses of up to 100 direct uploads.",
    returns = "DirectUploadBatch",
    expects = "batch_id",
  },
  {
    name = "complete_batch",
    method = "POST",
    path = "/v3/assets/complete/batches",
    body = { batch_id = required_text "the batch of direct uploads" },
    makes = { batch_id = "batch_id" },
    repeatable = true, -- the service says so
    summary = "Tells that the bytes of all direct uploads of a batch are there.",
    returns = "BatchCreated",
  },
  {
    name = "get_batch",
    method = "GET",
    path = "/v3/assets/batches/{batch_id}",
    query = fields.page(100),
    batch = true,
    each = "each_batch_item",
    rename = RENAME,
    repeatable = true,
    summary = "A batch of direct uploads with a page of its items.",
    returns = "AssetBatch",
    expects = "batch_id",
    carries = "batch_id",
  },
})
