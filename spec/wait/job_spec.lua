-- Waits for everything that is no video: each kind of job ends well, fails with its reason, runs out and is resumed,
-- against the simulator. Its clock stands still; each poll (on_progress) moves it on.
local core = require "heygen.core"
local job_types = require "heygen.wait.job_types"
local live = require "spec.support.live"
local scripts = require "spec.support.scripts"
local support = require "spec.support.sim"

local check = live.check

local FILE = { url = "https://example.com/video.mp4" }
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

  -- Each kind: how one is made, and which id is that of the job.
  local KINDS = {
    {
      group = "video_translations",
      path = "/v3/video-translations/",
      create = function()
        local made = client.video_translations:create { video = FILE, output_languages = { "German" } }
        return assert(made).video_translation_ids[1]
      end,
    },
    {
      group = "video_translations",
      method = "wait_proofread",
      id = "proofread_id",
      path = "/v3/video-translations/proofreads/",
      create = function()
        local fields = { video = FILE, output_languages = { "German" }, title = "x" }
        return assert(client.video_translations:create_proofread(fields)).proofread_ids[1]
      end,
    },
    {
      group = "lipsyncs",
      path = "/v3/lipsyncs/",
      create = function()
        return assert(client.lipsyncs:create { video = FILE, audio = FILE })
      end,
    },
    {
      group = "hyperframes",
      path = "/v3/hyperframes/renders/",
      create = function()
        return assert(client.hyperframes:create_render { project = FILE })
      end,
    },
    {
      group = "ai_clipping",
      path = "/v3/ai-clipping/",
      create = function()
        return assert(client.ai_clipping:create { video = FILE })
      end,
    },
    {
      group = "filler_word_removals",
      path = "/v3/filler-word-removals/",
      create = function()
        return assert(client.filler_word_removals:create { video = FILE })
      end,
    },
    {
      group = "background_removals",
      path = "/v3/background-removals/",
      create = function()
        return assert(client.background_removals:create { video = FILE })
      end,
    },
    {
      group = "voices",
      path = "/v3/voices/",
      never_fails = true,
      create = function()
        return assert(client.voices:clone { audio = FILE, voice_name = "Mine" })
      end,
    },
    {
      group = "avatars",
      path = "/v3/avatars/",
      never_fails = true,
      create = function()
        return assert(client.avatars:create { type = "photo", name = "Me", file = FILE }).avatar_group
      end,
    },
    {
      group = "avatars",
      method = "wait_look",
      path = "/v3/avatars/looks/",
      never_fails = true,
      create = function()
        return assert(client.avatars:create { type = "photo", name = "Me", file = FILE }).avatar_item
      end,
    },
  }

  KINDS[#KINDS + 1] = {
    group = "models",
    method = "wait_video",
    path = "/v3/models/videos/",
    create = function()
      local body = { model = "heygen-video-1", mode = "text_to_video", prompt = "A tree in the wind" }
      return assert(client:request { method = "POST", path = "/v3/models/videos", json = body }).data
    end,
  }

  local function row_of(case)
    for _, row in ipairs(job_types.rows) do
      if row.group == case.group and row.method == (case.method or "wait") then
        return row
      end
    end
  end

  for _, case in ipairs(KINDS) do
    local row = assert(row_of(case))

    local function wait(target, options)
      local group = client[case.group]
      return group[row.method](group, target, options)
    end

    describe(("client.%s:%s"):format(case.group, row.method), function()
      it("gives what is done, named in every way", function()
        local made = case.create()
        local done = assert(wait(made, moving(200)))
        assert.is_true(row.done[done.status])
        assert.is_true(#events >= 2)
        local id = events[1][row.id]
        assert.equal(id, done[row.id] or done.id)
        assert.equal(100, events[#events].progress)
        for _, target in ipairs { made, id, { [row.id] = id }, { id = id } } do
          local again = assert(wait(target, NOW))
          assert.equal(id, again[row.id] or again.id)
        end
      end)

      it("runs out, and is resumed", function()
        local made = case.create()
        local err = check(live.failure(wait(made, NOW)), { kind = "timeout", sent = "yes", retryable = true })
        local id = err[row.id]
        assert.equal("string", type(id))
        assert.matches(row.noun .. " is still", err.message, 1, true)
        assert.matches(('client.%s:%s("%s")'):format(case.group, row.method, id), err.message, 1, true)
        assert.matches(row.id .. " " .. id, tostring(err), 1, true)
        assert.equal(id, err.last[row.id] or err.last.id)
        sim:clock { advance = 3600 }
        assert(wait(err, NOW))
      end)

      it("ends with a 404, and with a refusal", function()
        local err = live.failure(wait("nowhere", live.QUICK))
        check(err, { kind = "api", status = 404, sent = "yes", [row.id] = "nowhere", attempts = 1 })
        sim:faults { { status = 403, path = case.path .. "*" } }
        check(live.failure(wait("x", live.QUICK)), { kind = "api", status = 403, [row.id] = "x" })
      end)

      it("continues through trouble and through an unknown status", function()
        local made = case.create()
        sim:faults {
          { path = case.path .. "*", status = 503, times = 3 },
          { path = case.path .. "*", body = '{"data":{"status":"polishing"}}', times = 2 },
        }
        assert(wait(made, moving(200)))
        assert.equal("api", events[1].err.kind)
        assert.equal("polishing", events[2].status)
        assert.is_nil(events[2].err)
      end)

      it("survives whatever types the service sends", function()
        for _, status in ipairs { "7", "{}", "[]", "true", '""', "null", '"failed"' } do
          for _, reason in ipairs { "7", "{}", "true", '""', "null", '{"message":5,"code":[]}' } do
            sim:faults {}
            local body =
              '{"data":{"id":5,"status":%s,"failure_message":%s,"failure_code":%s,"error":%s,"progress":"x"}}'
            sim:faults { { path = case.path .. "*", body = body:format(status, reason, reason, reason) } }
            local value, message, err = wait("x", NOW)
            if not value then
              check(live.failure(value, message, err), { [row.id] = "x" })
            end
          end
        end
      end)

      if not case.never_fails then
        it("fails with the reason, and carries no key", function()
          sim:behaviour { video_fails = true, failure_message = "Out of video. " .. live.KEY }
          local made = case.create()
          local err = live.failure(wait(made, moving(400)))
          check(err, { kind = "failed", status = 200, sent = "yes", retryable = false })
          assert.equal(row.noun .. " failed: Out of video. [hidden]", err.message)
          assert.equal(err[row.id], err.last[row.id] or err.last.id)
          assert.equal(0, live.find(err, live.KEY))
          assert.equal("failed", events[#events].status)
        end)
      end
    end)
  end

  it("what fails in ways of its own", function()
    local function fails(path, group, data, wanted)
      sim:faults {}
      answer(path, data)
      check(live.failure(client[group]:wait("x", live.QUICK)), { kind = "failed", status = 200 })
      check(live.failure(client[group]:wait("x", live.QUICK)), wanted)
    end
    fails("/v3/ai-clipping/x", "ai_clipping", { id = "x", status = "cancelled" }, {
      message = "the clipping job was cancelled",
      code = "cancelled",
      job_id = "x",
    })
    fails(
      "/v3/background-removals/x",
      "background_removals",
      { id = "x", status = "deleted", error = "Old" },
      {
        message = "the background removal was deleted: Old",
        job_id = "x",
      }
    )
    fails(
      "/v3/avatars/x",
      "avatars",
      { id = "x", status = "failed", error = { code = "c", message = "Blurred" } },
      {
        message = "the avatar failed: Blurred",
        code = "c",
        group_id = "x",
      }
    )
    fails("/v3/voices/x", "voices", { status = "failed" }, {
      message = "the voice failed: the service gives no reason",
      voice_id = "x",
    })
    fails("/v3/lipsyncs/x", "lipsyncs", { status = "failed", failure_code = "no_audio_track" }, {
      message = "the lip sync failed: no_audio_track",
      code = "no_audio_track",
    })
  end)

  it("what is no id, is refused", function()
    local before = live.sent(sim)
    for _, row in ipairs(job_types.rows) do
      local group = client[row.group]
      local ok, raised = pcall(group[row.method], group, 7)
      assert.is_false(ok)
      assert.matches(("%s:%s: expected a %s"):format(row.group, row.method, row.id), raised, 1, true)
      for _, target in ipairs { {}, { id = "" }, { [row.id] = 5 }, { [row.list] = {} }, { [row.list] = { 7 } } } do
        check(live.failure(group[row.method](group, target)), { kind = "invalid", sent = "no" })
      end
      ok, raised = pcall(group[row.method], group, "x", { timout = 1 })
      assert.is_false(ok)
      assert.matches('timout: unknown option, did you mean "timeout"?', raised, 1, true)
      assert.is_false((pcall(group[row.method])))
    end
    for group in pairs(job_types.batches) do
      local ok, raised = pcall(client[group].wait_batch, client[group], nil)
      assert.is_false(ok)
      assert.matches(group .. ":wait_batch: expected a batch_id", raised, 1, true)
      check(live.failure(client[group]:wait_batch {}), { kind = "invalid", sent = "no" })
    end
    for _, case in ipairs { -- and what another method waits for, names that
      { "lipsyncs", "wait", { session_id = "s" }, "; client:wait waits for this" },
      {
        "lipsyncs",
        "wait",
        { batch_id = "b", items = {} },
        "; for a batch there is wait_batch in its group",
      },
      { "videos", "wait", { batch_id = "b" }, "; for a batch there is wait_batch in its group" },
      { "videos", "wait", { lipsync_id = "l" }, "; client.lipsyncs:wait waits for this" },
      {
        "videos",
        "wait_batch",
        { video_translation_ids = { "t" } },
        "; client.video_translations:wait waits for this",
      },
      {
        "voices",
        "wait",
        { job_id = "j" },
        "; client.ai_clipping:wait or client.background_removals:wait waits for this",
      },
    } do
      local group = client[case[1]]
      local err = check(live.failure(group[case[2]](group, case[3])), { kind = "invalid", sent = "no" })
      assert.equal(case[4], err.message:match ";.*$")
    end
    assert.equal(before, live.sent(sim))
    local _, raised = pcall(function()
      client.lipsyncs:wait(7)
    end)
    assert.matches("^spec/wait/job_spec%.lua:%d+: client.lipsyncs:wait: ", raised)
    _, raised = pcall(function()
      client.videos:wait_batch(7)
    end)
    assert.matches("^spec/wait/job_spec%.lua:%d+: client.videos:wait_batch: ", raised)
  end)

  describe("a video", function()
    it("of videos:create, and of a template", function()
      local looks = assert(client.avatars:looks { limit = 1 }).data
      local made = assert(client.videos:create { type = "avatar", avatar_id = looks[1].id, script = "Hello" })
      local video = assert(client.videos:wait(made, moving(300)))
      assert.equal(made.video_id, video.id)
      assert.equal("completed", video.status)
      local template = assert(client.templates:list()).data[1]
      made = assert(client.templates:generate(template, { variables = {} }))
      video = assert(client.templates:wait(made, moving(300)))
      assert.equal(made.id or made.video_id, video.id)
      assert.equal("completed", video.status)
      assert.equal(video.id, assert(client:wait(made, NOW)).id)
    end)
  end)

  describe("an avatar", function()
    it("that was just made gives its avatar look", function()
      local made = assert(client.avatars:create { type = "photo", name = "Me", file = FILE })
      local err = live.failure(client.avatars:wait(made, NOW))
      check(err, { kind = "timeout", look_id = made.avatar_item.id })
      local look = assert(client.avatars:wait(err, moving(40)))
      assert.equal(made.avatar_item.id, look.id)
      assert.equal("photo_avatar", look.avatar_type)
      assert.equal(look.id, assert(client.avatars:wait(look, NOW)).id)
      assert.equal(made.avatar_group.id, assert(client.avatars:wait(made.avatar_group, NOW)).id)
    end)

    it("that waits for consent says so, and continues when it is there", function()
      local made = assert(client.avatars:create { type = "digital_twin", name = "Me", file = FILE })
      local err = live.failure(client.avatars:wait(made.avatar_group.id, moving(40)))
      check(err, { kind = "input_needed", status = 200, group_id = made.avatar_group.id })
      assert.matches("client.avatars:consent", err.message, 1, true)
      assert.equal(2, #events)
      assert(client.avatars:consent(made.avatar_group, { consent_text = "I agree" }))
      assert.equal("completed", assert(client.avatars:wait(err, moving(40))).status)
    end)

    it("of the catalogue is ready", function()
      local public = assert(client.avatars:list { ownership = "public", limit = 1 }).data[1]
      assert.is_nil(assert(client.avatars:wait(public, NOW)).status)
    end)
  end)

  describe("voices", function()
    it("without a status are ready, unless they are the account's own", function()
      local function give(type_name)
        sim:faults {}
        sim:faults { { path = "/v3/voices/v1", body = '{"data":{"type":"' .. type_name .. '"}}' } }
      end
      give "public"
      assert.equal("v1", assert(client.voices:wait("v1", NOW)).voice_id)
      give "private"
      assert.equal("timeout", live.failure(client.voices:wait("v1", NOW)).kind)
    end)

    it("that were found are all given", function()
      local made = assert(client.voices:create { prompt = "An old sailor" })
      local voices = assert(client.voices:wait(made, moving(40)))
      assert.equal(#made.voices, #voices)
      assert.equal(made.voices[1].voice_id, voices[1].voice_id)
    end)
  end)

  describe("an asset", function()
    local PNG = "\137PNG\r\n\26\n" .. ("\0"):rep(40)

    local function put(data)
      local slot = assert(client.assets:create_direct_upload {
        filename = "a.png",
        content_type = "image/png",
        size_bytes = #data,
      })
      local lines = { ("PUT %s HTTP/1.0"):format(slot.upload_url:match "^http://[^/]+(.*)$") }
      for name, value in pairs(slot.upload_headers) do
        lines[#lines + 1] = name .. ": " .. value
      end
      lines[#lines + 1] = "Content-Length: " .. #data
      assert.matches("^HTTP/1.%d 200", (sim:all(table.concat(lines, "\r\n") .. "\r\n\r\n" .. data)))
      return slot
    end

    it("of a direct upload gives it when it is ready", function()
      local slot = put(PNG)
      check(live.failure(client.assets:wait(slot, NOW)), { kind = "timeout", asset_id = slot.asset_id })
      local made = assert(client.assets:complete(slot.asset_id))
      local asset = assert(client.assets:wait(made, moving(1.5)))
      assert.equal(slot.asset_id, asset.id)
      assert.equal("image", asset.type)
      assert.equal("processing", events[1].status)
      assert.equal("completed", events[#events].status)
    end)

    it("that is none of what the service takes fails", function()
      local slot = put(("no picture"):rep(9))
      assert(client.assets:complete(slot.asset_id))
      local err = live.failure(client.assets:wait(slot, moving(1.5)))
      check(err, { kind = "failed", code = "invalid_parameter", asset_id = slot.asset_id })
      assert.equal("the asset failed: The file is of no supported type", err.message)
    end)

    it("that is unknown ends the wait", function()
      local err = live.failure(client.assets:wait("nowhere", live.QUICK))
      check(err, { kind = "api", status = 404, code = "not_found", asset_id = "nowhere" })
    end)
  end)

  it("each of them is a method that the types and docs/workflow.md have, and no other is", function()
    local known = { "templates:wait", "videos:wait" }
    for _, row in ipairs(job_types.rows) do
      known[#known + 1] = row.group .. ":" .. row.method
    end
    for group in pairs(job_types.batches) do
      known[#known + 1] = group .. ":wait_batch"
    end
    table.sort(known)
    local typed, text = {}, scripts.read "docs/workflow.md"
    for name in scripts.read("types/heygen/waits.lua"):gmatch "\nfunction ([%w_]+:[%w_]+)%(" do
      typed[#typed + 1] = name
    end
    table.sort(typed)
    assert.same(known, typed)
    for _, name in ipairs(known) do
      local group, method = name:match "^(.-):(.*)$"
      assert.is_function(client[group][method], name)
      local written = text:find("`client." .. name .. "`", 1, true)
      assert.is_truthy(written or method == "wait_batch", name)
    end
    for _, row in ipairs(job_types.rows) do
      local line = text:match("\n(|[^\n]*`client%." .. row.group .. ":" .. row.method .. "`[^\n]*)")
      assert.matches("`" .. row.id .. "`", line, 1, true)
      for _, statuses in ipairs { row.done, row.failed } do
        for status in pairs(statuses) do
          assert.matches("`" .. status .. "`", line, 1, true, row.group)
        end
      end
    end
  end)
end)
