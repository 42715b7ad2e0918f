-- How often a wait polls: the pure policy, and whole waits of 10 to 45 minutes in time that is made up.
local core = require "heygen.core"
local errors = require "heygen.errors"
local video_wait = require "heygen.wait.video"
local pace = require "heygen.wait.pace"

local MINUTE = 60
local LATENCY = 0.2 -- seconds that a request takes

-- ---- a service and a clock that are made up ----

-- A client of a job: seconds of thinking, pending, processing. `count` counts the requests, the create included.
local function made_up(job)
  local client = { options = { deadline = 300 }, time = 0, count = 1 }
  local rendering, processing = job.thinking, job.thinking + job.pending
  client.finish = processing + job.processing
  function client.hide(text)
    return text
  end
  client.driver = {
    sleep = function(_, seconds)
      client.time = client.time + seconds
      return true
    end,
  }
  local function poll()
    client.count = client.count + 1
    client.time = client.time + LATENCY
    return client.time
  end
  client.videos = {
    get = function(_, id)
      local time = poll()
      local status = time >= client.finish and "completed" or time >= processing and "processing" or "pending"
      return { id = id, status = status }
    end,
  }
  client.video_agents = {
    get = function()
      local time = poll()
      if job.gone and client.named then
        return errors.fail { kind = "api", status = 404, message = "gone" }
      end
      client.named = time >= rendering
      local done = time >= client.finish
      return {
        session_id = "s",
        status = done and "completed" or time >= rendering and "generating" or "thinking",
        video_id = time >= rendering and "v" or nil,
        progress = done and 100 or 50,
      }
    end,
  }
  return client
end

local function nothing() end

-- Waits for a job. Returns seconds from its end until that was seen, and the number of requests.
local function run(job, options)
  local client = made_up(job)
  local real = core.now
  core.now = function()
    return client.time
  end
  local ok, video, message =
    pcall(video_wait.wait, client, "client:wait", { session_id = "s", video_id = job.video_id }, options, 1)
  core.now = real
  assert(ok, video)
  assert(video, message)
  return client.time - client.finish, client.count
end

-- Calls `visit(job)` for jobs of `minutes` in many divisions, `processing` between two bounds.
local function each_job(minutes, least, most, visit)
  local total = minutes * MINUTE
  for processing = least, math.min(most, total), 47 do
    for pending = 0, total - processing, 97 do
      visit { thinking = total - processing - pending, pending = pending, processing = processing }
    end
  end
end

describe("waiting with the defaults", function()
  it("never takes more than 60 requests in 45 minutes, whatever the job is like #once", function()
    local most = 0
    for _, minutes in ipairs { 45, 30, 20, 10 } do
      each_job(minutes, 10, 45 * MINUTE, function(job)
        for _, options in ipairs { { on_progress = nothing }, {} } do
          local _, count = run(job, options)
          most = math.max(most, count)
        end
      end)
    end
    assert.is_true(most <= 60, most .. " requests")
    assert.is_true(most >= 50, "the budget is not used: " .. most)
  end)

  it("sees the end at most 30 s late when rendering takes 75 s to 12 minutes #once", function()
    local worst = 0
    for _, minutes in ipairs { 45, 30, 20, 15, 13, 10 } do
      each_job(minutes, 75, 12 * MINUTE, function(job)
        for _, gone in ipairs { true, false } do
          job.gone = gone
          local late = run(job, {})
          worst = math.max(worst, late)
        end
      end)
    end
    assert.is_true(worst <= 30 + 2 * LATENCY, ("%.1f s late"):format(worst))
  end)

  it("sees any end at most 75 s late #once", function()
    local worst = 0
    for _, minutes in ipairs { 60, 45, 30, 20, 10, 3 } do
      each_job(minutes, 1, 60 * MINUTE, function(job)
        worst = math.max(worst, (run(job, {})))
      end)
    end
    assert.is_true(worst <= 75 + 2 * LATENCY, ("%.1f s late"):format(worst))
  end)

  it("sees the end of a watched job at most 30 s late, too #once", function()
    local worst = 0
    each_job(20, 75, 12 * MINUTE, function(job)
      worst = math.max(worst, (run(job, { on_progress = nothing })))
    end)
    assert.is_true(worst <= 30 + 3 * LATENCY, ("%.1f s late"):format(worst))
  end)

  it("polls the video at intervals, though the session is watched", function()
    -- The session never ends: it is the video that counts.
    local job = { thinking = 60, pending = 0, processing = 300 }
    local client = made_up(job)
    local get = client.video_agents.get
    client.video_agents.get = function()
      local session = get()
      session.status = "generating"
      return session
    end
    local real = core.now
    core.now = function()
      return client.time
    end
    local video = video_wait.wait(client, "client:wait", { session_id = "s" }, { on_progress = nothing }, 1)
    core.now = real
    assert.equal("completed", video.status)
    assert.is_true(client.time - client.finish <= 61)
  end)
end)

describe("a pace", function()
  it("grows from the interval to 2.5 times the longest while nothing renders", function()
    local p, list, elapsed = pace.new(10, 30), {}, 0
    for index = 1, 8 do
      list[index] = pace.next(p, elapsed, "quiet")
      elapsed = elapsed + list[index]
    end
    assert.same({ 10, 15, 22.5, 33.75, 50.625, 75, 75, 75 }, list)
  end)

  it("holds the longest while the video renders", function()
    local p = pace.new(10, 30)
    for index = 1, 20 do
      assert.is_true(pace.next(p, index * 30, "rendering") <= 30)
    end
  end)

  it("keeps polls for the rendering while the video is pending", function()
    local p, elapsed, quick = pace.new(30, 30), 0, 0
    while elapsed < 2000 do
      local pause = pace.next(p, elapsed, "pending")
      elapsed, quick = elapsed + pause, quick + (pause == 30 and 1 or 0)
    end
    assert.is_true(quick > 5 and quick < 20, quick)
    for _ = 1, 20 do
      local pause = pace.next(p, elapsed, "rendering")
      assert.equal(30, pause)
      elapsed = elapsed + pause
    end
  end)

  it("continues after its horizon with no more than one poll in 75 s on average", function()
    local p, elapsed, count = pace.new(10, 30), 0, 0
    while elapsed < 20000 do
      elapsed, count = elapsed + pace.next(p, elapsed, "rendering"), count + 1
    end
    assert.is_true(count <= 56 + (20000 - 2700) / 75 + 1, count)
  end)

  it("takes a longest pause that was asked for at its word", function()
    local p = pace.new(1, 5, true)
    local list = {}
    for index = 1, 6 do
      list[index] = pace.next(p, 0, "quiet")
    end
    assert.same({ 1, 1.5, 2.25, 3.375, 5, 5 }, list)
    local late, count = run({ thinking = 1500, pending = 300, processing = 300 }, { max_interval = 5 })
    assert.is_true(late <= 5 + 2 * LATENCY)
    assert.is_true(count > 380)
  end)
end)
