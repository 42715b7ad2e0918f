-- The API's one table (heygen.endpoints) and what the simulator adds to it, against the published facts: every
-- parameter, limit, enum and default, and every field of an answer, both ways.
local contract = require "spec.support.contract"
local simulated = require "heygen.sim.contract"

describe("the table of the API #once", function()
  it("differs nowhere from the published facts", function()
    assert.equal("", table.concat(contract.differences(), "\n"))
  end)

  it("is compared with all the facts", function()
    local facts, full, lines = contract.facts(), 0, 0
    for _, fact in pairs(facts) do
      full = full + (fact.full and 1 or 0)
      lines = lines + #fact.lines
    end
    assert.equal(95, full)
    assert.is_true(lines > 1500, lines .. " lines")
  end)

  it("has the codes of errors with their statuses, and the types of events", function()
    local _, errors, events = contract.facts()
    assert.same(errors, simulated.ERRORS)
    assert.same(events, simulated.EVENTS)
    assert.equal(32, #events)
  end)
end)
