-- Everything that a server or a network can do to a request, and the error that comes of it: kind, status, code, sent
-- and ids. What a wait makes of failures is in spec/wait/video_spec.lua.
local heygen = require "heygen"
local live = require "spec.support.live"
local support = require "spec.support.sim"

local HOUR = 3600

describe("a failure", function()
  local sim, client

  setup(function()
    sim = support.start { speed = 600 }
    client = live.client(sim, { timeout = 20 })
  end)

  teardown(function()
    sim:stop()
  end)

  before_each(function()
    sim:reset()
  end)

  -- Sets a rule for all requests of the API, or with a path for some.
  local function faults(effect)
    sim:faults {}
    sim:faults { effect }
  end

  local function check(err, wanted)
    for name, value in pairs(wanted) do
      assert.equal(value, err[name], name .. " of " .. tostring(err))
    end
    return err
  end

  local function read(options)
    return live.failure(client.videos:get("vid_1", options))
  end

  local function create(options)
    options = options or {}
    options.prompt = "A short video"
    return live.failure(client:create(options))
  end

  -- name, effect, what the error of a read says, and of a create when it differs
  local ANSWERS = {
    { "401", { status = 401 }, { status = 401, code = "unauthorized", retryable = false } },
    {
      "402",
      { status = 402, code = "insufficient_credit", message = "Balance too low" },
      { status = 402, code = "insufficient_credit", retryable = false },
    },
    { "403", { status = 403, code = "forbidden" }, { status = 403, code = "forbidden", retryable = false } },
    { "404", { status = 404 }, { status = 404, code = "not_found", retryable = false } },
    { "409", { status = 409 }, { status = 409, code = "conflict", retryable = false } },
    {
      "409 while the same key is still running",
      { status = 409, code = "request_in_progress" },
      { status = 409, code = "request_in_progress", retryable = true },
    },
    { "413", { status = 413 }, { status = 413, code = "payload_too_large", retryable = false } },
    {
      "422",
      { status = 422, code = "invalid_parameter", param = "colour" },
      { status = 422, code = "invalid_parameter", param = "colour", retryable = false },
    },
    {
      "200 with an error object",
      { status = 200, body = '{"error":{"code":"session_expired","message":"The session has expired"}}' },
      { status = 200, code = "session_expired", retryable = false },
    },
    {
      "200 with an error object next to data",
      { status = 200, body = '{"data":null,"error":{"code":"insufficient_credit","message":"No"}}' },
      { status = 200, code = "insufficient_credit", retryable = false },
    },
    {
      "a redirect, which is not followed",
      { redirect = "https://example.com/v3/videos/vid_1", status = 302 },
      { status = 302 },
    },
  }

  for _, case in ipairs(ANSWERS) do
    local name, effect, wanted = case[1], case[2], case[3]
    it("by the service: " .. name, function()
      faults(effect)
      local err = check(read(), wanted)
      check(err, { kind = "api", sent = "yes", attempts = 1, video_id = "vid_1" })
      assert.is_nil(err.session_id)
      assert.is_nil(err.idempotency_key)
      assert.matches("^%x+%-%x+%-4", err.request_id)
      assert.equal(1, live.sent(sim))
      err = check(create(), wanted)
      check(err, { kind = "api", sent = "yes", attempts = 1 })
      assert.matches("^%x+%-%x+%-4", err.idempotency_key)
      assert.is_nil(err.video_id)
      assert.equal(1, sim:counts().create_requests)
      assert.equal(0, sim:counts().creates)
    end)
  end

  it(
    "by a gateway, with a page that is not the service's word: a read is repeated, a create is not",
    function()
      for _, status in ipairs { 401, 403, 404 } do
        sim:reset()
        faults { status = status, html = true }
        local err = check(read(), { status = status, code = "gateway_page", retryable = true })
        check(err, { kind = "api", sent = "yes", attempts = 3, video_id = "vid_1" })
        assert.matches("gateway or proxy", err.message)
        assert.matches("^<", err.last)
        check(create(), { status = status, code = "gateway_page", retryable = false, attempts = 1 })
        assert.equal(1, sim:counts().create_requests)
        assert.equal(0, sim:counts().creates)
      end
    end
  )

  it("keeps the message and the whole body", function()
    faults { status = 402, code = "insufficient_credit", message = "Balance too low" }
    local err = create()
    assert.equal("Balance too low", err.message)
    assert.equal("insufficient_credit", err.last.error.code)
    assert.matches("HTTP 402, code insufficient_credit", tostring(err))
  end)

  for _, status in ipairs { 500, 502, 503, 504 } do
    it("by the service: " .. status .. ", repeated for reads and never for creates", function()
      faults { status = status }
      check(
        read(),
        { kind = "api", status = status, sent = "yes", attempts = 3, retryable = true, video_id = "vid_1" }
      )
      assert.equal(3, live.sent(sim))
      check(create(), { kind = "api", status = status, sent = "yes", attempts = 1, retryable = false })
      assert.equal(1, sim:counts().create_requests)
    end)

    it("by the service: " .. status .. " that passes is not seen", function()
      faults { status = status, html = true, times = 2 }
      assert.same({}, assert(client.videos:list()).data)
      assert.equal(3, live.sent(sim))
    end)
  end

  -- ---- 429 ----

  -- An HTTP date this far ahead, in each of the three forms.
  local function date(form, seconds)
    return os.date("!" .. form, os.time() + seconds)
  end

  local WAITS = {
    { "whole seconds", "0" },
    { "a fraction of a second", "0.02" },
    { "a date of RFC 1123", "%a, %d %b %Y %H:%M:%S GMT" },
    { "a date of RFC 850", "%A, %d-%b-%y %H:%M:%S GMT" },
    { "a date of asctime", "%a %b %d %H:%M:%S %Y" },
    { "rubbish", "soon" },
    { "nothing" },
  }

  for _, case in ipairs(WAITS) do
    it("429 with Retry-After as " .. case[1] .. " is repeated", function()
      local value = case[2] and (case[2]:find "^%%" and date(case[2], 0) or case[2])
      faults { status = 429, headers = { ["Retry-After"] = value or false }, times = 1 }
      assert.same({}, assert(client.videos:list()).data)
      assert.equal(2, live.sent(sim))
    end)
  end

  it("429 is repeated no earlier than Retry-After says", function()
    faults { status = 429, headers = { ["Retry-After"] = "0.3" }, times = 1 }
    local page = assert(client.videos:list())
    assert.equal(2, heygen.response(page).attempts)
    local seen = sim:requests()
    assert.is_true(seen[2].time - seen[1].time >= 0.29 * 600)
  end)

  for _, case in ipairs(WAITS) do
    if case[2] and case[2] ~= "soon" then
      it("429 with Retry-After as " .. case[1] .. ", beyond the deadline, fails at once", function()
        local value = case[2]:find "^%%" and date(case[2], HOUR) or "3600.5"
        faults { status = 429, headers = { ["Retry-After"] = value } }
        local err = read { deadline = 30 }
        check(err, { kind = "api", status = 429, code = "rate_limit_exceeded", sent = "yes", attempts = 1 })
        assert.is_true(err.retryable)
        assert.is_true(err.retry_after > HOUR - 60 and err.retry_after < HOUR + 60, tostring(err.retry_after))
        assert.matches("too few to try again", err.message)
        assert.equal(1, live.sent(sim))
      end)
    end
  end

  it("429 for good gives the last Retry-After", function()
    faults { status = 429, headers = { ["Retry-After"] = "0" } }
    check(create(), { kind = "api", status = 429, sent = "yes", attempts = 3, retry_after = 0 })
    assert.equal(3, sim:counts().create_requests)
    assert.equal(0, sim:counts().creates)
  end)

  it("503 with Retry-After waits as well", function()
    faults { status = 503, headers = { ["Retry-After"] = "3600" } }
    check(read(), { kind = "api", status = 503, attempts = 1, retry_after = 3600 })
  end)

  -- ---- bodies ----

  local BODIES = {
    { "HTML with 200", { html = true, status = 200 }, "HTML or XML, not JSON" },
    { "an empty body", { status = 200, body = "" }, "it is empty" },
    { "truncated JSON", { status = 200, body = '{"data":{"id":"vid_1","status":"comp' }, "it is no JSON" },
    { "no object", { status = 200, body = "null" }, "it is no JSON" },
    { "a number", { status = 200, body = "17" }, "it is no JSON object" },
    { "an object without data", { status = 200, body = "{}" }, "it has no data" },
    { "data that is no object", { status = 200, body = '{"data":7}' }, "it has no data" },
    { "data without what was asked for", { status = 200, body = '{"data":{}}' }, "its data has no " },
    {
      "data whose id is no text",
      { status = 200, body = '{"data":{"status":5,"session_id":{"a":1}}}' },
      "its data has no ",
    },
    { "nesting without end", { status = 200, body = ("["):rep(5000) }, "it is no JSON" },
  }

  for _, case in ipairs(BODIES) do
    local name, effect, message = case[1], case[2], case[3]
    it("in the body: " .. name .. ", repeated for reads and never for creates", function()
      faults(effect)
      local err = read()
      check(err, {
        kind = "parse",
        status = 200,
        sent = "yes",
        attempts = 3,
        retryable = true,
        video_id = "vid_1",
      })
      assert.is_nil(err.code)
      assert.matches(message, err.message, 1, true)
      assert.matches("^GET /v3/videos/vid_1: ", err.message)
      assert.equal(3, live.sent(sim))
      err = create()
      check(err, { kind = "parse", status = 200, sent = "yes", attempts = 1, retryable = false })
      assert.matches("^%x+%-%x+%-4", err.idempotency_key)
      assert.equal(1, sim:counts().create_requests)
    end)
  end

  it("in the body of a create keeps the ids that can be read", function()
    faults {
      status = 200,
      body = '{"data": {"status": "thinking", "session_id": "sess_9", "video_id" : "vid_9", "created_at": 17',
    }
    check(create(), { kind = "parse", sent = "yes", session_id = "sess_9", video_id = "vid_9" })
    faults { status = 200, body = '{"data":{"video_id":"vid_9","session_id":"sess_' }
    local err = check(create(), { kind = "parse", sent = "yes", video_id = "vid_9" })
    assert.is_nil(err.session_id)
  end)

  it("in a list that is none, or leads nowhere, has its status", function()
    faults { body = '{"data":{"a":1}}' }
    check(live.failure(client.videos:list()), { kind = "parse", status = 200 })
    faults { body = '{"data":[],"has_more":true}' }
    check(live.failure(assert(client.videos:list()):next()), { kind = "parse", status = 200 })
  end)

  it("in a list does not take the id of one item for the one asked for", function()
    faults { status = 200, body = '{"data":[{"id":"a","video_id":"b"' }
    assert.is_nil(live.failure(client.videos:list()).video_id)
  end)

  it("keeps no more of a body than can be read", function()
    faults { status = 200, body = ("x"):rep(100000) }
    assert.equal(2000, #create().last)
  end)

  -- ---- the connection ----

  -- effect, then kind, code, sent for a read, and for a create that was made when the connection broke
  local BREAKS = {
    { "closed before an answer", { close = "before" }, "network", "closed", "maybe" },
    { "reset", { reset = true }, "network", "closed", "maybe" },
    { "closed in the body", { close = "body" }, "network", "truncated", "yes" },
    { "a body shorter than it says", { content_length = 100000 }, "network", "truncated", "yes" },
    { "bad chunks", { chunked = "bad" }, "network", "closed", "yes" },
    { "bad gzip", { gzip = "bad" }, "parse", "encoding", "yes" },
  }

  for _, case in ipairs(BREAKS) do
    local name, effect, kind, code, sent = case[1], case[2], case[3], case[4], case[5]
    it("on the wire: " .. name .. ", repeated for reads and never for creates", function()
      effect.act = true
      faults(effect)
      -- Not a video: its short answer is asked for without compression.
      local err = live.failure(client.video_agents:get "sess_1")
      check(
        err,
        { kind = kind, code = code, sent = sent, attempts = 3, retryable = true, session_id = "sess_1" }
      )
      err = create()
      check(err, { kind = kind, code = code, sent = sent, attempts = 1 })
      assert.matches("^%x+%-%x+%-4", err.idempotency_key)
      assert.equal(1, sim:counts().create_requests)
      assert.equal(1, sim:counts().creates)
    end)
  end

  it("on the wire: what came of a create before the cut keeps its ids", function()
    local WHOLE = '{"data":{"session_id":"sess_9","video_id":"vid_9","status":"thinking","created_at":1}}'
    -- Half of a body is sent before it stalls.
    local CUTS = {
      network = { body = WHOLE, content_length = 5000 },
      timeout = { body = WHOLE .. (" "):rep(#WHOLE), stall = "body" },
    }
    for kind, effect in pairs(CUTS) do
      faults(effect)
      check(
        create { timeout = 0.2 },
        { kind = kind, sent = "yes", session_id = "sess_9", video_id = "vid_9" }
      )
    end
  end)

  it("on the wire: so do other creates, whatever their ids are called", function()
    local FILE = { asset_id = "x" }
    local CASES = {
      lipsync_id = { "lipsyncs", "create", { video = FILE, audio = FILE }, '"lipsync_id":"made"' },
      voice_id = { "voices", "clone", { audio = FILE, voice_name = "n" }, '"voice_clone_id":"made"' },
      render_id = { "hyperframes", "create_render", { project = FILE }, '"render_id":"made"' },
      job_id = { "ai_clipping", "create", { video = FILE }, '"job_id":"made"' },
      filler_word_removal_id = { "filler_word_removals", "create", { video = FILE }, '"job_id":"made"' },
      batch_id = {
        "videos",
        "create_batch",
        { videos = { { avatar_id = "a", script = "s" } } },
        '"batch_id":"made"',
      },
      video_translation_ids = {
        "video_translations",
        "create",
        { video = FILE, output_languages = { "German" } },
        '"video_translation_ids":["made","and",',
      },
    }
    for name, case in pairs(CASES) do
      -- Cut in the middle; and whole, but with an error next to it.
      for _, body in ipairs { "{%s", '{"data":{%s},"error":{"code":"internal_error","message":"m"}}' } do
        local ids = case[4]:gsub(",$", body:sub(-1) == "s" and "," or "]")
        sim:faults { match = { method = "POST" }, effect = { status = 200, body = body:format(ids) } }
        local group = client[case[1]]
        local err = live.failure(group[case[2]](group, case[3]))
        local wanted = name:find "s$" and { "made", "and" } or "made"
        assert.same(wanted, err[name], name)
        sim:faults {}
      end
    end
  end)

  it("on the wire: closed in the middle of the headers is no success", function()
    faults { close = "headers", act = true }
    local err = check(live.failure(client.videos:list()), { sent = "yes", attempts = 3, retryable = true })
    assert.is_true(err.kind == "parse" or err.kind == "network", err.kind)
    err = check(create(), { sent = "yes", attempts = 1 })
    assert.is_true(err.kind == "parse" or err.kind == "network", err.kind)
    assert.equal(1, sim:counts().creates)
  end)

  it("on the wire: something that is no HTTP", function()
    faults { garbage = true }
    local err = read()
    check(err, { kind = "parse", code = "protocol", sent = "maybe", attempts = 3, video_id = "vid_1" })
    check(create(), { kind = "parse", code = "protocol", sent = "maybe", attempts = 1 })
  end)

  it("on the wire: headers beyond all measure", function()
    faults { header_bytes = 400000 }
    check(read(), { kind = "too_large", sent = "yes", attempts = 1, retryable = false })
  end)

  it("on the wire: a body beyond the cap, also one that grows from gzip", function()
    local small = live.client(sim, { max_response_bytes = 2048 })
    faults { body = '{"data":{"x":"' .. ("y"):rep(3000) .. '"}}' }
    local err = live.failure(small.videos:get "vid_1")
    check(err, { kind = "too_large", sent = "yes", attempts = 1, retryable = false, video_id = "vid_1" })
    assert.matches("larger than 2048 bytes", err.message)
    -- By default what is no list has a cap of its own: objects in memory take many times their text.
    faults { body = '{"data":{"id":"vid_1","status":"completed","x":"' .. ("y"):rep(1024 * 1024) .. '"}}' }
    check(live.failure(client.videos:get "vid_1"), { kind = "too_large", sent = "yes", attempts = 1 })
    local large = live.client(sim, { max_response_bytes = 2 * 1024 * 1024 })
    assert.equal("completed", assert(large.videos:get "vid_1").status)
    assert(client:request { path = "/v3/videos/vid_1" }) -- of any kind
    faults { gzip = "bomb" }
    check(live.failure(client.videos:list()), { kind = "too_large", sent = "yes", attempts = 1 })
  end)

  it("in time: no answer within the timeout", function()
    faults { stall = true, act = true }
    check(read { timeout = 0.4 }, { kind = "timeout", sent = "maybe", attempts = 3, video_id = "vid_1" })
    assert.equal(3, live.sent(sim))
    check(create { timeout = 0.4 }, { kind = "timeout", sent = "maybe", attempts = 1 })
    assert.equal(1, sim:counts().creates)
  end)

  it("in time: an answer that stops in its headers or in its body", function()
    for _, where in ipairs { "headers", "body" } do
      faults { stall = where, act = true }
      check(read { timeout = 0.4 }, { kind = "timeout", sent = "yes", attempts = 3 })
      check(create { timeout = 0.4 }, { kind = "timeout", sent = "yes", attempts = 1 })
    end
    assert.equal(2, sim:counts().creates)
  end)

  it("in time: a body that comes too slowly", function()
    faults { drip = { bytes = 5, every = 0.02 } }
    check(read { timeout = 0.1 }, { kind = "timeout", sent = "yes", attempts = 3, video_id = "vid_1" })
  end)

  it("in time: a slow body that comes within the timeout is no failure", function()
    faults { drip = { bytes = 40, every = 0.002 } }
    assert.same({}, assert(client.videos:list()).data)
  end)

  it("in time: the deadline ends attempts and pauses together", function()
    faults { stall = true }
    local err = read { timeout = 30, deadline = 0.1 }
    check(err, { kind = "timeout", sent = "maybe", video_id = "vid_1" })
    local slow = live.client(sim, { retry_base = 1000, retry_cap = 1000 })
    faults { status = 503 }
    -- A pause of 500 s on average does not fit: the error is that of the attempt.
    err = live.failure(slow.videos:get("vid_1", { deadline = 0.5 }))
    check(err, { kind = "api", status = 503, sent = "yes", attempts = 1 })
  end)

  it("in time: a deadline that is over before an attempt does not wait for ever", function()
    faults { status = 503, delay = 0.03, times = 1 }
    local err = read { deadline = 0.000001 }
    assert.equal("timeout", err.kind)
  end)

  it("on every kind of call carries the ids that were given", function()
    faults { status = 500 }
    local options = { max_retries = 0 }
    check(live.failure(client.video_agents:get("sess_1", options)), { session_id = "sess_1" })
    check(live.failure(client.video_agents:send("sess_1", { message = "x" })), { session_id = "sess_1" })
    check(live.failure(client.video_agents:stop("sess_1", options)), { session_id = "sess_1" })
    check(live.failure(client.video_agents:resource("sess_1", "res_1", options)), {
      session_id = "sess_1",
      resource_id = "res_1",
    })
    check(live.failure(client.videos:delete("vid_1", options)), { video_id = "vid_1" })
    check(live.failure(client:poll { session_id = "sess_1" }), { session_id = "sess_1" })
    check(live.failure(client:poll { session_id = "sess_1", video_id = "vid_1" }), { video_id = "vid_1" })
  end)
end)
