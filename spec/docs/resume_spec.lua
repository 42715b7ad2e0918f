-- examples/resume.lua: whatever happens to its note, and wherever it dies, the video is created once and its id is
-- found. Deaths and failing calls come from spec/support/note_faults.c, which is preloaded.
local folder = require "spec.support.folder"
local sample = require "spec.support.sample"
local scripts = require "spec.support.scripts"
local shell = require "spec.support.shell"
local sim = require "spec.support.sim"
local socket = require "socket"

local KILLED = 137
local PROMPT = "From before"

describe("examples/resume.lua", function()
  local dir = folder.new()
  local server

  setup(function()
    server = sim.start { speed = 1e6 }
  end)

  teardown(function()
    server:stop()
  end)

  before_each(function()
    server:reset()
    dir.make()
    shell.must("cp examples/resume.lua " .. dir.directory)
  end)

  after_each(function()
    dir.remove()
  end)

  -- What runs the program in its folder; `before` is put in front of it.
  local function command(before, prompt)
    return ("cd %s && HEYGEN_API_KEY=k HEYGEN_API_BASE=%s %s %s resume.lua '%s'"):format(
      dir.directory,
      server.url,
      before or "",
      scripts.interpreter(),
      prompt or PROMPT
    )
  end

  -- Runs it to the end: with what came before there must have been one create in all.
  local function finish(prompt)
    local output, status = shell.run(command(nil, prompt))
    assert.same({ 0, output }, { status, output })
    assert.matches("^....ftyp", dir.read "quarter.mp4")
    assert.same({ "quarter.mp4", "resume.lua" }, dir.names())
    assert.equal(1, server:counts().creates, output)
    return output
  end

  local function create(prompt)
    local _, created = server:api("POST", "/v3/video-agents", { prompt = prompt })
    return created.data.session_id
  end

  -- A note as the program writes it.
  local function note_of(id, prompt)
    return ("%d a-key %s %d\n%s\n"):format(os.time(), id, #prompt, prompt)
  end

  it("creates once where there is no note", function()
    assert.matches("began sess", finish())
  end)

  it("resumes the session of the note, whatever prompt it is given now", function()
    local id = create(PROMPT)
    dir.write("session.txt", note_of(id, PROMPT))
    assert.matches("resuming " .. id, finish "Another prompt", 1, true)
  end)

  it("goes by the prompt of a note without an id", function()
    dir.write("session.txt", note_of("-", "The first\nprompt"))
    local id = finish("Another prompt"):match "began (%S+)"
    local _, session = server:api("GET", "/v3/video-agents/" .. id)
    local messages = session.data.messages
    assert.equal("The first\nprompt", messages[#messages].content)
  end)

  it("finds the session of a note without an id", function()
    local id = create(PROMPT)
    dir.write("session.txt", note_of("-", PROMPT))
    assert.matches("resuming " .. id, finish(), 1, true)
  end)

  it("finds the session, wherever its note is torn #once", function()
    local id = create(PROMPT)
    local note = note_of(id, PROMPT)
    for length = 0, #note - 1, sample(15) do
      dir.write("session.txt", note:sub(1, length))
      assert.matches("resuming " .. id, finish(), 1, true)
    end
  end)

  for name, note in pairs { empty = "", torn = "1700000000 a-k" } do
    it("creates with a note that is " .. name .. " where the service has no such session", function()
      dir.write("session.txt", note)
      assert.matches("began sess", finish())
    end)
  end

  it("does not take the session of another prompt", function()
    create "Another video"
    dir.write("session.txt", "")
    assert.equal(0, select(2, shell.run(command())))
    assert.equal(2, server:counts().creates)
  end)

  describe("at each system call around its note #once #native", function()
    local library = dir.directory .. ".so"

    setup(function()
      shell.must(
        "gcc -std=c11 -Wall -Wextra -Werror -shared -fPIC -O2 -o " .. library .. " spec/support/note_faults.c"
      )
    end)

    teardown(function()
      os.remove(library)
    end)

    -- Meets the `at`-th call with `what`. Returns the output, the exit status, and the calls that were made.
    local function meet(at, what)
      local log = dir.directory .. ".log"
      local output, status = shell.run(
        command(
          ("env LD_PRELOAD=%s NOTE=session.txt LOG=%s AT=%d WHAT=%s timeout 60"):format(
            library,
            log,
            at,
            what
          )
        )
      )
      local calls = shell.lines("cat " .. log)
      os.remove(log)
      return output, status, calls
    end

    -- One case: what was begun before must be resumed, and what has ended well is not run again.
    local function check(at, what, call)
      server:reset()
      dir.empty()
      shell.must("cp examples/resume.lua " .. dir.directory)
      local output, status, calls = meet(at, what)
      local case = ("%s at call %d, %s: %s"):format(what, at, call, output)
      assert.equal(call, calls[at], case)
      assert.equal(at, tonumber(what) and at or #calls, case) -- it was the last one of those that died
      assert.is_true(status ~= 124, case)
      if status == 0 then
        assert.equal(1, server:counts().creates, case)
        return
      end
      assert.equal(not tonumber(what), status == KILLED, case)
      local began = output:match "began (%S+)"
      assert.is_true(server:counts().creates == (began and 1 or 0), case)
      local then_ = finish()
      assert.equal(
        began or then_:match "began (%S+)",
        then_:match "began (%S+)" or then_:match "resuming (%S+)",
        case
      )
    end

    local function of_a_whole_run()
      local output, status, calls = meet(0, "0")
      assert.same({ 0, output }, { status, output })
      assert.same(
        "open open write close open fsync close rename open fsync close "
          .. "open write close open fsync close rename open fsync close remove",
        table.concat(calls, " ")
      )
      return calls
    end

    it("may die: before it, after it, or in the middle of a write", function()
      for at, call in ipairs(of_a_whole_run()) do
        check(at, "before", call)
        if call == "write" then
          check(at, "half", call)
        end
        if sample(2) == 1 then -- the same as before the next one, but for what lies between them
          check(at, "after", call)
        end
      end
    end)

    for name, errno in pairs { ENOSPC = 28, EIO = 5, EACCES = 13 } do
      it("may see it fail: " .. name, function()
        local calls = of_a_whole_run()
        for at = 1, #calls, sample(name == "EIO" and 2 or 4) do
          check(at, tostring(errno), calls[at])
        end
      end)
    end

    it("pays for nothing while the note cannot be opened or read", function()
      local id = create(PROMPT)
      dir.write("session.txt", note_of(id, PROMPT))
      local output, status = meet(1, "13")
      assert.is_true(status ~= 0)
      assert.matches("session.txt: Permission denied", output, 1, true)
      output, status = meet(2, "5")
      assert.is_true(status ~= 0)
      assert.matches("Input/output error", output, 1, true)
      assert.equal(1, server:counts().creates)
      assert.matches("resuming " .. id, finish(), 1, true)
    end)

    it("may die while the create is on its way", function()
      server:faults { { method = "POST", path = "/v3/video-agents", nth = 1, delay = 60 } }
      local pid = tonumber(shell.must(command "exec" .. " >/dev/null 2>&1 & echo $!"))
      local late = socket.gettime() + 60
      while server:counts().creates == 0 and socket.gettime() < late do
        socket.sleep(0.01)
      end
      shell.must("kill -KILL " .. pid)
      assert.matches("resuming sess_", finish())
    end)
  end)
end)
