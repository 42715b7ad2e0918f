-- An operation's request on the wire, byte by byte, and what is refused before anything is sent.
local core = require "heygen.core"
local exchange = require "spec.support.exchange"
local raw = require "spec.support.raw"

describe("an operation's request", function()
  local server, engine

  setup(function()
    server = raw.start()
  end)

  teardown(function()
    server:stop()
  end)

  before_each(function()
    engine = assert(core.new_engine())
    server:answers(200, "ok")
  end)

  after_each(function()
    engine:close()
  end)

  -- Sends it and gives what the server saw.
  local function sent(request)
    if not request.url and not request.base then
      request.url = server.url .. "/"
    end
    local status = exchange.get(engine, request)
    assert.equal(200, status)
    local requests = server:requests()
    return requests[#requests]
  end

  it("carries its method and target", function()
    for _, method in ipairs { "GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS" } do
      local request = sent { method = method, url = server.url .. "/a/b?c=d" }
      assert.equal(method .. " /a/b?c=d HTTP/1.1", request.first)
      assert.equal("127.0.0.1:" .. server.port, request.headers.host)
      assert.equal("", request.body)
    end
    assert.equal("GET / HTTP/1.1", sent({ url = server.url }).first)
    server:serve [[ while c:request() do c:send "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" end ]]
    local status, body = exchange.get(engine, { method = "HEAD", url = server.url .. "/h", fresh = true })
    assert.same({ 200, "" }, { status, body })
    assert.equal("HEAD /h HTTP/1.1", server:requests()[1].first)
  end)

  it("sends base and target as they stand", function()
    local target = "/v3/videos/..%2Fx/%00?limit=10&x=a%20b"
    assert.equal("GET " .. target .. " HTTP/1.1", sent({ base = server.url, target = target }).first)
    -- and again on the same handle, with another target, a whole URL, another base, and back
    assert.equal("GET /b HTTP/1.1", sent({ base = server.url, target = "/b" }).first)
    assert.equal("GET /u HTTP/1.1", sent({ url = server.url .. "/u" }).first)
    local request = sent { base = "http://localhost:" .. server.port, target = "/c", query = { q = 1 } }
    assert.equal("GET /c?q=1 HTTP/1.1", request.first)
    assert.equal("localhost:" .. server.port, request.headers.host)
    assert.equal("GET /d HTTP/1.1", sent({ base = server.url, target = "/d" }).first)
  end)

  it("knows more bases than it keeps", function()
    for n = 1, 20 do
      -- Upper and lower case make another text of the same base.
      local name = ("localhost"):sub(1, n % 9):upper() .. ("localhost"):sub(n % 9 + 1)
      local base = (n > 9 and "http://user@" or "http://") .. name .. ":" .. server.port
      assert.equal(("GET /t%d HTTP/1.1"):format(n), sent({ base = base, target = "/t" .. n }).first)
      assert.equal("GET /u HTTP/1.1", sent({ base = server.url, target = "/u" }).first)
    end
  end)

  it(
    "goes through a proxy when it is told to, else through the environment's, and with an empty text through none",
    function()
      local base = "http://service.invalid"
      assert.equal(
        "GET " .. base .. "/t HTTP/1.1",
        sent({ base = base, target = "/t", proxy = server.url }).first
      )
      assert.equal("GET /t HTTP/1.1", sent({ base = server.url, target = "/t" }).first)
      local child = require "spec.support.child"
      local output = child.must(
        ([[
        local core = require "heygen.core"
        local exchange = require "spec.support.exchange"
        local engine = core.new_engine()
        for _, url in ipairs { "%s/a", "http://localhost:%d/a" } do
          print((exchange.get(engine, { url = url, proxy = "" })))
        end
        print((exchange.get(engine, { url = "http://service.invalid/p" })))
        for _, host in ipairs { "127.0.0.1", "localhost", "[::1]" } do
          print((exchange.get(engine, { url = "http://" .. host .. "/p" })))
        end
        for _, url in ipairs { "https://127.0.0.1:1/", "https://localhost:1/" } do
          print(exchange.failure(engine, { url = url, proxy = "" }).code)
        end
      ]]):format(server.url, server.port),
        ("export http_proxy=%s https_proxy=%s all_proxy=%s;"):format(server.url, server.url, server.url)
      )
      assert.equal("200\n200\n200\n200\n200\n200\nconnect\nconnect", output)
      local seen = {}
      for _, request in ipairs(server:requests()) do
        seen[#seen + 1] = request.first
      end
      assert.same({
        "GET http://service.invalid/t HTTP/1.1",
        "GET /t HTTP/1.1",
        "GET /a HTTP/1.1",
        "GET /a HTTP/1.1",
        "GET http://service.invalid/p HTTP/1.1",
        "GET http://127.0.0.1/p HTTP/1.1",
        "GET http://localhost/p HTTP/1.1",
        "GET http://[::1]/p HTTP/1.1",
      }, seen)
    end
  )

  it("encodes the query", function()
    assert.equal("GET /?a=b HTTP/1.1", sent({ query = { a = "b" } }).first)
    assert.equal("GET /?a%20%26=b%2Fc%3D%C3%A9%00 HTTP/1.1", sent({ query = { ["a &"] = "b/c=é\0" } }).first)
    assert.equal("GET /?a=true HTTP/1.1", sent({ query = { a = true } }).first)
    assert.equal("GET /?a=false HTTP/1.1", sent({ query = { a = false } }).first)
    assert.equal("GET /?a=10 HTTP/1.1", sent({ query = { a = 10 } }).first)
    assert.equal("GET /?a=1.5 HTTP/1.1", sent({ query = { a = 1.5 } }).first)
    assert.equal("GET /?a= HTTP/1.1", sent({ query = { a = "" } }).first)
    assert.equal("GET / HTTP/1.1", sent({ query = {} }).first)
    assert.equal("GET /?x=1&a=2 HTTP/1.1", sent({ url = server.url .. "/?x=1", query = { a = 2 } }).first)
    local query = { n = 7, list = "a,b", flag = true }
    local target = sent({ query = query, base = server.url, target = "/q" }).target
    local seen = {}
    for name, value in target:match("^/q%?(.*)$"):gmatch "([^&=]+)=([^&]*)" do
      seen[name] = value
    end
    assert.same({ n = "7", list = "a%2Cb", flag = "true" }, seen)
    assert.equal("number", type(query.n)) -- the caller's table is as it was
  end)

  it("sends headers of a table and of a shared list", function()
    local request = sent { headers = { ["X-Api-Key"] = "k", ["X-Empty"] = "", ["X-Sp"] = "a b;c" } }
    assert.equal("k", request.headers["x-api-key"])
    assert.equal("", request.headers["x-empty"])
    assert.equal("a b;c", request.headers["x-sp"])
    local shared = core.headers { ["X-Api-Key"] = "shared", ["User-Agent"] = "u/1" }
    for _ = 1, 3 do
      request = sent { headers = shared }
      assert.equal("shared", request.headers["x-api-key"])
      assert.equal("u/1", request.headers["user-agent"])
    end
    request = sent { headers = shared, extra_headers = { ["Idempotency-Key"] = "i" } }
    assert.equal("shared", request.headers["x-api-key"])
    assert.equal("i", request.headers["idempotency-key"])
    assert.is_nil(sent({ headers = shared }).headers["idempotency-key"])
    assert.is_nil(sent({}).headers["x-api-key"])
  end)

  it("keeps a shared list of headers as long as it needs it", function()
    server:serve [[ while c:request() do c:sleep(0.05) c:answer(200) end ]]
    local operations = {}
    for n = 1, 20 do
      operations[n] =
        engine:create { url = server.url, allow_http = true, headers = core.headers { X = "h" .. n } }
      collectgarbage()
    end
    for _, operation in ipairs(operations) do
      exchange.await(engine, operation)
    end
    local seen = {}
    for _, request in ipairs(server:requests()) do
      seen[request.headers.x] = true
    end
    for n = 1, 20 do
      assert(seen["h" .. n])
    end
  end)

  it("sends a JSON body", function()
    local request = sent { method = "POST", json = { prompt = "é\n", files = core.array {} } }
    assert.same({ prompt = "é\n", files = {} }, core.decode(request.body))
    assert.matches('"files":%[%]', request.body)
    assert.equal(tostring(#request.body), request.headers["content-length"])
    assert.equal("application/json", request.headers["content-type"])
    request = sent { method = "POST", json = {}, headers = { ["content-type"] = "application/x" } }
    assert.equal("application/x", request.headers["content-type"])
    assert.equal("{}", request.body)
  end)

  it("sends raw bytes, NUL included", function()
    local bytes = "a\0b\r\n\r\n\255" .. ("\0"):rep(100)
    local request = sent { method = "POST", body = bytes }
    assert.equal(bytes, request.body)
    assert.equal("application/octet-stream", request.headers["content-type"])
    request = sent { method = "PUT", body = bytes, content_type = "video/mp4" }
    assert.equal(bytes, request.body)
    assert.equal("video/mp4", request.headers["content-type"])
    assert.equal("0", sent({ method = "POST", body = "" }).headers["content-length"])
    assert.equal("0", sent({ method = "POST" }).headers["content-length"])
  end)

  it("never asks for permission with Expect, and never chunks", function()
    local big = ("x"):rep(3 * 1024 * 1024)
    local request = sent { method = "POST", body = big }
    assert.equal(#big, #request.body)
    assert.is_nil(request.headers.expect)
    assert.is_nil(request.headers["transfer-encoding"])
    request = sent { method = "PUT", body = big, headers = core.headers { X = "1" } }
    assert.is_nil(request.headers.expect)
  end)

  it("leaves nothing of one request in the next", function()
    sent {
      method = "POST",
      json = { a = 1 },
      headers = { ["X-Api-Key"] = "k" },
      query = { q = 1 },
      compressed = true,
      timeout = 50,
    }
    local request = sent {}
    assert.equal("GET / HTTP/1.1", request.first)
    assert.equal("", request.body)
    assert.same(
      { "Host: 127.0.0.1:" .. server.port, "Accept: */*", "Accept-Encoding: identity" },
      request.lines
    )
    assert.equal("gzip", sent({ compressed = true }).headers["accept-encoding"])
    assert.equal("identity", sent({}).headers["accept-encoding"])
    assert.is_nil(sent({ stream = true }).headers["accept-encoding"]) -- of a file: as it is
    local shared = core.headers { X = "1" }
    for _, case in ipairs {
      { { headers = shared }, "identity" },
      { { headers = shared, compressed = true }, "gzip" },
      { { headers = shared, stream = true } },
      { { headers = shared, extra_headers = { Y = "2" } }, "identity" },
      { { headers = { ["accept-encoding"] = "br" } }, "br" },
      { { headers = { ["Accept-Encoding"] = "br" }, extra_headers = { Y = "2" } }, "br" },
      { { headers = shared, extra_headers = { ["Accept-Encoding"] = "br" } }, "br" },
      { { headers = shared }, "identity" },
    } do
      local seen, found = sent(case[1]), {}
      for _, line in ipairs(seen.lines) do
        found[#found + 1] = line:match "^[Aa]ccept%-[Ee]ncoding: (.*)"
      end
      assert.same({ case[2] }, found)
    end
  end)

  it("never reads .netrc", function()
    local child = require "spec.support.child"
    local home = child.scratch()
    local output = child.must(
      ([[
        local exchange = require "spec.support.exchange"
        local engine = require("heygen.core").new_engine()
        exchange.get(engine, { url = "%s/" })
        exchange.get(engine, { url = "%s/", public = true })
        print "done"
      ]]):format(server.url, server.url),
      ("mkdir %s; echo 'default login someone password secret' >%s/.netrc; chmod 600 %s/.netrc; HOME=%s"):format(
        home,
        home,
        home,
        home
      )
    )
    os.remove(home .. "/.netrc")
    os.remove(home)
    assert.equal("done", output)
    assert.equal(2, #server:requests())
    for _, request in ipairs(server:requests()) do
      assert.is_nil(request.headers.authorization)
    end
  end)

  it("never carries a key on a public handle", function()
    local secret = core.headers { ["X-Api-Key"] = "secret", Authorization = "Bearer secret" }
    for n = 1, 10 do
      sent { headers = secret, url = server.url .. "/private" .. n }
      local request = sent { public = true, url = server.url .. "/public" .. n }
      assert.same(
        { "Host: 127.0.0.1:" .. server.port, "Accept: */*", "Accept-Encoding: identity" },
        request.lines
      )
    end
  end)

  it("reuses one connection for requests in a row, and opens a fresh one on demand", function()
    for n = 1, 5 do
      local _, _, operation = exchange.get(engine, { url = server.url })
      assert.equal(n == 1 and 1 or 0, operation:timings().connections)
    end
    assert.equal(1, #server:seen())
    local _, _, operation = exchange.get(engine, { url = server.url, fresh = true })
    assert.equal(1, operation:timings().connections)
    assert.equal(2, #server:seen())
    exchange.get(engine, { url = server.url })
    assert.equal(2, #server:seen())
  end)

  it("opens no more connections than the limit", function()
    engine:limit(3)
    server:serve [[ while c:request() do c:sleep(0.02) c:answer(200) end ]]
    local operations = {}
    for n = 1, 12 do
      operations[n] = engine:create { url = server.url, allow_http = true, fresh = n % 4 == 0 }
    end
    for _, operation in ipairs(operations) do
      assert.equal(200, (exchange.await(engine, operation):result()))
    end
    local open = 0
    for _, connection in ipairs(server:seen()) do
      open = open + (connection.gone and 0 or 1)
    end
    assert(open <= 3, open .. " connections are open")
    for _, bad in ipairs { 0, -1, 100001 } do
      assert.has_error(function()
        engine:limit(bad)
      end)
    end
  end)

  it("does not follow redirects", function()
    server:answers(302, "moved", "Location: " .. server.url .. "/elsewhere\r\n")
    local status, body, operation =
      exchange.get(engine, { url = server.url, headers = { ["X-Api-Key"] = "k" } })
    assert.same({ 302, "moved" }, { status, body })
    assert.equal(server.url .. "/elsewhere", operation:header "location")
    assert.equal(1, #server:requests())
  end)

  it("has its common part prepared, which is read once", function()
    local request =
      { base = server.url, headers = { ["X-Api-Key"] = "k" }, allow_http = true, compressed = true }
    local prepared = core.prepare(request)
    request.headers, request.base = nil, nil
    collectgarbage()
    for n = 1, 3 do
      local operation = exchange.await(engine, engine:get(prepared, "/v3/videos/" .. n, 60, core.now() + 60))
      assert.equal(200, (operation:result()))
    end
    for n, seen in ipairs(server:requests()) do
      assert.equal("GET /v3/videos/" .. n .. " HTTP/1.1", seen.first)
      assert.same({ "k", "identity" }, { seen.headers["x-api-key"], seen.headers["accept-encoding"] })
    end
    assert(exchange.await(engine, engine:get(prepared, "/a", 60, nil, true, 1)):result() == nil) -- two bytes are more
    local requests = server:requests()
    assert.equal("gzip", requests[#requests].headers["accept-encoding"])
    server:serve [[ c:request() c:sleep(60) ]]
    local _, _, failure = exchange.await(engine, engine:get(prepared, "/b", 60, core.now() + 0.05)):result()
    assert.equal("timeout", failure.kind)
  end)

  it("is not prepared with a body, an output or another method, and refuses what is no target", function()
    for _, bad in ipairs {
      { method = "POST" },
      { body = "x" },
      { output = "x" },
      { stream = true },
      { target = 1 },
    } do
      local request = { base = "http://127.0.0.1" }
      for name, value in pairs(bad) do
        request[name] = value
      end
      assert.equal(bad.target ~= nil, (pcall(core.prepare, request))) -- the target comes later
    end
    assert.has_error(function()
      core.prepare { url = "http://127.0.0.1/" }
    end)
    local prepared = core.prepare { base = "http://127.0.0.1" }
    for _, target in ipairs { "", "v3", "/a b", "/a#b", "/a\nb", "/a\0b", 1, false } do
      assert.has_error(function()
        engine:get(prepared, target)
      end)
    end
    assert.has_error(function()
      engine:get(core.headers {}, "/")
    end)
    engine:close()
    local operation, _, failure = engine:get(prepared, "/")
    assert.same({ false, "closed" }, { operation or false, failure.kind })
  end)
end)
