-- The state file: nothing that was accepted is lost, however the simulator ends.
local cjson = require "cjson"
local core = require "heygen.core"
local process = require "spec.support.process"
local random = require "heygen.sim.core.random"
local shell = require "spec.support.shell"
local socket = require "socket"
local uv = require "spec.support.uv"
local clock = require "heygen.sim.core.clock"
local sim_model = require "heygen.sim.core.model"
local persistence = require "heygen.sim.core.persistence"
local store = require "heygen.sim.core.store"
local support = require "spec.support.sim"

local LUA = rawget(_G, "jit") and "luajit" or "lua" .. _VERSION:match "%d+%.%d+"

local function temporary()
  local path = os.tmpname()
  os.remove(path)
  return path
end

local function read(path)
  local file = assert(io.open(path, "rb"))
  local bytes = file:read "*a"
  file:close()
  return bytes
end

local function write(path, bytes)
  local file = assert(io.open(path, "wb"))
  file:write(bytes)
  file:close()
end

-- ---- the file

local function open(path, values, wanted, time)
  local kept, message = store.open(path, uv)
  if not kept then
    return nil, message
  end
  local model = assert(sim_model.new {
    clock = clock.new {
      start = 1790000000,
      speed = values and values.speed,
      source = function()
        return time or 1795000000
      end,
    },
    seed = values and values.seed,
    behaviour = wanted,
  })
  local count, problem = persistence.attach(kept, model, values or {}, wanted or {})
  if not count then
    kept:close()
    return nil, problem
  end
  return { kept = kept, model = model, count = count }
end

local function ask(it, method, target, value)
  local response = it.model:handle {
    method = method,
    target = target,
    headers = { ["x-api-key"] = "k" },
    body = value and core.encode(value) or "",
  }
  return response.status, core.decode(response.body)
end

local function create(it, prompt)
  local status, value = ask(it, "POST", "/v3/video-agents", { prompt = prompt or "x" })
  assert.equal(200, status)
  return value.data.session_id
end

local function has(it, id)
  return (ask(it, "GET", "/v3/video-agents/" .. id)) == 200
end

-- ---- the program

local function number_of(path)
  local file = io.open(path)
  local text = file and file:read "*a" or ""
  if file then
    file:close()
  end
  return text
end

-- Starts a program that writes its URL into URL_FILE, whatever that is.
local function start(shape)
  local url_file = temporary()
  local pipe = io.popen("(" .. shape:gsub("URL_FILE", url_file) .. ") >/dev/null & echo $!")
  local pid = pipe:read "*n"
  pipe:close()
  local deadline = socket.gettime() + 20
  local text
  repeat
    socket.sleep(0.005)
    text = number_of(url_file)
  until text:find "\n" or socket.gettime() > deadline
  os.remove(url_file)
  local host, port = text:match "^http://([%d.]+):(%d+)\n"
  assert(host, "the simulator did not start")
  return { pid = pid, host = host, port = tonumber(port) }
end

-- A simulator that can be killed; ends with this process. `before` is what the shell does first.
local function launch(path, front, before)
  local command = "%s exec %s bin/heygen-sim --port 0 --state %s --url-file URL_FILE --speed 60 --quiet"
    .. " --set concurrency=0 --set idempotency=true --seed 3 --front %s --with-process $PPID"
  return start(command:format(before or "", LUA, path, front))
end

-- One exchange on a new connection; nil when it broke.
local function exchange(server, method, target, body, key)
  local connection = socket.tcp()
  connection:settimeout(10)
  if not connection:connect(server.host, server.port) then
    connection:close()
    return nil
  end
  connection:send(
    string.format(
      "%s %s HTTP/1.0\r\nx-api-key: k\r\n%sContent-Length: %d\r\n\r\n%s",
      method,
      target,
      key and "Idempotency-Key: " .. key .. "\r\n" or "",
      #body,
      body
    )
  )
  local answer = connection:receive "*a"
  connection:close()
  local status = answer and answer:match "^HTTP/1.%d (%d+)"
  local ok, value = pcall(cjson.decode, answer and answer:match "\r\n\r\n(.*)$" or "")
  return status and ok and tonumber(status) or nil, value
end

-- Whether it has ended, and stopped listening. Of nginx's front, the one may come before the other.
local function gone(server)
  if process.alive(string.format("%d", server.pid)) then
    return false
  end
  local connection = socket.tcp()
  local connected = connection:connect(server.host, server.port)
  connection:close()
  return not connected
end

local function until_gone(server)
  local deadline = socket.gettime() + 10
  while not gone(server) do
    assert(socket.gettime() < deadline, "the simulator has not ended")
    socket.sleep(0.002)
  end
end

-- ----

describe("a state file", function()
  local path

  before_each(function()
    path = temporary()
  end)

  after_each(function()
    for _, ending in ipairs { "", ".lock", ".new" } do
      os.remove(path .. ending)
    end
  end)

  it("brings sessions, deletes, behaviours and the clock back", function()
    local it = assert(open(path, { speed = 0 }))
    local one, two = create(it), create(it)
    ask(it, "POST", "/_sim/clock", { advance = 1000 })
    local video = it.model.sessions.by_id[one].runs[1].video.id
    assert.equal(200, (ask(it, "DELETE", "/v3/videos/" .. video)))
    ask(it, "POST", "/_sim/behaviour", { thinking = 5 })
    local now = it.model.clock:now()
    it.kept:close()

    it = assert(open(path, { speed = 0 }))
    assert.is_true(it.count > 4)
    assert.is_true(has(it, one) and has(it, two))
    assert.equal(404, (ask(it, "GET", "/v3/videos/" .. video)))
    assert.equal(5, it.model.behaviour.thinking)
    assert.equal(now, it.model.clock:now())
    assert.equal(2, it.model.journal.counts.creates)
    it.kept:close()
  end)

  it("lets time run while it is away, and never back", function()
    local it = assert(open(path, { speed = 10 }))
    create(it)
    local now = it.model.clock:now()
    it.kept:close()
    it = assert(open(path, nil, nil, 1795000060))
    assert.equal(now + 600, it.model.clock:now())
    create(it)
    it.kept:close()
    -- The machine's clock was set back.
    it = assert(open(path, nil, nil, 1795000000))
    assert.equal(now + 600, it.model.clock:now())
    -- A jump back that was ordered is another thing.
    ask(it, "POST", "/_sim/clock", { advance = -100 })
    it.kept:close()
    it = assert(open(path, nil, nil, 1795000001))
    assert.equal(now + 510, it.model.clock:now())
    it.kept:close()
  end)

  it("cuts a torn record off, at whatever byte it was torn", function()
    local it = assert(open(path))
    local first = create(it)
    local whole = #read(path)
    local second = create(it)
    it.kept:close()
    local bytes = read(path)
    for stop = whole, #bytes - 1 do
      write(path, bytes:sub(1, stop))
      it = assert(open(path))
      assert.is_true(has(it, first))
      assert.is_false(has(it, second))
      local third = create(it)
      it.kept:close()
      it = assert(open(path))
      assert.is_true(has(it, first) and has(it, third))
      it.kept:close()
    end
  end)

  it("takes pages that were never written for torn", function()
    local it = assert(open(path))
    local first = create(it)
    local whole = #read(path)
    create(it, ("long "):rep(100))
    it.kept:close()
    local bytes = read(path)
    local holed = bytes:sub(1, whole + 20) .. ("\0"):rep(#bytes - whole - 20)
    for _, damaged in ipairs { holed, bytes:sub(1, whole) .. ("\0"):rep(300) } do
      write(path, damaged)
      it = assert(open(path))
      assert.is_true(has(it, first))
      assert.equal(1, #it.model.sessions.rows)
      it.kept:close()
    end
  end)

  it("refuses to forget what stands behind a damage", function()
    local it = assert(open(path))
    create(it)
    local from = #read(path)
    create(it)
    create(it)
    it.kept:close()
    local bytes = read(path)
    for at = from + 1, from + 60 do
      local other = string.char((bytes:byte(at) + 1) % 256)
      write(path, bytes:sub(1, at - 1) .. other .. bytes:sub(at + 1))
      local opened, message = open(path)
      assert.is_nil(opened, "byte " .. at)
      assert.matches("damaged at byte " .. (from + 1), message)
    end
    -- A length that seems to reach beyond the end is no torn record either.
    write(path, bytes:sub(1, from) .. "99999" .. bytes:sub(from + 1))
    local opened, message = open(path)
    assert.is_nil(opened)
    assert.matches("damaged at byte " .. (from + 1), message)
    assert.is_nil(io.open(path .. ".lock"))
  end)

  it("is not taken for one when it is something else", function()
    for _, text in ipairs { "hello", "12:30 meet Ann\n13:00 lunch\n", '{"a":1}', "\127ELF" } do
      write(path, text)
      local opened, message = open(path)
      assert.is_nil(opened)
      assert.matches("no state of heygen%-sim", message)
      assert.equal(text, read(path))
    end
  end)

  it("knows which answers were on their way, but not those of a run that has ended", function()
    local function create_with_key(it)
      local response = it.model:handle {
        method = "POST",
        target = "/v3/video-agents",
        headers = { ["x-api-key"] = "k", ["idempotency-key"] = "one" },
        body = '{"prompt":"x"}',
      }
      return response.status, core.decode(response.body)
    end
    local it = assert(open(path, nil, { idempotency = true }))
    ask(it, "POST", "/_sim/faults", { method = "POST", nth = 1, act = true, delay = 60 })
    local _, first = create_with_key(it)
    assert.equal(409, (create_with_key(it)))
    it.kept:close()
    it = assert(open(path, nil, { idempotency = true }, 1795000001))
    local status, again = create_with_key(it)
    assert.equal(200, status)
    assert.same(first, again)
    it.kept:close()
  end)

  it("begins again with a reset, and drops what was before", function()
    local it = assert(open(path))
    local lost = create(it, ("long "):rep(1000))
    ask(it, "POST", "/_sim/reset")
    local kept = create(it, "y")
    local before = #read(path)
    it.kept:close()
    it = assert(open(path))
    assert.is_true(has(it, kept))
    assert.equal(1, #it.model.sessions.rows)
    -- The same seed: the first session after a reset has the same id.
    assert.equal(lost, kept)
    assert.is_true(#read(path) < before - 4000)
    it.kept:close()
    it = assert(open(path))
    assert.is_true(has(it, kept))
    it.kept:close()
  end)

  it("lets the command line have the last word, except on the seed", function()
    local it = assert(open(path, { seed = 4, speed = 10 }, { thinking = 30, video_fails = true }))
    create(it)
    it.kept:close()
    local refused, message = open(path, { seed = 5 })
    assert.is_nil(refused)
    assert.matches("another %-%-seed", message)
    it = assert(open(path))
    assert.equal(10, it.model.clock.speed)
    assert.equal(30, it.model.behaviour.thinking)
    it.kept:close()
    it = assert(open(path, { speed = 2 }, { thinking = 40 }))
    assert.equal(2, it.model.clock.speed)
    assert.equal(40, it.model.behaviour.thinking)
    assert.is_true(it.model.behaviour.video_fails)
    assert.equal(30, it.model.sessions.rows[1].runs[1].b.thinking)
    it.kept:close()
    it = assert(open(path))
    assert.equal(2, it.model.clock.speed)
    assert.equal(40, it.model.behaviour.thinking)
    ask(it, "POST", "/_sim/reset")
    it.kept:close()
    it = assert(open(path))
    assert.equal(0, #it.model.sessions.rows)
    assert.equal(4, it.model.seed)
    it.kept:close()
  end)

  it("keeps no fault rules", function()
    local it = assert(open(path))
    ask(it, "POST", "/_sim/faults", { status = 500 })
    ask(it, "POST", "/_sim/faults", { scenario = "stalled" })
    it.kept:close()
    it = assert(open(path))
    assert.equal(0, #it.model.faults.rules)
    assert.is_true(it.model.behaviour.stall)
    it.kept:close()
  end)

  it("is for one process at a time", function()
    local it = assert(open(path))
    local child = io.popen("sleep 5 & echo $!; : heygen")
    local pid = child:read "*n"
    write(path .. ".lock", "1\n")
    -- Process 1 lives, but is no simulator; and a dead one holds nothing.
    it.kept:close()
    it = assert(open(path))
    it.kept:close()
    os.execute("kill " .. pid)
    child:read "*a" -- until it is really gone: before it runs sleep, its command line still says heygen
    child:close()
    write(path .. ".lock", pid .. "\n")
    it = assert(open(path))
    it.kept:close()

    local server = support.start { state = path }
    local opened, message = open(path)
    assert.is_nil(opened)
    assert.matches("in use by process %d+", message)
    server:stop()
    it = assert(open(path))
    it.kept:close()
  end)

  it("takes a lock over when its owner ends while it is checked", function()
    write(path .. ".lock", "999999999\n")
    local kept = assert(store.open(
      path,
      setmetatable({
        kill = function()
          return 0 -- it has answered, and is gone
        end,
      }, { __index = uv })
    ))
    kept:close()
  end)

  it("leaves the lock of one that was faster", function()
    local other = temporary()
    local server = support.start { state = other }
    local owner = read(other .. ".lock")
    write(path .. ".lock", "999999999\n")
    local opened, message = store.open(
      path,
      setmetatable({
        kill = function(pid, signal)
          if pid == 999999999 then
            write(path .. ".lock", owner)
          end
          return uv.kill(pid, signal)
        end,
      }, { __index = uv })
    )
    assert.is_nil(opened)
    assert.matches("in use by process %d+", message)
    assert.equal(owner, read(path .. ".lock"))
    server:stop()
    os.remove(other)
    -- Nor does it take one away that is being made.
    write(path .. ".lock", "")
    opened, message = store.open(path, uv)
    assert.is_nil(opened)
    assert.matches("in use by another process", message)
  end)

  it("is for one of many that start together", function()
    local code = [[
      local kept = require("heygen.sim.core.store").open("%s", require "luv")
      local file = assert(io.open("%s.%d.new", "w"))
      file:write(kept and "won" or "lost")
      file:close()
      assert(os.rename("%s.%d.new", "%s.%d"))
      io.read "*a" -- heygen
    ]]
    write(path .. ".lock", "999999999\n")
    local pipes, won = {}, 0
    for i = 1, 6 do
      local program = code:format(path, path, i, path, i, path, i)
      pipes[i] = io.popen(LUA .. " -e " .. shell.quote(program), "w")
    end
    local deadline = socket.gettime() + 20
    for i = 1, #pipes do
      local file
      repeat
        socket.sleep(0.005)
        file = io.open(path .. "." .. i)
      until file or socket.gettime() > deadline
      won = won + (file:read "*a" == "won" and 1 or 0)
      file:close()
      os.remove(path .. "." .. i)
    end
    for _, pipe in ipairs(pipes) do
      pipe:close()
    end
    assert.equal(1, won)
  end)

  it("is left without half a record when the disk is full", function()
    local it = assert(open(path))
    local first = create(it)
    local size = #read(path)
    local real = it.kept.uv
    it.kept.uv = setmetatable({
      fs_write = function(descriptor, bytes, offset)
        real.fs_write(descriptor, bytes:sub(1, 20), offset)
        return nil, "ENOSPC: no space left on device"
      end,
    }, { __index = real })
    local status, value = ask(it, "POST", "/v3/video-agents", { prompt = "y" })
    assert.equal(503, status)
    assert.matches("no space left", value.error.message)
    assert.equal(size, #read(path))
    it.kept.uv = real
    -- What was refused has not happened: not now, and not for the ids of what comes later.
    assert.equal(1, #it.model.sessions.rows)
    assert.equal(1, it.model.journal.counts.creates)
    local second = create(it)
    it.kept:close()
    it = assert(open(path))
    assert.is_true(has(it, first) and has(it, second))
    assert.equal(2, #it.model.sessions.rows)
    it.kept:close()
  end)

  for _, front in ipairs { "luv", "nginx #once" } do
    it("grows until there is no room for more, and holds what was accepted, over " .. front, function()
      front = front:match "%l+"
      local server = launch(path, front, "trap '' XFSZ; ulimit -f 64;")
      -- A worker that was refused its record ends in favour of another one: it answers 503, or not at all.
      local function patiently(...)
        local deadline = socket.gettime() + 10
        local status, value
        repeat
          status, value = exchange(server, ...)
          if status and status ~= 503 then
            break
          end
          socket.sleep(0.01)
        until socket.gettime() > deadline
        return status, value
      end
      local accepted, refused = {}, 0
      local long, short = ('{"prompt":"%s"}'):format(("x"):rep(8000)), '{"prompt":"y"}'
      while refused < 5 do
        local status, value = exchange(server, "POST", "/v3/video-agents", long)
        if status == 200 then
          assert.equal(0, refused)
        else
          -- There is room for a short one.
          refused = refused + 1
          status, value = patiently("POST", "/v3/video-agents", short)
          assert.equal(200, status)
        end
        accepted[#accepted + 1] = value.data.session_id
        assert.is_true(#accepted < 50)
      end
      local function all_there()
        for _, id in ipairs(accepted) do
          assert.equal(200, (patiently("GET", "/v3/video-agents/" .. id, "")))
        end
        local _, counts = patiently("GET", "/_sim/counts", "")
        assert.equal(#accepted, counts.creates)
      end
      all_there()
      os.execute(string.format("kill %d", server.pid))
      until_gone(server)
      server = launch(path, front)
      all_there()
      os.execute(string.format("kill %d", server.pid))
      until_gone(server)
    end)
  end
end)

describe("a simulator that is killed at any moment", function()
  local function kill_and_count(front, rounds)
    local path, chance = temporary(), random.new(5)
    local accepted, number = {}, 0
    local pending
    for round = 1, rounds do
      local server = launch(path, front)
      if pending then
        -- The create whose answer was lost: repeated with its key, it is there once.
        local status, value = exchange(server, "POST", "/v3/video-agents", '{"prompt":"p"}', pending)
        assert.equal(200, status)
        accepted[#accepted + 1] = value.data.session_id
      end
      for _, id in ipairs(accepted) do
        assert.equal(200, (exchange(server, "GET", "/v3/video-agents/" .. id, "")), "round " .. round)
      end
      os.execute(
        string.format("(sleep %.3f; kill -9 %d) >/dev/null 2>&1 &", chance:fraction() * 0.08, server.pid)
      )
      while true do
        number = number + 1
        local key = "key-" .. number
        local status, value = exchange(server, "POST", "/v3/video-agents", '{"prompt":"p"}', key)
        if not status then
          pending = key
          break
        end
        assert.equal(200, status)
        accepted[#accepted + 1] = value.data.session_id
      end
      until_gone(server)
    end
    local server = launch(path, front)
    local status, value = exchange(server, "POST", "/v3/video-agents", '{"prompt":"p"}', pending)
    assert.equal(200, status)
    accepted[#accepted + 1] = value.data.session_id
    local seen = {}
    for _, id in ipairs(accepted) do
      assert.is_nil(seen[id])
      seen[id] = true
    end
    local _, counts = exchange(server, "GET", "/_sim/counts", "")
    assert.equal(#accepted, counts.creates)
    assert.is_true(#accepted > rounds, #accepted .. " creates")
    os.execute(string.format("kill %d", server.pid))
    until_gone(server)
    os.remove(path)
    os.remove(path .. ".lock")
  end

  it("has lost no accepted create, and made none twice", function()
    kill_and_count("luv", 12)
  end)

  it("has not with nginx's workers either #once", function()
    kill_and_count("nginx", 6)
  end)
end)
