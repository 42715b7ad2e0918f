-- What a person gets at "/", and what can be asked under /_sim/, seen over HTTP without a browser.
local cjson = require "cjson"
local eventually = require "spec.support.eventually"
local socket = require "socket"
local support = require "spec.support.sim"

local HTML = { accept = "text/html,application/xhtml+xml,*/*;q=0.8" }

for _, front in ipairs { "luv", "nginx" } do
  describe("the address / over " .. front, function()
    local sim

    setup(function()
      sim = support.start { front = front, speed = 0, behaviour = { clip_seconds = 3 } }
    end)

    before_each(function()
      sim:reset()
    end)

    teardown(function()
      sim:stop()
    end)

    it("tells a program in a line what this is", function()
      local status, body, headers = sim:exchange("GET", "/")
      assert.equal(200, status)
      assert.matches("simulated HeyGen", body)
      assert.matches(sim.url .. "/v3/", body, 1, true)
      assert.equal("text/plain; charset=utf-8", headers["content-type"])
    end)

    it("gives a browser a page that takes nothing from elsewhere", function()
      local status, body, headers = sim:exchange("GET", "/", nil, HTML)
      assert.equal(200, status)
      assert.equal("text/html; charset=utf-8", headers["content-type"])
      assert.matches("default-src 'none'", headers["content-security-policy"], 1, true)
      assert.is_nil(body:find "https?://%w")
      assert.is_nil(body:find "=[\"']//")
      local seen = 0
      for path in body:gmatch '[hs][re][ec]f?="(_sim/[^"]+)"' do
        local answer, content, its = sim:exchange("GET", "/" .. path)
        assert.equal(200, answer, path)
        assert.equal("nosniff", its["x-content-type-options"])
        assert.is_true(#content > 100)
        -- The one address in them names a language, it is never fetched.
        assert.is_nil(content:gsub("http://www%.w3%.org/2000/svg", ""):find "https?://%w", path)
        seen = seen + 1
      end
      assert.equal(4, seen)
    end)

    it("cannot be hit by a fault, and counts nothing", function()
      sim:faults { { status = 500 } }
      assert.equal(200, (sim:exchange("GET", "/", nil, HTML)))
      assert.equal(500, (sim:exchange("GET", "/")))
      sim:faults {}
      sim:reset()
      for _, path in ipairs { "/", "/_sim/page.js", "/_sim/state", "/_sim/requests" } do
        assert.equal(200, (sim:exchange("GET", path, nil, HTML)))
      end
      assert.equal(0, sim:counts().requests)
      assert.same({}, sim:requests())
    end)

    it("shows none of the files of a video that is not there", function()
      for _, name in ipairs { "00000000.mp4", "00000000.vtt", "00000000.srt", "00000000.jpg", "nothing" } do
        local status, body = sim:exchange("GET", "/_sim/files/" .. name)
        assert.equal(404, status, name)
        assert.is_nil(body:find("WEBVTT", 1, true))
      end
    end)

    it("shows finished videos without a signature, ranges included", function()
      sim:api("POST", "/v3/video-agents", { prompt = "A video" })
      assert.same(cjson.null, (sim:state().videos[1] or { video_url = cjson.null }).video_url)
      sim:clock { advance = 720 }
      local video = sim:state().videos[1]
      assert.equal("completed", video.status)
      local status, body, headers = sim:exchange("GET", video.video_url)
      assert.equal(200, status)
      assert.equal("ftyp", body:sub(5, 8))
      assert.equal("video/mp4", headers["content-type"])
      local part
      status, part, headers = sim:exchange("GET", video.video_url, nil, { range = "bytes=4-7" })
      assert.same({ 206, "ftyp", "bytes 4-7/" .. #body }, { status, part, headers["content-range"] })
      assert.equal(0, sim:counts().downloads)
      for _, path in ipairs {
        "/_sim/files/00000000.mp4",
        "/_sim/files/%2e%2e",
        "/_sim/files/",
        "/_sim/files/x",
      } do
        status = sim:exchange("GET", path)
        assert.is_true(status == 403 or status == 404, path)
      end
    end)
  end)
end

describe("GET /_sim/state", function()
  local sim

  setup(function()
    sim = support.start { speed = 0, seed = 3, behaviour = { concurrency = 3 } }
  end)

  before_each(function()
    sim:reset()
  end)

  teardown(function()
    sim:stop()
  end)

  it("tells how the simulator is set", function()
    sim:faults { { method = "GET", nth = 2, status = 503 } }
    local state = sim:state()
    assert.equal(3, state.seed)
    assert.equal(0, state.speed)
    assert.equal(sim.url, state.url)
    assert.equal("any", state.keys)
    assert.equal(3, state.behaviour.concurrency)
    local match, effect = state.faults[1].match, state.faults[1].effect
    assert.same({ "GET", 2, 503 }, { match.method, match.nth, effect.status })
    local names = {}
    for i, row in ipairs(state.scenarios) do
      names[i] = row.name
      assert.is_true(#row.about > 10)
    end
    assert.matches("flaky.*overloaded.*slow.*stalled", table.concat(names, " "))
  end)

  it("follows a session and its video", function()
    sim:behaviour { video_id = "late" }
    local _, made = sim:api("POST", "/v3/video-agents", { prompt = "A video", orientation = "portrait" })
    local state = sim:state()
    assert.equal(1, state.running)
    assert.equal(1, state.sessions)
    assert.same({}, state.videos)
    local session = state.newest[1]
    assert.equal(made.data.session_id, session.session_id)
    assert.same(
      { "thinking", 0, true, 720 },
      { session.status, session.progress, session.running, session.left }
    )
    assert.is_false(session.video_visible)
    sim:clock { advance = 420 }
    session = sim:state().newest[1]
    assert.same({ "generating", 50, 300 }, { session.status, session.progress, session.left })
    assert.is_true(session.video_visible)
    local video = sim:state().videos[1]
    assert.same(
      { session.video_id, session.session_id, "A video", "portrait", "processing" },
      { video.video_id, video.session_id, video.title, video.orientation, video.status }
    )
    sim:clock { advance = 300 }
    state = sim:state()
    session, video = state.newest[1], state.videos[1]
    assert.same({ 0, "completed", false, cjson.null }, {
      state.running,
      session.status,
      session.running,
      session.left,
    })
    assert.same({ "completed", 10 }, { video.status, video.duration })
    sim:api("DELETE", "/v3/videos/" .. video.video_id)
    assert.same({}, sim:state().videos)
    assert.is_true(sim:state().newest[1].video_deleted)
  end)

  it("tells the last message, and why a video failed", function()
    sim:behaviour { video_fails = true, failure_message = "No light", next = 1 }
    assert.same(
      { { behaviour = { video_fails = true, failure_message = "No light" }, left = 1 } },
      sim:state().ordered
    )
    sim:api("POST", "/v3/video-agents", { prompt = "A dark video" })
    sim:api("POST", "/v3/video-agents", { prompt = "Let us talk", mode = "chat" })
    sim:clock { advance = 800 }
    local state = sim:state()
    assert.same({}, state.ordered)
    assert.same({ "failed", "No light" }, { state.videos[1].status, state.videos[1].failure_message })
    assert.same({ "chat", "waiting_for_input", cjson.null }, {
      state.newest[1].mode,
      state.newest[1].status,
      state.newest[1].left,
    })
    assert.equal("model", state.newest[1].message.role)
    assert.matches("continue", state.newest[1].message.content)
  end)

  it("gives as many rows as asked for, the newest first", function()
    for i = 1, 3 do
      sim:api("POST", "/v3/video-agents", { prompt = "Video " .. i })
    end
    local function titles(query)
      local _, body = sim:exchange("GET", "/_sim/state" .. query)
      local list = {}
      for i, row in ipairs(cjson.decode(body).newest) do
        list[i] = row.title
      end
      return list
    end
    assert.same({ "Video 3", "Video 2", "Video 1" }, titles "")
    assert.same({ "Video 3", "Video 2" }, titles "?limit=2")
    assert.same({}, titles "?limit=0")
    assert.equal(400, (sim:exchange("GET", "/_sim/state?limit=many")))
  end)
end)

describe("GET /_sim/requests", function()
  local sim

  setup(function()
    sim = support.start { speed = 0 }
  end)

  before_each(function()
    sim:reset()
  end)

  teardown(function()
    sim:stop()
  end)

  local function ask(connection, path)
    assert(connection:send("GET " .. path .. " HTTP/1.1\r\nHost: x\r\nX-Api-Key: secret\r\n\r\n"))
  end

  it("numbers connections and requests, and masks keys", function()
    local one, two = sim:connect(), sim:connect()
    ask(one, "/v3/videos?limit=1")
    support.receive(one)
    ask(two, "/v3/videos?limit=2")
    support.receive(two)
    ask(one, "/v3/videos?limit=3")
    support.receive(one)
    one:close()
    two:close()
    local list = sim:requests()
    assert.equal(3, #list)
    for i, row in ipairs(list) do
      assert.equal(i, row.number)
      assert.equal("/v3/videos?limit=" .. i, row.target)
      assert.equal("/v3/videos", row.path)
      assert.equal("GET /v3/videos", row.route)
      assert.equal("****", row.headers["x-api-key"])
      assert.equal(200, row.status)
    end
    assert.equal(list[1].connection, list[3].connection)
    assert.are_not.equal(list[1].connection, list[2].connection)
    assert.same({ false, false, true }, { list[1].reused, list[2].reused, list[3].reused })
    local _, body = sim:exchange("GET", "/_sim/requests")
    assert.is_nil(body:find("secret", 1, true))
  end)

  it("tells how long each took, and how it ended", function()
    sim:faults {
      { path = "/v3/videos", nth = 1, delay = 0.2 },
      { path = "/v3/videos", nth = 2, reset = true },
      { path = "/v3/videos", nth = 3, stall = true },
      { path = "/v3/videos", nth = 4, close = "body" },
    }
    local connection = sim:connect()
    ask(connection, "/v3/videos")
    support.receive(connection)
    ask(connection, "/v3/videos")
    connection:receive "*a"
    connection:close()
    local stalled = sim:connect()
    ask(stalled, "/v3/videos")
    sim:all "GET /v3/videos HTTP/1.0\r\nX-Api-Key: secret\r\n\r\n"
    local list = sim:requests()
    assert.equal("kept", list[1].ending)
    assert.is_true(list[1].took >= 0.19)
    assert.equal("reset", list[2].ending)
    assert.same({ cjson.null, cjson.null }, { list[3].ending, list[3].took })
    assert.equal("closed", list[4].ending)
    stalled:close()
    local deadline = socket.gettime() + 10
    repeat
      list = sim:requests()
    until list[3].ending == "gone" or socket.gettime() > deadline
    assert.equal("gone", list[3].ending)
  end)
end)

-- Of nginx one worker, so that what is sent first is read first.
for name, options in pairs {
  luv = { speed = 0 },
  ["nginx #once"] = { speed = 0, front = "nginx", workers = 1 },
} do
  it("GET /_sim/requests tells how long a request took to arrive, over " .. name, function()
    local sim = support.start(options)
    finally(function()
      sim:stop()
    end)
    local connection = sim:connect()
    connection:send "GET /v3/videos HTTP/1.1\r\n"
    -- Once it has answered what was sent later, it has seen this.
    sim:counts()
    socket.sleep(0.3)
    connection:send "Host: x\r\nX-Api-Key: secret\r\n\r\nGET /v3/videos?limit=2 HTTP/1.1\r\n"
    support.receive(connection)
    connection:send "Host: x\r\nX-Api-Key: secret\r\n\r\n"
    support.receive(connection)
    connection:close()
    local list = sim:requests()
    assert.is_true(list[1].arriving >= 0.1)
    assert.is_true(list[2].arriving >= 0)
  end)

  it("GET /_sim/requests has nothing of what was under way at a reset, over " .. name, function()
    local sim = support.start(options)
    finally(function()
      sim:stop()
    end)
    sim:faults { stall = true, path = "/v3/videos" }
    local stalled = sim:connect()
    stalled:send "GET /v3/videos HTTP/1.1\r\nHost: x\r\nX-Api-Key: secret\r\n\r\n"
    assert.is_truthy(eventually(function()
      return sim:requests()[1]
    end))
    sim:reset()
    assert.equal(200, (sim:api("GET", "/v3/lipsyncs")))
    stalled:close()
    for _ = 1, 5 do
      sim:counts()
    end
    local list = sim:requests()
    assert.same({ 1, "/v3/lipsyncs" }, { #list, list[1].path })
  end)
end
