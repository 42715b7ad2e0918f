-- Waits for more than one job: all that a create has made, batches with their pages of items, several waits in tasks.
-- The simulator's clock stands still; each poll (on_progress) moves it on.
local core = require "heygen.core"
local heygen = require "heygen"
local job_types = require "heygen.wait.job_types"
local live = require "spec.support.live"
local support = require "spec.support.sim"

local check = live.check

local FILE = { url = "https://example.com/video.mp4" }
local GONE = { url = "https://gone.invalid/video.mp4" }
local NOW = { timeout = 0 } -- one poll

describe("waiting for", function()
  local sim, client, events

  setup(function()
    sim = support.start { speed = 0 }
    client = live.client(sim)
  end)

  teardown(function()
    sim:stop()
  end)

  before_each(function()
    sim:reset()
    events = {}
  end)

  local function moving(step, changes)
    return live.moving(sim, events, step, changes)
  end

  -- An answer that the simulator does not give by itself.
  local function answer(path, data)
    sim:faults { { path = path, body = assert(core.encode { data = data }) } }
  end

  -- How often each path was asked for, ids left out.
  local function asked(path)
    local count = 0
    for _, entry in ipairs(sim:requests()) do
      count = count + (entry.method == "GET" and entry.path:find(path, 1, true) and 1 or 0)
    end
    return count
  end

  describe("translations into several languages", function()
    local LANGUAGES = { "German", "French", "Polish" }

    local function create()
      return assert(client.video_translations:create { video = FILE, output_languages = LANGUAGES })
    end

    it("gives them all, and asks once for all of them", function()
      local made = create()
      local list = assert(client.video_translations:wait(made, moving(200)))
      for index, language in ipairs(LANGUAGES) do
        assert.equal(made.video_translation_ids[index], list[index].id)
        assert.equal(language, list[index].output_language)
        assert.equal("completed", list[index].status)
      end
      assert.same({ 0, 3, 0 }, { events[1].finished, events[1].total, events[1].progress })
      assert.same(
        { 3, 3, 100 },
        { events[#events].finished, events[#events].total, events[#events].progress }
      )
      assert.equal(#events, asked "/statuses")
      assert.equal(#events + 3, asked "/v3/video-translations")
    end)

    it("runs out with what is there, and is resumed", function()
      local made = create()
      local ids = made.video_translation_ids
      answer(
        "/v3/video-translations/" .. ids[2],
        { id = ids[2], status = "completed", output_language = "French" }
      )
      sim:faults { { path = "/v3/video-translations/statuses", status = 404 } } -- each by itself, then
      local err = live.failure(client.video_translations:wait(made, NOW))
      check(err, { kind = "timeout", retryable = true })
      assert.same(ids, err.video_translation_ids)
      assert.same({ nil, ids[2], nil }, { err.results[1], err.results[2].id, err.results[3] })
      assert.matches('2 of 3 translations are still "pending"', err.message, 1, true)
      for _, id in ipairs(ids) do
        assert.matches(id, tostring(err), 1, true)
      end
      sim:faults {}
      assert.equal(3, #assert(client.video_translations:wait(err, moving(400))))
    end)

    it("finds them in a list that writes their ids in another form", function()
      local made = create()
      local ids, entries = made.video_translation_ids, {}
      for index, id in ipairs(ids) do
        local shown = index == 1 and id:upper() or id:sub(1, 8) .. "-" .. id:sub(9)
        entries[index] = { [index == 3 and "id" or "video_translation_id"] = shown, status = "running" }
        assert.not_equal(id, shown)
      end
      answer("/v3/video-translations/statuses", entries)
      local err = live.failure(client.video_translations:wait(made, NOW))
      assert.matches('3 of 3 translations are still "running"', err.message, 1, true)
      assert.equal(1, asked "/v3/video-translations") -- none had to be asked about by itself
    end)

    it("tells which have failed, and loses none", function()
      local made = create()
      local ids = made.video_translation_ids
      sim:clock { advance = 3600 }
      sim:faults {
        {
          path = "/v3/video-translations/" .. ids[1],
          body = ('{"data":{"id":"%s","status":"failed","failure_message":"Too loud","failure_code":"loud"}}'):format(
            ids[1]
          ),
        },
      }
      assert(client.video_translations:delete(ids[3]))
      local err = live.failure(client.video_translations:wait(made, live.QUICK))
      check(err, { kind = "failed", status = 200, code = "loud", retryable = false })
      assert.matches(
        "^2 of 3 translations failed: " .. ids[1] .. ": the translation failed: Too loud; ",
        err.message
      )
      assert.same(ids, err.video_translation_ids)
      assert.equal(ids[2], err.results[2].id)
      assert.same({ nil, nil }, { err.results[1], err.results[3] })
      check(err.errors[1], { kind = "failed", code = "loud", video_translation_id = ids[1] })
      check(err.errors[3], { kind = "api", status = 404, video_translation_id = ids[3] })
    end)

    it("finds the reason of a failure in the list of statuses as well", function()
      answer("/v3/video-translations/statuses", {
        { video_translation_id = "b", status = "completed" },
        {
          video_translation_id = "a",
          status = "failed",
          error = { code = "no_audio_track", message = "it is silent" },
        },
      })
      answer("/v3/video-translations/a", { status = "failed" })
      answer("/v3/video-translations/b", { status = "completed" })
      local err = live.failure(client.video_translations:wait({ video_translation_ids = { "a", "b" } }, NOW))
      check(err, {
        kind = "failed",
        code = "no_audio_track",
        message = "1 of 2 translations failed: a: the translation failed: it is silent",
      })
      assert.equal("b", err.results[2].id)
      assert.equal("a", err.errors[1].video_translation_id)
    end)

    it("ends for all of them where the key is refused", function()
      local made = create()
      sim:faults { { path = "/v3/video-translations/**", status = 401 } }
      local err = live.failure(client.video_translations:wait(made, live.QUICK))
      check(err, { kind = "api", status = 401 })
      assert.same(made.video_translation_ids, err.video_translation_ids)
    end)

    it("continues through trouble", function()
      local made = create()
      sim:faults { { path = "/v3/video-translations/**", status = 503, times = 3 } }
      assert.equal(3, #assert(client.video_translations:wait(made, moving(200))))
      assert.equal(503, events[1].err.status)
      assert.is_nil(events[2].err)
    end)
  end)

  describe("a batch", function()
    -- 240 translations in three pages, and one that cannot be made.
    local function create()
      local list = {}
      for index = 1, 80 do
        list[index] = { video = FILE, output_languages = { "German", "French", "Polish" } }
      end
      list[#list + 1] = { video = GONE, output_languages = { "German" } }
      return assert(client.video_translations:create_batch { video_translations = list })
    end

    it("gives all items of all pages, failed ones among them", function()
      local made = create()
      local batch = assert(client.video_translations:wait_batch(made, moving(300)))
      assert.equal(made.batch_id, batch.batch_id)
      assert.same({ 241, 241, false }, { #batch.items, batch.total_items, batch.has_more })
      assert.is_nil(batch.next_token)
      assert.is_nil(batch:next())
      for index, item in ipairs(batch.items) do
        assert.equal(index - 1, item.item_index)
        assert.equal(index == 241 and "failed" or "completed", item.status)
      end
      assert.equal("download_failed", batch.items[241].error.code)
      assert.matches("^vt_", batch.items[1].video_translation_id)
      assert.same({ 1, 241, 0 }, { events[1].finished, events[1].total, events[1].progress })
      assert.same({ 241, 100 }, { events[#events].finished, events[#events].progress })
      assert.equal(240, events[#events].counts.completed)
      assert.equal(#events + 2, asked "/batches/")
    end)

    it("continues when a page does not come", function()
      local made = create()
      sim:clock { advance = 36000 }
      sim:faults { { path = "/v3/video-translations/batches/*", status = 503, times = 3, nth = 2 } }
      local quick = live.client(sim, { max_retries = 0 })
      local batch = assert(quick.video_translations:wait_batch(made, moving(1)))
      assert.equal(241, #batch.items)
      assert.equal(503, events[1].err.status)
    end)

    it("whose pages go in circles ends, though not at once", function()
      answer("/v3/videos/batches/b", {
        batch_id = "b",
        status = "completed",
        items = { { item_index = 0, status = "completed", video_id = "v" } },
        has_more = true,
        next_token = "T",
      })
      local err = live.failure(client.videos:wait_batch("b", live.QUICK))
      check(err, { kind = "parse", batch_id = "b" })
      assert.matches("does not advance", err.message)
      assert.equal("v", err.last.items[1].video_id)
      assert.equal(6, asked "/v3/videos/batches/b")
    end)

    it("runs out, and is resumed", function()
      local made = create()
      local err = live.failure(client.video_translations:wait_batch(made.batch_id, NOW))
      check(err, { kind = "timeout", batch_id = made.batch_id })
      assert.matches(("client.video_translations:wait_batch(%q)"):format(made.batch_id), err.message, 1, true)
      assert.equal(made.batch_id, assert(client.video_translations:wait_batch(err, moving(3000))).batch_id)
    end)

    it("that fails as a whole is a failure, with its items", function()
      sim:behaviour { video_fails = true, failure_code = "loud", failure_message = "Too loud" }
      local made = assert(client.lipsyncs:create_batch { lipsyncs = { { video = FILE, audio = FILE } } })
      local err = live.failure(client.lipsyncs:wait_batch(made, moving(400)))
      check(
        err,
        { kind = "failed", code = "loud", message = "the batch failed: Too loud", batch_id = made.batch_id }
      )
      assert.equal("failed", err.last.items[1].status)
      assert.matches("^ls_", err.last.items[1].lipsync_id)
    end)

    it("of videos, and of assets", function()
      local look = assert(client.avatars:looks { limit = 1 }).data[1]
      local video = { type = "avatar", avatar_id = look.id, script = "Hello" }
      local made = assert(client.videos:create_batch { videos = { video, video } })
      local batch = assert(client.videos:wait_batch(made, moving(400)))
      assert.equal("completed", assert(client.videos:get(batch.items[2].video_id)).status)
      made = assert(client.assets:create_direct_upload_batch {
        files = { { filename = "a.png", content_type = "image/png", size_bytes = 9 } },
      })
      local err = live.failure(client.assets:wait_batch(made, NOW))
      check(err, { kind = "timeout", batch_id = made.batch_id })
      assert.equal(made.items[1].asset_id, err.last.items[1].asset_id)
    end)

    it("that is unknown ends the wait", function()
      for group in pairs(job_types.batches) do
        local err = live.failure(client[group]:wait_batch("nowhere", live.QUICK))
        check(err, { kind = "api", status = 404, batch_id = "nowhere" })
      end
    end)
  end)

  it("a list with something in it that is no id is refused, as a job left out would be lost", function()
    for _, odd in ipairs { "", 7, {} } do
      local err = live.failure(client.lipsyncs:wait({ lipsync_ids = { "a", odd } }, live.QUICK))
      check(err, { kind = "invalid", sent = "no" })
      assert.matches("lipsync_ids[2]: expected a lipsync_id", err.message, 1, true)
    end
    assert.equal(0, #sim:requests())
  end)

  it("several things at once, in tasks, until one is cancelled and the client closed", function()
    local other = live.client(sim)
    local made = assert(other.lipsyncs:create { video = FILE, audio = FILE })
    local seen = {} -- a poll is over when its progress was emitted, not when the server was asked
    local function slow(name)
      return {
        interval = 60,
        on_progress = function(event)
          seen[name] = event
        end,
      }
    end
    local cancelled, closed
    heygen.run(function()
      local first = heygen.spawn(function()
        cancelled = live.failure(other.lipsyncs:wait(made, slow "one"))
      end)
      heygen.spawn(function()
        local both = { video_translation_ids = { "a", "b" } }
        closed = live.failure(other.video_translations:wait(both, slow "both"))
      end)
      sim:faults {
        { path = "/v3/video-translations/statuses", body = '{"data":[{"video_id":"a","status":"running"}]}' },
      }
      answer("/v3/video-translations/b", { id = "b", status = "completed" })
      live.until_true(function()
        return seen.one and seen.both
      end)
      first:cancel()
      other:close()
    end)
    check(cancelled, { kind = "cancelled", lipsync_id = made.lipsync_id })
    assert.matches("the lip sync continues at the service", cancelled.message, 1, true)
    assert.equal(1, seen.both.finished)
    check(closed, { kind = "closed" })
    assert.same({ "a", "b" }, closed.video_translation_ids)
    assert.equal("b", closed.results[2].id)
  end)
end)
