-- A create that was paid for is never lost and never doubled: whatever holds it up or cuts it off, the caller learns
-- its session, or that nothing was sent.
local core = require "heygen.core"
local heygen = require "heygen"
local live = require "spec.support.live"
local raw = require "spec.support.raw"
local support = require "spec.support.sim"

local CREATE = { method = "POST", path = "/v3/video-agents" }

-- A rule for creates.
local function on_create(effect)
  return { match = CREATE, effect = effect }
end

local function check(err, wanted)
  for name, value in pairs(wanted) do
    assert.equal(value, err[name], name .. " of " .. tostring(err))
  end
  return err
end

describe("creates that wait for a connection", function()
  local sim

  setup(function()
    sim = support.start { speed = 0 }
  end)

  teardown(function()
    sim:stop()
  end)

  before_each(function()
    core.engine():close() -- the limit of connections belongs to the engine
    sim:reset()
  end)

  after_each(function()
    core.engine():close()
  end)

  -- Every session that the service made is among the results, once; every failure was before anything was sent.
  local function account(results)
    local sessions, made = {}, 0
    for _, result in ipairs(results) do
      if result.session then
        assert.is_nil(sessions[result.session.session_id])
        sessions[result.session.session_id] = true
        made = made + 1
      else
        check(result.err, { sent = "no", retryable = true })
      end
    end
    local counts = sim:counts()
    assert.equal(made, counts.creates)
    assert.equal(made, counts.create_requests)
    return made
  end

  -- Begins a create; what becomes of it will be in the table.
  local function begin(client, options)
    local result = {}
    options = options or {}
    options.prompt = "A video"
    heygen.spawn(function()
      local _
      result.session, _, result.err = client:create(options)
    end)
    return result
  end

  -- Takes the only connection of a client: its create is answered after so many seconds.
  local function hold(client, seconds)
    sim:faults { on_create { delay = seconds } }
    local first = begin(client)
    live.until_true(function()
      return sim:counts().create_requests == 1
    end)
    sim:faults {}
    return first
  end

  it("are all known to the caller #slow", function()
    -- Ten rounds of 0.2 s over five connections: in the middle of one, the time of a single create is over.
    sim:faults { on_create { delay = 0.2 } }
    local client = live.client(sim, { max_connections = 5, timeout = 1.5 })
    local results = {}
    heygen.run(function()
      for index = 1, 50 do
        results[index] = begin(client)
      end
    end)
    assert.equal(50, account(results))
  end)

  it("have their whole time once they are sent #slow", function()
    local client = live.client(sim, { max_connections = 1 })
    local results = {}
    heygen.run(function()
      results[1] = hold(client, 0.8)
      sim:faults { on_create { delay = 1.2 } }
      results[2] = begin(client, { timeout = 1.5 })
    end)
    assert.equal(2, account(results))
  end)

  it("are not sent when they would be cut off before their answer #slow", function()
    local client = live.client(sim, { max_connections = 1, max_retries = 0 })
    local results = {}
    heygen.run(function()
      results[1] = hold(client, 0.8)
      sim:faults { on_create { delay = 0.5 } }
      results[2] = begin(client, { deadline = 1 }) -- of which 0.2 s will be left
      results[3] = begin(client, { timeout = 0.45 })
      results[4] = begin(client, { deadline = 0.45 })
    end)
    account(results)
    for index = 3, 4 do
      check(results[index].err, { kind = "timeout", attempts = 1 })
    end
  end)
end)

describe("a create with a deadline", function()
  it("has all of it for its answer once it is sent", function()
    local sim = support.start { speed = 0 }
    finally(function()
      sim:stop()
    end)
    local client = live.client(sim, { max_retries = 0 })
    sim:faults { on_create { delay = 1.5 } }
    assert(client:create { prompt = "A video", timeout = 10, deadline = 2.5 })
    assert.equal(1, #sim:requests())
  end)
end)

describe("a failed create", function()
  local sim, client

  setup(function()
    sim = support.start { speed = 0 }
    client = live.client(sim, { max_retries = 0 })
  end)

  teardown(function()
    sim:stop()
  end)

  before_each(function()
    sim:reset()
  end)

  local function create(effect, options)
    sim:faults {}
    sim:faults { on_create(effect) }
    options = options or {}
    options.prompt = "A video"
    return live.failure(client:create(options))
  end

  it("calls itself retryable only when nothing can have been made", function()
    check(create { status = 429 }, { status = 429, retryable = true })
    check(create { status = 429, code = "quota_exceeded" }, { status = 429, retryable = false })
    for _, status in ipairs { 500, 502, 503, 504 } do
      check(create { status = status }, { status = status, sent = "yes", retryable = false })
    end
    check(create { close = "before", act = true }, { kind = "network", sent = "maybe", retryable = false })
    check(create { reset = true, act = true }, { kind = "network", sent = "maybe", retryable = false })
    check(create { close = "body", act = true }, { kind = "network", sent = "yes", retryable = false })
    check(create { truncate = 20 }, { kind = "parse", sent = "yes", retryable = false })
    check(create { gzip = "bad" }, { kind = "parse", sent = "yes", retryable = false })
    check(create { html = true, status = 200 }, { kind = "parse", sent = "yes", retryable = false })
    local options = { timeout = 0.4 }
    check(create({ stall = true, act = true }, options), {
      kind = "timeout",
      sent = "maybe",
      retryable = false,
    })
    check(create({ stall = "body", act = true }, options), {
      kind = "timeout",
      sent = "yes",
      retryable = false,
    })
    local nowhere = live.client(nil, { base_url = "http://127.0.0.1:1", max_retries = 0 })
    check(live.failure(nowhere:create { prompt = "A video" }), {
      kind = "network",
      sent = "no",
      retryable = true,
    })
  end)

  it("calls itself so no more when it is a generate or a message that failed", function()
    sim:faults { { method = "POST", status = 503 } }
    check(live.failure(client:generate { prompt = "A video" }), { status = 503, retryable = false })
    local err = live.failure(client.video_agents:send("sess_1", { message = "Continue" }))
    check(err, { status = 503, session_id = "sess_1", retryable = false })
    sim:faults {}
    sim:faults { { status = 503 } } -- what may be repeated still says so
    check(live.failure(client.videos:get "vid_1"), { status = 503, retryable = true })
    check(live.failure(client.video_agents:stop "sess_1"), { status = 503, retryable = true })
  end)

  local DATA = '"data":{"session_id":"sess_paid","video_id":"vid_paid","status":"thinking"}'
  local ERROR = '"error":{"code":"internal_error","message":"partly done"}'

  it("keeps the ids that stand next to an error", function()
    for _, status in ipairs { 200, 500, 503 } do
      local err = create { status = status, body = ("{%s,%s}"):format(DATA, ERROR) }
      check(err, {
        kind = "api",
        status = status,
        code = "internal_error",
        sent = "yes",
        session_id = "sess_paid",
        video_id = "vid_paid",
      })
      assert.matches("session_id sess_paid", tostring(err), 1, true)
      assert.equal("partly done", err.message)
    end
    check(create { status = 500, body = "{" .. DATA .. "}" }, {
      kind = "api",
      status = 500,
      session_id = "sess_paid",
      video_id = "vid_paid",
    })
  end)

  it("is resumed by a wait when its session is known", function()
    local session = assert(client:create { prompt = "A video" })
    sim:clock { advance = 3600 }
    local body = ('{"data":{"session_id":"%s"},%s}'):format(session.session_id, ERROR)
    local err = create { status = 200, body = body }
    assert.equal("completed", assert(client:wait(err, live.QUICK)).status)
  end)
end)

describe("a create in the middle of whose answer", function()
  local PART = '{"data":{"session_id":"sess_paid","status":"thinking","created_at":17'
  local server

  setup(function()
    server = raw.start()
  end)

  teardown(function()
    server:stop()
  end)

  before_each(function()
    core.engine():close()
    server:serve(
      ("c:request() c:send(%q) c.entry.answered = true c:gone()"):format(
        "HTTP/1.1 200 OK\r\nContent-Length: 400\r\n\r\n" .. PART
      )
    )
  end)

  after_each(function()
    assert.equal("heygen.engine (0 live)", tostring(core.engine()))
  end)

  -- Creates with the program's driver, whose wait ends with `ending` as soon as so many bytes of the answer have come.
  local function create(bytes, ending)
    local driver = {
      await = function(engine, operation)
        local stop = core.now() + 20
        while operation:progress() < bytes do
          assert(core.now() < stop, "no answer came")
          engine:wait(0.01)
        end
        return ending()
      end,
      sleep = function()
        return true
      end,
    }
    local client = live.client(nil, { base_url = server.url, driver = driver })
    return live.failure(client:create { prompt = "A video" })
  end

  it("a driver cancels keeps its session", function()
    local err = create(#PART, function()
      return nil, "cancelled"
    end)
    check(err, { kind = "cancelled", sent = "yes", session_id = "sess_paid", retryable = false })
  end)

  it("its task is cancelled keeps its session", function()
    local client = live.client(nil, { base_url = server.url })
    heygen.run(function()
      local task = heygen.spawn(client.create, client, { prompt = "A video" })
      live.until_true(function()
        local first = server:seen()[1]
        return first and first.answered
      end)
      heygen.sleep(0.02) -- what has come is read
      task:cancel()
      local err = live.failure(task:join())
      check(err, { kind = "cancelled", sent = "yes", session_id = "sess_paid", retryable = false })
    end)
  end)

  -- PUC Lua 5.1 cannot yield inside pcall: there, what a driver raises goes through to the caller.
  if _VERSION ~= "Lua 5.1" or rawget(_G, "jit") then
    local function raise()
      error "the window was closed"
    end

    it("a driver raises ends, and says what is known", function()
      local err = create(#PART, raise)
      check(err, { kind = "callback", sent = "yes", session_id = "sess_paid", retryable = false })
      assert.matches("the window was closed", err.message)
      assert.matches("^%x+%-%x+%-4", err.idempotency_key)
      server:until_gone(1)
    end)

    it("a driver raises in the pause of a wait, or before another attempt, keeps its session", function()
      local sim = support.start { speed = 0 }
      finally(function()
        sim:stop()
      end)
      local block = require "heygen.driver.block"
      local driver = { await = block.await, sleep = raise }
      local client = live.client(sim, { driver = driver })
      local err = live.failure(client:generate { prompt = "A video" })
      check(err, { kind = "callback", sent = "yes" })
      assert.matches("^sess_", err.session_id)
      assert.matches("the window was closed", err.message)
      assert.equal(1, sim:counts().creates)
      sim:faults { { status = 503, path = "/v3/videos/*" } }
      err = live.failure(client.videos:get "vid_1")
      check(err, { kind = "callback", status = 503, video_id = "vid_1" })
    end)

    it("or before, a driver raises is ended, and was not sent", function()
      local err = create(0, raise)
      check(err, { kind = "callback", sent = "no", retryable = false })
      assert.is_nil(err.session_id)
    end)
  end
end)
