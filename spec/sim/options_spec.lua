-- Every option of the command line and of heygen.sim.start: what it changes in a running simulator.
local eventually = require "spec.support.eventually"
local cjson = require "cjson"
local options = require "heygen.sim.options"
local shell = require "spec.support.shell"
local sim = require "heygen.sim"
local socket = require "socket"
local support = require "spec.support.sim"

local LUA = rawget(_G, "jit") and "luajit" or "lua" .. _VERSION:match "%d+%.%d+"

local function read(path)
  local file = io.open(path)
  local text = file and file:read "*a"
  if file then
    file:close()
  end
  return text
end

local function free_port()
  local listener = assert(socket.bind("127.0.0.1", 0))
  local _, port = listener:getsockname()
  listener:close()
  return tonumber(port)
end

describe("heygen-sim reads", function()
  local function values(...)
    return assert(options.read { ... })
  end

  it("an option's value after a blank or an equals sign", function()
    assert.equal(81, values("--port", "81").port)
    assert.equal(81, values("--port=81").port)
    assert.same({ "a", "b=c" }, values("--key", "a", "--key=b=c").keys)
  end)

  it("every option that its help names, and no other", function()
    local help, listed = options.help(), {}
    for name in help:gmatch "\n  %-%-([%w%-]+)" do
      listed[#listed + 1] = name
    end
    assert.same(options.names(), listed)
    for _, name in ipairs(listed) do
      local _, message = options.read { "--" .. name }
      assert.is_nil(message and message:find "unknown", name)
    end
  end)

  it("its lines are not too long for a terminal", function()
    for line in options.help():gmatch "[^\n]+" do
      assert.is_true(#line <= 140, line)
    end
  end)
end)

describe("the option", function()
  local server

  after_each(function()
    if server then
      server:stop()
      server = nil
    end
  end)

  local function start(wanted)
    server = support.start(wanted)
    return server
  end

  it("--port takes that port", function()
    local port, running, message
    for _ = 1, 10 do
      port = free_port()
      running, message = sim.start { port = port, errors = "/dev/null" }
      -- Another process may have taken it since.
      if running or not message:find("cannot listen", 1, true) then
        break
      end
    end
    assert(running, message)
    assert.equal("http://127.0.0.1:" .. port, running.url)
    running:stop()
  end)

  it("--host listens there and only there", function()
    local elsewhere
    for _ = 1, 10 do
      local running = start { host = "127.0.0.2" }
      assert.matches("^http://127%.0%.0%.2:", running.url)
      assert.equal(200, (running:exchange("GET", "/")))
      elsewhere = socket.connect("127.0.0.1", running.port)
      -- Another program may listen there by chance, but not each time.
      if not elsewhere then
        break
      end
      elsewhere:close()
      running:stop()
    end
    assert.is_nil(elsewhere)
  end)

  it("--host takes localhost for the loopback address", function()
    for _, front in ipairs { "luv", "nginx" } do
      local running = start { host = "localhost", front = front }
      assert.matches("^http://127%.0%.0%.1:", running.url)
      assert.equal(200, (running:exchange("GET", "/")))
      running:stop()
    end
  end)

  it("--url stands in the answers", function()
    local running = start { url = "https://sim.example/x/", behaviour = { video_id = "at_once" } }
    local _, made = running:api("POST", "/v3/video-agents", { prompt = "A video" })
    running:clock { advance = 720 }
    local _, video = running:api("GET", "/v3/videos/" .. made.data.video_id)
    assert.equal("https://sim.example/x/files/", video.data.video_url:match "^.-/files/")
  end)

  it("--speed makes the clock run", function()
    local state = start({ speed = 0 }):state()
    assert.equal(0, state.speed)
    assert.equal(state.now, server:state().now)
    server:stop()
    local from = start({ speed = 100000 }):state().now
    assert.is_truthy(eventually(function()
      return server:state().now > from + 1000
    end))
  end)

  it("--seed repeats a run, another one does not", function()
    local function ids(seed)
      local running = start { seed = seed }
      local _, made = running:api("POST", "/v3/video-agents", { prompt = "A video" })
      running:stop()
      return made.data.session_id
    end
    local first = ids(7)
    assert.equal(first, ids(7))
    assert.are_not.equal(first, ids(8))
  end)

  it("--key lets only these in", function()
    local running = start { keys = { "one", "two" } }
    local function status(key)
      return (running:exchange("GET", "/v3/videos", nil, { ["x-api-key"] = key }))
    end
    assert.same({ 200, 200, 401 }, { status "one", status "two", status "three" })
    assert.equal("listed", running:state().keys)
  end)

  it("--scenario, --faults and --set start with them, and a reset goes back to them", function()
    local running = start {
      scenario = "stalled",
      faults = { { path = "/v3/videos", status = 418 } },
      behaviour = { thinking = 5 },
    }
    for _ = 1, 2 do
      local state = running:state()
      assert.is_true(state.behaviour.stall)
      assert.equal(5, state.behaviour.thinking)
      assert.equal(2, #state.faults)
      assert.equal(418, state.faults[2].effect.status)
      running:faults {}
      running:behaviour { thinking = 9, stall = false }
      running:reset()
    end
  end)

  it("--remember keeps so many requests", function()
    local running = start { remember = 2 }
    for i = 1, 5 do
      running:api("GET", "/v3/videos?limit=" .. i)
    end
    local list = running:requests()
    assert.same({ "/v3/videos?limit=4", "/v3/videos?limit=5" }, { list[1].target, list[2].target })
    assert.equal(5, running:counts().requests)
  end)

  it("--bodies keeps the beginning of each body", function()
    local running = start { bodies = 12 }
    running:api("POST", "/v3/video-agents", '{"prompt":"A video"}')
    running:api("POST", "/v3/video-agents", "\255\0{}")
    running:api("GET", "/v3/videos")
    local list = running:requests()
    assert.same({ '{"prompt":"A', "%FF\0{}", "" }, { list[1].body, list[2].body, list[3].body })
    assert.same({ 20, 4, 0 }, { list[1].body_bytes, list[2].body_bytes, list[3].body_bytes })
    running = start {}
    running:api("POST", "/v3/video-agents", '{"prompt":"A video"}')
    assert.is_nil(running:requests()[1].body)
  end)

  it("--log writes a line per request, without the key", function()
    local path = os.tmpname()
    local running = start { log = true, errors = path }
    running:api("GET", "/v3/videos/abc")
    local line = eventually(function()
      return read(path):match "[^\n]*abc[^\n]*"
    end)
    assert.matches("^%d%d:%d%d:%d%d #%d+ GET /v3/videos/abc 404$", line)
    assert.is_nil(read(path):find("test-key", 1, true))
    os.remove(path)
  end)

  it("--quiet keeps the warning about an open address away", function()
    local path = os.tmpname()
    local function warned(quiet)
      local running = assert(sim.start { host = "0.0.0.0", quiet = quiet, errors = path })
      running:stop()
      return read(path):find("others on the network", 1, true) ~= nil
    end
    assert.is_true(warned(false))
    assert.is_false(warned(true))
    os.remove(path)
  end)

  it("--url-file holds the URL as long as it runs, and is removed afterwards", function()
    local path = os.tmpname()
    os.remove(path)
    local pipe = io.popen(
      LUA .. " bin/heygen-sim --port 0 --until-stdin-closes --url-file " .. path .. " >/dev/null",
      "w"
    )
    local url = eventually(function()
      return (read(path) or ""):match "^(http://127%.0%.0%.1:%d+)\n$"
    end)
    assert.is_string(url)
    pipe:close()
    assert.is_nil(read(path))
  end)

  local WITH_PROCESS =
    "%s bin/heygen-sim --port 0 --with-process %d --url-file %s </dev/null >/dev/null 2>&1 &"

  it("--with-process ends it with that process", function()
    local path = os.tmpname()
    os.remove(path)
    local sleeper = io.popen "sleep 60 >/dev/null & echo $!"
    local pid = sleeper:read "*n"
    sleeper:close()
    os.execute(WITH_PROCESS:format(LUA, pid, path))
    assert.is_truthy(eventually(function()
      return read(path)
    end))
    os.execute("kill " .. string.format("%d", pid))
    assert.is_truthy(eventually(function()
      return read(path) == nil
    end))
  end)

  it("--with-process ends it when that process is dead, though its parent has not waited for it", function()
    local path = os.tmpname()
    os.remove(path)
    -- A shell that becomes another program forgets its children.
    local pipe = io.popen "sleep 60 & echo $! $$; exec sleep 60"
    local pid, parent = pipe:read("*n", "*n")
    finally(function()
      os.execute(("kill %d"):format(parent))
      pipe:close()
    end)
    os.execute(WITH_PROCESS:format(LUA, pid, path))
    assert.is_truthy(eventually(function()
      return read(path)
    end))
    os.execute(("kill %d"):format(pid))
    assert.is_truthy(eventually(function()
      return read(path) == nil
    end))
    assert.matches("%) Z", read(("/proc/%d/stat"):format(pid)))
  end)

  it("--receivers lets webhooks go to other machines", function()
    -- A private address of documentation, where nothing answers: what matters is that it is tried at all.
    local function state_of(receivers)
      local running = start {
        speed = 0,
        receivers = receivers,
        behaviour = { webhook_timeout = 0.2, webhook_give_up = 1 },
      }
      running:api("POST", "/v3/video-agents", { prompt = "A video", callback_url = "https://192.0.2.1/hook" })
      running:clock { advance = 720 }
      return eventually(function()
        local _, body = running:exchange("GET", "/_sim/deliveries")
        local row = cjson.decode(body).data[1]
        return row and row.state ~= "waiting" and row.state ~= "sending" and row
      end)
    end
    local kept = state_of(nil)
    assert.equal("dropped", kept.state)
    assert.matches("not a loopback address", kept.reason)
    server:stop()
    assert.equal("given_up", state_of("any").state)
  end)
end)

describe("heygen-sim as a program #once", function()
  -- Those two have a core in every run of the specs.
  it("prints the same with PUC Lua and LuaJIT", function()
    assert.equal(shell.must "lua5.4 bin/heygen-sim --help", shell.must "luajit bin/heygen-sim --help")
  end)
end)
