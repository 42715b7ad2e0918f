-- The client's checks of bodies against the simulator's, which are a second implementation of the same table: what the
-- service would refuse is not sent, and what is right is sent as it was given.
local arguments = require "heygen.api.arguments"
local conform = require "spec.support.conform"
local contract = require "heygen.sim.contract"
local endpoints = require "heygen.endpoints"

-- method and path -> row of the simulator
local published = {}
for _, endpoint in ipairs(contract.ENDPOINTS) do
  published[endpoint.method .. " " .. endpoint.path] = endpoint
end

local function their(row)
  return published[row.method .. " " .. row.path]
end

local function call_name(row)
  return row.group .. ":" .. row.name
end

-- Paths of the service begin at 0.
local function from_one(path)
  return (path:gsub("%[(%d+)%]", function(index)
    return ("[%d]"):format(index + 1)
  end))
end

local FILES = {}
for name in
  ("audio consent_video file files image project reference_images references source srt video"):gmatch "%S+"
do
  FILES[name] = true
end

-- Whether the client rightly does not refuse this.
local function is_apart(call, path, what, body)
  local name = path:match "[^.]+$"
  if call == "avatars:update" or call == "brand_kits:create" or call == "brand_glossaries:create" then
    return what == "is missing"
  elseif name == "color" or name == "value" then
    return what == "is of the wrong format" or what == "is empty"
  end
  if what == "is of type string" and FILES[path:gsub("%[%d+%]$", ""):match "[^.]+$"] then
    return true -- the path of a file
  end
  -- The form of a body, of a scene or of a file need not be said where another field tells it.
  return name == "type" and what == "is missing" and body ~= nil
end

local function fits(row, given)
  local args, body, extra = {}, {}, {}
  for name, value in pairs(given) do
    local place = row.newer and row.newer[name] and extra or body
    place[name] = value
  end
  body.extra = next(extra) and extra or nil
  for index in ipairs(row.path_params) do
    args[index] = "id"
  end
  args[#args + 1] = body
  return arguments.check(row, args)
end

describe("a body #slow", function()
  local refused = 0

  local function right(row, body, what)
    local call, message = fits(row, body)
    assert.is_truthy(call, ("%s, %s: %s"):format(call_name(row), what, tostring(message)))
    assert.same(body, call.body, what)
  end

  local function wrong(row, violation)
    local what = ("%s: %s %s"):format(call_name(row), violation.param, violation.what)
    local call, _, param = fits(row, violation.body)
    if not is_apart(call_name(row), violation.param, violation.what, violation.body) then
      assert.is_nil(call, what)
      -- An array in place of a file is refused for its first item.
      local wanted = from_one(violation.param)
      if violation.what ~= "is of type array" or param ~= wanted .. "[1]" then
        assert.equal(wanted, param, what)
      end
      refused = refused + 1
    end
  end

  for _, row in ipairs(endpoints) do
    local endpoint = their(row)
    if endpoint.body then
      it("is refused wherever the service would refuse it: " .. call_name(row), function()
        for _, full in ipairs { false, true } do
          for _, made in ipairs(conform.bodies(endpoint, full, {})) do
            right(row, made.body, (full and "all of " or "the least of ") .. made.label)
            for _, edge in ipairs(not full and conform.edges(made, {}) or {}) do
              right(row, edge.body, edge.what)
            end
            for _, violation in ipairs(full and conform.violations(made, {}) or {}) do
              if violation.status == 200 then
                right(row, violation.body, violation.param .. " " .. violation.what)
              else
                wrong(row, violation)
              end
            end
          end
        end
      end)
    end
  end

  it("was tried in many ways", function()
    assert.is_true(refused > 4000, refused .. " refused")
  end)
end)
