-- The request pipeline over a real connection: what arrives, what is sent again, and what never is.
local core = require "heygen.core"
local heygen = require "heygen"
local live = require "spec.support.live"
local socket = require "socket"
local support = require "spec.support.sim"

local CREATE = { method = "POST", path = "/v3/video-agents" }

-- A rule for creates.
local function on_create(effect)
  effect.method, effect.path = CREATE.method, CREATE.path
  return { effect }
end

local function list_of(sim, method, path)
  local found = {}
  for _, entry in ipairs(sim:requests()) do
    if entry.method == method and (not path or entry.path == path) then
      found[#found + 1] = entry
    end
  end
  return found
end

-- A port on which nothing listens.
local function closed_port()
  local server = assert(socket.bind("127.0.0.1", 0))
  local _, port = server:getsockname()
  server:close()
  return port
end

describe("a request", function()
  local sim, client

  setup(function()
    sim = support.start { speed = 600 }
    client = live.client(sim)
  end)

  teardown(function()
    sim:stop()
  end)

  before_each(function()
    sim:reset()
  end)

  local function create()
    return assert(client:create { prompt = "A short video" })
  end

  describe("as it arrives", function()
    it("carries the key, our name and JSON", function()
      create()
      local headers = sim:requests()[1].headers
      assert.equal("****", headers["x-api-key"])
      assert.is_nil(headers.authorization)
      assert.matches("^heygen%-lua/%d+%.%d+%.%d+$", headers["user-agent"])
      assert.equal("application/json", headers["content-type"])
      assert.is_nil(headers.expect)
      assert.equal("gzip", headers["accept-encoding"])
    end)

    it("carries an access token instead, the caller's name and headers", function()
      local other = live.client(sim, {
        api_key = false,
        access_token = "at-123",
        user_agent = "video-club/2",
        headers = { ["X-HeyGen-Client-Origin"] = "spec" },
      })
      assert(other.videos:list())
      local headers = sim:requests()[1].headers
      assert.equal("****", headers.authorization)
      assert.is_nil(headers["x-api-key"])
      assert.matches("^video%-club/2 heygen%-lua/", headers["user-agent"])
      assert.equal("spec", headers["x-heygen-client-origin"])
      assert.is_nil(headers["content-type"])
    end)

    it("goes below the path of the base URL", function()
      local other = live.client(sim, { base_url = sim.url .. "/proxy/heygen/" })
      local err = live.failure(other.videos:get "v1")
      assert.equal(404, err.status)
      assert.equal("/proxy/heygen/v3/videos/v1", sim:requests()[1].path)
    end)

    it("takes gzip", function()
      sim:faults { { gzip = "ok", times = 1 } }
      assert.same({}, assert(client.videos:list()).data)
    end)
  end)

  describe("idempotency keys", function()
    local UUID = "^%x%x%x%x%x%x%x%x%-%x%x%x%x%-4%x%x%x%-[89ab]%x%x%x%-%x%x%x%x%x%x%x%x%x%x%x%x$"

    it("are on every POST, another for each call", function()
      local session = create()
      assert(client.video_agents:send(session, { message = "continue" }))
      assert(client.video_agents:stop(session))
      assert.equal(404, live.failure(client:request { method = "POST", path = "/v3/none", json = {} }).status)
      local posts, seen = list_of(sim, "POST"), {}
      assert.equal(4, #posts)
      for _, post in ipairs(posts) do
        local key = post.headers["idempotency-key"]
        assert.matches(UUID, key)
        assert.is_nil(seen[key])
        seen[key] = true
      end
    end)

    it("are on nothing else", function()
      client.videos:list()
      client.videos:delete "v"
      for _, entry in ipairs(sim:requests()) do
        assert.is_nil(entry.headers["idempotency-key"])
      end
    end)

    it("are the same on all attempts", function()
      sim:faults(on_create { status = 429, headers = { ["Retry-After"] = "0" }, times = 2 })
      create()
      local posts = list_of(sim, "POST")
      assert.equal(3, #posts)
      assert.matches(UUID, posts[1].headers["idempotency-key"])
      assert.equal(posts[1].headers["idempotency-key"], posts[2].headers["idempotency-key"])
      assert.equal(posts[1].headers["idempotency-key"], posts[3].headers["idempotency-key"])
      assert.equal(1, sim:counts().creates)
    end)

    it("can be given, and are on the error", function()
      sim:faults(on_create { status = 500 })
      local err = live.failure(client:create { prompt = "x", idempotency_key = "order-17:a.b_C" })
      assert.equal("order-17:a.b_C", err.idempotency_key)
      assert.equal("order-17:a.b_C", list_of(sim, "POST")[1].headers["idempotency-key"])
    end)
  end)

  describe("that creates", function()
    -- The danger is real: libcurl by itself sends a POST again when a reused connection dies unanswered.
    it("would be sent twice on a reused connection", function()
      sim:faults(on_create { act = true, close = "before", connection_reused = true, times = 1 })
      local engine = assert(core.new_engine())
      local function exchange(method, path, body)
        local job = assert(engine:create {
          method = method,
          base = sim.url,
          target = path,
          body = body,
          allow_http = true,
          content_type = body and "application/json",
          headers = { ["X-Api-Key"] = live.KEY },
        })
        while not job:done() do
          engine:wait()
        end
        return job:result()
      end
      assert.equal(200, (exchange("GET", "/v3/videos")))
      assert.equal(200, (exchange("POST", "/v3/video-agents", '{"prompt":"x"}')))
      engine:close()
      assert.equal(2, sim:counts().creates)
    end)

    it("never goes over a used connection, so exactly one is made when it dies unanswered", function()
      sim:faults(on_create { act = true, close = "before", connection_reused = true })
      assert(client.videos:list())
      create()
      assert.equal(1, sim:counts().creates)
      assert.is_false(list_of(sim, "POST")[1].reused)
    end)

    it("is made once when the server reads it all and hangs up", function()
      sim:faults(on_create { act = true, close = "before" })
      assert(client.videos:list()) -- a connection is there to be reused
      local err = live.failure(client:create { prompt = "x" })
      assert.equal("network", err.kind)
      assert.equal("closed", err.code)
      assert.equal("maybe", err.sent)
      assert.equal(1, err.attempts)
      assert.is_nil(err.status)
      assert.matches("^%x+%-", err.idempotency_key)
      assert.equal(1, sim:counts().creates)
      assert.equal(1, sim:counts().create_requests)
    end)

    it("has its timeout from when it is sent, and no more", function()
      sim:faults(on_create { stall = true, act = true })
      local began = core.now()
      local err = live.failure(client:create { prompt = "x", timeout = 3 })
      local took = core.now() - began
      assert.equal("timeout", err.kind)
      assert.equal("maybe", err.sent)
      assert.matches("the time was up before the answer was complete", err.message)
      assert.is_true(took > 2.9 and took < 5.8, took) -- libcurl's own limit is 6 seconds
      assert.equal(1, sim:counts().creates)
    end)

    it("is sent again when it was refused for too many requests", function()
      sim:faults(on_create { status = 429, times = 1 })
      local session = create()
      assert.equal(2, heygen.response(session).attempts)
      assert.equal(1, sim:counts().creates)
    end)

    it("is not sent again when the quota is used up", function()
      sim:faults(on_create { status = 429, code = "quota_exceeded" })
      local err = live.failure(client:create { prompt = "x" })
      assert.equal("quota_exceeded", err.code)
      assert.is_false(err.retryable)
      assert.equal(1, sim:counts().create_requests)
    end)

    it("is sent again when no connection came about, since nothing was sent", function()
      local attempts = {}
      local other = live.client(nil, {
        base_url = "http://127.0.0.1:" .. closed_port(),
        on_request = function(event)
          attempts[#attempts + 1] = event.idempotency_key
        end,
      })
      local err = live.failure(other:create { prompt = "x" })
      assert.equal("network", err.kind)
      assert.equal("connect", err.code)
      assert.equal("no", err.sent)
      assert.equal(3, err.attempts)
      assert.same({ err.idempotency_key, err.idempotency_key, err.idempotency_key }, attempts)
    end)
  end)

  describe("that deletes", function()
    local function finished_video()
      local session = create()
      sim:clock { advance = 3600 }
      return assert(client.video_agents:get(session)).video_id
    end

    it("is done when its first answer got lost and the second says that nothing is there", function()
      local id = finished_video()
      sim:faults { { method = "DELETE", act = true, close = "before", times = 1 } }
      local answer = assert(client.videos:delete(id))
      assert.same({ id = id, deleted = true }, answer)
      assert.equal(2, #list_of(sim, "DELETE"))
      assert.equal(2, heygen.response(answer).attempts)
    end)

    it("gives the id also when the video itself was named", function()
      local id = finished_video()
      sim:faults { { method = "DELETE", act = true, status = 502, times = 1 } }
      assert.same({ id = id, deleted = true }, assert(client.videos:delete { id = id, status = "completed" }))
    end)

    it("fails when nothing was there at first", function()
      local err = live.failure(client.videos:delete "never")
      assert.equal("api", err.kind)
      assert.equal(404, err.status)
      assert.equal("video_not_found", err.code)
      assert.equal("never", err.video_id)
    end)

    it("fails when the first attempt was only told to wait", function()
      sim:faults { { method = "DELETE", status = 429, times = 1 } }
      local err = live.failure(client.videos:delete "never")
      assert.equal(404, err.status)
      assert.equal(2, err.attempts)
    end)
  end)

  describe("raw", function()
    it("gives the whole answer of any path", function()
      create()
      sim:clock { advance = 3600 }
      local answer =
        assert(client:request { path = "/v3/videos", query = { limit = 1, title = "short & video" } })
      assert.same({}, answer.data)
      assert.is_false(answer.has_more)
      assert.matches("limit=1", sim:requests()[2].target)
      assert.matches("title=short%%20%%26%%20video", sim:requests()[2].target)
      assert.equal(200, heygen.response(answer).status)
    end)

    it("sends JSON, or a body with its type, and own headers", function()
      local path = "/v3/video-agents"
      local answer = assert(client:request { method = "POST", path = path, json = { prompt = "raw" } })
      assert.matches("^sess_", answer.data.session_id)
      local body, kind = '{"prompt":"raw"}', "application/json; charset=utf-8"
      assert(client:request {
        method = "POST",
        path = path,
        body = body,
        content_type = kind,
        headers = { ["X-Label"] = "7" },
      })
      local posts = list_of(sim, "POST")
      assert.equal(kind, posts[2].headers["content-type"])
      assert.equal(#body, posts[2].body_bytes)
      assert.equal("7", posts[2].headers["x-label"])
      assert.equal(2, sim:counts().creates)
    end)

    it("takes a path that is odd but right", function()
      for path, target in pairs {
        ["/v3/videos/a%2Fb%C3%A9%25"] = "/v3/videos/a%2Fb%C3%A9%25",
        ["/v3/videos/...?title=/../%0A//"] = "/v3/videos/...?title=/../%0A//",
      } do
        client:request { path = path }
        local seen = sim:requests()
        assert.equal(target, seen[#seen].target)
      end
    end)

    it("gives an empty table for an empty answer", function()
      sim:faults { { status = 204, times = 1 } }
      assert.same({}, assert(client:request { path = "/v3/videos" }))
      assert.same({}, assert(client:request { method = "HEAD", path = "/v3/videos" }))
    end)

    it("takes nothing but an object or array for an answer", function()
      for _, body in ipairs { "false", "true", "null", "7", '"text"' } do
        sim:faults { { body = body, times = 1 } }
        local err = live.failure(client:request { path = "/v3/videos", max_retries = 0 })
        assert.equal("parse", err.kind)
        assert.equal(body, err.last)
      end
    end)

    it("repeats what can be repeated, and only that", function()
      sim:faults { { status = 503, times = 2 } }
      assert(client:request { path = "/v3/videos" })
      sim:faults {}
      sim:faults { { status = 503 } }
      local err = live.failure(client:request { method = "PATCH", path = "/v3/videos", json = { a = 1 } })
      assert.equal(1, err.attempts)
      err = live.failure(
        client:request { method = "PUT", path = "/v3/videos", json = { a = 1 }, max_retries = 1 }
      )
      assert.equal(2, err.attempts)
    end)
  end)

  describe("its answer", function()
    it("is known for every kind of value", function()
      local session = create()
      local answer = heygen.response(session)
      assert.equal(200, answer.status)
      assert.equal("application/json", answer.headers["content-type"])
      assert.equal(answer.headers["x-request-id"], answer.request_id)
      assert.matches("^%x+%-%x+%-4%x+%-%x+%-%x+$", answer.request_id)
      assert.equal(1, answer.attempts)
      assert.equal("1.1", answer.http_version)
      assert.is_true(answer.timings.total >= answer.timings.starttransfer)
      assert.equal(1, answer.timings.connections)
      local page = assert(client.video_agents:styles { limit = 2 })
      assert.equal(200, heygen.response(page).status)
      assert.equal(200, heygen.response(assert(page:next())).status)
      assert.equal(200, heygen.response(client.video_agents:videos(session)).status)
    end)

    it("is not known for what came in none", function()
      assert.is_nil(heygen.response {})
      assert.is_nil(heygen.response "x")
      assert.is_nil(heygen.response(nil))
      local err = live.failure(client.videos:get "none")
      assert.is_nil(heygen.response(err))
      assert.same({ 404, 1 }, { err.status, err.attempts })
      assert.is_string(err.request_id)
    end)

    it("keeps repeated headers, and the gateway's request id", function()
      sim:faults {
        {
          headers = { ["X-Request-Id"] = false, ["x-amzn-requestid"] = "gw-1", ["X-Two"] = { "a", "b" } },
          times = 1,
        },
      }
      local answer = heygen.response(assert(client.videos:list()))
      assert.equal("a, b", answer.headers["x-two"])
      assert.equal("gw-1", answer.request_id)
    end)

    it("does not keep values alive", function()
      local kept = setmetatable({}, { __mode = "k" })
      for _ = 1, 10 do
        kept[assert(client.videos:list())] = true
      end
      collectgarbage()
      collectgarbage()
      assert.is_nil(next(kept))
    end)
  end)
end)
