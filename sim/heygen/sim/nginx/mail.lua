-- Webhooks from nginx: one worker checks at short intervals for what is due and what is done.
local ngx = require "ngx"
local sender = require "heygen.sim.core.sender"

local mail = {}

local EVERY = 0.02

--- To be called in each worker; the first one does the work. One that is started again sends what was not settled.
---@param model table
---@param follower table see heygen.sim.nginx.follower
---@param log function (text)
function mail.start(model, follower, log)
  if ngx.worker.id() ~= 0 then
    return
  end
  local own = sender.new(model, {
    log = log,
    alone = function(...)
      return follower:alone(...)
    end,
  })
  ngx.timer.every(EVERY, function(premature)
    if premature then
      return own:close()
    end
    follower:catch_up()
    local at = model:next_due()
    if at and at <= model.clock:now() then
      own:send_due()
    end
    own:step()
  end)
end

return mail
