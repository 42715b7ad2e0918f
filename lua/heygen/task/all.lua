-- heygen.all: functions side by side, each as a task; the first failure does not lose the results of the others.
local errors = require "heygen.errors"
local drivers = require "heygen.driver"
local task = require "heygen.task.task"
local tasks = require "heygen.task.tasks"

local unpack = task.unpack

local all = {}

-- One result: the value, or the error that stands for it.
local function outcome(self)
  if self.raised ~= nil then
    local raised = self.raised
    if errors.is(raised) then
      return nil, raised
    end
    return nil, errors.new { kind = "raised", message = tostring(raised), cause = raised }
  end
  local value, message, err = unpack(self.results, 1, 3)
  if value == nil and message ~= nil then
    return nil, err or errors.new { kind = "raised", message = tostring(message) }
  end
  return value
end

-- Waits for one of the tasks; when the waiter is cancelled, so are all of them.
local function finish_one(started, index)
  if not started[index].ended then
    tasks.await(started[index], 4, function()
      for _, each in ipairs(started) do
        each:cancel()
      end
    end)
  end
end

local function check(list)
  if type(list) ~= "table" then
    return "expected an array of functions, got " .. type(list)
  end
  for index = 1, #list do
    if type(list[index]) ~= "function" then
      return ("[%d]: expected a function, got %s"):format(index, type(list[index]))
    end
  end
end

---Runs functions side by side; see heygen.all.
---@param list function[]
---@return any[]? results
---@return string? message
---@return heygen.Error? err
function all.run(list)
  local problem = check(list)
  if problem then
    error("heygen.all: " .. problem, 3)
  end
  if not drivers.place() then
    return tasks.spawn(all.run, list):join()
  end
  local started = {}
  for index = 1, #list do
    started[index] = tasks.spawn(list[index])
    started[index].observed = true
  end
  local results, failures, first_failure = {}, {}, nil
  for index = 1, #list do
    finish_one(started, index)
    results[index], failures[index] = outcome(started[index])
    first_failure = first_failure or failures[index]
  end
  if not first_failure then
    return results
  end
  -- A copy, so that the failure's own object does not hold all others.
  local fields = {}
  for key, value in pairs(first_failure) do
    fields[key] = value
  end
  fields.results, fields.errors = results, failures
  return errors.fail(fields)
end

return all
