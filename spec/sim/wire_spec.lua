-- The simulator as a running server: HTTP as it is seen by plain sockets.
local cjson = require "cjson"
local support = require "spec.support.sim"

describe("the simulator on the wire", function()
  local sim

  setup(function()
    sim = support.start { speed = 600 }
  end)

  teardown(function()
    sim:stop()
  end)

  before_each(function()
    sim:reset()
  end)

  local receive = support.receive

  local function all(bytes, timeout)
    return sim:all(bytes, timeout)
  end

  local GET = "GET /v3/videos HTTP/1.1\r\nHost: x\r\nx-api-key: k\r\n\r\n"

  local function post(path, body)
    return "POST "
      .. path
      .. " HTTP/1.1\r\nHost: x\r\nx-api-key: k\r\nContent-Length: "
      .. #body
      .. "\r\n\r\n"
      .. body
  end

  local CREATE = post("/v3/video-agents", '{"prompt":"hello"}')

  describe("without faults", function()
    it("keeps a connection for many requests, and numbers it", function()
      local connection = sim:connect()
      for _ = 1, 3 do
        connection:send(GET)
        local status, body, headers = receive(connection)
        assert.equal(200, status)
        assert.equal("application/json", headers["content-type"])
        assert.matches("^%x+%-%x+%-4%x+%-%x+%-%x+$", headers["x-request-id"])
        assert.same({}, cjson.decode(body).data)
      end
      connection:close()
      local seen = sim:requests()
      assert.equal(seen[1].connection, seen[3].connection)
      assert.is_false(seen[1].reused)
      assert.is_true(seen[3].reused)
    end)

    it("answers pipelined requests in order", function()
      local connection = sim:connect()
      connection:send(CREATE .. GET .. post("/v3/nothing", "{}") .. GET)
      local statuses = {}
      for i = 1, 4 do
        statuses[i] = receive(connection)
      end
      assert.same({ 200, 200, 404, 200 }, statuses)
      connection:close()
    end)

    it("takes requests in any pieces", function()
      local connection = sim:connect()
      for i = 1, #CREATE do
        connection:send(CREATE:sub(i, i))
      end
      assert.equal(200, (receive(connection)))
      connection:close()
    end)

    it("takes chunked bodies", function()
      local connection = sim:connect()
      local head =
        "POST /v3/video-agents HTTP/1.1\r\nHost: x\r\nx-api-key: k\r\nTransfer-Encoding: chunked\r\n\r\n"
      local body =
        '5\r\n{"pro\r\n6;a=b\r\nmpt":"\r\n00A\r\n0123456789\r\n2\r\n"}\r\n0\r\nX-Trailer: 1\r\n\r\n'
      connection:send(head .. body .. GET)
      assert.equal(200, (receive(connection)))
      local status, list = receive(connection)
      assert.equal(200, status)
      assert.equal(1, sim:counts().creates)
      assert.is_table(cjson.decode(list).data)
      for i = 1, #body do
        connection:send((i == 1 and head or "") .. body:sub(i, i))
      end
      assert.equal(200, (receive(connection)))
      connection:close()
    end)

    it("does not let a client wait that expects 100-continue", function()
      local connection = sim:connect()
      connection:send((CREATE:gsub("\r\n\r\n.*$", "\r\nExpect: 100-continue\r\n\r\n")))
      assert.equal("HTTP/1.1 100 Continue", connection:receive "*l")
      assert.equal("", connection:receive "*l")
      connection:send '{"prompt":"hello"}'
      assert.equal(200, (receive(connection)))
      connection:close()
    end)

    it("closes when asked to, and speaks HTTP/1.0", function()
      local answer, ending = all((GET:gsub("\r\n\r\n", "\r\nConnection: close\r\n\r\n")))
      assert.equal("closed", ending)
      assert.matches("Connection: close", answer)
      answer, ending = all "GET / HTTP/1.0\r\n\r\n"
      assert.equal("closed", ending)
      assert.matches("^HTTP/1.1 200 OK", answer)
    end)

    it("answers HEAD without a body", function()
      local connection = sim:connect()
      connection:send((GET:gsub("GET", "HEAD")) .. GET)
      local line = connection:receive "*l"
      assert.matches("200", line)
      repeat
        line = connection:receive "*l"
      until line == ""
      assert.equal(200, (receive(connection)))
      connection:close()
    end)

    it("serves the finished file", function()
      local _, made = sim:api("POST", "/v3/video-agents", { prompt = "x" })
      sim:clock { advance = 720 }
      local _, session = sim:api("GET", "/v3/video-agents/" .. made.data.session_id)
      local _, video = sim:api("GET", "/v3/videos/" .. session.data.video_id)
      assert.equal(sim.url, video.data.video_url:sub(1, #sim.url))
      local path = video.data.video_url:sub(#sim.url + 1)
      local status, body, headers = sim:exchange("GET", path)
      assert.equal(200, status)
      assert.equal(#body, tonumber(headers["content-length"]))
      assert.equal("ftyp", body:sub(5, 8))
      assert.equal("ftyp", select(2, sim:exchange("GET", path, nil, { Range = "bytes=4-7" })))
      assert.equal(2, sim:counts().downloads)
      assert.equal(0, sim:counts().keys_leaked)
      assert.equal(400, (sim:api("GET", path)))
      assert.equal(1, sim:counts().keys_leaked)
    end)
  end)

  describe("refuses", function()
    local function status_of(bytes)
      local answer, ending = all(bytes)
      assert.equal("closed", ending)
      return tonumber(answer:match "^HTTP/1.1 (%d+)")
    end

    it("what is no HTTP", function()
      for _, bad in ipairs {
        "\22\3\1\2\0\1\0\1\252\3\3\n\n",
        "GET\r\n\r\n",
        "GET /\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nbad header\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nA b: c\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nA: b\0c\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n folded\r\n\r\n",
        "GET nothing HTTP/1.1\r\nHost: x\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n",
      } do
        assert.equal(400, status_of(bad), bad)
      end
      assert.equal(505, status_of "GET / HTTP/2.0\r\nHost: x\r\n\r\n")
      assert.equal(501, status_of "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n")
    end)

    it("headers over 64 KB and bodies over 40 MB, while the client still sends", function()
      assert.equal(431, status_of("GET / HTTP/1.1\r\nHost: x\r\nA: " .. ("a"):rep(70000)))
      local head = "POST /v3/video-agents HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n"
      assert.equal(413, status_of(head .. ("a"):rep(1000000)))
      head = "POST /v3/video-agents HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
      assert.equal(413, status_of(head .. "7fffffff\r\n" .. ("a"):rep(1000000)))
    end)

    it("nothing of a large body that is allowed", function()
      local connection = sim:connect()
      assert(connection:send(post("/v3/video-agents", '{"prompt":"' .. ("a"):rep(5000000) .. '"}')))
      local status, body = receive(connection)
      assert.equal(400, status)
      assert.equal("prompt", cjson.decode(body).error.param)
      connection:close()
    end)
  end)

  it("survives clients that go away without reading", function()
    -- Drop by drop, so that it still writes to a connection that the client has left.
    sim:faults { drip = { bytes = 5, every = 0.01 } }
    for i = 1, 50 do
      local connection = sim:connect()
      connection:setoption("linger", { on = i % 2 == 0, timeout = 0 })
      connection:send(GET:rep(5))
      connection:close()
    end
    assert.equal(200, (sim:api("GET", "/v3/videos")))
    sim:faults {}
    assert.equal(200, (sim:api("GET", "/v3/videos")))
  end)

  it("holds many connections at once", function()
    local open = {}
    for i = 1, 300 do
      open[i] = sim:connect()
    end
    for i = 1, 300 do
      open[i]:send(GET)
    end
    for i = 1, 300 do
      assert.equal(200, (receive(open[i])))
      open[i]:close()
    end
    assert.equal(300, sim:counts().by_route["GET /v3/videos"])
  end)
end)
