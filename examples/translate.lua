-- Translates a film into two languages, and saves what comes. Takes a while and costs money.
--   HEYGEN_API_KEY=... lua examples/translate.lua [address of a film]
local heygen = require "heygen"
local client = heygen.new()

local made = assert(client.video_translations:create {
  video = { url = arg[1] or "https://example.com/tour.mp4" },
  output_languages = { "German", "French" },
})
-- A job for each language; whoever wants to go on after a crash keeps these ids.
print(table.concat(made.video_translation_ids, " "))

local films, _, err = client.video_translations:wait(made, { on_progress = heygen.progress() })
if not films then
  io.stderr:write(tostring(err), "\n")
  films = err.results or {} -- those that are there all the same
end
for index in ipairs(made.video_translation_ids) do
  local film = films[index]
  if film then
    print(assert(client:download(film.video_url, film.output_language .. ".mp4", { overwrite = true })))
  end
end
if err then
  os.exit(1, true)
end
