-- Bodies that come in several forms, the tables in them, and the rules over several fields: what is sent, and how a
-- refusal names its place.

local calls = require "spec.support.calls"
local core = require "heygen.core"

local bad_value = calls.bad_value
local mistake = calls.mistake
local sent = calls.sent

local FILE = { type = "url", url = "https://example.com/a.png" }

describe("videos:create", function()
  local function create(fields)
    return "videos:create", fields
  end

  it("finds out what is meant", function()
    local CASES = {
      avatar = { avatar_id = "a", script = "Hello" },
      image = { image = FILE, audio_asset_id = "x" },
      cinematic_avatar = { avatar_id = { "a", "b" }, prompt = "A walk" },
      studio = { scenes = { { type = "video", source = FILE } } },
    }
    for kind, fields in pairs(CASES) do
      assert.is_nil(fields.type)
      local body = sent(create(fields)).body
      assert.equal(kind, body.type)
      assert.is_nil(fields.type) -- what was given is never changed
      fields.type = kind
      assert.same(fields, sent(create(fields)).body)
    end
  end)

  it("says which forms there are", function()
    assert.equal(
      'type: missing, one of "avatar", "cinematic_avatar", "image", "studio" is required',
      mistake(create {})
    )
    assert.equal(mistake(create {}), mistake "videos:create")
    assert.equal(mistake(create {}), mistake(create { title = "x" }))
    assert.equal(
      'type: expected one of "avatar", "cinematic_avatar", "image", "studio", got "avatr", did you mean "avatar"?',
      mistake(create { type = "avatr" })
    )
    assert.equal("type: expected a string, got 1", mistake(create { type = 1 }))
    assert.equal("[1]: fields are named, write {type = ...}", mistake(create { "avatar" }))
  end)

  it("takes no field of another form", function()
    assert.equal(
      'scenes: does not belong to the type "avatar"',
      mistake(create { type = "avatar", avatar_id = "a", script = "x", scenes = {} })
    )
    assert.equal(
      'engine: does not belong to the type "image"',
      mistake(create { image = FILE, audio_asset_id = "x", engine = { type = "avatar_v" } })
    )
    -- A prompt means a cinematic video, which has several avatar looks.
    assert.equal(
      'avatar_id: expected an array, got "a"',
      mistake(create { avatar_id = "a", prompt = "A walk" })
    )
    assert.equal(
      'scrpt: unknown field, did you mean "script"? (fields that this version does not know go into extra = {...})',
      mistake(create { avatar_id = "a", scrpt = "x" })
    )
  end)

  it("wants exactly one source of speech", function()
    local all = { script = "s", audio_url = "https://example.com/a.mp3", audio_asset_id = "x" }
    assert.equal(
      "script: missing, exactly one of script, audio_url, audio_asset_id is required",
      mistake(create { avatar_id = "a" })
    )
    for one in pairs(all) do
      assert.equal("a", sent(create { avatar_id = "a", [one] = all[one] }).body.avatar_id)
      for other in pairs(all) do
        if one ~= other then
          local fields = { avatar_id = "a", [one] = all[one], [other] = all[other] }
          assert.matches(": cannot be given together with ", mistake(create(fields)), 1, true)
          fields.type, fields.image, fields.avatar_id, fields.voice_id = "image", FILE, nil, "v"
          assert.matches(": cannot be given together with ", mistake(create(fields)), 1, true)
        end
      end
    end
    -- What is null is as good as left out.
    assert.equal("s", sent(create { avatar_id = "a", script = "s", audio_url = core.null }).body.script)
    assert.matches(
      "^script: missing",
      mistake(create { image = FILE, script = core.null, audio_url = core.null })
    )
  end)

  it("wants a voice for the script of a picture", function()
    assert.equal(
      "script: is only valid together with voice_id",
      mistake(create { image = FILE, script = "Hello" })
    )
    assert.equal("v", sent(create { image = FILE, script = "Hello", voice_id = "v" }).body.voice_id)
    assert.equal("x", sent(create { image = FILE, audio_asset_id = "x" }).body.audio_asset_id)
    assert.equal("Hello", sent(create { avatar_id = "a", script = "Hello" }).body.script)
  end)

  it("wants no duration where it is found out", function()
    local function cinematic(fields)
      fields.avatar_id, fields.prompt = { "a" }, "A walk"
      return "videos:create", fields
    end
    assert.equal(
      "duration: cannot be given when auto_duration is true",
      mistake(cinematic { duration = 5, auto_duration = true })
    )
    assert.equal(5, sent(cinematic { duration = 5, auto_duration = false }).body.duration)
    assert.equal(true, sent(cinematic { auto_duration = true, duration = core.null }).body.auto_duration)
    assert.equal("duration: expected an integer from 4 to 15, got 3", bad_value(cinematic { duration = 3 }))
    assert.equal("duration: expected an integer from 4 to 15, got 16", bad_value(cinematic { duration = 16 }))
    local references = {}
    for index = 1, 13 do
      references[index] = FILE
    end
    assert.equal(
      "references: 13 items, at most 12 are allowed",
      bad_value(cinematic { references = references })
    )
  end)

  it("names the place of what is wrong inside", function()
    local function avatar(fields)
      fields.avatar_id, fields.script = "a", "x"
      return "videos:create", fields
    end
    assert.equal(
      "voice_settings.speed: expected a number from 0.5 to 1.5, got 2",
      bad_value(avatar { voice_settings = { speed = 2 } })
    )
    assert.equal(
      'voice_settings.engine_settings.engine_type: missing, one of "elevenlabs", "fish", "starfish" is required',
      mistake(avatar { voice_settings = { engine_settings = {} } })
    )
    assert.equal(
      'voice_settings.engine_settings.similarity: does not belong to the type "starfish"',
      mistake(avatar { voice_settings = { engine_settings = { engine_type = "starfish", similarity = 1 } } })
    )
    assert.equal(
      "background.value: missing, value is required",
      mistake(avatar { background = { type = "color" } })
    )
    assert.equal(
      "background.url: missing, exactly one of url, asset_id is required",
      mistake(avatar { background = { type = "image", value = "#ffffff" } })
    )
    assert.equal('background: expected a table, got "#ffffff"', mistake(avatar { background = "#ffffff" }))
    assert.equal("caption: expected named fields, got an array", mistake(avatar { caption = { "srt" } }))
    assert.equal("engine: expected named fields, got an array", mistake(avatar { engine = { "avatar_v" } }))
    assert.equal(
      'watermark.image.url: expected a URL that starts with https://, got "http://example.com"',
      bad_value(avatar { watermark = { image = { url = "http://example.com" } } })
    )
    assert.equal("watermark.image: missing, a file is required", mistake(avatar { watermark = {} }))
  end)

  it("takes scenes", function()
    local function studio(scene)
      return "videos:create", { scenes = { { type = "video", source = FILE }, scene } }
    end
    local input = { image = FILE, script = "Hello", voice_id = "v" }
    local body = sent(studio { type = "avatar_video", input = input }).body
    assert.equal("image", body.scenes[2].input.type)
    assert.equal("scenes[2].input: missing, a table is required", mistake(studio { type = "avatar_video" }))
    assert.equal(
      "scenes[2].input.script: is only valid together with voice_id",
      mistake(studio { type = "avatar_video", input = { image = FILE, script = "Hello" } })
    )
    assert.equal(
      "scenes[2].input.background.color: empty, at least 1 character is needed",
      bad_value(studio {
        type = "avatar_video",
        input = { avatar_id = "a", script = "x", background = { color = "" } },
      })
    )
    assert.equal(
      "scenes[2].duration: missing, duration or script or audio_url or audio_asset_id is required",
      mistake(studio { type = "image", source = FILE })
    )
    assert.equal(
      "scenes[2].duration: expected a number > 0 and <= 300, got 0",
      bad_value(studio { type = "image", source = FILE, duration = 0 })
    )
    assert.equal(
      "scenes[2].duration: expected a number > 0 and <= 300, got 300.5",
      bad_value(studio { type = "image", source = FILE, duration = 300.5 })
    )
    assert.equal(
      "scenes[2].audio_url: cannot be given together with script",
      mistake(studio {
        type = "image",
        source = FILE,
        script = "x",
        voice_id = "v",
        audio_url = "https://example.com/a.mp3",
      })
    )
    assert.equal(
      'scenes[2].type: missing, one of "avatar_video", "image", "video" is required',
      mistake(studio { source = FILE })
    )
    assert.equal('scenes[2]: expected a table, got "x"', mistake(studio "x"))
    assert.equal("scenes: empty, at least 1 item is needed", bad_value("videos:create", { scenes = {} }))
  end)

  it("takes what it does not know with what it knows", function()
    local body = sent(create { avatar_id = "a", script = "x", extra = { mood = { "calm" } } }).body
    assert.same({ type = "avatar", avatar_id = "a", script = "x", mood = { "calm" } }, body)
    assert.equal(
      "extra.script: is a known field, give it as script = ... next to extra",
      mistake(create { avatar_id = "a", script = "x", extra = { script = "y" } })
    )
  end)

  it("is checked in a batch as it is alone", function()
    local function batch(...)
      return "videos:create_batch", { videos = { { avatar_id = "a", script = "x" }, ... } }
    end
    assert.equal("studio", sent(batch { scenes = { { type = "video", source = FILE } } }).body.videos[2].type)
    assert.equal(
      "videos[3].scenes[1].input.voice_settings.pitch: expected a number from -50 to 50, got 51",
      bad_value(batch({ avatar_id = "a", script = "x" }, {
        scenes = {
          {
            type = "avatar_video",
            input = { avatar_id = "a", script = "x", voice_settings = { pitch = 51 } },
          },
        },
      }))
    )
    assert.matches("^videos%[2%]%.type: missing, one of ", mistake(batch {}))
    assert.equal(
      'videos: expected an array, found the key "avatar_id"',
      mistake("videos:create_batch", { videos = { avatar_id = "a" } })
    )
    local many = {}
    for index = 1, 101 do
      many[index] = { avatar_id = "a", script = "x" }
    end
    assert.equal(
      "videos: 101 items, at most 100 are allowed",
      bad_value("videos:create_batch", { videos = many })
    )
  end)
end)

describe("queries", function()
  it("may have an empty text where that means something", function()
    local target = calls.target("assets:list", { username = "u", folder_id = "" })
    assert.equal("/v3/assets?folder_id=&username=u", target)
    assert.equal(
      "username: empty, at least 1 character is needed",
      bad_value("assets:list", { username = "" })
    )
  end)

  it("have numbers in a range", function()
    assert.equal(
      "/v3/audio/sounds?min_score=0.25&query=a%20b",
      calls.target("audio:sounds", { query = "a b", min_score = 0.25 })
    )
    assert.equal(
      "min_score: expected a number from 0 to 1, got 1.5",
      bad_value("audio:sounds", { query = "a", min_score = 1.5 })
    )
  end)

  it("have ids in one text, 100 in all at most", function()
    local ids = {}
    for index = 1, 60 do
      ids[index] = "id" .. index
    end
    assert.equal(
      "/v3/lipsyncs/statuses?batch_ids=b&lipsync_ids=a,c",
      calls.target("lipsyncs:statuses", { lipsync_ids = { "a", "c" }, batch_ids = { "b" } })
    )
    assert.matches(
      "120 ids in all, at most 100 are allowed",
      bad_value("lipsyncs:statuses", { lipsync_ids = ids, batch_ids = ids }),
      1,
      true
    )
    assert.equal("asset_ids: missing, give asset_ids or batch_ids (or both)", mistake("assets:statuses", {}))
  end)
end)

describe("other bodies", function()
  it("of avatars: a file may be a twin or a photo, so it must be said", function()
    assert.equal("prompt", sent("avatars:create", { name = "Ada", prompt = "A pilot" }).body.type)
    assert.equal(
      'type: missing, one of "digital_twin", "photo", "prompt" is required',
      mistake("avatars:create", { name = "Ada", file = FILE })
    )
    assert.equal(
      "file: missing, a file is required",
      mistake("avatars:create", { type = "photo", name = "Ada" })
    )
  end)

  it("of webhooks: a failure is spelled fail", function()
    assert.matches(
      '^events%[1%]: expected one of .*, got "video_agent.failed", did you mean "video_agent.fail"%?$',
      bad_value(
        "webhooks:create_endpoint",
        { url = "https://example.com", events = { "video_agent.failed" } }
      )
    )
    assert.equal(core.null, sent("webhooks:update_endpoint", "e", { events = core.null }).body.events)
  end)

  it("of uploads: a checksum is 64 hexadecimal digits, a media type has two parts", function()
    assert.equal(
      'checksum_sha256: expected a SHA-256 checksum, 64 hexadecimal digits, got "abc"',
      bad_value("assets:complete", "a", { checksum_sha256 = "abc" })
    )
    assert.equal(
      'content_type: expected a media type such as "image/png", got "png"',
      bad_value("assets:create_direct_upload", { filename = "a", content_type = "png", size_bytes = 1 })
    )
    assert.equal("file: expected a path or a table, got 1", mistake("assets:create", { file = 1 }))
  end)

  it("of templates: what fills the blanks is a table of names", function()
    assert.equal(
      "variables: expected named fields, got an array",
      mistake("templates:generate", "t", { variables = { "x" } })
    )
    assert.equal(
      "dimension.height: missing, an integer is required",
      mistake("templates:generate", "t", { variables = {}, dimension = { width = 1280 } })
    )
    assert.equal(
      "dimension.depth: unknown field",
      mistake("templates:generate", "t", { variables = {}, dimension = { depth = 1 } })
    )
  end)

  it("without a body take none", function()
    assert.is_nil(sent("webhooks:rotate_secret", "e").body)
    assert.equal(
      "extra: client.webhooks:rotate_secret sends no body, so it takes no extra fields",
      mistake("webhooks:rotate_secret", "e", { extra = {} })
    )
    assert.same(
      { idempotency_key = "k" },
      sent("webhooks:rotate_secret", "e", { idempotency_key = "k" }).options
    )
    assert.equal(
      "idempotency_key: client.webhooks:update_endpoint can be repeated without one, only POST requests take it",
      mistake("webhooks:update_endpoint", "e", { idempotency_key = "k" })
    )
  end)
end)
