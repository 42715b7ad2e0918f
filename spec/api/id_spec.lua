-- Nothing that a server sends raises an error: videos and sessions without an id, or with one that is none, handed on
-- to every call that takes them.
local child = require "spec.support.child"
local core = require "heygen.core"
local heygen = require "heygen"
local live = require "spec.support.live"
local support = require "spec.support.sim"

describe("an id that the service sends as", function()
  local sim, client, path

  setup(function()
    sim = support.start { speed = 0 }
    client = live.client(sim, { max_retries = 0 })
    path = child.scratch ".mp4"
  end)

  teardown(function()
    os.remove(path)
    sim:stop()
  end)

  before_each(function()
    sim:reset()
  end)

  -- What stands where the id should.
  local STRANGE = {
    { "nothing", "" },
    { "null", '"id":null,"session_id":null,"video_id":null,' },
    { "an object", '"id":{"a":1},"session_id":{},"video_id":[],' },
    { "a boolean", '"id":false,"session_id":true,"video_id":true,' },
    { "an empty text", '"id":"","session_id":"","video_id":"",' },
  }

  -- The sort of answer that sim:faults plays; `%s` is where the ids stand.
  local function answers(at, body, ids)
    return { path = at, body = (body:gsub("%%s", (ids:gsub("%%", "%%%%")))) }
  end

  for _, case in ipairs(STRANGE) do
    local name, ids = case[1], case[2]

    it(name .. " is refused as a value by each call that needs it", function()
      sim:faults { answers("/v3/videos", '{"data":[{%s"status":"completed"},{%s"x":1}]}', ids) }
      for _, video in ipairs(assert(client.videos:list()).data) do
        local sent = live.sent(sim)
        for _, err in ipairs {
          live.failure(client:download(video, path)),
          live.failure(client:wait(video, live.QUICK)),
          live.failure(client:poll(video)),
          live.failure(client.videos:get(video)),
          live.failure(client.videos:delete(video)),
          live.failure(client.video_agents:get(video)),
          live.failure(client.video_agents:stop(video)),
          live.failure(client.video_agents:send(video, { message = "Continue" })),
        } do
          assert.same({ "invalid", "no" }, { err.kind, err.sent }, err.message)
        end
        assert.equal(sent, live.sent(sim))
      end
    end)

    it(name .. " is replaced by the one that was asked for", function()
      sim:faults {
        answers("/v3/videos/vid_1", '{"data":{%s"status":"completed","title":"x"}}', ids),
        answers("/v3/video-agents/sess_1", '{"data":{"session_id":"","video_id":"vid_1"}}', ""),
      }
      for _, video in ipairs {
        assert(client.videos:get "vid_1"),
        assert(client.videos:get { id = "vid_1" }),
        assert(client:poll "vid_1"),
        assert(client:wait("vid_1", live.QUICK)),
        assert(client:wait("sess_1", live.QUICK)),
        assert(client:wait({ session_id = "sess_1" }, live.quick { on_progress = function() end })),
      } do
        assert.equal("vid_1", video.id)
        assert.equal("vid_1", assert(client:poll(video)).id)
        local err = live.failure(client:download(video, path, { deadline = 0.01 }))
        assert.equal("vid_1", err.video_id)
      end
      assert.equal("sess_1", assert(client.video_agents:get "sess_1").session_id)
    end)

    it(name .. " does not keep a file from coming", function()
      local session = assert(client:create { prompt = "A video" })
      sim:clock { advance = 3600 }
      local video = assert(client:wait(session, live.QUICK))
      local body = '{"data":[{%s"status":"completed","video_url":"' .. video.video_url .. '"}]}'
      sim:faults { answers("/v3/videos", body, ids) }
      local listed = assert(client.videos:list()).data[1]
      assert(client:download(listed, path, { overwrite = true }))
      -- And an address that has expired cannot be replaced: that is an error like any other.
      listed.video_url = video.video_url .. "0"
      assert.equal(403, live.failure(client:download(listed, path, { overwrite = true })).status)
    end)
  end

  it("an object, on a session and its list of videos, ends a wait as a value", function()
    local body = '{"data":{"session_id":"sess_1","status":"completed","video_id":{}}}'
    sim:faults {
      { path = "/v3/video-agents/sess_1", body = body },
      { path = "/v3/video-agents/sess_1/videos", body = '{"data":[{"id":true,"status":"completed"}]}' },
    }
    local err = live.failure(client:wait("sess_1", live.QUICK))
    assert.equal("failed", err.kind)
    assert.equal("sess_1", err.session_id)
  end)

  it("a number is the id, as text", function()
    sim:faults {
      {
        path = "/v3/video-agents/sess_1",
        body = '{"data":{"session_id":6,"status":"completed","video_id":7}}',
      },
    }
    assert.equal("parse", live.failure(client.video_agents:get "sess_1").kind) -- the session 6 is another one
    sim:faults {
      {
        path = "/v3/video-agents/sess_2",
        body = '{"data":{"session_id":"sess_2","status":"completed","video_id":7}}',
      },
      { path = "/v3/videos/7", body = '{"data":{"id":7,"status":"completed"}}' },
    }
    assert.equal("7", assert(client:wait("sess_2", live.QUICK)).id)
  end)

  it("an odd status continues the wait, with a bar that shows it", function()
    for _, status in ipairs { "5", '{"a":1}', "[]", "true", '""' } do
      sim:faults {}
      sim:faults {
        {
          path = "/v3/video-agents/sess_1",
          body = '{"data":{"session_id":"sess_1","status":' .. status .. "}}",
        },
      }
      local bar = heygen.progress { stream = { write = function() end, flush = function() end } }
      local err = live.failure(client:wait("sess_1", live.quick { timeout = 0, on_progress = bar }))
      assert.equal("timeout", err.kind)
      assert.equal("sess_1", err.session_id)
    end
  end)

  it("nothing at all, in a table made by hand, is refused alike", function()
    for _, target in ipairs { {}, { id = core.null }, { video = "v" } } do
      assert.equal("invalid", live.failure(client:wait(target)).kind)
      assert.equal("invalid", live.failure(client:download(target, path)).kind)
    end
  end)
end)
