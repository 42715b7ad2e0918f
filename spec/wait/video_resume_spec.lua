-- Waits that run out, meet trouble, are named in every way there is, and are resumed.
local heygen = require "heygen"
local live = require "spec.support.live"
local support = require "spec.support.sim"

local check = live.check

describe("a wait", function()
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

  -- A session whose video is known.
  local function rendering()
    local session = create()
    sim:clock { advance = 150 }
    return session, assert(assert(client.video_agents:get(session)).video_id)
  end

  describe("whose wait runs out", function()
    local SHORT = { interval = 0.01, max_interval = 0.01, timeout = 0.05 }

    it("is resumed by its video id, and by the error", function()
      local session, video_id = rendering()
      local err = live.failure(client:wait({ session_id = session.session_id, video_id = video_id }, SHORT))
      check(err, {
        kind = "timeout",
        sent = "yes",
        retryable = true,
        video_id = video_id,
        session_id = session.session_id,
      })
      assert.is_nil(err.status)
      assert.is_nil(err.code)
      assert.equal("pending", err.last.status)
      assert.matches('still "pending" after 0.05 s', err.message)
      assert.matches('client:wait("' .. video_id .. '")', err.message, 1, true)
      sim:clock { advance = 3600 }
      assert.equal(video_id, assert(client:wait(err.video_id, live.QUICK)).id)
      assert.equal(video_id, assert(client:wait(err, live.QUICK)).id)
    end)

    it("is resumed by its session while there is no video", function()
      local fields = { prompt = "x", wait = SHORT }
      local err = live.failure(client:generate(fields))
      check(err, { kind = "timeout", sent = "yes" })
      assert.is_nil(err.video_id)
      assert.matches("^sess_", err.session_id)
      assert.equal("thinking", err.last.status)
      sim:clock { advance = 3600 }
      assert.equal("completed", assert(client:wait(err.session_id, live.QUICK)).status)
      assert.equal("completed", assert(client:wait(err, live.QUICK)).status)
    end)

    it("still polls once when there is no time at all", function()
      local _, video_id = rendering()
      live.failure(client:wait(video_id, { timeout = 0 }))
      sim:clock { advance = 3600 }
      assert.equal(video_id, assert(client:wait(video_id, { timeout = 0 })).id)
    end)

    it("names the trouble that it had", function()
      local _, video_id = rendering()
      sim:faults { { status = 503 } }
      local err = live.failure(client:wait(video_id, SHORT))
      check(err, { kind = "timeout", video_id = video_id })
      check(err.cause, { kind = "api", status = 503, video_id = video_id })
      assert.matches(
        "%(the last poll failed: " .. err.cause.message:gsub("%p", "%%%0") .. "%); resume with client:wait",
        err.message
      )
    end)

    it("is not held up much longer by a server that does not answer #slow", function()
      local patient = live.client(sim, { timeout = 0.05, max_retries = 100000, deadline = 3600 })
      local _, video_id = rendering()
      sim:faults { { stall = true } }
      check(live.failure(patient:wait(video_id, SHORT)), { kind = "timeout", video_id = video_id })
    end)
  end)

  describe("that meets passing trouble", function()
    it("continues, and reports it", function()
      local _, video_id = rendering()
      sim:faults { { status = 503, times = 4 }, { close = "before", times = 3 }, { html = true, times = 3 } }
      assert.equal("completed", assert(client:wait(video_id, moving(60))).status)
      local told = {}
      for _, event in ipairs(events) do
        if event.err then
          told[#told + 1] = event.err.kind
        end
      end
      assert.is_true(#told >= 2)
      assert.is_nil(events[#events].err)
    end)

    it("continues when on_progress raises, and reports that once", function()
      local lines, calls = {}, 0
      local logging = live.client(sim, {
        log = function(line)
          lines[#lines + 1] = line:match "on_progress.*"
        end,
      })
      local mover = moving(60)
      local move = mover.on_progress
      function mover.on_progress(event)
        move(event)
        calls = calls + 1
        error("my bar broke", 0)
      end
      assert.equal("completed", assert(logging:generate { prompt = "x", wait = mover }).status)
      assert.is_true(calls > 2)
      assert.same({ "on_progress raised: my bar broke (the wait continues)" }, lines)
      assert.equal(1, sim:counts().creates)
    end)

    it(
      "gives numbers in the first event, and reports a slip on standard error without a log #once",
      function()
        local output = require("spec.support.child").must(
          [[
        local heygen = require "heygen"
        local client = heygen.new { api_key = "test-key" }
        io.stderr = { write = function(_, ...) io.write("stderr: ", ...) end }
        local first = true
        local _, message = client:generate { prompt = "x", wait = { timeout = 0.05, interval = 0.01,
          on_progress = function(event)
            if first then io.write(("%s %d %%\n"):format(event.status, event.progress)) end
            first = false
            error "slip"
          end } }
        io.write(message)
      ]],
          "HEYGEN_API_BASE=" .. sim.url
        )
        assert.matches(
          "^thinking 0 %%\nstderr: heygen: on_progress raised: .-slip %(the wait continues%)\nheygen: ",
          output
        )
        assert.matches('resume with client:wait%("sess_', output)
      end
    )

    it("gives the video when the callback raised at its end", function()
      local _, video_id = rendering()
      sim:clock { advance = 3600 }
      local video = assert(client:wait(video_id, {
        on_progress = function()
          error "too late"
        end,
      }))
      assert.equal("completed", video.status)
    end)
  end)

  describe("is named", function()
    it("by all that can name it", function()
      local session, video_id = rendering()
      assert.equal("generating", assert(client:poll(session)).status)
      assert.equal("generating", assert(client:poll(session.session_id)).status)
      assert.equal("pending", assert(client:poll(video_id)).status)
      assert.equal("pending", assert(client:poll { id = video_id }).status)
      assert.equal("pending", assert(client:poll { session_id = "s", video_id = video_id }).status)
      sim:clock { advance = 3600 }
      for _, target in ipairs {
        session,
        session.session_id,
        video_id,
        { id = video_id },
        { video_id = video_id },
        { session_id = session.session_id, video_id = heygen.null },
      } do
        assert.equal(video_id, assert(client:wait(target, live.QUICK)).id)
      end
    end)

    it("by a session id that does not resemble one", function()
      local _, video_id = rendering()
      sim:clock { advance = 3600 }
      local body = ('{"data":{"session_id":"abc","status":"generating","video_id":"%s"}}'):format(video_id)
      sim:faults { { path = "/v3/video-agents/abc", status = 503, times = 3 } }
      sim:faults { { path = "/v3/video-agents/abc", body = body } }
      assert.equal(video_id, assert(client:wait("abc", moving(1))).id)
      assert.equal("generating", assert(client:poll "abc").status)
    end)

    it("by the id of its video, for which the service gives the session", function()
      sim:faults {
        { path = "/v3/videos/*", times = 1, status = 404, code = "video_not_found" },
        {
          path = "/v3/video-agents/v-1",
          body = '{"data":{"session_id":"sess_1","video_id":"V1","status":"x"}}',
        },
        { path = "/v3/videos/V1", body = '{"data":{"id":"V1","status":"processing"}}' },
      }
      check(
        live.failure(client:wait("v-1", live.quick { timeout = 0.02 })),
        { kind = "timeout", session_id = "sess_1", video_id = "V1" }
      )
    end)

    it("by nothing that exists", function()
      local err = live.failure(client:wait("nowhere", live.QUICK))
      check(err, { kind = "api", status = 404, code = "video_not_found", video_id = "nowhere", sent = "yes" })
      check(
        live.failure(client:poll "nowhere"),
        { status = 404, code = "video_not_found", video_id = "nowhere" }
      )
      check(live.failure(client:poll "sess_nowhere"), { status = 404, session_id = "sess_nowhere" })
    end)
  end)

  it("survives whatever types the service sends", function()
    local WEIRD =
      '{"data":{"session_id":"s","id":7,"status":%s,"progress":"x","video_id":%s,"messages":%s,"video_url":[]}}'
    for _, status in ipairs { '"failed"', '"completed"', '"waiting_for_input"', '"x"' } do
      for _, video_id in ipairs { "5", "{}", "true", '""', '".."', '"v"' } do
        for _, messages in ipairs { '[1,null,[],{"type":"error","content":{}},{"role":5}]', "7", '{"a":1}' } do
          sim:faults {}
          sim:faults { { path = "/v3/video-agents/*/videos", body = '{"data":[5]}' } }
          sim:faults { { body = WEIRD:format(status, video_id, messages) } }
          local wait = { interval = 0.001, max_interval = 0.001, timeout = 0.003, grace = 0 }
          for _, target in ipairs { "sess_1", "vid_1" } do
            local video, message, err = client:wait(target, wait)
            if not video then
              live.failure(video, message, err)
            end
          end
        end
      end
    end
    sim:faults {}
    sim:faults { { body = '{"data":{"session_id":true}}' } }
    check(live.failure(client:generate { prompt = "x" }), { kind = "parse", sent = "yes" })
    sim:faults {}
    sim:faults { { method = "POST", body = '{"data":{"session_id":"sess_1","video_id":7,"status":[]}}' } }
    check(
      live.failure(client:generate { prompt = "x", wait = live.QUICK }),
      { status = 404, session_id = "sess_1" }
    )
  end)

  describe("with bad options of a wait", function()
    local function refused(message, options)
      local before = live.sent(sim)
      local ok, raised = pcall(client.wait, client, "vid_1", options)
      assert.is_false(ok)
      assert.matches("client:wait: " .. message, raised, 1, true)
      ok, raised = pcall(client.generate, client, { prompt = "x", wait = options })
      assert.is_false(ok)
      local dot = message:find "^expected" and ": " or "."
      assert.matches("client:generate: wait" .. dot .. message, raised, 1, true)
      assert.equal(before, live.sent(sim))
    end

    it("is refused before anything is sent", function()
      refused("expected a table of options, got number", 60)
      refused('timout: unknown option, did you mean "timeout"?', { timout = 3 })
      refused('timeout: expected seconds >= 0, got "3"', { timeout = "3" })
      refused("timeout: expected seconds >= 0, got -1", { timeout = -1 })
      refused("grace: expected seconds >= 0, got NaN", { grace = 0 / 0 })
      refused("interval: expected finite seconds >= 0.001, got 0", { interval = 0 })
      refused('on_progress: expected a function, got "print"', { on_progress = "print" })
    end)

    it("points at the line that called", function()
      local function raised(...)
        return select(2, pcall(...))
      end
      assert.matches(
        "^spec/wait/video_resume_spec%.lua:%d+: client:wait: x: ",
        raised(function()
          client:wait("v", { x = 1 })
        end)
      )
      assert.matches(
        "^spec/wait/video_resume_spec%.lua:%d+: client:wait: ",
        raised(function()
          client:wait(7)
        end)
      )
      assert.matches(
        "^spec/wait/video_resume_spec%.lua:%d+: client:poll: ",
        raised(function()
          client:poll(7)
        end)
      )
      assert.matches(
        "^spec/wait/video_resume_spec%.lua:%d+: client:generate: orientaton: ",
        raised(function()
          client:generate { prompt = "x", orientaton = "portrait" }
        end)
      )
      assert.matches(
        "^spec/wait/video_resume_spec%.lua:%d+: client:create: prompt: ",
        raised(function()
          client:create {}
        end)
      )
    end)
  end)
end)
