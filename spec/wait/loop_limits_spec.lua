-- A wait ends in its time whatever does not answer, takes an empty id for none, and keeps what names its job.
local core = require "heygen.core"
local heygen = require "heygen"
local live = require "spec.support.live"
local support = require "spec.support.sim"

-- A session and a video as the service shows them; fields go over the defaults.
local function body(defaults, fields)
  local data = {}
  for _, from in ipairs { defaults, fields } do
    for name, value in pairs(from) do
      data[name] = value
    end
  end
  return assert(core.encode { data = data })
end

local function session(fields)
  return body({ session_id = "sess_1", status = "generating" }, fields)
end

local function video(fields)
  return body({ id = "vid_1", status = "processing" }, fields)
end

describe("a wait", function()
  local sim, client

  setup(function()
    sim = support.start { speed = 0 }
    client = live.client(sim)
  end)

  teardown(function()
    sim:stop()
  end)

  before_each(function()
    sim:reset()
  end)

  local BOTH = { session_id = "sess_1", video_id = "vid_1" }

  local function ignore() end

  -- How long a wait took that must have run out.
  local function time_of(owner, target, wait)
    local began = core.now()
    local err = live.failure(owner:wait(target, wait))
    assert.equal("timeout", err.kind, tostring(err))
    return core.now() - began, err
  end

  it("ends though its session never answers #slow", function()
    sim:faults {
      { path = "/v3/video-agents/**", stall = true },
      { path = "/v3/videos/vid_1", body = video {} },
    }
    local patient = live.client(sim, { max_retries = 0, deadline = 300 })
    local short = live.client(sim, { max_retries = 0, deadline = 0.2 })
    local watched = { timeout = 0.3, interval = 0.01, on_progress = ignore }
    local took = {}
    heygen.all {
      -- A poll may take 5 s though the wait has less left; the deadline of the client may allow it less.
      function()
        local seconds, err = time_of(patient, BOTH, watched)
        took.floor = seconds
        assert.equal("vid_1", err.video_id)
      end,
      function()
        took.own = time_of(short, BOTH, watched)
      end,
      function()
        took.session = time_of(short, "sess_1", { timeout = 0.3, interval = 0.01 })
      end,
    }
    assert(took.floor and took.floor < 15, tostring(took.floor))
    assert(took.own and took.own < 4, tostring(took.own))
    assert(took.session and took.session < 4, tostring(took.session))
  end)

  it("takes an empty video id for none", function()
    sim:faults {
      { method = "POST", body = session { status = "thinking", video_id = "" } },
      { path = "/v3/video-agents/sess_1", body = session { video_id = "" }, times = 2 },
      { path = "/v3/video-agents/sess_1", body = session { video_id = "vid_1" } },
      { path = "/v3/videos/vid_1", body = video { status = "completed" } },
    }
    local made = assert(client:generate { prompt = "A video", wait = live.QUICK })
    assert.equal("vid_1", made.id)
    assert.equal(1, sim:counts().create_requests)
    made = assert(client:wait({ session_id = "sess_1", video_id = "" }, live.QUICK))
    assert.equal("vid_1", made.id)
    local state = assert(client:poll { session_id = "sess_1", video_id = "" })
    assert.equal("sess_1", state.session_id)
  end)

  it("that runs out names no empty video id", function()
    sim:faults {
      { method = "POST", body = session { video_id = "" } },
      { path = "/v3/video-agents/sess_1", body = session { video_id = "" } },
    }
    for _, timeout in ipairs { 0, 0.01 } do
      local wait = { timeout = timeout, interval = 0.001, max_interval = 0.001 }
      local err = live.failure(client:generate { prompt = "A video", wait = wait })
      assert.equal("timeout", err.kind)
      assert.equal("sess_1", err.session_id)
      assert.is_nil(err.video_id)
      err = live.failure(client:wait("sess_1", wait))
      assert.is_nil(err.video_id)
      assert.equal("timeout", live.failure(client:wait(err, wait)).kind)
    end
  end)

  it("finds the video of a finished session behind an empty id", function()
    sim:faults {
      { path = "/v3/video-agents/sess_1/videos", body = '{"data":[{"id":"vid_1"}]}' },
      { path = "/v3/video-agents/sess_1", body = session { status = "completed", video_id = "" } },
      { path = "/v3/videos/vid_1", body = video { status = "completed" } },
    }
    assert.equal("vid_1", assert(client:wait("sess_1", live.QUICK)).id)
    sim:faults {}
    sim:faults {
      { path = "/v3/video-agents/sess_1/videos", body = '{"data":[{"id":""}]}' },
      { path = "/v3/video-agents/sess_1", body = session { status = "completed", video_id = "" } },
    }
    local err = live.failure(client:wait("sess_1", live.QUICK))
    assert.equal("failed", err.kind)
    assert.is_nil(err.video_id)
  end)

  it("asks no faster once a session has failed and shows its video all the same", function()
    sim:faults {
      { path = "/v3/video-agents/sess_1", body = session { status = "failed" }, times = 1 },
      { path = "/v3/video-agents/sess_1", body = session { video_id = "vid_1" } },
      { path = "/v3/videos/vid_1", body = video {} },
    }
    local wait = { timeout = 0.4, interval = 0.02, max_interval = 0.02, grace = 0.05 }
    assert.equal("timeout", live.failure(client:wait("sess_1", wait)).kind)
    assert.is_true(live.sent(sim) <= 25, live.sent(sim))
  end)

  it("keeps the idempotency key of its create", function()
    local fields = { prompt = "A video", idempotency_key = "mine" }
    fields.wait = { timeout = 0.02, interval = 0.01 }
    local err = live.failure(client:generate(fields))
    assert.equal("timeout", err.kind)
    assert.equal("mine", err.idempotency_key)
    assert.equal("mine", live.failure(client:wait(err, { timeout = 0 })).idempotency_key)
  end)
end)
