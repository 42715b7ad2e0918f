-- When to send webhooks, on a luv loop: one timer for what is due next, and one descriptor for all transfers.
local sender = require "heygen.sim.core.sender"
local uv = require "luv"

local sender_luv = {}
sender_luv.__index = sender_luv

-- Without a descriptor (plain poll()), the transfers are driven this often.
local POLL_MS = 5

-- With the next event far away: until then, whatever brings it nearer sets the timer again.
local LONGEST = 86400

---@param model table
---@param log function (text)
---@return table sender
function sender_luv.new(model, log)
  local self = { model = model, sender = sender.new(model, { log = log }), timer = uv.new_timer() }
  return setmetatable(self, sender_luv)
end

local function step(self)
  if self.sender:step() == 0 and self.watching then
    self.watcher:stop()
    self.watching = false
  end
  self:arm()
end

local function watch(self)
  if self.watching then
    return
  end
  local function go_on()
    step(self)
  end
  local descriptor = self.sender.engine:pollfd()
  self.watching = true
  if descriptor then
    self.watcher = self.watcher or uv.new_poll(descriptor)
    self.watcher:start("r", go_on)
  else
    self.watcher = self.watcher or uv.new_timer()
    self.watcher:start(POLL_MS, POLL_MS, go_on)
  end
end

local function run(self)
  self.sender:send_due()
  if self.sender.live > 0 then
    watch(self)
  end
  -- What is done at once, no descriptor will tell of.
  step(self)
end

--- Waits for the next thing that is due; to be called whenever the model has changed.
function sender_luv:arm()
  if self.closed then
    return
  end
  local at, clock = self.model:next_due(), self.model.clock
  local left = at and at - clock:now()
  if not at or (left > 0 and clock.speed <= 0) then
    self.timer:stop()
    return
  end
  local seconds = left > 0 and math.min(left / clock.speed, LONGEST) or 0
  self.timer:start(math.ceil(seconds * 1000), 0, function()
    if not self.closed then
      run(self)
    end
  end)
end

function sender_luv:close()
  if self.closed then
    return
  end
  self.closed = true
  self.timer:close()
  if self.watcher then
    self.watcher:stop()
    self.watcher:close()
  end
  self.sender:close()
end

return sender_luv
