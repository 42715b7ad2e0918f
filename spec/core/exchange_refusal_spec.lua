-- Requests that the core refuses before a byte is sent, each by the name of the bad field.
local core = require "heygen.core"
local exchange = require "spec.support.exchange"
local raw = require "spec.support.raw"

describe("an operation that cannot be", function()
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
    assert.same({}, server:seen())
  end)

  -- The message of a request that raises.
  local function refused(request)
    if not request.url and not request.base and not request.target then
      request.url = server.url .. "/"
    end
    request.allow_http = true
    local ok, message = pcall(engine.create, engine, request)
    assert.is_false(ok)
    assert.equal("heygen.engine (0 live)", tostring(engine))
    return message
  end

  it("could forge a request", function()
    for _, bad in ipairs { "a\r\nX: y", "a\nb", "a\rb", "a\0b" } do
      assert.matches("headers%.X: CR, LF and NUL", refused { headers = { X = bad } })
      assert.matches("headers: a name", refused { headers = { [bad] = "x" } })
      assert.matches(
        "headers%.Y: ",
        refused { headers = core.headers { X = "x" }, extra_headers = { Y = bad } }
      )
      assert.matches("^engine:create: url: ", refused { url = server.url .. "/" .. bad })
      assert.matches("^engine:create: target: ", refused { base = server.url, target = "/" .. bad })
      assert.matches("^engine:create: base: ", refused { base = server.url .. bad, target = "/" })
      assert.matches("^engine:create: method: ", refused { method = bad })
      assert.matches("^engine:create: content_type: ", refused { body = "x", content_type = bad })
      assert.matches("^engine:create: output: ", refused { output = "/tmp/" .. bad })
      assert.matches("^engine:create: file: ", refused { file = "/tmp/" .. bad })
      assert.matches("^engine:create: proxy: ", refused { proxy = bad })
      assert.matches("^engine:create: ca_file: ", refused { ca_file = bad })
      assert.matches("name: ", refused { multipart = { { name = bad, data = "" } } })
      assert.matches("filename: ", refused { multipart = { { name = "x", data = "", filename = bad } } })
      assert.has_error(function()
        core.headers { X = bad }
      end)
    end
    for _, bad in ipairs { "", "a b", "a:b", "a\tb", "(a)", "a=b", "a/b" } do
      assert.matches("headers: a name", refused { headers = { [bad] = "x" } })
    end
    assert.matches("^engine:create: target: ", refused { base = server.url, target = "x" })
    assert.matches("^engine:create: target: ", refused { base = server.url, target = "" })
    assert.matches("^engine:create: target: ", refused { base = server.url, target = "/a b" })
    assert.matches("^engine:create: target: ", refused { base = server.url, target = "/a#b" })
    assert.matches("^engine:create: method: ", refused { method = "" })
    assert.matches("^engine:create: method: ", refused { method = "GET /" })
  end)

  it("has a field of the wrong type", function()
    assert.matches("^engine:create: url: expected a string, got number", refused { url = 12 })
    assert.matches("^engine:create: method: expected a string, got table", refused { method = {} })
    assert.matches("^headers: ", refused { headers = { "x" } })
    assert.matches("^headers%.X: expected a string, got number", refused { headers = { X = 1 } })
    assert.matches("table expected", refused { headers = "X: y" })
    assert.matches("expected", refused { headers = io.stdout })
    assert.matches("^engine:create: query%.a: ", refused { query = { a = {} } })
    assert.matches("^engine:create: query: ", refused { query = { "a" } })
    assert.matches("table expected", refused { query = "a=b" })
    assert.matches("^engine:create: body: expected a string, or an array of segments", refused { body = {} })
    assert.matches("^engine:create: json: a: a function", refused { json = { a = print } })
    assert.matches("^engine:create: timeout: expected a number, got string", refused { timeout = "1" })
    assert.matches("^engine:create: timeout: ", refused { timeout = -1 })
    assert.matches("^engine:create: timeout: ", refused { timeout = 0 / 0 })
    assert.matches("^engine:create: max_bytes: ", refused { max_bytes = -1 })
    assert.matches("expected one of body, json, .* got 2", refused { body = "a", json = {} })
    assert.matches(
      "expected one of body, json, .* got 2",
      refused { body = "a", multipart = { { name = "x", data = "" } } }
    )
    assert.matches("url, or base and target", refused { base = server.url })
    assert.matches("url, or base and target", refused { target = "/" })
    assert.matches("url, or base and target", refused { url = "x", base = "y", target = "/" })
    assert.matches("multipart", refused { multipart = {} })
    assert.matches("multipart%[1%]", refused { multipart = { { data = "x" } } })
    assert.matches("multipart%[2%]", refused { multipart = { { name = "x", data = "y" }, { name = "x" } } })
    assert.matches("multipart%[1%]", refused { multipart = { { name = "x", data = "y", file = "z" } } })
    assert.has_error(function()
      engine:create()
    end)
    assert.has_error(function()
      engine:create "http://x"
    end)
    assert.has_error(function()
      engine.create({}, { url = server.url })
    end)
    assert.has_error(function()
      engine.create(io.stdout, { url = server.url })
    end)
    assert.has_error(function()
      engine:after "soon"
    end)
  end)

  it("asks for a protocol that it may not use, or for no host", function()
    for url, code in pairs {
      ["ftp://127.0.0.1/"] = "protocol",
      ["file:///etc/passwd"] = "protocol",
      ["gopher://127.0.0.1/"] = "protocol",
      ["nonsense://x"] = "protocol",
      ["http://"] = "url",
      ["http://[::1"] = "url",
      ["http://127.0.0.1:99999/"] = "url",
    } do
      local failure = exchange.failure(engine, { url = url })
      assert.same({ "invalid", code, "no" }, { failure.kind, failure.code, failure.sent }, url)
    end
    for _, request in ipairs {
      { url = server.url },
      { base = server.url, target = "/" },
      { base = server.url, target = "/", method = "POST", body = "x" },
    } do
      request.allow_http = false
      local failure = exchange.failure(engine, request)
      assert.same({ "invalid", "protocol", "no" }, { failure.kind, failure.code, failure.sent })
    end
  end)
end)
