-- Videos without an agent: what goes together in a request, what becomes of it, and batches of them.
local core = require "heygen.core"
local support = require "spec.support.sim_model"

local null = core.null
local FILE = { type = "url", url = "https://example.com/face.png" }

describe("POST /v3/videos", function()
  local sim, look, voice

  before_each(function()
    sim = support.new { behaviour = { concurrency = 0 } }
    look = sim.model.library.looks.rows[1].id
    voice = sim.model.library.voices.rows[1].id
  end)

  local function with(base, changes)
    local body = {}
    for name, value in pairs(base) do
      body[name] = value
    end
    for name, value in pairs(changes or {}) do
      body[name] = value ~= false and value or nil
    end
    return body
  end

  local function avatar(changes)
    return with({ type = "avatar", avatar_id = look, script = "Hello there" }, changes)
  end

  local function image(changes)
    return with({ type = "image", image = FILE, script = "Hello", voice_id = voice }, changes)
  end

  local function cinematic(changes)
    return with({ type = "cinematic_avatar", avatar_id = { look }, prompt = "A walk" }, changes)
  end

  local function studio(scene, changes)
    return with({ type = "studio", scenes = { scene } }, changes)
  end

  local function taken(body)
    local status, value, response = sim:ask("POST", "/v3/videos", body)
    assert.equal(200, status, response.body)
    return value.data
  end

  local function refused(status, code, param, body)
    local got, value, response = sim:ask("POST", "/v3/videos", body)
    assert.equal(status, got, response.body)
    assert.equal(code, value.error.code)
    assert.equal(param, value.error.param)
    assert.equal(0, #sim.model.videos.rows)
  end

  local function invalid(param, body)
    refused(400, "invalid_parameter", param, body)
  end

  it(
    "has the title that was given, as it is, and else the beginning of its words, whole characters only",
    function()
      local long = ("日本"):rep(40)
      for _, title in ipairs { "Café", "日本語", "é", "two  spaces\n", long, "" } do
        assert.equal(title, sim:video(taken(avatar { title = title }).video_id).title)
      end
      for script, title in pairs {
        ["Café"] = "Café",
        ["a  b\nc"] = "a b c",
        [long] = ("日本"):rep(10),
        ["x" .. long] = "x" .. ("日本"):rep(9) .. "日",
        [("x"):rep(59) .. "é"] = ("x"):rep(59),
      } do
        assert.equal(title, sim:video(taken(avatar { script = script }).video_id).title)
        assert.equal(title, (sim:session((sim:create { prompt = script }))).title)
      end
    end
  )

  it("waits, then renders, then is there", function()
    local data = taken(avatar { title = "Mine", aspect_ratio = "9:16" })
    assert.equal("waiting", data.status)
    assert.equal("mp4", data.output_format)
    assert.equal("pending", sim:video(data.video_id).status)
    sim.model.clock:advance(61)
    assert.equal("processing", sim:video(data.video_id).status)
    sim.model.clock:advance(540)
    local video = sim:video(data.video_id)
    assert.equal("completed", video.status)
    assert.equal("Mine", video.title)
    assert.equal(1, video.duration)
    assert.equal("portrait", sim.model.videos.by_id[data.video_id].orientation)
    local _, list = sim:ask("GET", "/v3/videos?title=min")
    assert.equal(data.video_id, list.data[1].id)
    local status, _, response = sim:ask("GET", video.video_url:match "^http://[^/]+(.*)$", nil, {
      ["x-api-key"] = false,
    })
    assert.equal(200, status)
    assert.equal("ftyp", response.body:sub(5, 8))
    assert.equal(1, sim.model.journal.counts.creates)
  end)

  it("fails as the behaviour says", function()
    sim.model:behave { video_fails = true }
    local data = taken(avatar())
    sim.model.clock:advance(601)
    assert.equal("rendering_failed", sim:video(data.video_id).failure_code)
  end)

  it("is as long as the request asks", function()
    local lengths = {
      [cinematic { duration = 4 }] = 4,
      [cinematic()] = 10,
      [studio { type = "image", source = FILE, duration = 2.5 }] = 2.5,
    }
    for body, seconds in pairs(lengths) do
      local id = taken(body).video_id
      sim.model.clock:advance(700)
      assert.equal(seconds, sim:video(id).duration)
    end
  end)

  it("wants exactly one voice", function()
    for _, make in ipairs { avatar, image } do
      invalid("script", make { script = false })
      invalid("audio_url", make { audio_url = "https://example.com/a.mp3" })
      invalid(
        "audio_asset_id",
        make { script = false, audio_url = "https://example.com/a.mp3", audio_asset_id = "a" }
      )
      taken(make { script = false, audio_url = "https://example.com/a.mp3" })
      sim.model:reset()
    end
    invalid("script", image { voice_id = false })
    taken(image { script = false, audio_url = "https://example.com/a.mp3", voice_id = false })
    taken(avatar { voice_id = null })
  end)

  it("wants the same of the scenes of a studio", function()
    local function scene(changes)
      return studio { type = "avatar_video", input = avatar(changes) }
    end
    invalid("scenes[0].input.script", scene { script = false })
    invalid("scenes[0].input.audio_url", scene { audio_url = "https://example.com/a.mp3" })
    invalid("scenes[0].duration", studio { type = "image", source = FILE })
    invalid("scenes[0].script", studio { type = "image", source = FILE, script = "Hi" })
    refused(422, "invalid_parameter", "scenes[0].input.title", scene { title = "no" })
    taken(scene())
  end)

  it("lets no field go without the one it belongs to", function()
    invalid("callback_id", avatar { callback_id = "a" })
    invalid("duration", cinematic { duration = 5, auto_duration = true })
    invalid("background.value", avatar { background = { type = "color" } })
    invalid("background.value", avatar { background = { type = "color", value = "red" } })
    invalid("background.url", avatar { background = { type = "image" } })
    invalid("aspect_ratio", cinematic { aspect_ratio = "4:5" })
    invalid("avatar_id", cinematic { avatar_id = { look, look, look, look } })
    invalid("avatar_id", cinematic { avatar_id = look })
    taken(avatar { background = { type = "image", url = "https://example.com/b.png" } })
    taken(cinematic { auto_duration = true })
  end)

  it("takes 9 images and 3 videos as references", function()
    local files = {}
    for i = 1, 9 do
      files[i] = FILE
    end
    for i = 10, 12 do
      files[i] = { type = "url", url = "https://example.com/video.MP4?x=1" }
    end
    taken(cinematic { references = files })
    sim.model:reset()
    files[12] = FILE
    invalid("references", cinematic { references = files })
    files[12], files[1] = files[11], files[11]
    invalid("references", cinematic { references = files })
  end)

  it("knows what is there and what is not", function()
    local group = sim.model.library.groups.rows[1].id
    refused(404, "avatar_not_found", "avatar_id", avatar { avatar_id = "unknown" })
    invalid("avatar_id", avatar { avatar_id = group })
    refused(404, "avatar_not_found", "avatar_id[0]", cinematic { avatar_id = { "unknown" } })
    refused(404, "voice_not_found", "voice_id", avatar { voice_id = "unknown" })
    refused(404, "asset_not_found", "image.asset_id", image { image = { type = "asset_id", asset_id = "x" } })
    refused(404, "asset_not_found", "audio_asset_id", avatar { script = false, audio_asset_id = "x" })
    refused(
      400,
      "download_failed",
      "image.url",
      image { image = { type = "url", url = "https://nowhere.invalid/a.png" } }
    )
    refused(400, "script_too_short", "script", avatar { script = " \n " })
    sim.model:behave { unknown_ids = "accepted" }
    taken(avatar { avatar_id = "unknown", voice_id = "unknown" })
  end)

  it("shares its slots with sessions", function()
    sim.model:behave { concurrency = 2 }
    taken(avatar())
    sim:create()
    local status, value, response = sim:ask("POST", "/v3/videos", avatar())
    assert.equal(429, status)
    assert.equal("rate_limit_exceeded", value.error.code)
    assert.is_truthy(support.header(response, "Retry-After"):find "^%d+$")
    assert.equal(429, (sim:ask("POST", "/v3/video-agents", { prompt = "x" })))
    sim.model.clock:advance(601)
    taken(avatar())
  end)

  describe("in batches", function()
    local function batch(id, query)
      local _, value = sim:ask("GET", "/v3/videos/batches/" .. id .. (query or ""))
      return value.data
    end

    local function make(videos, more)
      local status, value = sim:ask("POST", "/v3/videos/batches", with({ videos = videos }, more))
      assert.equal(202, status)
      return value.data.batch_id
    end

    it("queues what has no slot yet", function()
      sim.model:behave { concurrency = 2 }
      local id = make({ avatar(), avatar(), avatar() }, { title = "Three" })
      local seen = batch(id)
      assert.equal("processing", seen.status)
      assert.equal("Three", seen.title)
      assert.equal(3, seen.total_items)
      assert.same({ queued = 3 }, seen.counts_by_status)
      assert.is_string(seen.items[2].video_id)
      assert.is_nil(seen.items[3].video_id)
      assert.same(
        { 0, 1, 2 },
        { seen.items[1].item_index, seen.items[2].item_index, seen.items[3].item_index }
      )
      assert.equal(2, #select(2, sim:ask("GET", "/v3/videos")).data)
      sim.model.clock:advance(601)
      seen = batch(id)
      assert.same({ completed = 2, queued = 1 }, seen.counts_by_status)
      assert.is_string(seen.items[3].video_id)
      sim.model.clock:advance(600)
      assert.equal("completed", batch(id).status)
      local _, statuses = sim:ask("GET", "/v3/videos/statuses?batch_ids=" .. id .. "&video_ids=nothing")
      assert.equal(4, #statuses.data)
      assert.same({ video_id = "nothing", status = "not_found" }, statuses.data[1])
      assert.equal(id, statuses.data[4].batch_id)
      assert.equal(2, statuses.data[4].item_index)
    end)

    it("holds slots only for what runs", function()
      sim.model:behave { concurrency = 3 }
      make { avatar(), avatar(), avatar(), avatar(), avatar() }
      assert.equal(429, (sim:ask("POST", "/v3/videos", avatar())))
      sim.model:behave { concurrency = 4 }
      taken(avatar())
      assert.equal(429, (sim:ask("POST", "/v3/videos", avatar())))
      -- Now the two that waited have their turn.
      sim.model.clock:advance(601)
      taken(avatar())
      taken(avatar())
      assert.equal(429, (sim:ask("POST", "/v3/videos", avatar())))
    end)

    it("tells of an item that could not be made", function()
      local id = make { avatar(), avatar { avatar_id = "unknown" } }
      local item = batch(id).items[2]
      assert.equal("failed", item.status)
      assert.equal("avatar_not_found", item.error.code)
      sim.model.clock:advance(601)
      assert.equal("completed", batch(id).status)
      local lost = make { avatar { avatar_id = "unknown" } }
      assert.equal("failed", batch(lost).status)
    end)

    it("shows its items page by page", function()
      local id = make { avatar(), avatar(), avatar() }
      local first = batch(id, "?limit=2")
      assert.equal(2, #first.items)
      assert.is_true(first.has_more)
      local rest = batch(id, "?limit=2&token=" .. core.escape(first.next_token))
      assert.equal(1, #rest.items)
      assert.equal(2, rest.items[1].item_index)
      assert.is_false(rest.has_more)
      assert.equal(404, (sim:ask("GET", "/v3/assets/batches/" .. id)))
    end)

    it("refuses the whole batch for one that is malformed", function()
      local status, value =
        sim:ask("POST", "/v3/videos/batches", { videos = { avatar(), avatar { script = false } } })
      assert.equal(400, status)
      assert.equal("videos[1].script", value.error.param)
      assert.equal(0, #sim.model.videos.rows)
    end)
  end)
end)
