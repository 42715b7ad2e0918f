-- How a row is called: ids under odd names, items that are none, and what an error is given.
local heygen = require "heygen"
local live = require "spec.support.live"
local support = require "spec.support.sim"

describe("a call", function()
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
  end)

  local function answer(path, data)
    sim:faults { { path = path, times = 1, body = '{"data":' .. data .. "}" } }
  end

  it("gives the ids of a batch their names, and raises for none of its items", function()
    local path = "/v3/lipsyncs/batches/b"
    answer(
      path,
      '{"batch_id":"b","status":"processing","items":[{"video_id":"1"},{"video_id":"2","lipsync_id":"own"},5]}'
    )
    local batch = assert(client.lipsyncs:get_batch "b")
    assert.same({ "1", "own" }, { batch.items[1].lipsync_id, batch.items[2].lipsync_id })
    assert.same({ nil, "2" }, { batch.items[1].video_id, batch.items[2].video_id })
    assert.equal(5, batch.items[3])
    for _, items in ipairs { "", ',"items":"x"', ',"items":5', ',"items":true' } do
      answer(path, '{"batch_id":"b","status":"processing"' .. items .. "}")
      assert.equal("parse", live.failure(client.lipsyncs:get_batch "b").kind)
    end
  end)

  it("gives the ids of a list their names", function()
    answer("/v3/lipsyncs/statuses", '[{"video_id":"1","status":"x"},{"video_id":"2","lipsync_id":"own"}]')
    local list = assert(client.lipsyncs:statuses { lipsync_ids = { "1", "2" } })
    assert.same({ "1", "own" }, { list[1].lipsync_id, list[2].lipsync_id })
  end)

  it("gives what came the id that was asked for, when it has none", function()
    answer("/v3/videos/v1", '{"status":"completed"}')
    assert.equal("v1", assert(client.videos:get "v1").id)
    answer("/v3/videos/v1", '{"status":"completed"}')
    assert.equal("v1", assert(client.videos:get { video_id = "v1" }).id)
  end)

  it("puts the ids that were named on the error", function()
    for _, target in ipairs { "v1", { id = "v1" }, { video_id = "v1" } } do
      assert.equal("v1", live.failure(client.videos:get(target)).video_id)
    end
    assert.equal("sess_1", live.failure(client.video_agents:send("sess_1", { message = "x" })).session_id)
  end)

  it("fails with nil, the whole text, and the error", function()
    local value, message, err = client.videos:get "v1"
    assert.is_nil(value)
    assert.equal(tostring(err), message)
    assert.is_true(heygen.is_error(err))
    assert.equal(1, select("#", client.voices:list()))
  end)
end)
