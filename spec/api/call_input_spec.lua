-- Bad input: refused before anything is sent, with the field and, where it helps, the remedy.
local heygen = require "heygen"
local live = require "spec.support.live"
local support = require "spec.support.sim"

describe("a client given bad input", function()
  local sim, client

  setup(function()
    sim = support.start { speed = 0 }
    client = live.client(sim)
  end)

  teardown(function()
    sim:stop()
  end)

  after_each(function()
    assert.equal(0, live.sent(sim))
  end)

  -- A mistake of the program: raised at the line that called, with these words.
  local function mistake(message, fn, ...)
    local given, count = { ... }, select("#", ...)
    local ok, raised = pcall(function()
      local value = fn((unpack or table.unpack)(given, 1, count))
      return value
    end)
    assert.is_false(ok)
    assert.matches(message, tostring(raised), 1, true)
    assert.matches("^spec/api/call_input_spec%.lua:%d+: ", raised)
  end

  -- A bad value, which may come from a user's input: an error like any other.
  local function bad(field, message, ...)
    local err = live.failure(...)
    assert.equal("invalid", err.kind)
    assert.equal("no", err.sent)
    assert.equal(field, err.param)
    assert.matches(field .. ": " .. message, err.message, 1, true)
    assert.is_false(err.retryable)
  end

  it("takes no strange id into a path", function()
    local GET = {
      video_id = function(id)
        return client.videos:get(id)
      end,
      session_id = function(id)
        return client.video_agents:get(id)
      end,
    }
    for field, get in pairs(GET) do
      for _, id in ipairs { "", ".", "..", "../x", "a/../b", "a\\..\\b", "a\0b", "a\r\nb", "a\127" } do
        bad(field, "", get(id))
      end
    end
    for _, id in ipairs { "", ".", "..", "../videos", "x\0" } do
      bad("video_id", "", client.videos:delete(id))
      bad("session_id", "", client.video_agents:stop(id))
      bad("session_id", "", client.video_agents:send(id, { message = "x" }))
      bad("resource_id", "", client.video_agents:resource("s", id))
      bad("video_id", "", client:poll(id))
      bad("video_id", "", client:wait(id, live.QUICK))
    end
    mistake("video_id", function()
      return (client.videos:get(5))
    end)
    mistake("video_id", function()
      return (client.videos:get())
    end)
    mistake("wait: ", function()
      return (client:wait())
    end)
  end)

  it("takes no prompt of a wrong size: characters, not bytes", function()
    bad("prompt", "empty", client:create { prompt = "" })
    bad("prompt", "10001 characters, at most 10000", client:create { prompt = ("x"):rep(10001) })
    bad("prompt", "10001 characters, at most 10000", client:create { prompt = ("é"):rep(10001) })
    bad("prompt", "10001 characters", client:generate { prompt = ("x"):rep(10001) })
    mistake("prompt: missing", client.create, client, {})
  end)

  it("takes no text that is no UTF-8, and says where", function()
    bad("prompt", "invalid UTF-8 at byte 3", client:create { prompt = "ab\255" })
    bad(
      "extra.x[2]",
      "invalid UTF-8 at byte 1",
      client:create { prompt = "a", extra = { x = { "b", "\192\128" } } }
    )
  end)

  it("takes no number that is none, and no function", function()
    bad("limit", "", client.videos:list { limit = 0 / 0 })
    bad("limit", "", client.videos:list { limit = math.huge })
    mistake("extra.x", function()
      return (client:create { prompt = "a", extra = { x = print } })
    end)
    mistake("prompt: expected a string, got function", function()
      return (client:create { prompt = print })
    end)
  end)

  it("takes no unknown field, and says what was meant", function()
    mistake('orientaton: unknown field, did you mean "orientation"?', function()
      return (client:create { prompt = "a", orientaton = "portrait" })
    end)
    mistake('limt: unknown field, did you mean "limit"?', function()
      return (client.videos:list { limt = 3 })
    end)
    mistake("callback_id: is only valid together with callback_url", function()
      return (client:create { prompt = "a", callback_id = "x" })
    end)
  end)

  it("takes no wrong call options", function()
    mistake("timeout: expected seconds > 0, got 0", function()
      return (client.videos:get("v", { timeout = 0 }))
    end)
    mistake("max_retries", function()
      return (client.videos:get("v", { max_retries = -1 }))
    end)
    mistake("idempotency_key: expected 1 to 255 letters", function()
      return (client:create { prompt = "a", idempotency_key = "a\r\nb" })
    end)
  end)

  it("takes no raw request that is wrong", function()
    local function raw(message, fields)
      mistake(message, function()
        return (client:request(fields))
      end)
    end
    raw("client:request: expected a table of options, got string", "x")
    raw("path: missing", {})
    raw('path: expected a path such as "/v3/videos"', { path = "v3/videos" })
    raw("path: expected a path", { path = "/v3/a b" })
    raw("path: expected a path", { path = "/v3/a\0b" })
    raw("path: expected a path", { path = "/v3/a\r\nX: y" })
    raw("path: the segments . and .. are not allowed", { path = "/v3/../x" })
    raw("path: the segments . and .. are not allowed", { path = "/v3/." })
    for path, message in pairs {
      ["/v3/vid\195\169os"] = "the byte at position 8 is no printable ASCII, percent-encode it",
      ["/v3/videos?title=\255"] = "the byte at position 18 is no printable ASCII",
      ["/v3/a%zz"] = "a % without two hexadecimal digits behind it, write %25",
      ["/v3/a%4"] = "a % without two",
      ["/v3/videos?title=100%"] = "a % without two",
      ["/v3/videos/"] = "empty segments are not allowed, give an id there, or leave out the slash",
      ["/v3//videos"] = "empty segments",
      ["//v3/videos"] = "empty segments",
      ["/"] = "empty segments",
      ["/v3/videos/?limit=1"] = "empty segments",
      ["/v3/videos/%2e%2E/x"] = "the segments . and .. are not allowed, not even percent-encoded",
      ["/v3/videos/%2e"] = "the segments . and ..",
      ["/v3/.%2e"] = "the segments . and ..",
      ["/v3/videos/a%2F..%5cb"] = "the segments . and ..",
      ["/v3/videos/a%00"] = "control characters are not allowed, not even percent-encoded",
      ["/v3/videos/%0d%0aX"] = "control characters",
      ["/v3/videos/%7f"] = "control characters",
      ["/v3/videos/%ff"] = "invalid UTF-8 at byte 12 after decoding",
    } do
      raw("path: " .. message, { path = path })
      raw("path: " .. message, { path = path, method = "DELETE" })
    end
    raw("method: expected a name in capitals such as GET", { path = "/x", method = "get" })
    raw("method: expected a name in capitals", { path = "/x", method = "GET / HTTP/1.1\r\n" })
    raw('quer: unknown option, did you mean "query"?', { path = "/x", quer = {} })
    raw(
      "query.a: expected a string, a finite number or a boolean, got table",
      { path = "/x", query = { a = {} } }
    )
    raw(
      "query.a: expected a string, a finite number or a boolean, got",
      { path = "/x", query = { a = 0 / 0 } }
    )
    raw("query: expected names as keys", { path = "/x", query = { "a" } })
    raw("json: give json or body, not both", { path = "/x", json = {}, body = "" })
    raw(
      "content_type: control characters",
      { path = "/x", method = "POST", body = "", content_type = "a\r\nb" }
    )
    raw("headers.X: expected a value without CR, LF and NUL", { path = "/x", headers = { X = "a\nb" } })
    raw("headers.X-Api-Key: not allowed here", { path = "/x", headers = { ["X-Api-Key"] = "other" } })
    raw("timeout: expected seconds > 0, got 0", { path = "/x", timeout = 0 })
    raw("deadline: expected seconds > 0, got NaN", { path = "/x", deadline = 0 / 0 })
    raw("max_retries: expected an integer >= 0, got 1.5", { path = "/x", max_retries = 1.5 })
    raw("idempotency_key: expected 1 to 255", { path = "/x", method = "POST", idempotency_key = "" })
    local err = live.failure(client:request { path = "/x", method = "POST", json = { a = { b = print } } })
    assert.equal("invalid", err.kind)
    assert.matches("json.a.b", err.message, 1, true)
    bad(
      "query.title",
      "invalid UTF-8 at byte 2, encode it as UTF-8",
      client:request { path = "/x", query = { title = "a\255" } }
    )
    bad(
      "query",
      "a name with invalid UTF-8 at byte 1",
      client:request { path = "/x", query = { ["\192"] = 1 } }
    )
  end)

  it("takes no download that is wrong", function()
    local path = os.tmpname() .. ".mp4"
    mistake("client:download: expected a video, its id or an address, got 5", function()
      return (client:download(5, path))
    end)
    mistake("client:download: path: expected a string or a function, got nil", function()
      return (client:download "v")
    end)
    mistake("client:download: path: expected the name of a file", function()
      return (client:download("v", ""))
    end)
    mistake("client:download: path: expected the name of a file", function()
      return (client:download("v", "a\0b"))
    end)
    mistake('client:download: overwirte: unknown option, did you mean "overwrite"?', function()
      return (client:download("v", path, { overwirte = true }))
    end)
    mistake("download: deadline", function()
      return (client:download("v", path, { deadline = 0 / 0 }))
    end)
    for _, url in ipairs { "ftp://x/y", "http://example.com/x.mp4", "file:///etc/passwd", "https://a b/" } do
      local err = live.failure(client:download(url, path))
      assert.equal("invalid", err.kind)
      assert.equal("no", err.sent)
    end
    assert.is_nil(io.open(path))
  end)

  it("says that a colon is wanted", function()
    for _, call in ipairs {
      function()
        return (client.videos.get "v")
      end,
      function()
        return (client.videos.list())
      end,
      function()
        return (client.videos.list {})
      end,
    } do
      mistake("call it with a colon: client.videos:", call)
    end
    mistake("call it with a colon: client.videos:each(...)", function()
      return (client.videos.each { limit = 2 })
    end)
    local forms = {
      create = "{...}",
      generate = "{...}",
      request = "{...}",
      poll = "(...)",
      wait = "(...)",
      download = "(...)",
      update = "(...)",
    }
    for name, form in pairs(forms) do
      for _, given in ipairs { { prompt = "x", path = "/v3/videos" }, "sess_1", 0.002 } do
        mistake("call it with a colon: client:" .. name .. form, function()
          return (client[name](given))
        end)
      end
      mistake("call it with a colon: client:" .. name .. form, function()
        return (client[name]())
      end)
    end
  end)

  it("says that a colon is wanted of a task, too", function()
    local task = heygen.spawn(function() end)
    task:join()
    for _, name in ipairs { "join", "done", "cancel" } do
      mistake("call it with a colon: task:" .. name .. "()", function()
        return (task[name]())
      end)
      mistake("call it with a colon: task:" .. name .. "()", function()
        return (task[name] {})
      end)
    end
  end)

  it("takes no time that is none", function()
    local function told(message, fn)
      local ok, raised = pcall(fn)
      assert.is_false(ok)
      assert.matches(message, raised, 1, true)
      assert.matches("^spec/api/call_input_spec%.lua:%d+: ", raised)
    end
    told('heygen.sleep: seconds: expected seconds, got "x"', function()
      heygen.sleep "x"
    end)
    told("heygen.sleep: seconds: expected seconds, got NaN", function()
      heygen.sleep(0 / 0)
    end)
    told("client:update: budget: expected seconds >= 0, got -1", function()
      client:update(-1)
    end)
  end)
end)
