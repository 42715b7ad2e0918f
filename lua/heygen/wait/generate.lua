-- What client:generate does around its wait: it takes its options apart, checks the target of `save` before anything
-- is paid, and downloads the video in the end.
local downloads = require "heygen.download"
local emit = require "heygen.wait.emit"
local errors = require "heygen.errors"
local interrupt = require "heygen.driver.interrupt"
local options = require "heygen.wait.options"
local protected = require "heygen.task.protected"
local video = require "heygen.wait.video"

local generate = {}

generate.follow = video.follow

-- `save`: a path, or a table of the path and options of the download.
local function read_save(given, level)
  if given == nil then
    return nil
  end
  local own = { path = given }
  if type(given) == "table" then
    own = {}
    for name, value in pairs(given) do
      own[name] = value
    end
  end
  local path = own.path
  own.path = nil
  if path == nil then
    error('client:generate: save.path: missing, write save = { path = "video.mp4" }', level + 1)
  end
  local named = type(given) == "table" and "save.path" or "save"
  return { path = path, options = downloads.read("client:generate", named, path, own, level + 1) }
end

---The parts of what Client:generate takes. Raises for a wrong option of the wait before anything is paid.
---@param fields any
---@param level integer
---@return table body of the create
---@return table wait
---@return table? save path, and options of the download
function generate.split(fields, level)
  if type(fields) ~= "table" then
    error("client:generate: expected a table {prompt = ...}, got " .. type(fields), level + 1)
  end
  local wait = video.read_wait(fields.wait, level + 1) -- before anything is paid
  local body = {}
  for name, value in pairs(fields) do
    if name ~= "wait" and name ~= "save" then
      body[name] = value
    end
    if name ~= "timeout" and options.is_option(name) then -- a call has a timeout as well
      error(("client:generate: %s: belongs into wait = {%s = ...}"):format(name, name), level + 1)
    end
  end
  return body, wait, read_save(fields.save, level + 1)
end

---What stands in the way of saving the video, before it is paid for.
---@param save table see generate.split
---@return heygen.Error?
function generate.obstacle(save)
  local err = downloads.obstacle(save.path, save.options.overwrite)
  if err then
    err.message = err.message:gsub("^client:download: ", "client:generate: save: ")
  end
  return err
end

---Downloads a video that was waited for. Its path is in the field `path`.
---@param client heygen.Client
---@param object heygen.Video
---@param save table see generate.split
---@param wait table
---@return heygen.GeneratedVideo? video
---@return heygen.Error? err
function generate.save(client, object, save, wait)
  if not save.options.on_progress and emit.ticker(wait.on_progress) then
    save.options.on_progress = wait.on_progress -- a display
  end
  local ok, path, _, err = protected.call(client.download, client, object, save.path, save.options)
  if ok and path then
    object.path = path
    return object
  end
  local interrupted = not ok and interrupt.is_told(path)
  if not ok then -- Ctrl-C, or a lack of memory: the video is paid for
    local message = interrupted and "interrupted!" or errors.text(path) .. ";"
    err = errors.new { kind = interrupted and "cancelled" or "raised", message = message, sent = "yes" }
  end
  err.video_id = err.video_id or object.id
  local options_given = save.options.overwrite and ", { overwrite = true }" or ""
  err.message = ("%s%s the video is ready: client:download(%q, %q%s)"):format(
    err.message,
    ok and ";" or "",
    object.id,
    save.path,
    options_given
  )
  if interrupted then
    interrupt.raise(err)
  end
  return nil, err
end

return generate
