-- Runs the host cases inside nginx: resty.run("thread", options) in a request. Not a script, as the others are: it is
-- loaded by a worker of spec/support/resty.lua.
local cases = require "spec.support.host_cases"
local heygen = require "heygen"
local ngx = require "ngx"

local resty = {}

-- nginx's own timers must run while the module waits.
function cases.native()
  local ticks, over = 0, false
  local thread = ngx.thread.spawn(function()
    while not over do
      ngx.sleep(0.001)
      ticks = ticks + 1
    end
  end)
  return function()
    over = true
    ngx.thread.wait(thread)
    return ticks > 10
  end
end

function cases.drop(fn)
  local thread = ngx.thread.spawn(fn)
  ngx.sleep(0.01)
  assert(ngx.thread.kill(thread))
end

local function run()
  local lines = {}
  cases.run(function(line)
    lines[#lines + 1] = line
  end)
  lines[#lines + 1] = "end"
  return lines
end

-- Where the cases run; each gives their lines.
local places = { request = run }

function places.thread()
  local _, lines = assert(ngx.thread.wait(ngx.thread.spawn(run)))
  return lines
end

function places.timer()
  local ok, lines
  assert(ngx.timer.at(0, function()
    ok, lines = pcall(run)
  end))
  while ok == nil do
    ngx.sleep(0.01)
  end
  return ok and lines or { tostring(lines) }
end

---Answers the present request with what the cases gave.
---@param place string "request", "thread" or "timer"
---@param bridge boolean with the bridge, or without
function resty.run(place, bridge)
  heygen.use { "resty", bridge = bridge }
  ngx.say(table.concat(places[place](), "\n"))
  ngx.exit(ngx.HTTP_OK)
end

return resty
