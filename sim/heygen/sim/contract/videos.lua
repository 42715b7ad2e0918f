-- Videos: creation, batches, statuses.
local types = require("heygen.sim.contract.types")

local array = types.array
local flag = types.flag
local id = types.id
local ids = types.ids
local limit = types.limit
local maybe = types.maybe
local object = types.object
local text = types.text
local CREATE = require("heygen.sim.contract.requests")
local TOKEN = types.TOKEN

return {
  {
    id = "videos.batches.create",
    method = "POST",
    path = "/v3/videos/batches",
    body = {
      videos = array(CREATE, { required = true, min = 1, max = 100 }),
      callback_url = text { nullable = true, format = "https" },
      title = maybe(),
    },
    status = 202,
    idempotency = true,
    answer = object { batch_id = id() },
  },
  {
    id = "videos.batches.get",
    method = "GET",
    path = "/v3/videos/batches/{batch_id}",
    query = { limit = limit(100, 100), token = TOKEN },
    answer = types.BATCH,
  },
  {
    id = "videos.create",
    method = "POST",
    path = "/v3/videos",
    body = CREATE,
    idempotency = true,
    answer = object {
      status = id(),
      video_id = id(),
      output_format = text { default = "mp4", enum = { "mp4", "webm" } },
    },
  },
  {
    id = "videos.delete",
    method = "DELETE",
    path = "/v3/videos/{video_id}",
    answer = object { id = id(), deleted = flag { default = true } },
  },
  { id = "videos.get", method = "GET", path = "/v3/videos/{video_id}", answer = types.VIDEO },
  {
    id = "videos.list",
    method = "GET",
    path = "/v3/videos",
    query = { limit = limit(100, 10), token = TOKEN, folder_id = text(), title = text { min = 1 } },
    list = true,
    answer = array(types.VIDEO),
  },
  {
    id = "videos.statuses.list",
    method = "GET",
    path = "/v3/videos/statuses",
    query = { video_ids = ids(), batch_ids = ids() },
    list = true,
    answer = array(types.BULK_STATUS),
  },
}
