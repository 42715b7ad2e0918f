-- heygen-sim as a program, and as a child of a Lua program: how it starts, and that it really ends.
local eventually = require "spec.support.eventually"
local shell = require "spec.support.shell"
local sim = require "heygen.sim"
local socket = require "socket"

local LUA = rawget(_G, "jit") and "luajit" or "lua" .. _VERSION:match "%d+%.%d+"
local COMMAND = LUA .. " bin/heygen-sim "

-- Output (both streams) and exit status of a command.
local function run(arguments)
  local pipe = io.popen(COMMAND .. arguments .. ' 2>&1; echo "[$?]"')
  local output, status = pipe:read("*a"):match "^(.*)%[(%d+)%]\n$"
  pipe:close()
  return output, tonumber(status)
end

local function listens(url)
  local host, port = url:match "^http://([%d.]+):(%d+)$"
  local connection = socket.connect(host, tonumber(port))
  if connection then
    connection:close()
  end
  return connection ~= nil
end

describe("heygen-sim", function()
  it("explains itself", function()
    local help, status = run "--help"
    assert.equal(0, status)
    for _, word in ipairs { "%-%-port N", "%-%-set NAME=VALUE", "video_fails", "flaky", "/_sim/counts" } do
      assert.matches(word, help)
    end
    assert.equal(help, (run "-h"))
    assert.same({ "heygen-sim 0.1.0\n", 0 }, { run "--version" })
  end)

  it("refuses what it does not understand, with the reason", function()
    for arguments, reason in pairs {
      ["--prot 1"] = "unknown option %-%-prot",
      ["stray"] = "unknown option stray",
      ["--port"] = "%-%-port needs a value",
      ["--port ten"] = "%-%-port: expected a number",
      ["--port 70000"] = "%-%-port: expected a whole number from 0 to 65535, got 70000",
      ["--port=1.5"] = "%-%-port: expected a whole number from 0 to 65535, got 1.5",
      ["--speed -1"] = "%-%-speed: expected a number",
      ["--quiet=yes"] = "%-%-quiet takes no value",
      ["--scenario nice"] = "%-%-scenario: expected one of .*flaky.*, got nice",
      ["--remember 0"] = "%-%-remember: expected a whole number >= 1, got 0",
      ["--workers 65"] = "%-%-workers: expected a whole number from 1 to 64, got 65",
      ["--receivers all"] = "%-%-receivers: expected loopback or any, got all",
      ["--set thinkin=1"] = "no behaviour is called thinkin",
      ["--set thinking=long"] = "thinking: expected seconds",
      ["--set thinking"] = "expected name=value",
    } do
      local output, status = run(arguments)
      assert.equal(2, status, arguments)
      assert.matches(reason, output)
    end
  end)

  it("fails when it cannot do what it was told", function()
    local output, status = run "--host 256.0.0.1"
    assert.equal(1, status)
    assert.matches("cannot listen on 256.0.0.1", output)
    output, status = run "--faults '{\"statu\":1}'"
    assert.equal(1, status)
    assert.matches("no part of a fault is called statu", output)
    output, status = run "--url-file /no/such/directory/file --until-stdin-closes"
    assert.equal(1, status)
    assert.matches("%-%-url%-file", output)
  end)

  it("starts in the background for a shell that evals what it prints", function()
    local pipe = io.popen([[
      eval "$(]] .. COMMAND .. [[ --env --port 0 --key k1 --with-process $$)" || exit 1
      echo "$HEYGEN_API_BASE $HEYGEN_API_KEY $HEYGEN_ALLOW_HTTP"
      curl -s -o /dev/null -w '%{http_code}\n' -H "x-api-key: $HEYGEN_API_KEY" "$HEYGEN_API_BASE/v3/videos"
      kill "$HEYGEN_SIM_PID"
    ]])
    local output = pipe:read "*a"
    pipe:close()
    local url = output:match "^(http://127%.0%.0%.1:%d+) k1 1\n200\n$"
    assert.is_string(url, output)
    assert.is_truthy(eventually(function()
      return not listens(url)
    end))
  end)

  it("says in the background, too, why it cannot start", function()
    local taken = assert(socket.bind("127.0.0.1", 0))
    local _, port = taken:getsockname()
    local output, status = run(("--env --port %d"):format(port))
    assert.equal(1, status)
    assert.matches("cannot listen on 127.0.0.1 port " .. port, output, 1, true)
    taken:close()
  end)

  it("leaves a shell that evals nothing of the real service when it cannot start", function()
    local taken = assert(socket.bind("127.0.0.1", 0))
    local _, port = taken:getsockname()
    for _, options in ipairs { "--port " .. port, "--nonsense", "--speed x" } do
      local pipe = io.popen(([[
        unset HEYGEN_API_BASE
        eval "$(%s --env %s 2>/dev/null)"
        echo "$? $HEYGEN_API_BASE"
      ]]):format(COMMAND, options))
      assert.equal("1 http://127.0.0.1:1\n", pipe:read "*a", options)
      pipe:close()
    end
    taken:close()
  end)

  it("takes a free port when the usual one is taken", function()
    local port = require("heygen.sim.options").PORT
    local taken = socket.bind("127.0.0.1", port) -- or another simulator has it
    local output = run "--until-stdin-closes </dev/null"
    assert.matches(("port %d is taken; it listens on http://127.0.0.1:"):format(port), output, 1, true)
    assert.is_nil(output:find("127.0.0.1:" .. port, 1, true))
    if taken then
      taken:close()
    end
  end)

  it("prints its base URL first, and ends with its standard input", function()
    local path = os.tmpname()
    local pipe = io.popen(COMMAND .. "--port 0 --until-stdin-closes >" .. path, "w")
    local url
    assert.is_truthy(eventually(function()
      local file = assert(io.open(path))
      url = (file:read "*l" or ""):match "^http://127%.0%.0%.1:%d+$"
      file:close()
      return url
    end))
    assert.is_true(listens(url))
    pipe:close()
    assert.is_false(listens(url))
    os.remove(path)
  end)

  it("survives a client that goes away while it writes", function()
    -- LuaSocket makes this process ignore SIGPIPE, and children inherit that; a simulator started elsewhere would not.
    local faults = '[{"drip":{"bytes":5,"every":0.01}}]'
    local command = string.format(
      "env --default-signal=PIPE %s --port 0 --faults '%s' --until-stdin-closes",
      COMMAND,
      faults
    )
    local path = os.tmpname()
    local pipe = io.popen(command .. " >" .. path, "w")
    local host, port
    assert.is_truthy(eventually(function()
      local file = assert(io.open(path))
      host, port = (file:read "*l" or ""):match "^http://([%d.]+):(%d+)$"
      file:close()
      return port
    end))
    os.remove(path)
    for _ = 1, 20 do
      local connection = assert(socket.connect(host, tonumber(port)))
      connection:send(("GET / HTTP/1.1\r\nHost: x\r\n\r\n"):rep(3))
      connection:close()
    end
    local connection = assert(socket.connect(host, tonumber(port)))
    connection:settimeout(10)
    connection:send "GET / HTTP/1.0\r\n\r\n"
    local answer = connection:receive "*a"
    connection:close()
    assert.matches("^HTTP/1.1 200", answer)
    pipe:close()
  end)

  it("ends at once when there is no standard input", function()
    local _, status = run "--until-stdin-closes </dev/null"
    assert.equal(0, status)
  end)
end)

describe("heygen.sim.start", function()
  it("gives a server that ends when told, and leaves nothing behind", function()
    local server = assert(sim.start { speed = 600 })
    -- No other user can put a file, or a link, where its URL is written.
    assert.matches("^drwx%-%-%-%-%-%-", (shell.must("ls -ld " .. server.home)))
    assert.matches("^http://127%.0%.0%.1:%d+$", server.url)
    assert.is_true(listens(server.url))
    server:stop()
    assert.is_false(listens(server.url))
    server:stop()
    assert.is_nil(io.open(server.home))
  end)

  it("stops after the simulator has died, in a process that no signal may reach", function()
    local script = os.tmpname()
    local file = assert(io.open(script, "w"))
    file:write(([[
      local sim = require "heygen.sim"
      local state = %q
      local server = assert(sim.start { state = state, errors = "/dev/null" })
      local lock = assert(io.open(state .. ".lock")):read "*a"
      os.execute("kill -9 " .. lock)
      -- Until the shell that has started it has ended, too.
      repeat
        local shells = io.popen("ps -o args= --ppid $PPID | grep -c '[u]limit -Sn'"):read "*n"
      until shells == 0
      server:stop()
      assert(not io.open(server.home))
      io.write "alive"
    ]]):format(script .. ".state"))
    file:close()
    local output = shell.run("env --default-signal=PIPE " .. LUA .. " " .. script)
    shell.must("rm -f " .. script .. " " .. script .. ".state*")
    assert.equal("alive", output)
  end)

  it("stops although a child of this process holds its standard input open", function()
    local server = assert(sim.start {})
    local path = os.tmpname()
    os.execute("sleep 30 >/dev/null 2>&1 & echo $! >" .. path)
    local holder = shell.must("cat " .. path .. "; rm " .. path)
    server:stop()
    assert.is_false(listens(server.url))
    assert.equal("0", (shell.must("kill -0 " .. holder .. "; echo $?")))
    shell.must("kill " .. holder)
  end)

  it("passes everything on, whatever is in it", function()
    local support = require "spec.support.sim"
    local odd = 'it\'s "odd" $HOME; `x` \\ %d'
    local server = support.start {
      keys = { "test-key" },
      behaviour = { failure_message = odd, video_fails = true, failure_code = false, video_id = "at_once" },
      faults = { { method = "GET", path = "/v3/videos", status = 503 } },
      seed = 5,
    }
    local behaviour = server:state().behaviour
    assert.equal(odd, behaviour.failure_message)
    assert.is_false(behaviour.failure_code)
    assert.is_true(behaviour.video_fails)
    assert.equal(503, (server:api("GET", "/v3/videos")))
    assert.equal(401, (server:exchange("GET", "/v3/video-agents", nil, { ["x-api-key"] = "other" })))
    server:stop()
  end)

  it("says so when it does not work", function()
    local first = assert(sim.start {})
    local port = tonumber(first.url:match ":(%d+)$")
    for reason, options in pairs {
      ["cannot listen on 127.0.0.1 port " .. port] = { port = port },
      ["--set no_such=1: no behaviour is called no_such"] = { behaviour = { no_such = 1 } },
      ["--scenario: expected one of flaky, "] = { scenario = "nice" },
      ["no part of a fault is called statu "] = { faults = { { statu = 1 } } },
      ["it says why on standard error"] = { lua = "no-such-lua" },
    } do
      -- What goes to standard error is for people; here it would be taken for a failure.
      options.errors = "/dev/null"
      local server, message = sim.start(options)
      assert.is_nil(server)
      assert.matches("^the simulator could not be started: ", message)
      assert.is_truthy(message:find(reason, 1, true), message)
    end
    -- One that never listens, and ends when it is told to.
    local script = os.tmpname()
    os.execute(string.format("printf '#!/bin/sh\ncat >/dev/null' >%s && chmod +x %s", script, script))
    local none, reason = sim.start { lua = script, wait = 0 }
    os.remove(script)
    assert.is_nil(none)
    assert.equal("the simulator could not be started: nothing came of it in time", reason)
    first:stop()
    for message, options in pairs {
      ['prot: unknown option, did you mean "port"?'] = { prot = 1 },
      ["speed: expected a string or a number, got true"] = { speed = true },
      ['keys: expected a table, got "one"'] = { keys = "one" },
      ['tls: expected a boolean, got "yes"'] = { tls = "yes" },
    } do
      assert.has_error(function()
        sim.start(options)
      end, "heygen.sim.start: " .. message)
    end
  end)

  it("does not outlive a parent that is killed, even when a child of that holds the pipe", function()
    local code =
      'local s = assert(require("heygen.sim").start{}) print(s.url) io.stdout:flush() os.execute("sleep 5")'
    local script = os.tmpname()
    local file = assert(io.open(script, "w"))
    file:write(code)
    file:close()
    local pipe = io.popen("{ sh -c 'echo $$; exec " .. LUA .. " " .. script .. "'; } 2>/dev/null")
    local pid = pipe:read "*n"
    pipe:read "*l"
    local url = pipe:read "*l"
    os.remove(script)
    assert.is_true(listens(url))
    os.execute(string.format("kill -9 %d", pid))
    assert.is_truthy(eventually(function()
      return not listens(url)
    end))
    pipe:close()
  end)

  it("works from installed modules, without the source tree", function()
    local directory = os.tmpname()
    os.remove(directory)
    os.execute(string.format("mkdir -p %s && cp -r lua/heygen sim/heygen %s/", directory, directory))
    local paths =
      string.format('package.path = "%s/?.lua;%s/?/init.lua;" .. package.path ', directory, directory)
    local code = paths .. 'local s = require("heygen.sim").start{} print(s.url) s:stop()'
    local pipe = io.popen(LUA .. " -e '" .. code .. "' 2>&1")
    assert.matches("^http://127%.0%.0%.1:%d+\n$", pipe:read "*a")
    pipe:close()
    os.execute("rm -r " .. directory)
  end)

  it("runs on another Lua too", function()
    local server = assert(sim.start { lua = "lua5.4" })
    assert.is_true(listens(server.url))
    server:stop()
  end)
end)
