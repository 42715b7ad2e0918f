-- Clients that talk to a running simulator, for the specs of the Lua layer: quick retries, a key to search for, counts.
local core = require "heygen.core"
local assert = require "luassert"
local heygen = require "heygen"

local live = {}

live.KEY = "sk_V2_test_0123456789abcdef"

-- As a user would wait, but a thousand times faster.
live.QUICK = { interval = 0.001, max_interval = 0.004, timeout = 60, grace = 60, not_found_grace = 0 }

--- A client of the simulator; options go over the defaults, `false` takes one away.
function live.client(sim, options)
  local all =
    { api_key = live.KEY, base_url = sim and sim.url, retry_base = 0.004, retry_cap = 0.01, deadline = 60 }
  for name, value in pairs(options or {}) do
    all[name] = value
    if value == false then
      all[name] = nil
    end
  end
  return heygen.new(all)
end

--- live.QUICK with changes.
function live.quick(changes)
  local all = {}
  for _, from in ipairs { live.QUICK, changes or {} } do
    for name, value in pairs(from) do
      all[name] = value
    end
  end
  return all
end

--- Options of a wait that notes in `events` what it is told, and moves the simulator's clock on by `step` seconds.
function live.moving(sim, events, step, changes)
  local options = live.quick(changes)
  options.on_progress = function(event)
    events[#events + 1] = event
    sim:clock { advance = step }
  end
  return options
end

--- Checks that an error has these fields, and returns it.
function live.check(err, wanted)
  for name, value in pairs(wanted) do
    assert.equal(value, err[name], name .. " of " .. tostring(err))
  end
  return err
end

--- The error object of a failed call; fails itself when there was none, or when its three values do not agree.
function live.failure(value, message, err)
  if value ~= nil then
    error("a failure was expected, got " .. tostring(value), 2)
  elseif not heygen.is_error(err) then
    error("no error object, but " .. tostring(message), 2)
  elseif message ~= tostring(err) then
    error("the message is not the text of the error: " .. tostring(message), 2)
  end
  return err
end

--- Requests seen by the simulator so far, its own controls not counted.
function live.sent(sim)
  return sim:counts().requests
end

--- How often a text stands in anything reachable from a value.
function live.find(value, text, seen)
  seen = seen or {}
  if type(value) == "string" then
    return value:find(text, 1, true) and 1 or 0
  elseif type(value) ~= "table" or seen[value] then
    return 0
  end
  seen[value] = true
  local count = 0
  for key, item in pairs(value) do
    count = count + live.find(key, text, seen) + live.find(item, text, seen)
  end
  return count
end

--- Calls `condition` until it gives a value; the engine runs during this. Raises after 20 seconds.
function live.until_true(condition)
  local stop = core.now() + 20
  while true do
    local value = condition()
    if value then
      return value
    elseif core.now() > stop then
      error("this did not come true", 2)
    end
    heygen.sleep(0.005)
  end
end

--- Open descriptors of this process, those of what is garbage not counted.
function live.descriptors()
  collectgarbage()
  collectgarbage()
  local pipe = assert(io.popen("ls /proc/self/fd | wc -l; ls /proc/$PPID/fd | wc -l"))
  pipe:read "*l"
  local count = tonumber(pipe:read "*l")
  pipe:close()
  return count
end

return live
