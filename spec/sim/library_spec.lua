-- What a workspace has: voices, avatars, brands, templates, sounds, and its registered webhooks.
local core = require "heygen.core"
local support = require "spec.support.sim_model"

local null = core.null
local FILE = { type = "url", url = "https://example.com/a.mp4" }

local sim

local function must(method, target, body)
  local status, value, response = sim:ask(method, target, body)
  assert.is_true(status < 300, method .. " " .. target .. " " .. response.body)
  return value.data
end

local function refused(status, code, method, target, body)
  local got, value = sim:ask(method, target, body)
  assert.equal(status, got)
  assert.equal(code, value.error.code)
end

local function fetch(url)
  local status, _, response = sim:ask("GET", url:match "^http://[^/]+(.*)$", nil, { ["x-api-key"] = false })
  assert.equal(200, status)
  return response.body, support.header(response, "Content-Type")
end

before_each(function()
  sim = support.new { behaviour = { concurrency = 0 } }
end)

describe("the library", function()
  it("is the same in every run", function()
    local other = support.new { seed = 99 }
    assert.equal(sim.model.library.voices.rows[7].id, other.model.library.voices.rows[7].id)
    assert.equal(sim.model.library.looks.rows[3].id, other.model.library.looks.rows[3].id)
  end)

  it("is each account's own", function()
    local other = support.new()
    must("POST", "/v3/voices/clone", { audio = FILE, voice_name = "Mine" })
    assert.equal(#other.model.library.voices.rows + 1, #sim.model.library.voices.rows)
    sim.model:reset()
    assert.equal(#other.model.library.voices.rows, #sim.model.library.voices.rows)
  end)
end)

describe("voices", function()
  it("can be found by what they are", function()
    for _, voice in ipairs(must("GET", "/v3/voices?language=german&gender=female&limit=100")) do
      assert.same({ "German", "female", "public" }, { voice.language, voice.gender, voice.type })
    end
    local all = #must("GET", "/v3/voices?limit=100")
    local some = #must("GET", "/v3/voices?limit=100&engine=elevenlabs")
    assert.is_true(some > 0 and some < all)
    assert.same({}, must("GET", "/v3/voices?type=private"))
    assert.equal(1, #must("GET", "/v3/voices?limit=1"))
  end)

  it("are made, used and deleted", function()
    local id =
      must("POST", "/v3/voices/clone", { audio = FILE, voice_name = "Mine", language = "Polish" }).voice_clone_id
    assert.equal("processing", must("GET", "/v3/voices/" .. id).status)
    local look = sim.model.library.looks.rows[1].id
    local body = { type = "avatar", avatar_id = look, script = "x", voice_id = id }
    refused(409, "resource_not_ready", "POST", "/v3/videos", body)
    sim.model.clock:advance(60)
    assert.equal("complete", must("GET", "/v3/voices/" .. id).status)
    must("POST", "/v3/videos", body)
    local mine = must("GET", "/v3/voices?type=private")
    assert.same(
      { id, "Mine", "Polish", "private" },
      { mine[1].voice_id, mine[1].name, mine[1].language, mine[1].type }
    )
    assert.same({ voice_id = id }, must("DELETE", "/v3/voices/" .. id))
    refused(404, "voice_not_found", "GET", "/v3/voices/" .. id)
    refused(404, "voice_not_found", "POST", "/v3/videos", body)
    refused(403, "resource_access_denied", "DELETE", "/v3/voices/" .. sim.model.library.voices.rows[1].id)
    local designed = must("POST", "/v3/voices", { prompt = "A calm voice", gender = "female", seed = 7 })
    assert.same({ 7, "female" }, { designed.seed, designed.voices[1].gender })
  end)

  it("speak", function()
    local voice = sim.model.library.voices.rows[1].id
    local slow =
      must("POST", "/v3/voices/speech", { text = "Good morning everyone", voice_id = voice, speed = 0.5 })
    local fast =
      must("POST", "/v3/voices/speech", { text = "Good morning everyone", voice_id = voice, speed = 1.5 })
    assert.is_true(slow.duration > fast.duration)
    assert.equal(3, #slow.word_timestamps)
    assert.equal("everyone", slow.word_timestamps[3].word)
    assert.equal(slow.duration, slow.word_timestamps[3]["end"])
    local wav, kind = fetch(slow.audio_url)
    assert.equal("audio/wav", kind)
    assert.equal("RIFF", wav:sub(1, 4))
    -- 8000 bytes a second after a header of 44.
    assert.is_true(math.abs((#wav - 44) / 8000 - slow.duration) < 0.002)
    refused(400, "tts_text_invalid", "POST", "/v3/voices/speech", { text = " .,! ", voice_id = voice })
    refused(404, "voice_not_found", "POST", "/v3/voices/speech", { text = "x", voice_id = "unknown" })
  end)
end)

describe("avatars", function()
  it("have looks, which can be found", function()
    local groups = must("GET", "/v3/avatars?limit=50")
    local looks = must("GET", "/v3/avatars/looks?limit=50&group_id=" .. groups[1].id)
    assert.equal(groups[1].looks_count, #looks)
    for _, look in ipairs(looks) do
      assert.equal(groups[1].id, look.group_id)
    end
    assert.equal(looks[1].name, must("GET", "/v3/avatars/looks/" .. looks[1].id).name)
    for _, look in ipairs(must("GET", "/v3/avatars/looks?limit=50&avatar_type=photo_avatar")) do
      assert.equal("photo_avatar", look.avatar_type)
    end
    assert.same({}, must("GET", "/v3/avatars?ownership=private"))
    assert.same({}, must("GET", "/v3/avatars/looks?ownership=private"))
  end)

  it("are made, renamed, used and deleted", function()
    local made = must("POST", "/v3/avatars", { type = "photo", name = "Me", file = FILE })
    local group, look = made.avatar_group.id, made.avatar_item.id
    assert.equal("processing", made.avatar_item.status)
    local body = { prompt = "x", avatar_id = look }
    refused(400, "avatar_not_usable", "POST", "/v3/video-agents", body)
    sim.model.clock:advance(60)
    assert.equal("completed", must("GET", "/v3/avatars/" .. group).status)
    must("POST", "/v3/video-agents", body)
    must(
      "POST",
      "/v3/avatars",
      { type = "prompt", name = "Also me", prompt = "in red", avatar_group_id = group }
    )
    assert.equal(2, must("GET", "/v3/avatars/" .. group).looks_count)
    assert.equal("I", must("PATCH", "/v3/avatars/" .. group, { name = "I" }).name)
    assert.equal("Mine", must("PATCH", "/v3/avatars/looks/" .. look, { name = "Mine" }).name)
    must("DELETE", "/v3/avatars/looks/" .. look)
    refused(404, "avatar_not_found", "GET", "/v3/avatars/looks/" .. look)
    assert.equal(1, must("GET", "/v3/avatars/" .. group).looks_count)
    must("DELETE", "/v3/avatars/" .. group)
    refused(404, "avatar_group_not_found", "GET", "/v3/avatars/" .. group)
    assert.same({}, must("GET", "/v3/avatars/looks?ownership=private"))
  end)

  it("of people need their consent", function()
    local made = must("POST", "/v3/avatars", { type = "digital_twin", name = "Me", file = FILE })
    local group, look = made.avatar_group.id, made.avatar_item.id
    sim.model.clock:advance(60)
    assert.equal("pending_consent", must("GET", "/v3/avatars/" .. group).status)
    local body = { type = "avatar", avatar_id = look, script = "x" }
    refused(400, "avatar_consent_required", "POST", "/v3/videos", body)
    local asked = must("POST", "/v3/avatars/" .. group .. "/consent", {})
    assert.equal("pending", asked.avatar_group.consent_status)
    assert.is_string(asked.url)
    local target = "/v3/avatars/" .. group .. "/consent"
    refused(400, "invalid_parameter", "POST", target, { consent_text = "I <b>agree</b>" })
    assert.equal(
      "approved",
      must("POST", "/v3/avatars/" .. group .. "/consent", { consent_text = "I agree" }).avatar_group.consent_status
    )
    assert.equal("approved", must("GET", "/v3/avatars/" .. group).consent_status)
    must("POST", "/v3/videos", body)
  end)

  it("keep an identity where a look is named", function()
    local made = must("POST", "/v3/avatars", { type = "photo", name = "Me", file = FILE })
    sim.model.clock:advance(60)
    local look = made.avatar_item.id
    local body = { type = "prompt", name = "I in red", prompt = "in red", avatar_id = look }
    body.reference_images = { FILE, FILE, FILE }
    must("POST", "/v3/avatars", body)
    body.avatar_group_id = made.avatar_group.id
    assert.equal(made.avatar_group.id, must("POST", "/v3/avatars", body).avatar_item.group_id)
    body.avatar_id = sim.model.library.looks.rows[1].id
    refused(400, "invalid_parameter", "POST", "/v3/avatars", body)
    body.avatar_id = "unknown"
    refused(404, "avatar_not_found", "POST", "/v3/avatars", body)
    body.avatar_id, body.reference_images = look, { FILE, FILE, FILE, FILE }
    refused(400, "invalid_parameter", "POST", "/v3/avatars", body)
  end)

  it("of the public cannot be changed", function()
    local group, look = sim.model.library.groups.rows[1].id, sim.model.library.looks.rows[1].id
    for _, each in ipairs {
      { "DELETE", "/v3/avatars/" .. group },
      { "PATCH", "/v3/avatars/" .. group, { name = "x" } },
      { "DELETE", "/v3/avatars/looks/" .. look },
      { "PATCH", "/v3/avatars/looks/" .. look, { name = "x" } },
      { "POST", "/v3/avatars/" .. group .. "/consent", {} },
    } do
      refused(403, "resource_access_denied", each[1], each[2], each[3])
    end
  end)
end)

describe("brands, templates and sounds", function()
  it("are made and used", function()
    local kit = must("POST", "/v3/brand-kits", { url = "https://brand.example.com/about" })
    assert.equal("brand.example.com", kit.name)
    local body = { prompt = "x", brand_kit_id = kit.brand_kit_id }
    refused(409, "brand_kit_not_ready", "POST", "/v3/video-agents", body)
    sim.model.clock:advance(60)
    must("POST", "/v3/video-agents", body)
    local glossary = must("POST", "/v3/brand-glossaries", { name = "Words", whatever = { else_ = 1 } })
    must("POST", "/v3/video-agents", { prompt = "x", brand_glossary_id = glossary.brand_glossary_id })
    refused(400, "invalid_parameter", "POST", "/v3/video-agents", { prompt = "x", brand_kit_id = "x" })
    refused(400, "invalid_parameter", "POST", "/v3/video-agents", { prompt = "x", brand_glossary_id = "x" })
    refused(400, "invalid_parameter", "POST", "/v3/video-agents", { prompt = "x", style_id = "x" })
    refused(400, "invalid_parameter", "POST", "/v3/video-agents", { prompt = "x", voice_id = "x" })
    refused(400, "download_failed", "POST", "/v3/brand-kits", { url = "https://brand.invalid" })
  end)

  it("make videos of templates", function()
    local id = sim.model.library.templates.rows[1].id
    local template = must("GET", "/v3/templates/" .. id)
    assert.same({ type = "text", content = "headline" }, template.variables.headline)
    local target = "/v3/templates/" .. id
    local video = must("POST", target, {
      variables = template.variables,
      scene_ids = { template.scene_ids[1], template.scene_ids[1] },
      folder_id = "folder_1",
      dimension = { width = 854, height = 480 },
      fps = 60,
    })
    assert.equal("pending", video.status)
    assert.equal("folder_1", video.folder_id)
    assert.equal(video.id, must("GET", "/v3/videos?folder_id=folder_1")[1].id)
    assert.same({}, must("GET", "/v3/videos?folder_id="))
    refused(400, "invalid_parameter", "POST", target, { variables = { nothing = "x" } })
    refused(400, "invalid_parameter", "POST", target, { variables = {}, scene_ids = { "nowhere" } })
    refused(404, "template_not_found", "POST", "/v3/templates/none", { variables = {} })
    for _, wrong in ipairs {
      { "dimension", { width = 720, height = 1280 } },
      { "dimension.width", { width = 1281, height = 720 } },
      { "dimension.height", { width = 128, height = 72 } },
      { "fps", 29 },
      { "fps", sim.model.json.null },
      { "caption", sim.model.json.null },
      { "subtitles.preset_name", { font_size = 12 } },
    } do
      local body = { variables = {} }
      body[wrong[1]:match "^%w+"] = wrong[2]
      local status, value = sim:ask("POST", target, body)
      assert.same({ 400, wrong[1] }, { status, value.error.param })
    end
  end)

  it("make videos of templates with subtitles where a style or captions are asked for", function()
    local target = "/v3/templates/" .. sim.model.library.templates.rows[1].id
    for _, case in ipairs { { false }, { true, caption = true }, { true, style = { preset_name = "plain" } } } do
      local id = must("POST", target, { variables = {}, caption = case.caption, subtitles = case.style }).id
      sim.model.clock:advance(601)
      assert.equal(case[1], must("GET", "/v3/videos/" .. id).subtitle_url ~= nil)
    end
  end)

  it("sound", function()
    local found = must("GET", "/v3/audio/sounds?query=rain&min_score=0.9&type=sound_effects")
    assert.equal(1, #found)
    assert.equal("Rain on leaves", found[1].name)
    local wav = fetch(found[1].audio_url)
    assert.equal(found[1].duration * 8000 + 44, #wav)
    local count = 0
    for _, kind in ipairs { "music", "sound_effects" } do
      for _, sound in ipairs(must("GET", "/v3/audio/sounds?query=x&min_score=0&type=" .. kind)) do
        assert.equal(kind, sound.type)
        count = count + 1
      end
    end
    assert.equal(6, count)
  end)
end)

describe("folders", function()
  it("are made, one in the other, and hold videos", function()
    local outer = must("POST", "/v3/folders", { name = "Ads of May" })
    assert.same({ "Ads of May", "mixed", false }, { outer.name, outer.type, outer.is_trash, outer.parent_id })
    local inner = must("POST", "/v3/folders", { name = "Ads", type = "video", parent_id = outer.folder_id })
    assert.equal(outer.folder_id, inner.parent_id)
    assert.same(inner, must("GET", "/v3/folders/" .. inner.folder_id))
    for _, root in ipairs { "", null } do
      assert.is_nil(must("POST", "/v3/folders", { name = "Ads", parent_id = root }).parent_id)
    end
    local look, folder = sim.model.library.looks.rows[1].id, inner.folder_id
    local body = { type = "avatar", avatar_id = look, script = "x", folder_id = folder }
    local video = must("POST", "/v3/videos", body).video_id
    assert.equal(folder, must("GET", "/v3/videos/" .. video).folder_id)
    assert.equal(1, #must("GET", "/v3/videos?folder_id=" .. folder))
  end)

  it("need a name, and a parent that is there", function()
    refused(404, "not_found", "GET", "/v3/folders/none")
    refused(404, "not_found", "POST", "/v3/folders", { name = "x", parent_id = "none" })
    refused(400, "invalid_parameter", "POST", "/v3/folders", {})
    refused(400, "invalid_parameter", "POST", "/v3/folders", { name = "" })
    refused(400, "invalid_parameter", "POST", "/v3/folders", { name = null })
    refused(400, "invalid_parameter", "POST", "/v3/folders", { name = ("x"):rep(257) })
    refused(400, "invalid_parameter", "POST", "/v3/folders", { name = "x", type = "Video" })
    must("POST", "/v3/folders", { name = ("\195\188"):rep(256) })
  end)
end)

describe("models", function()
  local TREE = { model = "heygen-video-1", mode = "text_to_video", prompt = "A tree in the wind" }

  local function make(changes)
    local body = {}
    for _, fields in ipairs { TREE, changes or {} } do
      for name, value in pairs(fields) do
        body[name] = value
      end
    end
    return must("POST", "/v3/models/videos", body).video_id
  end

  it("make instant videos as they were asked for", function()
    local id = make { duration = 6, aspect_ratio = "9:16", resolution = "1080p", seed = 7 }
    local video = must("GET", "/v3/models/videos/" .. id)
    assert.same({ "pending" }, { video.status, video.video_url, video.duration })
    sim.model.clock:advance(3600)
    video = must("GET", "/v3/models/videos/" .. id)
    assert.same({ "completed", 6, 1080, 1920 }, { video.status, video.duration, video.width, video.height })
    assert.same({ 7, "heygen-video-1", "9:16" }, { video.seed, video.model, video.aspect_ratio })
    assert.is_true(video.timings.inference > 0)
    local _, kind = fetch(video.video_url)
    assert.equal("video/mp4", kind)
    local usual = must("GET", "/v3/models/videos/" .. make())
    assert.same({ 1365, 768, "16:9" }, { usual.width, usual.height, usual.aspect_ratio, usual.seed })
  end)

  it("say why an instant video failed", function()
    sim.model:behave { video_fails = true }
    local id = make()
    sim.model.clock:advance(3600)
    local video = must("GET", "/v3/models/videos/" .. id)
    assert.same({ "failed", "generation_failed" }, { video.status, video.failure_code })
    refused(404, "video_not_found", "GET", "/v3/models/videos/none")
    refused(404, "video_not_found", "GET", "/v3/videos/" .. id)
    refused(400, "invalid_parameter", "POST", "/v3/models/videos", { mode = "text_to_video", prompt = "x" })
  end)

  it("speak", function()
    local voice = sim.model.library.voices.rows[1].id
    local speech =
      must("POST", "/v3/models/audio/tts", { text = "Good morning", voice_id = voice, speed = 2 })
    local wav, kind = fetch(speech.audio_url)
    assert.equal("audio/wav", kind)
    assert.is_true(math.abs((#wav - 44) / 8000 - speech.duration) < 0.002)
    refused(404, "voice_not_found", "POST", "/v3/models/audio/tts", { text = "x", voice_id = "unknown" })
    refused(400, "tts_text_invalid", "POST", "/v3/models/audio/tts", { text = "  ", voice_id = voice })
    local wild = { text = "x", voice_id = voice, expressiveness_boost = 1.1 }
    refused(400, "invalid_parameter", "POST", "/v3/models/audio/tts", wild)
  end)
end)

describe("webhook endpoints", function()
  local function create(body)
    return must("POST", "/v3/webhooks/endpoints", body)
  end

  it("show their secret only when it is made", function()
    local made = create { url = "https://example.com/hook", events = { "video_agent.success" } }
    assert.is_truthy(made.secret:find "^whsec_%x+$")
    assert.equal("enabled", made.status)
    assert.is_truthy(made.created_at:find "^%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%dZ$")
    local listed = must("GET", "/v3/webhooks/endpoints")[1]
    assert.is_nil(listed.secret)
    assert.same({ "video_agent.success" }, listed.events)
    local rotated = must("POST", "/v3/webhooks/endpoints/" .. made.endpoint_id .. "/rotate-secret")
    assert.is_truthy(rotated.secret:find "^whsec_%x+$")
    assert.are_not.equal(made.secret, rotated.secret)
    assert.equal(rotated.secret, sim.model.webhooks.by_id[made.endpoint_id].secret)
    local changed =
      must("PATCH", "/v3/webhooks/endpoints/" .. made.endpoint_id, { url = "https://example.com/b" })
    assert.equal("https://example.com/b", changed.url)
    assert.same({ "video_agent.success" }, changed.events)
    assert.is_nil(changed.secret)
  end)

  it("have their events replaced as a whole", function()
    local id = create({ url = "https://example.com/hook", events = { "video_agent.success" } }).endpoint_id
    local target = "/v3/webhooks/endpoints/" .. id
    assert.same({ "batch.finished" }, must("PATCH", target, { events = { "batch.finished" } }).events)
    assert.same({ "batch.finished" }, must("PATCH", target, {}).events)
    assert.is_nil(must("PATCH", target, { events = null }).events)
    assert.is_nil(must("PATCH", target, { url = null }).events)
    refused(400, "invalid_parameter", "PATCH", target, { events = { "video_agent.failed" } })
  end)

  it("stay deleted", function()
    local id = create({ url = "https://example.com/hook" }).endpoint_id
    local status, value = sim:ask("DELETE", "/v3/webhooks/endpoints/" .. id)
    assert.equal(200, status)
    assert.same({ data = {}, error = null }, value)
    refused(404, "webhook_not_found", "DELETE", "/v3/webhooks/endpoints/" .. id)
    refused(404, "webhook_not_found", "POST", "/v3/webhooks/endpoints/" .. id .. "/rotate-secret")
    assert.same({}, must("GET", "/v3/webhooks/endpoints"))
  end)

  it("are told of 32 types of events", function()
    local types = must("GET", "/v3/webhooks/event-types")
    assert.equal(32, #types)
    for _, each in ipairs(types) do
      assert.is_falsy(each.event_type:find "failed$" and not each.event_type:find "preflight")
    end
  end)

  it("have a history of events", function()
    local session = sim:create { prompt = "x" }
    local look = sim.model.library.looks.rows[1].id
    local video = must("POST", "/v3/videos", { type = "avatar", avatar_id = look, script = "x" }).video_id
    assert.same({}, must("GET", "/v3/webhooks/events"))
    sim.model.clock:advance(800)
    local events = must("GET", "/v3/webhooks/events")
    assert.equal(2, #events)
    assert.equal("video_agent.success", events[1].event_type)
    assert.equal(session, events[1].event_data.session_id)
    assert.equal("avatar_video.success", events[2].event_type)
    assert.equal(video, events[2].event_data.video_id)
    assert.equal(1, #must("GET", "/v3/webhooks/events?event_type=video_agent.success"))
    assert.equal(1, #must("GET", "/v3/webhooks/events?entity_id=" .. video))
    assert.same({}, must("GET", "/v3/webhooks/events?entity_id=unknown"))
  end)
end)
