-- The driver "resty" under a real nginx: where it is chosen, where it cannot wait, and what it leaves behind.
-- spec/driver/resty_life_spec.lua has the ends of workers and of clients; spec/hosts/hosts_spec.lua runs the cases
-- of all drivers.
local certificates = require "spec.support.certificates"
local child = require "spec.support.child"
local resty = require "spec.support.resty"
local scripts = require "spec.support.scripts"
local shell = require "spec.support.shell"
local support = require "spec.support.sim"

describe('the driver "resty" outside of nginx', function()
  it("says so", function()
    local code = [[
      print(pcall(require("heygen").new, { api_key = "k", driver = "resty" }))
      print(pcall(require("heygen").use, { "resty", bridge = false }))
    ]]
    local output = child.must(code)
    local first, second = output:match "^(.-)\n(.*)$"
    for _, line in ipairs { first, second } do
      assert.matches('^false.*driver: "resty" cannot be used here: this is not nginx', line)
    end
  end)
end)

describe("a client in nginx #once #native", function()
  local sim, server

  setup(function()
    sim = support.start { speed = 20000 }
  end)

  teardown(function()
    sim:stop()
  end)

  before_each(function()
    sim:reset()
  end)

  local PRELUDE = 'local app, heygen = require "spec.support.resty_app", require "heygen"\n'

  -- Starts nginx; its code gets `app` and `heygen`.
  local function start(options)
    options.sim = sim
    for path, code in pairs(options.locations or {}) do
      options.locations[path] = PRELUDE .. code
    end
    server = resty.start(options)
  end

  -- Nothing may be left behind, and nothing complained about, whatever a test did.
  after_each(function()
    local complaints = server:complaints()
    server:stop()
    server = nil
    assert.same({}, complaints)
  end)

  -- A read that is never answered is on its way.
  local function stall(path)
    sim:faults { { stall = true } }
    local connection = server:send(path)
    server:until_true(function()
      return sim:counts().requests > 0
    end, "a request")
    return connection
  end

  it("suspends its own request only, without a word about drivers", function()
    start {
      locations = {
        ["/list"] = [[
          app.task = heygen.spawn(function() return app.list() end)
          ngx.say(app.task:join())
        ]],
        ["/cancel"] = "ngx.say(app.task:cancel())",
      },
    }
    local connection = stall "/list"
    assert.equal(200, (server:get "/up"))
    assert.equal("true", server:ask "/cancel") -- from another request
    local status, body = resty.answer(connection)
    assert.equal(200, status)
    assert.matches("^cancelled ", body)
    sim:faults {}
    assert.equal("0 videos", server:ask "/list")
  end)

  it("makes a video with the block of the README as it stands", function()
    local block = ("\n" .. scripts.read "README.md"):match "\n```nginx\n(.-)\n```"
    server = resty.start { sim = sim, server = block, env = { HEYGEN_API_KEY = "test-key" } }
    sim:clock { speed = 36000 }
    assert.matches("^http://.*%.mp4", server:ask "/video?prompt=Our+roof")
    assert.equal(1, sim:counts().creates)
    sim:faults { { status = 402, code = "insufficient_credit" } }
    local status, body = server:get "/video"
    assert.equal(502, status)
    assert.matches("402", body)
    assert.is_nil(body:find("test-key", 1, true))
  end)

  it("waits in coroutines of the request, too", function()
    start {
      locations = {
        ["/"] = [[
          local co = coroutine.wrap(function()
            coroutine.yield(app.list())
            coroutine.yield(app.generate())
          end)
          ngx.say(co(), ", ", co())
        ]],
      },
    }
    assert.equal("0 videos, completed", server:ask "/")
  end)

  it("waits during a TLS handshake, where nginx does not report a client that goes away", function()
    local directory = child.scratch()
    shell.must("mkdir " .. directory)
    certificates.make(directory)
    start {
      http = ([[
        server {
          listen unix:tls.sock ssl;
          ssl_certificate %s/good.crt;
          ssl_certificate_key %s/good.key;
          ssl_certificate_by_lua_block {
            local app = require "spec.support.resty_app"
            app.note("handshake", pcall(app.list, app.new { "resty", cancel_on_abort = true }))
          }
          location / { return 200 ok; }
        }
      ]]):format(directory, directory),
      locations = { ["/said"] = "ngx.say(app.said.handshake)" },
    }
    local answer =
      shell.must(("curl -sS -k --unix-socket %s/tls.sock https://localhost/"):format(server.directory))
    shell.must("rm -r " .. directory)
    assert.equal("ok", answer)
    assert.equal("true 0 videos", server:ask "/said")
  end)

  it("serves 200 requests that wait at once, each paid once", function()
    start { locations = { ["/"] = "ngx.say(app.generate())" } }
    local connections = {}
    for n = 1, 200 do
      connections[n] = server:send "/"
    end
    for _, connection in ipairs(connections) do
      local status, body = resty.answer(connection)
      assert.equal("200 completed\n", status .. " " .. body)
    end
    assert.equal(200, sim:counts().creates)
    assert.equal(0, sim:counts().duplicates)
  end)

  it("serves two workers at once", function()
    start {
      workers = 2,
      locations = {
        ["/"] = 'ngx.say(app.generate(), " in ", ngx.worker.pid())',
        ["/busy"] = 'os.execute "sleep 0.1"',
      },
    }
    local pids, count = {}, 0
    server:until_true(function()
      local busy = server:send "/busy" -- the worker that takes this takes nothing else
      local connections = {}
      for n = 1, 5 do
        connections[n] = server:send "/"
      end
      for _, connection in ipairs(connections) do
        local _, body = resty.answer(connection)
        pids[assert(body:match "^completed in (%d+)", body)] = true
        count = count + 1
      end
      resty.answer(busy)
      local first = next(pids)
      return next(pids, first)
    end, "an answer of both workers")
    assert.equal(count, sim:counts().creates)
  end)

  it("keeps an operation whose callback raises, and continues", function()
    start {
      locations = {
        ["/"] = [[
          local video = app.client:generate {
            prompt = "x",
            wait = { interval = 0.001, on_progress = function() error "from the callback" end },
          }
          ngx.say(video.status)
        ]],
      },
    }
    assert.equal("completed", server:ask "/")
    assert.equal("completed", server:ask "/")
    assert.equal(2, sim:counts().creates)
  end)

  it("logs a task that failed and was not joined", function()
    start {
      locations = {
        ["/"] = [[
          heygen.spawn(error, "lost in a task", 0)
          ngx.say(app.list())
        ]],
      },
    }
    assert.equal("0 videos", server:ask "/")
    server:until_true(function()
      return server:log():find("lost in a task", 1, true)
    end, "the error")
  end)

  describe("where nothing can wait", function()
    it("names the phase, and sends nothing", function()
      start {
        http = [[
          init_by_lua_block { require("spec.support.resty_app").try "init" }
          init_worker_by_lua_block { require("spec.support.resty_app").try "init_worker" }
          upstream behind {
            server 127.0.0.1:1;
            balancer_by_lua_block {
              require("spec.support.resty_app").try "balancer"
              ngx.exit(444)
            }
          }
        ]],
        server = [[
          location = /set {
            set_by_lua_block $x { require("spec.support.resty_app").try "set" return "" }
            return 200;
          }
          location = /filters {
            content_by_lua_block { ngx.say "x" }
            header_filter_by_lua_block { require("spec.support.resty_app").try "header_filter" }
            body_filter_by_lua_block { require("spec.support.resty_app").try "body_filter" }
            log_by_lua_block { require("spec.support.resty_app").try "log" }
          }
          location = /balancer { proxy_pass http://behind; }
        ]],
        locations = { ["/said"] = "ngx.say(app.said[ngx.var.arg_phase])", ["/list"] = "ngx.say(app.list())" },
      }
      server:get "/set"
      server:get "/filters"
      server:get "/balancer"
      local phases = { "init", "init_worker", "set", "header_filter", "body_filter", "log", "balancer" }
      for _, phase in ipairs(phases) do
        local said = server:ask("/said?phase=" .. phase)
        assert.matches("heygen: nginx's " .. phase .. " phase cannot wait", said, 1, true)
      end
      assert.equal(0, sim:counts().requests)
      assert.equal("0 videos", server:ask "/list") -- with the client that was made in the master process
    end)

    it("says why not at the top level of a module, and in the callback of a C function", function()
      start {
        modules = {
          at_the_top = 'local x = require("spec.support.resty_app").client:create { prompt = "x" } return x',
        },
        locations = {
          ["/require"] = [[
            local ok, problem = pcall(require, "at_the_top")
            ngx.say(ok, " ", problem)
          ]],
          ["/spawn"] = [[
            local ok, problem = pcall(table.sort, { 2, 1 }, function() return heygen.spawn(heygen.sleep, 0) end)
            ngx.say(problem)
          ]],
          ["/sort"] = [[
            local ok, problem = pcall(table.sort, { 2, 1 }, function() return app.client:create { prompt = "x" } end)
            ngx.say(ok, " ", problem)
          ]],
          ["/gsub"] = [[
            local ok, problem = pcall(string.gsub, "x", "x", function() app.client:create { prompt = "x" } end)
            ngx.say(ok, " ", problem)
          ]],
        },
      }
      local said = server:ask "/require"
      assert.matches("at_the_top.lua:1: heygen", said, 1, true)
      for _, each in ipairs { said, server:ask "/sort", server:ask "/gsub" } do
        assert.matches("^false .*heygen: cannot wait in here: a C function is in between", each)
      end
      assert.matches("no task can be started in a function that C has called", server:ask "/spawn")
      assert.equal(0, sim:counts().requests)
    end)

    it("sends nothing when the client's end cannot be heard of", function()
      start {
        locations = {
          ["/"] = [[
            local client = app.new { "resty", cancel_on_abort = true }
            local ok, problem = pcall(client.create, client, { prompt = "x" })
            ngx.say(ok, " ", problem)
          ]],
        },
      }
      assert.matches("^false .*cancel_on_abort: lua_check_client_abort is off", server:ask "/")
      assert.equal(0, sim:counts().requests)
    end)

    it("refuses options that it does not have", function()
      start {
        locations = {
          ["/"] = [[
            ngx.say(select(2, pcall(app.new, { "resty", brigde = false })))
            ngx.say(select(2, pcall(app.new, { "resty", bridge = 1 })))
          ]],
        },
      }
      local text = server:ask "/"
      assert.matches('heygen.new: driver.brigde: unknown option, did you mean "bridge"', text)
      assert.matches("heygen.new: driver.bridge: expected a boolean, got 1", text, 1, true)
    end)
  end)

  it("waits in more timers than nginx has", function()
    start {
      http = "lua_max_running_timers 3;",
      locations = {
        ["/"] = [[
          for n = 1, 3 do
            assert(ngx.timer.at(0, function() app.note("timer " .. n, app.generate()) end))
          end
        ]],
        ["/said"] = 'ngx.say(app.said["timer 1"], " ", app.said["timer 2"], " ", app.said["timer 3"])',
      },
    }
    server:forgive "3 lua_max_running_timers are not enough"
    server:ask "/"
    server:until_true(function()
      return server:ask "/said" == "completed completed completed"
    end, "the timers")
    assert.equal(3, sim:counts().creates)
  end)

  describe("leaves nothing behind", function()
    it("of tasks that have ended, in a light thread that continues", function()
      start {
        locations = {
          ["/"] = [[
            local seen = setmetatable({}, { __mode = "k" })
            for n = 1, 200 do
              heygen.spawn(function() seen[coroutine.running()] = true end):join()
            end
            collectgarbage()
            collectgarbage()
            local count = 0
            for _ in pairs(seen) do
              count = count + 1
            end
            ngx.say(count < 10 and "few" or count)
          ]],
        },
      }
      assert.equal("few", server:ask "/")
    end)

    -- Five reads at once.
    local LISTS = [[
      local reads = {}
      for n = 1, 5 do
        reads[n] = app.list
      end
      ngx.say(#assert(heygen.all(reads)))
    ]]

    it("of the pump with the last operation", function()
      start { locations = { ["/"] = LISTS } }
      local pid = server:workers()[1]
      local before
      for round = 1, 3 do
        sim:faults { { delay = 0.2, times = 5 } }
        local connection = server:send "/"
        server:until_true(function()
          return sim:counts().requests == 5 * round and resty.counts(pid).threads == 2
        end, "the requests and the bridge")
        assert.equal("5\n", (select(2, resty.answer(connection))))
        server:until_true(function()
          local now = resty.counts(pid)
          before = before or (now.threads == 1 and now) -- the connections of the first round stay open
          return before and now.threads == 1 and now.fds <= before.fds
        end, "the end of the pump")
        assert.same({}, server:leftovers())
      end
    end)

    it("of the Lua states of lua_code_cache off", function()
      start { http = "lua_code_cache off;", locations = { ["/"] = "ngx.say(app.generate())" } }
      server:forgive "lua_code_cache is off"
      local pid = server:workers()[1]
      local before
      for round = 1, 50 do
        assert.equal("completed", server:ask "/")
        if round == 5 then
          server:until_true(function()
            before = resty.counts(pid)
            return before.threads == 1
          end, "the end of the threads")
        end
      end
      server:until_true(function()
        local now = resty.counts(pid)
        return now.threads == 1 and now.fds <= before.fds
      end, "the end of what 50 requests took")
      assert.same({}, server:leftovers())
    end)
  end)

  describe("without the bridge", function()
    it("polls at intervals, and logs it once", function()
      for _, directory in ipairs { "/nonexistent/directory", "/tmp/" .. ("long"):rep(40) } do
        start { env = { TMPDIR = directory }, locations = { ["/"] = "ngx.say(app.generate())" } }
        for _ = 1, 3 do
          assert.equal("completed", server:ask "/")
        end
        local complaints = server:complaints()
        assert.equal(1, #complaints, table.concat(complaints, "\n"))
        assert.matches("%[warn%].*heygen: no bridge %(.+%): polling now and then instead", complaints[1])
        server:forgive "no bridge"
        if directory:find "^/non" then
          server:stop()
        end
      end
    end)

    it("starts no thread when it is not wanted", function()
      start {
        http = 'init_worker_by_lua_block { require("heygen").use { "resty", bridge = false } }',
        locations = { ["/"] = "ngx.say(app.generate())" },
      }
      sim:clock { speed = 0 }
      local connection = server:send "/"
      server:until_true(function()
        return sim:counts().polls > 3
      end, "polls")
      assert.equal(1, resty.counts(server:workers()[1]).threads)
      sim:clock { advance = 3600 }
      assert.equal("completed\n", (select(2, resty.answer(connection))))
    end)
  end)
end)
