-- What servers and networks do wrong: each failure's kind, code, "was it sent?" and status.
local core = require "heygen.core"
local exchange = require "spec.support.exchange"
local raw = require "spec.support.raw"
local socket = require "socket"

local HEAD = "HTTP/1.1 200 OK\r\n"

describe("an operation fails", function()
  local server, engine

  setup(function()
    server = raw.start()
  end)

  teardown(function()
    server:stop()
  end)

  before_each(function()
    engine = assert(core.new_engine())
  end)

  after_each(function()
    engine:close()
  end)

  -- Makes a request against a script and compares kind, code and sent.
  local function fails(script, wanted, request)
    server:serve(script)
    request = request or {}
    request.url = request.url or server.url .. "/v"
    local failure, message, operation = exchange.failure(engine, request)
    local seen = { kind = failure.kind, code = failure.code, sent = failure.sent, status = failure.status }
    assert.same(wanted, seen, message)
    assert.equal(wanted.sent, operation:sent())
    assert.is_string(message)
    assert.not_equal("", message)
    return message, operation, failure
  end

  -- Reads the request, sends some bytes, and ends the connection.
  local function cut(bytes, ending)
    return ("c:request() c:send(%q) c:%s()"):format(bytes, ending or "close")
  end

  local function network(code, sent, status)
    return { kind = "network", code = code, sent = sent, status = status }
  end

  it(
    "when a proxy refuses the connection: nothing was sent, and the message has the proxy's status",
    function()
      for status, hint in pairs { [407] = ": it wants a user name", [502] = "$" } do
        local message = fails(
          ("c:request() c:send 'HTTP/1.1 %d No\\r\\nContent-Length: 0\\r\\n\\r\\n' c:close()"):format(status),
          network("proxy", "no"),
          { url = "https://server.invalid/", proxy = server.url, method = "POST", body = "x" }
        )
        assert.matches("the proxy refused the connection with HTTP " .. status .. hint, message)
      end
    end
  )

  it("when nothing listens: nothing was sent", function()
    local listener = assert(socket.bind("127.0.0.1", 0))
    local _, port = listener:getsockname()
    listener:close()
    fails(
      "",
      network("connect", "no"),
      { url = "http://127.0.0.1:" .. port .. "/", method = "POST", body = "x" }
    )
  end)

  it("when the name is unknown: nothing was sent", function()
    fails("", network("dns", "no"), { url = "http://nowhere.invalid/" })
  end)

  it("when the connection ends before the answer", function()
    fails("c:close()", network("closed", "maybe"))
    fails(cut "", network("closed", "maybe"))
    fails(cut "", network("closed", "maybe"), { method = "POST", body = "{}" })
    assert.equal("{}", server:requests()[1].body)
  end)

  it("when the connection is reset", function()
    fails(cut("", "reset"), network("closed", "maybe"))
    fails(cut(HEAD .. "Content-Length: 10\r\n\r\nabc", "reset"), network("closed", "yes", 200))
  end)

  it("when the connection ends in the status line or in the headers", function()
    -- libcurl takes half a head for the end of a whole answer: the status line tells what came.
    server:serve(cut(HEAD .. "Content-Length: 10\r\nX-Y: "))
    local operation = exchange.run(engine, { url = server.url })
    assert.equal("yes", operation:sent())
    local status, body = operation:result()
    assert(status == nil or body == "", "there was no body")
    server:serve(cut "HTT")
    operation = exchange.run(engine, { url = server.url })
    assert.is_nil((operation:result()))
  end)

  it("when the body is shorter than announced", function()
    fails(cut(HEAD .. "Content-Length: 10\r\n\r\nabc"), network("truncated", "yes", 200))
    fails(cut("HTTP/1.1 500 Oops\r\nContent-Length: 10\r\n\r\n"), network("truncated", "yes", 500))
    fails(cut(HEAD .. "Transfer-Encoding: chunked\r\n\r\n5\r\nabc"), network("truncated", "yes", 200))
    fails(cut(HEAD .. "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"), network("truncated", "yes", 200))
  end)

  it("when the answer is not HTTP", function()
    local parse = { kind = "parse", code = "protocol", sent = "maybe" }
    fails(cut "220 mail.example ESMTP\r\n", parse)
    fails(cut "<html>not HTTP at all</html>", parse)
    fails(cut "\0\1\2\3", parse)
    fails(cut(("x"):rep(100000)), parse)
  end)

  it("when the answer's head makes no sense", function()
    for _, head in ipairs { "HTTP/1.1 abc\r\n\r\n", "HTTP/9.9 200 OK\r\n\r\n", "HTTP/1.1 99999 X\r\n\r\n" } do
      server:serve(cut(head))
      local failure = exchange.failure(engine, { url = server.url })
      assert(failure.kind == "parse" or failure.kind == "network", failure.kind)
    end
    fails(
      cut(HEAD .. "Content-Length: -5\r\n\r\n"),
      { kind = "parse", code = nil, sent = "yes", status = 200 }
    )
  end)

  it("when a chunk is broken", function()
    local _, _, failure = fails(
      cut(HEAD .. "Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n"),
      network("closed", "yes", 200)
    )
    assert.equal(56, failure.curl_code)
  end)

  it("when the encoding of the body is broken", function()
    fails(
      cut(HEAD .. "Content-Encoding: gzip\r\nContent-Length: 9\r\n\r\nnot gzip!"),
      { kind = "parse", code = "encoding", sent = "yes", status = 200 },
      { compressed = true }
    )
  end)

  it("when a header is too large, or there are too many", function()
    local too_large = { kind = "too_large", sent = "yes", status = 200 }
    local message = fails(cut(HEAD .. "X-Bomb: " .. ("x"):rep(400000) .. "\r\n\r\n"), too_large)
    assert.matches("header", message)
    fails(
      [[ c:request() c:send "HTTP/1.1 200 OK\r\n"
        while c:send(("X-Bomb: " .. ("x"):rep(1000) .. "\r\n"):rep(50)) do end ]],
      too_large
    )
    fails(
      cut("HTTP/1.1 100 Continue\r\n" .. ("X: y\r\n"):rep(60000)),
      { kind = "too_large", sent = "yes", status = 100 }
    )
  end)

  it("when the body is larger than the cap", function()
    local too_large = { kind = "too_large", sent = "yes", status = 200 }
    local message = fails(cut(HEAD .. "Content-Length: 11\r\n\r\n12345678901"), too_large, { max_bytes = 10 })
    assert.matches("10 bytes", message)
    fails(
      [[ c:request() c:send "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        while c:chunk(("x"):rep(10000)) do end ]],
      too_large,
      { max_bytes = 1000000 }
    )
    fails(
      [[ c:request() c:send "HTTP/1.1 200 OK\r\n\r\n" while c:send(("x"):rep(10000)) do end ]],
      too_large,
      { max_bytes = 1000000 }
    )
    server:answers(200, "1234567890")
    assert.same(
      { 200, "1234567890" },
      { exchange.get(engine, { url = server.url, max_bytes = 10 }), "1234567890" }
    )
  end)

  it("when it takes too long", function()
    local timeout = { kind = "timeout", code = "timeout" }
    local function wanted(sent, status)
      return { kind = timeout.kind, code = timeout.code, sent = sent, status = status }
    end
    fails("c:gone()", wanted "maybe", { timeout = 0.5 })
    fails("c:request() c:gone()", wanted "maybe", { timeout = 0.5, method = "POST", body = "x" })
    fails(("c:request() c:send(%q) c:gone()"):format(HEAD), wanted("yes", 200), { timeout = 1 })
    fails(
      ("c:request() c:send(%q) while c:send 'x' do c:sleep(0.02) end"):format(
        HEAD .. "Content-Length: 100000\r\n\r\n"
      ),
      wanted("yes", 200),
      { timeout = 1 }
    )
  end)

  it("when it has hardly any time", function()
    server:serve "c:gone()"
    local failure = exchange.failure(engine, { url = server.url, timeout = 1e-9 })
    assert.equal("timeout", failure.kind) -- sent or not: who knows how far it came
  end)

  it("when no connection is made in time", function()
    -- A full backlog: the kernel drops the SYN of later clients.
    local listener = assert(socket.tcp())
    assert(listener:bind("127.0.0.1", 0))
    assert(listener:listen(0))
    local _, port = listener:getsockname()
    local fillers = {}
    for n = 1, 4 do
      fillers[n] = socket.tcp()
      fillers[n]:settimeout(0)
      fillers[n]:connect("127.0.0.1", port)
    end
    fails(
      "",
      { kind = "timeout", code = "timeout", sent = "no" },
      { url = "http://127.0.0.1:" .. port .. "/", method = "POST", body = "x", connect_timeout = 0.1 }
    )
    for _, filler in ipairs(fillers) do
      filler:close()
    end
    listener:close()
  end)

  it("when nothing comes for the stall limit, however long it went well", function()
    fails(
      ("c:request() c:send(%q) c:gone()"):format(HEAD .. "Content-Length: 100000\r\n\r\n"),
      { kind = "timeout", code = "timeout", sent = "yes", status = 200 },
      { stall_timeout = 1 }
    )
    server:serve(
      ("c:request() c:send(%q) for _ = 1, 14 do c:sleep(0.1) c:send '1234567890' end c:close()"):format(
        HEAD .. "Content-Length: 140\r\n\r\n"
      )
    )
    local status, body = exchange.get(engine, { url = server.url, stall_timeout = 1 })
    assert.same({ 200, 140 }, { status, #body })
  end)

  it("and libcurl itself repeats a request when a reused connection dies, unless it is fresh", function()
    -- The connection answers once, and is closed as soon as it has read the whole POST that follows.
    local script = [[
      c:request() c:answer(200)
      local again = c:request()
      if again then c:close() end
    ]]
    local post = { url = server.url .. "/v3/video-agents", method = "POST", json = { prompt = "p" } }
    local function posts()
      local count = 0
      for _, request in ipairs(server:requests()) do
        count = count + (request.method == "POST" and 1 or 0)
      end
      return count
    end

    server:serve(script)
    exchange.get(engine, { url = server.url })
    assert.equal(200, (exchange.get(engine, post)))
    assert.equal(2, posts()) -- the trap: one operation, two creates

    engine:close()
    engine = core.new_engine()
    server:serve(script)
    exchange.get(engine, { url = server.url })
    post.fresh = true
    assert.equal(200, (exchange.get(engine, post)))
    assert.equal(1, posts())

    server:serve [[ if n == 1 then c:request() c:answer(200) c:gone() else c:request() c:close() end ]]
    engine:close()
    engine = core.new_engine()
    exchange.get(engine, { url = server.url })
    local failure = exchange.failure(engine, post)
    assert.same({ "network", "closed", "maybe" }, { failure.kind, failure.code, failure.sent })
    assert.equal(1, posts())
  end)

  it("with its message and what came so far", function()
    local _, operation = fails(
      cut(HEAD .. "X-Request-Id: r1\r\nContent-Length: 10\r\n\r\nabc"),
      network("truncated", "yes", 200)
    )
    assert.equal(200, operation:status())
    assert.equal("r1", operation:header "x-request-id")
    assert.equal("heygen.operation (network)", tostring(operation))
    local first = { operation:result() }
    assert.same(first, { operation:result() })
  end)
end)

describe("an operation with a server that uses the simulator's faults", function()
  local sim, engine

  setup(function()
    sim = require("spec.support.sim").start {}
    engine = core.new_engine()
  end)

  teardown(function()
    engine:close()
    sim:stop()
  end)

  before_each(function()
    sim:reset()
  end)

  local function get(fault, request)
    sim:faults {}
    sim:faults { fault }
    request.url = sim.url .. "/v3/videos"
    request.headers = { ["X-Api-Key"] = "k" }
    request.compressed = true
    return exchange.run(engine, request)
  end

  it("reads a compressed answer", function()
    local operation = get({ gzip = "ok" }, {})
    local status, body = operation:result()
    assert.equal(200, status)
    assert.equal("gzip", operation:header "content-encoding")
    assert.is_table(core.decode(body).data)
  end)

  it("stops at a gzip bomb, and at broken gzip", function()
    local _, _, failure = get({ gzip = "bomb" }, { max_bytes = 1000000 }):result()
    assert.equal("too_large", failure.kind)
    _, _, failure = get({ gzip = "bad" }, {}):result()
    assert.equal("parse", failure.kind)
    assert.equal("encoding", failure.code)
  end)

  it("stops at a header bomb, and at a bad chunk", function()
    local _, _, failure = get({ header_bytes = 400000 }, {}):result()
    assert.equal("too_large", failure.kind)
    _, _, failure = get({ chunked = "bad" }, {}):result()
    assert.equal("network", failure.kind)
  end)
end)
