-- Translates a video into two languages, and saves the results. Takes a while and costs money.
--   HEYGEN_API_KEY=... lua examples/translate.lua [address of a video]
local heygen = require "heygen"
local client = heygen.new()

local made = assert(client.video_translations:create {
  video = { url = arg[1] or "https://example.com/tour.mp4" },
  output_languages = { "German", "French" },
})
-- A job for each language. To resume after a crash, keep these ids.
print(table.concat(made.video_translation_ids, " "))

local videos, _, err = client.video_translations:wait(made, { on_progress = heygen.progress() })
if not videos then
  io.stderr:write(tostring(err), "\n")
  videos = err.results or {} -- those that have succeeded
end
for index in ipairs(made.video_translation_ids) do
  local video = videos[index]
  if video then
    print(assert(client:download(video.video_url, video.output_language .. ".mp4", { overwrite = true })))
  end
end
if err then
  os.exit(1, true)
end
