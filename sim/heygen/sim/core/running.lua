-- The jobs that run now: how many there may be at once, and what the finished ones have cost.
local respond = require "heygen.sim.core.respond"
local schedule = require "heygen.sim.core.schedule"

local running = {}

-- USD per second of output, as third parties read it off their bills.
running.PRICE = 0.0333

---@return table list of runs, for model.running
function running.new()
  return { list = {}, spent = 0, room = 64 }
end

-- Drops what has ended, after charging for it. A failed render is not billed.
local function prune(model)
  local now, kept, active = model.clock:now(), {}, 0
  local all = model.running
  for _, run in ipairs(all.list) do
    if schedule.running(run, now) then
      kept[#kept + 1] = run
      -- What waits in a batch holds no slot yet.
      if run.start <= now then
        active = active + 1
      end
    else
      run.listed = nil
      if not run.charged and schedule.state(run, now).video_status == "completed" then
        run.charged = true
        all.spent = all.spent + (run.cost or 0)
      end
    end
  end
  all.list, all.room = kept, math.max(64, 2 * #kept)
  return active
end

-- How long until the first of those that run ends by itself.
local function first_end(model)
  local now, left = model.clock:now(), nil
  for _, run in ipairs(model.running.list) do
    local time = run.start <= now and schedule.left(run, now)
    left = time and math.min(left or time, time) or left
  end
  return left
end

--- Takes a run in, at its beginning or when it continues.
---@param model table
---@param run table see heygen.sim.core.schedule; its `cost` is in USD
function running.start(model, run)
  model.outbox:watch(run)
  if run.listed then
    return
  end
  local all = model.running
  if #all.list >= all.room then
    prune(model)
  end
  run.listed = true
  all.list[#all.list + 1] = run
end

--- What all finished jobs have cost.
---@param model table
---@return number usd
function running.spent(model)
  prune(model)
  return model.running.spent
end

--- How many jobs run now.
---@param model table
---@return number count
function running.count(model)
  return prune(model)
end

--- Whether one more job may begin.
---@param model table
---@param b table behaviour
---@return table|nil refusal the response with 429, when not
function running.refusal(model, b)
  if b.concurrency == 0 then
    return nil
  end
  local count = prune(model)
  if count < b.concurrency then
    return nil
  end
  local message = string.format("Too many concurrent jobs: %d of %d are running", count, b.concurrency)
  local answer = respond.problem(model.json, 429, nil, message)
  local left = model.clock:real(first_end(model) or 60)
  answer.headers[#answer.headers + 1] = { "Retry-After", tostring(math.min(60, left)) }
  return answer
end

return running
