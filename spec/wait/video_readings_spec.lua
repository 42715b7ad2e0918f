-- The workflow under each reading of what is not sure about the service: create, poll, wait, generate, download, and
-- delete.
local live = require "spec.support.live"
local readings = require "spec.support.readings"
local support = require "spec.support.sim"

local check = live.check

local sim, client

setup(function()
  sim = support.start { speed = 0 }
  client = live.client(sim)
end)

teardown(function()
  sim:stop()
end)

for name, reading in readings.each() do
  describe("under " .. name .. ", a generation", function()
    before_each(function()
      sim:reset()
      if next(reading) then
        sim:behaviour(reading)
      end
    end)

    -- Each poll moves the clock on.
    local function wait(step)
      return live.moving(sim, {}, step, { grace = 0.05 })
    end

    local function generate(step, fields)
      fields = fields or {}
      fields.prompt = fields.prompt or "A short video"
      fields.wait = wait(step)
      return client:generate(fields)
    end

    it("ends with a video that can be downloaded", function()
      local path = os.tmpname()
      local video = assert(generate(60, { save = { path = path, overwrite = true } }))
      check(video, { status = "completed", title = "A short video", duration = 10, path = path })
      local file = assert(io.open(path, "rb"))
      assert.equal("ftyp", file:read(8):sub(5))
      file:close()
      os.remove(path)
      assert.equal(1, sim:counts().creates)
    end)

    it("can be polled, waited for by its session, listed and deleted", function()
      local session = assert(client:create { prompt = "A short video" })
      assert.is_string(assert(client:poll(session)).status)
      local video = assert(client:wait(session.session_id, wait(60)))
      assert.equal(video.id, assert(client:poll(session)).video_id or video.id)
      assert.equal(video.id, assert(client.videos:list()).data[1].id)
      assert(client.videos:delete(video.id))
      check(live.failure(client.videos:get(video.id)), { kind = "api", status = 404 })
    end)

    it("fails with the reason of its video", function()
      sim:behaviour { video_fails = true, failure_code = "script_too_long", failure_message = "Too long." }
      local err = live.failure(generate(60))
      check(err, { kind = "failed", code = "script_too_long", message = "the video failed: Too long." })
      assert.is_string(err.video_id)
    end)

    -- The rest is a matter of when the session names its video.
    if next(reading) and not reading.video_id then
      return
    end

    it("fails with the reason of its session", function()
      sim:behaviour { session_fails = true, error_message = "The avatar is gone." }
      local err = live.failure(generate(60))
      check(err, { kind = "failed", sent = "yes" })
      assert.matches("failed: The avatar is gone.", err.message, 1, true)
      assert.is_string(err.session_id)
    end)

    it("that is answered in chat ends", function()
      sim:behaviour { answers_in_chat = true }
      local err = live.failure(generate(60))
      check(err, { kind = reading.video_id == "late" and "failed" or "input_needed" })
      assert.matches("Hello! Tell me what your video is about", err.message, 1, true)
    end)

    it("that waits for a message continues when it has one", function()
      sim:behaviour { waiting_for_input = true }
      local err = live.failure(generate(60))
      check(err, { kind = "input_needed" })
      assert(client.video_agents:send(err.session_id, { message = "yes" }))
      check(assert(client:wait(err.session_id, wait(60))), { status = "completed" })
    end)
  end)
end
