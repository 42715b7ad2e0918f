-- The API's one table (heygen.endpoints) and what the simulator adds to it, against the published facts: every
-- parameter, limit, enum and default, and every field of an answer, both ways. Where they are known to differ stands in
-- contract_differences.txt; a difference that is not there fails, and so does an entry that is none any more.
local contract = require "spec.support.contract"
local simulated = require "heygen.sim.contract"

local KNOWN = "spec/support/contract_differences.txt"

local function known_differences()
  local lines = {}
  for line in io.lines(KNOWN) do
    if not line:find "^#" then
      lines[#lines + 1] = line
    end
  end
  return lines
end

-- call .. line -> true
local function as_set(lines)
  local set, call = {}, nil
  for _, line in ipairs(lines) do
    call = line:match "^%S.*$" or call
    set[call .. line] = true
  end
  return set
end

local function missing(lines, from)
  local set, list, call = as_set(from), {}, nil
  for _, line in ipairs(lines) do
    call = line:match "^%S.*$" or call
    if not set[call .. line] then
      list[#list + 1] = call .. ": " .. line
    end
  end
  return table.concat(list, "\n")
end

describe("the table of the API #once", function()
  it("differs from the published facts only where that is known", function()
    local known, found = known_differences(), contract.differences()
    assert.equal("", missing(found, known), "not known (see the head of " .. KNOWN .. ")")
    assert.equal("", missing(known, found), "no differences any more")
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
