-- Orders the films and waits for them. What is known of a film is in a lua_shared_dict, so any worker can tell of it.
--
-- A film is ordered in the request of its visitor, who wants to hear a refusal. It is waited for in a timer: a request
-- ends with its page, and a film takes half an hour. Every wait has a lease, which its worker renews each second; when
-- a worker is reloaded or dies, another one finds a film without a lease, and takes the wait up by its ids.
local core = require "heygen.core"
local heygen = require "heygen"
local ngx = require "ngx"

local words = require "words"

local studio = {}

-- id -> the film as JSON, written by who has the lease; "cancel " .. id -> true; "address " .. id -> where its file is
local films = ngx.shared.films
local waits = ngx.shared.waits -- id -> true while it is under way; "lease " .. id -> pid of the worker that has it

local KEPT = 7 * 86400 -- seconds; the dict forgets them then
local MOST = 10 -- under way at once: the service works on as many
local LEASE, ROUND = 5, 1 -- seconds
local LONGEST_ORDER = 330 -- seconds; the client's deadline is 300
local LONGEST_WAIT = 86400
local ADDRESS = 300 -- seconds that an address of a file is used again

-- Looks at a local HeyGen, whose half hour is short, come more often.
local PAUSE = (os.getenv "HEYGEN_API_BASE" or ""):find "^https?://127%." and 0.25 or nil

---@class Film
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
local function save(film)
  local saved, problem = films:safe_set(film.id, core.encode(film), KEPT)
  if not saved then
    ngx.log(ngx.ERR, "film ", film.id, " is not kept: ", problem)
  end
end

local function load(id)
  local text = films:get(id)
  return text and core.decode(text)
end

local function close(film)
  save(film)
  waits:delete(film.id)
  waits:delete("lease " .. film.id)
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
  return films:get("cancel " .. id) == true
end

local function cancelled(film)
  film.state, film.status, film.progress = "cancelled", nil, nil
  close(film)
end

local function fail(film, err)
  film.state, film.status, film.progress = "failed", nil, nil
  film.session_id, film.video_id = err.session_id or film.session_id, err.video_id or film.video_id
  film.problem, film.detail, film.unsure = words.problem(err)
  ngx.log(ngx.WARN, "film ", film.id, ": ", err.message, " (", film.detail, ")")
  close(film)
end

-- The body of a task. One that ends with its worker leaves the film open, for another worker.
local function wait_for(film)
  local function on_progress(event)
    film.status, film.progress = event.status, event.progress or film.progress
    film.session_id, film.video_id = event.session_id or film.session_id, event.video_id or film.video_id
    save(film)
  end
  local video, _, err = client:wait({ session_id = film.session_id, video_id = film.video_id }, {
    interval = PAUSE,
    max_interval = PAUSE,
    timeout = math.max(film.began + LONGEST_WAIT - ngx.time(), 0),
    on_progress = on_progress,
  })
  if video then
    film.state, film.video_id, film.seconds = "ready", video.id, video.duration
    film.status, film.progress = nil, nil
    close(film)
  elseif err.kind ~= "cancelled" then
    fail(film, err)
  elseif is_cancelled(film.id) then
    cancelled(film)
  end
end

-- In a timer, so that it outlives the request.
local function watch(premature, film)
  if not premature then
    local task = heygen.spawn(wait_for, film)
    tasks[film.id] = task
    local ok, raised = pcall(task.join, task)
    tasks[film.id] = nil
    if not ok then
      ngx.log(ngx.ERR, "film ", film.id, ": ", raised)
    end
  end
  if premature or ngx.worker.exiting() then
    waits:delete("lease " .. film.id) -- another worker goes on
  end
end

local function start_watch(film)
  waits:set("lease " .. film.id, ngx.worker.pid(), LEASE)
  local started = ngx.timer.at(0, watch, film)
  if not started then -- this worker is ending
    waits:delete("lease " .. film.id)
  end
end

local LOST = { kind = "closed", sent = "maybe", message = "the worker ended while it was being ordered" }

-- Takes up a wait whose worker has gone.
local function adopt(id)
  if not waits:add("lease " .. id, ngx.worker.pid(), LEASE) then
    return -- it has one
  end
  local film = load(id)
  if not film then
    waits:delete(id)
  elseif is_cancelled(id) then
    cancelled(film)
  elseif film.session_id then
    start_watch(film)
  else
    fail(film, LOST)
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
---@return Film?
function studio.film(id)
  local film = load(id)
  if film and (film.state == "ordering" or film.state == "making") and is_cancelled(id) then
    film.state, film.progress = "cancelled", nil -- its worker will see it in a moment
  end
  return film
end

---Orders a film; of several orders under one id the first one counts.
---@param order table id, prompt, orientation
---@return Film? film one that the service refused is `failed`
---@return string? problem for the visitor: nothing was ordered
function studio.order(order)
  if films:get(order.id) then
    return studio.film(order.id)
  elseif not client then
    return nil, trouble
  elseif #open_ids() >= MOST then
    return nil, words.busy
  end
  local film = {
    id = order.id,
    prompt = order.prompt,
    orientation = order.orientation,
    state = "ordering",
    began = ngx.time(),
  }
  local added, problem = films:safe_add(film.id, core.encode(film), KEPT)
  if not added then -- another click was faster, in this worker or another one
    return studio.film(film.id), problem ~= "exists" and words.full or nil
  end
  waits:set("lease " .. film.id, ngx.worker.pid(), LONGEST_ORDER)
  waits:set(film.id, true)

  local session, _, err = client:create {
    prompt = film.prompt,
    orientation = film.orientation,
    idempotency_key = film.id,
  }
  if not session then
    fail(film, err)
    return film
  end
  ngx.log(ngx.NOTICE, "film ", film.id, " is session ", session.session_id) -- should the memory be lost
  film.state, film.status = "making", session.status
  film.session_id, film.video_id = session.session_id, session.video_id
  save(film)
  if is_cancelled(film.id) then
    client.video_agents:stop(film.session_id)
    cancelled(film)
  else
    start_watch(film)
  end
  return film
end

---@param id string
---@return Film?
function studio.cancel(id)
  local film = studio.film(id)
  if film and (film.state == "ordering" or film.state == "making") then
    films:safe_set("cancel " .. id, true, KEPT)
    film.state = "cancelled"
    if tasks[id] then
      tasks[id]:cancel()
    end
    if film.session_id then
      client.video_agents:stop(film.session_id) -- should that fail, the visitor has no use for it
    end
  end
  return film
end

---Where the file of a film is, for some time. Whoever has the address can fetch the file, without a key.
---@param id string
---@return string? address
---@return string? problem for the visitor
function studio.address(id)
  local film = load(id)
  if not film or film.state ~= "ready" or not client then
    return nil
  end
  local address = films:get("address " .. id)
  if address then
    return address
  end
  local video, _, err = client.videos:get(film.video_id)
  if not video then
    return nil, (words.problem(err))
  elseif not video.video_url then
    return nil, words.no_file_yet
  end
  films:safe_set("address " .. id, video.video_url, ADDRESS)
  return video.video_url
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
