-- How time, and a bad day, change what the simulated service answers.
local behaviour = require "heygen.sim.core.behaviour"
local core = require "heygen.core"
local schedule = require "heygen.sim.core.schedule"
local support = require "spec.support.sim_model"

local null = core.null

describe("the simulated service", function()
  local sim

  before_each(function()
    sim = support.new { behaviour = { concurrency = 0 } }
  end)

  describe("time", function()
    it("carries a session and its video to the end", function()
      local id = sim:create()
      local seen = sim:session(id)
      assert.equal("thinking", seen.status)
      assert.equal(0, seen.progress)
      sim.model.clock:advance(121)
      seen = sim:session(id)
      assert.equal("generating", seen.status)
      local video_id = seen.video_id
      assert.matches("^%x+$", video_id)
      assert.equal("pending", sim:video(video_id).status)
      sim.model.clock:advance(60)
      assert.equal("processing", sim:video(video_id).status)
      local before = seen.progress
      seen = sim:session(id)
      assert.is_true(seen.progress > before and seen.progress < 100)
      sim.model.clock:advance(540)
      seen = sim:session(id)
      assert.equal("completed", seen.status)
      assert.equal(100, seen.progress)
      local done = sim:video(video_id)
      assert.equal("completed", done.status)
      assert.equal(10, done.duration)
      assert.equal(seen.created_at + 720, done.completed_at)
      assert.equal("Your video is ready.", seen.messages[1].content)
    end)

    it("shows every field of a video, without a value as null when told to", function()
      sim.model:behave { nulls = "present" }
      local _, data = sim:create()
      local seen = sim:video(data.video_id)
      for _, name in ipairs {
        "video_url",
        "thumbnail_url",
        "gif_url",
        "captioned_video_url",
        "subtitle_url",
        "duration",
        "completed_at",
        "folder_id",
        "output_language",
        "failure_code",
        "failure_message",
      } do
        assert.equal(null, seen[name], name)
      end
      assert.equal("A short video", seen.title)
      assert.equal("https://app.heygen.com/videos/" .. data.video_id, seen.video_page_url)
    end)

    it("does not show a late video before its time", function()
      sim.model:behave { video_id = "never" }
      local id = sim:create()
      sim.model.clock:advance(10000)
      assert.equal("completed", sim:session(id).status)
      assert.is_nil(sim:session(id).video_id)
      local _, list = sim:ask("GET", "/v3/videos")
      assert.same({}, list.data)
    end)

    it("can leave fields without a value out, and add unheard-of ones", function()
      sim.model:behave { video_id = "at_once", nulls = "absent", extra_fields = true }
      local _, data = sim:create()
      local seen = sim:video(data.video_id)
      assert.is_nil(seen.video_url)
      assert.is_table(seen.x_new_field)
    end)
  end)

  describe("a bad day", function()
    it("fails a session for a while", function()
      sim.model:behave { session_fails_then_recovers = 300 }
      local id = sim:create()
      sim.model.clock:advance(61)
      assert.equal("failed", sim:session(id).status)
      assert.equal("error", sim:session(id).messages[1].type)
      sim.model.clock:advance(298)
      assert.equal("failed", sim:session(id).status)
      sim.model.clock:advance(2)
      assert.equal("thinking", sim:session(id).status)
      sim.model.clock:advance(660)
      assert.equal("completed", sim:session(id).status)
    end)

    it("does not take back what was said", function()
      sim.model:behave { session_fails_then_recovers = 300, waiting_for_input = true, pending = 0 }
      local id = sim:create()
      local function said()
        local list = {}
        for i, message in ipairs(sim:session(id).messages) do
          list[#sim:session(id).messages + 1 - i] = message.role .. ": " .. message.content
        end
        return list
      end
      local expected = { "user: A short video", "model: I am planning your video." }
      assert.same(expected, said())
      sim.model.clock:advance(61)
      expected[3] = "model: " .. sim.model.behaviour.error_message
      assert.same(expected, said())
      sim.model.clock:advance(300)
      assert.equal("thinking", sim:session(id).status)
      assert.same(expected, said())
      sim.model.clock:advance(59)
      expected[4] = "model: Should I continue with this plan?"
      assert.equal("waiting_for_input", sim:session(id).status)
      assert.same(expected, said())
      -- The clock stands still: the answer, what comes of it and what is said about that have the same time.
      for _, words in ipairs { "Yes", "Nice" } do
        assert.equal(200, (sim:ask("POST", "/v3/video-agents/" .. id, { message = words })))
      end
      expected[5], expected[6], expected[7] = "user: Yes", "user: Nice", nil
      assert.equal("generating", sim:session(id).status)
      table.insert(expected, 6, "model: Here is the draft.")
      assert.same(expected, said())
      assert.equal(200, (sim:ask("POST", "/v3/video-agents/" .. id .. "/stop")))
      expected[8] = "model: I have stopped."
      assert.same(expected, said())
      sim.model.clock:advance(10000)
      assert.same(expected, said())
    end)

    it("fails a session for good", function()
      sim.model:behave { session_fails = true, session_fails_after = 10, video_id = "late" }
      local id = sim:create()
      sim.model.clock:advance(1e6)
      assert.equal("failed", sim:session(id).status)
      assert.is_nil(sim:session(id).video_id)
    end)

    it("revives a failed session by a message if told to", function()
      sim.model:behave { session_fails = true, message_revives = true }
      local id = sim:create()
      sim.model.clock:advance(500)
      assert.equal("failed", sim:session(id).status)
      assert.equal(200, (sim:ask("POST", "/v3/video-agents/" .. id, { message = "continue" })))
      assert.equal("thinking", sim:session(id).status)
      sim.model.clock:advance(661)
      assert.equal("completed", sim:session(id).status)
    end)

    it("fails a video, with reasons or without", function()
      sim.model:behave { video_fails = true, video_id = "at_once" }
      local id, data = sim:create()
      sim.model:behave { failure_code = null, failure_message = null }
      local _, other = sim:create()
      sim.model.clock:advance(720)
      assert.equal("failed", sim:video(data.video_id).status)
      assert.equal("rendering_failed", sim:video(data.video_id).failure_code)
      assert.is_string(sim:video(data.video_id).failure_message)
      assert.equal("failed", sim:session(id).status)
      assert.equal("error", sim:session(id).messages[1].type)
      assert.equal("failed", sim:video(other.video_id).status)
      assert.is_nil(sim:video(other.video_id).failure_code)
      assert.is_nil(sim:video(other.video_id).failure_message)
    end)

    it("shows an unknown status for a while", function()
      sim.model:behave { unknown_status = "polishing", unknown_status_seconds = 30, video_id = "at_once" }
      local id, data = sim:create()
      sim.model.clock:advance(725)
      assert.equal("polishing", sim:session(id).status)
      assert.equal("polishing", sim:video(data.video_id).status)
      sim.model.clock:advance(30)
      assert.equal("completed", sim:session(id).status)
      assert.equal("completed", sim:video(data.video_id).status)
    end)

    it("loses the session once its video id was seen", function()
      sim.model:behave { session_404_after_video = true, video_id = "late" }
      local id = sim:create()
      sim.model.clock:advance(130)
      local seen, status = sim:session(id)
      assert.equal(200, status)
      local video_id = seen.video_id
      seen, status = sim:session(id)
      assert.equal(404, status)
      assert.equal("not_found", seen.code)
      assert.equal(200, select(2, sim:video(video_id)))
    end)

    it("waits for a message", function()
      sim.model:behave { waiting_for_input = true, video_id = "late" }
      local id = sim:create()
      sim.model.clock:advance(5000)
      assert.equal("waiting_for_input", sim:session(id).status)
      assert.is_nil(sim:session(id).video_id)
      local status, value = sim:ask("POST", "/v3/video-agents/" .. id, { message = "continue" })
      assert.equal(200, status)
      assert.equal(id, value.data.session_id)
      assert.matches("^run_%x+$", value.data.run_id)
      assert.equal("generating", sim:session(id).status)
      sim.model.clock:advance(600)
      assert.equal("completed", sim:session(id).status)
    end)

    it("continues without a message as well, and keeps none of it", function()
      sim.model:behave { waiting_for_input = true }
      local id = sim:create()
      sim.model.clock:advance(200)
      assert.equal(200, (sim:ask("POST", "/v3/video-agents/" .. id, {})))
      sim.model.clock:advance(600)
      assert.equal("completed", sim:session(id).status)
      assert.equal(200, (sim:ask("POST", "/v3/video-agents/" .. id, ""))) -- one more video
      local said = {}
      for _, message in ipairs(sim:session(id).messages) do
        said[#said + 1] = message.role == "user" and message.content or nil
      end
      assert.same({ "A short video" }, said)
      assert.equal("thinking", sim:session(id).status)
    end)

    it("waits in chat mode by itself, and makes a second video there", function()
      local id = sim:create { prompt = "x", mode = "chat" }
      sim.model.clock:advance(200)
      assert.equal("waiting_for_input", sim:session(id).status)
      sim:ask("POST", "/v3/video-agents/" .. id, { message = "yes" })
      sim.model.clock:advance(600)
      local first = sim:session(id).video_id
      sim:ask("POST", "/v3/video-agents/" .. id, { message = "shorter" })
      sim.model.clock:advance(121)
      sim:ask("POST", "/v3/video-agents/" .. id, { message = "yes" })
      sim.model.clock:advance(601)
      local second = sim:session(id).video_id
      assert.not_equal(first, second)
      local _, list = sim:ask("GET", "/v3/video-agents/" .. id .. "/videos")
      assert.equal(second, list.data[1].id)
      assert.equal(first, list.data[2].id)
    end)

    it("stalls until it is stopped", function()
      sim.model:behave { stall = true }
      local id = sim:create()
      sim.model.clock:advance(1e6)
      assert.equal("thinking", sim:session(id).status)
      assert.equal(200, (sim:ask("POST", "/v3/video-agents/" .. id .. "/stop", {})))
      assert.equal("failed", sim:session(id).status)
      assert.equal(200, (sim:ask("POST", "/v3/video-agents/" .. id .. "/stop")))
    end)

    it("keeps what is finished when it is stopped", function()
      local id = sim:create()
      sim.model.clock:advance(721)
      sim:ask("POST", "/v3/video-agents/" .. id .. "/stop", {})
      assert.equal("completed", sim:session(id).status)
    end)

    it("loses the video of a session that is stopped", function()
      local id = sim:create()
      sim.model.clock:advance(300)
      local video_id = sim:session(id).video_id
      sim:ask("POST", "/v3/video-agents/" .. id .. "/stop", {})
      sim.model.clock:advance(1000)
      assert.equal("failed", sim:video(video_id).status)
      assert.equal("failed", sim:session(id).status)
    end)

    it("can be ordered for the next few sessions only", function()
      sim.model:behave({ video_id = "at_once" }, 2)
      sim.model:behave { video_id = "late" }
      local ids = {}
      for i = 1, 3 do
        local _, data = sim:create()
        ids[i] = data.video_id ~= nil
      end
      assert.same({ true, true, false }, ids)
    end)

    it("refuses behaviours it does not know", function()
      for _, bad in ipairs {
        { no_such = 1 },
        { thinking = -1 },
        { thinking = "long" },
        { video_id = "sometimes" },
        { stall = 1 },
        { clip_seconds = 0 },
        { thinking = 0 / 0 },
        { concurrency = 1.5 },
      } do
        local ok, message = sim.model:behave(bad)
        assert.is_nil(ok)
        assert.matches(next(bad), message)
      end
    end)
  end)

  describe("the cap on running sessions", function()
    it("answers 429 with Retry-After, and frees a place when a session ends or is stopped", function()
      sim.model:behave { concurrency = 2 }
      local first = sim:create()
      sim:create()
      local status, value, response = sim:ask("POST", "/v3/video-agents", { prompt = "x" })
      assert.equal(429, status)
      assert.equal("rate_limit_exceeded", value.error.code)
      assert.matches("^%d+$", support.header(response, "Retry-After"))
      assert.equal(2, sim.model.journal.counts.creates)
      assert.equal(3, sim.model.journal.counts.create_requests)
      sim:ask("POST", "/v3/video-agents/" .. first .. "/stop", {})
      sim:create()
      assert.equal(429, (sim:ask("POST", "/v3/video-agents", { prompt = "x" })))
      sim.model.clock:advance(721)
      sim:create()
    end)

    it("is 10 by default", function()
      sim = support.new()
      for _ = 1, 10 do
        sim:create()
      end
      assert.equal(429, (sim:ask("POST", "/v3/video-agents", { prompt = "x" })))
    end)
  end)

  describe("idempotency", function()
    it("is off unless switched on", function()
      local headers = { ["idempotency-key"] = "one" }
      for _ = 1, 2 do
        sim:ask("POST", "/v3/video-agents", { prompt = "x" }, headers)
      end
      assert.equal(2, sim.model.journal.counts.creates)
    end)

    it("replays the first answer for a day", function()
      sim.model:behave { idempotency = true }
      local headers = { ["idempotency-key"] = "one" }
      local _, first = sim:ask("POST", "/v3/video-agents", { prompt = "x" }, headers)
      local _, again = sim:ask("POST", "/v3/video-agents", { prompt = "other" }, headers)
      assert.same(first, again)
      assert.equal(1, sim.model.journal.counts.creates)
      sim.model.clock:advance(86401)
      sim:ask("POST", "/v3/video-agents", { prompt = "x" }, headers)
      assert.equal(2, sim.model.journal.counts.creates)
      assert.equal(
        400,
        (sim:ask("POST", "/v3/video-agents", { prompt = "x" }, { ["idempotency-key"] = "a b" }))
      )
    end)
  end)
end)

describe("schedule.running", function()
  it("says the same as the full state, at every moment of every kind of run", function()
    local checked, ran = 0, 0
    for _, changes in ipairs {
      {},
      { reviewing = 30 },
      { stall = true },
      { session_fails = true },
      { session_fails = true, session_fails_after = 720 },
      { session_fails_then_recovers = 60 },
      { video_fails = true },
      { waiting_for_input = true },
      { unknown_status = "polishing" },
      { thinking = 0, pending = 0, processing = 0 },
      { thinking = 0, pending = 0, processing = 0, waiting_for_input = true },
    } do
      for _, stop in ipairs { -1, 0, 60, 120, 300 } do
        local run = schedule.new(1000, assert(behaviour.merge(behaviour.defaults(), changes)), false)
        for now = 1000, 1900, 10 do
          if now == 1000 + stop then
            schedule.stop(run, now, "failed")
          elseif now == 1400 and stop == -1 then
            schedule.release(run, now, "input")
          end
          local wanted = schedule.state(run, now).running
          assert.equal(wanted, schedule.running(run, now))
          checked, ran = checked + 1, ran + (wanted and 1 or 0)
        end
      end
    end
    assert.is_true(ran > checked / 10 and ran < checked * 0.9)
  end)
end)
