-- Assets: uploads, direct uploads, batches, search.
local types = require("heygen.sim.contract.types")

local array = types.array
local flag = types.flag
local id = types.id
local ids = types.ids
local integer = types.integer
local limit = types.limit
local maybe = types.maybe
local object = types.object
local text = types.text
local union = types.union
local TOKEN = types.TOKEN

local ASSET = object {
  id = id(),
  name = id(),
  owner = id(),
  space_id = id(),
  type = id(),
  uploaded_at = integer { required = true },
  folder_id = maybe(),
  url = maybe(),
}

return {
  {
    id = "assets.batches.get",
    method = "GET",
    path = "/v3/assets/batches/{batch_id}",
    query = { limit = limit(100, 100), token = TOKEN },
    answer = types.BATCH,
  },
  {
    id = "assets.complete_batches.create",
    method = "POST",
    path = "/v3/assets/complete/batches",
    body = { batch_id = id() },
    status = 202,
    answer = object { batch_id = id() },
  },
  {
    id = "assets.complete",
    method = "POST",
    path = "/v3/assets/{asset_id}/complete",
    body = { checksum_sha256 = text { nullable = true, format = "sha256" } },
    answer = object {
      asset_id = id(),
      mime_type = id(),
      size_bytes = integer { required = true },
      status = id(),
      url = id(),
    },
  },
  {
    id = "assets.create",
    method = "POST",
    path = "/v3/assets",
    multipart = true,
    idempotency = true,
    answer = object {
      asset_id = id(),
      mime_type = id(),
      size_bytes = integer { required = true },
      url = id(),
    },
  },
  { id = "assets.delete", method = "DELETE", path = "/v3/assets/{asset_id}", answer = object { id = id() } },
  {
    id = "assets.direct_uploads_batches.create",
    method = "POST",
    path = "/v3/assets/direct-uploads/batches",
    body = {
      files = array(
        object {
          content_type = text { required = true, format = "mime" },
          filename = id(),
          size_bytes = integer { required = true },
          checksum_sha256 = text { nullable = true, format = "sha256" },
        },
        { required = true, min = 1, max = 100 }
      ),
      callback_url = text { nullable = true, format = "https" },
      title = maybe(),
    },
    idempotency = true,
    answer = object {
      batch_id = id(),
      items = array(
        object {
          asset_id = id(),
          expires_in_seconds = integer { required = true },
          max_bytes = integer { required = true },
          status = id(),
          upload_headers = object(nil, { required = true }),
          upload_url = id(),
        },
        { required = true }
      ),
    },
  },
  {
    id = "assets.direct_uploads.create",
    method = "POST",
    path = "/v3/assets/direct-uploads",
    body = {
      content_type = text { required = true, format = "mime" },
      filename = id(),
      size_bytes = integer { required = true },
      checksum_sha256 = text { nullable = true, format = "sha256" },
    },
    idempotency = true,
    answer = object {
      asset_id = id(),
      expires_in_seconds = integer { required = true },
      max_bytes = integer { required = true },
      status = id(),
      upload_headers = object(nil, { required = true }),
      upload_url = id(),
    },
  },
  { id = "assets.get", method = "GET", path = "/v3/assets/{asset_id}", answer = ASSET },
  {
    id = "assets.list",
    method = "GET",
    path = "/v3/assets",
    query = { username = id(), limit = limit(100, 20), token = TOKEN, folder_id = text() },
    list = true,
    answer = array(ASSET),
  },
  {
    id = "assets.search",
    method = "GET",
    path = "/v3/assets/search",
    query = {
      query = id(),
      limit = limit(50, 20),
      token = TOKEN,
      type = text { required = true, enum = { "image", "icon" } },
      scope = text { default = "public", enum = { "public", "personal" } },
    },
    list = true,
    answer = array(union("type", {
      image = {
        id = id(),
        url = id(),
        height = integer { nullable = true },
        is_transparent = flag { nullable = true },
        orientation = maybe(),
        width = integer { nullable = true },
      },
      icon = {
        id = id(),
        url = id(),
        height = integer { nullable = true },
        is_transparent = flag { nullable = true },
        orientation = maybe(),
        width = integer { nullable = true },
      },
    })),
  },
  {
    id = "assets.statuses.list",
    method = "GET",
    path = "/v3/assets/statuses",
    query = { asset_ids = ids(), batch_ids = ids() },
    list = true,
    answer = array(types.BULK_STATUS),
  },
}
