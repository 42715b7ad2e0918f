-- A game that makes a video while it draws 60 frames a second: client:update takes at most 2 ms of a frame.
--   HEYGEN_API_KEY=... lua examples/frame_loop.lua
local heygen = require "heygen"
local client = heygen.new()

local state = { line = "starting" }

local function make_intro()
  local video, message = client:generate {
    prompt = "The story so far, for our game, in 20 seconds",
    wait = {
      on_progress = function(event)
        state.line = ("%s %d %%"):format(event.status, event.progress or 0)
      end,
    },
  }
  local path, problem
  if video then
    path, problem = client:download(video, "intro.mp4", { overwrite = true })
  end
  state.path, state.problem = path, problem or message
end

-- Stands for what a game does in a frame.
local shown
local function draw()
  if state.line ~= shown then
    shown = state.line
    print(shown)
  end
  heygen.sleep(1 / 60)
end

local frames = 0
heygen.spawn(make_intro)
while client:update(0.002) > 0 do
  draw()
  frames = frames + 1
end
print(state.path or state.problem, frames .. " frames")
os.exit(state.path and 0 or 1, true)
