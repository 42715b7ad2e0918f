-- The rules of POST /v3/videos that no single field can tell, one after the other: what the simulator answers, and what
-- the client refuses by itself because it is sure.
local arguments = require "heygen.api.arguments"
local core = require "heygen.core"
local endpoints = require "heygen.endpoints.videos"
local support = require "spec.support.sim_model"

local FILE = { type = "url", url = "https://example.com/a.png" }
local RED = { type = "color", value = "#ff0000" }

local create
for _, row in ipairs(endpoints) do
  create = row.name == "create" and row or create
end

describe("the rules of POST /v3/videos #once", function()
  local sim, looks

  -- A look of the account, ready to be used.
  local function own_look(kind, group)
    local body = { type = kind, name = "Me", file = FILE, avatar_group_id = group }
    local status, value = sim:ask("POST", "/v3/avatars", body)
    assert.equal(200, status)
    local made = value.data
    sim:ask("POST", "/v3/avatars/" .. made.avatar_group.id .. "/consent", { consent_text = "I agree" })
    return made.avatar_item.id, made.avatar_group.id
  end

  setup(function()
    sim = support.new { behaviour = { concurrency = 0, preparing = 0 } }
    looks = {}
    for _, look in ipairs(sim.model.library.looks.rows) do
      local engines = table.concat(look.engines, " ")
      local name = look.type == "photo_avatar" and "photo"
        or (engines:find "avatar_v" and "filmed" or "plain")
      looks[name] = looks[name] or look.id
    end
    local group
    looks.twin, group = own_look "digital_twin"
    looks.mine = own_look("photo", group)
    looks.other = own_look "digital_twin"
  end)

  local function body_of(changes)
    local body = { type = "avatar", avatar_id = looks.plain, script = "Hello" }
    for name, value in pairs(changes) do
      body[name] = value
    end
    return body
  end

  local function client_says(body)
    local call, message = arguments.check(create, { body })
    return call and "sent" or message
  end

  -- What the service says; with `sure`, the client says it first.
  local function refused(param, changes, sure)
    local body = body_of(changes)
    local status, value = sim:ask("POST", "/v3/videos", body)
    assert.same(
      { 400, "invalid_parameter", param },
      { status, value.error and value.error.code, value.error.param }
    )
    assert.equal(sure or "sent", client_says(body))
  end

  local function taken(changes)
    local body = body_of(changes)
    local status, value = sim:ask("POST", "/v3/videos", body)
    assert.equal(200, status, value.error and value.error.message)
    assert.equal("sent", client_says(body))
    return value.data.video_id
  end

  local function engine(name, reference)
    return { type = name, reference_look_id = reference }
  end

  local function studio(input, changes)
    local body = { type = "studio", scenes = { { type = "avatar_video", input = body_of(input) } } }
    for name, value in pairs(changes or {}) do
      body[name] = value
    end
    return body
  end

  local function studio_answer(...)
    local body = studio(...)
    local status, value = sim:ask("POST", "/v3/videos", body)
    return status, value.error and value.error.param, client_says(body)
  end

  it("webm has no background", function()
    local said = 'background: cannot be given with output_format = "webm"'
    refused("background", { output_format = "webm", background = RED }, said)
    taken { output_format = "webm" }
    taken { output_format = "webm", background = core.null }
    taken { output_format = "mp4", background = RED }
  end)

  it("expressiveness is for photo avatars and pictures, with avatar_iv", function()
    taken { avatar_id = looks.photo, expressiveness = "high" }
    taken { avatar_id = looks.photo, expressiveness = "high", engine = engine "avatar_iv" }
    refused("expressiveness", { expressiveness = "high" })
    refused("expressiveness", { avatar_id = looks.twin, expressiveness = "low" })
    for _, name in ipairs { "avatar_v", "avatar_iii" } do
      local said = ('expressiveness: cannot be given with engine.type = "%s"'):format(name)
      refused(
        "expressiveness",
        { avatar_id = looks.photo, expressiveness = "high", engine = engine(name) },
        said
      )
    end
    local picture = { type = "image", image = FILE, voice_id = sim.model.library.voices.rows[1].id }
    picture.script, picture.expressiveness = "Hello", "high"
    assert.equal(200, (sim:ask("POST", "/v3/videos", picture)))
  end)

  it("motion_prompt is for photo avatars, and for others with avatar_v", function()
    taken { avatar_id = looks.photo, motion_prompt = "waves" }
    taken { avatar_id = looks.photo, motion_prompt = "waves", engine = engine "avatar_v" }
    taken { avatar_id = looks.filmed, motion_prompt = "waves", engine = engine "avatar_v" }
    refused("motion_prompt", { motion_prompt = "waves" })
    refused(
      "motion_prompt",
      { avatar_id = looks.filmed, motion_prompt = "waves", engine = engine "avatar_iv" }
    )
  end)

  it("avatar_iii knows no motion_prompt, and no 4k of photo avatars", function()
    local said = 'motion_prompt: cannot be given with engine.type = "avatar_iii"'
    refused(
      "motion_prompt",
      { avatar_id = looks.photo, motion_prompt = "x", engine = engine "avatar_iii" },
      said
    )
    refused("resolution", { avatar_id = looks.photo, resolution = "4k", engine = engine "avatar_iii" })
    taken { avatar_id = looks.photo, resolution = "1080p", engine = engine "avatar_iii" }
    taken { avatar_id = looks.photo, resolution = "4k" }
    taken { resolution = "4k", engine = engine "avatar_iii" }
  end)

  it("a picture has no engine", function()
    local voice = sim.model.library.voices.rows[1].id
    local body =
      { type = "image", image = FILE, voice_id = voice, script = "x", engine = engine "avatar_iii" }
    local status, value = sim:ask("POST", "/v3/videos", body)
    assert.same({ 422, "engine" }, { status, value.error.param })
    assert.equal('engine: does not belong to the type "image"', client_says(body))
  end)

  it("an engine is one of those that the look supports", function()
    refused("engine.type", { engine = engine "avatar_v" })
    taken { engine = engine "avatar_iii" }
    taken { engine = core.null }
  end)

  it("a reference look is a recorded one of the same group", function()
    taken { avatar_id = looks.mine, engine = engine("avatar_v", looks.twin) }
    refused("engine.reference_look_id", { avatar_id = looks.mine, engine = engine("avatar_v", looks.mine) })
    refused("engine.reference_look_id", { avatar_id = looks.mine, engine = engine("avatar_v", looks.other) })
    refused("engine.reference_look_id", { avatar_id = looks.mine, engine = engine("avatar_v", "unknown") })
  end)

  it("a background has one source", function()
    local asset = { type = "image", url = "https://example.com/a.png", asset_id = "asset_1" }
    refused(
      "background.asset_id",
      { background = asset },
      "background.asset_id: cannot be given together with url"
    )
    refused(
      "background.url",
      { background = { type = "image" } },
      "background.url: missing, exactly one of url, asset_id is required"
    )
    taken { background = { type = "image", url = "https://example.com/a.png" } }
  end)

  it("captions without a style are a file of their own", function()
    local function files(caption)
      local id = taken { caption = caption }
      sim.model.clock:advance(3600)
      local video = sim:video(id)
      return {
        (video.subtitle_url or core.null) ~= core.null,
        (video.captioned_video_url or core.null) ~= core.null,
      }
    end
    assert.same({ true, false }, files { file_format = "srt" })
    assert.same({ true, true }, files { style = "default" })
  end)

  it("a cinematic scene has three shapes, 3 videos and 9 images at most", function()
    local function references(images, clips)
      local list = {}
      for index = 1, images + clips do
        local name = index <= images and "a.png" or "a.mp4"
        list[index] = { type = "url", url = "https://example.com/" .. name }
      end
      return { type = "cinematic_avatar", avatar_id = { looks.photo }, prompt = "x", references = list }
    end
    local function answer(body)
      local status, value = sim:ask("POST", "/v3/videos", body)
      return { status, value.error and value.error.param or false, client_says(body) }
    end
    assert.same({ 200, false, "sent" }, answer(references(9, 3)))
    assert.same({ 400, "references", "sent" }, answer(references(8, 4)))
    assert.same({ 400, "references", "sent" }, answer(references(10, 0)))
    local many = "references: 13 items, at most 12 are allowed"
    assert.same({ 400, "references", many }, answer(references(10, 3)))
    local body = references(0, 0)
    body.references, body.aspect_ratio = nil, "4:5"
    local shapes = 'aspect_ratio: expected one of "16:9", "9:16", "1:1", got "4:5"'
    assert.same({ 400, "aspect_ratio", shapes }, answer(body))
  end)

  it("a studio makes mp4 alone, and its scenes may have a picture or a video behind them", function()
    local said = 'output_format: does not belong to the type "studio"'
    assert.same({ 422, "output_format", said }, { studio_answer({}, { output_format = "webm" }) })
    for _, kind in ipairs { "image", "video" } do
      local background = { type = kind, url = "https://example.com/behind" }
      assert.same({ 200, nil, "sent" }, { studio_answer { background = background } })
      background.asset_id = "asset_1"
      assert.same({
        400,
        "scenes[0].input.background.asset_id",
        "scenes[1].input.background.asset_id: cannot be given together with url",
      }, { studio_answer { background = background } })
    end
    local status, param = studio_answer { expressiveness = "high" }
    assert.same({ 400, "scenes[0].input.expressiveness" }, { status, param })
    status, param = studio_answer(
      { avatar_id = looks.photo, engine = engine "avatar_iii" },
      { resolution = "4k" }
    )
    assert.same({ 400, "resolution" }, { status, param })
  end)

  it("hold for each video of a batch by itself", function()
    local body = { videos = { body_of { motion_prompt = "x" }, body_of {} }, folder_id = "mine" }
    local status, value = sim:ask("POST", "/v3/videos/batches", body)
    assert.equal(202, status)
    sim.model.clock:advance(3600)
    local _, batch = sim:ask("GET", "/v3/videos/batches/" .. value.data.batch_id)
    local items = batch.data.items
    assert.same({ "failed", "completed" }, { items[1].status, items[2].status })
    assert.equal("invalid_parameter", items[1].error.code)
    assert.equal("mine", sim:video(items[2].video_id).folder_id)
  end)

  it("say nothing of a look that is not known", function()
    sim.model:behave { unknown_ids = "accepted" }
    taken { avatar_id = "unknown", motion_prompt = "x", engine = engine("avatar_v", "unknown") }
    sim.model:behave { unknown_ids = "refused" }
  end)
end)
