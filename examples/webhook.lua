-- Makes a video and is told when it is done. Needs lua-luv.
--
--   HEYGEN_API_KEY=... HEYGEN_WEBHOOK_URL=https://... lua examples/webhook.lua "A prompt"
--
-- HEYGEN_WEBHOOK_URL is the public address of something that passes requests on to port 8080 here: a proxy or
-- a tunnel. The simulator needs none: it finds this machine by itself (HEYGEN_API_BASE=http://127.0.0.1:...).
local core = require "heygen.core"
local heygen = require "heygen"
local uv = require "luv" ---@type any

heygen.use "luv"

local client = heygen.new()
local token_secret = core.random(32) -- a program that is started again would keep it
local public_url = os.getenv "HEYGEN_WEBHOOK_URL"
---@type heygen.webhook.Listener
local server -- closed when the news has come: then nothing keeps the loop, and so this program, alive

local router = heygen.webhook.router {
  client = client, -- asked before an unsigned callback is believed
  token_secret = token_secret,
  on = {
    ["video_agent.success"] = function(event)
      print("done", event.video_id, event.video and event.video.title or "")
      server:close()
    end,
    ["video_agent.fail"] = function(event)
      print("failed", event.session_id, event.reason)
      server:close()
    end,
  },
}

server = assert(heygen.webhook.listen { router = router, port = public_url and 8080 or 0, path = "/heygen" })

heygen.run(function()
  local session = assert(client:create {
    prompt = arg[1] or "A presenter explains webhooks in 20 seconds",
    callback = { url = public_url or server.url, token_secret = token_secret },
  })
  print("ordered", session.session_id)
end)
uv.run()
