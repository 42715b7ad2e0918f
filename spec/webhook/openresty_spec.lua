-- The router in a real nginx with two workers: bodies in memory and in files, what one worker got and another one waits
-- for, and the simulator as the sender.
local cjson = require "cjson"
local core = require "heygen.core"
local live = require "spec.support.live"
local resty = require "spec.support.resty"
local socket = require "socket"
local support = require "spec.support.sim"
local webhook = require "heygen.webhook"

local SECRET = "whsec_0123456789abcdef"
local TOKEN_SECRET = "a token secret of more than 16 bytes"

-- What the workers share: deliveries by the router, and what its handlers saw.
local HOOKS = ([[
  local heygen = require "heygen"
  local hooks = { seen = ngx.shared.seen }
  local first = true

  function hooks.note(event)
    local shared = hooks.seen
    shared:incr("count", 1, 0)
    shared:set("last", require("heygen.core").encode {
      type = event.type, video_id = event.video_id, verified = event.verified, hint = event.hint,
      ok = event.ok, status = event.video and event.video.status, worker = ngx.worker.pid(),
    })
  end

  hooks.client = heygen.new { retry_base = 0.004, retry_cap = 0.01 }
  hooks.router = heygen.webhook.router {
    secrets = "%s",
    token_secret = "%s",
    dict = ngx.shared.hooks,
    client = hooks.client,
    max_bytes = 20000,
    on = function(event)
      hooks.note(event)
      if hooks.seen:get "fail" then
        hooks.seen:delete "fail"
        error "the handler fails once"
      end
    end,
  }
  hooks.later = heygen.webhook.router {
    secrets = "%s",
    defer = true,
    on = function(event)
      heygen.sleep(0.05)
      hooks.note(event)
    end,
  }
  return hooks
]]):format(SECRET, TOKEN_SECRET, SECRET)

describe("a router in nginx #once #native", function()
  local sim, server

  setup(function()
    sim = support.start { behaviour = { webhook_retry = 30 } }
    local function hooks(code)
      return 'local hooks = require "hooks"\n' .. code
    end
    server = resty.start {
      sim = sim,
      workers = 2,
      modules = { hooks = HOOKS },
      http = "lua_shared_dict hooks 1m; lua_shared_dict seen 1m; client_body_buffer_size 1k;",
      server = [[
        location = /hook { content_by_lua_block { require("hooks").router:serve() } }
        location = /later { content_by_lua_block { require("hooks").later:serve() } }
      ]],
      locations = {
        ["/pid"] = "ngx.print(ngx.worker.pid())",
        ["/seen"] = hooks 'ngx.print(hooks.seen:get "count" or 0, " ", hooks.seen:get "last" or "{}")',
        ["/fail"] = hooks 'hooks.seen:set("fail", true)',
        ["/reset"] = hooks "hooks.seen:flush_all()",
        -- Waits for a delivery as client:wait does, and without a request to the service.
        ["/watch"] = hooks [[
          local watch, event = hooks.router:watch { ngx.var.arg_id }, nil
          hooks.seen:set("watching", ngx.worker.pid())
          local began = ngx.now()
          local woken = false
          watch.wake = function() woken = true end
          repeat
            event = watch:seen()
            if not event then ngx.sleep(watch:check_every()) end
            ngx.update_time()
          until event or ngx.now() - began > 30
          ngx.print(ngx.worker.pid(), " ", event and event.video_id, " ", event and event.type, " ", woken)
          watch:close()
        ]],
        ["/wait"] = hooks [[
          hooks.seen:set("watching", ngx.worker.pid())
          local video, message = hooks.client:wait(ngx.var.arg_id, {
            webhook = hooks.router, interval = 3000, max_interval = 3000,
          })
          ngx.print(ngx.worker.pid(), " ", video and video.status or message)
        ]],
        ["/watching"] = hooks 'ngx.print(hooks.seen:get "watching" or "")',
        ["/rotate"] = hooks [[
          local answer, message = hooks.client.webhooks:rotate(ngx.var.arg_id, { router = hooks.router, grace = 60 })
          ngx.print(ngx.worker.pid(), " ", answer and answer.secret or message)
        ]],
      },
    }
  end)

  teardown(function()
    local complaints = server:complaints()
    server:stop()
    sim:stop()
    assert.same({}, complaints)
  end)

  before_each(function()
    server:ask "/reset"
  end)

  local function post(path, body, headers, chunked)
    local connection = assert(socket.connect("127.0.0.1", server.port))
    connection:settimeout(60)
    local lines = { "POST " .. path .. " HTTP/1.1", "Host: x", "Connection: close" }
    for name, value in pairs(headers or {}) do
      lines[#lines + 1] = name .. ": " .. value
    end
    if chunked then
      lines[#lines + 1] = "Transfer-Encoding: chunked"
      body = ("%x\r\n%s\r\n0\r\n\r\n"):format(#body, body)
    else
      lines[#lines + 1] = "Content-Length: " .. #body
    end
    assert(connection:send(table.concat(lines, "\r\n") .. "\r\n\r\n" .. body))
    local status, answer = resty.answer(connection)
    return status, answer
  end

  local function event(id, size)
    return cjson.encode {
      event_type = "video_agent.success",
      event_data = { video_id = id or core.uuid(), filler = ("x"):rep(size or 0) },
    }
  end

  local function deliver(path, body, secret, chunked)
    return post(path, body, webhook.sign(body, secret or SECRET), chunked)
  end

  local function seen()
    local count, last = server:ask("/seen"):match "^(%d+) (.*)$"
    return tonumber(count), cjson.decode(last)
  end

  it("verifies bodies in memory and in files, whole or in chunks", function()
    for _, size in ipairs { 0, 900, 5000, 19000 } do
      for _, chunked in ipairs { false, true } do
        local body = event(nil, size)
        assert.equal(200, (deliver("/hook", body, nil, chunked)))
        assert.equal(401, (post("/hook", body .. " ", webhook.sign(body, SECRET), chunked)))
      end
    end
    assert.equal(8, (seen()))
    server:forgive "a client request body is buffered to a temporary file"
    server:forgive "heygen webhook: refused: no signature fits the body"
  end)

  it("does not take what is too large, nor read it when it is announced", function()
    local body = event(nil, 20000)
    for _, chunked in ipairs { false, true } do
      local status, text = deliver("/hook", body, nil, chunked)
      assert.same({ 413, "too_large\n" }, { status, text })
    end
    local connection = assert(socket.connect("127.0.0.1", server.port))
    connection:settimeout(20)
    connection:send "POST /hook HTTP/1.1\r\nHost: x\r\nContent-Length: 20001\r\n\r\n" -- and nothing of it
    assert.matches(" 413 ", (connection:receive "*l"))
    connection:close()
    assert.equal(0, (seen()))
    server:forgive "heygen webhook: refused: a body has more than 20000 bytes"
  end)

  it("answers checks, duplicates and failures as anywhere", function()
    assert.equal(200, (server:get "/hook"))
    local body = event()
    server:ask "/fail"
    assert.equal(500, (deliver("/hook", body)))
    assert.equal(200, (deliver("/hook", body)))
    local _, text = deliver("/hook", body)
    assert.equal("duplicate\n", text)
    assert.equal(2, (seen()))
    server:forgive "heygen webhook: the handler of .* raised: .*the handler fails once"
  end)

  it("runs deferred handlers in a timer, after the answer", function()
    local status, text = deliver("/later", event())
    assert.same({ 202, "accepted\n" }, { status, text })
    server:until_true(function()
      return seen() == 1
    end, "the deferred handler")
  end)

  -- Begins a watch; of the two workers, the one that does not watch gets what is delivered during this.
  local function watch(id, path)
    local connection = server:send((path or "/watch") .. "?id=" .. id)
    local pid = server:until_true(function()
      local text = server:ask "/watching"
      return text ~= "" and text
    end, "the watch")
    return connection, pid
  end

  -- Until `server:signal("CONT", pid)`, or the end of the test: nginx waits for a worker that stands still, for ever.
  local function stop(pid)
    finally(function()
      server:signal("CONT", pid)
    end)
    server:signal("STOP", pid)
    -- The system tells one worker of a connection, be it one that stands still: but that one only once.
    for _ = 1, 3 do
      assert(socket.connect("127.0.0.1", server.port)):close()
    end
  end

  it("tells a worker what another one has got", function()
    local connection, pid = watch "v-elsewhere"
    stop(pid)
    local status = deliver("/hook", event "v-elsewhere")
    server:signal("CONT", pid)
    assert.equal(200, status)
    local _, last = seen()
    assert.not_equal(tonumber(pid), last.worker)
    local _, text = resty.answer(connection)
    assert.equal(pid .. " v-elsewhere video_agent.success false", text)
    -- What came before is known as well, in either worker.
    assert.matches(" v%-elsewhere ", server:ask "/watch?id=v-elsewhere")
  end)

  it("verifies in all workers with what one of them has rotated", function()
    local _, answer = sim:api("POST", "/v3/webhooks/endpoints", { url = "http://127.0.0.1:1/" })
    local pid, secret = server:ask("/rotate?id=" .. answer.data.endpoint_id):match "^(%d+) (.*)$"
    stop(pid)
    local new, old = deliver("/hook", event(), secret), deliver("/hook", event())
    local _, last = seen()
    server:signal("CONT", pid)
    assert.same({ 200, 200 }, { new, old }) -- the old one for a minute
    assert.not_equal(tonumber(pid), last.worker)
  end)

  describe("with HeyGen's deliveries,", function()
    local function create(fields)
      fields.prompt = "A video"
      local status, answer = sim:api("POST", "/v3/video-agents", fields)
      assert.equal(200, status)
      return answer.data.session_id
    end

    local function until_delivered(id)
      return live.until_true(function()
        local _, list = sim:api("GET", "/_sim/deliveries")
        for _, row in ipairs(list.data) do
          if row.entity_id == id and row.state == "delivered" then
            return row
          end
        end
      end)
    end

    local endpoint

    local function register()
      local url = "http://127.0.0.1:" .. server.port .. "/hook"
      local _, answer = sim:api("POST", "/v3/webhooks/endpoints", { url = url })
      endpoint = answer.data.endpoint_id
      server:ask("/rotate?id=" .. endpoint)
    end

    after_each(function()
      if endpoint then
        sim:api("DELETE", "/v3/webhooks/endpoints/" .. endpoint)
        endpoint = nil
      end
    end)

    it("is told of the end of a video, again after its handler has failed", function()
      register()
      server:ask "/fail"
      local id = create {}
      sim:clock { advance = 3600 }
      local row = until_delivered(id)
      assert.same({ 500, 200 }, { row.attempts[1].status, row.attempts[2].status })
      local count, last = seen()
      assert.same({ 2, "video_agent.success", "signature" }, { count, last.type, last.verified })
    end)

    it("ends a wait in the worker that has not got it", function()
      register()
      local id = create {}
      local connection, pid = watch(id, "/wait")
      live.until_true(function() -- its first poll is over: it pauses for an hour
        local requests = sim:requests(100)
        for _, entry in ipairs(requests) do
          if entry.path == "/v3/video-agents/" .. id then
            return true
          end
        end
      end)
      socket.sleep(0.1)
      stop(pid)
      sim:clock { advance = 3600 }
      until_delivered(id)
      server:signal("CONT", pid)
      local _, last = seen()
      local _, text = resty.answer(connection)
      assert.equal(pid .. " completed", text)
      assert.not_equal(tonumber(pid), last.worker)
    end)

    it("asks the API before it believes a callback", function()
      local fields = webhook.callback {
        url = "http://127.0.0.1:" .. server.port .. "/hook",
        token_secret = TOKEN_SECRET,
      }
      local id = create(fields)
      local forged = cjson.encode {
        event_type = "video_agent.success",
        event_data = { session_id = id, callback_id = fields.callback_id },
      }
      local target = fields.callback_url:match "(/hook.*)$"
      assert.equal(503, (post(target, forged)))
      assert.equal(0, (seen()))
      sim:clock { advance = 3600 }
      until_delivered(id)
      local count, last = seen()
      assert.same(
        { 1, "token", true, "completed", nil },
        { count, last.verified, last.ok, last.status, last.hint }
      )
      server:forgive "heygen webhook: not confirmed: the session is %l+ at the service"
    end)
  end)
end)
