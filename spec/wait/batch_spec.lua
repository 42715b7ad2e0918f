-- Lists that lie inside a batch, iterators over everything that comes in pages, and ids that the service gives under
-- odd names.
local account = require "spec.support.account"
local endpoints = require "heygen.endpoints"
local heygen = require "heygen"
local live = require "spec.support.live"
local support = require "spec.support.sim"

local FILE = { url = "https://example.com/video.mp4" }

local function collect(iterator)
  local list = {}
  for item in iterator do
    list[#list + 1] = item
  end
  return list
end

-- Addresses have a fresh signature each time.
local function identity(item)
  for _, name in ipairs { "id", "session_id", "style_id", "voice_id", "endpoint_id", "event_id" } do
    if item[name] then
      return item[name]
    end
  end
  return item.brand_kit_id or item.brand_glossary_id or item.render_id
end

local function repeated(item, count)
  local list = {}
  for index = 1, count do
    list[index] = item
  end
  return list
end

describe("batches", function()
  local sim, client

  setup(function()
    sim = support.start { speed = 0, behaviour = { unknown_ids = "accepted", asset_processing = 0 } }
    client = live.client(sim, { max_retries = 0 })
  end)

  teardown(function()
    sim:stop()
  end)

  before_each(function()
    sim:reset()
  end)

  -- Walks a batch of five in pages of two, by pages and by the iterator; returns its items.
  local function walk(group, batch_id)
    local first = assert(client[group]:get_batch(batch_id, { limit = 2 }))
    assert.equal(batch_id, first.batch_id)
    assert.equal(5, first.total_items)
    assert.is_true(first.has_more)
    local items, page, pages = {}, first, 0
    while page do
      pages = pages + 1
      for _, item in ipairs(page.items) do
        assert.equal(#items, item.item_index)
        items[#items + 1] = item
      end
      page = page:next()
    end
    assert.equal(3, pages)
    assert.equal(5, #items)
    local requests = live.sent(sim)
    assert.same(items, collect(client[group]:each_batch_item(batch_id, { limit = 2 })))
    assert.equal(requests + 3, live.sent(sim))
    assert.same(items, collect(client[group]:each_batch_item(first)))
    assert.equal(200, heygen.response(first).status)
    return items
  end

  it("of videos give their items page by page", function()
    local created = assert(client.videos:create_batch {
      title = "Five",
      videos = repeated({ avatar_id = "a", script = "Hello." }, 5),
    })
    local seen = {}
    for _, item in ipairs(walk("videos", created.batch_id)) do
      assert.is_nil(seen[item.video_id])
      seen[item.video_id] = true
      assert.is_truthy(item.status == "queued" or item.status == "processing", item.status)
    end
    assert.equal("Five", assert(client.videos:get_batch(created)).title)
  end)

  it("of lip syncs and translations have the ids of what they are made of", function()
    local lipsyncs =
      assert(client.lipsyncs:create_batch { lipsyncs = repeated({ video = FILE, audio = FILE }, 5) })
    for _, item in ipairs(walk("lipsyncs", lipsyncs.batch_id)) do
      assert.is_nil(item.video_id)
      assert.equal(item.lipsync_id, assert(client.lipsyncs:get(item)).id)
    end
    local translations = assert(client.video_translations:create_batch {
      video_translations = repeated({ video = FILE, output_languages = { "German" } }, 5),
    })
    for _, item in ipairs(walk("video_translations", translations.batch_id)) do
      assert.is_nil(item.video_id)
      assert.equal(item.video_translation_id, assert(client.video_translations:get(item)).id)
    end
    local statuses = assert(client.lipsyncs:statuses { batch_ids = { lipsyncs.batch_id } })
    assert.equal(5, #statuses)
    assert.is_string(statuses[5].lipsync_id)
    assert.is_nil(statuses[5].video_id)
    statuses = assert(client.video_translations:statuses { batch_ids = { translations.batch_id } })
    assert.is_string(statuses[1].video_translation_id)
  end)

  it("of assets do, too: the service calls the id of an asset video_id", function()
    local file = { filename = "a.png", content_type = "image/png", size_bytes = 8 }
    local created = assert(client.assets:create_direct_upload_batch { files = repeated(file, 5) })
    local items = walk("assets", created.batch_id)
    for index, item in ipairs(items) do
      assert.equal(created.items[index].asset_id, item.asset_id)
      assert.is_nil(item.video_id)
    end
    local statuses = assert(client.assets:statuses { asset_ids = { items[1].asset_id, "unknown" } })
    assert.equal(items[1].asset_id, statuses[1].asset_id)
    assert.equal("unknown", statuses[2].asset_id)
    assert.equal("not_found", statuses[2].status)
    assert.is_nil(statuses[1].video_id)
    -- Those of videos keep theirs.
    assert.equal("unknown", assert(client.videos:statuses { video_ids = { "unknown" } })[1].video_id)
  end)

  it("leave alone an item that has an id under its own name", function()
    sim:faults {
      effect = { status = 200, body = '{"data":[{"asset_id":"a","video_id":"v","status":"completed"}]}' },
    }
    local statuses = assert(client.assets:statuses { asset_ids = { "a" } })
    assert.same({ asset_id = "a", video_id = "v", status = "completed" }, statuses[1])
  end)

  it("that go in circles, or are none, are found out", function()
    local created = assert(client.videos:create_batch { videos = { { avatar_id = "a", script = "x" } } })
    local CASES = {
      ['{"data":{"batch_id":"@","items":[{"item_index":0}],"has_more":true,"next_token":"t"}}'] = "does not advance",
      ['{"data":{"batch_id":"@","items":[],"has_more":true}}'] = "gives no next_token",
      ['{"data":{"batch_id":"@","items":{"a":1},"has_more":false}}'] = "its items is an object",
      ['{"data":{"batch_id":"@","has_more":false}}'] = "it has no items",
    }
    for body, why in pairs(CASES) do
      sim:faults {}
      sim:faults { effect = { status = 200, body = (body:gsub("@", created.batch_id)) } }
      local ok, raised = pcall(collect, client.videos:each_batch_item(created))
      assert.is_false(ok)
      assert.equal("parse", raised.kind)
      assert.matches(why, raised.message, 1, true)
    end
    sim:faults {}
    local err = live.failure(client.videos:get_batch "no_such_batch")
    assert.equal(404, err.status)
    assert.equal("no_such_batch", err.batch_id)
    local ok, raised = pcall(collect, client.videos:each_batch_item "no_such_batch")
    assert.is_false(ok)
    assert.equal("api", raised.kind)
  end)

  it("are asked for by an id", function()
    local ok, raised = pcall(function()
      return (client.videos:each_batch_item())
    end)
    assert.is_false(ok)
    assert.matches(
      "^spec/wait/batch_spec%.lua:%d+: client.videos:each_batch_item: batch_id: expected a string, got nil",
      raised
    )
    ok, raised = pcall(client.videos.each_batch_item, client.videos, "")
    assert.is_false(ok)
    assert.equal("batch_id", raised.param)
    assert.is_false(pcall(client.videos.each_batch_item, "b"))
  end)
end)

describe("iterators", function()
  it("give what the pages give, for everything that comes in pages", function()
    local sim = support.start { speed = 0, behaviour = { unknown_ids = "accepted", preparing = 0 } }
    finally(function()
      sim:stop()
    end)
    local client = live.client(sim, { max_retries = 0 })
    local count = 0
    account.new(sim, client)
    local FIELDS = {
      ["assets:list"] = { username = "sim_user" },
      ["assets:search"] = { query = "a", type = "icon" },
      ["audio:sounds"] = { query = "a", min_score = 0 },
    }
    for _, row in ipairs(endpoints) do
      if row.list then
        local group, fields = client[row.group], { limit = 3 }
        for name, value in pairs(FIELDS[row.group .. ":" .. row.name] or {}) do
          fields[name] = value
        end
        local items, page = {}, assert(group[row.name](group, fields))
        while page do
          for _, item in ipairs(page.data) do
            items[#items + 1] = identity(item)
          end
          page = page:next()
        end
        local seen = collect(group[row.each](group, fields))
        for index, item in ipairs(seen) do
          seen[index] = identity(item)
        end
        assert.same(items, seen, row.group .. ":" .. row.each)
        assert.is_true(#items > 0, row.group .. ":" .. row.each)
        count = count + 1
      end
    end
    assert.equal(19, count)
  end)

  it("see the ids of a list that has one only as a list", function()
    local sim = support.start { speed = 0 }
    finally(function()
      sim:stop()
    end)
    local client = live.client(sim)
    local fields = { video = FILE, output_languages = { "German" } }
    local created = assert(client.video_translations:create(fields))
    assert.equal(1, #created.video_translation_ids)
    sim:faults { effect = { status = 200, body = '{"data":{"video_translation_id":"t"}}' } }
    assert.same({ video_translation_ids = { "t" } }, assert(client.video_translations:create(fields)))
    sim:faults {}
    sim:faults { effect = { status = 200, body = '{"data":{"video_translation_ids":[]}}' } }
    local err = live.failure(client.video_translations:create(fields))
    assert.equal("parse", err.kind)
    assert.matches("its data has no video_translation_ids", err.message, 1, true)
  end)
end)
