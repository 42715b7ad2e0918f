-- The controls against pages of other sites, and what they count: over both fronts.
local support = require "spec.support.sim"

local function request(method, path, headers)
  local lines = { method .. " " .. path .. " HTTP/1.1" }
  for name, value in pairs(headers) do
    lines[#lines + 1] = name .. ": " .. value
  end
  return table.concat(lines, "\r\n") .. "\r\nContent-Length: 0\r\n\r\n"
end

for _, front in ipairs { "luv", "nginx" } do
  describe("the controls over " .. front, function()
    local sim, authority

    setup(function()
      sim = support.start { front = front, speed = 0, url = "http://sim.test:8080/" }
      authority = sim.host .. ":" .. sim.port
    end)

    teardown(function()
      sim:stop()
    end)

    before_each(function()
      sim:reset()
    end)

    local function status_of(method, path, headers)
      headers.Connection = "close"
      local answer = sim:all(request(method, path, headers))
      return tonumber(answer:match "^HTTP/1.1 (%d+)"), answer
    end

    it("answer under addresses, localhost and the name of --url, under no other name", function()
      for _, host in ipairs {
        "127.0.0.1",
        "10.0.0.7:80",
        "[::1]:80",
        "localhost",
        "LocalHost:1",
        "a.localhost",
      } do
        assert.equal(200, status_of("GET", "/_sim/counts", { Host = host }), host)
      end
      assert.equal(200, status_of("GET", "/_sim/requests", { Host = "sim.test:8080" }))
      assert.equal(200, status_of("GET", "/_sim/counts", { Host = "sim.test" }))
      for _, host in ipairs { "evil.example", "127.0.0.1.evil.example", "localhost.evil.example:80", "1.2.3" } do
        for _, path in ipairs { "/_sim/requests", "/_sim/state", "/_sim/page.js", "/_sim/nothing" } do
          local status, answer = status_of("GET", path, { Host = host })
          assert.equal(403, status, host .. path)
          assert.matches("not under this Host", answer, 1, true)
        end
        assert.equal(403, status_of("GET", "/", { Host = host, Accept = "text/html" }))
        assert.equal(403, status_of("POST", "/_sim/reset", { Host = host }))
      end
    end)

    it("let no other site's page turn them", function()
      sim:api("POST", "/v3/video-agents", { prompt = "A video" })
      for _, headers in ipairs {
        { Origin = "http://evil.example" },
        { Origin = "null" },
        { Origin = "http://127.0.0.1:1" },
        { Origin = "http://localhost:3000" },
        { ["Sec-Fetch-Site"] = "cross-site" },
      } do
        headers.Host = authority
        local status, answer = status_of("POST", "/_sim/reset", headers)
        assert.equal(403, status)
        assert.matches("other sites", answer, 1, true)
      end
      assert.equal(
        403,
        status_of("GET", "/_sim/requests", { Host = authority, Origin = "http://evil.example" })
      )
      assert.equal(1, sim:counts().creates)
      for _, headers in ipairs {
        { Origin = "http://" .. authority },
        { Origin = "http://sim.test:8080" },
        { ["Sec-Fetch-Site"] = "same-origin" },
        {},
      } do
        headers.Host = authority
        assert.equal(200, status_of("POST", "/_sim/reset", headers))
      end
      assert.equal(0, sim:counts().creates)
    end)

    it("count neither themselves nor their connections", function()
      for _ = 1, 3 do
        assert.same({ 0, 0 }, { sim:counts().requests, sim:counts().connections })
      end
      local connection = sim:connect()
      local headers = { Host = authority, ["x-api-key"] = "k" }
      for i, path in ipairs { "/_sim/counts", "/v3/videos", "/_sim/counts", "/v3/videos" } do
        connection:send(request("GET", path, headers))
        assert.equal(200, (support.receive(connection)), i)
      end
      connection:close()
      sim:api("GET", "/v3/videos")
      assert.same({ 3, 2 }, { sim:counts().requests, sim:counts().connections })
    end)
  end)
end
