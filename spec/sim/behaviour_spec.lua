-- Behaviours for what services really do: late knowledge of an id, an agent that only answers, odd JSON, numeric ids,
-- a storage that lags, a delivery that keeps its timestamp.
local cjson = require "cjson"
local core = require "heygen.core"
local icons = require "heygen.sim.media.icons"
local simulated = require "spec.support.sim_model"

local FILE = { type = "url", url = "https://example.com/a.mp4" }

local function with(behaviour)
  return simulated.new { behaviour = behaviour, receivers = "any" }
end

describe("not_found_first", function()
  it("hides a session for so long after its create", function()
    local sim = with { not_found_first = 3 }
    local id = sim:create()
    assert.equal(404, (select(2, sim:session(id))))
    sim.model.clock:advance(2.9)
    assert.equal(404, (select(2, sim:session(id))))
    sim.model.clock:advance(0.1)
    assert.equal(200, (select(2, sim:session(id))))
  end)

  it("hides a video for so long after its session has named it", function()
    local sim = with { not_found_first = 3, thinking = 10, video_id = "late" }
    local id = sim:create()
    sim.model.clock:advance(10)
    local video_id = sim:session(id).video_id
    assert.is_string(video_id)
    assert.equal(404, (select(2, sim:video(video_id))))
    sim.model.clock:advance(3)
    assert.equal(200, (select(2, sim:video(video_id))))
  end)

  it("hides videos without a session, and jobs", function()
    local sim = with { not_found_first = 3, unknown_ids = "accepted" }
    local _, made =
      sim:ask("POST", "/v3/videos", { type = "avatar", avatar_id = "a", voice_id = "v", script = "x" })
    local _, job = sim:ask("POST", "/v3/lipsyncs", { video = FILE, audio = FILE })
    local paths = { "/v3/videos/" .. made.data.video_id, "/v3/lipsyncs/" .. job.data.lipsync_id }
    for _, path in ipairs(paths) do
      assert.equal(404, (sim:ask("GET", path)))
    end
    sim.model.clock:advance(3)
    for _, path in ipairs(paths) do
      assert.equal(200, (sim:ask("GET", path)))
    end
  end)
end)

describe("answers_in_chat", function()
  it("completes the session with the agent's words, and never renders its video", function()
    local sim = with { answers_in_chat = true, video_id = "at_once", concurrency = 1 }
    local id, made = sim:create { prompt = "Say hello world" }
    sim.model.clock:advance(120)
    local session = sim:session(id)
    assert.equal("completed", session.status)
    assert.same({ "model", "text" }, { session.messages[1].role, session.messages[1].type })
    assert.matches("^Hello!", session.messages[1].content)
    sim.model.clock:advance(86400)
    assert.equal("pending", sim:video(made.video_id).status)
    -- It is no job that runs, costs or is told of.
    assert.same({}, sim.model:due())
    sim:create { prompt = "Again" }
    assert.equal(100, select(2, sim:ask("GET", "/v3/users/me")).data.wallet.remaining_balance)
  end)

  it("names no video where videos come late", function()
    local sim = with { answers_in_chat = true, video_id = "late" }
    local id = sim:create()
    sim.model.clock:advance(1000)
    assert.same({ "completed" }, { sim:session(id).status, sim:session(id).video_id })
  end)
end)

describe("upload_late", function()
  it("answers 409 to the completion for so long after the bytes have come", function()
    local sim, bytes = with { upload_late = 2 }, icons.png(4, "abc")
    local _, slot = sim:ask("POST", "/v3/assets/direct-uploads", {
      filename = "a.png",
      content_type = "image/png",
      size_bytes = #bytes,
    })
    local target, headers = slot.data.upload_url:match "^http://[^/]+(.*)$", { ["x-api-key"] = false }
    for name, value in pairs(slot.data.upload_headers) do
      headers[name:lower()] = value
    end
    assert.equal(200, (sim:ask("PUT", target, bytes, headers)))
    local path = "/v3/assets/" .. slot.data.asset_id .. "/complete"
    local status, value = sim:ask("POST", path, "{}")
    assert.same(
      { 409, "conflict", "Uploaded object not found yet" },
      { status, value.error.code, value.error.message }
    )
    sim.model.clock:advance(2)
    assert.equal(200, (sim:ask("POST", path, "{}")))
  end)
end)

describe("asset_late", function()
  it("knows nothing of a new asset for so long", function()
    local sim = with { asset_late = 2 }
    local world = require "spec.support.world"
    local body, headers = world.upload(icons.png(4, "abc"))
    local _, asset = sim:ask("POST", "/v3/assets", body, headers)
    local request = { prompt = "x", files = { { type = "asset_id", asset_id = asset.data.asset_id } } }
    local status, value = sim:ask("POST", "/v3/video-agents", request)
    assert.same({ 404, "asset_not_found", 0 }, { status, value.error.code, sim.model.journal.counts.creates })
    sim.model.clock:advance(2)
    assert.equal(200, (sim:ask("POST", "/v3/video-agents", request)))
  end)
end)

describe("reason_in", function()
  it("puts the reason of a failure into another field, in the answer and in the webhook", function()
    for place, expected in pairs {
      error = { code = "rendering_failed", message = "The video could not be rendered." },
      failure_reason = "The video could not be rendered.",
      detail = "The video could not be rendered.",
    } do
      local sim = with { reason_in = place, video_fails = true, video_id = "at_once" }
      local _, made = sim:create { prompt = "x", callback_url = "https://example.com/x" }
      sim.model.clock:advance(720)
      local video = sim:video(made.video_id)
      assert.same({}, { video.failure_code, video.failure_message })
      assert.same(expected, video[place])
      local data = core.decode(sim.model:due()[1].body).event_data
      assert.same(place == "error" and { message = expected.message } or expected, data[place])
      assert.is_nil(data.msg)
    end
  end)
end)

describe("numeric_ids", function()
  it("are numbers in answers and webhooks, and lead to what they name", function()
    local sim = with { numeric_ids = true, video_id = "at_once" }
    local _, _, response = sim:ask("POST", "/v3/video-agents", {
      prompt = "x",
      callback_url = "https://example.com/x",
      callback_id = "c",
    })
    local session_id = response.body:match '"session_id":(%d+)'
    local video_id = response.body:match '"video_id":(%d+)'
    assert.same({ 15, 15 }, { #session_id, #video_id })
    assert.equal(200, (select(2, sim:session(session_id))))
    assert.equal(200, (select(2, sim:video(video_id))))
    sim.model.clock:advance(720)
    assert.matches('"session_id":' .. session_id, sim.model:due()[1].body, 1, true)
    assert.equal("completed", sim:video(video_id).status)
  end)
end)

describe("odd_json", function()
  -- The bytes of a finished video, of an empty list, and of a webhook.
  local function bytes(kind)
    local sim = with { odd_json = kind, video_id = "at_once" }
    local _, made = sim:create { prompt = "Launch", callback_url = "https://example.com/x" }
    sim.model.clock:advance(720)
    local _, _, video = sim:ask("GET", "/v3/videos/" .. tostring(made and made.video_id or ""))
    local _, _, list = sim:ask("GET", "/v3/assets?username=sim_user")
    return video.body, list.body, sim.model:due()[1].body
  end

  it("is none by default", function()
    for _, body in ipairs { bytes "none" } do
      assert.is_table(cjson.decode(body))
    end
  end)

  it("cuts an emoji in half, which lua-cjson cannot read", function()
    local sim = with { odd_json = "half_emoji" }
    local _, _, response = sim:ask("POST", "/v3/video-agents", { prompt = "Launch" })
    local id = response.body:match "sess_%x+"
    local _, _, session = sim:ask("GET", "/v3/video-agents/" .. id)
    assert.matches('"title":"\\ud83dLaunch"', session.body, 1, true)
    assert.is_false((pcall(cjson.decode, session.body)))
    sim.model.clock:advance(720)
    local _, _, list = sim:ask("GET", "/v3/videos")
    assert.matches('"title":"\\ud83dLaunch"', list.body, 1, true)
  end)

  it("writes NaN, Infinity, a byte order mark, and lists that are null", function()
    local sim = with { odd_json = "nan", video_id = "at_once" }
    local _, _, made =
      sim:ask("POST", "/v3/video-agents", { prompt = "x", callback_url = "https://example.com/x" })
    sim.model.clock:advance(720)
    local id = made.body:match '"video_id":"(%x+)"'
    local _, _, video = sim:ask("GET", "/v3/videos/" .. id)
    assert.matches('"duration":NaN', video.body, 1, true)
    assert.matches("NaN", sim.model:due()[1].body, 1, true)
    local expected = {
      infinity = '^{"x_score":%-Infinity,',
      bom = "^\239\187\191{",
      loose_lists = '^{.*"has_more":"false"',
    }
    for kind, pattern in pairs(expected) do
      local other = with { odd_json = kind }
      local _, _, list = other:ask("GET", "/v3/videos")
      assert.matches(pattern, list.body, kind)
    end
    local _, _, list = with({ odd_json = "loose_lists" }):ask("GET", "/v3/videos")
    assert.matches('"data":null', list.body, 1, true)
  end)

  it("leaves controls and files alone", function()
    local sim = with { odd_json = "bom" }
    local _, _, counts = sim:ask("GET", "/_sim/counts")
    assert.is_table(core.decode(counts.body))
  end)
end)

describe("webhook_timestamp", function()
  local function stamps(behaviour)
    behaviour.webhook_retry = 600
    local sim = with(behaviour)
    sim:ask("POST", "/v3/webhooks/endpoints", { url = "https://example.com/hook" })
    sim:create()
    sim.model.clock:advance(720)
    local found = {}
    for i = 1, 2 do
      local effect = sim.model:due()[1]
      for _, header in ipairs(effect.headers) do
        found[i] = header[1] == "Heygen-Timestamp" and header[2] or found[i]
      end
      sim.model:settle(effect.id, { status = 500 })
      sim.model.clock:advance(601)
    end
    return tonumber(found[2]) - tonumber(found[1])
  end

  it("is fresh at each attempt, or that of the first", function()
    assert.equal(0, stamps { webhook_timestamp = "kept" })
    assert.is_true(stamps {} > 0)
  end)
end)
