-- Videos: creation, batches, statuses.
local types = require("heygen.sim.contract.types")

local array = types.array
local flag = types.flag
local id = types.id
local object = types.object
local text = types.text

return {
  {
    id = "videos.create_batch",
    status = 202,
    idempotency = true,
    answer = object { batch_id = id() },
  },
  {
    id = "videos.get_batch",
    answer = types.BATCH,
  },
  {
    id = "videos.create",
    idempotency = true,
    answer = object {
      status = id(),
      video_id = id(),
      output_format = text { default = "mp4", enum = { "mp4", "webm" } },
    },
  },
  {
    id = "videos.delete",
    answer = object { id = id(), deleted = flag { default = true } },
  },
  {
    id = "videos.get",
    answer = types.VIDEO,
  },
  {
    id = "videos.list",
    list = true,
    answer = array(types.VIDEO),
  },
  {
    id = "videos.statuses",
    list = true,
    answer = array(types.BULK_STATUS),
  },
}
