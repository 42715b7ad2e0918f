-- Bodies larger than a few kilobytes: files and multipart that are sent, files that are received, progress, and the
-- time budget of one step.
local child = require "spec.support.child"
local core = require "heygen.core"
local exchange = require "spec.support.exchange"
local folder = require "spec.support.folder"
local raw = require "spec.support.raw"
local shell = require "spec.support.shell"

describe("an operation's transfer", function()
  local server, engine
  local files = folder.new()
  local path, read, write = files.path, files.read, files.write
  local directory = files.directory

  setup(function()
    server = raw.start()
    files.make()
  end)

  teardown(function()
    server:stop()
    files.remove()
  end)

  before_each(function()
    engine = assert(core.new_engine())
    server:answers(200, "ok")
  end)

  after_each(function()
    engine:close()
  end)

  -- Bytes that repeat nowhere near, NUL included.
  local function noise(length)
    local parts = {}
    for n = 1, 64 do
      parts[n] = core.sha256(tostring(n))
    end
    local block = table.concat(parts)
    for n = 1, math.ceil(length / #block) do
      parts[n] = n .. block
    end
    return "\0" .. table.concat(parts):sub(1, length - 1)
  end

  local function refused(request)
    request.url = request.url or server.url .. "/"
    request.allow_http = true
    local operation, message, failure = engine:create(request)
    assert.is_nil(operation)
    assert.same({ kind = "file", sent = "no" }, failure)
    assert.same({}, server:seen())
    return message
  end

  describe("of a file", function()
    it("sends it as it is", function()
      local content = noise(3000000)
      local file = write("video.bin", content)
      local _, _, operation =
        exchange.get(engine, { method = "PUT", url = server.url, file = file, content_type = "video/mp4" })
      local request = server:requests()[1]
      assert.equal(core.sha256(content), core.sha256(request.body))
      assert.equal("3000000", request.headers["content-length"])
      assert.equal("video/mp4", request.headers["content-type"])
      assert.is_nil(request.headers.expect)
      assert.is_nil(request.headers["transfer-encoding"])
      assert.same({ 3000000, 3000000 }, { select(3, operation:progress()) })
      exchange.get(engine, { method = "POST", url = server.url, file = file })
      request = server:requests()[2]
      assert.equal("POST / HTTP/1.1", request.first)
      assert.equal(3000000, #request.body)
      assert.equal("application/octet-stream", request.headers["content-type"])
    end)

    it("sends an empty one", function()
      exchange.get(engine, { method = "PUT", url = server.url, file = write("empty", "") })
      local request = server:requests()[1]
      assert.equal("0", request.headers["content-length"])
      assert.equal("", request.body)
    end)

    it("fails when it becomes shorter", function()
      local file = write("shrinking", ("a"):rep(100000))
      local operation = engine:create { method = "PUT", url = server.url, file = file, allow_http = true }
      write("shrinking", "short")
      exchange.await(engine, operation)
      local _, message, failure = operation:result()
      assert.matches("shorter", message)
      assert.equal("file", failure.kind)
      server:until_gone(1) -- and the server is not left waiting for the rest
    end)

    it("starts again from its beginning when libcurl repeats the request", function()
      server:serve [[ if n == 1 then c:request() c:answer(200) c:request() c:close() else
        while c:request() do c:answer(200) end end ]]
      local file = write("again", noise(50000))
      exchange.get(engine, { url = server.url })
      exchange.get(engine, { method = "PUT", url = server.url, file = file })
      local requests = server:requests()
      assert.equal(3, #requests)
      assert.equal(read "again", requests[3].body)
    end)

    it("is refused when it cannot be read, without a wait", function()
      assert.matches("missing", refused { method = "PUT", file = path "missing" })
      assert.matches("not a regular file", refused { method = "PUT", file = directory })
      shell.must("mkfifo " .. path "fifo")
      assert.matches("not a regular file", refused { method = "PUT", file = path "fifo" })
      assert.matches("not a regular file", refused { method = "PUT", file = "/dev/zero" })
      for _, name in ipairs { "missing", "fifo" } do
        refused { method = "POST", multipart = { { name = "f", file = path(name) } } }
        refused {
          method = "POST",
          multipart = { { name = "a", data = "x" }, { name = "f", file = path(name) } },
        }
      end
      assert.equal("heygen.engine (0 live)", tostring(engine))
    end)
  end)

  describe("of multipart", function()
    -- The parts as { head = "...", body = "..." }, cut by the boundary.
    local function parts(request)
      local boundary = request.headers["content-type"]:match "^multipart/form%-data; boundary=(%S+)$"
      local rest, list = "\r\n" .. request.body, {}
      local delimiter = "\r\n--" .. boundary
      assert.equal(tostring(#request.body), request.headers["content-length"])
      while true do
        assert.equal(delimiter, rest:sub(1, #delimiter))
        rest = rest:sub(#delimiter + 1)
        if rest == "--\r\n" then
          return list
        end
        local stop = assert(rest:find(delimiter, 1, true))
        local head, body = rest:sub(1, stop - 1):match "^\r\n(.-)\r\n\r\n(.*)$"
        list[#list + 1] = { head = head, body = body }
        rest = rest:sub(stop)
      end
    end

    local function post(multipart)
      local _, _, operation =
        exchange.get(engine, { method = "POST", url = server.url, multipart = multipart })
      local requests = server:requests()
      return parts(requests[#requests]), operation
    end

    it("sends data and files byte by byte", function()
      local content = noise(200000)
      local file = write("clip.mp4", content)
      local got, operation = post {
        { name = "title", data = "é\0\r\n--" },
        { name = "file", file = file },
        { name = "other", file = file, filename = "x y.mp4", content_type = "video/mp4" },
        { name = "json", data = "{}", content_type = "application/json", filename = "a.json" },
        { name = "empty", data = "" },
      }
      assert.same({
        { head = 'Content-Disposition: form-data; name="title"', body = "é\0\r\n--" },
        {
          head = 'Content-Disposition: form-data; name="file"; filename="clip.mp4"\r\n'
            .. "Content-Type: application/octet-stream",
          body = content,
        },
        {
          head = 'Content-Disposition: form-data; name="other"; filename="x y.mp4"\r\nContent-Type: video/mp4',
          body = content,
        },
        {
          head = 'Content-Disposition: form-data; name="json"; filename="a.json"\r\nContent-Type: application/json',
          body = "{}",
        },
        { head = 'Content-Disposition: form-data; name="empty"', body = "" },
      }, got)
      local _, _, sent, total = operation:progress()
      assert.equal(total, sent)
      assert(total > 400000, "the sizes of the files are known")
    end)

    it("cannot be broken out of by a name", function()
      local got = post { { name = 'a"; filename="evil', data = "x" } }
      assert.equal(1, #got)
      assert.is_nil(got[1].head:find('"; filename="evil"', 1, true))
    end)

    it("asks for no permission, also when it is large", function()
      local file = write("large", ("x"):rep(2500000))
      local got = post { { name = "f", file = file } }
      assert.equal(2500000, #got[1].body)
      assert.is_nil(server:requests()[1].headers.expect)
      local _, _, operation = exchange.get(engine, {
        method = "POST",
        url = server.url,
        multipart = { { name = "f", file = file } },
        headers = core.headers { ["X-Api-Key"] = "k" },
      })
      local request = server:requests()[2]
      assert.equal("k", request.headers["x-api-key"])
      assert.is_nil(request.headers.expect)
      assert.equal(0, operation:timings().connections)
    end)

    it("fails when a file becomes shorter", function()
      local file = write("shrinking", ("a"):rep(300000))
      local operation = engine:create {
        method = "POST",
        url = server.url,
        multipart = { { name = "f", file = file } },
        allow_http = true,
      }
      write("shrinking", "short")
      exchange.await(engine, operation)
      local _, _, failure = operation:result()
      assert.equal("file", failure.kind)
      server:until_gone(1)
    end)
  end)

  describe("into a file", function()
    it("writes the body of a 2xx answer, and keeps none in memory", function()
      local content = noise(2000000)
      server:answers(200, content)
      local output = path "out"
      local status, body, operation = exchange.get(engine, { url = server.url, output = output })
      assert.same({ 200, "" }, { status, body })
      assert.equal(core.sha256(content), core.sha256(read "out"))
      assert.same({ 2000000, 2000000, 0 }, { operation:progress() })
    end)

    it("never overwrites, and follows no link", function()
      write("taken", "precious")
      shell.must(("ln -s %s %s"):format(path "elsewhere", path "link"))
      assert.matches("exists", refused { output = path "taken" })
      assert.matches("exists", refused { output = path "link" })
      assert.matches("^cannot create", refused { output = path "no/such/directory" })
      assert.matches("^cannot create", refused { output = directory })
      assert.equal("precious", read "taken")
      assert.is_nil(read "elsewhere")
    end)

    it("leaves nothing behind when the request is refused", function()
      refused { output = path "fresh", file = path "missing", method = "PUT" }
      assert.is_nil(read "fresh")
    end)

    it("keeps an error's body in memory, up to 256 kB", function()
      server:answers(404, '{"error":"no"}')
      local status, body = exchange.get(engine, { url = server.url, output = path "error" })
      assert.same({ 404, '{"error":"no"}' }, { status, body })
      assert.equal("", read "error")
      server:answers(500, ("x"):rep(1000000))
      status, body = exchange.get(engine, { url = server.url, output = path "error2", fresh = true })
      assert.equal(500, status)
      assert(#body > 100000 and #body <= 256 * 1024, #body)
    end)

    it("obeys the cap", function()
      server:answers(200, ("x"):rep(100000))
      local failure =
        exchange.failure(engine, { url = server.url, output = path "capped", max_bytes = 50000 })
      assert.equal("too_large", failure.kind)
      assert(#read "capped" <= 50000)
    end)

    it("fails when the disk is full", function()
      server:answers(200, ("x"):rep(1000000))
      local output = child.must(
        ([[
          local exchange = require "spec.support.exchange"
          local engine = require("heygen.core").new_engine()
          local failure, message = exchange.failure(engine, { url = "%s", output = "%s" })
          print(failure.kind, failure.sent, message)
          print((engine:create { url = "%s", allow_http = true }))
        ]]):format(server.url, path "full", server.url),
        "ulimit -f 100;"
      )
      assert.matches("^file\tyes\tcannot write .*/full: ", output)
      assert.matches("heygen%.operation %(running%)$", output)
    end)
  end)

  it("tells its progress both ways, and its timings", function()
    server:serve [[
      c:request()
      c:send "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"
      c:send(("x"):rep(400))
      c:line()
      c:send(("x"):rep(600))
    ]]
    local operation =
      engine:create { method = "POST", url = server.url, body = ("b"):rep(5000), allow_http = true }
    assert.same({ 0, nil, 0, 5000 }, { operation:progress() })
    exchange.until_(engine, function()
      return (operation:progress()) == 400
    end, "the first 400 bytes")
    assert.same({ 400, 1000, 5000, 5000 }, { operation:progress() })
    assert.equal("400", tostring((operation:progress())))
    assert.is_false(operation:done())
    assert.equal(200, operation:status())
    local _, _, failure = operation:result()
    assert.equal("pending", failure.kind)
    operation:cancel()

    server:serve [[ c:request() c:answer(200, "ok") ]]
    local _, _, whole = exchange.get(engine, { url = server.url })
    local timings = whole:timings()
    assert(timings.total >= timings.starttransfer and timings.starttransfer >= timings.pretransfer)
    assert(timings.pretransfer >= timings.connect and timings.connect >= timings.namelookup)
    assert(timings.total > 0 and timings.namelookup >= 0)
    assert.equal(0, timings.appconnect)
    assert.equal("1.1", whole:http_version())
  end)

  it("gives the headers of the last answer only", function()
    server:serve [[
      c:request()
      c:send "HTTP/1.1 100 Continue\r\nX-Early: 1\r\n\r\n"
      c:send "HTTP/1.1 103 Early Hints\r\nX-Early: 2\r\n\r\n"
      c:answer(200, "ok", "X-Twice: first\r\nx-twice:  last \t\r\nX-Empty:\r\nRetry-After: 7\r\n")
    ]]
    local _, _, operation = exchange.get(engine, { url = server.url })
    assert.equal("last", operation:header "X-TWICE")
    assert.equal("", operation:header "x-empty")
    assert.equal("7", operation:header "retry-after")
    assert.is_nil(operation:header "x-early")
    assert.is_nil(operation:header "retry")
    assert.is_nil(operation:header "")
    assert.matches("^HTTP/1%.1 200 Status\r\n", operation:head())
    assert.is_nil(operation:head():find("X-Early", 1, true))
  end)

  it("frees the body on demand and keeps the rest", function()
    server:answers(200, "body", "X-Y: z\r\n")
    local _, _, operation = exchange.get(engine, { url = server.url })
    operation:drop()
    assert.same({ 200, "" }, { operation:result() })
    assert.equal("z", operation:header "x-y")
    operation:drop()
  end)

  it("yields when a step's time is up, and ends whole", function()
    local content = noise(1000000)
    server:serve(([[ local part = %q c:request()
      c:send "HTTP/1.1 200 OK\r\nContent-Length: 8000000\r\n\r\n"
      for _ = 1, 8 do c:send(part) end ]]):format(content))
    local operation = engine:create { url = server.url, output = path "big", allow_http = true }
    local steps, tick = 0, engine:after(0)
    local limit = core.now() + 300
    while not operation:done() do
      steps = steps + 1
      engine:poll(0) -- no time at all: each step must still get somewhere
      assert(core.now() < limit, "the download does not end")
    end
    assert.is_true(tick:done())
    assert.equal(200, (operation:result()))
    assert.is_true(content:rep(8) == read "big")
    assert(steps > 20, "the work was cut into steps: " .. steps)
  end)

  it("continues after a pause in each way of driving it", function()
    server:answers(200, ("x"):rep(5000000))
    local operation = engine:create { url = server.url, output = path "mixed", allow_http = true }
    while not operation:done() do
      engine:poll(0)
      engine:wait(1)
    end
    assert.equal(5000000, #read "mixed")
    operation = engine:create { url = server.url, output = path "cancelled", allow_http = true }
    local received = 0
    while received < 100000 do
      engine:poll(0)
      received = operation:progress()
    end
    operation:cancel()
    assert.equal("heygen.engine (0 live)", tostring(engine))
    assert.is_nil(engine:timeout())
    assert.equal(200, (exchange.get(engine, { url = server.url })))
  end)
end)
