-- Measures how control moves through the Lua files of the client, for docs/architecture.md:
--
--   eval "$(make -s env)"
--   lua5.4 docs/walks.lua            prints the walks
--   lua5.4 docs/walks.lua --write    writes them into docs/architecture.md
--
-- Each walk is one call of a client that has just been made, against a simulator or a port where nothing listens, in a
-- process of its own. A hook sees each call and each return. Of the files in lua/heygen/ it counts the distinct ones,
-- and the changes: how often control enters a file from another one. It needs PUC Lua: LuaJIT runs no hooks in
-- compiled code.

local PAGE, MARK = "docs/architecture.md", "<!-- walks: written by docs/walks.lua -->\n"

local function all_walks()
  local lines = {}
  for _, name in ipairs { "create", "failed", "file", "delivery" } do
    local child = assert(io.popen(("%s %s %s"):format(arg[-1], arg[0], name)))
    local line = child:read "*l"
    child:close()
    lines[#lines + 1] = assert(line, name)
  end
  return lines
end

local function wrapped(line)
  local text, width = "", 0
  for word in line:gmatch "%S+" do
    if width > 0 and width + 1 + #word > 110 then
      text, width = text .. "\n ", 1
    end
    text = text .. (width > 0 and " " or "") .. word
    width = width + #word + (width > 0 and 1 or 0)
  end
  return text .. "\n"
end

local function write(lines)
  local file = assert(io.open(PAGE))
  local text = file:read "*a"
  file:close()
  local before, after = text:match("^(.-" .. MARK:gsub("%p", "%%%0") .. "\n).-\n(\n[^-].*)$")
  assert(before, PAGE .. " has no mark for the walks")
  for index, line in ipairs(lines) do
    lines[index] = wrapped(line)
  end
  file = assert(io.open(PAGE, "w"))
  assert(file:write(before, table.concat(lines), after))
  assert(file:close())
end

local name = arg[1]
if not name or name == "--write" then
  local lines = all_walks()
  if name then
    write(lines)
  else
    print(table.concat(lines, "\n"))
  end
  os.exit(true)
end

-- ---- the hook

local recording -- { changes, files = { path... }, seen = { path = true }, last }

-- The file of the client that holds the function at a level of the stack, or its nearest caller in one.
local function file_at(level)
  level = level + 1
  local info = debug.getinfo(level, "S")
  while info do
    local file = info.source:match "/lua/heygen/(.*)%.lua$"
    if file then
      return file
    end
    level = level + 1
    info = debug.getinfo(level, "S")
  end
end

local function hook(event)
  if not recording then
    return
  end
  local file = file_at(event == "return" and 3 or 2)
  if file and recording.last ~= file then
    recording.last, recording.changes = file, recording.changes + 1
    if not recording.seen[file] then
      recording.seen[file] = true
      recording.files[#recording.files + 1] = file
    end
  end
end

-- A hook belongs to one coroutine, so each new one is given it. This must be in place before heygen is loaded.
local create = coroutine.create
rawset(coroutine, "create", function(fn)
  local thread = create(fn)
  debug.sethook(thread, hook, "cr")
  return thread
end)
debug.sethook(hook, "cr")

local heygen = require "heygen"

local finished

local function start()
  recording = { changes = -1, files = {}, seen = {} } -- the first file is no change
end

local function stop()
  finished, recording = finished or recording, nil
end

-- ---- the walks

local run = {}

local function new_client(server, options)
  options = options or {}
  options.api_key, options.base_url = "test-key", server.url
  return heygen.new(options)
end

function run.create(server)
  local client = new_client(server)
  start()
  assert(client:create { prompt = "A video" })
  stop()
end

function run.failed()
  local client = new_client({ url = "http://127.0.0.1:1" }, { max_retries = 0 })
  start()
  local session, _, err = client:create { prompt = "A video" }
  stop()
  assert(not session and err.kind == "network" and err.sent == "no", tostring(err))
end

function run.file(server)
  local path = os.tmpname()
  local file = assert(io.open(path, "w"))
  file:write "%PDF-1.4\n%%EOF\n"
  file:close()
  local client = new_client(server)
  start()
  assert(client:create { prompt = "Present the file", files = { path } })
  stop()
  os.remove(path)
end

-- From the delivery to the request by which the wait that it wakes asks for the state.
function run.delivery(server)
  local secret, requests = "whsec_walks", 0
  local client = new_client(server, {
    on_request = function()
      requests = requests + 1
      stop()
    end,
  })
  local router = heygen.webhook.router { secrets = secret, on = {} }
  local session = assert(client:create { prompt = "A video" })
  local task = heygen.spawn(function()
    client:wait(session, { webhook = router, interval = 600 })
  end)
  local function update_until(wanted)
    while requests < wanted do
      client:update()
      heygen.sleep(0.01)
    end
  end
  update_until(2)
  for _ = 1, 100 do -- the answer arrives, and the wait sleeps
    client:update()
    heygen.sleep(0.005)
  end
  assert(requests == 2)
  local body = ('{"event_type":"video_agent.success","event_data":{"session_id":"%s"}}'):format(
    session.session_id
  )
  local headers = heygen.webhook.sign(body, secret)
  start()
  assert(router:handle("POST", headers, body, "/") == 200)
  update_until(3)
  task:cancel()
  client:update()
end

local TITLES = {
  create = "a create",
  failed = "a create whose connection is refused",
  file = "a create with a local file",
  delivery = "a delivery of a webhook, to the request of the wait that it wakes",
}

local server = name ~= "failed" and assert(heygen.sim.start { speed = 0 }) or nil
run[name](server)
if server then
  server:stop()
end
local files = table.concat(finished.files, ", ")
print(("- %s: %d files, %d changes: %s"):format(TITLES[name], #finished.files, finished.changes, files))
