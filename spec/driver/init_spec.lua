-- The same calls in a plain script, in tasks, from a frame loop, with a driver of the program; and what
-- cancelling does to requests under way.
local core = require "heygen.core"
local heygen = require "heygen"
local live = require "spec.support.live"
local support = require "spec.support.sim"

local PUC_5_1 = _VERSION == "Lua 5.1" and not rawget(_G, "jit")

describe("a driver", function()
  local sim, client

  setup(function()
    sim = support.start { speed = 20000, behaviour = { video_id = "late" } }
    client = live.client(sim)
  end)

  teardown(function()
    sim:stop()
  end)

  before_each(function()
    sim:reset()
  end)

  -- Calls `fn` from frames until it has ended; gives its results.
  local function by_frames(owner, fn)
    local task = heygen.spawn(fn)
    local frames = 0
    while not task:done() do
      owner:update(0.002)
      frames = frames + 1
    end
    assert.is_true(frames > 1)
    return task:join()
  end

  -- Everything that a user may do in one go; what it gives must not depend on who waits.
  local function scenario(owner)
    local seen = {}
    local function note(...)
      seen[#seen + 1] = table.concat({ ... }, " ")
    end
    local session = assert(owner:create { prompt = "A video" })
    note("created", session.status)
    local video = assert(owner:wait(session, live.QUICK))
    note(video.status, video.title)
    local other = assert(owner:generate { prompt = "Another video", wait = live.QUICK })
    note(other.status, other.title)
    local page = assert(owner.videos:list { limit = 1 })
    note(#page.data, tostring(page.has_more))
    page = assert(page:next())
    note(#page.data, tostring(page.has_more))
    local _, _, err = owner.videos:get "nothing"
    note(err.kind, err.status, err.video_id)
    _, _, err = owner:wait(session.session_id, { timeout = 0, interval = 0.001 })
    note(tostring(err))
    note(tostring(heygen.sleep(0.001)))
    note(assert(owner.videos:delete(other)).deleted and "deleted")
    _, _, err = owner.videos:delete(other)
    note(err.status)
    return table.concat(seen, "\n")
  end

  it("of any kind gives the same: a script, run, all, frames, a choice of the program", function()
    local own = {
      await = function(engine, operation)
        while not operation:done() do
          engine:wait()
        end
        return true
      end,
      sleep = function(engine, seconds)
        engine:wait(seconds)
        return true
      end,
    }
    local wanted = scenario(client)
    assert.matches(
      "^created thinking\ncompleted A video\ncompleted Another video\n1 true\n1 false\napi 404 nothing\n",
      wanted
    )
    local ways = {
      run = function()
        return heygen.run(scenario, client)
      end,
      all = function()
        return heygen.all({
          function()
            return scenario(client)
          end,
        })[1]
      end,
      frames = function()
        return by_frames(client, function()
          return scenario(client)
        end)
      end,
      block = function()
        return scenario(live.client(sim, { driver = "block" }))
      end,
      scheduler = function()
        return heygen.run(scenario, live.client(sim, { driver = "scheduler" }))
      end,
      own = function()
        return scenario(live.client(sim, { driver = own }))
      end,
    }
    for name, way in pairs(ways) do
      sim:reset()
      assert.equal(wanted, way(), name)
    end
  end)

  it("of tasks lets requests go side by side", function()
    sim:faults { { delay = 0.1 } }
    heygen.run(function()
      for _ = 1, 5 do
        heygen.spawn(function()
          assert(client.videos:list())
        end)
      end
    end)
    local used, count = {}, 0 -- one after the other would use one connection
    for _, entry in ipairs(sim:requests()) do
      count = count + (used[entry.connection] and 0 or 1)
      used[entry.connection] = true
    end
    assert.equal(5, count)
  end)

  it("of frames never blocks on a server that does not answer", function()
    sim:faults { { stall = true } }
    local task = heygen.spawn(function()
      return client.videos:get("v", { timeout = 0.2, max_retries = 0 })
    end)
    local frames = 0
    while not task:done() do
      client:update(0.001)
      frames = frames + 1
    end
    assert.is_true(frames > 100, frames .. " frames in 0.2 s")
    assert.equal("timeout", live.failure(task:join()).kind)
  end)

  it("of frames gets on with any budget, none included", function()
    for _, budget in ipairs { 0, 0.00001, 1 } do
      local task = heygen.spawn(client.generate, client, { prompt = "x", wait = live.QUICK })
      local stop = core.now() + 20
      while not task:done() and core.now() < stop do
        client:update(budget)
      end
      assert.equal("completed", assert(task:join()).status)
    end
  end)

  it("called scheduler outside of a task is a clear error, and nothing is sent", function()
    local other = live.client(sim, { driver = "scheduler" })
    for _, call in ipairs {
      function()
        other:create { prompt = "x" }
      end,
      function()
        other:wait("v", live.QUICK)
      end,
      function()
        other:download(sim.url .. "/files/x.mp4", os.tmpname() .. ".mp4")
      end,
    } do
      local ok, raised = pcall(call)
      assert.is_false(ok)
      assert.matches('driver = "scheduler" works only inside heygen.run or heygen.spawn', raised, 1, true)
      assert.matches("^spec/driver/init_spec%.lua:%d+: heygen: ", raised)
    end
    heygen.sleep(0.05) -- what was submitted would go out now
    assert.equal(0, live.sent(sim))
  end)

  it("that comes back too early is told by every call, with what is known", function()
    local other = live.client(sim, {
      driver = {
        await = function()
          return true
        end,
        sleep = function()
          return true
        end,
      },
    })
    local path = os.tmpname()
    local calls = {
      create = function()
        return other:create { prompt = "x" }
      end,
      read = function()
        return other.videos:get "v"
      end,
      upload = function()
        return other.assets:upload({ data = "ID3\3" .. ("\0"):rep(100) }, { direct = true })
      end,
      ["download to a file"] = function()
        return other:download(sim.url .. "/files/x.mp4", path .. ".mp4")
      end,
      ["download to a function"] = function()
        return other:download(sim.url .. "/files/x.mp4", print)
      end,
    }
    for name, call in pairs(calls) do
      local value, message, err = call()
      assert.is_nil(value, name)
      assert.equal("callback", err.kind, name)
      assert.matches("driver.await came back too early", message, 1, true)
      assert.equal("no", err.sent or "no", name)
    end
    os.remove(path)
    assert.is_nil(io.open(path .. ".mp4"))
  end)

  it("that gives up cancels the request", function()
    local other = live.client(sim, {
      driver = {
        await = function()
          return nil, "stopped by the host"
        end,
        sleep = function()
          return nil, "stopped by the host"
        end,
      },
    })
    local err = live.failure(other:create { prompt = "x" })
    assert.equal("cancelled", err.kind)
    assert.equal("no", err.sent)
    assert.matches("stopped by the host", err.message)
    err = live.failure(client:poll "v")
    assert.equal(404, err.status)
  end)

  it("is refused when it is none", function()
    for given, message in pairs {
      blok = 'heygen.new: driver: expected one of "block", "copas", "cqueues", "luv", "resty", "scheduler", '
        .. 'got "blok", did you mean "block"?',
      [5] = "driver: expected a name (block, copas, cqueues, luv, resty, scheduler), a table of a name and options, "
        .. "or a table with await and sleep, got 5",
      [{}] = "or a table with await and sleep, got table",
      [{ "cqueues", bridge = true }] = 'driver.bridge: unknown option, "cqueues" has none',
    } do
      local ok, raised = pcall(live.client, sim, { driver = given })
      assert.is_false(ok)
      assert.matches(message, raised, 1, true)
    end
  end)

  describe("when a task is cancelled", function()
    -- Runs `fn` in a task; cancels it once the server has seen `count` requests and, when given, `ready` says so.
    local function cancelled(count, fn, ready)
      return heygen.run(function()
        local task = heygen.spawn(fn)
        local stop = core.now() + 20
        while (live.sent(sim) < count or (ready and not ready())) and core.now() < stop do
          heygen.sleep(0.002)
        end
        task:cancel()
        return task:join()
      end)
    end

    it("closes the connection of a request under way", function()
      sim:faults { { stall = true, act = true } }
      local before = live.descriptors()
      local value, message, err = cancelled(1, function()
        return client:create { prompt = "x" }
      end)
      live.failure(value, message, err)
      assert.equal("cancelled", err.kind)
      assert.equal("maybe", err.sent)
      assert.matches("^%x+%-%x+%-4", err.idempotency_key)
      live.until_true(function()
        return live.descriptors() <= before
      end)
      assert.equal(1, sim:counts().creates)
    end)

    it("makes no request any more", function()
      local err
      heygen.run(function()
        local task = heygen.spawn(function()
          local _
          _, _, err = client:create { prompt = "x" }
        end)
        task:cancel()
      end)
      assert.equal("cancelled", err.kind)
      assert.equal("no", err.sent)
      heygen.sleep(0.05)
      assert.equal(0, live.sent(sim))
    end)

    it("ends the pause before another attempt", function()
      local answered = false
      local slow = live.client(sim, {
        retry_base = 1000,
        retry_cap = 1000,
        deadline = 100000,
        on_response = function()
          answered = true
        end,
      })
      sim:faults { { status = 503, code = "service_unavailable" } }
      local err = live.failure(cancelled(1, function()
        return slow.videos:get "v"
      end, function()
        return answered
      end))
      assert.equal("cancelled", err.kind)
      assert.equal("v", err.video_id)
      assert.matches("pause before another attempt was cancelled", err.message)
    end)

    it("ends a wait and keeps its ids", function()
      sim:clock { speed = 0 }
      local err = live.failure(cancelled(3, function()
        return client:generate { prompt = "x", wait = live.QUICK }
      end))
      assert.equal("cancelled", err.kind)
      assert.matches("^sess_", err.session_id)
      assert.equal("thinking", err.last.status)
      assert.equal(1, sim:counts().creates)
      sim:clock { advance = 3600 }
      assert.equal("completed", assert(client:wait(err, live.QUICK)).status)
    end)
  end)

  describe("and a coroutine of the user's own inside a task", function()
    it("blocks there, and is not yielded to the user", function()
      sim:clock { advance = 1 }
      for _ = 1, 3 do
        assert(client:create { prompt = "x" })
      end
      sim:clock { advance = 3600 }
      local count, other = 0, false
      heygen.run(function()
        heygen.spawn(function()
          assert(client.videos:list())
          other = true
        end)
        local walk = coroutine.wrap(function()
          local page = assert(client.videos:list { limit = 1 })
          while page do
            coroutine.yield(page.data[1])
            page = page:next()
          end
        end)
        for video in walk do
          assert.equal("completed", video.status)
          count = count + 1
        end
      end)
      assert.equal(3, count)
      assert.is_true(other)
    end)
  end)

  describe("and an iterator inside a task", function()
    it("fetches its pages (holding up the other tasks in PUC Lua 5.1, which cannot yield there)", function()
      for _ = 1, 5 do
        assert(client:create { prompt = "x" })
      end
      sim:clock { advance = 3600 }
      local count = 0
      heygen.run(function()
        for video in client.videos:each { limit = 2 } do
          assert.equal("completed", video.status)
          count = count + 1
        end
      end)
      assert.equal(5, count)
    end)
  end)

  describe("and pcall inside a task", function()
    if PUC_5_1 then
      it("is an error in PUC Lua 5.1, before anything is paid for", function()
        local ok, raised
        heygen.run(function()
          ok, raised = pcall(client.create, client, { prompt = "x" })
        end)
        assert.is_false(ok)
        assert.matches("attempt to yield", raised)
        heygen.sleep(0.05) -- what was submitted would go out now
        assert.equal(0, live.sent(sim))
      end)
    else
      it("works everywhere but in PUC Lua 5.1", function()
        heygen.run(function()
          local ok, session = pcall(client.create, client, { prompt = "x" })
          assert.is_true(ok)
          assert.matches("^sess_", session.session_id)
        end)
      end)
    end
  end)
end)
