-- Types of jobs other than videos, as data: a row says how a job is polled, which statuses end it, and where its id is.
-- A status that a row does not name means that the job still runs.
local job_types = {}

---@class heygen.JobType : heygen.WaitSubject
---@field group string client.<group>
---@field method string the method that waits
---@field get string the method that gets one
---@field statuses string? the method that gets the statuses of many in one request
---@field by_statuses boolean? one is polled by that as well: what `get` gives has no status
---@field plural string
---@field id string what errors and events call its id
---@field list string the same of several
---@field also string[] other names of the id in what the service sends
---@field objects string? where a create gives a list of objects instead of ids
---@field inside string? the object that is it in what a create gives
---@field pick (fun(target: any): heygen.JobType?)? another type, where the target is one of it
---@field done table<string, boolean> statuses of success
---@field failed table<string, boolean> statuses of failure
---@field asks table<string, string> statuses in which the job waits for a person, and for what
---@field prefix string? what events of webhooks about its end begin with, where there are any
---@field settled (fun(object: table): boolean)? is one ready that has no status at all

local DONE, FAILED = { completed = true }, { failed = true }

-- In seconds, where the usual pace is too slow.
local SOON = { interval = 5, max_interval = 15 } -- made in about a minute
local AT_ONCE = { interval = 1, max_interval = 10 } -- ready seconds after the upload

local ASKS = { pending_consent = "the consent of the person that it shows (client.avatars:consent)" }

-- What is public is ready, and has no status.
local function always()
  return true
end

local look = { -- of an avatar
  group = "avatars",
  method = "wait_look",
  get = "get_look",
  noun = "the look",
  id = "look_id",
  inside = "avatar_item",
  asks = ASKS,
  settled = always,
  pace = SOON,
}

-- What has no `done` is done when "completed", what has no `failed` has failed when "failed".
job_types.rows = {
  {
    group = "video_translations",
    statuses = "statuses",
    noun = "the translation",
    id = "video_translation_id",
    prefix = "video_translate",
  },
  {
    group = "video_translations",
    method = "wait_proofread",
    get = "get_proofread",
    noun = "the proofread",
    id = "proofread_id",
    prefix = "proofread_creation",
  },
  { group = "lipsyncs", statuses = "statuses", noun = "the lip sync", id = "lipsync_id" },
  {
    group = "hyperframes",
    get = "get_render",
    noun = "the render",
    id = "render_id",
    prefix = "hyperframes_video",
  },
  {
    group = "models",
    method = "wait_video",
    get = "get_video",
    noun = "the instant video",
    id = "video_id",
    failed = { failed = true, cancelled = true },
  },
  {
    group = "ai_clipping",
    noun = "the clipping job",
    id = "job_id",
    prefix = "ai_clipping",
    failed = { failed = true, cancelled = true },
  },
  {
    group = "filler_word_removals",
    noun = "the removal of filler words",
    plural = "removals of filler words",
    id = "filler_word_removal_id",
    prefix = "filler_word_removal",
  },
  {
    group = "background_removals",
    noun = "the background removal",
    id = "job_id",
    failed = { failed = true, deleted = true },
  },
  {
    group = "voices",
    noun = "the voice",
    id = "voice_id",
    also = { "voice_clone_id" },
    objects = "voices", -- those found by a description
    done = { complete = true, completed = true },
    settled = function(voice) -- only clones have a status
      return voice.type ~= "private"
    end,
    pace = SOON,
  },
  {
    group = "avatars",
    noun = "the avatar",
    id = "group_id",
    inside = "avatar_group",
    asks = ASKS,
    settled = always,
    pace = SOON,
    pick = function(target) -- what a create makes is a look, in a new group or in one that is long ready
      local is_look = type(target) == "table" and (target.avatar_item or target.look_id or target.avatar_type)
      return is_look and look or nil
    end,
  },
  look,
  {
    group = "assets",
    statuses = "statuses",
    by_statuses = true,
    noun = "the asset",
    id = "asset_id",
    pace = AT_ONCE,
  },
}

-- Groups whose batches can be waited for.
job_types.batches = { videos = true, assets = true, video_translations = true, lipsyncs = true }

for _, row in ipairs(job_types.rows) do
  row.method, row.get = row.method or "wait", row.get or "get"
  row.plural = row.plural or row.noun:gsub("^the ", "") .. "s"
  row.done, row.failed = row.done or DONE, row.failed or FAILED
  row.list = row.id .. "s"
  row.ids = { row.id, row.list }
  row.also, row.asks = row.also or {}, row.asks or {}
end

-- The end of a refusal: the methods that would wait for a table that was given to another one.
function job_types.hint(target)
  if type(target.data) == "table" then
    return "; it is a list: give one of its data"
  elseif type(target.batch_id) == "string" then
    return "; for a batch there is wait_batch in its group"
  end
  local calls = {}
  for _, row in ipairs(job_types.rows) do
    local is_video = row.id == "video_id" -- which most likely is none of an instant video
    if not is_video and (type(target[row.id]) == "string" or type(target[row.list]) == "table") then
      calls[#calls + 1] = ("client.%s:%s"):format(row.group, row.method)
    end
  end
  if not calls[1] and (type(target.session_id) == "string" or type(target.video_id) == "string") then
    calls[1] = "client:wait"
  end
  return calls[1] and "; " .. table.concat(calls, " or ") .. " waits for this" or ""
end

return job_types
