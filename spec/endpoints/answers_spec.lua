-- What the calls beyond the Video Agent make of answers and failures: what is repeated and what is not, empty answers
-- of a DELETE, ids that the service leaves out, groups that are loaded when they are used.
local account = require "spec.support.account"
local heygen = require "heygen"
local live = require "spec.support.live"
local support = require "spec.support.sim"

local FILE = { url = "https://example.com/video.mp4" }

describe("calls of all groups", function()
  local sim, client

  setup(function()
    sim = support.start { speed = 0, behaviour = { unknown_ids = "accepted" } }
    client = live.client(sim)
  end)

  teardown(function()
    sim:stop()
  end)

  before_each(function()
    sim:reset()
    sim:faults {}
  end)

  -- The next so many requests get this answer.
  local function answer(effect, times)
    sim:faults { times = times or 1, effect = effect }
  end

  it("are repeated where a second one sets the same again", function()
    local endpoint = assert(client.webhooks:create_endpoint { url = "https://example.com/a" })
    local lipsync = assert(client.lipsyncs:create { video = FILE, audio = FILE })
    local proofread = assert(client.video_translations:create_proofread {
      video = FILE,
      output_languages = { "German" },
      title = "x",
    })
    sim:clock { advance = 1000 }
    local before = live.sent(sim)
    local CALLS = {
      function()
        return client.webhooks:update_endpoint(endpoint, { url = "https://example.com/b" })
      end,
      function()
        return client.lipsyncs:update(lipsync, { title = "New" })
      end,
      function()
        return client.video_translations:update_proofread_srt(proofread.proofread_ids[1], { srt = FILE })
      end,
      function()
        return client.webhooks:delete_endpoint(endpoint)
      end,
    }
    for index, call in ipairs(CALLS) do
      answer({ status = 503 }, 2)
      assert(call())
      assert.equal(before + 3 * index, live.sent(sim))
      for _, request in ipairs(sim:requests(3)) do
        assert.is_nil(request.headers["idempotency-key"])
      end
    end
  end)

  it("are not repeated where something is made, said or changed for good", function()
    local endpoint = assert(client.webhooks:create_endpoint { url = "https://example.com/a" })
    local CALLS = {
      function()
        return client.webhooks:rotate_secret(endpoint)
      end,
      function()
        return client.videos:create { avatar_id = "a", script = "x" }
      end,
      function()
        return client.videos:create_batch { videos = { { avatar_id = "a", script = "x" } } }
      end,
      function()
        return client.voices:clone { audio = FILE, voice_name = "x" }
      end,
      function()
        return client.voices:speech { text = "x", voice_id = "v" }
      end,
      function()
        return client.templates:generate("t", { variables = {} })
      end,
      function()
        return client.hyperframes:create_render { project = FILE }
      end,
    }
    for _, call in ipairs(CALLS) do
      local before = live.sent(sim)
      answer { status = 503 }
      local err = live.failure(call())
      assert.same({ 503, "yes", false, 1 }, { err.status, err.sent, err.retryable, err.attempts })
      assert.equal(before + 1, live.sent(sim))
      assert.is_string(err.idempotency_key)
      sim:faults {}
    end
  end)

  it("of background removals have their idempotency key where the service reads it", function()
    sim:faults { match = { method = "POST" }, times = 1, effect = { status = 502, act = true } }
    local err = live.failure(client.background_removals:create { video = FILE })
    assert.same({ 502, 1 }, { err.status, err.attempts })
    local again = assert(client.background_removals:create {
      video = FILE,
      idempotency_key = err.idempotency_key,
    })
    local list = assert(client.background_removals:list()).data
    assert.same({ 1, again.id }, { #list, list[1].id })
    assert(client.background_removals:create { video = FILE })
    assert(client.background_removals:create { video = FILE, request_id = "mine" })
    assert(client.background_removals:create { video = FILE, request_id = "mine" })
    assert.equal(3, #assert(client.background_removals:list()).data)
  end)

  it("send an empty body as none", function()
    local endpoint = assert(client.webhooks:create_endpoint { url = "https://example.com/a" })
    local rotated = assert(client.webhooks:rotate_secret(endpoint))
    assert.are_not.equal(endpoint.secret, rotated.secret)
    local request = sim:requests(1)[1]
    assert.equal(0, request.body_bytes)
    assert.is_nil(request.headers["content-type"])
    assert.equal("0", request.headers["content-length"])
  end)

  it("understand every good answer of a DELETE", function()
    for _, body in ipairs { '{"data":{}}', '{"data":{},"error":null}', '{"error":null,"data":{}}' } do
      answer { status = 200, body = body }
      assert.same({}, assert(client.webhooks:delete_endpoint "ep_1"))
    end
    answer { status = 204, body = "" }
    assert.same({}, assert(client.webhooks:delete_endpoint "ep_1"))
    answer { status = 200, body = "" } -- as after a cut connection
    assert.equal("parse", live.failure(client.webhooks:delete_endpoint("ep_1", { max_retries = 0 })).kind)
    answer { status = 404 }
    local err = live.failure(client.webhooks:delete_endpoint "ep_1")
    assert.equal(404, err.status)
    assert.equal("ep_1", err.endpoint_id)
    -- The first was done, its answer lost: the second finds nothing, which is success.
    local endpoint = assert(client.webhooks:create_endpoint { url = "https://example.com/a" })
    sim:faults { match = { method = "DELETE" }, times = 1, effect = { status = 502, act = true } }
    assert.same(
      { id = endpoint.endpoint_id, deleted = true },
      assert(client.webhooks:delete_endpoint(endpoint))
    )
  end)

  it("understand that a change was made though the answer says nothing", function()
    for _, effect in ipairs { { status = 204, body = "" }, { status = 200, body = '{"data":null}' } } do
      answer(effect)
      assert.same({}, assert(client.avatars:delete("g1", { max_retries = 0 })))
      answer(effect)
      assert.same({ id = "l1" }, assert(client.lipsyncs:update("l1", { title = "x", max_retries = 0 })))
      answer(effect) -- but a create without its ids is none
      assert.equal("parse", live.failure(client.brand_kits:create { url = "https://example.com" }).kind)
      answer(effect)
      assert.equal("parse", live.failure(client.lipsyncs:get("l1", { max_retries = 0 })).kind)
    end
  end)

  it("that make something keep its ids when the answer is cut off", function()
    local CUT = {
      {
        '{"data":{"avatar_item":{"name":"n","group_id":"g_1","id":"look_1","pre',
        { group_id = "g_1", look_id = "look_1" },
        function()
          return client.avatars:create { prompt = "x", name = "y" }
        end,
      },
      {
        '{"data":{"avatar_item":{"id":"look_1","group_id":"g_1"},"avatar_group":{"id":"g_1","na',
        { group_id = "g_1", look_id = "look_1" },
        function()
          return client.avatars:create { prompt = "x", name = "y" }
        end,
      },
      {
        '{"data":{"avatar_group":{"id":"g_1"},"avatar_item":{"name":"n","id":"look_1","na',
        { look_id = "look_1" },
        function()
          return client.avatars:create { prompt = "x", name = "y" }
        end,
      },
      {
        '{"data":{"folder_id":"f_1","na',
        { folder_id = "f_1" },
        function()
          return client.folders:create { name = "x" }
        end,
      },
      {
        '{"data":{"video_translation_id":"tr_1","sta',
        { video_translation_id = "tr_1", proofread_id = "p_1" },
        function()
          return client.video_translations:generate_proofread "p_1"
        end,
      },
      {
        '{"data":{"brand_kit_id":"k_1","na',
        { brand_kit_id = "k_1" },
        function()
          return client.brand_kits:create { url = "https://example.com" }
        end,
      },
      {
        '{"data":{"brand_glossary_id":"b_1","na',
        { brand_glossary_id = "b_1" },
        function()
          return client.brand_glossaries:create { name = "x" }
        end,
      },
    }
    for _, case in ipairs(CUT) do
      answer { status = 200, body = case[1] }
      local err = live.failure(case[3]())
      assert.equal("parse", err.kind)
      for name, id in pairs(case[2]) do
        assert.same(id, err[name], name)
      end
    end
  end)

  it("that make something are not understood when its id is empty", function()
    sim:faults { { path = "/v3/lipsyncs", body = '{"data":{"lipsync_id":""}}' } }
    local err = live.failure(client.lipsyncs:create { video = FILE, audio = FILE })
    assert.equal("parse", err.kind)
    assert.equal("yes", err.sent)
    assert.is_string(err.idempotency_key)
    assert.equal(1, #sim:requests())
  end)

  it("find the id of what was made under each name that it may have", function()
    for _, name in ipairs { "filler_word_removal_id", "job_id", "id" } do
      answer { status = 202, body = ('{"data":{"%s":"made"}}'):format(name) }
      local made = assert(client.filler_word_removals:create { video = FILE })
      assert.equal("made", made.filler_word_removal_id)
    end
    answer { status = 202, body = '{"data":{"id":""}}' }
    assert.equal("parse", live.failure(client.filler_word_removals:create { video = FILE }).kind)
  end)

  it("give the id that was asked for where the service sends none", function()
    answer { status = 200, body = '{"data":{"status":"completed"}}' }
    assert.equal("l1", assert(client.lipsyncs:get "l1").id)
    answer { status = 200, body = '{"data":{"secret":"s"}}' }
    assert.equal("e1", assert(client.webhooks:rotate_secret "e1").endpoint_id)
    answer { status = 200, body = '{"data":{"name":"Ada"}}' }
    assert.equal("v1", assert(client.voices:get { voice_clone_id = "v1" }).voice_id)
  end)

  it("take an object for the id that it carries", function()
    local made = assert(client.avatars:create { type = "photo", name = "Me", file = FILE })
    assert.equal(made.avatar_group.id, assert(client.avatars:get(made.avatar_group)).id)
    assert.equal(made.avatar_item.id, assert(client.avatars:get_look(made.avatar_item)).id)
    local removal = assert(client.background_removals:create { video = FILE })
    assert.equal(removal.id, assert(client.background_removals:get(removal)).id)
    local clipping = assert(client.ai_clipping:create { video = FILE })
    assert.equal(clipping.job_id, assert(client.ai_clipping:get(clipping)).id)
    local voice = assert(client.voices:clone { audio = FILE, voice_name = "Me" })
    assert.equal(voice.voice_clone_id, assert(client.voices:get(voice)).voice_id)
    local template = assert(client.templates:list()).data[1]
    assert.equal(template.id, assert(client.templates:get(template)).id)
    local generated = assert(client.templates:generate(template, { variables = { headline = "x" } }))
    assert.equal(generated.id, assert(client.videos:get(generated)).id)
  end)

  it("do with an account what one does with one", function()
    account.new(sim, client)
    assert.equal("sim_user", assert(client.users:me()).username)
    assert.is_true(#assert(client.lipsyncs:list()).data > 0)
    local list = assert(client.webhooks:event_types())
    assert.equal(32, #list)
    assert.is_string(list[1].event_type)
    assert.is_true(#assert(client.video_translations:languages()).languages > 0)
  end)
end)

describe("groups", function()
  it("are loaded with the client, without the joined table, and shared by all clients", function()
    local script = [[
      local client = require("heygen").new { api_key = "k" }
      assert(type(client.lipsyncs.create) == "function")
      assert(package.loaded["heygen.endpoints.lipsyncs"])
      assert(package.loaded["heygen.endpoints"] == nil)
      assert(client.lipsyncs.create == require("heygen").new({ api_key = "k" }).lipsyncs.create)
      assert(client.lipsyncs.no_such_method == nil)
      assert(client.lipsyncs.client == client)
    ]]
    local run = require "spec.support.scripts"
    local shell = require "spec.support.shell"
    shell.must(("%s -e %s"):format(run.interpreter(), shell.quote(script)))
  end)

  it("are called with a colon", function()
    local client = heygen.new { api_key = "k" }
    for _, call in ipairs {
      function()
        client.lipsyncs.get "x"
      end,
      function()
        client.avatars.each_look()
      end,
    } do
      local ok, raised = pcall(call)
      assert.is_false(ok)
      assert.matches(
        "^spec/endpoints/answers_spec%.lua:%d+: client%.%w+:[%w_]+: call it with a colon: client%.",
        raised
      )
    end
  end)
end)
