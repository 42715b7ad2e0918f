-- The nginx front over TLS: certificates good and bad, HTTP/2, faults within the encryption. #once
local cjson = require "cjson"
local shell = require "spec.support.shell"
local sim = require "heygen.sim"

local quote = shell.quote

describe("the certificate of heygen.sim.start #once", function()
  it("is gone after stop, though the simulator was killed", function()
    local state = shell.must "mktemp -u"
    local server = assert(sim.start { tls = true, state = state, errors = "/dev/null" })
    assert.equal("0", (shell.must("test -s " .. server.ca .. "; echo $?")))
    shell.must("kill -9 $(cat " .. state .. ".lock)")
    server:stop()
    assert.is_nil(io.open(server.ca))
    shell.must("rm -f " .. state .. " " .. state .. ".lock")
  end)
end)

-- curl's exit status and what it wrote.
local function curl(arguments)
  local pipe = io.popen("curl -sS --max-time 20 " .. arguments .. ' 2>&1; echo "[$?]"')
  local output, status = pipe:read("*a"):match "^(.*)%[(%d+)%]\n$"
  pipe:close()
  return tonumber(status), output
end

local CREATE = [[-H 'x-api-key: k' -d '{"prompt":"hello"}' ]]

describe("the nginx front #once", function()
  describe("over TLS", function()
    local server, trust

    setup(function()
      server = assert(sim.start { front = "nginx", tls = true, speed = 600, behaviour = { concurrency = 0 } })
      trust = "--cacert " .. quote(server.ca) .. " "
    end)

    teardown(function()
      server:stop()
    end)

    local function faults(rules)
      assert.equal(0, (curl("-X DELETE " .. server.plain_url .. "/_sim/faults")))
      assert.equal(
        0,
        (curl("-f -d " .. quote(cjson.encode(rules)) .. " " .. server.plain_url .. "/_sim/faults"))
      )
    end

    before_each(function()
      assert.equal(0, (curl("-X POST " .. server.plain_url .. "/_sim/reset")))
    end)

    local function get(options)
      return curl(trust .. (options or "") .. " -H 'x-api-key: k' " .. server.url .. "/v3/videos")
    end

    it("speaks HTTP/2 and HTTP/1.1 with a certificate of its own authority", function()
      assert.matches("^https://127.0.0.1:%d+$", server.url)
      for options, version in pairs { ["--http2"] = "2", ["--http1.1"] = "1.1" } do
        local status, output = get(options .. " -o /dev/null -w '%{http_code} %{http_version}'")
        assert.equal(0, status)
        assert.equal("200 " .. version, output)
      end
      local port = server.url:match "%d+$"
      local status = curl(trust .. "-o /dev/null https://localhost:" .. port .. "/")
      assert.equal(0, status)
      assert.equal(60, (curl("-o /dev/null " .. server.url .. "/")))
    end)

    it(
      "shows a certificate of a wrong name, an expired one, an untrusted one, for the handshakes chosen",
      function()
        for kind, reason in pairs {
          wrong_name = "no alternative certificate subject name matches",
          expired = "certificate has expired",
          untrusted = "self.signed certificate",
        } do
          faults { { tls = kind, nth = 2 } }
          assert.equal(0, (get "-o /dev/null"))
          local status, output = get "-o /dev/null"
          assert.equal(60, status)
          assert.matches(reason, output)
          assert.equal(0, (get "-o /dev/null"))
        end
      end
    )

    it("breaks a handshake off", function()
      faults { { tls = "close", times = 1 } }
      assert.equal(35, (get "-o /dev/null"))
      assert.equal(0, (get "-o /dev/null"))
    end)

    it("refuses a TLS fault that is chosen by a request", function()
      local status, output = curl(
        "-d " .. quote [[{"tls":"expired","path":"/v3/**"}]] .. " " .. server.plain_url .. "/_sim/faults"
      )
      assert.equal(0, status)
      assert.matches("tls happens before a request", output)
    end)

    it("resets a stream of HTTP/2, before and within the answer", function()
      faults { { nth = 1, stream_reset = true }, { nth = 2, close = "body" }, { nth = 3, reset = true } }
      for _ = 1, 3 do
        local status, output = get "--http2 -o /dev/null"
        assert.equal(92, status)
        assert.matches("HTTP/2 stream 1 was not closed cleanly", output)
      end
      assert.equal(0, (get "--http2 -o /dev/null"))
    end)

    it("acts before it resets the stream, when told to", function()
      faults { { method = "POST", stream_reset = true, act = true } }
      assert.equal(92, (curl(trust .. CREATE .. server.url .. "/v3/video-agents")))
      local _, counts = curl(server.plain_url .. "/_sim/counts")
      assert.equal(1, cjson.decode(counts).creates)
    end)

    it("closes, truncates and garbles over HTTP/1.1 within TLS, too", function()
      for effect, expected in pairs {
        [{ close = "before" }] = 52,
        [{ close = "body" }] = 18,
        [{ garbage = true }] = 1,
        [{ chunked = "bad" }] = 56,
        [{ content_length = 10000 }] = 18,
        [{ gzip = "bad" }] = 61,
      } do
        faults(effect)
        local status = get "--http1.1 --compressed -o /dev/null"
        assert.equal(expected, status, cjson.encode(effect))
      end
    end)

    it("gives presigned URLs that work over TLS", function()
      local _, made = curl(trust .. CREATE .. server.url .. "/v3/video-agents")
      local id = cjson.decode(made).data.session_id
      curl("-d '{\"advance\":720}' " .. server.plain_url .. "/_sim/clock")
      local _, session = curl(trust .. "-H 'x-api-key: k' " .. server.url .. "/v3/video-agents/" .. id)
      local _, video = curl(
        trust .. "-H 'x-api-key: k' " .. server.url .. "/v3/videos/" .. cjson.decode(session).data.video_id
      )
      local url = cjson.decode(video).data.video_url
      assert.equal(server.url, url:sub(1, #server.url))
      local status, bytes = curl(trust .. "--http2 -r 4-7 " .. quote(url))
      assert.equal(0, status)
      assert.equal("ftyp", bytes)
    end)
  end)
end)
