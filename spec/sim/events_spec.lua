-- Events: what ends is told, once, with the fields that are known.
local core = require "heygen.core"
local support = require "spec.support.sim_model"

local null = core.null
local URL = "http://127.0.0.1:9/hook"

describe("an event", function()
  local sim

  local function new(behaviour)
    behaviour = behaviour or {}
    behaviour.concurrency = behaviour.concurrency or 0
    behaviour.unknown_ids = "accepted"
    sim = support.new { behaviour = behaviour }
    return sim
  end

  local function advance(seconds)
    sim.model.clock:advance(seconds)
  end

  local function events()
    local status, value = sim:ask("GET", "/v3/webhooks/events?limit=100")
    assert.equal(200, status)
    return value.data
  end

  local function types()
    local list = {}
    for i, event in ipairs(events()) do
      list[i] = event.event_type
    end
    return table.concat(list, " ")
  end

  local function due()
    local list = sim.model:due()
    for i, effect in ipairs(list) do
      sim.model:settle(effect.id, { status = 200 })
      list[i] = core.decode(effect.body, true)
    end
    return list
  end

  local AVATAR = { type = "avatar", avatar_id = "a", voice_id = "v", script = "Hello there." }

  local function avatar(more)
    local body = {}
    for _, each in ipairs { AVATAR, more or {} } do
      for name, value in pairs(each) do
        body[name] = value
      end
    end
    local status, value = sim:ask("POST", "/v3/videos", body)
    assert.equal(200, status, core.encode(value))
    return value.data.video_id
  end

  it("comes when a session's video is done, not before, and once", function()
    new()
    local id = sim:create()
    advance(719)
    assert.equal("", types())
    advance(1)
    assert.equal("video_agent.success", types())
    advance(1e6)
    assert.equal("video_agent.success", types())
    local event = events()[1]
    assert.equal(id, event.event_data.session_id)
    assert.is_nil(event.event_data.callback_id)
    assert.matches("^http://127.0.0.1/files/%x+%.mp4%?", event.event_data.video_url)
  end)

  it("comes for each run of a session", function()
    new()
    local id = sim:create()
    advance(720)
    sim:ask("POST", "/v3/video-agents/" .. id, { message = "Once more" })
    advance(720)
    assert.equal("video_agent.success video_agent.success", types())
    local list = events()
    assert.not_equal(list[1].event_id, list[2].event_id)
    assert.not_equal(list[1].event_data.video_id, list[2].event_data.video_id)
  end)

  it("tells of failures that are for good, at their time", function()
    new { session_fails = true, session_fails_after = 50 }
    local id = sim:create()
    advance(50)
    assert.equal("video_agent.fail", types())
    assert.equal(id, events()[1].event_data.session_id)
    assert.equal("Something went wrong while making your video.", events()[1].event_data.msg)
    new { session_fails_then_recovers = 100 }
    sim:create()
    advance(500)
    assert.equal("", types())
    advance(320)
    assert.equal("video_agent.success", types())
  end)

  it("comes twice when a failed session was revived", function()
    new { session_fails = true, message_revives = true }
    local id = sim:create()
    advance(100)
    sim:ask("POST", "/v3/video-agents/" .. id, { message = "continue" })
    advance(800)
    assert.equal("video_agent.success video_agent.fail", types())
  end)

  it("waits for a message when the session does", function()
    new { waiting_for_input = true }
    local id = sim:create()
    advance(5000)
    assert.equal("", types())
    sim:ask("POST", "/v3/video-agents/" .. id, { message = "yes" })
    advance(599)
    assert.equal("", types())
    advance(2)
    assert.equal("video_agent.success", types())
  end)

  it("tells that a session was stopped", function()
    new()
    local id = sim:create { prompt = "x", callback_url = URL, callback_id = "c" }
    advance(300)
    sim:ask("POST", "/v3/video-agents/" .. id .. "/stop")
    advance(1)
    local list = due()
    assert.equal(1, #list)
    assert.equal("video_agent.fail", list[1].event_type)
    assert.equal("The session was stopped.", list[1].event_data.msg)
    assert.equal("c", list[1].event_data.callback_id)
    sim:ask("POST", "/v3/video-agents/" .. id, { message = "Are you there?" })
    sim:ask("POST", "/v3/video-agents/" .. id .. "/stop")
    advance(5000)
    assert.equal("video_agent.fail", types())
  end)

  it("says nothing of a session that stalls, or of a video that was deleted", function()
    new { stall = true }
    sim:create()
    advance(1e6)
    assert.equal("", types())
    new { video_id = "at_once" }
    local _, data = sim:create()
    sim:ask("DELETE", "/v3/videos/" .. data.video_id)
    advance(1e6)
    assert.equal("", types())
  end)

  it("is avatar_video for a video without an agent, with the documented fields", function()
    new()
    local id = avatar { callback_url = URL, callback_id = "mine" }
    advance(1000)
    local message = due()[1]
    assert.equal("avatar_video.success", message.event_type)
    local data = message.event_data
    assert.equal(id, data.video_id)
    assert.equal("mine", data.callback_id)
    for _, name in ipairs { "url", "gif_download_url", "video_page_url", "video_share_page_url" } do
      assert.matches("^https?://.*" .. id, data[name])
    end
    assert.is_nil(data.folder_id)
    new { video_fails = true }
    id = avatar { callback_url = URL }
    advance(1000)
    message = due()[1]
    assert.equal("avatar_video.fail", message.event_type)
    assert.same({ video_id = id, msg = "The video could not be rendered." }, message.event_data)
  end)

  it("batch.finished comes once, when every item has ended", function()
    new { concurrency = 2 }
    local status, value = sim:ask("POST", "/v3/videos/batches", {
      videos = { AVATAR, AVATAR, AVATAR, AVATAR, AVATAR },
      callback_url = URL,
      title = "Five",
    })
    assert.equal(202, status)
    advance(600)
    assert.equal("avatar_video.success avatar_video.success", types())
    advance(1199)
    assert.equal(0, #due())
    advance(2)
    local list = due()
    assert.equal(1, #list)
    assert.equal("batch.finished", list[1].event_type)
    assert.same({
      batch_id = value.data.batch_id,
      status = "completed",
      title = "Five",
      total_items = 5,
      counts_by_status = { completed = 5, failed = 0 },
    }, list[1].event_data)
    advance(1e5)
    assert.equal(0, #due())
    assert.equal(6, #events())
  end)

  it("tells of translations, and of nothing where there is no type for it", function()
    new()
    local body = {
      video = { type = "url", url = "https://example.com/a.mp4" },
      output_languages = { "German", "French" },
      callback_url = URL,
    }
    assert.equal(200, (sim:ask("POST", "/v3/video-translations", body)))
    body.output_languages = nil
    body.audio = { type = "url", url = "https://example.com/a.mp3" }
    assert.equal(200, (sim:ask("POST", "/v3/lipsyncs", body)))
    advance(1e4)
    assert.equal("video_translate.success video_translate.success", types())
    local list = due()
    assert.equal(2, #list)
    assert.matches("^vt_", list[1].event_data.video_translate_id)
    assert.matches("%.mp4%?", list[1].event_data.url)
  end)

  it("tells of removals of filler words, by their ids", function()
    for _, well in ipairs { true, false } do
      new { video_fails = not well }
      local video = { type = "url", url = "https://example.com/a.mp4" }
      local body = { video = video, callback_url = URL, callback_id = "mine" }
      local status, value = sim:ask("POST", "/v3/filler-word-removals", body)
      assert.equal(200, status)
      advance(1e4)
      local kind = "filler_word_removal." .. (well and "success" or "fail")
      assert.equal(kind, types())
      local data = due()[1].event_data
      local id = value.data.filler_word_removal_id
      assert.same({ id, "mine" }, { data.filler_word_removal_id, data.callback_id })
      assert.equal(well, data.url ~= nil)
    end
  end)

  it("tells of renders of projects, by the id of the render", function()
    for _, well in ipairs { true, false } do
      new { video_fails = not well }
      local body =
        { project = { type = "asset_id", asset_id = "a" }, callback_url = URL, callback_id = "mine" }
      local status, value = sim:ask("POST", "/v3/hyperframes/renders", body)
      assert.equal(200, status)
      advance(1e4)
      local kind = "hyperframes_video." .. (well and "success" or "fail")
      assert.equal(kind, types())
      local message = due()[1]
      assert.equal(kind, message.event_type)
      local data = message.event_data
      assert.same({ value.data.render_id, "mine" }, { data.render_id, data.callback_id })
      assert.equal(well, data.url ~= nil)
    end
  end)

  it("is a stable id and time, however late it is read", function()
    local ids = {}
    for i, late in ipairs { 720, 5000, 1e6 } do
      new()
      sim:create()
      advance(late)
      local event = events()[1]
      ids[i] = event.event_id .. event.created_at
    end
    assert.equal(ids[1], ids[2])
    assert.equal(ids[1], ids[3])
  end)

  it("has nulls, and unknown fields, when the behaviour says so", function()
    new { nulls = "present", extra_fields = true }
    sim:create()
    advance(1000)
    local data = events()[1].event_data
    assert.equal(null, data.callback_id)
    assert.is_table(data.x_new_field)
  end)
end)

describe("the heap", function()
  it("gives things back in the order of their time, equals in that of their coming", function()
    local heap, random = require "heygen.sim.core.heap", require("heygen.sim.core.random").new(3)
    local h, all = heap.new(), {}
    for i = 1, 500 do
      all[i] = { at = random:integer() % 50, i = i }
      h:push(all[i].at, all[i])
    end
    table.sort(all, function(a, b)
      if a.at ~= b.at then
        return a.at < b.at
      end
      return a.i < b.i
    end)
    assert.is_nil(h:take(-1))
    for i = 1, 500 do
      assert.equal(all[i], h:take(50).what)
    end
    assert.is_nil(h:take(1e9))
  end)
end)
