-- Every endpoint keeps the rules of the ledger: what was done once, done again from its records, gives the same.
local conform = require "spec.support.conform"
local contract = require "heygen.sim.contract"
local core = require "heygen.core"
local world = require "spec.support.world"

-- What is deleted cannot be asked any more: deletions come last, and that of a group after that of its look.
local function order()
  local rows = {}
  for turn = 1, 3 do
    for _, endpoint in ipairs(contract.ENDPOINTS) do
      local group = endpoint.id == "avatars.delete"
      if turn == (group and 3 or endpoint.method == "DELETE" and 2 or 1) then
        rows[#rows + 1] = endpoint
      end
    end
  end
  return rows
end

local function body_of(sim, endpoint)
  if endpoint.multipart then
    return world.upload "\137PNG\r\n\26\n...."
  elseif not endpoint.body then
    return ""
  end
  local body = conform.bodies(endpoint, true, sim.ids)[1].body
  if endpoint.id == "templates.generate" then
    body.variables, body.scene_ids, body.dimension = { headline = "x" }, nil, nil
  end
  return core.encode(body)
end

-- Everything that can be read, without the parts of URLs that are fresh each time.
local function all_answers(sim, paths)
  local seen = {}
  for _, path in ipairs(paths) do
    local status, _, response = sim:ask("GET", path)
    seen[#seen + 1] = path .. " " .. status .. " " .. response.body:gsub("Signature=[%x~]+", "")
  end
  return table.concat(seen, "\n")
end

describe("the ledger", function()
  it("has every change of every endpoint", function()
    local records = {}
    local sim = world.new {
      on_record = function(record)
        records[#records + 1] = record
        return true
      end,
    }
    local paths = {}
    for _, endpoint in ipairs(order()) do
      if endpoint.method == "GET" then
        local query = endpoint.id == "assets.list" and "?username=sim_user" or ""
        paths[#paths + 1] = sim:path(endpoint) .. query
      end
    end
    local before = #records
    for _, endpoint in ipairs(order()) do
      if endpoint.method ~= "GET" then
        local body, headers = body_of(sim, endpoint)
        headers = headers or {}
        headers["idempotency-key"] = endpoint.id
        local count = #records
        local status, _, response = sim:ask(endpoint.method, sim:path(endpoint), body, headers)
        assert.equal(endpoint.status or 200, status, endpoint.id .. response.body)
        assert.equal(count + 1, #records, endpoint.id)
        sim.model.clock:advance(17)
        if endpoint.method == "POST" then
          -- What was refused is not in it.
          sim:ask("POST", sim:path(endpoint), "nonsense")
        end
      end
    end
    assert.is_true(#records > before)

    local other = world.bare { behaviour = sim.behaviour }
    for _, record in ipairs(records) do
      assert(other.model:replay(record))
    end
    for _ = 1, 2 do
      other.model.clock:advance(sim.model.clock:now() - other.model.clock:now())
      assert.equal(all_answers(sim, paths), all_answers(other, paths))
      assert.equal(sim.model.ids.a, other.model.ids.a)
      sim.model.clock:advance(2000)
    end
  end)
end)
