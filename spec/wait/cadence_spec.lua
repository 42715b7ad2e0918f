-- When a wait polls: the model of what jobs take, and the pauses that follow. bench/cadence.lua has the simulation.
local cadence = require "heygen.wait.cadence"

local MINUTE = 60
local unpack = table.unpack or unpack

local function model_of(...)
  local model = cadence.model "video"
  for _, seconds in ipairs { ... } do
    model:learn(seconds, true)
  end
  return model
end

-- When a wait polls until a moment, in seconds since the create.
local function times(pace, stop, ...)
  local list, elapsed = {}, 0
  while elapsed < stop do
    elapsed = elapsed + pace:next(elapsed, ...)
    list[#list + 1] = elapsed
  end
  return list
end

-- The longest pause within two ages.
local function longest(list, from, to)
  local most, before = 0, 0
  for _, at in ipairs(list) do
    if at > from and before < to then
      most = math.max(most, math.min(at, to) - math.max(before, from))
    end
    before = at
  end
  return most
end

local function numbers(line)
  local found = {}
  for name, value in line:gmatch "([%w_]+)=([%d.]+)" do
    found[name] = tonumber(value)
  end
  return found
end

describe("the simulation of the pace", function()
  -- What bench/cadence.lua prints, by kind of jobs and rule.
  local function run(jobs)
    local lua = arg and arg[-1] or "lua5.4"
    local pipe =
      assert(io.popen(("%s bench/cadence.lua %d"):format(lua:find "lua" and lua or "lua5.4", jobs)))
    local found = {}
    for line in pipe:lines() do
      local kind, rule = line:match 'jobs="(.-)" rule="(.-)"'
      found[kind] = found[kind] or {}
      found[kind][rule] = numbers(line)
    end
    pipe:close()
    return found
  end

  it("comes near the optimum, with and without a history #once", function()
    local found = run(20000)
    local lognormal = found["lognormal 22"]
    assert.is_true(lognormal["ours, no history"].of_optimum >= 80)
    assert.is_true(lognormal["ours, 30 jobs"].of_optimum >= 85)
    local count = 0
    for _, rules in pairs(found) do
      local simple, ours = rules["nothing for 8 minutes, then each 30 s"], rules["ours, no history"]
      assert.is_true(ours.of_optimum >= simple.of_optimum)
      for rule, each in pairs(rules) do
        assert.is_true(each.worst <= 30, rule)
      end
      count = count + 1
    end
    assert.equal(3, count)
  end)
end)

describe("a wait that knows nothing of its kind", function()
  it("polls soon after the create, and then not before an end is plausible", function()
    local list = times(cadence.new(cadence.model "video", {}), 10 * MINUTE)
    assert.same({ 10, 509, 538 }, { list[1], list[2], list[3] })
  end)

  it("sees no end later than 30 s from minute 8 on", function()
    local list = times(cadence.new(cadence.model "video", {}), 60 * MINUTE)
    assert.is_true(longest(list, 8 * MINUTE, 60 * MINUTE) <= 29)
    assert.is_true(#list < 140)
  end)

  it("polls other jobs from the first minute on", function()
    local list = times(cadence.new(cadence.model "other", {}), 20 * MINUTE)
    assert.is_true(longest(list, 60, 20 * MINUTE) <= 29)
  end)

  it("polls once a minute at least where progress is shown", function()
    local list = times(cadence.new(cadence.model "video", { on_progress = print }), 10 * MINUTE)
    assert.is_true(longest(list, 0, 8 * MINUTE) <= 60)
    assert.is_true(#list < 20)
  end)

  it("never pauses for nothing or for ever, whatever the age is", function()
    for _, age in ipairs { 0, 9.999, 10, 10.001, 479, 480, 481, 3600, 14400, 1e6, 1e9 } do
      for _, model in ipairs {
        cadence.model "video",
        cadence.model "other",
        model_of(1, 2, 3),
        model_of(14000),
      } do
        local pause = model:pause(age)
        assert.is_true(pause >= 1 and pause <= 530, age .. ": " .. pause)
      end
    end
  end)
end)

describe("a wait that knows what jobs have taken", function()
  it("begins earlier where they were shorter", function()
    local model = model_of(300, 310, 290)
    assert.is_true(model:plausible() < 300)
    local list = times(cadence.new(model, {}), 10 * MINUTE)
    assert.is_true(longest(list, 270, 600) <= 29)
  end)

  it("begins later only where many have taken equally long", function()
    assert.equal(480, model_of(2700):plausible())
    assert.equal(480, model_of(1000, 2000, 3000):plausible())
    local same = {}
    for index = 1, 60 do
      same[index] = 2700
    end
    local model = model_of(unpack(same))
    assert.is_true(model:plausible() > 20 * MINUTE and model:plausible() <= 0.9 * 2700)
    local list = times(cadence.new(model, {}), 50 * MINUTE)
    assert.is_true(longest(list, model:plausible(), 50 * MINUTE) <= 29)
    assert.is_true(longest(list, 509, 50 * MINUTE) <= 300)
    assert.is_true(longest(list, 509, model:plausible()) > 200)
  end)

  it("polls more often where the ends are", function()
    local ends = {}
    for index = 1, 50 do
      ends[index] = 1500 + 10 * index
    end
    local model = model_of(unpack(ends))
    assert.is_true(model:pause(1700) < model:pause(1200))
    assert.is_true(model:hazard(1700) > 10 * model:hazard(1000))
  end)

  it("learns from waits that gave up that jobs take longer", function()
    local model, before = cadence.model "video", cadence.model "video"
    for _ = 1, 20 do
      model:learn(2000, false)
    end
    assert.is_true(model:hazard(1500) < before:hazard(1500) / 3)
    assert.equal(480, model:plausible())
  end)

  it("forgets the shortest after a hundred others", function()
    local model = model_of(30)
    assert.is_true(model:plausible() < 30)
    for _ = 1, 100 do
      model:learn(1200, true)
    end
    assert.is_true(model:plausible() >= 480)
  end)

  it("takes no notice of what cannot be a duration", function()
    local model = cadence.model "video"
    for _, seconds in ipairs { 0, -1, 0 / 0, math.huge, 1e9 } do
      model:learn(seconds, true)
    end
    assert.same({ 480, cadence.model("video"):hazard(1000) }, { model:plausible(), model:hazard(1000) })
  end)

  it("expects an end that is never before the present", function()
    local model = cadence.model "video"
    local before = 0
    for age = 0, 4000, 100 do
      local expected = model:expected(age)
      assert.is_true(expected > age and expected >= before)
      before = expected
    end
    assert.is_true(model:expected(0) > 20 * MINUTE and model:expected(0) < 40 * MINUTE)
  end)

  it("is one model for each kind of a client", function()
    local models = {}
    assert.equal(cadence.of(models, "video"), cadence.of(models, "video"))
    assert.not_equal(cadence.of(models, "video"), cadence.of(models, "other"))
  end)
end)

describe("the percentage of a job", function()
  it("brings a poll forward", function()
    local pace = cadence.new(cadence.model "video", {})
    assert.near(0.7 * 60, pace:next(60, 50), 0.001) -- 60 s for the first half
  end)

  it("never delays one", function()
    local pace = cadence.new(cadence.model "video", {})
    assert.is_true(pace:next(1200, 1) <= 29)
  end)

  it("brings none forward by less than 10 s, and none when it stands still", function()
    local pace = cadence.new(cadence.model "video", {})
    assert.equal(10, pace:next(60, 99))
    assert.equal(10, pace:next(70, 99))
    assert.equal(509 - 80, pace:next(80, 99))
  end)

  it("says nothing when it is 0, 100, or missing", function()
    for _, percent in ipairs { 0, 100, false } do
      local pace = cadence.new(cadence.model "video", {})
      assert.equal(509 - 60, pace:next(60, percent or nil))
    end
  end)
end)

describe("an interval of the caller", function()
  it("is the first pause, and grows by half up to the usual one", function()
    local pace = cadence.new(cadence.model "video", { interval = 40 })
    local list = {}
    for index, age in ipairs { 0, 40, 100, 600 } do
      list[index] = pace:next(age)
    end
    assert.same({ 10, 60, 90, 29 }, list)
  end)

  it("is never exceeded by more than max_interval says, whatever the model would do", function()
    local pace = cadence.new(model_of(2000), { interval = 1, max_interval = 5, strict = true })
    local list = {}
    for index = 1, 6 do
      list[index] = pace:next(index, 50, true, true)
    end
    assert.same({ 1, 1.5, 2.25, 3.375, 5, 5 }, list)
  end)

  it("is begun with again where the wait is to hurry", function()
    local pace = cadence.new(cadence.model "video", {})
    pace:hasten(3)
    assert.same({ 3, 4.5 }, { pace:next(100), pace:next(103) })
  end)
end)

describe("a wait among others", function()
  it("polls every 29 s from minute 8 on, and no more often", function()
    local list = times(cadence.new(model_of(1700, 1750, 1800), {}), 40 * MINUTE, nil, true)
    for index = 3, #list do
      assert.is_true(list[index] - list[index - 1] >= 29)
    end
  end)

  it("asks a session for its video soon, at 5 minutes, and every 2 minutes then", function()
    local pace, list = cadence.new(cadence.model "video", {}), {}
    for index, age in ipairs { 0, 10, 300, 420 } do
      list[index] = pace:next(age, nil, true, true)
    end
    assert.same({ 10, 290, 120, 120 }, list)
  end)
end)
