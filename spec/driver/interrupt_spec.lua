-- Ctrl-C: real signals to real programs. Each says in one line which jobs continue and how to resume.
local child = require "spec.support.child"
local scripts = require "spec.support.scripts"
local shell = require "spec.support.shell"
local support = require "spec.support.sim"

local quote = shell.quote

local PUC_5_1 = _VERSION == "Lua 5.1" and not rawget(_G, "jit")

-- In front of each program. It says "waits" when its wait has begun.
local START = [[
  local heygen = require "heygen"
  local client = heygen.new { api_key = "test-key", base_url = %q }
  local SESSION = %q
  local WAIT = { interval = 50, max_interval = 50 }
  function WAIT.on_progress()
    io.write "waits\n"
    io.flush()
  end
]]

local TAIL = "%(cancelled, session_id SESSION%)\n$"

-- Programs, and what they write to standard error. "SESSION" stands for the id.
local PROGRAMS = {
  {
    'client:generate { prompt = "x", wait = WAIT }',
    '^%S-%s?heygen: interrupted! the video continues at the service; resume with client:wait%("sess_%w+"%)'
      .. " %(cancelled, session_id sess_%w+%)\n$",
  },
  {
    "client:wait(SESSION, WAIT)",
    '^%S-%s?heygen: interrupted! the video continues at the service; resume with client:wait%("SESSION"%) '
      .. TAIL,
  },
  {
    "client:wait({ session_id = SESSION }, { interval = 50, on_progress = heygen.progress() })",
    'client:wait%("SESSION"%) ' .. TAIL,
  },
  {
    'client.hyperframes:wait({ render_ids = { "r1", "r2" } }, WAIT)',
    "^%S-%s?heygen: interrupted! the render continues at the service; resume with client.hyperframes:wait%(err%) "
      .. "%(cancelled, render_ids r1 r2%)\n$",
  },
  {
    "heygen.run(function() client:wait(SESSION, WAIT) end)",
    '^%S-%s?heygen: interrupted! the video continues at the service; resume with client:wait%("SESSION"%) '
      .. TAIL,
  },
  {
    [[
      local list = {}
      for index = 1, 3 do
        list[index] = function() return client:wait({ video_id = "v" .. index }, WAIT) end
      end
      heygen.all(list)
    ]],
    '^%S-%s?heygen: interrupted! 3 jobs continue at the service; resume with client:wait%("v1"%), client:wait%("v2"%), '
      .. 'client:wait%("v3"%) %(cancelled%)\n$',
  },
}

describe("Ctrl-C #native", function()
  local sim, folder

  setup(function()
    sim = support.start { speed = 0, behaviour = { video_id = "late" } }
    folder = shell.must "mktemp -d"
  end)

  teardown(function()
    sim:stop()
    shell.must("rm -rf " .. quote(folder))
  end)

  -- Runs all programs at once, and interrupts each when it waits.
  local function interrupt_all(list, session)
    local start, wait, kill = {}, {}, {}
    for index, code in ipairs(list) do
      local at = ("%s/%d"):format(folder, index)
      scripts.write(at .. ".lua", START:format(sim.url, session) .. code)
      start[index] = ("%s %s.lua >%s.out 2>%s.err & p%d=$!"):format(child.interpreter(), at, at, at, index)
      local seen = ("grep -qE 'waits|thinking' %s.out %s.err"):format(at, at)
      wait[index] = ("for try in $(seq 600); do %s && break; sleep 0.05; done"):format(seen)
      kill[index] = ("kill -INT $p%d; wait $p%d; echo $? >%s.status"):format(index, index, at)
    end
    local lines = table.concat(start, "\n")
      .. "\n"
      .. table.concat(wait, "\n")
      .. "\n"
      .. table.concat(kill, "\n")
    shell.must("bash -mc " .. quote(lines)) -- a shell in which what runs in the background can be interrupted
  end

  local function read(index, name)
    return scripts.read(("%s/%d.%s"):format(folder, index, name))
  end

  it("ends a script with one line that names the jobs and how to resume", function()
    local _, made = sim:api("POST", "/v3/video-agents", { prompt = "x" })
    local session, list = made.data.session_id, {}
    for index, program in ipairs(PROGRAMS) do
      list[index] = program[1]
    end
    interrupt_all(list, session)
    for index, program in ipairs(PROGRAMS) do
      local text = read(index, "err")
      assert.matches((program[2]:gsub("SESSION", session)), text, nil, nil, program[1])
      assert.is_nil(text:find("traceback", 1, true), text)
      assert.equal("1\n", read(index, "status"))
    end
  end)

  it("during a create says that it may have been made", function()
    sim:faults { { method = "POST", path = "/v3/video-agents", stall = true, act = true } }
    local make = ('client = heygen.new { api_key = "test-key", base_url = %q, on_request = WAIT.on_progress } '):format(
      sim.url
    )
    interrupt_all({
      make .. 'client:create { prompt = "x" }',
      make .. 'client:generate { prompt = "x" }',
      make .. 'local _, err = pcall(client.create, client, { prompt = "x" }) print(tostring(err))',
    }, "sess_x")
    sim:faults {}
    local line =
      "interrupted! What POST /v3/video%-agents makes may have been made: check that before you make it again"
    for index = 1, 2 do
      local text = read(index, "err")
      assert.matches("^%S-%s?heygen: " .. line .. " %(cancelled[^\n]*%)\n$", text)
      assert.equal("1\n", read(index, "status"))
    end
    assert.matches(line, read(3, "out"))
  end)

  it("is an error with the ids for a caller that catches it", function()
    local session = "sess_caught"
    local print_caught = [[
      print(ok, type(raised) == "table" and raised.session_id, type(raised) == "table" and raised.kind)
      print((tostring(raised):gsub("\n.*", "")))
    ]]
    interrupt_all({
      "local ok, raised = pcall(client.wait, client, SESSION, WAIT)" .. print_caught,
      "local ok, raised = pcall(heygen.run, function() client:wait(SESSION, WAIT) end)" .. print_caught,
      "local ok, raised = xpcall(function() client:wait(SESSION, WAIT) end, function(raised) return raised end)"
        .. print_caught,
    }, session)
    for index = 1, 3 do
      local text = read(index, "out")
      local fields = PUC_5_1 and "false\tfalse\tfalse\n" or "false\tsess_caught\tcancelled\n"
      assert.matches(
        fields .. "heygen: interrupted! the video continues at the service; resume with ",
        text,
        1,
        true
      )
      assert.equal("0\n", read(index, "status"))
      assert.equal("", read(index, "err"))
    end
  end)
end)
