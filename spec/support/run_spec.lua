-- spec/support/run itself: what it says of specs that pass, fail, hang and die, and which exit status it has then.
local child = require "spec.support.child"
local shell = require "spec.support.shell"

describe("spec/support/run #once #native", function()
  local directory

  before_each(function()
    directory = child.scratch()
    shell.must("mkdir " .. directory)
  end)

  after_each(function()
    shell.must("rm -r " .. directory)
  end)

  local function spec(name, body)
    local file = assert(io.open(("%s/%s_spec.lua"):format(directory, name), "w"))
    file:write(
      ('describe("%s", function()\n  it("first", function() end)\n  it("next", function()\n%s\n  end)\nend)\n'):format(
        name,
        body
      )
    )
    file:close()
  end

  local function run(settings)
    local output, status = shell.run(
      ("LOGS=%s/logs SPEC=%s %s spec/support/run lua5.4"):format(directory, directory, settings or "")
    )
    return output, status, output:match "([^\n]*)$"
  end

  it("counts the processes of a run together", function()
    spec("good", "")
    spec("better", "")
    local output, status, last = run()
    assert.equal("4 passed, 0 failed", last, output)
    assert.equal(0, status)
    assert.same({ "lua5.4.1.log", "lua5.4.2.log" }, shell.lines("cd " .. directory .. "/logs && ls *.log"))
  end)

  it("fails with one test", function()
    spec("good", "")
    spec("bad", "assert.equal(1, 2)")
    local output, status, last = run()
    assert.equal("3 passed, 1 failed", last, output)
    assert.equal(1, status)
  end)

  it("ends what stands still, and says in which test", function()
    spec("good", "")
    shell.must("mkfifo " .. directory .. "/fifo")
    spec("hanging", ("io.open('%s/fifo')"):format(directory))
    local output, status, last = run "STILL=2"
    assert.matches("ended: no test had finished for 2 s, in [^\n]*hanging_spec.lua: hanging next\n", output)
    assert.equal("2 passed, 1 failed", last, output)
    assert.equal(1, status)
  end)

  it("does not stop a run while tests finish", function()
    spec(
      "long",
      'end) for n = 1, 8 do it("part " .. n, function() os.execute "sleep 0.5" end) end it("last", function()'
    )
    local output, _, last = run "STILL=3"
    assert.equal("11 passed, 0 failed", last, output)
  end)

  it("names the signal that has killed a process, and the test", function()
    spec("dying", 'os.execute "kill -SEGV $PPID"')
    local output, status, last = run()
    assert.matches("killed by SIGSEGV, in [^\n]*dying_spec.lua: dying next\n", output)
    assert.equal("0 passed, 1 failed", last, output)
    assert.equal(1, status)
  end)

  it("is not content with a process that ends before all tests have run", function()
    spec("leaving", "os.exit(0)")
    local output, status, last = run()
    assert.matches("ended with status 0 before all tests had run", output, 1, true)
    assert.equal("0 passed, 1 failed", last, output)
    assert.equal(1, status)
  end)

  it("is not content with no test at all", function()
    spec("absent", "")
    local output, status =
      shell.run(("LOGS=%s/logs SPEC=%s/logs spec/support/run lua5.4"):format(directory, directory))
    assert.equal(2, status, output)
  end)
end)
