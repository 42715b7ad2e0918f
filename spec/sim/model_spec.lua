-- The model of the service, without sockets: what it answers to what.
local clock = require "heygen.sim.core.clock"
local core = require "heygen.core"
local support = require "spec.support.sim_model"

local null = core.null

describe("the simulated service", function()
  local sim

  before_each(function()
    sim = support.new { behaviour = { concurrency = 0 } }
  end)

  describe("authorization", function()
    it("wants a key, and gives the same 401 for none and for a wrong one", function()
      sim = support.new { keys = { "right" } }
      for _, headers in ipairs {
        { ["x-api-key"] = false },
        { ["x-api-key"] = "wrong" },
        { ["x-api-key"] = false, authorization = "Bearer wrong" },
        { ["x-api-key"] = false, authorization = "Basic right" },
        { ["x-api-key"] = "  " },
      } do
        local status, value = sim:ask("GET", "/v3/videos", nil, headers)
        assert.equal(401, status)
        assert.same({
          code = "unauthorized",
          message = "Unauthorized",
          doc_url = "https://developers.heygen.com/docs/error-codes#unauthorized",
        }, value.error)
      end
    end)

    it("takes either header", function()
      sim = support.new { keys = { "right" } }
      assert.equal(200, (sim:ask("GET", "/v3/videos", nil, { ["x-api-key"] = "right" })))
      assert.equal(
        200,
        (sim:ask("GET", "/v3/videos", nil, { ["x-api-key"] = false, authorization = "Bearer right" }))
      )
    end)

    it("takes any key that is not empty unless told otherwise", function()
      assert.equal(200, (sim:ask("GET", "/v3/videos", nil, { ["x-api-key"] = "anything" })))
      assert.equal(401, (sim:ask("GET", "/v3/videos", nil, { ["x-api-key"] = "" })))
    end)
  end)

  describe("a creation", function()
    local function refused(status, param, body)
      local got, value = sim:ask("POST", "/v3/video-agents", body)
      assert.equal(status, got)
      assert.equal("invalid_parameter", value.error.code)
      assert.equal(param, value.error.param)
      assert.equal(0, sim.model.journal.counts.creates)
    end

    it("answers with the documented fields", function()
      local _, data = sim:create()
      assert.matches("^sess_%x+$", data.session_id)
      assert.equal("generating", data.status)
      assert.equal("pending", sim:video(data.video_id).status)
      sim.model:behave { video_id = "late" }
      _, data = sim:create()
      assert.same({ "thinking" }, { data.status, data.video_id })
      sim.model:behave { video_id = "at_once" }
      _, data = sim:create { prompt = "x", mode = "chat" }
      assert.same({ "thinking" }, { data.status, data.video_id })
      assert.equal(math.floor(sim.model.clock:now()), data.created_at)
    end)

    it("counts the prompt in characters", function()
      local wide = "\195\164\226\130\172\240\159\152\128\65"
      sim:create { prompt = wide:rep(2500) }
      sim.model:reset()
      refused(400, "prompt", { prompt = wide:rep(2500) .. "x" })
      refused(400, "prompt", { prompt = "" })
      sim:create { prompt = "x" }
    end)

    it("refuses what the contract does not allow", function()
      refused(400, "prompt", {})
      refused(400, "prompt", { prompt = 5 })
      refused(400, "prompt", { prompt = null })
      refused(400, "mode", { prompt = "x", mode = "fast" })
      refused(400, "mode", { prompt = "x", mode = null })
      refused(400, "orientation", { prompt = "x", orientation = "square" })
      refused(400, "incognito_mode", { prompt = "x", incognito_mode = "yes" })
      refused(400, "style_id", { prompt = "x", style_id = "no_such_style" })
      refused(400, "callback_id", { prompt = "x", callback_id = "1" })
      refused(400, "callback_url", { prompt = "x", callback_url = "ftp://example.com/" })
      refused(422, "duration_sec", { prompt = "x", duration_sec = 30 })
      refused(400, nil, "{not json")
      refused(400, nil, "[1]")
      refused(400, nil, "")
    end)

    it("checks files", function()
      local file = { type = "url", url = "https://example.com/a.png" }
      local files = {}
      for i = 1, 20 do
        files[i] = file
      end
      sim:create { prompt = "x", files = files }
      sim.model:reset()
      files[21] = file
      refused(400, "files", { prompt = "x", files = files })
      refused(400, "files[0].type", { prompt = "x", files = { { url = "https://example.com" } } })
      refused(
        400,
        "files[1].url",
        { prompt = "x", files = { file, { type = "url", url = "http://example.com/" } } }
      )
      refused(422, "files[0].content_type", {
        prompt = "x",
        files = { { type = "base64", content_type = "image/png", data = "QUJD" } },
      })
      refused(400, "files[0].data", {
        prompt = "x",
        files = { { type = "base64", media_type = "image/png", data = "data:image/png;base64,QUJD" } },
      })
      refused(400, "files", { prompt = "x", files = "https://example.com/a.png" })
      sim.model:behave { unknown_ids = "accepted" }
      sim:create {
        prompt = "x",
        files = {
          { type = "asset_id", asset_id = "a" },
          { type = "base64", media_type = "image/png", data = "QUJD" },
        },
      }
    end)

    it("takes null where the contract says so", function()
      sim:create {
        prompt = "x",
        avatar_id = null,
        voice_id = null,
        style_id = null,
        brand_kit_id = null,
        orientation = null,
        files = null,
        callback_url = null,
        callback_id = null,
      }
    end)
  end)

  describe("lists", function()
    local function walk(target)
      local seen, token, pages = {}, nil, 0
      repeat
        local status, value = sim:ask("GET", target .. (token and "&token=" .. core.escape(token) or ""))
        assert.equal(200, status)
        for _, item in ipairs(value.data) do
          seen[#seen + 1] = item.session_id or item.id or item.style_id
        end
        assert.equal(value.has_more, value.next_token ~= nil)
        token, pages = value.next_token, pages + 1
      until not token
      return seen, pages
    end

    it("go newest first over all pages", function()
      local made = {}
      for _ = 1, 25 do
        table.insert(made, 1, (sim:create()))
      end
      local seen, pages = walk "/v3/video-agents?limit=10"
      assert.same(made, seen)
      assert.equal(3, pages)
      assert.equal(25, #walk "/v3/video-agents?limit=25")
    end)

    it("have tokens that must be percent-encoded and cannot be made up", function()
      for _ = 1, 3 do
        sim:create()
      end
      local _, value = sim:ask("GET", "/v3/video-agents?limit=1")
      assert.matches("%+.*/.*=$", value.next_token)
      for _, bad in ipairs { value.next_token, "abc", "", core.escape(value.next_token .. "A") } do
        local status, problem = sim:ask("GET", "/v3/video-agents?limit=1&token=" .. bad)
        assert.equal(400, status)
        assert.equal("token", problem.error.param)
      end
      local status = sim:ask("GET", "/v3/videos?token=" .. core.escape(value.next_token))
      assert.equal(400, status)
    end)

    it("check limits", function()
      for _, bad in ipairs { "0", "101", "-1", "1.5", "ten", "", "99999999999999999999" } do
        local status, value = sim:ask("GET", "/v3/videos?limit=" .. bad)
        assert.equal(400, status)
        assert.equal("limit", value.error.param)
      end
      assert.equal(200, (sim:ask("GET", "/v3/videos?limit=100&unknown=1")))
    end)

    it("of videos can be searched by title, and forget deleted ones", function()
      sim.model:behave { video_id = "at_once" }
      local _, dog = sim:create { prompt = "A dog video" }
      sim:create { prompt = "A cat video" }
      assert.same({ dog.video_id }, (walk "/v3/videos?title=DOG"))
      assert.equal(400, (sim:ask("GET", "/v3/videos?title=")))
      assert.same({}, (walk "/v3/videos?folder_id=f"))
      local status, value = sim:ask("DELETE", "/v3/videos/" .. dog.video_id)
      assert.equal(200, status)
      assert.same({ id = dog.video_id, deleted = true }, value.data)
      for _, method in ipairs { "GET", "DELETE" } do
        status, value = sim:ask(method, "/v3/videos/" .. dog.video_id)
        assert.equal(404, status)
        assert.equal("video_not_found", value.error.code)
      end
      assert.equal(1, #walk "/v3/videos?limit=10")
    end)

    it("of styles have tags and a second page", function()
      local all, pages = walk "/v3/video-agents/styles?limit=20"
      assert.equal(24, #all)
      assert.equal(2, pages)
      local _, value = sim:ask("GET", "/v3/video-agents/styles?tag=print")
      assert.equal(4, #value.data)
      assert.same({ "print" }, value.data[1].tags)
      sim:create { prompt = "x", style_id = all[1] }
    end)
  end)

  it("answers bulk statuses", function()
    sim.model:behave { video_id = "at_once" }
    local _, data = sim:create()
    local _, value =
      sim:ask("GET", "/v3/videos/statuses?video_ids=" .. data.video_id .. ",nothing&batch_ids=b")
    assert.equal("queued", value.data[1].status)
    assert.equal(data.video_id, value.data[1].video_id)
    assert.equal("not_found", value.data[2].status)
    assert.equal("b", value.data[3].batch_id)
    assert.equal(400, (sim:ask("GET", "/v3/videos/statuses")))
    assert.equal(400, (sim:ask("GET", "/v3/videos/statuses?video_ids=" .. ("a,"):rep(101))))
  end)

  it("tells about the resources it has named in a message", function()
    local id = sim:create()
    assert.equal(404, (sim:ask("GET", "/v3/video-agents/" .. id .. "/resources/nothing")))
    sim.model.clock:advance(721)
    local resource = sim:session(id).messages[1].resource_ids[1]
    local status, value = sim:ask("GET", "/v3/video-agents/" .. id .. "/resources/" .. resource)
    assert.equal(200, status)
    assert.equal("video", value.data.resource_type)
    assert.matches("^http", value.data.url)
  end)

  it("answers 404 and 405 for what is not there", function()
    assert.equal(404, (sim:ask("GET", "/v3/nothing")))
    assert.equal(404, (sim:ask("GET", "/v3/videos/%FF")))
    assert.equal(404, (sim:ask("GET", "/v3/videos/a%2Fb")))
    assert.equal(404, (sim:ask("DELETE", "/v3/videos/")))
    local status, _, response = sim:ask("PUT", "/v3/videos")
    assert.equal(405, status)
    assert.equal("GET, POST", support.header(response, "Allow"))
    assert.equal(400, (sim:ask("GET", "/v3/videos?title=%ZZ")))
  end)

  describe("files", function()
    local function finished(values)
      sim.model:behave(values or {})
      sim.model:behave { video_id = "at_once" }
      local _, data = sim:create { prompt = "x", orientation = "portrait" }
      sim.model.clock:advance(720)
      return data.video_id
    end

    local function path(url)
      return url:match "^http://[^/]+(/.*)$"
    end

    local function fetch(url, headers, method)
      local all = { ["x-api-key"] = false }
      for name, value in pairs(headers or {}) do
        all[name] = value
      end
      return sim:ask(method or "GET", path(url), nil, all)
    end

    it("have a URL that differs each time, expires and cannot be changed", function()
      local id = finished { url_expires = 100 }
      local url, other = sim:video(id).video_url, sim:video(id).video_url
      assert.not_equal(url, other)
      local status, _, response = fetch(url)
      assert.equal(200, status)
      assert.equal("video/mp4", support.header(response, "Content-Type"))
      assert.equal(403, (fetch((url:gsub("Expires=%d+", "Expires=1999999999")))))
      assert.equal(403, (fetch(url .. "0")))
      sim.model.clock:advance(101)
      assert.equal(403, (fetch(url)))
      assert.equal(200, (fetch(sim:video(id).video_url)))
    end)

    it("can be late, and their URL too", function()
      local id = finished { video_url_late = 50, file_late = 100 }
      assert.is_nil(sim:video(id).video_url)
      sim.model.clock:advance(51)
      local url = sim:video(id).video_url
      assert.equal(404, (fetch(url)))
      sim.model.clock:advance(50)
      assert.equal(200, (fetch(url)))
    end)

    it("come in ranges", function()
      local url = sim:video(finished()).video_url
      local _, whole, full = fetch(url)
      local etag = support.header(full, "ETag")
      local status, part, response = fetch(url, { range = "bytes=4-7" })
      assert.equal(206, status)
      assert.equal("ftyp", part)
      assert.equal("bytes 4-7/" .. #whole, support.header(response, "Content-Range"))
      assert.equal(whole:sub(-5), (select(2, fetch(url, { range = "bytes=-5" }))))
      assert.equal(whole:sub(11), (select(2, fetch(url, { range = "bytes=10-" }))))
      status, part = fetch(url, { range = "bytes=10-", ["if-range"] = etag })
      assert.equal(206, status)
      assert.equal(#whole - 10, #part)
      assert.equal(200, (fetch(url, { range = "bytes=10-", ["if-range"] = '"old"' })))
      status, _, response = fetch(url, { range = "bytes=" .. #whole .. "-" })
      assert.equal(416, status)
      assert.equal("bytes */" .. #whole, support.header(response, "Content-Range"))
      assert.equal(200, (fetch(url, { range = "bytes=5-4" })))
      assert.equal(304, (fetch(url, { ["if-none-match"] = etag })))
    end)

    it("note a key that should not have come", function()
      local url = sim:video(finished()).video_url
      assert.equal(400, (fetch(url, { ["x-api-key"] = "key" })))
      assert.equal(400, (fetch(url, { authorization = "Bearer x" })))
      assert.equal(2, sim.model.journal.counts.keys_leaked)
    end)
  end)

  it("gives the same run for the same seed", function()
    local function run(seed)
      sim = support.new { seed = seed }
      local id = sim:create()
      sim.model.clock:advance(720)
      return id .. sim:video(sim:session(id).video_id).video_url
    end
    assert.equal(run(7), run(7))
    assert.not_equal(run(7), run(8))
  end)

  it("starts again on reset", function()
    sim:create()
    sim.model:behave { stall = true }
    assert.equal(200, (sim:ask("POST", "/_sim/faults", { status = 500 })))
    assert.equal(200, (sim:ask("POST", "/_sim/reset")))
    local status, value = sim:ask("GET", "/v3/video-agents")
    assert.equal(200, status)
    assert.same({}, value.data)
    assert.equal(1, sim.model.journal.counts.requests)
    assert.is_false(sim.model.behaviour.stall)
  end)

  it("keeps the last requests, without their keys", function()
    sim = support.new { remember = 3 }
    for i = 1, 5 do
      sim:ask("GET", "/v3/videos?limit=" .. i, nil, { authorization = "Bearer secret", ["x-a"] = "\255" })
    end
    local _, value = sim:ask("GET", "/_sim/requests?limit=2")
    assert.equal(2, #value.data)
    assert.equal("/v3/videos?limit=5", value.data[2].target)
    assert.equal("GET /v3/videos", value.data[2].route)
    assert.equal(200, value.data[2].status)
    assert.equal("****", value.data[2].headers["x-api-key"])
    assert.equal("****", value.data[2].headers.authorization)
    assert.equal("%FF", value.data[2].headers["x-a"])
    _, value = sim:ask("GET", "/_sim/requests")
    assert.equal(3, #value.data)
  end)

  it("has controls that refuse nonsense", function()
    for _, bad in ipairs {
      { "POST", "/_sim/faults", "{" },
      { "POST", "/_sim/faults", { method = "GET" } },
      { "POST", "/_sim/faults", { status = "500" } },
      { "POST", "/_sim/faults", { statu = 500 } },
      { "POST", "/_sim/faults", { scenario = "nice" } },
      { "POST", "/_sim/behaviour", { thinkin = 1 } },
      { "POST", "/_sim/behaviour", { thinking = 1, next = 0 } },
      { "POST", "/_sim/clock", { advance = "1" } },
      { "POST", "/_sim/clock", { speed = -1 } },
      { "POST", "/_sim/clock", { back = 1 } },
      { "GET", "/_sim/requests?limit=x" },
    } do
      local status, value = sim:ask(bad[1], bad[2], bad[3])
      assert.equal(400, status, bad[2])
      assert.is_string(value.error.message)
    end
    assert.equal(404, (sim:ask("GET", "/_sim/nothing")))
  end)

  it("scales its clock", function()
    local seconds = 0
    sim = support.new {
      clock = clock.new {
        speed = 600,
        start = 1000,
        source = function()
          return seconds
        end,
      },
    }
    local id = sim:create()
    seconds = 1.3
    assert.equal("completed", sim:session(id).status)
    sim:ask("POST", "/_sim/clock", { speed = 1 })
    seconds = 2.3
    local _, value = sim:ask("GET", "/_sim/state")
    assert.equal(1000 + 780 + 1, value.data == nil and value.now)
    assert.equal("completed", value.newest[1].status)
  end)
end)
