-- Makes the films: each is a task that orders a video, waits for it and saves it. What is on order and what is done is
-- kept in a file, so that a film that is being paid for survives the end of the game. Knows nothing of LÖVE.
local core = require "heygen.core"
local heygen = require "heygen"

local words = require "words"

local SHELF = "films.json"
local KEPT = { "prompt", "title", "session_id", "video_id", "began", "seconds", "file" } -- of a film, in that file

---@class Film
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
---@field remedy string? "edit": order it again; "wait": it goes on at the service, wait for it
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

function Studio:path(film)
  return self.dir .. "/" .. film.file
end

-- Written anew beside the old one, so that there is always a whole one. What cannot be kept is lost with the game only.
local function save(self)
  local list = {}
  for _, film in ipairs(self.films) do
    local is_alive = film.task or film.remedy == "wait"
    if film.state == "ready" or is_alive and (film.session_id or film.video_id) then
      local kept = {}
      for _, name in ipairs(KEPT) do
        kept[name] = film[name]
      end
      if film.state ~= "ready" then
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
local function free_name(self, film)
  local stem = film.title:lower():gsub("[^%l%d]+", "-"):sub(1, 40):gsub("^%-+", ""):gsub("%-+$", "")
  stem = stem == "" and "video" or stem
  local taken = {}
  for _, other in ipairs(self.films) do
    taken[other.file or ""] = true
  end
  local name, number = stem .. ".mp4", 1
  while taken[name] or read_file(self.dir .. "/" .. name) do
    number = number + 1
    name = ("%s-%d.mp4"):format(stem, number)
  end
  return name
end

local function fail(self, film, err)
  film.state, film.status, film.task = err.kind == "cancelled" and "cancelled" or "failed", nil, nil
  film.session_id, film.video_id = err.session_id or film.session_id, err.video_id or film.video_id
  film.problem, film.detail = words.problem(err)
  film.remedy = words.remedy(err)
  save(self)
end

-- The whole use of the module. Runs as a task: each call lets the game go on until there is an answer.
local function produce(self, film)
  local client = self.client
  local wait = { interval = self.pause, max_interval = self.pause }
  function wait.on_progress(event)
    film.status, film.progress = event.status, event.progress
    film.video_id = event.video_id or film.video_id
    if event.session_id and event.session_id ~= film.session_id then
      film.session_id = event.session_id -- from here on it is not lost any more
      save(self)
    end
  end

  local video, err, _
  if film.session_id or film.video_id then
    video, _, err = client:wait({ session_id = film.session_id, video_id = film.video_id }, wait)
  else
    video, _, err = client:generate { prompt = film.prompt, wait = wait }
  end
  if not video then
    return fail(self, film, err)
  end

  film.state, film.progress, film.video_id = "saving", 0, video.id
  film.file = free_name(self, film)
  local path
  path, _, err = client:download(video, self:path(film), {
    on_progress = function(event)
      film.progress = event.total and event.total > 0 and event.received / event.total * 100 or nil
    end,
  })
  if not path then
    film.file = nil
    return fail(self, film, err)
  end
  film.state, film.seconds, film.task = "ready", video.duration, nil
  save(self)
end

local function start(self, film)
  film.state, film.status, film.problem, film.detail, film.remedy = "making", nil, nil, nil, nil
  film.task = heygen.spawn(produce, self, film)
end

---Orders a film.
---@param prompt string
---@return Film
function Studio:make(prompt)
  local film = { prompt = prompt, title = words.title(prompt), began = os.time() }
  table.insert(self.films, 1, film)
  start(self, film)
  return film
end

---Waits again for a film that goes on at the service.
---@param film Film
function Studio:go_on(film)
  start(self, film)
end

---Ends the wait at once, and the session at the service as well.
---@param film Film
function Studio:cancel(film)
  if film.task and film.task:cancel() and film.session_id then
    local client, id = self.client, film.session_id
    heygen.spawn(function() -- another task: the film's own is cancelled
      client.video_agents:stop(id)
    end)
  end
end

---Takes a film off the list. Its file stays.
---@param film Film
function Studio:remove(film)
  for index, each in ipairs(self.films) do
    if each == film then
      table.remove(self.films, index)
      return save(self)
    end
  end
end

---Is a film being ordered, and its id not known yet?
---@return boolean
function Studio:is_ordering()
  for _, film in ipairs(self.films) do
    if film.task and not film.session_id and not film.video_id then
      return true
    end
  end
  return false
end

-- What an earlier run has left: finished films, and those to wait for.
local function restore(self)
  local text = read_file(self.dir .. "/" .. SHELF)
  local list = text and core.decode(text)
  for _, film in ipairs(type(list) == "table" and list or {}) do
    if type(film) == "table" and type(film.title) == "string" and type(film.began) == "number" then
      self.films[#self.films + 1] = film
      if film.file then
        film.state = "ready"
      else
        start(self, film)
      end
    end
  end
end

local studio = {}

---@param options table client: heygen.Client; dir: where the files go; pause: seconds between looks, nil: the module's
---@return table
function studio.new(options)
  local self = setmetatable({
    client = options.client,
    dir = options.dir,
    pause = options.pause,
    films = {}, -- the newest first
  }, Studio)
  restore(self)
  return self
end

return studio
