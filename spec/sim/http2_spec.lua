-- HTTP/2 as the luv front speaks it: seen with curl and with raw frames; and TLS before it.
local cjson = require "cjson"
local hpack = require "heygen.sim.http2.hpack"
local session = require "heygen.sim.http2.session"
local shell = require "spec.support.shell"
local sim = require "heygen.sim"
local support = require "spec.support.sim"

local function hex(text)
  return (
    text:gsub("%s", ""):gsub("%x%x", function(digits)
      return string.char(tonumber(digits, 16))
    end)
  )
end

describe("HPACK", function()
  it("reads the examples of RFC 7541, with and without Huffman codes, table and all", function()
    -- C.3 and C.4: the same three requests.
    local blocks = {
      { "828684410f7777772e6578616d706c652e636f6d", "828684be58086e6f2d6361636865" },
      { "828684418cf1e3c2e5f23a6ba0ab90f4ff", "828684be5886a8eb10649cbf" },
    }
    for _, pair in ipairs(blocks) do
      local decoder = hpack.new()
      assert.same(
        { { ":method", "GET" }, { ":scheme", "http" }, { ":path", "/" }, { ":authority", "www.example.com" } },
        decoder:decode(hex(pair[1]))
      )
      local second = decoder:decode(hex(pair[2]))
      assert.same({ "cache-control", "no-cache" }, second[5])
      assert.same({ ":authority", "www.example.com" }, second[4])
    end
    -- C.6.1: a response, with a table that is too small for all of it.
    local decoder = hpack.new()
    decoder.limit = 256
    local list = decoder:decode(
      hex "488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29ad171863c78f0b97c8e9ae82ae43d3"
    )
    assert.same({
      { ":status", "302" },
      { "cache-control", "private" },
      { "date", "Mon, 21 Oct 2013 20:13:21 GMT" },
      { "location", "https://www.example.com" },
    }, list)
    assert.equal(222, decoder.size)
  end)

  it("reads what it has written", function()
    local list = { { ":status", "200" }, { "x-long", ("v"):rep(300) }, { "x-empty", "" } }
    assert.same(list, hpack.new():decode(hpack.encode(list)))
  end)

  it("refuses what is broken", function()
    for _, bad in ipairs {
      "ff",
      "be",
      "80",
      "0085",
      "00ff",
      "008101",
      "3fffffffff",
      "4082ffff00",
      "7fffffffffffff",
    } do
      assert.is_nil(hpack.new():decode(hex(bad)), bad)
    end
  end)
end)

describe("a session of HTTP/2", function()
  local sent, asked, one

  before_each(function()
    sent, asked = {}, {}
    one = session.new(function(bytes)
      sent[#sent + 1] = bytes
    end, function(id, request)
      asked[#asked + 1] = { id = id, request = request }
    end, function() end)
    sent = {}
  end)

  local GET =
    hpack.encode { { ":method", "GET" }, { ":path", "/v3/videos" }, { ":authority", "x" }, { "a", "b" } }

  -- The frames of what was sent: kind, flags, stream, payload.
  local function frames()
    local list, bytes = {}, table.concat(sent)
    while #bytes > 0 do
      local a, b, c, kind, flags = bytes:byte(1, 5)
      local length = (a * 256 + b) * 256 + c
      list[#list + 1] = { kind, flags, bytes:byte(9), bytes:sub(10, 9 + length) }
      bytes = bytes:sub(10 + length)
    end
    return list
  end

  it("takes a request in any pieces", function()
    local bytes = session.frame(4, 0, 0, "")
      .. session.frame(1, 1, 1, GET:sub(1, 5))
      .. session.frame(9, 4, 1, GET:sub(6))
    for i = 1, #bytes do
      assert.is_true(one:feed(bytes:sub(i, i)))
    end
    assert.equal(1, #asked)
    assert.same({ host = "x", a = "b" }, asked[1].request.headers)
    assert.equal("/v3/videos", asked[1].request.target)
  end)

  it("keeps to the windows of the connection and of the stream", function()
    one:feed(session.frame(4, 0, 0, "\0\4\0\0\0\10") .. session.frame(1, 5, 1, GET))
    sent = {}
    one:respond(1, 200, {})
    one:data(1, ("x"):rep(25), true)
    local seen = frames()
    assert.same({ 0, 0, 1, ("x"):rep(10) }, seen[2])
    assert.is_nil(seen[3])
    one:feed(session.frame(8, 0, 1, "\0\0\0\20"))
    seen = frames()
    assert.same({ 0, 1, 1, ("x"):rep(15) }, seen[3])
  end)

  it("says goodbye to what is no HTTP/2", function()
    for _, bad in ipairs {
      session.frame(0, 0, 1, "data of no stream"),
      session.frame(1, 4, 2, GET),
      session.frame(9, 4, 1, GET),
      session.frame(1, 4, 1, "\255\255"),
      session.frame(1, 12, 1, "\200"),
      "\255\255\255\0\0\0\0\0\1",
      session.frame(1, 0, 1, GET) .. session.frame(6, 0, 0, ("p"):rep(8)),
    } do
      sent = {}
      local other = session.new(function(bytes)
        sent[#sent + 1] = bytes
      end, function() end, function() end)
      sent = {}
      assert.is_nil(other:feed(bad))
      local seen = frames()
      assert.equal(7, seen[#seen][1])
    end
  end)
end)

describe("HTTP/2 at the luv front #once", function()
  local server

  setup(function()
    server = support.start { speed = 600 }
  end)

  teardown(function()
    server:stop()
  end)

  before_each(function()
    server:reset()
  end)

  local function curl(path, options)
    local command = "curl -sS --max-time 10 --http2-prior-knowledge -H x-api-key:k " .. (options or "") .. " "
    return shell.run(command .. shell.quote(server.url .. path))
  end

  it("answers, takes bodies, serves files larger than a window", function()
    local output = curl("/v3/videos", "-w ' %{http_version} %{http_code}'")
    assert.matches(" 2 200$", output)
    output = curl("/v3/video-agents", '-d \'{"prompt":"hello"}\'')
    local id = cjson.decode(output).data.session_id
    server:clock { advance = 720 }
    local _, listed = server:api("GET", "/v3/video-agents/" .. id)
    server:faults { body = ("x"):rep(300000), path = "/v3/videos" }
    assert.equal(300000, #curl "/v3/videos")
    assert.is_string(listed.data.video_id)
    assert.equal(1, server:counts().creates)
  end)

  it("answers streams side by side: a slow one holds nobody up", function()
    server:faults { path = "/v3/video-agents", delay = 1 }
    local output = shell.run(
      "curl -sS --max-time 10 --http2-prior-knowledge -H x-api-key:k -Z -w '%{url} %{num_connects}\\n' "
        .. "-o /dev/null -o /dev/null "
        .. server.url
        .. "/v3/video-agents "
        .. server.url
        .. "/v3/videos"
    )
    assert.matches("/v3/videos %d+.*/v3/video%-agents %d+", (output:gsub("\n", " ")))
  end)

  it("plays each fault in frames", function()
    local _, status
    for _, case in ipairs {
      { { stream_reset = true }, 92, "INTERNAL_ERROR" },
      { { close = "body" }, 92, "INTERNAL_ERROR" },
      { { reset = true }, 92, "INTERNAL_ERROR" },
      { { content_length = 1000 }, 92, "PROTOCOL_ERROR" },
      { { goaway = true }, 16, "" },
      { { stall = true }, 28, "timed out" },
      { { stall = "body" }, 28, "timed out" },
      { { status = 503 }, 0, "" },
      { { drip = { bytes = 9, every = 0.01 } }, 0, "" },
    } do
      server:faults {}
      server:faults(case[1])
      local output
      output, status = curl("/v3/videos", case[2] == 28 and "--max-time 1" or "")
      assert.equal(case[2], status, cjson.encode(case[1]) .. output)
      assert.matches(case[3], output)
    end
    server:faults {}
    _, status = curl "/v3/videos"
    assert.equal(0, status)
  end)

  it("says in its GOAWAY whether the request was acted upon", function()
    local function last_frame(act)
      server:reset()
      server:faults { goaway = true, act = act, method = "POST" }
      local block =
        hpack.encode { { ":method", "POST" }, { ":path", "/v3/video-agents" }, { "x-api-key", "k" } }
      local answer, ending = server:all(
        session.PREFACE
          .. session.frame(4, 0, 0, "")
          .. session.frame(1, 4, 1, block)
          .. session.frame(0, 1, 1, '{"prompt":"hello"}')
      )
      assert.equal("closed", ending)
      return answer:sub(-17), server:counts().creates
    end
    assert.same({ session.frame(7, 0, 0, ("\0"):rep(8)), 0 }, { last_frame(false) })
    assert.same({ session.frame(7, 0, 0, "\0\0\0\1\0\0\0\2"), 1 }, { last_frame(true) })
  end)
end)

describe("TLS before the luv front #once", function()
  local server, trust

  setup(function()
    server = assert(sim.start { tls = true, speed = 600 })
    trust = "curl -sS --max-time 10 --cacert " .. shell.quote(server.ca) .. " -H x-api-key:k "
  end)

  teardown(function()
    server:stop()
  end)

  it("has every fault of the luv front on a connection that is really encrypted", function()
    assert.equal(
      "2 200",
      (shell.run(trust .. "-o /dev/null -w '%{http_version} %{http_code}' " .. server.url .. "/v3/videos"))
    )
    assert.equal(
      "1.1 200",
      (
        shell.run(
          trust .. "--http1.1 -o /dev/null -w '%{http_version} %{http_code}' " .. server.url .. "/v3/videos"
        )
      )
    )
    for options, expected in pairs { ["--http2"] = 16, ["--http1.1"] = 52 } do
      shell.must("curl -sS -X DELETE " .. server.plain_url .. "/_sim/faults")
      shell.must("curl -sSf -d '{\"goaway\":true}' " .. server.plain_url .. "/_sim/faults")
      assert.equal(expected, (select(2, shell.run(trust .. options .. " " .. server.url .. "/v3/videos"))))
    end
  end)
end)
