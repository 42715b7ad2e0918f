-- From a prompt to a video: create, poll, wait, generate, against a service that behaves in all the ways seen.
-- Its clock stands still; each poll (on_progress) moves it on, so that nothing depends on real time.
local heygen = require "heygen"
local live = require "spec.support.live"
local support = require "spec.support.sim"

local check = live.check

describe("a generation", function()
  local sim, client, events

  setup(function()
    sim = support.start { speed = 0, behaviour = { video_id = "late" } }
    client = live.client(sim)
  end)

  teardown(function()
    sim:stop()
  end)

  before_each(function()
    sim:reset()
    events = {}
  end)

  local function moving(step, changes)
    return live.moving(sim, events, step, changes)
  end

  local function create(fields)
    fields = fields or {}
    fields.prompt = "A short video"
    return assert(client:create(fields))
  end

  local function generate(step, changes, fields)
    fields = fields or {}
    fields.prompt = "A short video"
    fields.wait = moving(step, changes)
    return client:generate(fields)
  end

  -- The paths asked for, ids left out.
  local function polls()
    local list = {}
    for _, entry in ipairs(sim:requests()) do
      list[#list + 1] = entry.method == "POST" and "create"
        or entry.path:match "/videos/" and "video"
        or "session"
    end
    return list
  end

  local function statuses()
    local list, last = {}, nil
    for _, event in ipairs(events) do
      if event.status ~= last then
        list[#list + 1] = event.status
      end
      last = event.status
    end
    return list
  end

  -- A session whose video is known.
  local function rendering()
    local session = create()
    sim:clock { advance = 150 }
    return session, assert(assert(client.video_agents:get(session)).video_id)
  end

  describe("that goes well", function()
    it("begins without a video id, and finds it on the session", function()
      local session = create()
      assert.is_nil(session.video_id)
      local video = assert(generate(30))
      assert.equal("completed", video.status)
      assert.matches("^%x+$", video.id)
      assert.matches("^http://127", video.video_url)
      assert.same({ "thinking", "pending", "processing", "completed" }, statuses())
    end)

    it("finds nulls left out, and unknown fields", function()
      sim:behaviour { nulls = "absent", extra_fields = true }
      assert.equal("completed", assert(generate(30)).status)
    end)

    it("polls the session once, then only the video, when the create names it", function()
      sim:behaviour { video_id = "at_once" }
      sim:clock { speed = 20000 }
      local video = assert(client:generate { prompt = "x", wait = live.QUICK })
      assert.equal("completed", video.status)
      local seen = polls()
      assert.same({ "create", "session" }, { seen[1], seen[2] })
      for index = 3, #seen do
        assert.equal("video", seen[index])
      end
    end)

    it("polls only the video once the session has named it", function()
      local mover = live.client(sim, {
        on_response = function()
          sim:clock { advance = 30 }
        end,
      })
      assert(mover:generate { prompt = "x", wait = live.QUICK })
      local sequence = table.concat(polls(), " ")
      assert.matches("^create session .*session video", sequence)
      assert.is_nil(sequence:find "video session")
    end)

    it("does not need the session once the video is known", function()
      sim:behaviour { session_404_after_video = true }
      assert.equal("completed", assert(generate(30)).status)
      local session, video_id = rendering()
      assert.equal(404, live.failure(client.video_agents:get(session)).status)
      assert.equal(
        video_id,
        assert(client:wait({ session_id = session.session_id, video_id = video_id }, moving(30))).id
      )
    end)

    it("continues through an unknown status", function()
      sim:behaviour { unknown_status = "polishing" }
      assert.equal("completed", assert(generate(20)).status)
      assert.same({ "thinking", "pending", "processing", "polishing", "completed" }, statuses())
    end)

    it("continues when the session has failed and recovers", function()
      sim:behaviour { session_fails_then_recovers = 120, session_fails_after = 30 }
      assert.equal("completed", assert(generate(25)).status)
      assert.same({ "thinking", "failed", "thinking", "pending", "processing", "completed" }, statuses())
    end)

    it("finds the video of a session that names it only in its list", function()
      local session = create()
      sim:clock { advance = 3600 }
      sim:faults {
        {
          path = "/v3/video-agents/" .. session.session_id,
          body = ('{"data":{"session_id":"%s","status":"completed","video_id":null}}'):format(
            session.session_id
          ),
        },
      }
      assert.equal("completed", assert(client:wait(session, moving(1))).status)
    end)

    it("reports progress that never runs backwards, one request for each poll", function()
      assert(generate(20))
      local before, elapsed, known = 0, 0, 0
      for _, event in ipairs(events) do
        assert.is_true((event.progress or 0) >= before)
        assert.is_true(event.elapsed >= elapsed)
        assert.matches("^sess_", event.session_id)
        before, elapsed = event.progress or before, event.elapsed
        known = known + (event.progress and event.progress > 0 and event.progress < 100 and 1 or 0)
      end
      assert.equal(100, events[#events].progress)
      assert.is_true(known > 3, "no progress was told while the video rendered")
      assert.equal("thinking", events[1].status) -- what the create said
      -- The poll that finds the video id polls the video as well.
      assert.is_true(live.sent(sim) <= #events + 1)
    end)

    it("tells progress in whole per cent that never runs backwards, though the service's does", function()
      local session = create()
      local BODY = '{"data":{"session_id":"%s","status":"generating","progress":%s}}'
      for index, progress in ipairs { "60.75", "20", "1000", "70" } do
        sim:faults {
          { path = "/v3/video-agents/*", nth = index, body = BODY:format(session.session_id, progress) },
        }
      end
      sim:clock { advance = 3600 }
      assert(client:wait(session, moving(1)))
      local told = {}
      for index, event in ipairs(events) do
        told[index] = event.progress
      end
      assert.same({ 60, 60, 100, 100, 100 }, told)
    end)

    it("gives the answer behind its value", function()
      local video = assert(generate(60))
      assert.equal(200, heygen.response(video).status)
    end)
  end)

  describe("that fails", function()
    it("because the session has failed for good", function()
      sim:behaviour { session_fails = true, error_message = "The avatar is gone." }
      local err = live.failure(generate(60, { grace = 0.1 }))
      check(err, { kind = "failed", status = 200, sent = "yes", retryable = false })
      assert.is_nil(err.code)
      assert.is_nil(err.video_id)
      assert.matches("^sess_", err.session_id)
      assert.equal("the session failed: The avatar is gone.", err.message)
      assert.equal("failed", err.last.status)
      assert.is_true(#events > 2) -- it was given time
    end)

    it("because the session has failed, at once when there is no grace", function()
      sim:behaviour { session_fails = true, session_fails_after = 0, error_message = false }
      local err = live.failure(generate(1, { grace = 0 }))
      check(err, { kind = "failed", message = "the session failed: I am planning your video." })
      assert.same({ "create", "session" }, polls())
    end)

    it("because the video has failed, with its reasons", function()
      sim:behaviour { video_fails = true, failure_code = "script_too_long", failure_message = "Too long." }
      local err = live.failure(generate(60))
      check(err, { kind = "failed", status = 200, code = "script_too_long", sent = "yes", retryable = false })
      assert.equal("the video failed: Too long.", err.message)
      assert.matches("^sess_", err.session_id)
      assert.matches("^%x+$", err.video_id)
      assert.equal("failed", err.last.status)
      assert.equal(err.video_id, err.last.id)
    end)

    it("because the video has failed, with a code only", function()
      sim:behaviour { video_fails = true, failure_code = "script_too_long", failure_message = false }
      check(
        live.failure(generate(60)),
        { code = "script_too_long", message = "the video failed: script_too_long" }
      )
    end)

    local REASONS = {
      { "the session's newest error", "Out of video.", "Out of video." },
      { "what the agent said last", false, "Here is the draft." },
    }

    for _, case in ipairs(REASONS) do
      it("because the video has failed without reasons: " .. case[1] .. " is given", function()
        local none = { video_fails = true, failure_code = false, failure_message = false }
        none.error_message = case[2]
        sim:behaviour(none)
        local err = live.failure(generate(60))
        check(err, { kind = "failed", status = 200, message = "the video failed: " .. case[3] })
        assert.is_nil(err.code)
        assert.matches("^sess_", err.session_id)
        assert.matches("^%x+$", err.video_id)
      end)
    end

    it("because the video has failed without reasons and without a session to ask", function()
      sim:behaviour {
        video_fails = true,
        failure_code = false,
        failure_message = false,
        session_404_after_video = true,
      }
      local err = live.failure(generate(60))
      assert.equal("the video failed: the service gives no reason", err.message)
      local alone = live.failure(client:wait(err.video_id, live.QUICK))
      check(alone, { kind = "failed", message = err.message, video_id = err.video_id })
      assert.is_nil(alone.session_id)
    end)

    it("with a reason that cannot take over a terminal", function()
      sim:behaviour { video_fails = true, failure_message = "a\27[2Jb\nc" .. ("x"):rep(5000) }
      local err = live.failure(generate(60))
      assert.is_nil(err.message:find "%c")
      assert.is_true(#err.message < 1300)
    end)

    it("because the video was deleted", function()
      local session, video_id = rendering()
      assert(client.videos:delete(video_id))
      local err =
        live.failure(client:wait({ session_id = session.session_id, video_id = video_id }, live.QUICK))
      check(err, { kind = "api", status = 404, code = "video_not_found", sent = "yes", video_id = video_id })
      check(err, { session_id = session.session_id })
    end)

    for _, status in ipairs { 401, 402, 403 } do
      it("because a poll is answered with " .. status, function()
        local session, video_id = rendering()
        sim:faults { { status = status, nth = 1 } }
        local err =
          live.failure(client:wait({ session_id = session.session_id, video_id = video_id }, live.QUICK))
        check(err, { kind = "api", status = status, sent = "yes", video_id = video_id, attempts = 1 })
        check(err, { session_id = session.session_id })
      end)
    end

    it("because a poll is answered with 200 and an error object", function()
      local _, video_id = rendering()
      sim:faults { { status = 200, code = "session_expired", message = "It has expired" } }
      local err = live.failure(client:wait(video_id, live.QUICK))
      check(err, { kind = "api", status = 200, code = "session_expired", sent = "yes", video_id = video_id })
    end)

    it("because the session has no video when it is done", function()
      sim:behaviour { video_id = "never" }
      local err = live.failure(generate(60))
      check(err, { kind = "failed", status = 200 })
      assert.equal("the session is completed but has no video: Here is the draft.", err.message)
      assert.matches("^sess_", err.session_id)
    end)

    it("because the create failed", function()
      sim:faults { { method = "POST", status = 402 } }
      check(live.failure(generate(1)), { kind = "api", status = 402, sent = "yes" })
      assert.same({}, events)
    end)
  end)

  describe("that waits for a message", function()
    it("says so, and continues after it was given", function()
      local err = live.failure(generate(60, nil, { mode = "chat" }))
      check(err, { kind = "input_needed", status = 200, sent = "yes", retryable = false })
      assert.matches("Should I continue with this plan?", err.message, 1, true)
      assert.matches("^sess_", err.session_id)
      assert.is_nil(err.video_id)
      assert.equal("waiting_for_input", err.last.status)
      assert(client.video_agents:send(err.session_id, { message = "Yes" }))
      assert.equal("completed", assert(client:wait(err, moving(60))).status)
    end)
  end)
end)
