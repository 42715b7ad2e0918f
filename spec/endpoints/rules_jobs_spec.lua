-- What has been published about jobs on media, templates and assets beyond the tables of fields: each rule is a case,
-- told by the client and the simulator together. Requests that the client refuses are sent past it.
local core = require "heygen.core"
local endpoints = require "heygen.endpoints"
local live = require "spec.support.live"
local support = require "spec.support.sim"

local VIDEO = { url = "https://example.com/tour.mp4" }
local SRT = "1\n00:00:00,000 --> 00:00:01,000\nGuten Tag\n"
local ZIP = "PK\3\4" .. ("index.html"):rep(20)
local BASE64 = { type = "base64", media_type = "video/mp4", data = "AAAA" }

local GROUPS = {
  ai_clipping = true,
  background_removals = true,
  filler_word_removals = true,
  lipsyncs = true,
  templates = true,
  video_translations = true,
}

-- The least fields of each create.
local CREATES = {
  ["/v3/lipsyncs"] = { video = VIDEO, audio = VIDEO },
  ["/v3/video-translations"] = { video = VIDEO, output_languages = { "German" } },
  ["/v3/video-translations/proofreads"] = { video = VIDEO, output_languages = { "German" }, title = "x" },
  ["/v3/ai-clipping"] = { video = VIDEO },
  ["/v3/filler-word-removals"] = { video = VIDEO },
}

describe("of jobs, it is published that #once", function()
  local sim, client, template

  setup(function()
    sim = support.start { speed = 0, behaviour = { asset_processing = 0 } }
    client = live.client(sim, { max_retries = 0 })
    template = assert(client.templates:list()).data[1].id
  end)

  teardown(function()
    sim:stop()
  end)

  before_each(function()
    sim:reset()
    sim:behaviour { asset_processing = 0 }
  end)

  local function with_types(fields)
    local copy = {}
    for name, value in pairs(fields) do
      copy[name] = type(value) == "table" and value.url and { type = "url", url = value.url } or value
    end
    return copy
  end

  -- Sends a body past the client's checks.
  local function post(path, body)
    return client:request { method = "POST", path = path, json = with_types(body) }
  end

  local function refused(param, path, body)
    local err = live.failure(post(path, body))
    assert.same({ 400, "invalid_parameter", param }, { err.status, err.code, err.param }, path)
  end

  local function with(fields, changes)
    local copy = with_types(fields)
    for name, value in pairs(changes) do
      copy[name] = value
    end
    return copy
  end

  local function done()
    sim:clock { advance = 7200 }
  end

  it("three deletes answer with the id alone, and one says that it is deleted", function()
    local made = assert(client.video_translations:create(CREATES["/v3/video-translations"]))
    local id = made.video_translation_ids[1]
    assert.same({ id = id }, assert(client.video_translations:delete(id)))
    id = assert(client.lipsyncs:create(CREATES["/v3/lipsyncs"])).lipsync_id
    assert.same({ id = id }, assert(client.lipsyncs:delete(id)))
    id = assert(client.ai_clipping:create(CREATES["/v3/ai-clipping"])).job_id
    assert.same({ id = id }, assert(client.ai_clipping:delete(id)))
    id = assert(client.background_removals:create { video = VIDEO }).id
    assert.same({ id = id, deleted = true }, assert(client.background_removals:delete(id)))
  end)

  it("subtitles that were put right answer with the proofread", function()
    local created =
      assert(client.video_translations:create_proofread(CREATES["/v3/video-translations/proofreads"]))
    local id = created.proofread_ids[1]
    done()
    local fields = { srt = { bytes = SRT, filename = "a.srt" } } -- uploaded first
    local proofread = assert(client.video_translations:update_proofread_srt(id, fields))
    assert.same({ id, "completed", "German" }, { proofread.id, proofread.status, proofread.output_language })
    assert.is_nil(proofread.srt_url)
    assert.is_string(assert(client.video_translations:get_proofread_srt(id)).srt_url)
  end)

  it("booleans and modes with a default are not null", function()
    local count = 0
    for _, row in ipairs(endpoints) do
      for name, spec in pairs(GROUPS[row.group] and row.body or {}) do
        local switch = spec.type == "boolean" or name == "mode"
        if switch and name ~= "keep_the_same_format" then
          assert.is_not_nil(spec.default, row.path .. " " .. name)
        end
        count = count + (switch and spec.default ~= nil and 1 or 0)
        assert.is_not_true(switch and spec.default ~= nil and spec.nullable, row.path .. " " .. name)
      end
    end
    assert.equal(25, count)
    for _, path in ipairs { "/v3/lipsyncs", "/v3/video-translations", "/v3/video-translations/proofreads" } do
      refused("mode", path, with(CREATES[path], { mode = core.null }))
      refused("disable_music_track", path, with(CREATES[path], { disable_music_track = core.null }))
    end
    refused("reorder_music", "/v3/templates/" .. template, { variables = {}, reorder_music = core.null })
  end)

  it("files are given without base64, but to background removals", function()
    for path, fields in pairs(CREATES) do
      for name, value in pairs(fields) do
        if value == VIDEO then
          refused(name .. ".type", path, with(fields, { [name] = BASE64 }))
        end
      end
    end
    refused("srt.type", "/v3/video-translations", with(CREATES["/v3/video-translations"], { srt = BASE64 }))
    assert(client.background_removals:create { video = BASE64 })
  end)

  it("languages have their full names", function()
    local known = {}
    for _, name in ipairs(assert(client.video_translations:languages()).languages) do
      known[name] = true
    end
    for _, name in ipairs { "Spanish (Spain)", "Chinese (Cantonese, Traditional)" } do
      assert.is_true(known[name])
      assert(client.video_translations:create { video = VIDEO, output_languages = { name } })
    end
    for _, path in ipairs { "/v3/video-translations", "/v3/video-translations/proofreads" } do
      refused("output_languages[0]", path, with(CREATES[path], { output_languages = { "spanish (spain)" } }))
    end
  end)

  it("a batch has an item for each body and language", function()
    local batch = assert(client.video_translations:create_batch {
      video_translations = {
        { video = VIDEO, output_languages = { "German", "Polish" } },
        { video = VIDEO, output_languages = { "French" } },
      },
    })
    assert.equal(3, assert(client.video_translations:get_batch(batch)).total_items)
  end)

  it("brand_voice_id is the older name of brand_glossary_id", function()
    local glossary = assert(client.brand_glossaries:list()).data[1].brand_glossary_id
    local fields = with(CREATES["/v3/video-translations"], { brand_voice_id = glossary })
    assert(client.video_translations:create(fields))
    refused("brand_voice_id", "/v3/video-translations", with(fields, { brand_voice_id = "voice" }))
  end)

  it("fps_mode needs a sound that is given", function()
    local fields = CREATES["/v3/video-translations"]
    refused("fps_mode", "/v3/video-translations", with(fields, { fps_mode = "cfr" }))
    assert(client.video_translations:create(with(fields, { fps_mode = "cfr", audio = VIDEO })))
  end)

  it("subtitles come with enable_caption, and the sound alone always, at the end", function()
    for _, asked in ipairs { false, true } do
      local fields = with(CREATES["/v3/video-translations"], { enable_caption = asked })
      local id = assert(client.video_translations:create(fields)).video_translation_ids[1]
      local running = assert(client.video_translations:get(id))
      assert.is_nil(running.audio_url or running.srt_caption_url)
      done()
      local work = assert(client.video_translations:get(id))
      assert.is_string(work.audio_url)
      assert.same({ asked, asked }, { work.srt_caption_url ~= nil, work.vtt_caption_url ~= nil })
    end
  end)

  it("clips are upright unless another form is asked for, and their settings are not shown", function()
    local function clips(settings)
      local job = assert(client.ai_clipping:create { video = VIDEO, output_settings = settings })
      done()
      local work = assert(client.ai_clipping:get(job))
      assert.is_nil(work.output_settings)
      for _, clip in ipairs(work.clips) do
        assert.is_nil(clip.failure_message)
      end
      return work.clips[1].aspect_ratio, work.clips[1].duration_seconds
    end
    assert.equal("portrait", (clips()))
    assert.same({ "landscape", 60 }, { clips { aspect_ratio = "landscape", duration_types = { "60" } } })
    local long = ("ä"):rep(501)
    refused(
      "output_settings.prompt",
      "/v3/ai-clipping",
      { video = VIDEO, output_settings = { prompt = long } }
    )
    local err = live.failure(client.ai_clipping:create { video = VIDEO, output_settings = { prompt = long } })
    assert.equal("output_settings.prompt", err.param)
  end)

  it("a list shows the progress of clippings in coarse steps", function()
    local job = assert(client.ai_clipping:create { video = VIDEO })
    local fine, coarse
    repeat
      sim:clock { advance = 30 }
      fine = assert(client.ai_clipping:get(job)).progress
      coarse = assert(client.ai_clipping:list()).data[1].progress
      assert.equal(0, coarse % 50)
      assert.is_true(coarse <= fine and fine < coarse + 50 or fine == 100)
    until fine > 50
    assert.is_true(fine < 100)
  end)

  it("backgrounds are removed in three layers, or those that are named", function()
    local function layers(list)
      local removal = assert(client.background_removals:create { video = VIDEO, layers = list })
      done()
      local names = {}
      for name in pairs(assert(client.background_removals:get(removal)).layers) do
        names[#names + 1] = name
      end
      table.sort(names)
      return names
    end
    assert.same({ "background", "foreground", "mask" }, layers())
    assert.same({ "mask" }, layers { "mask" })
    refused("layers[1]", "/v3/background-removals", { video = VIDEO, layers = core.array { "mask", "hair" } })
  end)

  it("a background removal is known by its request_id, whatever the body, and not by a header", function()
    local first = assert(client.background_removals:create { video = VIDEO, request_id = "mine" })
    local other = { url = "https://example.com/other.mp4" }
    local again = assert(client.background_removals:create { video = other, request_id = "mine" })
    assert.equal(first.id, again.id)
    local request = { method = "POST", path = "/v3/background-removals", json = with_types { video = VIDEO } }
    request.idempotency_key = "key-1"
    local one, two = assert(client:request(request)), assert(client:request(request))
    assert.are_not.equal(one.data.id, two.data.id)
  end)

  it("an Idempotency-Key makes one job, one asset, one slot of two requests", function()
    local count = 0
    for path, fields in pairs(CREATES) do
      local request = { method = "POST", path = path, json = with_types(fields), idempotency_key = "key-1" }
      assert.same(assert(client:request(request)).data, assert(client:request(request)).data, path)
      count = count + 1
    end
    assert.equal(count, sim:counts().creates)
    local slot =
      { filename = "a.zip", content_type = "application/zip", size_bytes = #ZIP, idempotency_key = "key-1" }
    assert.same(
      assert(client.assets:create_direct_upload(slot)),
      assert(client.assets:create_direct_upload(slot))
    )
    local file = { file = { data = SRT, filename = "a.srt" }, idempotency_key = "key-1" }
    local asset = assert(client.assets:create(file))
    assert.equal(asset.asset_id, assert(client.assets:create(file)).asset_id)
  end)

  it("a template gives its variables as a create takes them, and its scenes may come twice", function()
    local known = assert(client.templates:get(template))
    for _, variable in pairs(known.variables) do
      assert.same({ "text", "string" }, { variable.type, type(variable.content) })
    end
    local first = known.scene_ids[1]
    assert(client.templates:generate(template, { variables = known.variables, scene_ids = { first, first } }))
    refused("scene_ids[1]", "/v3/templates/" .. template, {
      variables = {},
      scene_ids = core.array { first, "nowhere" },
    })
  end)

  it("a video of a template has the template's form, even sides and one of three frame rates", function()
    local path = "/v3/templates/" .. template
    assert(client.templates:generate(template, {
      variables = {},
      dimension = { width = 1280, height = 720 },
      fps = 30,
    }))
    refused("dimension", path, { variables = {}, dimension = { width = 720, height = 1280 } })
    for _, case in ipairs {
      { "fps", { fps = 29 } },
      { "dimension.width", { dimension = { width = 1281, height = 720 } } },
      { "dimension.height", { dimension = { width = 8192, height = 4608 } } },
    } do
      case[2].variables = {}
      refused(case[1], path, case[2])
      assert.equal("invalid", live.failure(client.templates:generate(template, case[2])).kind)
    end
  end)

  it("a repeated key gives the video of a template as it was when it was made", function()
    local fields = { variables = {}, idempotency_key = "key-1" }
    local first = assert(client.templates:generate(template, fields))
    done()
    assert.equal("completed", assert(client.videos:get(first)).status)
    assert.same(first, assert(client.templates:generate(template, fields)))
  end)

  it("uploads may be subtitles, and direct ones archives", function()
    local asset = assert(client.assets:create { file = { data = SRT, filename = "a.srt" } })
    assert.equal("application/x-subrip", asset.mime_type)
    asset = assert(client.assets:upload { data = ZIP, filename = "project.zip" })
    assert.equal("application/zip", asset.mime_type)
  end)

  it("removals of filler words end with events of their own", function()
    assert(client.webhooks:create_endpoint {
      url = "http://127.0.0.1:9/",
      events = { "filler_word_removal.success" },
    })
    local made = assert(client.filler_word_removals:create { video = VIDEO })
    done()
    local events = assert(client.webhooks:events()).data
    assert.equal("filler_word_removal.success", events[1].event_type)
    assert.equal(made.filler_word_removal_id, events[1].event_data.filler_word_removal_id)
    local removal = assert(client.filler_word_removals:get(made))
    assert.is_true(removal.output_duration < removal.original_duration)
  end)
end)
