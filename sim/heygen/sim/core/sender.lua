-- Sends due webhooks: takes them out of the model, and settles each with its outcome.
--
-- The transfers run in the engine of heygen.core. When to poll is the business of a front: heygen.sim.luv.sender, or
-- nginx's timers.
local urls = require "heygen.schema.url"

local sender = {}
sender.__index = sender

-- Of a receiver's answer only the status is read.
local ANSWER_LIMIT = 65536

-- Ten thousand videos may be done at the same moment: this many deliveries are sent at once, the others in turn.
local MOST = 64

local function plainly(work, ...)
  return work(...)
end

---@param model table
---@param options table? log = function(text); alone = function(work, ...) that runs work(...) while no other process
---   can change the service, where there are several
---@return table sender
function sender.new(model, options)
  options = options or {}
  return setmetatable({
    model = model,
    log = options.log or function() end,
    alone = options.alone or plainly,
    jobs = {},
    live = 0,
    queue = {},
    first = 1,
    last = 0,
  }, sender)
end

local function report(self, id, outcome)
  local ok, message = self.alone(self.model.settle, self.model, id, outcome)
  if not ok then
    self.log("the outcome of a webhook could not be kept: " .. tostring(message))
  end
end

local function outcome_of(status, message, err)
  if status then
    return { status = status }
  elseif err.kind == "timeout" then
    return { error = "timeout" }
  elseif err.status then
    -- It has answered; what is wrong with the rest of the answer does not matter.
    return { status = err.status }
  end
  return { error = err.code or message or "failed" }
end

local function send(self, effect)
  local headers = {}
  for _, header in ipairs(effect.headers) do
    headers[header[1]] = header[2]
  end
  self.engine = self.engine or require("heygen.core").new_engine()
  local called, job, message = pcall(self.engine.create, self.engine, {
    method = effect.method,
    url = effect.url,
    proxy = urls.proxy(nil, effect.url),
    headers = headers,
    body = effect.body,
    timeout = effect.timeout,
    max_bytes = ANSWER_LIMIT,
    allow_http = true,
    fresh = true,
  })
  if called and job then
    self.jobs[job], self.live = effect.id, self.live + 1
  else
    report(self, effect.id, { error = tostring(called and message or job) })
  end
end

local function send_next(self)
  while self.first <= self.last and self.live < MOST do
    local effect = self.queue[self.first]
    self.queue[self.first], self.first = nil, self.first + 1
    send(self, effect)
  end
end

--- Begins to send what is due now.
function sender:send_due()
  for _, effect in ipairs(self.alone(self.model.due, self.model)) do
    self.last = self.last + 1
    self.queue[self.last] = effect
  end
  send_next(self)
end

--- Lets the transfers continue, and settles those that are done.
---@return number live how many are still under way
function sender:step()
  if self.live == 0 then
    return 0
  end
  self.engine:poll()
  local done = {}
  for job, id in pairs(self.jobs) do
    if job:done() then
      done[job] = id
    end
  end
  for job, id in pairs(done) do
    self.jobs[job], self.live = nil, self.live - 1
    report(self, id, outcome_of(job:result()))
  end
  send_next(self)
  return self.live
end

function sender:close()
  if self.engine then
    self.engine:close()
    self.engine = nil
  end
  self.jobs, self.live = {}, 0
end

return sender
