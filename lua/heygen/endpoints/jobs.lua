-- What lip syncs and translations have in common: fields of their bodies, and whole rows.
local fields = require "heygen.endpoints.fields"

local optional_number, switch = fields.optional_number, fields.switch

local jobs = {}

jobs.VIDEO = fields.file_without_base64("the video to work on", { required = true })

jobs.MODE = fields.text("what matters more", { enum = { "speed", "precision" }, default = "speed" })

jobs.COMMON = {
  video = jobs.VIDEO,
  mode = jobs.MODE,
  title = fields.TITLE,
  folder_id = fields.FOLDER_ID,
  start_time = optional_number("seconds; where to begin", { min = 0 }),
  end_time = optional_number("seconds; where to end", { min = 0 }),
  disable_music_track = switch(false, "true: without the music of the video"),
  enable_caption = switch(false, "true: with subtitles"),
  enable_dynamic_duration = switch(true, "false: the video keeps its length"),
  enable_speech_enhancement = switch(false, "true: the speech is made clearer"),
  enable_watermark = switch(false, "true: with a watermark"),
  fps_mode = fields.optional_text "how frames are timed",
  keep_the_same_format = fields.optional_flag "true: the format of the video given",
  callback_url = fields.CALLBACK_URL,
  callback_id = fields.CALLBACK_ID,
}

---@class heygen.JobWords
---@field one string "lip sync"
---@field many string "lip syncs"
---@field plural string the name of the list in a batch's body: "lipsyncs"
---@field returns string the class of one

-- Getting one, listing all, renaming and deleting one.
local function single_rows(path, id, words)
  local one = path .. "/{" .. id .. "}"
  return {
    {
      name = "list",
      method = "GET",
      path = path,
      query = fields.page(10),
      list = true,
      repeatable = true,
      summary = ("The account's %s, newest first."):format(words.many),
      returns = words.returns .. "[]",
    },
    {
      name = "get",
      method = "GET",
      path = one,
      repeatable = true,
      summary = ("One %s and its status, with fresh download addresses when it is completed."):format(
        words.one
      ),
      returns = words.returns,
      expects = "status",
      carries = "id",
    },
    {
      name = "update",
      method = "PATCH",
      path = one,
      body = { title = fields.required_text "the new name" },
      repeatable = true,
      summary = "Changes the title.",
      returns = words.returns,
      carries = "id",
    },
    {
      name = "delete",
      method = "DELETE",
      path = one,
      repeatable = true,
      summary = ("Deletes a %s."):format(words.one),
      returns = "Deleted",
    },
  }
end

-- Statuses of many, and batches. The service names the id "video_id" there, whatever the kind.
local function bulk_rows(path, id, body, words)
  local rename = { video_id = id }
  local items = fields.object(words.returns .. "Body", "one of them", body)
  local doc = ("what %s:create takes, for each"):format(words.plural)
  return {
    {
      name = "statuses",
      method = "GET",
      path = path .. "/statuses",
      query = { [id .. "s"] = fields.ids("the " .. words.many), batch_ids = fields.ids "batches to show" },
      any_of = { id .. "s", "batch_ids" },
      max_ids = fields.IDS_MAX,
      rename = rename,
      repeatable = true,
      summary = ("Status of up to 100 %s in one request."):format(words.many),
      returns = words.returns .. "Status[]",
    },
    {
      name = "create_batch",
      method = "POST",
      path = path .. "/batches",
      body = {
        [words.plural] = fields.array(items, doc, { required = true, min = 1, max = 100 }),
        title = fields.TITLE,
        callback_url = fields.BATCH_CALLBACK_URL,
      },
      repeatable = false,
      summary = ("Makes up to 100 %s. This costs money."):format(words.many),
      returns = "BatchCreated",
      expects = "batch_id",
    },
    {
      name = "get_batch",
      method = "GET",
      path = path .. "/batches/{batch_id}",
      query = fields.page(100),
      batch = true,
      each = "each_batch_item",
      rename = rename,
      repeatable = true,
      summary = "A batch with a page of its items.",
      returns = words.returns .. "Batch",
      expects = "batch_id",
      carries = "batch_id",
    },
  }
end

---Rows that read the same for lip syncs and translations, behind a create of their own.
---@param create heygen.Endpoint
---@param id string the name of the id: "lipsync_id"
---@param words heygen.JobWords
---@return heygen.Endpoint[]
function jobs.rows(create, id, words)
  local rows = { create }
  for _, list in ipairs { single_rows(create.path, id, words), bulk_rows(create.path, id, create.body, words) } do
    for _, row in ipairs(list) do
      rows[#rows + 1] = row
    end
  end
  return rows
end

return jobs
