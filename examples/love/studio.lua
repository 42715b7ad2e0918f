-- Makes the videos: each is a task that orders it, waits for it and saves it. What is on order and what is done is
-- kept in a file, so that a video that is being paid for survives the end of the game. Knows nothing of LÖVE.
local core = require "heygen.core"
local heygen = require "heygen"

local words = require "words"

local SHELF = "videos.json"
local KEPT = { "prompt", "title", "session_id", "video_id", "began", "seconds", "file" } -- of a video, in that file

---@class Video
---@field prompt string
---@field title string
---@field state string "making", "saving", "ready", "failed", "cancelled"
---@field status string? as the service calls it
---@field progress number? 0 to 100
---@field began integer seconds since 1970
---@field session_id string?
---@field video_id string?
---@field seconds number? how long it is
---@field file string? its name in the directory
---@field problem string? for the player
---@field detail string? for who helps the player
---@field remedy string? "edit": order it again; "wait": HeyGen continues to make it, wait for it
---@field task heygen.Task?

local Studio = {}
Studio.__index = Studio

local function read_file(path)
  local file = io.open(path, "rb")
  local text = file and file:read "*a"
  if file then
    file:close()
  end
  return text
end

function Studio:path(video)
  return self.dir .. "/" .. video.file
end

-- Written next to the old one and renamed, so that there is always a complete one. A failure loses it with the game.
local function save(self)
  local list = {}
  for _, video in ipairs(self.videos) do
    local is_alive = video.task or video.remedy == "wait"
    if video.state == "ready" or is_alive and (video.session_id or video.video_id) then
      local kept = {}
      for _, name in ipairs(KEPT) do
        kept[name] = video[name]
      end
      if video.state ~= "ready" then
        kept.file = nil -- it is on its way
      end
      list[#list + 1] = kept
    end
  end
  local path = self.dir .. "/" .. SHELF
  local file = io.open(path .. ".part", "wb")
  if not file then
    return
  end
  local written = file:write((core.encode(core.array(list))))
  if file:close() and written then
    if not os.rename(path .. ".part", path) then -- Windows does not replace
      os.remove(path)
      os.rename(path .. ".part", path)
    end
  end
end

-- "Our café, in 20 s!" becomes our-caf-in-20-s.mp4, the next one our-caf-in-20-s-2.mp4.
local function free_name(self, video)
  local stem = video.title:lower():gsub("[^%l%d]+", "-"):sub(1, 40):gsub("^%-+", ""):gsub("%-+$", "")
  stem = stem == "" and "video" or stem
  local taken = {}
  for _, other in ipairs(self.videos) do
    taken[other.file or ""] = true
  end
  local name, number = stem .. ".mp4", 1
  while taken[name] or read_file(self.dir .. "/" .. name) do
    number = number + 1
    name = ("%s-%d.mp4"):format(stem, number)
  end
  return name
end

local function fail(self, video, err)
  video.state, video.status, video.task = err.kind == "cancelled" and "cancelled" or "failed", nil, nil
  video.session_id, video.video_id = err.session_id or video.session_id, err.video_id or video.video_id
  video.problem, video.detail = words.problem(err)
  video.remedy = words.remedy(err)
  save(self)
end

-- The whole use of the module. Runs as a task: each call lets the game run until there is an answer.
local function produce(self, video)
  local client = self.client
  local wait = { interval = self.pause, max_interval = self.pause }
  function wait.on_progress(event)
    video.status, video.progress = event.status, event.progress
    video.video_id = event.video_id or video.video_id
    if event.session_id and event.session_id ~= video.session_id then
      video.session_id = event.session_id -- from here on it cannot be lost
      save(self)
    end
  end

  local result, err, _
  if video.session_id or video.video_id then
    result, _, err = client:wait({ session_id = video.session_id, video_id = video.video_id }, wait)
  else
    result, _, err = client:generate { prompt = video.prompt, wait = wait }
  end
  if not result then
    return fail(self, video, err)
  end

  video.state, video.progress, video.video_id = "saving", 0, result.id
  video.file = free_name(self, video)
  local path
  path, _, err = client:download(result, self:path(video), {
    on_progress = function(event)
      video.progress = event.total and event.total > 0 and event.received / event.total * 100 or nil
    end,
  })
  if not path then
    video.file = nil
    return fail(self, video, err)
  end
  video.state, video.seconds, video.task = "ready", result.duration, nil
  save(self)
end

local function start(self, video)
  video.state, video.status, video.problem, video.detail, video.remedy = "making", nil, nil, nil, nil
  video.task = heygen.spawn(produce, self, video)
end

---Orders a video.
---@param prompt string
---@return Video
function Studio:make(prompt)
  local video = { prompt = prompt, title = words.title(prompt), began = os.time() }
  table.insert(self.videos, 1, video)
  start(self, video)
  return video
end

---Waits again for a video that HeyGen continues to make.
---@param video Video
function Studio:resume(video)
  start(self, video)
end

---Ends the wait at once, and the session at the service as well.
---@param video Video
function Studio:cancel(video)
  if video.task and video.task:cancel() and video.session_id then
    local client, id = self.client, video.session_id
    heygen.spawn(function() -- another task: the video's own is cancelled
      client.video_agents:stop(id)
    end)
  end
end

---Takes a video off the list. Its file stays.
---@param video Video
function Studio:remove(video)
  for index, each in ipairs(self.videos) do
    if each == video then
      table.remove(self.videos, index)
      return save(self)
    end
  end
end

---True while a video is ordered and its id is not known yet.
---@return boolean
function Studio:is_ordering()
  for _, video in ipairs(self.videos) do
    if video.task and not video.session_id and not video.video_id then
      return true
    end
  end
  return false
end

-- What an earlier run has left: finished videos, and those to wait for.
local function restore(self)
  local text = read_file(self.dir .. "/" .. SHELF)
  local list = text and core.decode(text)
  for _, video in ipairs(type(list) == "table" and list or {}) do
    if type(video) == "table" and type(video.title) == "string" and type(video.began) == "number" then
      self.videos[#self.videos + 1] = video
      if video.file then
        video.state = "ready"
      else
        start(self, video)
      end
    end
  end
end

local studio = {}

---@param options table client: heygen.Client; dir: where the files go; pause: seconds between polls, nil: the module's
---@return table
function studio.new(options)
  local self = setmetatable({
    client = options.client,
    dir = options.dir,
    pause = options.pause,
    videos = {}, -- the newest first
  }, Studio)
  restore(self)
  return self
end

return studio
