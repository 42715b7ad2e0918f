-- Every endpoint is called, over the wire, with each parameter that its row has: the simulator takes the calls, and saw
-- each parameter under its name, in its place and as the JSON type that the contract says.
local account = require "spec.support.account"
local contract = require "heygen.sim.contract"
local core = require "heygen.core"
local endpoints = require "heygen.endpoints"
local live = require "spec.support.live"
local nodes = require "spec.support.nodes"
local samples = require "spec.support.samples"
local support = require "spec.support.sim"

local published = {}
for _, endpoint in ipairs(contract.ENDPOINTS) do
  published[endpoint.method .. " " .. endpoint.path] = endpoint
end

local function call_name(row)
  return row.group .. ":" .. row.name
end

local rows = {}
for _, row in ipairs(endpoints) do
  rows[call_name(row)] = row
end

local function sorted(map)
  local names = {}
  for name in pairs(map) do
    names[#names + 1] = name
  end
  table.sort(names)
  return names
end

-- ---- what a body shows ----

local NODE = { union = "object", any = "object" }

local mark

local function mark_fields(fields, node, path, seen)
  for name, field in pairs(fields) do
    if node.fields[name] then
      mark(field, node.fields[name], path .. "." .. name, seen)
    end
  end
end

-- Marks the paths of the contract that a node has, and fails where its kind is not the contract's.
function mark(field, node, path, seen)
  local wanted = NODE[field.type] or field.type
  if wanted == "number" and node.kind == "integer" then
    wanted = "integer" -- 24.0 is written as 24
  end
  assert.equal(wanted, node.kind, path)
  seen[path] = true
  if field.type == "array" then
    for _, item in ipairs(node) do
      mark(field.items, item, path .. "[]", seen)
    end
  elseif field.type == "object" and field.fields then
    mark_fields(field.fields, node, path, seen)
  elseif field.type == "union" then
    local kind = node.fields[field.by].text
    seen[path .. "<" .. kind .. ">"] = true
    mark_fields(field.variants[kind].fields, node, path .. "<" .. kind .. ">", seen)
  end
end

-- All paths that the contract has.
local function paths(field, path, list)
  list[#list + 1] = path
  if field.type == "array" then
    paths(field.items, path .. "[]", list)
  end
  for name, each in pairs(field.fields or {}) do
    paths(each, path .. "." .. name, list)
  end
  for kind, variant in pairs(field.variants or {}) do
    list[#list + 1] = path .. "<" .. kind .. ">"
    for name, each in pairs(variant.fields) do
      paths(each, path .. "<" .. kind .. ">." .. name, list)
    end
  end
  return list
end

local function body_field(endpoint)
  if endpoint.body.type == "union" then
    return endpoint.body
  end
  return { type = "object", fields = endpoint.body }
end

-- The same value as Lua has it, for what must not change on the way.
local function same(given, node, path)
  if type(given) == "table" then
    for key, value in pairs(given) do
      local child = type(key) == "number" and node[key] or node.fields and node.fields[key]
      assert.is_table(child, path .. "." .. tostring(key) .. " was not sent")
      same(value, child, path .. "." .. tostring(key))
    end
  elseif type(given) == "string" then
    assert.equal(given, core.decode('["' .. node.text .. '"]')[1], path)
  elseif type(given) == "number" then
    assert.equal(given, tonumber(node.text), path)
  else
    assert.equal(tostring(given), node.text, path)
  end
end

-- ---- what a query shows ----

local function unescape(text)
  return (text:gsub("%%(%x%x)", function(digits)
    return string.char(tonumber(digits, 16))
  end))
end

local function query_of(target)
  local found = {}
  for name, value in (target:match "%?(.*)$" or ""):gmatch "([^&=]+)=([^&]*)" do
    assert.is_nil(found[name], name .. " was sent twice")
    found[name] = unescape(value)
  end
  return found
end

local function query_text(value)
  if type(value) == "table" then
    return table.concat(value, ",")
  end
  return type(value) == "number" and ("%.14g"):format(value) or tostring(value)
end

describe("every endpoint #slow", function()
  local sim, client, id_of
  local called = 0

  setup(function()
    sim = support.start {
      speed = 0,
      bodies = 1e6,
      behaviour = { unknown_ids = "accepted", preparing = 0, asset_processing = 0, balance = 1e6 },
    }
    client = live.client(sim, { max_retries = 0 })
    id_of = account.new(sim, client)
  end)

  teardown(function()
    sim:stop()
  end)

  local function call(row, fields)
    local args = {}
    for index, id in ipairs(row.path_params) do
      args[index] = assert(id_of(row, id.name), call_name(row) .. " " .. id.name)
    end
    args[#args + 1] = fields
    local group = client[row.group]
    local value, message, err = group[row.name](group, (table.unpack or unpack)(args))
    local list = sim:requests(1)
    return value, message, list[1], err
  end

  local function check_request(row, request, fields)
    local path = row.path:gsub("{([^}]*)}", function(name)
      return id_of(row, name)
    end)
    assert.equal(row.method, request.method)
    assert.equal(path, (request.target:match "^[^?]*"))
    local has_key = request.headers["idempotency-key"] ~= nil
    assert.equal(row.method == "POST", has_key, call_name(row))
    local query = query_of(request.target)
    for name in pairs(row.query) do
      local wanted = fields[name] ~= nil and query_text(fields[name]) or nil
      assert.equal(wanted, query[name], call_name(row) .. " " .. name)
      query[name] = nil
    end
    assert.is_nil(next(query), call_name(row))
    if not row.body then
      assert.equal("", request.body)
      return nil
    end
    assert.equal("application/json", request.headers["content-type"])
    return nodes.read(request.body)
  end

  local function ids_of(row)
    return setmetatable({}, {
      __index = function(_, name)
        return id_of(row, name)
      end,
    })
  end

  -- Those that take something away come last, and parts before the whole.
  local ordered = {}
  for _, row in ipairs(endpoints) do
    if row.method ~= "DELETE" then
      ordered[#ordered + 1] = row
    end
  end
  for index = #endpoints, 1, -1 do
    if endpoints[index].method == "DELETE" then
      ordered[#ordered + 1] = endpoints[index]
    end
  end

  it("sends the token of a page as it was given", function()
    local count = 0
    for _, row in ipairs(endpoints) do
      if row.each and row.group ~= "avatars" then
        local fields = samples.calls(row, ids_of(row))[1]
        fields.token = "a=b+/c?&d"
        local _, _, request, err = call(row, fields)
        check_request(row, request, fields)
        assert.equal("token", err.param, call_name(row))
        count = count + 1
      end
    end
    assert.is_true(count > 15)
  end)

  it("keeps an empty list a list, and an empty table an object", function()
    local count = 0
    for _, row in ipairs(ordered) do
      for _, name in ipairs(samples.lists(row)) do
        local fields = samples.holding(row, name, ids_of(row))
        fields[name] = {}
        local value, message, request = call(row, fields)
        assert.is_truthy(value, message)
        local node = nodes.read(request.body).fields[name]
        assert.equal("array", node.kind, call_name(row) .. " " .. name)
        assert.is_nil(node[1])
        count = count + 1
      end
    end
    assert.equal(7, count) -- files (2), reference_images, references, events (2), scene_ids
    local _, _, request = call(rows["templates:generate"], { variables = {}, scene_ids = {} })
    assert.equal("object", nodes.read(request.body).fields.variables.kind)
    _, _, request = call(rows["assets:complete"], {})
    assert.equal("{}", request.body)
    _, _, request = call(rows["videos:create_batch"], {
      videos = { { prompt = "x", avatar_id = { "look_1" }, references = {} } },
    })
    assert.equal("array", nodes.read(request.body).fields.videos[1].fields.references.kind)
  end)

  it("sends null where it is allowed", function()
    local count = 0
    for _, row in ipairs(endpoints) do
      local fields = {}
      for name, spec in pairs(not (row.body_union or row.multipart) and row.body or {}) do
        fields[name] = spec.nullable and core.null or nil
        if spec.required then
          fields[name] = samples.calls(row, ids_of(row))[1][name]
        end
      end
      if next(fields) and row.name ~= "create_endpoint" then
        local _, _, request = call(row, fields)
        local sent = nodes.read(request.body).fields
        for name, given in pairs(fields) do
          if given == core.null then
            assert.equal("null", sent[name].kind, call_name(row) .. " " .. name)
            count = count + 1
          end
        end
      end
    end
    assert.is_true(count > 60, count .. " nulls")
  end)

  it("sends what this version does not know as it is", function()
    local create = rows["video_agents:create"]
    local newer = { visibility = "private", members = { "a", "b" } }
    local _, _, request = call(create, { prompt = "A video", extra = newer })
    local node = nodes.read(request.body)
    same(newer, node, "extra")
    assert.same({ "members", "prompt", "visibility" }, sorted(node.fields))
  end)

  for _, row in ipairs(ordered) do
    if not row.multipart then
      it("is called: " .. call_name(row), function()
        local endpoint = published[row.method .. " " .. row.path]
        local seen, asked = {}, {}
        for _, fields in ipairs(samples.calls(row, ids_of(row))) do
          fields.token = nil
          local value, message, request = call(row, fields)
          assert.is_truthy(value, call_name(row) .. ": " .. tostring(message))
          local node = check_request(row, request, fields)
          if node then
            mark(body_field(endpoint), node, "", seen)
            same(fields, node, call_name(row))
          end
          for name in pairs(fields) do
            asked[name] = true
          end
        end
        for name in pairs(row.query) do
          assert.is_true(asked[name] or name == "token", name)
        end
        for _, path in ipairs(endpoint.body and paths(body_field(endpoint), "", {}) or {}) do
          local newer = row.newer and row.newer[path:sub(2)]
          assert.is_true(seen[path] or newer, path .. " was not sent")
        end
        called = called + 1
      end)
    end
  end

  it("is one of those above", function()
    assert.equal(#endpoints - 1, called) -- uploads have a spec of their own
  end)
end)
