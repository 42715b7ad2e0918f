-- Receives HeyGen's webhooks in any worker of nginx: see webhook.conf.
local heygen = require "heygen"
local ngx = require "ngx"

local hooks = {}

local client = heygen.new()
local events = ngx.shared.events
local MOST = 100

-- What comes here is genuine, and comes once, unless this raises: then HeyGen sends it again.
local function note(event)
  local line = ("%s %s %s"):format(event.type, event.session_id or "-", event.video_id or "-")
  assert(events:rpush("last", line))
  while events:llen "last" > MOST do
    events:lpop "last"
  end
end

hooks.router = heygen.webhook.router {
  secrets = os.getenv "HEYGEN_WEBHOOK_SECRET",
  dict = ngx.shared.heygen,
  client = client,
  on = { ["*"] = note },
}

function hooks.show()
  local count = events:llen "last" or 0
  for _ = 1, count do -- once round: there is no other way to read a list
    local line = events:lpop "last"
    ngx.say(line)
    events:rpush("last", line)
  end
end

function hooks.register()
  local endpoint, outcome = client.webhooks:ensure {
    url = os.getenv "HEYGEN_WEBHOOK_URL" or "http://127.0.0.1:8080/heygen",
    router = hooks.router,
  }
  if not endpoint then
    ngx.status = 502
    return ngx.say(outcome)
  end
  ngx.say(outcome, " ", endpoint.endpoint_id)
  if endpoint.secret then
    ngx.say("for HEYGEN_WEBHOOK_SECRET, at the next start: ", endpoint.secret)
  end
end

return hooks
