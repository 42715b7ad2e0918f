-- Runs the host cases in a LÖVE game: a task, and an update in each frame.
local cases = require "spec.support.host_cases"
local heygen = require "heygen"

io.stdout:setvbuf "line"

local client, task
local frames = 0

-- Frames must run while the module waits.
function cases.native()
  local before = frames
  return function()
    return frames - before > 3
  end
end

function love.load()
  client = cases.client()
  task = heygen.spawn(function()
    cases.run(print)
    print "end"
  end)
end

function love.update()
  frames = frames + 1
  client:update(0.005)
  if task:done() then
    task:join()
    love.event.quit()
  end
end

function love.draw()
  love.graphics.print("frame " .. frames, 20, 20)
end
