-- Drives an engine frame by frame, and counts what each frame does.
local assert = require "luassert"
local core = require "heygen.core"
local socket = require "socket"

local PATIENCE = 120

local frames = {}

--- Polls until all jobs have ended. Returns the number of steps, how many at most ended and were sent in one, and
--- whether there were never more sent than steps.
function frames.run(engine, jobs, budget)
  local limit, steps, most_ended, most_sent = core.now() + PATIENCE, 0, 0, 0
  local unsent, live, spread = {}, 1, true
  for n, job in ipairs(jobs) do
    unsent[n] = job
  end
  while live > 0 do
    local ended
    ended, live = engine:poll(budget)
    steps, most_ended = steps + 1, math.max(most_ended, ended)
    local sent = 0
    for n = #unsent, 1, -1 do
      if unsent[n]:sent() ~= "no" then
        sent = sent + 1
        unsent[n] = unsent[#unsent]
        unsent[#unsent] = nil
      end
    end
    most_sent = math.max(most_sent, sent)
    spread = spread and #jobs - #unsent <= steps
    assert(core.now() < limit, "the jobs do not end")
  end
  return steps, most_ended, most_sent, spread
end

--- All ended with status 200.
function frames.assert_ok(jobs)
  for n, job in ipairs(jobs) do
    local status, message = job:result()
    assert.equal(200, status, n .. ": " .. tostring(message))
  end
end

--- It failed, and the server cannot have seen it.
function frames.assert_failed(job, kind, code)
  local status, _, failure = job:result()
  assert.is_nil(status)
  assert.same({ kind, code, "no" }, { failure.kind, failure.code, failure.sent })
  assert.is_nil(failure.status)
end

--- Whether the engine's descriptor is readable. Not asked where the system has none.
function frames.is_readable(engine)
  return #socket.select({ engine }, nil, 0) == 1
end

return frames
