-- Which connection a request goes over, which one is kept, and which one is never used again.
local core = require "heygen.core"
local exchange = require "spec.support.exchange"
local nginx = require "spec.support.nginx"
local raw = require "spec.support.raw"
local shell = require "spec.support.shell"
local system = require "spec.support.system"

describe("the connection of a request", function()
  local tls, server, engine

  setup(function()
    tls, server = nginx.start(), raw.start()
  end)

  teardown(function()
    tls:stop()
    server:stop()
  end)

  before_each(function()
    engine = assert(core.new_engine())
    server:ask "_G.go = nil return 1"
    server:answers(200, "ok")
  end)

  after_each(function()
    engine:close()
  end)

  local function start(request)
    request.base = request.base or not request.url and tls.url.good or nil
    request.target = request.target or request.base and "/" or nil
    request.ca_file, request.allow_http = tls.ca, true
    return assert(engine:create(request))
  end

  -- The number that nginx gives a connection.
  local function connection(request)
    local operation = exchange.await(engine, start(request or {}))
    local status, body = operation:result()
    assert.equal(200, status, body)
    return body:match "^%d+", operation:http_version()
  end

  -- Packets that get lost on the way need a packet filter: the limit itself is read.
  it("ends when nothing is acknowledged for ten seconds, unless a body may be held back", function()
    if shell.must "uname -s" ~= "Linux" then
      return
    end
    local port = tonumber(tls.url.good:match ":(%d+)")
    connection()
    assert.equal(10000, system.user_timeout(port))
    engine:close()
    engine = assert(core.new_engine())
    exchange.await(engine, start { stream = true, target = "/" })
    assert.equal(0, system.user_timeout(port) or 0)
  end)

  describe("over HTTP/2", function()
    local SILENT = [[ local r = c:request()
      while not go do c:sleep(0.01) end
      c:send "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\nlate" ]]

    local function silent(request)
      request = request or {}
      request.target = "/via/?port=" .. server.port
      return start(request)
    end

    it("is another one after a request that timed out, also while others still use the old one", function()
      server:serve(SILENT)
      local first = connection()
      assert.equal(first, connection())
      local patient = silent { timeout = 30 }
      exchange.until_(engine, function()
        return #server:requests() == 1
      end, "the first request")
      local late = exchange.await(engine, silent { timeout = 0.3 })
      local _, _, failure = late:result()
      assert.same({ "timeout", "maybe" }, { failure.kind, failure.sent })
      assert.is_false(patient:done())
      local second = connection()
      assert.not_equal(first, second)
      assert.equal(second, connection())
      server:ask "_G.go = true return 1"
      assert.same({ 200, "late" }, { exchange.await(engine, patient):result() })
      assert.equal(second, connection())
    end)

    it("is the same one after a request that was cancelled, or ran out of time before it was sent", function()
      server:serve(SILENT)
      local first = connection()
      local cancelled = silent()
      exchange.until_(engine, function()
        return #server:requests() == 1
      end, "the request")
      cancelled:cancel()
      exchange.await(engine, start { url = "http://10.255.255.1/", timeout = 0.05 })
      assert.equal(first, connection())
    end)

    it("is one of its own, over HTTP/1.1, for a body over 64 kB", function()
      local function version(body)
        local operation = start { method = "POST", target = "/upload", body = body }
        return exchange.await(engine, operation):http_version()
      end
      local size = 64 * 1024
      assert.equal("2", version(("x"):rep(size)))
      assert.equal("1.1", version(("x"):rep(size + 1)))
      assert.equal("1.1", version { ("x"):rep(size), { base64 = "x" } })
      assert.equal("2", version { ("x"):rep(1000), { base64 = "x" } })
      local parts = { { name = "a", data = ("x"):rep(size) }, { name = "b", data = "x" } }
      local operation = start { method = "POST", target = "/upload", multipart = parts }
      assert.equal("1.1", exchange.await(engine, operation):http_version())
      assert.equal("2", select(2, connection()))
    end)
  end)

  it("is HTTP/1.1 when the request says so", function()
    assert.equal("2", select(2, connection()))
    assert.equal("1.1", select(2, connection { http_version = "1.1" }))
    assert.equal("2", select(2, connection()))
    for _, bad in ipairs { "2", "", "1.0", 1.1 } do
      local ok, message = pcall(start, { http_version = bad })
      assert.is_false(ok)
      assert.matches(
        type(bad) == "string" and 'http_version: expected "1.1"' or "http_version: expected a string",
        message
      )
    end
  end)

  it("is there for API requests, however many downloads stand still", function()
    server:serve [[ local r = c:request()
      if r.target == "/file" then c:gone() else c:answer(200) end ]]
    engine:limit(8)
    local downloads = {}
    for n = 1, 20 do
      downloads[n] = start { url = server.url .. "/file", public = true, stream = true, timeout = 60 }
    end
    exchange.until_(engine, function()
      return #server:requests() == 6
    end, "three quarters of the connections")
    for _ = 1, 3 do
      local operation =
        start { url = server.url .. "/api", timeout = 20, fresh = true, method = "POST", body = "x" }
      assert.equal(200, (exchange.await(engine, operation):result()))
    end
    -- Those that wait have their turn, and their time.
    local impatient = start { url = server.url .. "/file", public = true, stream = true, timeout = 0.1 }
    local _, message, failure = exchange.await(engine, impatient):result()
    assert.same({ "timeout", "no" }, { failure.kind, failure.sent }, message)
    for n = 1, 6 do
      downloads[n]:cancel()
    end
    exchange.until_(engine, function()
      return #server:requests() == 6 + 3 + 6
    end, "the next ones")
  end)

  it("is closed after a create, when there are enough of them", function()
    server:serve [[ while c:request() do c:answer(200) end ]]
    for _ = 1, 20 do
      local operation = start { url = server.url .. "/", method = "POST", body = "x", fresh = true }
      assert.equal(200, (exchange.await(engine, operation):result()))
    end
    local open = 0
    for _, seen in ipairs(server:seen()) do
      open = open + (seen.gone and 0 or 1)
    end
    assert.is_true(open >= 1 and open <= 9, open .. " are open")
    assert.equal(20, #server:seen())
    local _, _, operation = exchange.get(engine, { url = server.url })
    assert.equal(0, operation:timings().connections)
  end)

  it("ends a request at its deadline, whatever its timeout", function()
    server:serve [[ c:request() c:sleep(0.7) c:answer(200, "late") ]]
    for _, fresh in ipairs { true, false } do
      local began = core.now()
      local operation =
        start { url = server.url .. "/", timeout = 20, deadline = core.now() + 0.2, fresh = fresh }
      local _, _, failure = exchange.await(engine, operation):result()
      assert.same({ "timeout", "maybe" }, { failure.kind, failure.sent })
      assert.is_true(core.now() - began >= 0.2)
      -- And not before: a create has all of its time for its answer.
      operation = start { url = server.url .. "/", timeout = 20, deadline = core.now() + 20, fresh = fresh }
      assert.same({ 200, "late" }, { exchange.await(engine, operation):result() })
      local _, _, late =
        exchange.await(engine, start { url = server.url, deadline = core.now() - 1, fresh = fresh }):result()
      assert.same({ "timeout", "no" }, { late.kind, late.sent })
    end
  end)

  it("carries a compressed answer to one who has not asked for it", function()
    local path = os.tmpname()
    shell.must("printf 'a long answer' | gzip -n >" .. path)
    local file = assert(io.open(path, "rb"))
    local body = file:read "*a"
    file:close()
    os.remove(path)
    server:answers(200, body, "Content-Encoding: gzip\r\n")
    local status, text = exchange.get(engine, { url = server.url })
    assert.same({ 200, "a long answer" }, { status, text })
    -- A file is what came: its headers say what it is.
    local operation = exchange.await(engine, start { url = server.url, stream = true })
    assert.equal(body, operation:read())
    assert.equal("gzip", operation:header "content-encoding")
    -- The cap is for what it becomes.
    local failure = exchange.failure(engine, { url = server.url, max_bytes = 5 })
    assert.equal("too_large", failure.kind)
  end)
end)
