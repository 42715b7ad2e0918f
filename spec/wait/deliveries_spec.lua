-- Webhook or poll, whichever is first: client:wait(id, {webhook = router}) against the simulator, which signs and sends
-- its deliveries. What it costs, and how late it is, is measured in time that is made up.
local core = require "heygen.core"
local block = require "heygen.driver.block"
local heygen = require "heygen"
local live = require "spec.support.live"
local receiver = require "spec.support.receiver"
local support = require "spec.support.sim"
local webhook = require "heygen.webhook"

local SECRET = "whsec_0123456789abcdef"
local HALF_HOUR = 1800
local STEP = 20 -- seconds: the simulator's clock follows the made-up one in steps of so much between requests
local STRETCH = require("heygen.wait.options").defaults.webhook_interval
local FILE = { url = "https://example.com/video.mp4" }

describe("a wait with webhooks", function()
  local sim, inbox, secret

  setup(function()
    sim = support.start { speed = 0, behaviour = { video_id = "late" } }
  end)

  teardown(function()
    sim:stop()
  end)

  after_each(function()
    inbox:close()
  end)

  before_each(function()
    sim:reset()
    inbox = receiver.new()
    local status, answer = sim:api("POST", "/v3/webhooks/endpoints", { url = inbox:url() })
    assert.equal(200, status)
    secret = answer.data.secret
  end)

  local function make(options)
    local all = { on = {}, secrets = secret, log = function() end }
    for name, value in pairs(options or {}) do
      all[name] = value
    end
    return webhook.router(all)
  end

  -- Takes the deliveries that the simulator sends now, and hands them to the router.
  local function hand_over(router, count)
    for _ = 1, count or 1 do
      local request = assert(inbox:take(200, 10), "no delivery has come")
      if router then
        local status = router:handle("POST", request.headers, request.body, "/hook")
        assert.equal(200, status)
      end
    end
  end

  -- ---- in made-up time ----

  -- A client whose sleeps take none; `world.due` says at which moments deliveries come, and to which router.
  local function made_up()
    local world = { time = 1000, owed = 0, due = {} }

    local function sync()
      if world.owed > 0 then
        sim:clock { advance = world.owed }
        world.owed = 0
      end
      while world.due[1] and world.due[1].at <= world.time do
        local delivery = table.remove(world.due, 1)
        hand_over(not delivery.lost and world.router or nil, delivery.count)
      end
    end

    local driver = {
      await = block.await,
      sleep = function(_, seconds)
        world.time = world.time + seconds
        world.owed = world.owed + seconds
        if world.owed >= STEP then
          sync()
        end
        return true
      end,
    }
    world.client = live.client(sim, { driver = driver, on_request = sync })
    return world
  end

  -- Runs a function with a clock that shows the world's time.
  local function inside(world, fn)
    local real = core.now
    core.now = function()
      return world.time
    end
    local ok, raised = pcall(fn)
    core.now = real
    assert(ok, raised)
  end

  local function half_hour_jobs()
    sim:behaviour { thinking = 120, pending = 60, processing = HALF_HOUR - 180 }
  end

  -- How a job of half an hour is made and waited for. Each gives the video.
  local FLOWS = {
    {
      "generate",
      function(client, wait)
        return client:generate { prompt = "A video", wait = wait }
      end,
    },
    {
      "create, and a wait for the session",
      function(client, wait)
        return client:wait(assert(client:create { prompt = "A video" }), wait)
      end,
    },
    {
      "a wait that is watched",
      function(client, wait)
        wait.on_progress = function() end
        return client:wait(assert(client:create { prompt = "A video" }), wait)
      end,
    },
  }

  -- One job of half an hour. Gives the requests in all, and how late the end was seen.
  local function measure(world, flow, delivery)
    local before, began = live.sent(sim), world.time
    delivery.at = began + HALF_HOUR
    world.due = { delivery }
    local video = assert(flow(world.client, { webhook = world.router }))
    assert.equal("completed", video.status)
    local late = world.time - began - HALF_HOUR
    for _, left in ipairs(world.due) do -- found without it
      world.time = math.max(world.time, left.at)
      world.due = {}
      hand_over(not left.lost and world.router or nil, left.count)
    end
    return live.sent(sim) - before, late
  end

  for _, flow in ipairs(FLOWS) do
    it("costs 4 requests at most when they work: " .. flow[1], function()
      half_hour_jobs()
      local world = made_up()
      inside(world, function()
        world.router = make()
        local requests, late = measure(world, flow[2], {})
        assert.is_true(requests > 20, "the first one cannot know that they work: " .. requests)
        assert.is_true(late <= STEP, late)
        for _ = 1, 2 do
          requests, late = measure(world, flow[2], {})
          assert.is_true(requests <= 4, requests .. " requests")
          assert.is_true(late <= STEP, late .. " s late")
        end
      end)
    end)
  end

  it("costs no more when each delivery comes three times, late ones among them", function()
    half_hour_jobs()
    sim:behaviour { webhook_duplicates = 2 }
    local world = made_up()
    inside(world, function()
      world.router = make()
      measure(world, FLOWS[1][2], { count = 3 })
      local requests, late = measure(world, FLOWS[1][2], { count = 3 })
      assert.is_true(requests <= 4 and late <= STEP)
    end)
  end)

  it("polls the video itself after a delivery", function()
    half_hour_jobs()
    sim:behaviour { video_id = "at_once" }
    local world = made_up()
    inside(world, function()
      world.router = make()
      measure(world, FLOWS[1][2], {})
      local requests = measure(world, function(client, wait)
        wait.on_progress = function() end
        return client:generate { prompt = "A video", wait = wait }
      end, {})
      assert.equal(3, requests) -- the create, a first poll, and the one after the delivery
    end)
  end)

  it("asks at the usual pace after a delivery that the state does not bear out", function()
    half_hour_jobs()
    local world = made_up()
    inside(world, function()
      world.router = make()
      measure(world, FLOWS[1][2], {})
      local requests, late = measure(world, function(client, wait)
        local session = assert(client:create { prompt = "A video" })
        local body = ('{"event_type":"video_agent.fail","event_data":{"session_id":"%s"}}'):format(
          session.session_id
        )
        assert.equal(200, (world.router:handle("POST", webhook.sign(body, secret), body)))
        return client:wait(session, wait)
      end, { lost = true })
      assert.is_true(late <= 75, late .. " s late")
      assert.is_true(requests > 20, requests)
    end)
  end)

  it("is no later than a poll when all deliveries are lost, or at first than a stretched one", function()
    half_hour_jobs()
    local world = made_up()
    inside(world, function()
      world.router = make()
      local wait = FLOWS[1][2]
      local _, late = measure(world, wait, { lost = true })
      assert.is_true(late <= 75, late .. " s late") -- the longest pause there is without webhooks
      measure(world, wait, {})
      _, late = measure(world, wait, { lost = true }) -- it relied on them
      assert.is_true(late > 75 and late <= STRETCH, late .. " s late")
      _, late = measure(world, wait, { lost = true }) -- and has learnt
      assert.is_true(late <= 75, late .. " s late")
    end)
  end)

  it("does not rely on deliveries about something else", function()
    half_hour_jobs()
    local world = made_up()
    inside(world, function()
      world.router = make()
      local body = '{"event_type":"video_translate.success","event_data":{"video_translate_id":"t1"}}'
      assert.equal(200, (world.router:handle("POST", webhook.sign(body, secret), body)))
      assert.is_true(world.router:watch("x"):working())
      local requests, late = measure(world, FLOWS[1][2], { lost = true })
      assert.is_true(requests > 20 and late <= 75, requests .. " requests, " .. late .. " s late")
    end)
  end)

  it("relies on them from the beginning when it is told to, until it sees that they do not come", function()
    half_hour_jobs()
    local world = made_up()
    inside(world, function()
      world.router = make { working = true }
      local requests, late = measure(world, FLOWS[1][2], {})
      assert.is_true(requests <= 4 and late <= STEP, requests .. " requests, " .. late .. " s late")
      world.router = make { working = true }
      requests, late = measure(world, FLOWS[1][2], { lost = true })
      assert.is_true(requests <= 5 and late <= STRETCH, requests .. " requests, " .. late .. " s late")
      requests, late = measure(world, FLOWS[1][2], { lost = true })
      assert.is_true(requests > 20 and late <= 75, requests .. " requests, " .. late .. " s late")
    end)
  end)

  it("is never stretched against a max_interval of the caller's, and as long as the caller says", function()
    half_hour_jobs()
    local world = made_up()
    inside(world, function()
      world.router = make()
      local function wait_with(options)
        return function(client, wait)
          for name, value in pairs(options) do
            wait[name] = value
          end
          return client:generate { prompt = "A video", wait = wait }
        end
      end
      measure(world, FLOWS[1][2], {})
      local requests = measure(world, wait_with { max_interval = 60 }, {})
      assert.is_true(requests >= HALF_HOUR / 60, requests)
      requests = measure(world, wait_with { max_interval = 60, webhook_interval = 600 }, {})
      assert.is_true(requests >= 4 and requests <= 6, requests)
    end)
  end)

  it("is not stretched where nothing will be told", function()
    local world = made_up()
    inside(world, function()
      world.router = make()
      half_hour_jobs()
      measure(world, FLOWS[1][2], {})
      assert.is_true(world.router:watch("x"):working())
      local before = live.sent(sim)
      local made = assert(world.client.lipsyncs:create { video = FILE, audio = FILE })
      assert.equal("completed", assert(world.client.lipsyncs:wait(made, { webhook = world.router })).status)
      assert.is_true(live.sent(sim) - before > 20)
      before = live.sent(sim)
      local err = live.failure(world.client:generate {
        prompt = "x",
        mode = "chat",
        wait = { webhook = world.router },
      })
      assert.equal("input_needed", err.kind)
      assert.is_true(live.sent(sim) - before > 3)
      assert.is_true(world.router:watch("x"):working())
    end)
  end)

  -- ---- in real time ----

  local PATIENT = { interval = 60, timeout = 50 } -- a wait that is not woken runs out

  local function patient(router, changes)
    local options = { webhook = router }
    for _, from in ipairs { PATIENT, changes or {} } do
      for name, value in pairs(from) do
        options[name] = value
      end
    end
    return options
  end

  local function polled(path)
    return live.until_true(function()
      for _, entry in ipairs(sim:requests()) do
        if entry.method == "GET" and entry.path:find(path, 1, true) then
          return true
        end
      end
    end)
  end

  -- Runs a wait as a task, and `action` after its first poll.
  local function waiting(path, wait, action)
    local value, message, err
    local began = core.now()
    heygen.run(function()
      local task = heygen.spawn(function()
        value, message, err = wait()
      end)
      polled(path)
      action(task)
    end)
    assert.is_true(core.now() - began < PATIENT.timeout - 5, "it was not woken")
    return value, message, err
  end

  it("is woken by what the service sends", function()
    local client, router = live.client(sim), make()
    local session = assert(client:create { prompt = "A video" })
    local video = assert(waiting("/v3/video-agents/", function()
      return client:wait(session, patient(router))
    end, function()
      sim:clock { advance = 720 }
      hand_over(router)
    end))
    assert.equal("completed", video.status)
    assert.equal(1 + 3 + 1, live.sent(sim)) -- create, session, session, video, and the endpoint
  end)

  it("is not deceived: it believes the state, not the delivery", function()
    local client, router = live.client(sim), make { secrets = SECRET }
    local session = assert(client:create { prompt = "A video" })
    local function deliver(kind, id, data)
      local text = '{"event_type":"%s","event_id":"%s","event_data":{"session_id":"%s"%s}}'
      local body = text:format(kind, id, session.session_id, data or "")
      return router:handle("POST", webhook.sign(body, SECRET), body)
    end
    local function polls()
      local count = 0
      for _, entry in ipairs(sim:requests()) do
        count = count + (entry.method == "GET" and 1 or 0)
      end
      return count
    end
    local video = assert(waiting("/v3/video-agents/", function()
      return client:wait(session, patient(router))
    end, function()
      local function look_follows()
        local before = polls()
        return function(status)
          assert.equal(200, status)
          live.until_true(function()
            return polls() > before
          end)
        end
      end
      look_follows()(deliver("video_agent.success", "e1", ',"video_id":"of_somebody_else"'))
      look_follows()(deliver("video_agent.fail", "e2", ',"msg":"it is a lie"'))
      local before = polls()
      deliver("video_agent.fail", "e2") -- a duplicate
      router:handle("POST", webhook.sign("{}", "whsec_wrong"), "{}")
      router:handle(
        "POST",
        webhook.sign('{"event_data":{"session_id":"other"}}', SECRET),
        '{"event_data":{"session_id":"other"}}'
      )
      heygen.sleep(0.1)
      assert.equal(before, polls())
      sim:clock { advance = 720 }
      deliver("video_agent.success", "e3")
    end))
    assert.equal("completed", video.status)
    assert.equal(session.session_id, assert(client:poll(session)).session_id)
  end)

  it("no longer relies on deliveries when another wait has found an end of which nothing had told", function()
    local client, router = live.client(sim), make()
    local first = assert(client:create { prompt = "A video" })
    sim:clock { advance = 720 }
    hand_over(router) -- they work
    assert(client:wait(first, patient(router)))
    local relying, asking = assert(client:create { prompt = "x" }), assert(client:create { prompt = "y" })
    local results, began = {}, core.now()
    heygen.run(function()
      heygen.spawn(function()
        results[1] = client:wait(relying, patient(router, { interval = 0.02, webhook_interval = 49 }))
      end)
      polled(relying.session_id)
      heygen.spawn(function()
        results[2] = client:wait(asking, patient(router, { interval = 0.02, webhook_interval = 0.05 }))
      end)
      polled(asking.session_id)
      sim:clock { advance = 720 }
    end)
    assert.same({ "completed", "completed" }, { results[1].status, results[2].status })
    assert.is_true(core.now() - began < PATIENT.timeout - 5, "it continued to rely on them")
  end)

  it("is woken for each of several translations, and for a batch", function()
    local client, router = live.client(sim), make()
    local made =
      assert(client.video_translations:create { video = FILE, output_languages = { "German", "French" } })
    local list = assert(waiting("/v3/video-translations/statuses", function()
      return client.video_translations:wait(made, patient(router))
    end, function()
      sim:clock { advance = 720 }
      hand_over(router, 2)
    end))
    assert.equal(2, #list)
    made = assert(client.lipsyncs:create_batch { lipsyncs = { { video = FILE, audio = FILE } } })
    local batch = assert(waiting("/v3/lipsyncs/batches/", function()
      return client.lipsyncs:wait_batch(made, patient(router))
    end, function()
      sim:clock { advance = 720 }
      hand_over(router)
    end))
    assert.equal("completed", batch.status)
  end)

  it("hears what came before it began, and what comes while it asks", function()
    local client, router = live.client(sim), make()
    local session = assert(client:create { prompt = "A video" })
    sim:clock { advance = 720 }
    hand_over(router)
    local video = assert(client:wait(session, patient(router)))
    assert.equal("completed", video.status)
    -- The first poll is answered with what was true before the delivery that comes during it.
    sim:faults {
      { path = "/v3/videos/*", body = '{"data":{"id":"v","status":"processing"}}', times = 1, delay = 0.2 },
    }
    video = assert(waiting("/v3/videos/" .. video.id, function()
      return client:wait(video.id, patient(make { secrets = SECRET }, { interval = 0.05 }))
    end, function() end))
    assert.equal("completed", video.status)
  end)

  it("ends like any other: by a cancel, by its timeout, by a closed client", function()
    local router = make()
    local function failed(end_it, changes)
      local client = live.client(sim)
      local session = assert(client:create { prompt = "A video" })
      return live.failure(waiting(session.session_id, function()
        return client:wait(session, patient(router, changes))
      end, function(task)
        end_it(task, client)
      end))
    end
    assert.equal(
      "cancelled",
      failed(function(task)
        task:cancel()
      end).kind
    )
    assert.equal(
      "closed",
      failed(function(_, client)
        client:close()
      end).kind
    )
    assert.equal("timeout", failed(function() end, { timeout = 0.05 }).kind)
    assert.is_nil(next(router.deliveries.monitors)) -- nothing listens any more
  end)

  it("tells of a router that is none", function()
    local client = live.client(sim)
    for _, given in ipairs { "x", {}, 7, { watch = true } } do
      local ok, raised = pcall(client.wait, client, "v", { webhook = given })
      assert.is_false(ok)
      assert.matches(
        "client:wait: webhook: expected a router made by heygen.webhook.router{...}",
        raised,
        1,
        true
      )
    end
    local _, raised = pcall(client.wait, client, "v", { webhok = make() })
    assert.matches('webhok: unknown option, did you mean "webhook"?', raised, 1, true)
  end)
end)
