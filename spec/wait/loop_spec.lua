-- What passes and what ends a wait: a 404 that is early, answers that cannot be read, Retry-After.
local core = require "heygen.core"
local heygen = require "heygen"
local live = require "spec.support.live"
local support = require "spec.support.sim"
local verifying = require "spec.support.verifying"
local webhook = require "heygen.webhook"

local check = live.check

describe("a wait", function()
  local sim, client

  setup(function()
    sim = support.start { speed = 100000 }
    client = live.client(sim)
  end)

  teardown(function()
    sim:stop()
  end)

  before_each(function()
    sim:reset()
    sim:clock { speed = 100000 }
  end)

  local PATIENT = { interval = 0.001, max_interval = 0.004, timeout = 20 }

  it("takes an early 404 for not yet, of any job", function()
    local made = assert(client.lipsyncs:create {
      video = { type = "url", url = "https://example.com/v.mp4" },
      audio = { type = "url", url = "https://example.com/a.mp3" },
    })
    sim:faults { { path = "/v3/lipsyncs/*", status = 404, times = 1 } }
    assert.equal("completed", assert(client.lipsyncs:wait(made, PATIENT)).status)
    sim:faults { { path = "/v3/video-agents/*", method = "GET", status = 404, times = 1 } }
    assert.equal("completed", assert(client:generate { prompt = "x", wait = PATIENT }).status)
  end)

  it("ends with a 404 that stays, after few polls", function()
    local before = live.sent(sim)
    local wait = { interval = 0.001, max_interval = 0.004, timeout = 20, not_found_grace = 2.5 }
    check(live.failure(client:wait({ video_id = "v" }, wait)), { kind = "api", status = 404, video_id = "v" })
    assert.is_true(live.sent(sim) - before <= 4)
  end)

  it("ends at once with a 404 of what was there for long", function()
    sim:faults {
      { path = "/v3/videos/*", body = '{"data":{"id":"v","status":"processing"}}', times = 20 },
    }
    local wait = { interval = 0.01, max_interval = 0.01, timeout = 20, not_found_grace = 0.1 }
    check(live.failure(client:wait({ video_id = "v" }, wait)), { kind = "api", status = 404, video_id = "v" })
    assert.equal(21, live.sent(sim))
  end)

  it("polls as before once a 404 is over", function()
    local path = "/v3/videos/*"
    sim:faults {
      { path = path, status = 404, times = 1 },
      { path = path, body = '{"data":{"id":"v","status":"processing"}}', times = 20 },
      { path = path, body = '{"data":{"id":"v","status":"completed"}}' },
    }
    local wait = { interval = 0.001, max_interval = 0.004, timeout = 10 } -- 20 pauses of a second would be too much
    assert.equal("completed", assert(client:wait({ video_id = "v" }, wait)).status)
  end)

  it("polls what is not found until its grace is over, also at the usual pace", function()
    local wait = { timeout = 20, not_found_grace = 2.5 }
    check(live.failure(client:wait({ video_id = "v" }, wait)), { kind = "api", status = 404, video_id = "v" })
    assert.is_true(live.sent(sim) >= 3) -- the usual pause is 10 s
  end)

  it("ends after ten answers in a row that cannot be read, with the ids", function()
    sim:faults { { path = "/v3/videos/*", body = '{"data":' } }
    local quick = live.client(sim, { max_retries = 0 })
    local err = live.failure(quick:wait({ session_id = "sess_1", video_id = "v" }, PATIENT))
    check(err, { kind = "parse", session_id = "sess_1", video_id = "v" })
    assert.equal(11, live.sent(sim)) -- the first poll is of the session
    assert.matches("10 answers in a row could not be read", err.message, 1, true)
    assert.matches('resume with client:wait("v")', err.message, 1, true)
  end)

  it("begins to count again after an answer that can be read", function()
    local function broken()
      return { path = "/v3/videos/*", body = '{"data":', times = 9 }
    end
    sim:faults {
      broken(),
      { path = "/v3/videos/*", body = '{"data":{"id":"v","status":"processing"}}', times = 1 },
      broken(),
      { path = "/v3/videos/*", body = '{"data":{"id":"v","status":"completed"}}' },
    }
    local quick = live.client(sim, { max_retries = 0 })
    assert.equal("completed", assert(quick:wait({ video_id = "v" }, PATIENT)).status)
    assert.equal(20, live.sent(sim))
  end)

  it("never polls before Retry-After is over", function()
    sim:faults { { path = "/v3/videos/*", status = 503, headers = { ["Retry-After"] = "1" }, times = 1 } }
    local quick = live.client(sim, { max_retries = 0 })
    local began = core.now()
    check(
      live.failure(quick:wait({ video_id = "v" }, { interval = 0.001, not_found_grace = 0 })),
      { status = 404 }
    )
    assert.is_true(core.now() - began >= 1)
  end)

  it("does not poll before Retry-After is over when a delivery comes", function()
    sim:faults { { path = "/v3/videos/*", status = 503, headers = { ["Retry-After"] = "1" }, times = 1 } }
    local polled = {}
    local quick = live.client(sim, {
      max_retries = 0,
      on_request = function()
        polled[#polled + 1] = core.now()
      end,
    })
    local router = webhook.router {
      on = {},
      secrets = verifying.SECRET,
      now = function()
        return verifying.NOW
      end,
    }
    heygen.run(function()
      local task = heygen.spawn(function()
        local wait = { interval = 0.001, not_found_grace = 0, webhook = router }
        check(live.failure(quick:wait({ video_id = "v1" }, wait)), { status = 404 })
      end)
      live.until_true(function()
        return live.sent(sim) == 1
      end)
      heygen.sleep(0.05) -- the answer has come
      assert.equal(200, router:handle("POST", verifying.signed(), verifying.BODY, "/hook"))
      task:join()
    end)
    assert.is_true(polled[2] - polled[1] >= 1)
  end)

  it("ends instead of polling earlier than Retry-After says", function()
    sim:faults { { path = "/v3/videos/*", status = 503, headers = { ["Retry-After"] = "30" }, times = 1 } }
    local quick = live.client(sim, { max_retries = 0 })
    local err = live.failure(quick:wait({ video_id = "v" }, { interval = 0.001, timeout = 0.2 }))
    check(err, { kind = "timeout", video_id = "v" })
    assert.equal(1, live.sent(sim))
  end)

  it("takes a session that names the video it was asked by", function()
    sim:faults {
      { path = "/v3/videos/*", status = 404, times = 1 },
      {
        method = "GET",
        path = "/v3/video-agents/*",
        body = '{"data":{"session_id":"sess_9","status":"generating","video_id":"vid"}}',
      },
    }
    assert.equal("sess_9", assert(client:poll("vid")).session_id)
  end)

  it("says at Ctrl-C in a task how to resume", function()
    local raised
    heygen.run(function()
      local task = heygen.spawn(function()
        return client:generate {
          prompt = "x",
          wait = {
            on_progress = function()
              error("x.lua:1: interrupted!", 0)
            end,
          },
        }
      end)
      raised = select(2, require("heygen.task.protected").call(task.join, task))
    end)
    local line = tostring(raised)
    assert.matches("interrupted! the video continues at the service; resume with client:wait(", line, 1, true)
  end)

  it("counts the answers of one poll of many jobs once", function()
    local ids = {}
    for index = 1, 12 do
      ids[index] = "job_" .. index
    end
    sim:faults { { path = "/v3/hyperframes/renders/*", body = '{"data":', times = 24 } }
    local quick = live.client(sim, { max_retries = 0 })
    local wait = { interval = 0.001, max_interval = 0.004, timeout = 20, not_found_grace = 0 }
    local err = live.failure(quick.hyperframes:wait({ render_ids = ids }, wait))
    check(err, { kind = "failed", status = 200 })
    assert.same({ 12, 404 }, { #err.errors, err.errors[12].status })
  end)

  it("is not ended by a driver that wakes a moment before Retry-After is over", function()
    sim:faults { { path = "/v3/videos/*", status = 503, headers = { ["Retry-After"] = "1" }, times = 1 } }
    local early = {
      await = function(engine, operation)
        while not operation:done() do
          engine:wait(1)
        end
        return true
      end,
    }
    function early.sleep(engine, seconds)
      return early.await(engine, engine:after(math.max(seconds - 0.01, 0)))
    end
    local made = assert(client:create { prompt = "x" })
    local odd = live.client(sim, { max_retries = 0, driver = early })
    made.video_id = made.video_id or assert(client:wait(made, PATIENT)).id
    assert.equal("completed", assert(odd:wait(made, PATIENT)).status)
  end)
end)
