-- The client as a user meets it: hooks and log see what happens, the key is seen by the service alone, lists are
-- walked, and connections are as few as wanted.
local core = require "heygen.core"
local heygen = require "heygen"
local live = require "spec.support.live"
local shell = require "spec.support.shell"
local socket = require "socket"
local support = require "spec.support.sim"

local KEY = live.KEY

describe("a client", function()
  local sim, client

  setup(function()
    sim = support.start { speed = 0 }
    client = live.client(sim)
  end)

  teardown(function()
    sim:stop()
  end)

  before_each(function()
    sim:reset()
  end)

  describe("with hooks and a log", function()
    local seen, lines

    before_each(function()
      seen, lines = {}, {}
    end)

    local function hooked(options)
      options = options or {}
      options.on_request = options.on_request or function(event)
        seen[#seen + 1] = event
      end
      options.on_response = options.on_response or options.on_request
      options.log = options.log or function(line)
        lines[#lines + 1] = line
      end
      return live.client(sim, options)
    end

    it("tells each attempt before and after", function()
      sim:faults { { status = 503, code = "service_unavailable", times = 1 } }
      local page = assert(hooked().videos:list { limit = 3 })
      assert.equal(4, #seen)
      for index, event in ipairs(seen) do
        assert.equal("GET", event.method)
        assert.equal(sim.url .. "/v3/videos?limit=3", event.url)
        assert.equal(index < 3 and 1 or 2, event.attempt)
      end
      assert.is_nil(seen[1].status)
      assert.equal(503, seen[2].status)
      assert.equal("api", seen[2].kind)
      assert.equal("service_unavailable", seen[2].code)
      assert.equal(200, seen[4].status)
      assert.is_nil(seen[4].kind)
      assert.equal(heygen.response(page).request_id, seen[4].request_id)
      assert.is_true(seen[4].seconds >= 0)
      assert.equal(2, #lines)
      assert.matches(
        "^GET http://127.0.0.1:%d+/v3/videos%?limit=3 %-> 503 in %d+%.%d+ s %(attempt 1%), again in",
        lines[1]
      )
      assert.matches("%-> 200 in %d+%.%d+ s %(attempt 2%)$", lines[2])
    end)

    it("does not tell the query of a raw request", function()
      assert(hooked():request { path = "/v3/videos?limit=3" })
      assert.equal(sim.url .. "/v3/videos?[hidden]", seen[1].url)
      assert.equal(seen[1].url, seen[2].url)
      assert.matches("/v3/videos?[hidden] -> 200", lines[1], 1, true)
    end)

    it("tells what never got an answer", function()
      sim:faults { { close = "before" } }
      live.failure(hooked().videos:get("v", { max_retries = 0 }))
      assert.is_nil(seen[2].status)
      assert.equal("network", seen[2].kind)
      assert.matches("%-> network in", lines[1])
    end)

    it("tells what was not understood from what was", function()
      sim:faults { { status = 200, html = true } }
      live.failure(hooked().videos:get("v", { max_retries = 0 }))
      assert.same({ 200, "parse" }, { seen[2].status, seen[2].kind })
      assert.matches("%-> 200 parse in", lines[1])
    end)

    it("gives the idempotency key before it is sent", function()
      assert(hooked():create { prompt = "x", idempotency_key = "order-1" })
      assert.equal("order-1", seen[1].idempotency_key)
    end)

    it("loses no answer when a hook raises", function()
      local broken = function()
        error "broken hook"
      end
      local one = hooked { on_request = function() end, on_response = broken }
      assert.matches("^sess_", assert(one:create { prompt = "x" }).session_id)
      assert.matches("a hook raised: .*broken hook", lines[1])
      local two = hooked { on_request = function() end, on_response = broken, log = broken }
      assert.matches("^sess_", assert(two:create { prompt = "x" }).session_id)
      assert.equal(404, live.failure(two.videos:get "v").status)
      assert.equal(2, sim:counts().creates)
    end)

    it("sends nothing when on_request raises", function()
      local err = live.failure(hooked({
        on_request = function()
          error { not_text = true }
        end,
      }):create { prompt = "x" })
      assert.equal("callback", err.kind)
      assert.equal("no", err.sent)
      assert.matches("^%x+%-", err.idempotency_key)
      assert.equal(0, live.sent(sim))
    end)

    it("may use the client in a hook", function()
      local inside, other = 0, nil
      other = hooked {
        on_request = function() end,
        on_response = function()
          inside = inside + 1
          if inside == 1 then
            assert(other.videos:list())
          end
        end,
      }
      assert.matches("^sess_", assert(other:create { prompt = "x" }).session_id)
      assert.equal(2, inside)
      assert.equal(1, sim:counts().creates)
    end)
  end)

  describe("and its key", function()
    -- A service that sends back what it was sent, wherever it can.
    local ECHOES = {
      error = {
        status = 400,
        code = KEY,
        message = "bad key " .. KEY .. " " .. KEY,
        param = KEY,
        headers = { ["X-Request-Id"] = KEY },
      },
      nested = {
        status = 400,
        body = ('{"error":{"message":"m","a":["%s",{"%s":"x%sy"}]}}'):format(KEY, KEY, KEY),
      },
      text = { status = 500, body = "<html>" .. KEY .. "</html>" },
      parse = { status = 200, body = "{" .. KEY },
      ids = { status = 200, body = ('{"data":{"session_id":"%s","video_id":"%s"'):format(KEY, KEY) },
      ok_error = {
        status = 200,
        body = ('{"error":{"code":"%s","message":"%s","doc_url":"%s"}}'):format(KEY, KEY, KEY),
      },
    }

    for name, effect in pairs(ECHOES) do
      it("is in no error, line or event, though it comes back: " .. name, function()
        local told = {}
        local function note(event)
          told[#told + 1] = event
        end
        local other = live.client(sim, { on_request = note, on_response = note, log = note })
        for index, call in ipairs {
          function()
            return other:create { prompt = "x" }
          end,
          function()
            return other.videos:get "v"
          end,
          function()
            return other:request { path = "/v3/videos" }
          end,
          function()
            return other:generate { prompt = "x", wait = live.QUICK }
          end,
        } do
          sim:faults {}
          sim:faults { effect }
          local value, message, err = call()
          if value == nil then
            assert.is_nil(message:find(KEY, 1, true), message)
            assert.equal(0, live.find(err, KEY), name .. " " .. index)
          end
        end
        assert.is_true(#told > 8)
        assert.equal(0, live.find(told, KEY))
      end)
    end

    it("is in no error of a wait", function()
      sim:behaviour { video_id = "late" }
      local session = assert(client:create { prompt = "x" })
      local FAILED =
        '{"data":{"session_id":"%s","status":"failed","messages":[{"type":"error","content":"no %s"}]}}'
      sim:faults { { body = FAILED:format(session.session_id, KEY) } }
      local err = live.failure(client:wait(session, live.quick { grace = 0 }))
      assert.equal("failed", err.kind)
      assert.is_nil(tostring(err):find(KEY, 1, true))
      assert.equal("the session failed: no [hidden]", err.message)
    end)

    it("is an access token's as well", function()
      local other = live.client(sim, { api_key = false, access_token = KEY })
      sim:faults { ECHOES.error }
      assert.equal(0, live.find(live.failure(other.videos:get "v"), KEY))
    end)
  end)

  describe("and lists", function()
    local function create(count)
      for index = 1, count do
        assert(client:create { prompt = ("video %02d"):format(index) })
      end
      sim:clock { advance = 3600 }
    end

    local function titles(fields)
      local list = {}
      for video in client.videos:each(fields) do
        list[#list + 1] = video.title
      end
      return list
    end

    it("walks all pages, by each and by next, with tokens that need encoding", function()
      create(23)
      local all = titles { limit = 5 }
      assert.equal(23, #all)
      assert.equal(23, #titles())
      local list, page = {}, assert(client.videos:list { limit = 4 })
      local strange = false
      while page do
        for _, video in ipairs(page.data) do
          list[#list + 1] = video.title
        end
        strange = strange or (page.next_token or ""):find "[=+/]" ~= nil
        page = page:next()
      end
      assert.same(all, list)
      assert.is_true(strange, "no token needed encoding: the test shows nothing")
      for _, entry in ipairs(sim:requests()) do
        assert.is_nil(entry.target:match "token=[^&]*[=+/]")
      end
    end)

    it("walks a list of nothing, and filters", function()
      assert.same({}, titles())
      create(12)
      assert.same({ "video 12", "video 11", "video 10" }, titles { limit = 2, title = "video 1" })
    end)

    it("walks sessions and styles", function()
      create(3)
      local count = 0
      for session in client.video_agents:each { limit = 2 } do
        assert.matches("^sess_", session.session_id)
        count = count + 1
      end
      assert.equal(3, count)
      local page, styles = assert(client.video_agents:styles { limit = 3, tag = "cinematic" }), 0
      while page do
        styles = styles + #page.data
        page = page:next()
      end
      assert.is_true(styles > 0)
    end)

    it("ends with an error when the service goes in circles", function()
      sim:faults { { body = '{"data":[{"id":"a","title":"t"}],"has_more":true,"next_token":"same"}' } }
      local ok, raised = pcall(titles)
      assert.is_false(ok)
      assert.is_true(heygen.is_error(raised))
      assert.equal("parse", raised.kind)
      assert.equal(2, live.sent(sim))
    end)

    it("raises what a page failed with", function()
      create(5)
      sim:faults { { path = "/v3/videos", status = 402, nth = 2 } }
      local ok, raised = pcall(titles, { limit = 2 })
      assert.is_false(ok)
      assert.equal(402, raised.status)
    end)

    it("gives the status of many at once", function()
      create(2)
      local ids = {}
      for video in client.videos:each() do
        ids[#ids + 1] = video.id
      end
      local list = assert(client.videos:statuses { video_ids = { ids[1], "gone", ids[2] } })
      assert.equal("completed", list[1].status)
      assert.equal("not_found", list[2].status)
      assert.equal(3, #list)
    end)
  end)

  describe("and its connections", function()
    it("opens no more than it may, on engines that come later as well", function()
      local narrow = live.client(sim, { max_connections = 2 })
      for round = 1, 2 do
        core.engine():close() -- the next one is new
        sim:reset()
        sim:faults { { delay = 0.02 } }
        heygen.run(function()
          for _ = 1, 12 do
            heygen.spawn(function()
              assert(narrow.videos:list())
            end)
          end
        end)
        local used, count = {}, 0
        for _, entry in ipairs(sim:requests()) do
          count = count + (used[entry.connection] and 0 or 1)
          used[entry.connection] = true
        end
        assert.equal(2, count, "round " .. round)
      end
      core.engine():close()
    end)

    it("is made without any", function()
      local before = live.descriptors()
      core.engine():close()
      local without = live.descriptors()
      live.client(sim, { max_connections = 3 })
      assert.equal(without, live.descriptors())
      assert.is_true(without <= before)
    end)

    it("goes through a proxy that was named, and gives it no credential of its own making", function()
      local INTERPRETER = rawget(_G, "jit") and "luajit" or "lua" .. _VERSION:match "%d+%.%d+"
      local proxy = assert(io.popen(INTERPRETER .. " -e " .. shell.quote [[
        local socket = require "socket"
        local server = assert(socket.bind("127.0.0.1", 0))
        print(select(2, server:getsockname()))
        io.stdout:flush()
        local peer = server:accept()
        local first = peer:receive "*l"
        repeat local line = peer:receive "*l" until line == "" or not line
        local body = '{"data":[],"has_more":false}'
        peer:send("HTTP/1.1 200 OK\r\nX-Asked: " .. first .. "\r\nContent-Length: " .. #body .. "\r\n\r\n" .. body)
        peer:receive "*l"
      ]], "r"))
      local port = proxy:read("*l"):match "%d+"
      local other = live.client(nil, {
        base_url = "http://heygen.invalid",
        allow_http = true,
        proxy = "http://127.0.0.1:" .. port,
      })
      local page = assert(other.videos:list())
      assert.equal("GET http://heygen.invalid/v3/videos HTTP/1.1", heygen.response(page).headers["x-asked"])
      core.engine():close()
      proxy:close()
    end)

    it("says when the proxy is not there, and that nothing was sent", function()
      local other = live.client(sim, { proxy = "http://127.0.0.1:1", max_retries = 0 })
      local err = live.failure(other:create { prompt = "x" })
      assert.equal("network", err.kind)
      assert.equal("no", err.sent)
      assert.equal(0, live.sent(sim))
    end)

    it("sends nothing before a secure connection stands", function()
      -- The system accepts connections for a server that never accepts them.
      local server = assert(socket.bind("127.0.0.1", 0))
      server:settimeout(1)
      local other = live.client(nil, {
        base_url = "https://127.0.0.1:" .. select(2, server:getsockname()),
        max_retries = 1,
        connect_timeout = 0.05,
      })
      local err = live.failure(other:create { prompt = "a secret video" })
      assert.equal("timeout", err.kind)
      assert.equal("no", err.sent)
      assert.equal(2, err.attempts)
      for _ = 1, 2 do
        local connection = assert(server:accept())
        local all, _, part = connection:receive "*a"
        assert.is_nil(((all or part):find("secret", 1, true)))
        assert.is_nil(((all or part):find(live.KEY, 1, true)))
        connection:close()
      end
      server:close()
    end)
  end)
end)
