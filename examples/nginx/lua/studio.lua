-- Orders the videos and waits for them. The state of a video is in a lua_shared_dict, so that any worker can answer.
--
-- A video is ordered in the request of its visitor, who must see a refusal. It is waited for in a timer: a request
-- ends with its page, and a video takes half an hour. Every wait has a lease, which its worker renews each second; when
-- a worker is reloaded or dies, another one finds a video without a lease, and resumes the wait by its ids.
local core = require "heygen.core"
local heygen = require "heygen"
local ngx = require "ngx"

local words = require "words"

local studio = {}

-- id -> the video as JSON, written by who has the lease; "cancel " .. id -> true; "address " .. id -> where its file is
local videos = ngx.shared.videos
local waits = ngx.shared.waits -- id -> true while it is under way; "lease " .. id -> pid of the worker that has it

local KEPT = 7 * 86400 -- seconds; the dict forgets them then
local MOST = 10 -- under way at once: the service works on as many
local LEASE, ROUND = 5, 1 -- seconds
local LONGEST_ORDER = 330 -- seconds; the client's deadline is 300
local LONGEST_WAIT = 86400
local ADDRESS = 300 -- seconds that an address of a file is used again

-- The simulator, whose half hour is short, is polled more often.
local PAUSE = (os.getenv "HEYGEN_API_BASE" or ""):find "^https?://127%." and 0.25 or nil

---@class Video
---@field id string made by the page: what is ordered twice under one id is made once
---@field prompt string
---@field orientation string? "landscape", "portrait"
---@field state string "ordering", "making", "ready", "failed", "cancelled"
---@field status string? as the service calls it
---@field progress number? 0 to 100
---@field began integer seconds since 1970
---@field session_id string?
---@field video_id string?
---@field seconds number? how long it is
---@field problem string? for the visitor
---@field detail string? for who helps the visitor
---@field unsure boolean? it may have been ordered all the same

local client, trouble -- why there is none
local tasks = {} -- id -> the task of this worker that waits for it

-- ---- the shared memory ----

-- Rather none than one that pushes out another: the ids in there are paid for.
local function save(video)
  local saved, problem = videos:safe_set(video.id, core.encode(video), KEPT)
  if not saved then
    ngx.log(ngx.ERR, "video ", video.id, " is not kept: ", problem)
  end
end

local function load(id)
  local text = videos:get(id)
  return text and core.decode(text)
end

local function close(video)
  save(video)
  waits:delete(video.id)
  waits:delete("lease " .. video.id)
end

local function open_ids()
  local ids = {}
  for _, key in ipairs(waits:get_keys(0)) do
    if not key:find(" ", 1, true) then
      ids[#ids + 1] = key
    end
  end
  return ids
end

-- ---- waiting ----

local function is_cancelled(id)
  return videos:get("cancel " .. id) == true
end

local function cancelled(video)
  video.state, video.status, video.progress = "cancelled", nil, nil
  close(video)
end

local function fail(video, err)
  video.state, video.status, video.progress = "failed", nil, nil
  video.session_id, video.video_id = err.session_id or video.session_id, err.video_id or video.video_id
  video.problem, video.detail, video.unsure = words.problem(err)
  ngx.log(ngx.WARN, "video ", video.id, ": ", err.message, " (", video.detail, ")")
  close(video)
end

-- The body of a task. One that ends with its worker leaves the video open, for another worker.
local function wait_for(video)
  local function on_progress(event)
    video.status, video.progress = event.status, event.progress or video.progress
    video.session_id, video.video_id = event.session_id or video.session_id, event.video_id or video.video_id
    save(video)
  end
  local result, _, err = client:wait({ session_id = video.session_id, video_id = video.video_id }, {
    interval = PAUSE,
    max_interval = PAUSE,
    timeout = math.max(video.began + LONGEST_WAIT - ngx.time(), 0),
    on_progress = on_progress,
  })
  if result then
    video.state, video.video_id, video.seconds = "ready", result.id, result.duration
    video.status, video.progress = nil, nil
    close(video)
  elseif err.kind ~= "cancelled" then
    fail(video, err)
  elseif is_cancelled(video.id) then
    cancelled(video)
  end
end

-- In a timer, so that it outlives the request.
local function watch(premature, video)
  if not premature then
    local task = heygen.spawn(wait_for, video)
    tasks[video.id] = task
    local ok, raised = pcall(task.join, task)
    tasks[video.id] = nil
    if not ok then
      ngx.log(ngx.ERR, "video ", video.id, ": ", raised)
    end
  end
  if premature or ngx.worker.exiting() then
    waits:delete("lease " .. video.id) -- another worker resumes it
  end
end

local function start_watch(video)
  waits:set("lease " .. video.id, ngx.worker.pid(), LEASE)
  local started = ngx.timer.at(0, watch, video)
  if not started then -- this worker is ending
    waits:delete("lease " .. video.id)
  end
end

local LOST = { kind = "closed", sent = "maybe", message = "the worker ended while it was being ordered" }

-- Resumes a wait whose worker has ended.
local function adopt(id)
  if not waits:add("lease " .. id, ngx.worker.pid(), LEASE) then
    return -- it has one
  end
  local video = load(id)
  if not video then
    waits:delete(id)
  elseif is_cancelled(id) then
    cancelled(video)
  elseif video.session_id then
    start_watch(video)
  else
    fail(video, LOST)
  end
end

-- Each second, in each worker.
local function round(premature)
  local ending = premature or ngx.worker.exiting()
  for id, task in pairs(tasks) do
    if ending or is_cancelled(id) then
      task:cancel()
    else
      waits:set("lease " .. id, ngx.worker.pid(), LEASE)
    end
  end
  for _, id in ipairs(ending and {} or open_ids()) do
    adopt(id)
  end
end

-- ---- for the pages ----

---@param id string
---@return Video?
function studio.video(id)
  local video = load(id)
  if video and (video.state == "ordering" or video.state == "making") and is_cancelled(id) then
    video.state, video.progress = "cancelled", nil -- its worker will see it in a moment
  end
  return video
end

---Orders a video; of several orders under one id the first one counts.
---@param order table id, prompt, orientation
---@return Video? video one that the service refused is `failed`
---@return string? problem for the visitor: nothing was ordered
function studio.order(order)
  if videos:get(order.id) then
    return studio.video(order.id)
  elseif not client then
    return nil, trouble
  elseif #open_ids() >= MOST then
    return nil, words.busy
  end
  local video = {
    id = order.id,
    prompt = order.prompt,
    orientation = order.orientation,
    state = "ordering",
    began = ngx.time(),
  }
  local added, problem = videos:safe_add(video.id, core.encode(video), KEPT)
  if not added then -- another click was faster, in this worker or another one
    return studio.video(video.id), problem ~= "exists" and words.full or nil
  end
  waits:set("lease " .. video.id, ngx.worker.pid(), LONGEST_ORDER)
  waits:set(video.id, true)

  local session, _, err = client:create {
    prompt = video.prompt,
    orientation = video.orientation,
    idempotency_key = video.id,
  }
  if not session then
    fail(video, err)
    return video
  end
  ngx.log(ngx.NOTICE, "video ", video.id, " is session ", session.session_id) -- should the memory be lost
  video.state, video.status = "making", session.status
  video.session_id, video.video_id = session.session_id, session.video_id
  save(video)
  if is_cancelled(video.id) then
    client.video_agents:stop(video.session_id)
    cancelled(video)
  else
    start_watch(video)
  end
  return video
end

---@param id string
---@return Video?
function studio.cancel(id)
  local video = studio.video(id)
  if video and (video.state == "ordering" or video.state == "making") then
    videos:safe_set("cancel " .. id, true, KEPT)
    video.state = "cancelled"
    if tasks[id] then
      tasks[id]:cancel()
    end
    if video.session_id then
      client.video_agents:stop(video.session_id) -- should that fail, the visitor has no use for it
    end
  end
  return video
end

---The address of a video's file, for some time. It can be fetched without a key.
---@param id string
---@return string? address
---@return string? problem for the visitor
function studio.address(id)
  local video = load(id)
  if not video or video.state ~= "ready" or not client then
    return nil
  end
  local address = videos:get("address " .. id)
  if address then
    return address
  end
  local result, _, err = client.videos:get(video.video_id)
  if not result then
    return nil, (words.problem(err))
  elseif not result.video_url then
    return nil, words.no_file_yet
  end
  videos:safe_set("address " .. id, result.video_url, ADDRESS)
  return result.video_url
end

---Once in each worker, from init_worker_by_lua.
function studio.start()
  local ok, made = pcall(heygen.new)
  if ok then
    client = made
    assert(ngx.timer.every(ROUND, round))
  else
    trouble = words.no_client(made)
    ngx.log(ngx.ERR, made)
  end
end

return studio
