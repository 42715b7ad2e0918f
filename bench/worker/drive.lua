-- What the worker of bench/resty does, each part behind a location of its own. The arguments come as those of the URL.
local core = require "heygen.core"
local heygen = require "heygen"
local ngx = require "ngx"

local drive = {}

local client = heygen.new { driver = { "resty", bridge = os.getenv "BRIDGE" ~= "no" }, max_retries = 0 }
local problems, polls = {}, 0

local function note(ok, problem)
  if not ok then
    problems[#problems + 1] = tostring(problem)
  end
end

local function argument(name)
  return tonumber(ngx.var["arg_" .. name])
end

-- ---- waits, and requests next to them ----

local function count()
  polls = polls + 1
end

local function wait(premature, id, interval)
  if not premature then
    note(
      client:wait(id, { interval = interval, max_interval = interval, timeout = 1e6, on_progress = count })
    )
  end
end

local function poll(premature, id)
  if not premature then
    note(client.video_agents:get(id))
    polls = polls + 1
  end
end

local function sessions()
  local ids = {}
  for id in io.lines(os.getenv "SESSIONS") do
    ids[#ids + 1] = id
  end
  return ids
end

-- /waits?count=&interval=&spread=: as many waits, begun over so many seconds; no interval: the usual pace.
function drive.waits()
  local interval, spread = argument "interval", argument "spread"
  local ids, number = sessions(), argument "count"
  for index = 1, number do
    assert(ngx.timer.at(spread * index / number, wait, ids[index], interval))
  end
end

-- /requests?rate=: so many a second, from now on.
function drive.requests()
  assert(ngx.timer.every(1 / argument "rate", poll, sessions()[1]))
end

-- /state: how many polls there were, what went wrong.
function drive.state()
  ngx.say(polls, " ", #problems, " ", problems[1] or "")
end

-- ---- from the last byte of an answer to the one who waits for it ----

-- /lag?count=&delay=: each answer says when its last byte was sent. Milliseconds, one a line.
function drive.lag()
  for _ = 1, argument "count" do
    local answer = assert(client:request { path = "/lag/" .. argument "delay" })
    ngx.say(("%.4f"):format((core.now() - answer.sent) * 1000))
  end
end

return drive
