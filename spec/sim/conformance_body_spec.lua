-- Every endpoint with a body, asked in every right and every wrong way that the contract knows.
local conform = require "spec.support.conform"
local contract = require "heygen.sim.contract"
local core = require "heygen.core"
local judge = require "spec.support.judge"
local world = require "spec.support.world"

local VARIABLES = { headline = "x" }

-- What a free object must hold to be understood.
local function adapt(endpoint, body)
  if endpoint.id == "templates.generate" then
    if type(body.variables) == "table" and body.variables[1] == nil and not body.variables.some then
      body.variables = VARIABLES
    end
    local size = body.dimension
    if type(size) == "table" and size.width == 4096 and size.height == 4096 then
      size.height = 2304 -- 16:9, as the template
    end
    if type(body.scene_ids) == "table" and body.scene_ids[1] == "x" then
      body.scene_ids = { "main" }
    end
  elseif endpoint.id == "video_translations.create" and body.fps_mode and not body.audio then
    body.audio = body.video
  end
  return body
end

local function ask(sim, endpoint, body)
  return sim:ask(endpoint.method, sim:path(endpoint), core.encode(body))
end

local function right(sim, endpoint, body, what)
  local status, value = ask(sim, endpoint, adapt(endpoint, body))
  local message = endpoint.id .. ", " .. what
  if status >= 300 then
    message = message .. ": " .. tostring(value.error.message)
  end
  assert.equal(endpoint.status or 200, status, message)
  assert.equal("", judge.answer(endpoint, value), message)
end

local function wrong(sim, endpoint, violation, label)
  local before = sim.model.ids.a
  local status, value = ask(sim, endpoint, adapt(endpoint, violation.body))
  local message = string.format("%s %s: %s %s", endpoint.id, label, violation.param, violation.what)
  assert.equal(violation.status, status, message)
  local problem = value.error
  assert.equal("invalid_parameter", problem.code, message)
  assert.equal(violation.param, problem.param, message)
  assert.is_string(problem.message, message)
  assert.equal("https://developers.heygen.com/docs/error-codes#invalid-parameter", problem.doc_url)
  -- Nothing was made: no id was drawn.
  assert.equal(before, sim.model.ids.a, message)
end

describe("the contract of bodies", function()
  local count = 0

  for _, endpoint in ipairs(contract.ENDPOINTS) do
    if endpoint.body then
      it("is kept by " .. endpoint.id, function()
        local sim = world.new()
        for _, full in ipairs { false, true } do
          for _, made in ipairs(conform.bodies(endpoint, full, sim.ids)) do
            right(world.new(), endpoint, made.body, (full and "all of " or "the least of ") .. made.label)
          end
        end
        for _, made in ipairs(conform.bodies(endpoint, false, sim.ids)) do
          for _, edge in ipairs(conform.edges(made, sim.ids)) do
            right(sim, endpoint, edge.body, edge.what)
          end
        end
        for _, made in ipairs(conform.bodies(endpoint, true, sim.ids)) do
          for _, violation in ipairs(conform.violations(made, sim.ids)) do
            -- The content of these files is checked in the spec of jobs.
            local read = endpoint.id == "video_translations.update_proofread_srt"
            if violation.status == 200 and not read then
              right(sim, endpoint, violation.body, violation.param .. " " .. violation.what)
            elseif violation.status ~= 200 then
              wrong(sim, endpoint, violation, made.label)
              count = count + 1
            end
          end
        end
      end)

      it("is kept in what is no object: " .. endpoint.id, function()
        local sim = world.new()
        for _, body in ipairs { "[1]", "nonsense", "{", '"text"', "12" } do
          local status, value = sim:ask(endpoint.method, sim:path(endpoint), body)
          assert.equal(400, status, body)
          assert.equal("invalid_parameter", value.error.code)
        end
      end)
    end
  end

  it("was tried in many ways", function()
    -- A table that lost its fields would pass everything above.
    assert.is_true(count > 5000, count .. " violations")
  end)
end)
