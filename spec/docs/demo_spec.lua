-- The demo as "make demo" runs it: a playable file and exit 0, or a clear error, exit 1, and nothing sent.

local scripts = require "spec.support.scripts"
local shell = require "spec.support.shell"
local sim = require "spec.support.sim"
local socket = require "socket"

local quote = shell.quote

local root = shell.must "pwd"

describe("examples/demo.lua", function()
  local dir

  before_each(function()
    dir = shell.must "mktemp -d"
  end)

  after_each(function()
    shell.must("rm -rf " .. quote(dir))
  end)

  local function demo(arguments, environment)
    local command = ("cd %s && env -u HEYGEN_DEMO_PROMPT -u HEYGEN_DEMO_OUT %s %s %s %s 2>errors"):format(
      quote(dir),
      environment or "",
      scripts.interpreter(),
      quote(root .. "/examples/demo.lua"),
      arguments or ""
    )
    local output, status = shell.run(command)
    return status, output, scripts.read(dir .. "/errors")
  end

  -- A server that we can ask afterwards stands in for the one that the demo would start.
  local function watched_server()
    local server = sim.start { speed = 36000 }
    shell.must("mkdir -p " .. quote(dir .. "/stand-in/heygen"))
    scripts.write(
      dir .. "/stand-in/heygen/sim.lua",
      ("return { start = function() return { url = %q, stop = function() print 'stopped' end } end }\n"):format(
        server.url
      )
    )
    local environment = {}
    for _, name in ipairs { "LUA_PATH", "LUA_PATH_5_3", "LUA_PATH_5_4" } do
      local path = os.getenv(name)
      environment[#environment + 1] = path and name .. "=" .. quote(dir .. "/stand-in/?.lua;" .. path)
    end
    return server, table.concat(environment, " ")
  end

  it("leaves an mp4 that plays, prints plain lines into a pipe, and ends its server", function()
    local status, output, problems = demo()
    assert.same({ 0, "" }, { status, problems }, output)
    assert.matches("\nvideo  %d:%d%d  ?%d+ %% processing\n", output)
    assert.matches("\nvideo  %d:%d%d 100 %% completed\nlaunch.mp4  %d:%d%d +%d+ %% ", output)
    assert.matches(
      "\nIt makes a test clip, as long as the prompt says (10 s if it does not), whatever else it says.\n",
      output,
      1,
      true
    )
    assert.matches("\nlaunch%.mp4: 30 s of video, %d+ kB$", output)
    assert.is_nil(output:find "[\r\27]")
    local host, port = output:match "http://([%d.]+):(%d+)"
    assert.is_nil(socket.connect(host, tonumber(port)))
    if select(2, shell.run "command -v ffprobe") == 0 then
      local probe = "ffprobe -v error -show_entries format=duration:stream=codec_name -of csv=p=0 "
      assert.equal("h264\n30.000000", shell.must(probe .. quote(dir .. "/launch.mp4")))
    end
  end)

  it("draws a bar on a terminal", function()
    local server, environment = watched_server()
    finally(function()
      server:stop()
    end)
    local command = ("stty cols 80 && cd %s && env TERM=xterm %s %s %s/examples/demo.lua"):format(
      dir,
      environment,
      scripts.interpreter(),
      root
    )
    local output, status = shell.run("script -qec " .. quote(command) .. " /dev/null")
    assert.equal(0, status, output)
    assert.matches("\r[^\r\n]+ 100 %% completed\27%[K\r?\n", output)
    assert.matches("\rlaunch.mp4 [^\r\n]+ 100 %% [%d.]+ of [%d.]+ .B", output)
    assert.matches("launch.mp4: 30 s of video", output, 1, true)
  end)

  it("takes prompt and file from the environment, replaces the file, and creates one video", function()
    local server, environment = watched_server()
    finally(function()
      server:stop()
    end)
    scripts.write(dir .. "/out file.mp4", "old")
    local status, output, problems =
      demo(nil, environment .. " HEYGEN_DEMO_PROMPT='$HOME is \"quoted\"' HEYGEN_DEMO_OUT='out file.mp4'")
    assert.same({ 0, "" }, { status, problems }, output)
    assert.matches('Prompt: $HOME is "quoted"\n', output, 1, true)
    assert.matches("out file.mp4: 10 s", output, 1, true)
    assert.matches("^....ftyp", scripts.read(dir .. "/out file.mp4"))
    local counts = server:counts()
    assert.same({ 1, 0 }, { counts.creates, counts.keys_leaked })
  end)

  it(
    "refuses a prompt of 10,001 characters: a clear error, exit 1, nothing sent, the server stopped",
    function()
      local server, environment = watched_server()
      finally(function()
        server:stop()
      end)
      local status, output, problems = demo('"$(printf "\195\169%.0s" $(seq 10001))"', environment)
      assert.equal(1, status)
      assert.equal(
        "demo: heygen: client:generate: prompt: 10001 characters, at most 10000 are allowed (invalid)\n",
        problems
      )
      assert.matches("stopped$", output)
      assert.equal(0, server:counts().requests)
      assert.is_nil(io.open(dir .. "/launch.mp4"))
    end
  )

  it("goes to the service of the environment with --real", function()
    local server = sim.start { speed = 36000 }
    finally(function()
      server:stop()
    end)
    local long = ("x"):rep(10001)
    local settings = "HEYGEN_API_KEY=k HEYGEN_API_BASE=" .. server.url
    local status, output, problems = demo("--real " .. long, settings)
    assert.equal(1, status)
    assert.matches("10001 characters", problems, 1, true)
    assert.is_nil(output:find("Simulator at", 1, true) or output:find("test clip", 1, true))
    server:faults { { status = 402 } }
    status, output, problems = demo("--real hello", settings)
    assert.equal(1, status, output)
    assert.matches("HTTP 402, code insufficient_credit", problems, 1, true)
    assert.equal(1, server:counts().requests)
  end)

  it("names the session that continues after Ctrl-C", function()
    local server = sim.start { speed = 0 }
    finally(function()
      server:stop()
    end)
    local command = table.concat({
      "cd %s && HEYGEN_API_KEY=test-key HEYGEN_API_BASE=%s %s %s/examples/demo.lua --real >out 2>errors & child=$!",
      "for try in $(seq 600); do grep -q Session: %s/out 2>/dev/null && break; sleep 0.05; done",
      "kill -INT $child; wait $child; echo $?",
    }, "\n")
    local interpreter = "exec " .. scripts.interpreter()
    -- A shell in which what runs behind may be interrupted.
    local output =
      shell.must("bash -mc " .. quote(command:format(quote(dir), server.url, interpreter, root, quote(dir))))
    assert.equal("1", output:match "[^\n]+$", output)
    local session = scripts.read(dir .. "/out"):match "\nSession: (sess_%w+)\n"
    local wanted = "demo: interrupted: " .. tostring(session) .. " continues at the service\n"
    assert.equal(wanted, scripts.read(dir .. "/errors"))
  end)

  it("says what is wrong when the file cannot be written", function()
    local server, environment = watched_server()
    finally(function()
      server:stop()
    end)
    local status, _, problems = demo(nil, environment .. " HEYGEN_DEMO_OUT=nowhere/x.mp4")
    assert.equal(1, status)
    assert.matches("^demo: heygen: client:download: .*nowhere/x%.mp4.*video_id %w+", problems)
  end)
end)
