-- The router alone: method, headers and body in, status, headers and body out.
local random = require "spec.support.random"
local webhook = require "heygen.webhook"

local SECRET = "whsec_0123456789abcdef"
local TOKEN_SECRET = "a token secret of more than 16 bytes"
local EVENT = '{"event_type":"video_agent.success","event_data":{"video_id":"v1","session_id":"sess_1"}}'

describe("a router", function()
  local got, lines

  before_each(function()
    got, lines = {}, {}
  end)

  local function take(event)
    got[#got + 1] = event
  end

  local function make(options)
    options = options or {}
    options.on = options.on or { ["*"] = take }
    options.log = options.log or function(line)
      lines[#lines + 1] = line
    end
    if options.secrets == nil and not options.token_secret then
      options.secrets = SECRET
    end
    return webhook.router(options)
  end

  local function deliver(router, body, options)
    return router:handle("POST", webhook.sign(body, SECRET, options), body, "/hook")
  end

  it("gives a signed event to the handler of its type, or to that of all others", function()
    local named = {}
    local router = make {
      on = {
        ["video_agent.success"] = function(event)
          named[#named + 1] = event
        end,
        ["*"] = take,
      },
    }
    local status, headers, body = deliver(router, EVENT)
    assert.same({ 200, "ok\n" }, { status, body })
    assert.equal("text/plain", headers["Content-Type"])
    assert.equal(200, (deliver(router, '{"event_type":"batch.finished","event_data":{"batch_id":"b"}}')))
    assert.equal(200, (deliver(router, '{"no":"type"}')))
    assert.equal("v1", named[1].video_id)
    assert.equal("signature", named[1].verified)
    assert.is_nil(named[1].hint)
    assert.same({ "batch.finished", nil }, { got[1].type, got[2].type })
    assert.same({ 1, 2 }, { #named, #got })
  end)

  it("takes what has no handler, so that it is not repeated for a day", function()
    local router = make { on = { ["avatar_video.fail"] = take } }
    assert.equal(200, (deliver(router, EVENT)))
    assert.equal(0, #got)
  end)

  it("answers the checks of a registration, and no other method", function()
    local router = make()
    assert.equal(200, (router:handle("GET", {}, nil, "/hook")))
    assert.equal(200, (router:handle("HEAD", {}, nil, "/hook")))
    local status, headers, body = router:handle("OPTIONS", {}, nil, "/hook")
    assert.same({ 204, "POST, GET, HEAD, OPTIONS", "" }, { status, headers.Allow, body })
    for _, method in ipairs { "PUT", "DELETE", "post", "", 7, false } do
      status, headers = router:handle(method, {}, EVENT, "/hook")
      assert.same({ 405, "POST, GET, HEAD, OPTIONS" }, { status, headers.Allow })
    end
  end)

  it("answers as HeyGen's guide has it", function()
    local router = make { max_bytes = 200 }
    local function refused(status, word, ...)
      local answered, _, body = router:handle("POST", ...)
      assert.same({ status, word .. "\n" }, { answered, body })
    end
    local signed = webhook.sign(EVENT, SECRET)
    refused(400, "missing_signature", {}, EVENT)
    refused(401, "bad_signature", webhook.sign(EVENT, SECRET .. "x"), EVENT)
    refused(401, "bad_signature", signed, EVENT .. " ")
    refused(400, "too_old", webhook.sign(EVENT, SECRET, { timestamp = os.time() - 100000 }), EVENT)
    refused(400, "too_new", webhook.sign(EVENT, SECRET, { timestamp = os.time() + 1000 }), EVENT)
    refused(400, "malformed", webhook.sign("[1]", SECRET), "[1]")
    refused(400, "malformed", signed, nil)
    refused(413, "too_large", signed, ("x"):rep(201))
    assert.equal(0, #got)
    assert.equal(200, (router:handle("POST", signed, EVENT)))
  end)

  it("runs a handler once, however often a delivery comes", function()
    local router = make()
    deliver(router, EVENT)
    local status, _, body = deliver(router, EVENT)
    assert.same({ 200, "duplicate\n" }, { status, body })
    assert.equal(1, #got)
  end)

  it("answers 500 for a handler that fails, tells why without secret and body, and runs it again", function()
    local fail = function(event)
      error("I saw " .. EVENT .. " and " .. SECRET .. " of " .. event.video_id)
    end
    local router = make {
      on = function(event)
        take(event)
        return fail(event)
      end,
    }
    assert.equal(500, (deliver(router, EVENT)))
    assert.equal(500, (deliver(router, EVENT)))
    fail = function()
      return nil, "the disk is full"
    end
    assert.equal(500, (deliver(router, EVENT)))
    fail = function()
      return nil -- the file was not there before, say
    end
    assert.equal(200, (deliver(router, EVENT)))
    assert.equal(200, (deliver(router, EVENT)))
    assert.equal(4, #got)
    assert.equal(3, #lines)
    assert.matches(
      'the handler of "video_agent.success" raised: .*I saw %[hidden%] and %[hidden%] of v1',
      lines[1]
    )
    assert.matches("failed: the disk is full", lines[3])
    assert.is_nil(table.concat(lines):find(SECRET, 1, true))
  end)

  it("takes anything for an error that a handler may raise", function()
    for _, raised in ipairs {
      false,
      {},
      setmetatable({}, {
        __tostring = function()
          error "no"
        end,
      }),
      function() end,
    } do
      local router = make {
        on = function()
          error(raised)
        end,
      }
      assert.equal(500, (deliver(router, EVENT)))
      assert.equal(500, (deliver(router, EVENT))) -- it was forgotten, so that it can be handled
    end
  end)

  it("has nothing of a secret in its log, not even where a long line is cut", function()
    local router = make {
      on = function()
        error(("x"):rep(445) .. SECRET, 0)
      end,
    }
    assert.equal(500, (deliver(router, EVENT)))
    assert.is_nil(lines[1]:find "whsec")
  end)

  it("has a delivery handled by one handler for as long as that takes", function()
    local now, seen = 1000, {}
    local store = webhook.memory_store {
      now = function()
        return now
      end,
    }
    local router
    router = make {
      store = store,
      on = function()
        seen[#seen + 1] = true
        if #seen < 3 then
          now = now + 100000 -- of minutes, and longer than anything is claimed before it is done
          seen.during = deliver(router, EVENT)
        end
      end,
    }
    assert.equal(200, (deliver(router, EVENT)))
    assert.same({ 1, 503 }, { #seen, seen.during })
    assert.equal(200, (deliver(router, EVENT)))
    assert.equal(1, #seen)
  end)

  it("has one delivery handled at a time: what comes during this is to come again", function()
    local second
    local router
    router = make {
      on = function(event)
        take(event)
        if not second then
          second = { deliver(router, EVENT) }
        end
      end,
    }
    assert.equal(200, (deliver(router, EVENT)))
    assert.equal(503, second[1])
    assert.equal("30", second[2]["Retry-After"])
    assert.equal("being handled\n", second[3])
    assert.equal(1, #got)
    assert.equal(200, (deliver(router, EVENT)))
  end)

  it("takes nothing while its store does not work, and everything afterwards", function()
    local memory, broken = webhook.memory_store(), true
    local store = {
      claim = function(_, ...)
        if broken == "raise" then
          error "no connection"
        elseif broken then
          return nil, "no connection"
        end
        return memory:claim(...)
      end,
      forget = function(_, ...)
        return memory:forget(...)
      end,
    }
    local router = make { store = store }
    assert.equal(503, (deliver(router, EVENT)))
    broken = "raise"
    assert.equal(503, (deliver(router, EVENT)))
    assert.equal(0, #got)
    assert.matches("the store failed: .*no connection", lines[2])
    broken = false
    assert.equal(200, (deliver(router, EVENT)))
    assert.equal(1, #got)
  end)

  it("runs deferred handlers after the answer, and takes again what could not be handed on", function()
    local later, able = {}, false
    local fail = true
    local router = make {
      on = function(event)
        take(event)
        if fail then
          error "too bad"
        end
      end,
      defer = function(fn)
        if not able then
          return nil, "no timer left"
        end
        later[#later + 1] = fn
        return true
      end,
    }
    assert.equal(503, (deliver(router, EVENT)))
    assert.matches("no timer left", lines[1])
    able = true
    local status, _, body = deliver(router, EVENT)
    assert.same({ 202, "accepted\n" }, { status, body })
    assert.equal(0, #got)
    assert.equal(503, (deliver(router, EVENT))) -- it is being handled
    later[1]()
    assert.equal(1, #got)
    assert.matches("raised: .*too bad", lines[2])
    fail = false -- should it come again, it is taken again
    assert.equal(202, (deliver(router, EVENT)))
    later[2]()
    assert.equal(200, (deliver(router, EVENT)))
    assert.equal(2, #got)
  end)

  it("survives a log that raises", function()
    local router = make {
      log = function()
        error "the log is full"
      end,
    }
    assert.equal(401, (router:handle("POST", webhook.sign(EVENT, "whsec_x"), EVENT)))
  end)

  it("does not log every forged delivery", function()
    local router = make()
    for _ = 1, 50 do
      router:handle("POST", {}, "nonsense")
    end
    assert.equal(10, #lines)
  end)

  describe("and its secrets:", function()
    local function status_with(router, secret)
      local body = ('{"event_type":"x","event_data":{"video_id":"%s"}}'):format(tostring({}))
      return (router:handle("POST", webhook.sign(body, secret), body))
    end

    it("takes one more, and keeps the others for a time of grace", function()
      local now = 1000
      local router = make {
        secrets = { "old", { secret = "older", id = "first" } },
        tolerance = 1e12,
        now = function()
          return now
        end,
      }
      assert.equal(401, status_with(router, "new"))
      router:add_secret("new", { grace = 60 })
      assert.same({ 200, 200, 200 }, {
        status_with(router, "new"),
        status_with(router, "old"),
        status_with(router, "older"),
      })
      now = now + 59
      router:add_secret "newer" -- without a grace it changes nothing for the others
      assert.equal(200, status_with(router, "old"))
      now = now + 1
      assert.same({ 401, 401 }, { status_with(router, "old"), status_with(router, "older") })
      assert.same({ 200, 200 }, { status_with(router, "new"), status_with(router, "newer") })
      router:add_secret("old", { grace = 0 }) -- it may come back
      assert.same({ 200, 401 }, { status_with(router, "old"), status_with(router, "newer") })
    end)

    it("asks a function at each delivery", function()
      local current = "one"
      local router = make {
        secrets = function()
          return current
        end,
      }
      assert.equal(200, status_with(router, "one"))
      current = { "two", "three" }
      assert.same({ 401, 200, 200 }, {
        status_with(router, "one"),
        status_with(router, "two"),
        status_with(router, "three"),
      })
      current = nil
      assert.equal(503, status_with(router, "two"))
      current = { {} }
      assert.equal(500, status_with(router, "two"))
    end)

    it("refuses all deliveries before the first is known", function()
      local router = webhook.router { on = take, log = function() end }
      assert.is_false(router:has_secret())
      local status, headers = deliver(router, EVENT)
      assert.same({ 503, "30" }, { status, headers["Retry-After"] })
      router:add_secret(SECRET)
      assert.is_true(router:has_secret())
      assert.equal(200, (deliver(router, EVENT)))
    end)

    it("refuses what is none", function()
      local router = make()
      for _, bad in ipairs { "", 7, {}, false } do
        assert.error(function()
          router:add_secret(bad)
        end)
      end
      assert.error_matches(function()
        router:add_secret("x", { grace = -1 })
      end, "router:add_secret: grace: expected seconds >= 0, got %-1")
    end)
  end)

  describe("and callbacks:", function()
    local function callback(id)
      return webhook.callback {
        url = "https://example.com/hook?mine=1",
        token_secret = TOKEN_SECRET,
        id = id,
      }
    end

    local function target_of(fields)
      return fields.callback_url:match "https://example.com(.*)"
    end

    it("takes those with the token of their id, as hints", function()
      local router = make { token_secret = TOKEN_SECRET }
      local fields = callback()
      local body = ('{"event_type":"video_agent.fail","event_data":{"callback_id":"%s","msg":"no"}}'):format(
        fields.callback_id
      )
      assert.equal(200, (router:handle("POST", {}, body, target_of(fields))))
      assert.equal(fields.callback_id, got[1].callback_id)
      assert.same({ "token", true, false, "no" }, {
        got[1].verified,
        got[1].hint,
        got[1].ok,
        got[1].reason,
      })
      local _, _, word = router:handle("POST", {}, body, target_of(fields))
      assert.equal("duplicate\n", word)
      -- The same, with the parameters as a framework has them, and an id that the body does not name.
      local target = target_of(callback "order-17")
      local parameters = {
        callback_id = "order-17",
        callback_token = target:match "callback_token=(%x+)",
      }
      assert.equal(200, (router:handle("POST", {}, EVENT, parameters)))
      assert.equal("order-17", got[2].callback_id)
    end)

    it("refuses all others", function()
      local router = make { token_secret = TOKEN_SECRET }
      local target = target_of(callback "mine")
      local function status(to, body)
        local answered, _, word = router:handle("POST", {}, body or EVENT, to)
        return answered .. " " .. word:gsub("\n", "")
      end
      assert.equal("401 missing_token", status "/hook")
      assert.equal("401 missing_token", status(nil))
      assert.equal("401 bad_token", status(target .. "0"))
      assert.equal("401 bad_token", status((target:gsub("id=mine", "id=yours"))))
      assert.equal("401 bad_token", status((target:gsub("id=mine", ""))))
      assert.equal("401 bad_token", status((target:gsub("_token=%x", "_token=x"))))
      assert.equal("401 bad_token", status(target, '{"event_data":{"callback_id":"yours"}}'))
      assert.equal("400 malformed", status(target, "nonsense"))
      assert.equal(0, #got)
      assert.equal("200 ok", status(target))
    end)

    it("takes signed deliveries as well when it has a secret for them", function()
      local router = make { token_secret = { "another secret of 16 bytes", TOKEN_SECRET }, secrets = SECRET }
      assert.equal(200, (deliver(router, EVENT)))
      assert.equal(200, (router:handle("POST", {}, EVENT, target_of(callback()))))
      assert.equal(400, (router:handle("POST", {}, EVENT, "/hook")))
      assert.same({ "signature", "token" }, { got[1].verified, got[2].verified })
      local only = make { token_secret = TOKEN_SECRET, secrets = SECRET, accept = { "signed" } }
      assert.equal(400, (only:handle("POST", {}, EVENT, target_of(callback()))))
    end)

    it("take the token of any secret of a list: there are two during a rotation", function()
      local OTHER, THIRD = "another secret of 16 bytes", "a third secret of 16 bytes"
      local list = { TOKEN_SECRET, OTHER, THIRD }
      for _, order in ipairs { { 1, 2, 3 }, { 2, 1, 3 }, { 3, 2, 1 } } do
        local router = make { token_secret = { list[order[1]], list[order[2]], list[order[3]] } }
        for index, secret in ipairs(list) do
          local made =
            webhook.callback { url = "https://example.com/hook", token_secret = secret, id = "r" .. index }
          assert.equal(200, (router:handle("POST", {}, EVENT, target_of(made))))
        end
        local made =
          webhook.callback { url = "https://example.com/hook", token_secret = OTHER .. "x", id = "r" }
        assert.equal(401, (router:handle("POST", {}, EVENT, target_of(made))))
      end
    end)

    it("are told apart by their ids, whatever their bodies say", function()
      local router = make { token_secret = TOKEN_SECRET }
      for _, id in ipairs { "a", "b", "a" } do
        assert.equal(200, (router:handle("POST", {}, '{"event_type":"x"}', target_of(callback(id)))))
      end
      assert.same({ 2, "a", "b" }, { #got, got[1].callback_id, got[2].callback_id })
    end)

    it("have a token that says nothing of another id or another secret", function()
      local seen = {}
      for _, fields in ipairs {
        callback "a",
        callback "b",
        webhook.callback { url = "https://example.com", token_secret = TOKEN_SECRET .. "2", id = "a" },
      } do
        local token = fields.callback_url:match "callback_token=(%x+)$"
        assert.equal(64, #token)
        assert.is_nil(seen[token])
        seen[token] = true
      end
      assert.not_equal(callback().callback_id, callback().callback_id)
    end)

    it("keep the query and the fragment of an address", function()
      local function url(given)
        local fields = webhook.callback { url = given, token_secret = TOKEN_SECRET, id = "i" }
        return (fields.callback_url:gsub("callback_token=%x+", "T"))
      end
      assert.equal("https://a.b/?callback_id=i&T", url "https://a.b/")
      assert.equal("https://a.b/?callback_id=i&T", url "https://a.b/?")
      assert.equal("https://a.b/?x=1&callback_id=i&T#top", url "https://a.b/?x=1#top")
    end)

    it("name what is wrong with them", function()
      local function problem(given, text)
        assert.error_matches(function()
          webhook.callback(given)
        end, text)
      end
      problem("x", "expected a table of options, got string")
      problem({ url = "https://a.b" }, "token_secret: missing")
      problem({ url = "https://a.b", token_secret = "short" }, "16 bytes or more")
      problem({ token_secret = TOKEN_SECRET }, "url: missing, write url = the address")
      problem({ url = "https://a.b", token_secret = TOKEN_SECRET, id = "a b" }, "id: expected 1 to 128")
      problem({ url = "https://a.b", token_sercet = TOKEN_SECRET }, 'did you mean "token_secret"')
    end)
  end)

  it("names what is wrong with its options, at the line that made it", function()
    local function problem(options, text)
      local ok, raised = pcall(function()
        webhook.router(options)
      end)
      assert.is_false(ok)
      assert.matches(text, raised)
      assert.matches("router_spec.lua:%d+: heygen.webhook.router: ", raised)
    end
    problem("x", "expected a table of options, got string")
    problem(nil, "on: missing, write on = ")
    problem({}, "on: missing, write on = ")
    problem({ on = { [1] = print } }, "on: expected types of events as names")
    problem({ on = { ["*"] = 7 } }, 'on%["%*"%]: expected a function, got 7')
    problem({ on = {}, secret = SECRET }, 'secret: unknown option, did you mean "secrets"')
    problem({ on = {}, secrets = {} }, "secrets: none is given")
    problem({ on = {}, secrets = "" }, "an empty secret")
    problem(
      { on = {}, accept = { "unsigned" } },
      'accept%[1%]: expected "signed" or "callback", got "unsigned"'
    )
    problem({ on = {}, accept = { "callback" } }, "token_secret: missing")
    problem({ on = {}, store = {} }, "store: expected a store")
    problem({ on = {}, dict = {} }, "dict: expected a dictionary of ngx.shared")
    problem({ on = {}, client = {} }, "client: expected what heygen.new")
    problem({ on = {}, defer = 1 }, "defer: expected true or a function")
    problem({ on = {}, max_bytes = 0 }, "max_bytes: expected an integer >= 1, got 0")
    problem({ on = {}, scheme = "heygen" }, "scheme: unknown option")
  end)

  it("never raises, and always has an answer, whatever comes #once", function()
    local next_number = random.new(20261125)
    local function pick(list)
      return list[random.integer(next_number, 1, #list)]
    end
    local function wild()
      local choices = {
        false,
        7,
        "",
        ("x"):rep(300),
        "\0\255",
        {},
        { "a", "b" },
        { {} },
        setmetatable({}, {
          __index = function()
            return {}
          end,
        }),
        function() end,
        -1 / 0,
      }
      return pick(choices)
    end
    local function value(depth)
      local kind = random.integer(next_number, 1, 9)
      if kind > 6 and depth < 4 then
        return ('{"%s":%s,"%s":%s}'):format(
          pick { "video_id", "event_data", "data", "callback_id", "url", "msg" },
          value(depth + 1),
          pick { "event_type", "session_id", "status", "error", "event_id" },
          value(depth + 1)
        )
      end
      return pick { "null", "1e999", '"v1"', '"\\u0000"', "[]", "[[1]]", "true", "{}", '""', "-0", '"' }
    end
    local router = make {
      token_secret = TOKEN_SECRET,
      secrets = SECRET,
      max_bytes = 500,
      on = function(event)
        if event.video_id then
          error(event)
        end
      end,
    }
    local fields = webhook.callback { url = "https://a.b/hook", token_secret = TOKEN_SECRET, id = "v1" }
    local targets = { fields.callback_url:match "b(/.*)", "/hook", "?callback_token=&callback_id", "%%%" }
    local counts = {}
    for _ = 1, 20000 do
      local body = pick { true, true, true, false } and value(0) or wild()
      local headers = pick { true, false } and type(body) == "string" and webhook.sign(body, SECRET)
        or { [pick { "Signature", "HEYGEN-SIGNATURE", 7 }] = wild(), ["Heygen-Timestamp"] = wild() }
      local method = pick { "POST", "POST", "POST", "POST", wild() }
      local target = pick { targets[1], targets[2], targets[3], targets[4], wild() }
      local status, more, text =
        router:handle(method, pick { headers, headers, headers, wild() }, body, target)
      assert(type(status) == "number" and type(more) == "table" and type(text) == "string")
      counts[status] = (counts[status] or 0) + 1
    end
    for _, status in ipairs { 200, 400, 401, 405, 500 } do
      assert.is_true((counts[status] or 0) >= 10, status .. ": " .. (counts[status] or 0))
    end
    counts[200], counts[400], counts[401], counts[405], counts[500], counts[413] =
      nil, nil, nil, nil, nil, nil
    assert.same({}, counts)
    assert.is_nil(table.concat(lines, "\n"):find "webhook: error") -- a mistake of ours would be told of so
  end)

  it("serves in nginx only", function()
    assert.error_matches(function()
      make():serve()
    end, "router:serve: this is not nginx with Lua; elsewhere, router:handle")
  end)

  it("points at a type of event that is nearly one", function()
    make { on = { ["video_agent.failed"] = take, ["some.new.thing"] = take } }
    assert.equal(1, #lines)
    assert.matches('"video_agent.failed".*did you mean "video_agent.fail"', lines[1])
  end)
end)
