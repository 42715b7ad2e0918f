-- What would go unnoticed: waits that block a running loop, and tasks that nothing runs. Each in a process of its own:
-- what is written when a Lua state closes can be read there only.
local child = require "spec.support.child"
local live = require "spec.support.live"
local support = require "spec.support.sim"

local PUC_5_1 = _VERSION == "Lua 5.1" and not rawget(_G, "jit")

-- Whether this Lua has the module. In a process of its own: luv is not to be loaded twice in one.
local function has(module)
  return select(2, child.run(("require %q"):format(module))) == 0
end

-- With the newline at the end that shell.run takes away.
local function lines(text)
  return text == "" and "" or text .. "\n"
end

describe("a wait that blocks", function()
  local sim

  setup(function()
    sim = support.start { speed = 1 }
  end)

  teardown(function()
    sim:stop()
  end)

  -- What a program writes to both streams. It has a client, and wait() polls twice, with a pause in between.
  local function output(code)
    return lines(child.must(([[
      local heygen = require "heygen"
      local KEY, URL = %q, %q
      local client = heygen.new { api_key = KEY, base_url = URL }
      local session = assert(client:create { prompt = "x" })
      local function wait(other)
        local _, _, err = (other or client):wait(session, { timeout = 0.3, interval = 0.02, max_interval = 0.2 })
        assert(err.kind == "timeout", err)
      end
      -- Runs a function in a callback of luv, in a coroutine.
      local function in_luv(fn)
        local uv = require "luv"
        local timer = uv.new_timer()
        timer:start(0, 0, function()
          timer:close()
          coroutine.wrap(fn)()
        end)
        uv.run()
      end
      -- Runs a function in a coroutine that one of cqueues has made.
      local function in_cqueues(fn)
        local controller = require("cqueues").new()
        local has_ended
        controller:wrap(function()
          coroutine.wrap(function()
            fn()
            has_ended = true
          end)()
        end)
        assert(controller:loop())
        assert(has_ended, "it was never resumed")
      end
      ]] .. code):format(live.KEY, sim.url)))
  end

  local function assert_warns(loop, remedy, code)
    local text = output(code)
    assert.equal(1, select(2, text:gsub("\n", "")), text)
    local place = PUC_5_1 and ".-" or "[^\n]+%.lua:%d+: " -- there a wait is in a coroutine without the user's frames
    assert.matches("^heygen: " .. place .. "this wait blocks " .. loop .. " until it ends: ", text)
    assert.matches(remedy, text, 1, true)
  end

  it("a running loop of luv says so once, with the remedy", function()
    if not has "luv" then
      return pending "no luv for this Lua"
    end
    local remedy = 'say heygen.use "luv", and call it in heygen.spawn(function() ... end)\n'
    assert_warns("luv's loop", remedy, "in_luv(function()\nwait() wait() end)")
    assert_warns("luv's loop", remedy, "in_luv(function()\nheygen.run(wait) heygen.run(wait) wait() end)")
    assert_warns("luv's loop", remedy, "in_luv(function()\nheygen.spawn(wait):join() end)")
  end)

  it("a coroutine of cqueues says so once, with the remedy", function()
    if not has "cqueues" then
      return pending "no cqueues for this Lua"
    end
    local remedy = "call it in heygen.spawn(function() ... end), not in a coroutine of your own\n"
    assert_warns("cqueues", remedy, "in_cqueues(function()\nwait() wait() end)")
  end)

  it("says nothing in a plain script, in a task, where it was chosen, and without a pause", function()
    assert.equal("", output "wait() heygen.run(wait) heygen.spawn(wait):join() coroutine.wrap(wait)()")
    if has "luv" then
      assert.equal(
        "",
        output [[
        local uv = require "luv"
        local timer = uv.new_timer() -- of a loop that does not run yet
        timer:start(60000, 0, print)
        wait()
        heygen.run(wait)
        timer:close()
        uv.run() -- else luv crashes at the end: it is closed in the loop only
      ]]
      )
      assert.equal("", output 'heygen.use "block" in_luv(wait)')
      assert.equal(
        "",
        output [[
        local other = heygen.new { api_key = KEY, base_url = URL, driver = "block" }
        in_luv(function() wait(other) end)
      ]]
      )
      assert.equal(
        "",
        output 'heygen.use "luv" in_luv(wait) in_luv(function() heygen.run(wait) end) heygen.run(wait)'
      )
      assert.equal(
        "",
        output "in_luv(function() assert(client.videos:list()) client:wait(session, { timeout = 0 }) end)"
      )
    end
    if has "cqueues" then
      assert.equal(
        "",
        output [[
        local controller = require("cqueues").new()
        controller:wrap(wait)
        controller:wrap(function() heygen.run(wait) end)
        assert(controller:loop())
      ]]
      )
    end
  end)
end)

describe("tasks that never begin", function()
  -- What a program writes to both streams; its status.
  local function output(code)
    local text, status = child.run('local heygen = require "heygen"\nlocal function fn() end\n' .. code)
    return lines(text), status
  end

  local SCRIPT = "only heygen.run, task:join() and client:update() run tasks here\n"

  it("are named when the state closes, with the line that spawned the first", function()
    local text, status = output "heygen.spawn(fn)"
    assert.equal(0, status)
    assert.matches(
      "^heygen: a task never began, spawned at [^\n]+:3: " .. SCRIPT:gsub("%p", "%%%0") .. "$",
      text
    )
    text = output "heygen.spawn(fn, 1)\n heygen.spawn(fn)"
    assert.matches("^heygen: 2 tasks never began, spawned at [^\n]+:3 and later: [^\n]+\n$", text)
    text = output "heygen.spawn(io.stderr.write, io.stderr, 'ran\\n'):join()\nheygen.spawn(fn)"
    assert.matches("^ran\nheygen: a task never began, spawned at [^\n]+:4: [^\n]+\n$", text)
  end)

  it("are named when the program fails, or ends by os.exit with the state closed", function()
    local text, status = output "heygen.spawn(fn)\nerror('it failed', 0)"
    assert.equal(1, status)
    assert.matches("it failed\n", text, 1, true)
    assert.matches("heygen: a task never began, spawned at [^\n]+:3: ", text)
    if _VERSION ~= "Lua 5.1" then
      text = output "heygen.spawn(fn)\nos.exit(0, true)"
      assert.matches("^heygen: a task never began, spawned at [^\n]+:3: ", text)
    end
  end)

  it("say nothing when they ran, when there are none, and when they were cancelled", function()
    assert.equal("", (output ""))
    assert.equal("", (output "heygen.run(function() heygen.spawn(fn) end)"))
    assert.equal("", (output "heygen.spawn(fn) heygen.run(fn)"))
    assert.equal("", (output "heygen.all { fn, fn } heygen.spawn(fn):join()"))
    assert.equal("", (output "heygen.spawn(fn):cancel()"))
    assert.equal("", (output "heygen.spawn(fn) heygen.new { api_key = 'k' }:update()"))
    assert.equal("", (output "heygen.spawn(coroutine.yield) heygen.new { api_key = 'k' }:update()")) -- it began
    local text = output "heygen.spawn(fn):cancel()\nheygen.spawn(fn)"
    assert.matches("^heygen: a task never began, spawned at [^\n]+:4: ", text)
  end)

  it("of other loops are named with the loop that has to run", function()
    for _, name in ipairs { "luv", "cqueues", "copas" } do
      if has(name) then
        local text = output(("heygen.use %q\nheygen.spawn(fn)"):format(name))
        local wanted = "^heygen: a task never began, spawned at [^\n]+:4: the loop of %s has to run them\n$"
        assert.matches(wanted:format(name), text)
        assert.equal("", (output(("heygen.use %q heygen.run(fn) heygen.spawn(fn):join()"):format(name))))
      end
    end
  end)
end)
