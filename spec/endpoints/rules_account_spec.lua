-- What has been published about the Video Agent, videos, voices, avatars, renders and webhooks beyond the tables of
-- fields: each rule is a case, told by the client and the simulator with its defaults. rules_jobs_spec.lua has those of
-- jobs on media; the rules of POST /v3/videos have a spec of the simulator.
local core = require "heygen.core"
local live = require "spec.support.live"
local support = require "spec.support.sim"

local FILE = { type = "url", url = "https://example.com/a.png" }
local PNG = "\137PNG\r\n\26\n" .. ("x"):rep(20)

describe("of the account, it is published that #once", function()
  local sim, client

  setup(function()
    sim = support.start { speed = 0 }
    client = live.client(sim, { max_retries = 0 })
  end)

  teardown(function()
    sim:stop()
  end)

  before_each(function()
    sim:reset()
    sim:behaviour { preparing = 0 }
  end)

  -- Sends a body past the client's checks.
  local function post(path, body, key)
    return client:request { method = "POST", path = path, json = body, idempotency_key = key }
  end

  local function refused(status, param, path, body)
    local err = live.failure(post(path, body))
    assert.same({ status, param }, { err.status, err.param }, path)
    return err
  end

  local function a_look(filter)
    return assert(client.avatars:looks(filter or {})).data[1]
  end

  it("a session in generate mode has its video at once, one in chat mode has not", function()
    local session = assert(client.video_agents:create { prompt = "A video" })
    assert.same({ "generating", "string" }, { session.status, type(session.video_id) })
    assert.equal(session.video_id, assert(client.videos:get(session.video_id)).id)
    session = assert(client.video_agents:create { prompt = "A video", mode = "chat" })
    assert.is_nil(session.video_id)
  end)

  it("what has no value is left out of answers", function()
    sim:behaviour { video_fails = true }
    local session = assert(client.video_agents:create { prompt = "A video" })
    local answer = assert(client:request { method = "GET", path = "/v3/videos/" .. session.video_id })
    for name, value in pairs(answer.data) do
      assert.are_not.equal(core.null, value, name)
    end
    assert.is_nil(answer.data.video_url)
  end)

  it(
    "the Video Agent takes a glossary; what is newer goes past the checks, and what is retired is refused",
    function()
      local glossary = assert(client.brand_glossaries:list()).data[1].brand_glossary_id
      local extra = { visibility = "private" }
      assert(client.video_agents:create { prompt = "A video", brand_glossary_id = glossary, extra = extra })
      refused(
        400,
        "brand_glossary_id",
        "/v3/video-agents",
        { prompt = "A video", brand_glossary_id = "unknown" }
      )
      for _, name in ipairs { "auto_proceed", "skip_agentic_stop" } do
        local ok, message = pcall(client.create, client, { prompt = "A video", [name] = true })
        assert.is_false(ok)
        assert.matches(name .. ": the service no longer takes this field", message)
      end
    end
  )

  it("a message to a session may be files alone", function()
    local session = assert(client.video_agents:create { prompt = "A video", mode = "chat" })
    assert(client.video_agents:send(session, { files = { FILE } }))
  end)

  it("videos go into folders", function()
    local folder = assert(client.folders:create { name = "Mine" }).folder_id
    local fields = { avatar_id = a_look().id, script = "Good morning.", folder_id = folder }
    local video = assert(client.videos:create(fields))
    assert.equal(folder, assert(client.videos:get(video)).folder_id)
    assert(client.videos:create_batch { videos = { fields } })
    sim:clock { advance = 7200 }
    assert.equal(2, #assert(client.videos:list { folder_id = folder }).data)
  end)

  it("a deleted voice is named by its own id, and is gone", function()
    local id = assert(client.voices:clone { audio = FILE, voice_name = "Mine" }).voice_clone_id
    assert.same({ voice_id = id }, assert(client.voices:delete(id)))
    assert.equal("voice_not_found", live.failure(client.voices:delete(id)).code)
  end)

  it("a voice by itself has less than one in a list, and more where it is a clone", function()
    local public = assert(client.voices:get(assert(client.voices:list()).data[1]))
    assert.same({ "string", "boolean" }, { type(public.voice_id), type(public.support_pause) })
    assert.is_nil(public.type or public.support_locale or public.available_engines or public.status)
    local id = assert(client.voices:clone { audio = FILE, voice_name = "Mine" }).voice_clone_id
    assert.equal("complete", assert(client.voices:get(id)).status)
  end)

  it("a description of a voice finds voices, the same ones again, and makes none", function()
    local function found(fields)
      local ids = {}
      for i, voice in ipairs(assert(client.voices:create(fields)).voices) do
        ids[i] = voice.voice_id
        assert(client.voices:get(voice))
      end
      return ids
    end
    local first = found { prompt = "A calm voice" }
    assert.is_true(#first > 0 and #first < 4)
    assert.same(first, found { prompt = "A calm voice", seed = 0 })
    assert.are_not.same(first, found { prompt = "A calm voice", seed = 7 })
    assert.same({}, assert(client.voices:list { type = "private" }).data)
  end)

  it("speech is at most twice as fast, at least half as fast, and not empty", function()
    local voice = assert(client.voices:list { engine = "starfish" }).data[1].voice_id
    for _, speed in ipairs { 0.5, 2 } do
      assert(client.voices:speech { text = "Hello", voice_id = voice, speed = speed })
    end
    for _, speed in ipairs { 0.49, 2.01 } do
      refused(400, "speed", "/v3/voices/speech", { text = "Hello", voice_id = voice, speed = speed })
      local err = live.failure(client.voices:speech { text = "Hello", voice_id = voice, speed = speed })
      assert.same({ "invalid", "speed" }, { err.kind, err.param })
    end
    refused(400, "text", "/v3/voices/speech", { text = ("x"):rep(5001), voice_id = voice })
  end)

  it("avatars of a prompt keep the identity of an avatar look, and take three pictures", function()
    local fields = { prompt = "In a park", name = "Mine", avatar_id = a_look().id }
    fields.reference_images = { FILE, FILE, FILE }
    assert(client.avatars:create(fields))
    fields.type, fields.reference_images[4] = "prompt", FILE
    refused(400, "reference_images", "/v3/avatars", fields)
    assert.equal("reference_images", live.failure(client.avatars:create(fields)).param)
    fields.reference_images, fields.avatar_id = nil, "unknown"
    assert.equal(404, live.failure(client.avatars:create(fields)).status)
  end)

  it("an avatar look may lose its name", function()
    local made = assert(client.avatars:create { type = "photo", name = "Me", file = FILE })
    assert(client.avatars:update_look(made.avatar_item, { name = core.null }))
  end)

  it("a render of a project has an id of its own, and needs its project", function()
    local made = assert(client.hyperframes:create_render { project = FILE })
    assert.equal("render_id", (next(made)))
    assert.is_nil(next(made, "render_id"))
    refused(400, "project", "/v3/hyperframes/renders", { title = "x" })
  end)

  it("direct uploads are of up to 200 MB, with signed headers in lower case", function()
    local slot = { filename = "a.mp4", content_type = "video/mp4", size_bytes = 134217728 }
    local answer = assert(client.assets:create_direct_upload(slot))
    for name in pairs(answer.upload_headers) do
      assert.equal(name:lower(), name)
    end
    assert.is_true(answer.max_bytes >= 200e6)
    slot.size_bytes = answer.max_bytes + 1
    assert.equal(413, live.failure(client.assets:create_direct_upload(slot)).status)
  end)

  it("a direct upload may be there a little later than its bytes", function()
    sim:behaviour { upload_late = 1, asset_processing = 0 }
    local slot = { filename = "a.png", content_type = "image/png", size_bytes = #PNG }
    local answer = assert(client.assets:create_direct_upload(slot))
    assert.equal(409, live.failure(client.assets:complete(answer)).status)
  end)

  it("an Idempotency-Key makes one thing of two requests", function()
    local look_id = a_look().id
    local group = assert(client.avatars:create { type = "photo", name = "Me", file = FILE }).avatar_group.id
    local secret = assert(client.webhooks:create_endpoint { url = "https://example.com/a" }).endpoint_id
    local CALLS = {
      ["/v3/webhooks/endpoints"] = { url = "https://example.com/hook" },
      ["/v3/webhooks/endpoints/" .. secret .. "/rotate-secret"] = {},
      ["/v3/avatars"] = { type = "photo", name = "Me", file = FILE },
      ["/v3/avatars/" .. group .. "/consent"] = {},
      ["/v3/videos"] = { type = "avatar", avatar_id = look_id, script = "Hello" },
      ["/v3/hyperframes/renders"] = { project = FILE },
      ["/v3/folders"] = { name = "Mine" },
    }
    for path, body in pairs(CALLS) do
      local first = assert(post(path, body, "key-1")).data
      assert.same(first, assert(post(path, body, "key-1")).data, path)
    end
  end)

  it("codes of errors may come in capitals, and read as the others", function()
    for code, status in pairs { AVATAR_NOT_FOUND = 404, INVALID_PARAMETER = 400, asset_not_available = 409 } do
      sim:faults { { path = "/v3/avatars", times = 1, status = status, code = code } }
      local err = live.failure(client.avatars:create { type = "photo", name = "Me", file = FILE })
      assert.same({ "api", status, code:lower() }, { err.kind, err.status, err.code })
    end
  end)
end)
