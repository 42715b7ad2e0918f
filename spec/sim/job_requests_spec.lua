-- Work on media that exists: how it proceeds, what comes out of it, batches, proofreads.
local support = require "spec.support.sim_model"
local text = require "heygen.sim.core.text"

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

  local function fetch(url)
    local status, _, response = sim:ask("GET", url:match "^http://[^/]+(.*)$", nil, { ["x-api-key"] = false })
    return response.body, status
  end

  -- path, body, the key of the id in the answer, the status while it runs
  local KINDS = {
    { "/v3/lipsyncs", { video = FILE, audio = FILE, title = "x" }, "lipsync_id", "running" },
    { "/v3/ai-clipping", { video = FILE, title = "x" }, "job_id", "running" },
    { "/v3/background-removals", { video = FILE }, "id", "processing" },
    {
      "/v3/video-translations",
      { video = FILE, output_languages = { "German" }, title = "x" },
      "video_translation_ids",
      "running",
    },
  }

  for _, kind in ipairs(KINDS) do
    local path, body, key, running = kind[1], kind[2], kind[3], kind[4]

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
      assert.equal(10, work.duration or work.clips[1].duration_seconds)
      local url = work.video_url or work.layers and work.layers.foreground or work.clips[1].video_url
      assert.equal("ftyp", fetch(url):sub(5, 8))
      assert.equal(id, must("GET", path)[1].id)
      assert.same({ id = id, deleted = true }, must("DELETE", one))
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
      assert.equal(99.667, must("GET", "/v3/users/me").wallet.remaining_balance)
    end)
  end

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
    local srt = "1\n00:00:00,000 --> 00:00:01,000\nGuten Tag\n"
    local file = { type = "base64", media_type = "application/x-subrip", data = text.base64(srt) }
    local corrected = must("PUT", path .. "/srt", { srt = file })
    assert.equal(srt, fetch(corrected.srt_url))
    assert.equal(srt, fetch(must("GET", path .. "/srt").srt_url))
    file.data = text.base64 "no subtitles"
    refused(400, "invalid_parameter", "PUT", path .. "/srt", { srt = file })
    must("PUT", path .. "/srt", { srt = { type = "url", url = "https://example.com/a.srt" } })
    local translation = must("POST", path .. "/generate", {}).video_translation_id
    local made = must("GET", "/v3/video-translations/" .. translation)
    assert.same({ "German", "Mine" }, { made.output_language, made.title })
    refused(404, "resource_not_found", "GET", "/v3/video-translations/proofreads/x")
  end)
end)
