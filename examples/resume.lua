-- Survives a crash: the session's id is kept in a file, and the next start resumes the wait for the same video.
--   HEYGEN_API_KEY=... lua examples/resume.lua [prompt]
local heygen = require "heygen"
local client = heygen.new()

local NOTE, OUT = "session.txt", "quarter.mp4"

local function read_note()
  local file = io.open(NOTE)
  local id = file and file:read "*l"
  if file then
    file:close()
  end
  return id
end

local function write_note(id)
  local file = assert(io.open(NOTE, "w"))
  assert(file:write(id, "\n"))
  assert(file:close())
end

local id = read_note()
if id then
  print("resuming " .. id)
else
  id = assert(client:create { prompt = arg[1] or "Our quarter in one minute" }).session_id
  write_note(id) -- from here on nothing is lost, and nothing is paid twice
  print("began " .. id)
end

local video, _, err = client:wait(id, { on_progress = heygen.progress() })
if not video then
  if err.kind == "failed" then
    os.remove(NOTE) -- it will not be finished any more
  end
  io.stderr:write(tostring(err), "\n")
  os.exit(1, true)
end
assert(client:download(video, OUT, { overwrite = true }))
os.remove(NOTE)
print(OUT, video.duration) -- seconds
