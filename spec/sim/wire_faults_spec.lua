-- Each fault of the simulator as it is seen on the wire, with plain sockets.
local cjson = require "cjson"
local socket = require "socket"
local support = require "spec.support.sim"
local uv = require "spec.support.uv"

describe("the simulator plays the fault", function()
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
  local CREATE = "POST /v3/video-agents HTTP/1.1\r\nHost: x\r\nx-api-key: k\r\n"
    .. 'Content-Length: 18\r\n\r\n{"prompt":"hello"}'

  local function split(answer)
    local head, body = answer:match "^(.-\r\n\r\n)(.*)$"
    return head, body
  end

  it("status, headers, body", function()
    sim:faults { status = 429, headers = { ["Retry-After"] = { "3", "4" }, ["X-A"] = "b" } }
    local connection = sim:connect()
    connection:send(GET .. GET)
    for _ = 1, 2 do
      local status, body, headers = receive(connection)
      assert.equal(429, status)
      assert.equal("4", headers["retry-after"])
      assert.equal("b", headers["x-a"])
      assert.equal("rate_limit_exceeded", cjson.decode(body).error.code)
    end
    connection:close()
    local answer = all((GET:gsub("\r\n\r\n", "\r\nConnection: close\r\n\r\n")))
    assert.equal(2, select(2, answer:gsub("Retry%-After", "")))
    sim:faults {}
    sim:faults { status = 500, body = "" }
    local status, body = sim:api("GET", "/v3/videos")
    assert.equal(500, status)
    assert.equal("", body)
    sim:faults {}
    sim:faults { status = 200, code = "video_not_found", message = "gone" }
    status, body = sim:api("GET", "/v3/videos")
    assert.equal(200, status)
    assert.equal("video_not_found", body.error.code)
    assert.equal(0, sim:counts().creates)
  end)

  it("html of a gateway, with its own statuses", function()
    for status, reason in pairs {
      [520] = "Web Server Returned an Unknown Error",
      [524] = "A Timeout Occurred",
      [530] = "Origin DNS Error",
      [425] = "Too Early",
      [200] = "OK",
    } do
      sim:faults {}
      sim:faults { html = true, status = status }
      local head, body = split(all((GET:gsub("\r\n\r\n", "\r\nConnection: close\r\n\r\n"))))
      assert.matches("^HTTP/1.1 " .. status .. " " .. reason .. "\r\n", head)
      assert.matches("Error code " .. status, body, 1, true)
    end
  end)

  it("retry_after, in seconds, as a Unix time and as a date", function()
    local function header(value)
      sim:faults {}
      sim:faults { status = 503, retry_after = value }
      return (select(3, sim:api("GET", "/v3/videos")))["retry-after"]
    end
    assert.equal("7", header { seconds = 7 })
    local now = os.time()
    assert.is_true(math.abs(tonumber(header { seconds = 7, as = "unix" }) - now - 7) <= 10)
    assert.matches("^%a%a%a, %d%d %a%a%a %d%d%d%d %d%d:%d%d:%d%d GMT$", header { seconds = 7, as = "date" })
    for _, wrong in ipairs { 7, {}, { seconds = -1 }, { seconds = 1, as = "hours" } } do
      assert.has_error(function()
        sim:faults { retry_after = wrong }
      end)
    end
  end)

  it("range of a file, ignored or with status 200, and other bytes in the place of a file", function()
    local _, made = sim:api("POST", "/v3/video-agents", { prompt = "A video" })
    sim:clock { advance = 720 }
    local id = select(2, sim:api("GET", "/v3/video-agents/" .. made.data.session_id)).data.video_id
    local url = select(2, sim:api("GET", "/v3/videos/" .. id)).data.video_url:match "//[^/]+(/.*)$"
    local _, whole, its = sim:exchange("GET", url)
    local function part(fault)
      sim:faults {}
      fault.path = "/files/**"
      sim:faults(fault)
      local status, body, headers = sim:exchange("GET", url, nil, { range = "bytes=100-" })
      assert.equal(fault.html == nil and fault.body == nil, headers.etag == its.etag)
      return status, body, headers
    end
    local status, body, headers = part { range = "ignored" }
    assert.same({ 200, whole, nil }, { status, body, headers["content-range"] })
    status, body, headers = part { range = "status_200" }
    assert.same({ 200, whole:sub(101) }, { status, body })
    assert.equal(("bytes 100-%d/%d"):format(#whole - 1, #whole), headers["content-range"])
    status, body = part { headers = { ["Content-Encoding"] = "aws-chunked" } }
    assert.same({ 206, whole:sub(101) }, { status, body })
    status, body, headers = part { html = true, status = 200 }
    assert.equal(200, status)
    assert.matches("^<!DOCTYPE html>", body)
    assert.matches("^text/html", headers["content-type"])
    status, body = part { status = 200, body = "" }
    assert.same({ 200, "" }, { status, body })
  end)

  it("odd_json, for the answers chosen", function()
    sim:faults { path = "/v3/videos", nth = 1, odd_json = "bom" }
    assert.equal(
      "\239\187\191{",
      select(2, sim:exchange("GET", "/v3/videos", nil, { ["x-api-key"] = "k" })):sub(1, 4)
    )
    assert.equal("{", select(2, sim:exchange("GET", "/v3/videos", nil, { ["x-api-key"] = "k" })):sub(1, 1))
  end)

  it("html", function()
    sim:faults { html = true }
    local status, body, headers = sim:api("GET", "/v3/videos")
    assert.equal(502, status)
    assert.matches("^<!DOCTYPE html>", body)
    assert.matches("^text/html", headers["content-type"])
  end)

  it("redirect", function()
    sim:faults { redirect = "http://127.0.0.1:9/", status = 307 }
    local status, _, headers = sim:api("GET", "/v3/videos")
    assert.equal(307, status)
    assert.equal("http://127.0.0.1:9/", headers.location)
  end)

  it("act: the service has done it before it misbehaves", function()
    sim:faults {
      { method = "POST", nth = 1, close = "before" },
      { method = "POST", nth = 2, close = "before", act = true },
    }
    assert.same({ "", "closed" }, { all(CREATE) })
    assert.equal(0, sim:counts().creates)
    assert.same({ "", "closed" }, { all(CREATE) })
    assert.equal(1, sim:counts().creates)
    assert.equal(2, sim:counts().create_requests)
    assert.equal(cjson.null, sim:requests()[2].status)
    assert.is_true(sim:requests()[2].acted)
  end)

  it("close in the middle of the headers", function()
    sim:faults { close = "headers", act = true }
    local answer, ending = all(CREATE)
    assert.equal("closed", ending)
    assert.matches("^HTTP/1.1 200 OK\r\n", answer)
    assert.is_nil(answer:find("\r\n\r\n", 1, true))
  end)

  it("close in the middle of the body", function()
    sim:faults { close = "body" }
    local answer, ending = all(GET)
    assert.equal("closed", ending)
    local head, body = split(answer)
    local promised = tonumber(head:match "Content%-Length: (%d+)")
    assert.is_true(#body > 0 and #body < promised)
  end)

  it("reset", function()
    sim:faults { { nth = 1, reset = true }, { nth = 2, reset = true, close = "body" } }
    -- LuaSocket calls a reset "closed" too; luv tells them apart.
    local function ending()
      local client, seen = uv.new_tcp(), nil
      client:connect(sim.host, sim.port, function(problem)
        assert(not problem, problem)
        client:write(GET)
        client:read_start(function(trouble, bytes)
          if trouble or not bytes then
            seen = trouble or "EOF"
            client:close()
          end
        end)
      end)
      local timer = uv.new_timer()
      -- The loop's time is that of its last run, which may be long ago.
      uv.update_time()
      timer:start(10000, 0, function()
        seen = seen or "nothing came"
        if not client:is_closing() then
          client:close()
        end
      end)
      while not seen do
        uv.run "once"
      end
      timer:close()
      uv.run "nowait"
      return seen
    end
    assert.equal("ECONNRESET", ending())
    local answer, how = all(GET)
    assert.equal("closed", how)
    assert.matches("^HTTP/1.1 200 OK\r\n.*\r\n\r\n.", answer)
    sim:faults {}
    sim:faults { close = "before" }
    assert.equal("EOF", ending())
  end)

  it("delay", function()
    sim:faults { delay = 0.2 }
    local start = socket.gettime()
    assert.equal(200, (sim:api("GET", "/v3/videos")))
    assert.is_true(socket.gettime() - start >= 0.19)
  end)

  it("drip", function()
    sim:faults { drip = { bytes = 5, every = 0.01 } }
    local connection = sim:connect()
    local start = socket.gettime()
    connection:send(GET)
    local status, body = receive(connection)
    -- Four pauses, and a timer may be early by a part of a millisecond.
    assert.is_true(#body > 20)
    assert.is_true(socket.gettime() - start >= 0.035)
    assert.equal(200, status)
    assert.same({}, cjson.decode(body).data)
    connection:close()
  end)

  it("stall", function()
    sim:faults { { nth = 1, stall = true }, { nth = 2, stall = "body" }, { nth = 3, stall = "headers" } }
    assert.same({ "", "timeout" }, { sim:stalled(GET) })
    local answer, ending = sim:stalled(GET, "\r\n\r\n.")
    assert.equal("timeout", ending)
    local head, body = split(answer)
    assert.is_true(#body < tonumber(head:match "Content%-Length: (%d+)"))
    answer, ending = sim:stalled(GET, "\r\n")
    assert.equal("timeout", ending)
    assert.matches("^HTTP/1.1 200 OK\r\n", answer)
    assert.is_nil(answer:find("\r\n\r\n", 1, true))
    assert.equal(200, (sim:api("GET", "/v3/videos")))
  end)

  it("truncate", function()
    sim:faults { truncate = 5 }
    local status, body, headers = sim:api("GET", "/v3/videos")
    assert.equal(200, status)
    assert.equal(5, #body)
    assert.equal("5", headers["content-length"])
  end)

  it("garbage", function()
    sim:faults { garbage = true }
    local answer, ending = all(GET)
    assert.equal("closed", ending)
    assert.is_nil(answer:find("HTTP", 1, true))
    assert.is_true(#answer > 10)
  end)

  it("a flood of headers", function()
    sim:faults { header_bytes = 300000 }
    local head = split(all((GET:gsub("\r\n\r\n", "\r\nConnection: close\r\n\r\n"))))
    assert.is_true(#head > 300000)
  end)

  it("a wrong length", function()
    sim:faults { content_length = 1000 }
    local head, body = split(all(GET))
    assert.matches("Content%-Length: 1000\r\n", head)
    assert.is_true(#body < 1000)
  end)

  it("chunks, good and bad", function()
    sim:faults { { nth = 1, chunked = "ok" }, { nth = 2, chunked = "bad" } }
    local connection = sim:connect()
    connection:send(GET)
    local _, _, headers = receive(connection)
    assert.equal("chunked", headers["transfer-encoding"])
    local body = ""
    repeat
      local size = tonumber(connection:receive "*l", 16)
      body = body .. connection:receive(size)
      connection:receive "*l"
    until size == 0
    assert.same({}, cjson.decode(body).data)
    connection:close()
    local answer, ending = all(GET)
    assert.equal("closed", ending)
    assert.matches("this is no chunk size", answer)
  end)

  it("gzip, good, bad and a bomb", function()
    local function gunzip(bytes)
      local path = os.tmpname()
      local file = assert(io.open(path, "wb"))
      file:write(bytes)
      file:close()
      local pipe = io.popen(
        "gzip -dc <" .. path .. " 2>/dev/null | head -c 3000000; gzip -t <" .. path .. " 2>&1 | head -c 100"
      )
      local text = pipe:read "*a"
      pipe:close()
      os.remove(path)
      return text
    end
    sim:faults { { nth = 1, gzip = "ok" }, { nth = 2, gzip = "bad" }, { nth = 3, gzip = "bomb" } }
    local _, body, headers = sim:exchange("GET", "/v3/videos", nil, { ["x-api-key"] = "k" })
    assert.equal("gzip", headers["content-encoding"])
    assert.same({}, cjson.decode(gunzip(body)).data)
    _, body = sim:exchange("GET", "/v3/videos", nil, { ["x-api-key"] = "k" })
    assert.matches("gzip: ", gunzip(body))
    _, body = sim:exchange("GET", "/v3/videos", nil, { ["x-api-key"] = "k" })
    assert.is_true(#body < 300000)
    assert.equal((" "):rep(3000000), gunzip(body))
  end)

  it("a jump of the clock, forward and back", function()
    local _, made = sim:api("POST", "/v3/video-agents", { prompt = "x" })
    local path = "/v3/video-agents/" .. made.data.session_id
    sim:clock { speed = 0 }
    sim:faults { { nth = 2, clock = 720 }, { nth = 3, clock = -720 } }
    local seen = {}
    for i = 1, 4 do
      local status, session = sim:api("GET", path)
      assert.equal(200, status)
      seen[i] = session.data.status
    end
    assert.same({ "thinking", "completed", "thinking", "thinking" }, seen)
  end)

  it("a redirect to another host", function()
    sim:faults { redirect = "http://127.0.0.1:1/elsewhere" }
    local status, _, headers = sim:api("POST", "/v3/video-agents", { prompt = "x" })
    assert.equal(302, status)
    assert.equal("http://127.0.0.1:1/elsewhere", headers.location)
    assert.equal(0, sim:counts().creates)
  end)

  it("only on reused connections", function()
    sim:faults { method = "POST", connection_reused = true, act = true, close = "before" }
    assert.equal(200, (sim:api("POST", "/v3/video-agents", { prompt = "x" })))
    local connection = sim:connect()
    connection:send(GET)
    assert.equal(200, (receive(connection)))
    connection:send(CREATE)
    local _, problem = connection:receive "*l"
    assert.equal("closed", problem)
    connection:close()
    assert.equal(2, sim:counts().creates)
  end)
end)
