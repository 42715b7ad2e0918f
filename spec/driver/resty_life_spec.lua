-- The ends of things under nginx: of workers (reload, quit, killed), of clients that go away, of light threads.
local resty = require "spec.support.resty"
local socket = require "socket"
local support = require "spec.support.sim"

local PRELUDE = 'local app, heygen = require "spec.support.resty_app", require "heygen"\n'

describe("in nginx #once #native", function()
  local sim, server

  setup(function()
    sim = support.start { speed = 20000, behaviour = { video_id = "late" } }
  end)

  teardown(function()
    sim:stop()
  end)

  before_each(function()
    sim:reset()
  end)

  local LOCATIONS = {
    ["/generate"] = "ngx.say(app.generate())",
    ["/list"] = "ngx.say(app.list())",
    ["/said"] = "ngx.say(app.said[ngx.var.arg_name] or 'nothing')",
    -- A light thread that is killed in the middle of a call, whose transfer is no longer waited for.
    ["/leave"] = [[
      local thread = ngx.thread.spawn(app.list)
      ngx.sleep(0.05)
      ngx.say(ngx.thread.kill(thread))
    ]],
  }

  -- Starts nginx; its code gets `app` and `heygen`.
  local function start(options)
    options.sim = sim
    options.locations = options.locations or {}
    for path, code in pairs(LOCATIONS) do
      options.locations[path] = options.locations[path] or code
    end
    for path, code in pairs(options.locations) do
      options.locations[path] = PRELUDE .. code
    end
    server = resty.start(options)
  end

  after_each(function()
    local complaints, leftovers = server:complaints(), server:leftovers()
    server:stop()
    server = nil
    assert.same({}, complaints)
    assert.same({}, leftovers)
  end)

  local function until_seen(name, count)
    server:until_true(function()
      return sim:counts()[name] >= count
    end, count .. " " .. name)
  end

  -- How the requests to a path have ended, one word each: "gone" is one whose client left before its answer.
  local function endings(path)
    local words = {}
    for _, entry in ipairs(sim:requests()) do
      if entry.target:find(path, 1, true) then
        words[#words + 1] = tostring(entry.ending)
      end
    end
    return table.concat(words, " ")
  end

  local function ends_within(seconds, pids, action)
    local began = socket.gettime()
    action()
    server:until_ended(pids)
    local took = socket.gettime() - began
    assert.is_true(took < seconds, "it took " .. took .. " seconds")
  end

  describe("a reload", function()
    for _, bridge in ipairs { "true", "false" } do
      it("loses no wait and no transfer, bridge = " .. bridge, function()
        start {
          workers = 2,
          http = ('init_worker_by_lua_block { require("heygen").use { "resty", bridge = %s } }'):format(
            bridge
          ),
        }
        sim:clock { speed = 0 }
        local waits, transfers = {}, {}
        for n = 1, 20 do
          waits[n] = server:send "/generate"
        end
        until_seen("polls", 20)
        sim:faults { { delay = 1, path = "/v3/videos", times = 20 } }
        for n = 1, 20 do
          transfers[n] = server:send "/list"
        end
        server:until_true(function()
          return (sim:counts().by_route["GET /v3/videos"] or 0) >= 20
        end, "the transfers")
        local old = server:reload()
        local new = server:send "/list" -- the new workers serve during this
        assert.equal("200 0 videos\n", table.concat({ resty.answer(new) }, " "))
        for _, connection in ipairs(transfers) do
          assert.equal("200 0 videos\n", table.concat({ resty.answer(connection) }, " "))
        end
        sim:clock { advance = 3600 }
        for _, connection in ipairs(waits) do
          assert.equal("200 completed\n", table.concat({ resty.answer(connection) }, " "))
        end
        assert.equal(20, sim:counts().creates)
        assert.equal(0, sim:counts().duplicates)
        server:until_ended(old)
      end)
    end
  end)

  describe("quit", function()
    it("waits for the answers, and then for nothing", function()
      start {}
      sim:clock { speed = 0 }
      local connection = server:send "/generate"
      until_seen("polls", 1)
      local pids = server:workers()
      server:signal "QUIT"
      local seen = sim:counts().polls
      until_seen("polls", seen + 3) -- it continues
      sim:clock { advance = 3600 }
      assert.equal("200 completed\n", table.concat({ resty.answer(connection) }, " "))
      ends_within(5, pids, function() end)
    end)

    for _, bridge in ipairs { "true", "false" } do
      it("is not held up by what is not waited for, bridge = " .. bridge, function()
        start {
          http = ('init_worker_by_lua_block { require("heygen").use { "resty", bridge = %s } }'):format(
            bridge
          ),
        }
        sim:faults { { stall = true } }
        for _ = 1, 3 do
          assert.equal("1", server:ask "/leave")
        end
        until_seen("requests", 3)
        ends_within(5, server:workers(), function()
          server:signal "QUIT"
        end)
      end)
    end
  end)

  it("worker_shutdown_timeout ends what stalls", function()
    start { main = "worker_shutdown_timeout 1s;" }
    sim:faults { { stall = true } }
    local connection = server:send "/list"
    until_seen("requests", 1)
    server:until_ended(server:reload())
    assert.is_nil((resty.answer(connection)))
    server:until_true(function()
      return endings "/v3/videos" == "gone"
    end, "the end of the transfer")
    sim:faults {}
    assert.equal("0 videos", server:ask "/list")
  end)

  it("a worker that is killed leaves no file, and the next one works", function()
    start {}
    server:forgive "exited on signal 9"
    sim:faults { { stall = true } }
    local connection = server:send "/list"
    until_seen("requests", 1)
    local old = server:workers()[1]
    server:until_true(function()
      return resty.counts(old).threads == 2
    end, "the bridge")
    server:until_true(function() -- its name goes as soon as the worker has connected
      return #server:leftovers() == 0
    end, "the end of the socket's name")
    server:signal("KILL", old)
    assert.is_nil((resty.answer(connection)))
    server:until_ended { old }
    sim:faults {}
    assert.equal("0 videos", server:ask "/list")
    assert.not_equal(old, server:workers()[1])
  end)

  describe("a client that goes away", function()
    -- Hangs up when the simulator has seen so many of something.
    local function hang_up(path, name, count)
      local connection = server:send(path)
      until_seen(name, count)
      connection:close()
    end

    local function said(name, wanted)
      local text
      local ok = pcall(server.until_true, server, function()
        text = server:ask("/said?name=" .. name)
        return text:find(wanted)
      end, wanted)
      assert.is_true(ok, name .. ": " .. tostring(text))
    end

    it("changes nothing: the request runs to its end", function()
      start { locations = { ["/x"] = 'app.note("x", app.generate())' } }
      sim:clock { speed = 0 }
      hang_up("/x", "polls", 1)
      sim:clock { advance = 3600 }
      said("x", "^completed$")
      assert.equal(1, sim:counts().creates)
    end)

    it("ends the request with lua_check_client_abort, not the transfer: it may be paid for", function()
      start {
        server = "lua_check_client_abort on;",
        locations = { ["/x"] = 'app.note("x", app.client:create { prompt = "x" })' },
      }
      local pid = server:workers()[1]
      sim:faults { { delay = 0.5 } }
      hang_up("/x", "requests", 1)
      server:until_true(function()
        return endings "/v3/video-agents" == "kept" and resty.counts(pid).threads == 1
      end, "the answer, and the end of the pump")
      assert.equal("nothing", server:ask "/said?name=x")
      assert.equal(1, sim:counts().creates)
    end)

    describe("with cancel_on_abort", function()
      local ON = "lua_check_client_abort on;"
      local CLIENT = 'local client = app.new { "resty", cancel_on_abort = true }\n'

      local function begin(code, more)
        start { server = ON .. (more or ""), locations = { ["/x"] = CLIENT .. code } }
      end

      it("ends a request of the API, and the handler may clean up", function()
        begin [[
          local _, _, err = client:create { prompt = "x" }
          app.note("x", err.kind, err.sent)
          ngx.timer.at(0, function() app.note("later", app.list()) end)
        ]]
        sim:faults { { stall = true, act = true, method = "POST" } }
        hang_up("/x", "creates", 1)
        said("x", "^cancelled maybe$")
        said("later", "^%d videos$")
        server:until_true(function()
          return endings "/v3/video-agents" == "gone"
        end, "the end of the connection")
      end)

      it("ends a wait, and all further ones; its ids are kept", function()
        begin [[
          local _, _, err = client:generate { prompt = "x", wait = { interval = 0.01, max_interval = 0.01 } }
          local _, reason, again = client.videos:list()
          app.note("x", err.kind, err.session_id, again.kind)
        ]]
        sim:clock { speed = 0 }
        hang_up("/x", "polls", 1)
        said("x", "^cancelled sess_%S+ cancelled$")
      end)

      it("ends tasks of the request", function()
        begin [[
          local function list()
            return client.videos:list()
          end
          local _, _, err = heygen.all { list, list, list }
          app.note("x", err.errors[1].kind, err.errors[2].kind, err.errors[3].kind)
        ]]
        sim:faults { { stall = true } }
        hang_up("/x", "requests", 3)
        said("x", "^cancelled cancelled cancelled$")
      end)

      it("is heard of in each phase of the request", function()
        begin(
          'app.note("x", app.list(client))',
          [[
            location = /both {
              access_by_lua_block {
                local app = require "spec.support.resty_app"
                app.both = app.new { "resty", cancel_on_abort = true }
                app.note("access", app.list(app.both))
              }
              content_by_lua_block {
                local app = require "spec.support.resty_app"
                app.note("content", app.list(app.both))
              }
            }
          ]]
        )
        sim:faults { { stall = true, nth = 2 } }
        hang_up("/both", "requests", 2)
        said("access", "^0 videos$")
        said("content", "^cancelled ")
      end)

      it("disturbs no request whose client stays, and no timer", function()
        begin [[
          ngx.timer.at(0, function() app.note("timer", app.generate(client)) end)
          ngx.say(app.generate(client))
        ]]
        assert.equal("completed", server:ask "/x")
        said("timer", "^completed$")
      end)
    end)
  end)
end)
