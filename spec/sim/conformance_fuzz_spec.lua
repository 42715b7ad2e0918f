-- Random requests: whatever comes, every endpoint answers in the words of the service.
local conform = require "spec.support.conform"
local contract = require "heygen.sim.contract"
local core = require "heygen.core"
local random = require "heygen.sim.core.random"
local world = require "spec.support.world"

local ROUNDS = 60

-- Of all kinds, short and long, near to right and far from it.
local VALUES = {
  core.null,
  true,
  false,
  0,
  -1,
  1.5,
  1e300,
  "",
  "x",
  "https://example.com/a",
  "http://127.0.0.1:1/a",
  "\0\1\2",
  "\195\188",
  string.rep("long ", 3000),
  "../..",
  "%s%n",
  core.array {},
  core.array { core.null },
  core.array { 1, "two", core.array { 3 } },
  {},
  { type = "url" },
  { type = "asset_id", asset_id = "x" },
  { type = core.null },
  { ["1"] = 1 },
}

local function pick(source, list)
  return list[source:integer() % #list + 1]
end

local function copy(value)
  if type(value) ~= "table" then
    return value
  end
  local to = setmetatable({}, getmetatable(value))
  for key, each in pairs(value) do
    to[key] = copy(each)
  end
  return to
end

-- All tables in a value.
local function tables(value, list)
  list[#list + 1] = value
  for _, each in pairs(value) do
    if type(each) == "table" then
      tables(each, list)
    end
  end
  return list
end

local function keys(value)
  local list = {}
  for key in pairs(value) do
    list[#list + 1] = key
  end
  table.sort(list, function(x, y)
    return tostring(x) < tostring(y)
  end)
  return list
end

-- A few changes somewhere in a body.
local function disturb(source, body)
  body = copy(body)
  for _ = 1, source:integer() % 3 + 1 do
    local at = pick(source, tables(body, {}))
    local names = keys(at)
    if names[1] then
      at[pick(source, names)] = copy(pick(source, VALUES))
    end
  end
  return body
end

local function bytes(source, body)
  local kind = source:integer() % 4
  if kind == 0 then
    return body:sub(1, source:integer() % (#body + 1))
  elseif kind == 1 then
    local at = source:integer() % (#body + 1)
    return body:sub(1, at) .. string.char(source:integer() % 256) .. body:sub(at + 2)
  elseif kind == 2 then
    return string.rep("[", source:integer() % 3000)
  end
  return body .. body
end

local KNOWN = { [200] = true, [202] = true, [400] = true, [402] = true, [403] = true }
for _, status in ipairs { 404, 405, 409, 413, 422, 429 } do
  KNOWN[status] = true
end

local function sane(status, value, what)
  assert.is_true(KNOWN[status], what .. " gave " .. tostring(status))
  if status >= 300 then
    assert.equal("table", type(value), what)
    local code = value.error.code
    assert.is_true(
      contract.ERRORS[code] == status or status == 405 or status == 422,
      what .. " gave " .. code
    )
    assert.is_string(value.error.message)
  end
end

describe("anything at all", function()
  for number, endpoint in ipairs(contract.ENDPOINTS) do
    it("gets an answer from " .. endpoint.id, function()
      local source, sim = random.new(number), world.new()
      local made = endpoint.body and conform.bodies(endpoint, true, sim.ids)
      local form, headers = world.upload "\137PNG\r\n\26\n...."
      for _ = 1, ROUNDS do
        local body = ""
        if endpoint.multipart then
          body = bytes(source, form)
        elseif made then
          body = core.encode(disturb(source, pick(source, made).body))
          body = body and source:integer() % 4 == 0 and bytes(source, body) or body or "{"
        end
        local query = {}
        for _, name in ipairs(keys(endpoint.query or {})) do
          local value = pick(source, VALUES)
          if type(value) == "string" or type(value) == "number" then
            query[#query + 1] = name .. "=" .. core.escape(tostring(value))
          end
        end
        local path = endpoint.path:gsub("{([%w_]+)}", function(name)
          local real = source:integer() % 2 == 0 and sim:parameter(endpoint, name)
          return real
            or core.escape(pick(source, { "x", "a b", "\195\188", "..", "statuses", "batches", "looks" }))
        end)
        local target = path .. (query[1] and "?" .. table.concat(query, "&") or "")
        local status, value = sim:ask(endpoint.method, target, body, endpoint.multipart and headers or nil)
        sane(status, value, endpoint.method .. " " .. target .. " " .. body:sub(1, 300))
      end
      -- And it all still works.
      sim.model.clock:advance(5000)
      for _, path in ipairs {
        "/v3/videos",
        "/v3/video-agents",
        "/v3/webhooks/events",
        "/v3/users/me",
        "/_sim/state",
      } do
        assert.equal(200, (sim:ask("GET", path)))
      end
    end)
  end
end)
