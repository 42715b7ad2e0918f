-- What the service tells others: the end of a run becomes an event, an event deliveries, a delivery attempts.
--
-- Events and deliveries follow from records and time alone (see heygen.sim.core.ledger): every process that holds the
-- model knows them; what came of an attempt is a record of its own (model:settle).
local heap = require "heygen.sim.core.heap"
local urls = require "heygen.schema.url"
local random = require "heygen.sim.core.random"
local schedule = require "heygen.sim.core.schedule"
local tell = require "heygen.sim.service.tell"
local text = require "heygen.sim.core.text"

local outbox = {}
outbox.__index = outbox

local RETRY_CAP = 4 * 3600

---@param model table
---@return table outbox
function outbox.new(model)
  return setmetatable({
    model = model,
    ends = heap.new(),
    waiting = heap.new(),
    rows = {},
    by_id = {},
  }, outbox)
end

-- ---- from runs to events

--- Waits for the end of a run; again whenever its end has moved.
---@param run table see heygen.sim.core.schedule
function outbox:watch(run)
  local at = schedule.ends(run)
  run.awaited = at and at ~= run.told_at and self.ends:push(at, run) or nil
end

local function first_attempt(b, event, delivery_id)
  local at = event.at + b.webhook_delay
  if b.webhook_scatter > 0 then
    at = at + random.new(text.hash(delivery_id)):fraction() * b.webhook_scatter
  end
  local window = b.webhook_reversed
  if window > 0 then
    -- What falls into one window is due in the mirrored order right after it.
    local stop = (math.floor(at / window) + 1) * window
    at = stop + (stop - at) / 1000
  end
  return at
end

local function add_delivery(self, event, b, receiver)
  for _ = 0, b.webhook_duplicates do
    event.sent = (event.sent or 0) + 1
    local delivery = {
      id = event.id .. "-" .. event.sent,
      event = event,
      b = b,
      url = receiver.url,
      endpoint = receiver.endpoint,
      state = "waiting",
      attempts = {},
    }
    delivery.next_at = first_attempt(b, event, delivery.id)
    delivery.item = self.waiting:push(delivery.next_at, delivery)
    self.rows[#self.rows + 1] = delivery
    self.by_id[delivery.id] = delivery
  end
end

-- Forgets the oldest of those that are over, when there are too many.
local function forget(self)
  local room = self.model.journal.room
  if #self.rows < 2 * room then
    return
  end
  local kept, surplus = {}, #self.rows - room
  for _, delivery in ipairs(self.rows) do
    local over = delivery.state ~= "waiting" and delivery.state ~= "sending"
    if over and surplus > 0 then
      surplus = surplus - 1
      self.by_id[delivery.id] = nil
    else
      kept[#kept + 1] = delivery
    end
  end
  self.rows = kept
end

local function wants(endpoint, event)
  if not endpoint or endpoint.status ~= "enabled" then
    return false
  elseif endpoint.entity_id and endpoint.entity_id ~= event.entity_id then
    return false
  elseif not endpoint.events then
    return true
  end
  for _, name in ipairs(endpoint.events) do
    if name == event.type then
      return true
    end
  end
  return false
end

--- Something has happened: notes it, and sets its deliveries up.
---@param event table { id, type, at, data, entity_id }
---@param b table behaviour
---@param callback_url string|nil the receiver that was named with the request
---@param only_callback boolean|nil no registered endpoint hears of it
function outbox:happened(event, b, callback_url, only_callback)
  local rows = self.model.events.rows
  rows[#rows + 1] = event
  if callback_url then
    add_delivery(self, event, b, { url = callback_url })
  end
  for _, endpoint in ipairs(self.model.webhooks.rows) do
    if not only_callback and wants(endpoint, event) then
      add_delivery(self, event, b, { url = endpoint.url, endpoint = endpoint })
    end
  end
  forget(self)
end

--- Makes the events of everything that has ended by now.
---@param now number simulated Unix seconds
function outbox:advance(now)
  local item = self.ends:take(now)
  while item do
    local run = item.what
    if run.awaited == item then
      run.awaited = nil
      -- A moment later: the schedule's sums may be off by less than a microsecond.
      local state = schedule.state(run, item.at + 0.001)
      if state.running then
        self:watch(run)
      else
        run.told_at = item.at
        tell.ended(self, run, state, item.at)
      end
    end
    item = self.ends:take(now)
  end
end

--- A batch was made: when nothing of it can be made, that is its end.
---@param batch table see heygen.sim.service.batches
function outbox:batched(batch)
  tell.batch(self, batch, self.model.clock:now())
end

-- ---- attempts

--- When something is due next.
---@return number|nil at simulated Unix seconds
function outbox:next()
  local a, b = self.ends[1], self.waiting[1]
  return a and b and math.min(a.at, b.at) or (a or b) and (a or b).at
end

local function is_loopback(url)
  local host = url:match "^%w+://([^/?#]*)"
  return host ~= nil and urls.is_loopback((host:gsub("^.*@", ""):gsub(":%d+$", "")))
end

-- Why a delivery is not to be made at all; nil when it is.
local function obstacle(self, delivery)
  local endpoint = delivery.endpoint
  if endpoint and self.model.webhooks.by_id[endpoint.id] ~= endpoint then
    return "the endpoint was deleted"
  elseif endpoint and endpoint.status ~= "enabled" then
    return "the endpoint is disabled"
  elseif self.model.receivers ~= "any" and not is_loopback(endpoint and endpoint.url or delivery.url) then
    return "not a loopback address (heygen-sim --receivers any sends everywhere)"
  end
end

--- The attempts to make now; each must be followed by model:settle.
---@param now number simulated Unix seconds
---@return table effects list of { kind = "webhook", id, method, url, headers = list of {name, value}, body,
---   timeout = real seconds }
function outbox:due(now)
  self:advance(now)
  local effects = {}
  local item = self.waiting:take(now)
  while item do
    local delivery = item.what
    if delivery.item == item then
      delivery.item = nil
      local reason = obstacle(self, delivery)
      if reason then
        self.model:settle(delivery.id, { drop = reason })
      else
        delivery.state = "sending"
        effects[#effects + 1] = tell.effect(self.model, delivery)
      end
    end
    item = self.waiting:take(now)
  end
  return effects
end

--- Notes what came of an attempt.
---@param id string the delivery
---@param result string an HTTP status; or the reason why there is none; with "!" before it when it is to be given up
---@param at number simulated Unix seconds
function outbox:settled(id, result, at)
  local delivery = self.by_id[id]
  if not delivery or (delivery.state ~= "waiting" and delivery.state ~= "sending") then
    return
  end
  local status, dropped = tonumber(result:match "^%d+$"), result:match "^!(.*)$"
  delivery.item, delivery.next_at = nil, nil
  if dropped then
    delivery.state, delivery.reason = "dropped", dropped
    return
  end
  local attempts, b = delivery.attempts, delivery.b
  attempts[#attempts + 1] = { at = at, status = status, error = not status and result or nil }
  if status and status >= 200 and status < 300 then
    delivery.state = "delivered"
    return
  end
  local next_at = at + math.min(RETRY_CAP, b.webhook_retry * 2 ^ (#attempts - 1))
  if next_at > delivery.event.at + b.webhook_give_up then
    delivery.state = "given_up"
    return
  end
  delivery.state, delivery.next_at = "waiting", next_at
  delivery.item = self.waiting:push(next_at, delivery)
end

--- The last deliveries, oldest first, as they can be put into JSON.
---@param limit number
---@return table list
function outbox:last(limit)
  local list, null, json = {}, self.model.json.null, self.model.json
  for i = math.max(1, #self.rows - limit + 1), #self.rows do
    local delivery = self.rows[i]
    local attempts = {}
    for n, each in ipairs(delivery.attempts) do
      attempts[n] = { time = each.at, status = each.status or null, error = each.error or null }
    end
    list[#list + 1] = {
      id = delivery.id,
      event_id = delivery.event.id,
      event_type = delivery.event.type,
      entity_id = delivery.event.entity_id or null,
      created_at = delivery.event.at,
      url = delivery.endpoint and delivery.endpoint.url or delivery.url,
      endpoint_id = delivery.endpoint and delivery.endpoint.id or null,
      signed = delivery.endpoint ~= nil,
      state = delivery.state,
      reason = delivery.reason or null,
      attempts = json.array(attempts),
      next_at = delivery.next_at or null,
    }
  end
  return list
end

return outbox
