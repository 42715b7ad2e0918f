-- Videos: made without an agent, one by one or in batches; read, and deleted.
local VIDEO = require "heygen.endpoints.video_body"
local fields = require "heygen.endpoints.fields"

return fields.rows("videos", {
  {
    name = "create",
    method = "POST",
    path = "/v3/videos",
    body_union = VIDEO,
    repeatable = false,
    summary = "Makes a video without an agent: a speaking avatar, a speaking picture, a cinematic scene, or scenes one "
      .. "after the other. This costs money.",
    returns = "VideoCreated",
    expects = "video_id",
  },
  {
    name = "get",
    method = "GET",
    path = "/v3/videos/{video_id}",
    repeatable = true,
    brief = true,
    summary = "A video, with fresh download addresses when it is completed.",
    returns = "Video",
    expects = "status",
    carries = "id",
  },
  {
    name = "list",
    method = "GET",
    path = "/v3/videos",
    query = fields.join(fields.page(10), {
      folder_id = fields.text "only videos in this folder",
      title = fields.text("only videos with this text in their title", { min = 1 }),
    }),
    list = true,
    repeatable = true,
    summary = "Videos of the account.",
    returns = "Video[]",
  },
  {
    name = "delete",
    method = "DELETE",
    path = "/v3/videos/{video_id}",
    repeatable = true,
    summary = "Deletes a video for good.",
    returns = "DeletedVideo",
    expects = "id",
  },
  {
    name = "statuses",
    method = "GET",
    path = "/v3/videos/statuses",
    query = { video_ids = fields.ids "videos to show", batch_ids = fields.ids "batches to show" },
    any_of = { "video_ids", "batch_ids" },
    max_ids = fields.IDS_MAX,
    repeatable = true,
    summary = "Status of up to 100 videos in one request.",
    returns = "BulkStatus[]",
  },
  {
    name = "create_batch",
    method = "POST",
    path = "/v3/videos/batches",
    body = {
      videos = fields.array(
        VIDEO,
        "what videos:create takes, for each",
        { required = true, min = 1, max = 100 }
      ),
      title = fields.TITLE,
      folder_id = fields.FOLDER_ID,
      callback_url = fields.BATCH_CALLBACK_URL,
    },
    repeatable = false,
    summary = "Makes up to 100 videos. This costs money.",
    returns = "BatchCreated",
    expects = "batch_id",
  },
  {
    name = "get_batch",
    method = "GET",
    path = "/v3/videos/batches/{batch_id}",
    query = fields.page(100),
    batch = true,
    each = "each_batch_item",
    repeatable = true,
    summary = "A batch with a page of its items.",
    returns = "Batch",
    expects = "batch_id",
    carries = "batch_id",
  },
})
