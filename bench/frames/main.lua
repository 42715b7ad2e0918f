-- How long client:update takes in each frame of a game while a thousand waits are running. Run by bench/love:
--   love bench/frames LABEL SESSIONS SECONDS     (a file of session ids; how long the waits are watched)
-- After each update an empty loop runs for as long as it took. The longest gap between two readings of the clock there
-- is what the machine did to us, not the module.
local ffi = require "ffi"

local core = require "heygen.core"
local heygen = require "heygen"

local BUDGET, FRAME = 0.001, 1 / 60 -- seconds
local POLL = 1 -- seconds between the polls of each wait
local ORDERS, VIDEOS = 50, 200

ffi.cdef [[
  struct timespec { long tv_sec; long tv_nsec; };
  int clock_gettime(int clock, struct timespec *now);
]]
local THREAD_CPU = 3 -- CLOCK_THREAD_CPUTIME_ID
local moment = ffi.new "struct timespec"

-- What this thread has computed: other programs do not add to it, waiting does not either.
local function cpu()
  ffi.C.clock_gettime(THREAD_CPU, moment)
  return tonumber(moment.tv_sec) + tonumber(moment.tv_nsec) / 1e9
end

local client, live
local wall, own, gaps = {}, {}, {} -- of the frames of a phase
local waits, sessions = {}, {}
local label, seconds

-- ---- one frame ----

local function measure()
  local cpu_before, before = cpu(), core.now()
  live = client:update(BUDGET)
  local after = core.now()
  own[#own + 1] = cpu() - cpu_before
  wall[#wall + 1] = after - before

  local worst, last = 0, core.now()
  local stop = last + (after - before)
  repeat
    local now = core.now()
    worst, last = math.max(worst, now - last), now
  until now >= stop
  gaps[#gaps + 1] = worst
end

local function quantile(list, share)
  return list[math.max(1, math.ceil(#list * share))] * 1000
end

local function report(phase)
  table.sort(wall)
  table.sort(own)
  table.sort(gaps)
  print(
    ("%s\t%s\t%d\t%.3f\t%.3f\t%.3f\t%.3f\t%.3f"):format(
      label,
      phase,
      #wall,
      quantile(wall, 0.5),
      quantile(wall, 0.999),
      quantile(wall, 1),
      quantile(own, 1),
      quantile(gaps, 1)
    )
  )
  io.stdout:flush()
  wall, own, gaps = {}, {}, {}
end

-- ---- the phases: each is left when its function says so ----

local function count(list, name)
  local number = 0
  for _, each in ipairs(list) do
    number = number + (each[name] and 1 or 0)
  end
  return number
end

local function check(list)
  for _, each in ipairs(list) do
    assert(each.video, each.message)
  end
end

local function start(list, call)
  local each = {}
  list[#list + 1] = each
  each.task = heygen.spawn(function()
    each.video, each.message = call {
      interval = POLL,
      max_interval = POLL,
      on_progress = function(event)
        each.polled = each.polled or event.status ~= nil
      end,
    }
    each.ended = true
  end)
end

local function beginning()
  for _, id in ipairs(sessions) do
    start(waits, function(wait)
      return client:wait(id, wait)
    end)
  end
  return function()
    return count(waits, "polled") == #waits
  end
end

local function waiting()
  local stop = core.now() + seconds
  return function()
    return core.now() > stop
  end
end

-- Each order goes out on a connection of its own.
local orders = {}

local function ordering()
  for index = 1, ORDERS do
    start(orders, function(wait)
      return client:generate { prompt = "Order " .. index, wait = wait }
    end)
  end
  return function()
    return count(orders, "polled") == ORDERS
  end
end

local function ending()
  heygen.spawn(function()
    assert(client:request { method = "POST", path = "/_sim/clock", json = { advance = 3600 } })
  end)
  return function()
    return live == 0
  end
end

local function saving()
  check(waits)
  check(orders)
  local videos, dir = {}, love.filesystem.getSaveDirectory()
  for index = 1, VIDEOS do
    local each = {}
    videos[index] = each
    heygen.spawn(function()
      local path = ("%s/%d.mp4"):format(dir, index)
      each.video, each.message = client:download(waits[index].video, path, { overwrite = true })
    end)
  end
  return function()
    if live == 0 then
      check(videos)
    end
    return live == 0
  end
end

local PHASES = {
  { "first polls, in parallel", beginning },
  { "waiting, a poll a second each", waiting },
  { ORDERS .. " orders at once", ordering },
  { "all end within a second", ending },
  { "saving " .. VIDEOS .. " videos at once", saving },
}

-- ---- LÖVE's part ----

function love.errorhandler(message)
  io.stderr:write(debug.traceback(tostring(message), 2), "\n")
  os.exit(1)
end

function love.load(arguments)
  label, seconds = arguments[1], tonumber(arguments[3])
  for id in io.lines(arguments[2]) do
    sessions[#sessions + 1] = id
  end
  love.filesystem.createDirectory ""
  client = heygen.new { ca_file = os.getenv "CA_FILE" }
end

local phase, over, next_frame = 0, nil, nil

function love.update()
  if not over then
    phase = phase + 1
    if not PHASES[phase] then
      return love.event.quit()
    end
    over = PHASES[phase][2]()
  end
  measure()
  if over() then
    report(PHASES[phase][1])
    over = nil
  end
end

function love.draw()
  love.graphics.print(("%d waits\nframe %d"):format(live or 0, #wall), 20, 20)
  local now = core.now()
  next_frame = math.max(now, (next_frame or now) + FRAME)
  love.timer.sleep(next_frame - now)
end
