-- From the options of the command line to a model: the same in every process that holds one.
local clock = require "heygen.sim.core.clock"
local model = require "heygen.sim.core.model"

local setup = {}

--- A model with the settings of the command line.
---@param values table see heygen.sim.options
---@param source function real Unix seconds that never run backwards
---@param start number? simulated Unix seconds at the beginning (default: now)
---@return table|nil model
---@return string|nil message
function setup.model(values, source, start)
  local made, message = model.new {
    clock = clock.new { start = start or os.time(), speed = values.speed or 1, source = source },
    seed = values.seed,
    keys = values.keys,
    behaviour = values.behaviour,
    scenario = values.scenario,
    remember = values.remember,
    bodies = values.bodies,
    receivers = values.receivers,
    history = values.history,
  }
  if made and values.faults then
    local list = made.json.decode(values.faults, true)
    if type(list) ~= "table" then
      return nil, "--faults: expected a JSON array or object"
    end
    made.start.faults[3] = list[1] ~= nil and list or { list }
    local ok, problem = made:reset()
    if not ok then
      return nil, "--faults: " .. problem
    end
  end
  return made, message
end

return setup
