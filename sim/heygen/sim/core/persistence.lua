-- A model and its state file: what the file says is played, what the command line asks for goes over it, and every
-- change from then on is written before it is answered. A change that cannot be written is undone in the model.
local journal = require "heygen.sim.core.journal"
local ledger = require "heygen.sim.core.ledger"

local persistence = {}

local function order(model, method, target, value)
  local body = value and assert(model.json.encode(value)) or ""
  return model:handle { method = method, target = target, headers = {}, body = body }
end

-- What the command line asks for now, over what the state says; as records, so that others who play them know.
local function adjust(model, values, wanted, had_faults)
  local changes, start = {}, {}
  for name, value in pairs(model.start.behaviour) do
    start[name] = value
  end
  for name, value in pairs(wanted) do
    start[name] = value
    if model.behaviour[name] ~= value then
      changes[name] = value
    end
  end
  model.start.behaviour = start
  if next(changes) then
    order(model, "POST", "/_sim/behaviour", changes)
  end
  if values.speed then
    model.start_speed = values.speed
    if values.speed ~= model.clock.speed then
      order(model, "POST", "/_sim/clock", { speed = values.speed })
    end
  end
  -- Faults are a script for one run: those of the last one are over.
  if had_faults then
    order(model, "DELETE", "/_sim/faults")
    for _, list in ipairs(model.start.faults) do
      if list[1] then
        order(model, "POST", "/_sim/faults", model.json.array(list))
      end
    end
  end
end

local function play(store, model, seed)
  local had_faults = false
  for i, record in ipairs(store.records) do
    if i == 1 and seed and seed ~= model.json.decode(record.body).seed then
      return nil, store.path .. ": it was begun with another --seed"
    end
    local ok, message = model:replay(record)
    if not ok then
      return nil, string.format("%s: record %d cannot be played: %s", store.path, i, tostring(message))
    end
    had_faults = had_faults or record.target == "/_sim/faults"
  end
  return true, had_faults
end

-- Brings a model back to what the file says, when a change of it could not be written there.
local function restore(store, model, refused)
  local kept = { "journal", "noise", "start_speed" }
  if refused.target:sub(1, 6) ~= "/_sim/" and refused.method ~= "START" then
    -- How often each has fired.
    kept[#kept + 1] = "faults"
  end
  local before, behaviour = {}, model.start.behaviour
  for _, name in ipairs(kept) do
    before[name] = model[name]
  end
  model.journal = journal.new(1)
  for _, record in ipairs(store:reread()) do
    model:replay(record)
  end
  for _, name in ipairs(kept) do
    model[name] = before[name]
  end
  model.start.behaviour = behaviour
end

--- Brings a fresh model to the state of the file, and has it kept there from now on.
---@param store table see heygen.sim.core.store
---@param model table fresh; its clock's source shows real Unix seconds
---@param values table the command line: seed and speed when they were given
---@param wanted table the behaviours that the command line names
---@return number|nil count of records played, string|nil message
function persistence.attach(store, model, values, wanted)
  local ok, had_faults = play(store, model, values.seed)
  if not ok then
    return nil, had_faults
  end
  local count, last = #store.records, store.records[#store.records]
  store.records = nil
  function model.on_record(record)
    local written, message = store:add(record)
    -- An attempt of a webhook that is forgotten is only made again.
    if not written and record.method ~= "SETTLE" then
      restore(store, model, record)
    end
    return written, message
  end
  if count == 0 then
    local message
    ok, message = ledger.add(model, ledger.start(model))
    return ok and 0, message
  end
  -- The machine's clock may have been set back since; that of the service must not run backwards.
  local back = (last.real - model.clock.source()) * model.clock.speed
  if back > 0 then
    order(model, "POST", "/_sim/clock", { advance = back })
  end
  adjust(model, values, wanted, had_faults)
  return count
end

return persistence
