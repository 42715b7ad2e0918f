-- Several videos in parallel, in one thread, on one pool of connections. A failure does not affect the others.
--   HEYGEN_API_KEY=... lua examples/tasks.lua "first prompt" "second prompt"
local heygen = require "heygen"
local client = heygen.new()
local bars = heygen.progress() -- on a terminal a bar for each video, else plain lines

local prompts = #arg > 0 and arg
  or { "Our product in 20 seconds", "Our team in 20 seconds", "Our year in 20 seconds" }

local function make(prompt, path)
  local bar = bars:bar(path)
  local video, message, err = client:generate { prompt = prompt, wait = { on_progress = bar } }
  local saved = nil
  if video then
    saved, message, err = client:download(video, path, { on_progress = bar, overwrite = true })
  end
  if not saved then
    bar:fail(message)
  end
  return saved, message, err
end

local makers = {}
for index, prompt in ipairs(prompts) do
  makers[index] = function()
    return make(prompt, ("video%d.mp4"):format(index))
  end
end

local paths, _, err = heygen.all(makers)
bars:close()
paths = paths or err.results
for index, prompt in ipairs(prompts) do
  print(prompt, paths[index] or tostring(err.errors[index]))
end
os.exit(err and 1 or 0, true)
