-- Survives a crash at any moment without paying twice.
--   HEYGEN_API_KEY=... lua examples/resume.lua [prompt]
--
-- Before the create is sent, a note with its time, its idempotency key and its prompt is on the disk; after it, the
-- session's id is added. A start that finds an id resumes the wait. A start that finds a note without an id, or an
-- empty or torn one, searches the sessions of HeyGen for the prompt before it creates anything, with the same key. A
-- note that cannot be opened or read ends the program: it may be about a session that is paid for.
local core = require "heygen.core"
local heygen = require "heygen"
local client = heygen.new()

local NOTE, OUT = "session.txt", "quarter.mp4"
local PROMPT = arg[1] or "Our quarter in one minute"
local CLOCKS = 600 -- seconds by which this clock and that of HeyGen may differ
local DAY = 86400
local NO_SUCH_FILE = 2

io.stdout:setvbuf "line" -- an id that is printed is seen, also in a log
local engine = assert(core.engine())

-- Waits until a file or a directory is on the disk.
local function sync(path)
  local operation = assert(engine:sync(path))
  while not operation:done() do
    engine:wait(1)
  end
  assert(operation:result())
end

-- The note is replaced in one step: after a crash there is the old one or the new one, never a part.
local function write_note(note)
  local temporary = NOTE .. ".new"
  local file = assert(io.open(temporary, "wb"))
  local text = ("%d %s %s %d\n%s\n"):format(note.time, note.key, note.id or "-", #note.prompt, note.prompt)
  assert(file:write(text))
  assert(file:close())
  sync(temporary)
  assert(os.rename(temporary, NOTE))
  sync "."
end

-- Nil: there is none. One of another program or a broken disk is one without an id.
local function read_note()
  local file, message, number = io.open(NOTE, "rb")
  if not file then
    assert(number == NO_SUCH_FILE, message)
    return nil
  end
  local text = assert(file:read "*a")
  file:close()
  local time, key, id, length, prompt = text:match "^(%d+) (%S+) (%S+) (%d+)\n(.*)\n$"
  if not time or #prompt ~= tonumber(length) then
    return { time = os.time() - DAY, key = core.uuid(), prompt = PROMPT }
  end
  return { time = tonumber(time), key = key, id = id ~= "-" and id or nil, prompt = prompt }
end

local function is_ours(session_id, prompt)
  for _, message in ipairs(assert(client.video_agents:get(session_id)).messages or {}) do
    if message.role == "user" and message.content == prompt then
      return true
    end
  end
  return false
end

-- The session that a create before a crash has made, or nil.
local function find_session(note)
  for session in client.video_agents:each() do -- the newest first
    if (session.created_at or note.time) < note.time - CLOCKS then
      return nil
    elseif is_ours(session.session_id, note.prompt) then
      return session.session_id
    end
  end
end

local note = read_note()
if note then
  note.id = note.id or find_session(note)
else
  note = { time = os.time(), key = core.uuid(), prompt = PROMPT }
end
if note.id then
  print("resuming " .. note.id)
else
  write_note(note)
  note.id = assert(client:create { prompt = note.prompt or PROMPT, idempotency_key = note.key }).session_id
  print("began " .. note.id) -- first, should the disk be full
end
write_note(note)

local video, _, err = client:wait(note.id, { on_progress = heygen.progress() })
if not video then
  if err.kind == "failed" then
    assert(os.remove(NOTE)) -- it will not be finished any more
  end
  io.stderr:write(tostring(err), "\n")
  os.exit(1, true)
end
assert(client:download(video, OUT, { overwrite = true }))
assert(os.remove(NOTE))
print(OUT, video.duration) -- seconds
