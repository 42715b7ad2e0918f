-- A service that sends the credential back: it stands in no error, neither in the text nor in the last state kept.
local core = require "heygen.core"
local child = require "spec.support.child"
local live = require "spec.support.live"
local support = require "spec.support.sim"

local KEY = live.KEY

describe("a credential that the service echoes stands nowhere in the error of", function()
  local sim, client, path

  setup(function()
    sim = support.start { speed = 0 }
    client = live.client(sim, { max_retries = 0 })
    path = child.scratch ".mp4"
  end)

  teardown(function()
    sim:stop()
  end)

  before_each(function()
    sim:reset()
  end)

  -- The error of a failed call: kept whole, but for the key.
  local function clean(kind, value, message, err)
    live.failure(value, message, err)
    assert.equal(kind, err.kind, message)
    assert.is_nil(message:find(KEY, 1, true), message)
    assert.equal(0, live.find(err, KEY), message)
    assert.is_true(live.find(err, "[hidden]") > 0, "nothing was echoed: " .. message)
    return err
  end

  -- Answers of the service; in each "KEY" stands for the credential.
  local function answers(rules)
    for _, rule in ipairs(rules) do
      rule.body = core.encode(rule.body):gsub("KEY", KEY)
    end
    sim:faults(rules)
  end

  local function video(fields)
    fields.id, fields.title = "vid_1", "KEY"
    fields.list = { { KEY = "for KEY" } }
    return { path = "/v3/videos/vid_1", body = { data = fields } }
  end

  local function session(fields)
    fields.session_id, fields.title = "sess_1", "KEY"
    return { path = "/v3/video-agents/sess_1", body = { data = fields } }
  end

  it("a wait for a video that failed", function()
    answers { video { status = "failed", failure_message = "bad key KEY", failure_code = "KEY" } }
    local err = clean("failed", client:wait("vid_1", live.QUICK))
    assert.equal("vid_1", err.last.id)
    assert.equal("[hidden]", err.last.title)
  end)

  it("a wait for a session that failed, or asks", function()
    local messages = { { role = "model", type = "error", content = "no KEY" } }
    answers { session { status = "failed", messages = messages } }
    local err = clean("failed", client:wait("sess_1", live.quick { grace = 0 }))
    assert.equal("sess_1", err.last.session_id)
    sim:faults {}
    answers { session { status = "waiting_for_input", messages = messages } }
    clean("input_needed", client:wait("sess_1", live.QUICK))
    sim:faults {}
    answers {
      session { status = "completed" },
      { path = "/v3/video-agents/sess_1/videos", body = { data = core.array {} } },
    }
    clean("failed", client:wait("sess_1", live.QUICK))
  end)

  it("a wait that runs out", function()
    local short = { timeout = 0.01, interval = 0.001, max_interval = 0.001 }
    answers { video { status = "processing" }, session { status = "thinking" } }
    assert.equal("processing", clean("timeout", client:wait("vid_1", short)).last.status)
    assert.equal("thinking", clean("timeout", client:wait("sess_1", short)).last.status)
    sim:faults {}
    answers { { method = "POST", body = { data = { session_id = "sess_1", status = "KEY", title = "KEY" } } } }
    clean("timeout", client:generate { prompt = "A video", wait = short })
  end)

  it("a wait whose later poll fails", function()
    local watched = live.quick()
    local polls = 0
    function watched.on_progress()
      polls = polls + 1
      if polls == 1 then
        sim:faults {}
        sim:faults { { header_bytes = 400000 } } -- brings no body of its own
      end
    end
    answers { video { status = "processing" } }
    assert.equal("processing", clean("too_large", client:wait("vid_1", watched)).last.status)
  end)

  it("a download of a video without a file", function()
    answers { video { status = "processing" } }
    assert.equal("processing", clean("api", client:download("vid_1", path)).last.status)
    sim:faults {}
    answers { video { status = "failed" } }
    clean("failed", client:download("vid_1", path))
    sim:faults {}
    answers { video { status = "completed" } } -- no address comes
    clean("timeout", client:download("vid_1", path, { deadline = 0.1 }))
  end)

  it("a download from a bad address", function()
    answers { video { status = "completed", video_url = "ftp://files.example/KEY" } }
    clean("invalid", client:download("vid_1", path))
  end)

  it("a download that the file server refuses", function()
    answers { { path = "/files/x.mp4", status = 418, body = { reason = "KEY" } } }
    local err = clean("api", client:download(sim.url .. "/files/x.mp4", path))
    assert.matches("[hidden]", err.last, 1, true)
  end)

  it("a list that does not advance", function()
    answers {
      { path = "/v3/videos", body = { data = { { id = "KEY" } }, has_more = true, next_token = "KEY" } },
    }
    local page = assert(assert(client.videos:list()):next())
    clean("parse", page:next())
    local ok, raised = pcall(function()
      for _ in client.videos:each() do
        assert(true)
      end
    end)
    assert.is_false(ok)
    clean("parse", nil, tostring(raised), raised)
    sim:faults {}
    answers { { path = "/v3/videos", body = { data = { { id = "KEY" } }, has_more = true } } }
    clean("parse", assert(client.videos:list()):next())
    sim:faults {}
    answers { { path = "/v3/videos", body = { data = { KEY = "KEY" } } } }
    clean("parse", client.videos:list())
  end)

  it("an answer whose ids have it in them, whole or cut off", function()
    local ANSWERS = {
      api = '{"data":{"session_id":"sess_KEY","video_id":"KEY"},"error":{"code":"e","message":"KEY"}}',
      parse = '{"data":{"session_id":"sess_KEY","video_id":"KEY","x":',
    }
    for kind, body in pairs(ANSWERS) do
      sim:faults {}
      sim:faults { { method = "POST", status = 200, body = (body:gsub("KEY", KEY)) } }
      local err = clean(kind, client:create { prompt = "A video" })
      assert.is_nil(err.session_id)
      assert.is_nil(err.video_id)
    end
  end)
end)

describe("a short key that stands in an id by chance", function()
  it("does not keep the id from the error", function()
    local sim = support.start { speed = 0 }
    finally(function()
      sim:stop()
    end)
    local client = live.client(sim, { api_key = "any", max_retries = 0 })
    local DATA = '{"data":{"session_id":"sess_many","video_id":"company_1"'
    for _, rule in ipairs {
      { status = 500, body = DATA .. '},"error":{"code":"internal_error","message":"partly done"}}' },
      { status = 200, body = DATA .. ',"sta' },
    } do
      rule.method = "POST"
      sim:faults {}
      sim:faults { rule }
      local err = live.failure(client:create { prompt = "A video" })
      assert.same({ "sess_many", "company_1" }, { err.session_id, err.video_id })
    end
  end)
end)
