-- From a prompt to an mp4 in a dozen lines. Takes 10 to 45 minutes and costs money.
--   HEYGEN_API_KEY=... lua examples/first.lua
local heygen = require "heygen"
local client = heygen.new()

local bar = heygen.progress()
local video = assert(client:generate {
  prompt = "A presenter explains our launch in 30 seconds",
  orientation = "landscape",
  wait = { on_progress = bar },
})
local path = assert(client:download(video, "launch.mp4", { on_progress = bar, overwrite = true }))
print(path, video.duration) -- seconds
