-- A 404 is "not yet" for some seconds after a job was created or its id was first seen, and final after that: for every
-- type of job, by itself, in a list and in a batch, and for sessions and their videos. All wait at the same time.
local core = require "heygen.core"
local endpoints = require "heygen.endpoints"
local heygen = require "heygen"
local job_types = require "heygen.wait.job_types"
local live = require "spec.support.live"
local support = require "spec.support.sim"

local GONE = '{"error":{"code":"not_found","message":"no such thing"}}'

-- The path that a method of a group asks for, with an id in it.
local function path_of(group, name, id)
  for _, row in ipairs(endpoints) do
    if row.group == group and row.name == name then
      return (row.path:gsub("{.-}", id))
    end
  end
  error("no such method: " .. group .. ":" .. name)
end

describe("a 404 in a wait", function()
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

  -- Each: what is waited for, by a function of the options, and the field that names it in an error.
  local waits, faults

  -- The path answers 404 as often as said, then with the data.
  local function answer(path, data, times)
    faults[#faults + 1] = { method = "GET", path = path, status = 404, body = GONE, times = times }
    faults[#faults + 1] = { method = "GET", path = path, body = assert(core.encode { data = data }) }
  end

  local function add(name, field, wait)
    waits[#waits + 1] = { name = name, field = field, wait = wait }
  end

  local function is_not_by_statuses(subject)
    return not subject.by_statuses
  end

  local function add_jobs(times)
    for index, subject in ipairs(job_types.rows) do
      local id, group = "job-" .. index, client[subject.group]
      local done = { [subject.id] = id, id = id, status = next(subject.done) }
      local target = { [subject.id] = id, look_id = subject.id == "look_id" and id or nil }
      if is_not_by_statuses(subject) then
        answer(path_of(subject.group, subject.get, id), done, times)
        add(subject.group .. ":" .. subject.method, subject.id, function(options)
          return group[subject.method](group, target, options)
        end)
        local ids = { "many-" .. index, "more-" .. index }
        for _, each in ipairs(ids) do
          answer(
            path_of(subject.group, subject.get, each),
            { [subject.id] = each, id = each, status = done.status },
            times
          )
        end
        add(subject.group .. ":" .. subject.method .. " of two", subject.list, function(options)
          return group[subject.method](group, { [subject.list] = ids }, options)
        end)
      end
    end
  end

  local function add_batches(times)
    for group in pairs(job_types.batches) do
      local id = "batch-" .. group
      answer(path_of(group, "get_batch", id), { batch_id = id, status = "completed", items = {} }, times)
      add(group .. ":wait_batch", "batch_id", function(options)
        return client[group]:wait_batch(id, options)
      end)
    end
  end

  local function add_videos(times)
    answer("/v3/videos/video-1", { id = "video-1", status = "completed" }, times)
    answer("/v3/video-agents/video-1", { session_id = "video-1", status = "x" }, 1000) -- it is no session
    add("a video", "video_id", function(options)
      return client:wait("video-1", options)
    end)
    answer("/v3/video-agents/sess_1", { session_id = "sess_1", video_id = "video-2", status = "x" }, times)
    answer("/v3/videos/video-2", { id = "video-2", status = "completed" }, times)
    add("a session, and then its video", "session_id", function(options)
      return client:wait("sess_1", options)
    end)
    answer("/v3/video-agents/sess_2", { session_id = "sess_2", status = "completed" }, times)
    answer("/v3/video-agents/sess_2/videos", { { id = "video-3" } }, times)
    answer("/v3/videos/video-3", { id = "video-3", status = "completed" }, times)
    add("a session that has ended, its list, and its video", "session_id", function(options)
      return client:wait("sess_2", options)
    end)
  end

  local function add_assets(times)
    answer("/v3/assets/statuses", { { asset_id = "asset-1", status = "completed" } }, times)
    answer("/v3/assets/asset-1", { id = "asset-1", status = "completed" }, times)
    add("an asset, by the list of statuses and then by itself", "asset_id", function(options)
      return client.assets:wait("asset-1", options)
    end)
  end

  local function run_all(times, options)
    waits, faults = {}, {}
    add_jobs(times)
    add_batches(times)
    add_videos(times)
    add_assets(times)
    sim:faults(faults)
    local list = {}
    for index, each in ipairs(waits) do
      list[index] = function()
        each.value, each.message, each.err = each.wait(options)
        return true
      end
    end
    assert(heygen.all(list))
  end

  local OPTIONS = { interval = 0.001, max_interval = 0.004, timeout = 40 }

  it("is waited out while the job is new, whatever it is", function()
    run_all(1, OPTIONS)
    for _, each in ipairs(waits) do
      assert.is_truthy(each.value, each.name .. ": " .. tostring(each.message))
    end
    assert.equal(2 * (#job_types.rows - 1) + 4 + 3 + 1, #waits)
  end)

  it("of a further page of a batch is waited out as well", function()
    local path = "/v3/lipsyncs/batches/b"
    local first =
      '{"data":{"batch_id":"b","status":"completed","items":[{"id":"1"}],"has_more":true,"next_token":"t"}}'
    sim:faults {
      { path = path, body = first, times = 1 },
      { path = path, status = 404, body = GONE, times = 1 },
      { path = path, body = first, times = 1 },
      { path = path, body = '{"data":{"batch_id":"b","status":"completed","items":[{"id":"2"}]}}' },
    }
    assert.equal(2, #assert(client.lipsyncs:wait_batch("b", OPTIONS)).items)
  end)

  it("is final when it lasts, with the id", function()
    run_all(1000, live.quick { not_found_grace = 0.5 })
    for _, each in ipairs(waits) do
      assert.is_nil(each.value, each.name)
      local err = each.err.errors and each.err.errors[1] or each.err
      assert.same({ each.name, "api", 404 }, { each.name, err.kind, err.status })
      assert.is_truthy(each.err[each.field], each.name)
    end
  end)
end)
