-- TLS and HTTP/2 with a real server: what is trusted, what is refused, and what is shared and resumed.
local child = require "spec.support.child"
local core = require "heygen.core"
local exchange = require "spec.support.exchange"
local nginx = require "spec.support.nginx"
local shell = require "spec.support.shell"

describe("TLS", function()
  local server, engine

  setup(function()
    server = nginx.start()
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

  -- The fields of nginx's answer: connection, HTTP version, TLS version, "r" for a resumed session.
  local function get(request)
    request.url = request.url or not request.base and server.url.good .. "/" or nil
    request.ca_file = request.ca_file or server.ca
    request.allow_http = false
    local status, body, operation = exchange.get(engine, request)
    assert.equal(200, status)
    local connection, protocol, tls, resumed, key = body:match "^(%d+) (%S+) (%S+) (%S+) ?(%S*)$"
    return { connection = connection, protocol = protocol, tls = tls, resumed = resumed, key = key },
      operation
  end

  local function refused(request)
    request.method, request.body = "POST", "secret"
    request.ca_file = request.ca_file or server.ca
    request.allow_http = false
    local failure, message = exchange.failure(engine, request)
    assert.equal("network", failure.kind)
    assert.equal("no", failure.sent)
    assert.is_nil(failure.status)
    assert.is_string(message)
    return failure.code
  end

  it("trusts the given authority, and speaks HTTP/2", function()
    local seen, operation = get { headers = { ["X-Api-Key"] = "k" } }
    assert.equal("HTTP/2.0", seen.protocol)
    assert.equal("TLSv1.3", seen.tls)
    assert.equal("k", seen.key)
    assert.equal("2", operation:http_version())
    assert(operation:timings().appconnect > 0)
    assert.equal("text/plain", operation:header "Content-Type")
    seen, operation = get { url = server.url.http1 }
    assert.equal("HTTP/1.1", seen.protocol)
    assert.equal("1.1", operation:http_version())
    assert.equal("TLSv1.2", get({ url = server.url.middle }).tls)
  end)

  it("works with base and target, and with a POST", function()
    local seen =
      get { base = server.url.good, target = "/a%2Fb?c=d", method = "POST", body = ("x"):rep(1000) }
    assert.equal("HTTP/2.0", seen.protocol)
    assert.equal(seen.connection, get({ base = server.url.good, target = "/" }).connection)
  end)

  it("refuses an authority that it does not know", function()
    assert.equal("certificate", refused { url = server.url.good, ca_file = server.untrusted })
    local failure = exchange.failure(engine, { url = server.url.good }) -- the system's
    assert.same({ "network", "certificate", "no" }, { failure.kind, failure.code, failure.sent })
    assert.equal(
      "certificate",
      refused { url = server.url.good, ca_file = server.directory .. "/missing.crt" }
    )
    -- And again after a success with the right one: nothing is remembered across authorities.
    get {}
    assert.equal("certificate", refused { url = server.url.good, ca_file = server.untrusted })
    assert.equal("certificate", refused { url = server.url.good, ca_file = server.untrusted, fresh = true })
  end)

  it("refuses another name, and a certificate out of its time", function()
    assert.equal("certificate", refused { url = server.url.elsewhere })
    assert.equal("certificate", refused { url = server.url.expired })
    assert.equal("certificate", refused { url = server.url.early })
  end)

  it("refuses TLS below 1.2", function()
    assert.equal("tls", refused { url = server.url.old })
    -- Also where the system's OpenSSL would take it, as Debian's does not.
    server:write(
      "lenient.cnf",
      "openssl_conf = a\n[a]\nssl_conf = b\n[b]\nsystem_default = c\n[c]\n"
        .. "MinProtocol = TLSv1\nCipherString = DEFAULT@SECLEVEL=0\n"
    )
    local environment = ("OPENSSL_CONF=%s/lenient.cnf"):format(server.directory)
    local output = child.must(
      ([[
        local exchange = require "spec.support.exchange"
        local engine = require("heygen.core").new_engine()
        local failure = exchange.failure(engine, { url = %q, ca_file = %q })
        print(failure.code, failure.sent)
      ]]):format(server.url.old, server.ca),
      environment
    )
    assert.equal("tls\tno", output)
    local curl = ("env -u LD_PRELOAD %s curl -m 30 -s -o %s/ok --tlsv1.0 --cacert %s %s"):format(
      environment,
      server.directory,
      server.ca,
      server.url.old
    )
    assert.same({ "", 0 }, { shell.run("! command -v curl >/dev/null || " .. curl) }) -- the server itself is willing
  end)

  it("refuses what is no TLS", function()
    local raw = require("spec.support.raw").start()
    raw:serve [[ c:need(5) c:send "HTTP/1.1 400 Bad Request\r\n\r\n" c:close() ]]
    assert.equal("tls", refused { url = "https://127.0.0.1:" .. raw.port })
    raw:serve [[ c:need(5) c:close() ]]
    assert.equal("tls", refused { url = "https://127.0.0.1:" .. raw.port })
    raw:serve [[ c:need(5) c:reset() ]]
    refused { url = "https://127.0.0.1:" .. raw.port }
    raw:serve [[ c:gone() ]]
    local failure =
      exchange.failure(engine, { url = "https://127.0.0.1:" .. raw.port, connect_timeout = 0.1 })
    assert.same({ "timeout", "timeout", "no" }, { failure.kind, failure.code, failure.sent })
    failure = exchange.failure(engine, { url = "https://127.0.0.1:" .. raw.port, timeout = 0.1 })
    assert.same({ "timeout", "timeout", "no" }, { failure.kind, failure.code, failure.sent })
    raw:stop()
    failure = exchange.failure(engine, { url = "http://127.0.0.1:" .. server.port.good, allow_http = false })
    assert.same({ "invalid", "protocol", "no" }, { failure.kind, failure.code, failure.sent })
  end)

  it("sends a burst of requests over one connection", function()
    local operations, connections = {}, {}
    for n = 1, 100 do
      operations[n] = engine:create {
        base = server.url.good,
        target = "/" .. n,
        ca_file = server.ca,
        method = n % 5 == 0 and "POST" or "GET",
        body = n % 5 == 0 and ("x"):rep(1000) or nil,
      }
    end
    local opened = 0
    for _, operation in ipairs(operations) do
      local status, body = exchange.await(engine, operation):result()
      assert.equal(200, status)
      connections[body:match "^%d+"] = true
      opened = opened + operation:timings().connections
    end
    assert.equal(1, opened)
    local connection = next(connections)
    assert.is_nil(next(connections, connection))
    assert.equal(connection, get({}).connection)
  end)

  it("opens a fresh connection on demand, and resumes the session", function()
    local first = get {}
    assert.equal(".", first.resumed)
    for _ = 1, 3 do
      local again = get { fresh = true }
      assert.not_equal(first.connection, again.connection)
      assert.equal("r", again.resumed)
    end
    assert.equal("r", get({ fresh = true, public = true }).resumed)
    assert.equal(".", get({ url = server.url.middle }).resumed)
    local second = get { url = server.url.middle, fresh = true }
    assert.same({ "TLSv1.2", "r" }, { second.tls, second.resumed })
  end)

  it("carries large bodies both ways, and cancels in between", function()
    local content = ("0123456789abcdef"):rep(500000)
    server:write("files/large.bin", content)
    local url = server.url.good .. "/files/large.bin"
    for _, output in ipairs { false, child.scratch() } do
      local operation = exchange.run(engine, { url = url, ca_file = server.ca, output = output or nil })
      local status, body = operation:result()
      assert.equal(200, status)
      if output then
        local file = io.open(output, "rb")
        body = file:read "*a"
        file:close()
        os.remove(output)
      end
      assert.equal(core.sha256(content), core.sha256(body))
    end
    local output = child.scratch()
    local operation = engine:create { url = url, ca_file = server.ca, output = output }
    local other = engine:create { url = url, ca_file = server.ca }
    while (operation:progress()) < 100000 do
      engine:poll(0)
    end
    operation:cancel()
    os.remove(output)
    local status, body = exchange.await(engine, other):result()
    assert.same({ 200, #content }, { status, #body })
    assert.equal(0, other:timings().connections + operation:timings().connections)
  end)

  it("keeps nothing of a paused download that was cancelled #slow", function()
    local length = 8000000
    server:write("files/a.bin", ("a"):rep(length))
    server:write("files/b.bin", ("b"):rep(length))
    local function start(name, output)
      return engine:create { url = server.url.good .. "/files/" .. name, ca_file = server.ca, output = output }
    end
    for n = 1, 12 do
      local first, second = child.scratch(), child.scratch()
      local other = start "a.bin" -- keeps the connection busy while the next one goes
      local operation = start("a.bin", first)
      while (operation:progress()) < n * 30000 do
        engine:poll(0)
      end
      operation:cancel()
      operation = start("b.bin", second)
      while not operation:done() do
        engine:poll(0)
      end
      exchange.await(engine, other)
      local file = io.open(second, "rb")
      local content = file:read "*a"
      file:close()
      os.remove(first)
      os.remove(second)
      assert.equal(length, #content)
      assert.is_nil(content:find("a", 1, true))
    end
  end)

  it("answers before the whole body was read are not lost", function()
    local status = exchange.get(engine, {
      url = server.url.good .. "/small",
      ca_file = server.ca,
      method = "POST",
      body = ("x"):rep(100000),
    })
    assert.equal(413, status)
  end)

  it("keeps the process alive when it writes to a connection that was reset", function()
    -- libcurl says goodbye on a connection before it closes it: the system answers with SIGPIPE.
    local output = child.must(([[
      local core = require "heygen.core"
      local exchange = require "spec.support.exchange"
      local raw = require "spec.support.raw"
      require("spec.support.system").default_sigpipe()
      local relay, engine = raw.start(), core.new_engine()
      for round = 1, 3 do
        relay:serve "c:relay(%d) while c.entry.bytes < 300000 do c:sleep(0.001) end c:reset()"
        local failure = exchange.failure(engine, {
          url = "https://127.0.0.1:" .. relay.port .. "/upload", ca_file = %q,
          method = "POST", body = ("x"):rep(20000000),
        })
        assert(failure.kind == "network" and failure.sent == "maybe")
      end
      engine:close()
      relay:stop()
      print "alive"
    ]]):format(server.port.http1, server.ca))
    assert.equal("alive", output)
  end)
end)
