-- What requests get that is easily forgotten: test events, older versions of the API, unknown fields, voices that
-- are searched for, lengths that are asked for.
local core = require "heygen.core"
local simulated = require "spec.support.sim_model"

describe("a test event #once", function()
  local sim

  before_each(function()
    sim = simulated.new { receivers = "any" }
    local endpoint = { url = "https://example.com/all" }
    assert.equal(200, (sim:ask("POST", "/v3/webhooks/endpoints", endpoint)))
    endpoint = { url = "https://example.com/lipsync", events = { "video_translate.success" } }
    assert.equal(200, (sim:ask("POST", "/v3/webhooks/endpoints", endpoint)))
  end)

  it("goes signed to each registered endpoint that wants its type", function()
    local status, answer = sim:ask("POST", "/_sim/deliveries")
    assert.same({ 200, "video_agent.success", 1 }, { status, answer.event_type, answer.deliveries })
    local sent = sim.model:due()
    assert.equal(1, #sent)
    assert.equal("https://example.com/all", sent[1].url)
    local message = core.decode(sent[1].body)
    assert.same({ answer.event_id, { test = true } }, { message.event_id, message.event_data })
    local signed = false
    for _, header in ipairs(sent[1].headers) do
      signed = signed or header[1] == "Heygen-Signature"
    end
    assert.is_true(signed)
  end)

  it("says what it is told to say", function()
    local data = { video_translate_id = "vt_1" }
    local _, answer =
      sim:ask("POST", "/_sim/deliveries", { event_type = "video_translate.success", event_data = data })
    assert.equal(2, answer.deliveries)
    assert.same(data, core.decode(sim.model:due()[2].body).event_data)
  end)

  it("is refused with the reason", function()
    for reason, body in pairs {
      ["no event is called a.b"] = { event_type = "a.b" },
      ["a test event takes event_type and event_data"] = { event = "video_agent.success" },
      ["event_data: expected an object"] = { event_data = "x" },
    } do
      local status, answer = sim:ask("POST", "/_sim/deliveries", body)
      assert.equal(400, status)
      assert.matches(reason, answer.error.message, 1, true)
    end
    assert.same({}, sim.model:due())
  end)
end)

describe("what the simulator does not simulate #once", function()
  it("is said of v1 and v2", function()
    local sim = simulated.new()
    for _, path in ipairs { "/v2/video/generate", "/v1/video_status.get?video_id=x" } do
      local status, answer = sim:ask("GET", path)
      assert.equal(404, status)
      assert.matches("^Only v3 of the API is simulated", answer.error.message)
    end
  end)
end)

describe("unknown_fields #once", function()
  it("have no effect when they are ignored, at any depth", function()
    local sim = simulated.new { behaviour = { unknown_fields = "ignored", unknown_ids = "accepted" } }
    local body =
      { prompt = "x", test = false, files = { { type = "url", url = "https://example.com", size = 1 } } }
    assert.equal(200, (sim:ask("POST", "/v3/video-agents", body)))
    local video =
      { type = "avatar", avatar_id = "a", voice_id = "v", script = "x", test = false, enable_caption = 1 }
    assert.equal(200, (sim:ask("POST", "/v3/videos", video)))
    body.files[1].type = "letter"
    assert.equal(400, (sim:ask("POST", "/v3/video-agents", body)))
    sim.model:behave { unknown_fields = "refused" }
    assert.equal(422, (sim:ask("POST", "/v3/videos", video)))
  end)
end)

describe("voice design #once", function()
  local function design(sim, body)
    local status, value = sim:ask("POST", "/v3/voices", body)
    assert.equal(200, status)
    return value.data
  end

  it("finds the same voices for the same prompt and seed, and makes none", function()
    local sim = simulated.new()
    local count = #sim.model.library.voices.rows
    local found = design(sim, { prompt = "A calm narrator" })
    assert.same({ 0, 3 }, { found.seed, #found.voices })
    assert.same(found, design(simulated.new { seed = 9 }, { prompt = "A calm narrator" }))
    assert.not_same(found.voices, design(sim, { prompt = "A calm narrator", seed = 1 }).voices)
    assert.equal(count, #sim.model.library.voices.rows)
    for _, voice in ipairs(design(sim, { prompt = "x", gender = "female", locale = "de-DE" }).voices) do
      assert.same({ "female", "German" }, { voice.gender, voice.language })
    end
  end)

  it("finds some that are not for speech, which needs starfish", function()
    local sim = simulated.new()
    local others = select(2, sim:ask("GET", "/v3/voices?limit=100")).data
    local speech = select(2, sim:ask("GET", "/v3/voices?limit=100&engine=starfish")).data
    assert.is_true(#speech > 0 and #speech < #others)
    local known = {}
    for _, voice in ipairs(speech) do
      known[voice.voice_id] = true
    end
    for _, voice in ipairs(others) do
      local status, value =
        sim:ask("POST", "/v3/voices/speech", { text = "Hello", voice_id = voice.voice_id })
      assert.equal(known[voice.voice_id] and 200 or 400, status)
      assert.is_true(status == 200 or value.error.param == "voice_id")
    end
  end)
end)

describe("lengths #once", function()
  it("are those that a prompt or a script asks for, unless the behaviour has one", function()
    for prompt, seconds in pairs {
      ["A launch in 30 seconds"] = 30,
      ["A 2-minute tour"] = 120,
      ["15 sec teaser"] = 15,
      ["Top 10 things"] = 10,
      ["In 99999 minutes"] = 10,
      ["90 minutes of it"] = 1800,
    } do
      local sim = simulated.new()
      local _, made = sim:create { prompt = prompt }
      sim.model.clock:advance(720)
      assert.equal(seconds, sim:video(made.video_id).duration, prompt)
    end
    local sim = simulated.new { behaviour = { clip_seconds = 4.2, unknown_ids = "accepted" } }
    local _, made = sim:create { prompt = "In 30 seconds" }
    local script = ("word "):rep(100)
    local video = { type = "avatar", avatar_id = "a", voice_id = "v", script = script }
    local _, first = sim:ask("POST", "/v3/videos", video)
    sim.model:behave { clip_seconds = sim.model.json.null }
    local _, second = sim:ask("POST", "/v3/videos", video)
    sim.model.clock:advance(720)
    assert.equal(4.2, sim:video(made.video_id).duration)
    assert.equal(4.2, sim:video(first.data.video_id).duration)
    assert.equal(39.9, sim:video(second.data.video_id).duration)
  end)
end)
