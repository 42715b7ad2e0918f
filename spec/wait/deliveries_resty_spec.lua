-- A wait in one worker of nginx, ended by a delivery that another one has got.
local live = require "spec.support.live"
local resty = require "spec.support.resty"
local socket = require "socket"
local support = require "spec.support.sim"
local webhook = require "heygen.webhook"

local SECRET = "whsec_0123456789abcdef"

local VIDEOS = ([[
  local heygen = require "heygen"
  local videos = {}
  videos.client = heygen.new()
  videos.router = heygen.webhook.router { secrets = "%s", dict = ngx.shared.hooks, on = {} }
  return videos
]]):format(SECRET)

describe("a wait in nginx with two workers #once #native", function()
  local sim, server

  setup(function()
    sim = support.start { speed = 0, behaviour = { video_id = "late" } }
    server = resty.start {
      sim = sim,
      workers = 2,
      modules = { videos = VIDEOS },
      http = "lua_shared_dict hooks 1m;",
      server = [[
        location = /hook {
          content_by_lua_block {
            ngx.shared.hooks:set("got", ngx.worker.pid())
            require("videos").router:serve()
          }
        }
      ]],
      locations = {
        ["/wait"] = [[
          local videos = require "videos"
          ngx.shared.hooks:set("waits", ngx.worker.pid())
          local wait = { interval = 60, timeout = 50, webhook = videos.router }
          local video, message = videos.client:wait(ngx.var.arg_id, wait)
          ngx.print(ngx.worker.pid(), " ", video and video.status or message)
        ]],
        ["/pids"] = [[ngx.print(ngx.shared.hooks:get "waits" or "", " ", ngx.shared.hooks:get "got" or "")]],
      },
    }
  end)

  teardown(function()
    local complaints = server:complaints()
    server:stop()
    sim:stop()
    assert.same({}, complaints)
  end)

  local function deliver(body)
    local connection = assert(socket.connect("127.0.0.1", server.port))
    connection:settimeout(60)
    local lines = { "POST /hook HTTP/1.1", "Host: x", "Connection: close", "Content-Length: " .. #body }
    for name, value in pairs(webhook.sign(body, SECRET)) do
      lines[#lines + 1] = name .. ": " .. value
    end
    assert(connection:send(table.concat(lines, "\r\n") .. "\r\n\r\n" .. body))
    assert.equal(200, (resty.answer(connection)))
  end

  it("is ended by what the other worker has got", function()
    local _, answer = sim:api("POST", "/v3/video-agents", { prompt = "A video" })
    local id, before = answer.data.session_id, live.sent(sim)
    local connection, began = server:send("/wait?id=" .. id), socket.gettime()
    server:until_true(function()
      return live.sent(sim) > before
    end, "the first poll")
    local waits = server:ask("/pids"):match "^(%d+) "
    server:signal("STOP", waits)
    -- The system tells one worker of a connection, be it one that stands still: but that one only once.
    for _ = 1, 3 do
      assert(socket.connect("127.0.0.1", server.port)):close()
    end
    local got
    local ok, raised = pcall(function() -- nothing ends a worker that is stopped
      sim:clock { advance = 720 }
      deliver(('{"event_type":"video_agent.success","event_data":{"session_id":"%s"}}'):format(id))
      got = server:ask("/pids"):match " (%d+)$"
    end)
    server:signal("CONT", waits)
    assert(ok, raised)
    local _, text = resty.answer(connection)
    assert.equal(waits .. " completed", text)
    assert.not_equal(waits, got)
    assert.is_true(socket.gettime() - began < 45, "it was found by a poll")
    assert.equal(before + 3, live.sent(sim)) -- session; session and video
  end)
end)
