-- Assets: uploads, direct uploads, batches, search.
local types = require("heygen.sim.contract.types")

local array = types.array
local flag = types.flag
local id = types.id
local integer = types.integer
local maybe = types.maybe
local object = types.object
local union = types.union

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
    id = "assets.get_batch",
    answer = types.BATCH,
  },
  {
    id = "assets.complete_batch",
    status = 202,
    answer = object { batch_id = id() },
  },
  {
    id = "assets.complete",
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
    idempotency = true,
    answer = object {
      asset_id = id(),
      mime_type = id(),
      size_bytes = integer { required = true },
      url = id(),
    },
  },
  {
    id = "assets.delete",
    answer = object { id = id() },
  },
  {
    id = "assets.create_direct_upload_batch",
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
    id = "assets.create_direct_upload",
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
  {
    id = "assets.get",
    answer = ASSET,
  },
  {
    id = "assets.list",
    list = true,
    answer = array(ASSET),
  },
  {
    id = "assets.search",
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
    id = "assets.statuses",
    list = true,
    answer = array(types.BULK_STATUS),
  },
}
