-- The Lua side of main.c: starts the task. The C program has the frames: it calls client:update() and reads the table.
local heygen = require "heygen"

local prompt, path = ...

local client = heygen.new() -- a game that is shipped carries no key: see docs/embedding.md
local state = { line = "starting" } -- and path or problem at the end

local function on_progress(event)
  state.session_id = event.session_id
  state.line = ("%s %d %%"):format(event.status, event.progress or 0)
end

heygen.spawn(function()
  local video, message = client:generate { prompt = prompt, wait = { on_progress = on_progress } }
  if not video then
    state.problem = message
    return
  end
  state.line = "downloading"
  state.path, state.problem = client:download(video, path, { overwrite = true })
end)

return client, state
