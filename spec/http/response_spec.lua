-- Answers are read as leniently as is safe: null lists, flags as text, ids as numbers; one about another id is not
-- taken.
local core = require "heygen.core"
local live = require "spec.support.live"
local raw = require "spec.support.raw"

describe("an answer", function()
  local server, client

  setup(function()
    server = raw.start()
    server:ask "fill = function(text) return (text:gsub('@', function() return long end)) end return true"
    client = live.client(server, { max_retries = 0 })
  end)

  teardown(function()
    server:stop()
  end)

  -- The next request comes on a new connection, which answers in the new way. `body` and `headers` are expressions of
  -- the server, in which fill(text) puts its `long` in the place of each @.
  local function answers_with(status, body, headers)
    local script = [[c:request() c:answer(%d, %s, "Connection: close\r\n" .. %s) c:close()]]
    server:serve(script:format(status, body, headers or "''"))
  end

  local function answers(status, body)
    answers_with(status, ("%q"):format(body))
  end

  local function items_of(body)
    answers(200, body)
    local ids = {}
    for video in client.videos:each() do
      ids[#ids + 1] = video.id
    end
    return ids
  end

  it("ends a list in whichever way it says so", function()
    for _, has_more in ipairs { "false", '"false"', '"False"', "0", '"0"', '"no"', '""', "null" } do
      local body = '{"data":[{"id":"a"},null,{"id":"b"}],"has_more":' .. has_more .. ',"next_token":null}'
      assert.same({ "a", "b" }, items_of(body), has_more)
    end
    for _, has_more in ipairs { "true", '"true"', "1", '"1"' } do
      answers(200, '{"data":[],"has_more":' .. has_more .. "}")
      assert.equal("parse", live.failure(assert(client.videos:list()):next()).kind, has_more)
    end
  end)

  describe("that is larger than one thing needs", function()
    local function long_answer(body)
      answers_with(200, ("fill(%q)"):format(body))
    end

    setup(function()
      server:ask "long = ('x'):rep(1100 * 1000) return true"
    end)

    it("is refused, and an id in it is kept", function()
      long_answer '{"data":{"id":"v1","status":"completed","title":"@"}}'
      live.check(live.failure(client.videos:get "v1"), { kind = "too_large", video_id = "v1" })
      long_answer '{"data":{"session_id":"s1","title":"@"}}'
      local err = live.failure(client:create { prompt = "x" })
      live.check(err, { kind = "too_large", sent = "yes", session_id = "s1", retryable = false })
      long_answer '{"error":{"code":"x","message":"@"}}'
      assert.equal("too_large", live.failure(client.video_agents:get "s1").kind)
    end)

    it("is read where it is a list, and where the option allows it", function()
      long_answer '{"data":[{"id":"a","title":"@"}]}'
      assert.equal("a", assert(client.videos:list()).data[1].id)
      long_answer '{"data":[{"id":"a","status":"@"}]}'
      assert.equal("a", assert(client.videos:statuses { video_ids = { "a" } })[1].id)
      long_answer '{"data":{"batch_id":"b","status":"completed","items":[{"title":"@"}]}}'
      assert.equal("completed", assert(client.lipsyncs:get_batch("b")).status)
      long_answer '{"data":"@"}'
      assert.equal(1100 * 1000, #assert(client:request { method = "GET", path = "/v3/x" }).data)
      local wide = live.client(server, { max_retries = 0, max_response_bytes = 2 * 1024 * 1024 })
      long_answer '{"data":{"id":"v1","status":"completed","title":"@"}}'
      assert.equal("completed", assert(wide.videos:get "v1").status)
    end)

    it("is counted as it is unpacked", function()
      local text = [==["{\"data\":{\"id\":\"v1\",\"a\":[", ("[],"):rep(1000 * 1000), "[]]}}"]==]
      local make = ("lua5.4 -e 'io.write(%s)' | gzip -9"):format(text)
      local pipe = assert(io.popen(make, "r"))
      local packed = pipe:read "*a"
      pipe:close()
      assert.is_true(#packed > 1000 and #packed < 20000, #packed)
      server:ask(("packed = %q return true"):format(packed))
      answers_with(200, "packed", [["Content-Encoding: gzip\r\n"]])
      local err = live.failure(client.videos:get "v1")
      assert.equal("too_large", err.kind, tostring(err))
    end)
  end)

  it("gives an empty list for null", function()
    assert.same({}, items_of '{"data":null,"has_more":false}')
    assert.same({}, items_of '{ "data" : null }')
    answers(200, '{"data":null}')
    assert.same({}, assert(client.videos:statuses { video_ids = { "a" } }))
    assert.equal("parse", live.failure(client.videos:get "v1").kind)
    answers(200, '{"data":{"batch_id":"b","status":"completed","items":null}}')
    assert.same({}, assert(client.lipsyncs:get_batch("b")).items)
    answers(200, '{"message":"hello"}')
    assert.equal("parse", live.failure(client.videos:list()).kind)
  end)

  it("has ids as text, whatever they came as", function()
    answers(200, '{"data":{"session_id":4815162342,"video_id":9007199254740993,"status":"thinking"}}')
    local session = assert(client:create { prompt = "x" })
    assert.same({ "4815162342", "9007199254740993" }, { session.session_id, session.video_id })
    answers(402, '{"session_id":7,"error":{"code":"x","message":"m"}}')
    assert.equal("7", live.failure(client:create { prompt = "x" }).session_id)
    answers(200, '{"data":[{"id":5,"status":"completed"}]}')
    assert.equal("5", assert(client.videos:list()).data[1].id)
  end)

  it("about another id is not taken, and the next request gets a connection of its own", function()
    local mixed = raw.start()
    mixed:serve [[
      while c:request() do
        c:answer(200, '{"data":{"id":"' .. (n == 1 and "v2" or "v1") .. '","status":"completed"}}', "")
      end
    ]]
    assert.equal("v1", assert(live.client(mixed, { max_retries = 1 }).videos:get "v1").id)
    assert.equal(2, #mixed:seen())
    mixed:stop()
    answers(200, '{"data":{"id":"v2","session_id":"s2","status":"completed"}}')
    for _, err in ipairs {
      live.failure(client.videos:get "v1"),
      live.failure(client.videos:get("v1", { timeout = 5 })),
      live.failure(client:poll { video_id = "v1" }),
    } do
      assert.same({ "parse", "v1", true }, { err.kind, err.video_id, err.retryable })
      assert.matches("another id than the one asked for: v2", err.message, 1, true)
    end
    answers(200, '{"data":{"batch_id":"b2","status":"completed","items":[]}}')
    assert.same({ "parse", "b1" }, {
      live.failure(client.lipsyncs:get_batch "b1").kind,
      live.failure(client.videos:get_batch "b1").batch_id,
    })
    answers(200, '{"data":{"id":"v2","session_id":"s2","status":"completed"}}')
    local err = live.failure(client.video_agents:get "sess_1")
    assert.same({ "parse", "sess_1" }, { err.kind, err.session_id })
  end)

  it("about the same id in another form is taken", function()
    local id = "0b7c6e1a5d2f4c3b9a8e7d6c5b4a3f2e"
    answers(200, '{"data":{"id":"0B7C6E1A-5D2F-4C3B-9A8E-7D6C5B4A3F2E","status":"completed"}}')
    assert.equal("completed", assert(client.videos:get(id)).status)
    answers(200, '{"data":{"id":"a b/c","status":"completed"}}')
    assert.equal("a b/c", assert(client.videos:get "a b/c").id)
    answers(200, '{"data":{"id":"v1","status":"completed"}}')
    assert.equal("v1", assert(client.videos:get("v1", { timeout = 5 })).id)
  end)

  it("with ids of any bytes gives an error that can be encoded as JSON", function()
    answers(402, '{"session_id":"a\\u001b\155[2J\226\128\174","error":{"code":"x","message":"m"}}')
    local _, message, err = client:create { prompt = "x" }
    assert(core.encode(err))
    assert.is_nil(message:find "[%z\1-\31\155]")
  end)

  it("shows no part of the key, wherever it stands", function()
    for before = 900, 1000, 7 do
      server:ask(("long = ('a'):rep(%d) .. %q .. 'b' return true"):format(before, live.KEY))
      for _, where in ipairs {
        '{"error":{"code":"x","message":"@","param":"@"}}',
        '{"error":{"code":"@","message":"m"},"data":{"@":["@"]}}',
        "@",
      } do
        answers_with(400, ("fill %q"):format(where), [["X-Request-Id: " .. long .. "\r\n"]])
        local _, message, err = client.videos:get "v1"
        assert.equal(400, err.status)
        local all = message .. assert(core.encode(err))
        for from = 1, #live.KEY - 7 do
          assert.is_nil(all:find(live.KEY:sub(from, from + 7), 1, true), all)
        end
      end
    end
  end)
end)
