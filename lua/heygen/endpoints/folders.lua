-- Folders: where videos and translations are kept.
local fields = require "heygen.endpoints.fields"

return fields.rows("folders", {
  {
    name = "create",
    method = "POST",
    path = "/v3/folders",
    body = {
      name = fields.required_text("what to call it", { max = 256 }),
      parent_id = fields.optional_text "the folder that it is in; none, when absent",
      type = fields.text("what it is for", {
        enum = { "mixed", "video", "video_translate" },
        default = "mixed",
      }),
    },
    makes = { folder_id = "folder_id" },
    repeatable = false,
    summary = "Makes a folder. Its id is the folder_id of videos and of other jobs.",
    returns = "Folder",
    expects = "folder_id",
  },
  {
    name = "get",
    method = "GET",
    path = "/v3/folders/{folder_id}",
    repeatable = true,
    summary = "A folder.",
    returns = "Folder",
    expects = "folder_id",
    carries = "folder_id",
  },
})
