-- A whole generate and download in which one allocation fails, for spec/client/client_torture_spec.lua:
-- torture_story.lua LIBRARY URL FILE KIND N. Prints the session as soon as it is known, then how the story ended, and
-- how many allocations there were.
local library, url, path, kind, n = arg[1], arg[2], arg[3], arg[4], tonumber(arg[5])
local torture = assert(package.loadlib(library, "luaopen_torture"))()
local heygen = require "heygen"

local client = heygen.new {
  api_key = "key",
  base_url = url,
  timeout = 10,
  deadline = 20,
  retry_base = 0.001,
  retry_cap = 0.002,
}

local function tell(...)
  io.stdout:write(...)
  io.stdout:flush()
end

local known
local function on_progress(event)
  if not known and event.session_id then
    known = event.session_id
    tell("session ", known, "\n")
  end
end

local fields = {
  prompt = ("%s %d"):format(kind, n),
  wait = { interval = 0.001, max_interval = 0.002, timeout = 20, on_progress = on_progress },
}
local overwrite = { overwrite = true }

local function story()
  local video, message, err = client:generate(fields)
  if not video then
    return nil, message, err
  end
  return client:download(video, path, overwrite)
end

torture.arm(kind, n)
local ok, value, message, err = pcall(story)
local seen, failed = torture.disarm()

if err and err.session_id then
  tell("session ", err.session_id, "\n")
end
if not ok then
  tell("raised ", tostring(value), "\n")
elseif value then
  tell "saved\n"
else
  tell("failed ", err.sent, " ", message, "\n")
end
tell("allocations ", tostring(seen), failed and " failed" or "", "\n")
