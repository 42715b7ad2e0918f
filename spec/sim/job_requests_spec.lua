-- Work on media that exists: how it proceeds, what comes out of it, batches, proofreads.
local support = require "spec.support.sim_model"
local icons = require "heygen.sim.media.icons"
local world = require "spec.support.world"

local FILE = { type = "url", url = "https://example.com/a.mp4" }

describe("work on media", function()
  local sim

  before_each(function()
    sim = support.new { behaviour = { concurrency = 0 } }
  end)

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

  local function upload(bytes)
    local _, value = sim:ask("POST", "/v3/assets", world.upload(bytes))
    return value.data.asset_id
  end

  local function fetch(url)
    local status, _, response = sim:ask("GET", url:match "^http://[^/]+(.*)$", nil, { ["x-api-key"] = false })
    return response.body, status
  end

  -- path, body, the key of the id in the answer, the status while it runs, what there is besides get and create
  local KINDS = {
    { "/v3/lipsyncs", { video = FILE, audio = FILE, title = "x" }, "lipsync_id", "running", {} },
    { "/v3/ai-clipping", { video = FILE, title = "x" }, "job_id", "running", {} },
    { "/v3/background-removals", { video = FILE }, "id", "processing", { deleted = true } },
    { "/v3/filler-word-removals", { video = FILE, title = "x" }, "filler_word_removal_id", "running" },
    {
      "/v3/video-translations",
      { video = FILE, output_languages = { "German" }, title = "x" },
      "video_translation_ids",
      "running",
      {},
    },
  }

  for _, kind in ipairs(KINDS) do
    local path, body, key, running, on_delete = kind[1], kind[2], kind[3], kind[4], kind[5]

    it("goes its way: " .. path, function()
      local made = must("POST", path, body)[key]
      local id = type(made) == "table" and made[1] or made
      local one = path .. "/" .. id
      local work = must("GET", one)
      assert.same({ id, "pending", body.title }, { work.id, work.status, work.title })
      sim.model.clock:advance(61)
      assert.equal(running, must("GET", one).status)
      sim.model.clock:advance(540)
      work = must("GET", one)
      assert.equal("completed", work.status)
      assert.equal(10, work.duration or work.output_duration or work.clips[1].duration_seconds)
      local url = work.video_url or work.layers and work.layers.foreground or work.clips[1].video_url
      assert.equal("ftyp", fetch(url):sub(5, 8))
      if not on_delete then
        return
      end
      assert.equal(id, must("GET", path)[1].id)
      on_delete.id = id
      assert.same(on_delete, must("DELETE", one))
      refused(404, "resource_not_found", "GET", one)
      refused(404, "resource_not_found", "DELETE", one)
      assert.same({}, must("GET", path))
      assert.equal(404, select(2, fetch(url)))
    end)

    it("fails, waits and costs like any other: " .. path, function()
      sim.model:behave { video_fails = true }
      local made = must("POST", path, body)[key]
      sim.model.clock:advance(601)
      local work = must("GET", path .. "/" .. (type(made) == "table" and made[1] or made))
      assert.same(
        { "failed", "The video could not be rendered." },
        { work.status, work.failure_message or work.error }
      )
      assert.equal(100, must("GET", "/v3/users/me").wallet.remaining_balance)
      sim.model:behave { concurrency = 1, video_fails = false }
      must("POST", path, body)
      refused(429, "rate_limit_exceeded", "POST", path, body)
      refused(429, "rate_limit_exceeded", "POST", "/v3/video-agents", { prompt = "x" })
      sim.model.clock:advance(601)
      local price = path:find "filler" and 0.3 or 0.333 -- the first is for a minute at least
      assert.equal(100 - price, must("GET", "/v3/users/me").wallet.remaining_balance)
    end)
  end

  it("has subtitles where they were asked for, and the sound alone", function()
    for _, asked in ipairs { false, true } do
      local body = { video = FILE, output_languages = { "Spanish (Spain)" }, enable_caption = asked }
      local id = must("POST", "/v3/video-translations", body).video_translation_ids[1]
      local sync = { video = FILE, audio = FILE, enable_caption = asked }
      local other = must("POST", "/v3/lipsyncs", sync).lipsync_id
      sim.model.clock:advance(601)
      local work = must("GET", "/v3/video-translations/" .. id)
      assert.is_false(work.translate_audio_only)
      assert.equal("RIFF", fetch(work.audio_url):sub(1, 4))
      local lipsync = must("GET", "/v3/lipsyncs/" .. other)
      if asked then
        assert.matches("^1\r\n00:00:00,000 ", (fetch(work.srt_caption_url)))
        assert.matches("^WEBVTT\r\n\r\n1\r\n00:00:00%.000 ", (fetch(work.vtt_caption_url)))
        assert.matches("^1\r\n", (fetch(lipsync.caption_url)))
      else
        assert.same({}, { work.srt_caption_url, work.vtt_caption_url, lipsync.caption_url })
      end
    end
  end)

  it("makes clips of the form and the lengths that were asked for", function()
    local function clips_of(settings)
      local id = must("POST", "/v3/ai-clipping", { video = FILE, output_settings = settings }).job_id
      sim.model.clock:advance(601)
      local work = must("GET", "/v3/ai-clipping/" .. id)
      assert.is_nil(work.output_settings)
      local forms, lengths = {}, {}
      for i, each in ipairs(work.clips) do
        assert.equal("ftyp", fetch(each.video_url):sub(5, 8))
        forms[i], lengths[i] = each.aspect_ratio, each.duration_seconds
      end
      return table.concat(forms, " "), table.concat(lengths, " "), work
    end
    local forms, lengths = clips_of()
    assert.same({ "portrait portrait portrait", "10 10 10" }, { forms, lengths })
    forms, lengths = clips_of { aspect_ratio = "square", duration_types = { "30" } }
    assert.same({ "square square square", "30 30 30" }, { forms, lengths })
    local _, mixed, work = clips_of { duration_types = { "long", "60" } }
    assert.equal("300 60 300", mixed)
    assert.is_true(work.source_duration > 660)
    refused(400, "invalid_parameter", "POST", "/v3/ai-clipping", {
      video = FILE,
      output_settings = { duration_types = { "45" } },
    })
  end)

  it("gives the layers that were asked for", function()
    local function layers_of(layers)
      local id = must("POST", "/v3/background-removals", { video = FILE, layers = layers }).id
      sim.model.clock:advance(601)
      local names = {}
      for name, url in pairs(must("GET", "/v3/background-removals/" .. id).layers) do
        assert.equal("ftyp", fetch(url):sub(5, 8))
        names[#names + 1] = name
      end
      table.sort(names)
      return table.concat(names, " ")
    end
    assert.equal("background foreground mask", layers_of())
    assert.equal("mask", layers_of { "mask" })
    for _, wrong in ipairs { { "nonsense" }, { "mask", "Mask" }, "mask", {} } do
      refused(400, "invalid_parameter", "POST", "/v3/background-removals", { video = FILE, layers = wrong })
    end
  end)

  it("cuts filler words out", function()
    local id = must("POST", "/v3/filler-word-removals", { video = FILE }).filler_word_removal_id
    local one = "/v3/filler-word-removals/" .. id
    assert.is_true(must("GET", one).progress < 100)
    assert.is_nil(must("GET", one).num_cuts)
    sim.model.clock:advance(601)
    local work = must("GET", one)
    assert.equal(100, work.progress)
    assert.is_true(work.num_cuts > 0)
    local gone = 100 * (work.original_duration - work.output_duration) / work.original_duration
    assert.is_true(gone > 0)
    assert.equal(gone, work.reduction_pct)
    assert.equal("ftyp", fetch(work.video_url):sub(5, 8))
    assert.equal("\255\216", fetch(work.thumbnail_url):sub(1, 2))
    refused(404, "resource_not_found", "GET", "/v3/filler-word-removals/x")
    refused(405, "method_not_allowed", "DELETE", one)
  end)

  it("knows the languages by their full names", function()
    local known = {}
    for _, name in ipairs(must("GET", "/v3/video-translations/languages").languages) do
      known[name] = true
    end
    assert.is_true(known["Spanish (Spain)"] and known["Chinese (Cantonese, Traditional)"])
    for _, path in ipairs { "/v3/video-translations", "/v3/video-translations/proofreads" } do
      for _, wrong in ipairs { "Klingon", "german", "de", "" } do
        local body = { video = FILE, output_languages = { "German", wrong }, title = "x" }
        local status, value = sim:ask("POST", path, body)
        assert.same({ 400, "output_languages[1]" }, { status, value.error.param })
      end
    end
    local batch = must("POST", "/v3/video-translations/batches", {
      video_translations = {
        { video = FILE, output_languages = { "Klingon" } },
        { video = FILE, output_languages = { "German" } },
      },
    }).batch_id
    local items = must("GET", "/v3/video-translations/batches/" .. batch).items
    assert.same({ "failed", "invalid_parameter" }, { items[1].status, items[1].error.code })
    assert.equal("queued", items[2].status)
  end)

  it("takes no base64, no null in place of a default, and frames of a sound that is given", function()
    local base64 = { type = "base64", media_type = "video/mp4", data = "AAAA" }
    for _, case in ipairs {
      { "/v3/lipsyncs", { video = base64, audio = FILE }, "video.type" },
      { "/v3/lipsyncs", { video = FILE, audio = base64 }, "audio.type" },
      { "/v3/ai-clipping", { video = base64 }, "video.type" },
      { "/v3/filler-word-removals", { video = base64 }, "video.type" },
      { "/v3/video-translations", { video = FILE, audio = base64 }, "audio.type" },
      { "/v3/video-translations", { video = FILE, srt = base64 }, "srt.type" },
      { "/v3/video-translations/proofreads", { video = base64 }, "video.type" },
      { "/v3/lipsyncs", { video = FILE, audio = FILE, mode = sim.model.json.null }, "mode" },
      { "/v3/video-translations", { video = FILE, enable_caption = sim.model.json.null }, "enable_caption" },
      { "/v3/video-translations", { video = FILE, fps_mode = "cfr" }, "fps_mode" },
      { "/v3/video-translations", { video = FILE, audio = FILE, fps_mode = "fast" }, "fps_mode" },
    } do
      local path, body = case[1], case[2]
      if path:find "translations" then
        body.output_languages, body.title = { "German" }, "x"
      end
      local status, value = sim:ask("POST", path, body)
      assert.same({ 400, case[3] }, { status, value.error.param }, path)
    end
    local fine = { video = FILE, audio = FILE, fps_mode = "cfr", output_languages = { "German" } }
    must("POST", "/v3/video-translations", fine)
    must("POST", "/v3/background-removals", { video = base64 })
  end)

  it("translates into several languages at once", function()
    local ids = must("POST", "/v3/video-translations", {
      video = FILE,
      output_languages = { "German", "Polish" },
      folder_id = "f",
    }).video_translation_ids
    assert.equal(2, #ids)
    local second = must("GET", "/v3/video-translations/" .. ids[2])
    assert.equal("Polish", second.output_language)
    assert.equal("New", must("PATCH", "/v3/video-translations/" .. ids[2], { title = "New" }).title)
    refused(404, "resource_not_found", "PATCH", "/v3/video-translations/x", { title = "New" })
    local languages = must("GET", "/v3/video-translations/languages")
    assert.is_truthy(table.concat(languages.languages, ","):find("German", 1, true))
  end)

  it("comes in batches", function()
    sim.model:behave { concurrency = 2 }
    local one = { video = FILE, audio = FILE }
    local lost = { video = { type = "asset_id", asset_id = "nothing" }, audio = FILE }
    local id =
      must("POST", "/v3/lipsyncs/batches", { lipsyncs = { one, one, lost, one }, title = "Four" }).batch_id
    local batch = must("GET", "/v3/lipsyncs/batches/" .. id)
    assert.equal("processing", batch.status)
    assert.equal(4, batch.total_items)
    assert.equal("asset_not_found", batch.items[3].error.code)
    sim.model.clock:advance(601)
    batch = must("GET", "/v3/lipsyncs/batches/" .. id)
    assert.same({ completed = 2, failed = 1, queued = 1 }, batch.counts_by_status)
    sim.model.clock:advance(601)
    assert.equal("completed", must("GET", "/v3/lipsyncs/batches/" .. id).status)
    local first = batch.items[1].video_id
    local statuses = must("GET", "/v3/lipsyncs/statuses?lipsync_ids=" .. first .. ",nothing&batch_ids=" .. id)
    assert.equal(6, #statuses)
    assert.same({ "completed", "not_found" }, { statuses[1].status, statuses[2].status })
    assert.equal(first, statuses[3].video_id)
    local several = must("POST", "/v3/video-translations/batches", {
      video_translations = { { video = FILE, output_languages = { "German", "Polish" } } },
    }).batch_id
    assert.equal(2, must("GET", "/v3/video-translations/batches/" .. several).total_items)
    refused(404, "resource_not_found", "GET", "/v3/lipsyncs/batches/" .. several)
  end)

  it("is not done twice for one request_id", function()
    local body = { video = FILE, request_id = "mine" }
    local id = must("POST", "/v3/background-removals", body).id
    assert.equal(id, must("POST", "/v3/background-removals", body).id)
    body.request_id = "other"
    assert.are_not.equal(id, must("POST", "/v3/background-removals", body).id)
  end)

  it("can be proofread", function()
    local id = must("POST", "/v3/video-translations/proofreads", {
      video = FILE,
      output_languages = { "German" },
      title = "Mine",
    }).proofread_ids[1]
    local path = "/v3/video-translations/proofreads/" .. id
    assert.equal("processing", must("GET", path).status)
    refused(409, "resource_not_ready", "GET", path .. "/srt")
    refused(409, "resource_not_ready", "POST", path .. "/generate", {})
    sim.model.clock:advance(601)
    assert.equal("completed", must("GET", path).status)
    assert.matches("^1\r\n00:00:00,000", (fetch(must("GET", path .. "/srt").srt_url)))
    must("PUT", path .. "/srt", { srt = { type = "url", url = "https://example.com/a.srt" } })
    local srt = "1\n00:00:00,000 --> 00:00:01,000\nGuten Tag\n"
    local file = { type = "asset_id", asset_id = upload(srt) }
    local corrected = must("PUT", path .. "/srt", { srt = file })
    assert.same({ id, "completed", "German" }, { corrected.id, corrected.status, corrected.output_language })
    assert.is_nil(corrected.srt_url)
    assert.equal(srt, fetch(must("GET", path .. "/srt").srt_url))
    file.asset_id = upload(icons.png(4, "abc"))
    refused(400, "invalid_parameter", "PUT", path .. "/srt", { srt = file })
    local options = { captions = true, translate_audio_only = true }
    local translation = must("POST", path .. "/generate", options).video_translation_id
    sim.model.clock:advance(601)
    local made = must("GET", "/v3/video-translations/" .. translation)
    assert.same({ "German", "Mine", true }, { made.output_language, made.title, made.translate_audio_only })
    assert.equal(srt, fetch(made.srt_caption_url))
    refused(404, "resource_not_found", "GET", "/v3/video-translations/proofreads/x")
  end)
end)
