-- All files of a finished video, in parallel: video, captioned video, subtitle, picture, GIF. Run it again after a cut
-- connection, Ctrl-C or a crash: finished files are kept, and partial ones are resumed.
--   HEYGEN_API_KEY=... lua examples/downloads.lua [video id [directory]]
local heygen = require "heygen"
local client = heygen.new()
local display = heygen.progress { stream = io.stdout } -- on a terminal a bar for each file, else plain lines

local function newest()
  for video in client.videos:each() do
    if video.status == "completed" then
      return video.id
    end
  end
end

local id, directory = arg[1] or newest(), arg[2] or "."
if not id then
  print "no video is finished yet"
  return
end
local video = assert(client.videos:get(id))

local NAMES = {
  { variant = "video", name = "video.mp4" },
  { variant = "captioned", name = "captioned.mp4" },
  { variant = "subtitle", name = "video.srt" },
  { variant = "thumbnail", name = "video.jpg" },
  { variant = "gif", name = "video.gif" },
}

local failed = false

local function fetch(file)
  local path = directory .. "/" .. file.name
  local bar = display:bar(file.name)
  local saved, message, err = client:download(video, path, { variant = file.variant, on_progress = bar })
  if saved then
    display:print(path)
  elseif err.code == "no_such_variant" then
    display:print(path, "-- the video has none")
  elseif err.code == "exists" then
    display:print(path, "-- exists already")
  else
    failed = true
    bar:fail(message) -- err.part and err.received say where the next run resumes
  end
end

heygen.run(function()
  for _, file in ipairs(NAMES) do
    heygen.spawn(fetch, file)
  end
end)
display:close()
os.exit(failed and 1 or 0, true)
