-- What an account did before it begins here: sessions with their videos, and a job of every kind for each. Made by the
-- handlers themselves, an hour apart, before the moment the simulator began. It is all finished, and has cost nothing.
local behaviour = require "heygen.sim.core.behaviour"
local icons = require "heygen.sim.media.icons"

local history = {}

local HOUR = 3600
-- Whatever bad day the simulator is to show: it was not like that before.
local USUAL = behaviour.defaults()
USUAL.concurrency, USUAL.unknown_ids, USUAL.auto_reload = 0, "accepted", true

local FILE = { type = "url", url = "https://example.com/earlier.mp4" }

local SUBJECTS =
  { "Product launch", "Weekly news", "Welcome to the team", "Quarterly results", "How to begin" }

-- A create as its handler answers it: module, handler, body by title.
local SESSION = {
  "video_agents",
  "create",
  function(title)
    return { prompt = title .. " in 12 seconds" }
  end,
}

local function of_file(title)
  return { video = FILE, audio = FILE, output_languages = { "German" }, title = title }
end

local JOBS = {
  {
    "video_create",
    "create",
    function(title)
      local script = title .. ", in a few words."
      return { type = "avatar", avatar_id = "Abigail_Suit_public", script = script, title = title }
    end,
  },
  { "job_requests", "video_translations_create", of_file },
  { "job_requests", "lipsyncs_create", of_file },
  { "job_requests", "ai_clipping_create", of_file },
  { "job_requests", "background_removals_create", of_file },
  {
    "renders",
    "create_render",
    function(title)
      return { project = FILE, title = title }
    end,
  },
  {
    "assets",
    "create",
    function(title)
      return { filename = title:lower():gsub("%W+", "-") .. ".png", data = icons.png(8, title) }
    end,
  },
}

local function make(model, what, title)
  local response = require("heygen.sim.service." .. what[1])[what[2]](model, { headers = {} }, what[3](title))
  assert(response.status == 200, response.body)
end

--- Makes the history of a fresh model.
---@param model table
---@param count number sessions; and of jobs at least one of every kind
---@param before number simulated Unix seconds before which it all was
function history.make(model, count, before)
  local usual, counted = model.behaviour, model.journal
  model.behaviour = USUAL
  model.journal = require("heygen.sim.core.journal").new(1)
  local rows = math.max(count, #JOBS)
  for i = 1, rows do
    model.clock:freeze(before - (rows - i + 1) * HOUR, model.clock:real_now())
    local title = string.format("%s %d", SUBJECTS[(i - 1) % #SUBJECTS + 1], i)
    if i > rows - count then
      make(model, SESSION, title)
    end
    make(model, JOBS[(i - 1) % #JOBS + 1], title)
  end
  model.clock:thaw()
  for _, run in ipairs(model.running.list) do
    run.charged = true
  end
  model.behaviour, model.journal = usual, counted
end

return history
