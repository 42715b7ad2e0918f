-- The simulator's table against the published facts, which lie beside it in a form of their own: contract.txt has a
-- line for every endpoint, and for those that are fully known one for every field: * required, ~ nullable, its bounds,
-- its values.
local contract = require "heygen.sim.contract"
local types = require "heygen.sim.contract.types"

local FACTS = "spec/support/contract.txt"

local function sorted(t)
  local names = {}
  for name in pairs(t) do
    names[#names + 1] = name
  end
  table.sort(names)
  return names
end

local function number(value)
  return value and string.format("%.14g", value) or ""
end

local function flags(field)
  local low = field.above and ">" .. number(field.above) or number(field.min)
  if field.required and (field.format == "mime" or field.format == "color") then
    -- The facts only say that it is a text; nothing of these formats is empty.
    low = "1"
  end
  local text = (field.required and "*" or "") .. (field.nullable and "~" or "")
  if low ~= "" or field.max then
    text = text .. " " .. low .. ".." .. number(field.max)
  end
  if field.enum then
    local many = #field.enum == #contract.EVENTS
    text = text .. " " .. (many and "EVENTS" or table.concat(field.enum, "|"))
  end
  return text
end

local function is_file(field)
  return field.type == "union" and field.variants.asset_id ~= nil
end

local walk

local function walk_fields(fields, path, add)
  for _, name in ipairs(sorted(fields)) do
    walk(fields[name], path .. name, add)
  end
end

function walk(field, path, add)
  if is_file(field) then
    local plain = { required = field.required, nullable = field.nullable }
    return add(path .. " file" .. flags(plain))
  elseif field.type == "any" then
    return
  end
  if field.type == "union" then
    add(path .. " union " .. field.by .. flags(field))
    for _, name in ipairs(sorted(field.variants)) do
      local variant = path .. "<" .. name .. ">"
      add(variant)
      walk_fields(field.variants[name].fields, variant .. ".", add)
    end
  elseif field.type == "object" then
    add(path .. (field.fields and " object" or " free") .. flags(field))
    walk_fields(field.fields or {}, path .. ".", add)
  elseif field.type == "array" then
    add(path .. " array" .. flags(field))
    walk(field.items, path .. "[]", add)
  else
    add(path .. " " .. field.type .. flags(field))
  end
end

local function body_lines(endpoint, add)
  local body = endpoint.body
  if endpoint.id == "videos.batches.create" then
    body = types.with(body)
    local list = body.videos
    body.videos = nil
    walk_fields(body, "body.", add)
    add("body.videos array" .. flags(list))
    add("body.videos[] as videos.create")
    local same
    for _, each in ipairs(contract.ENDPOINTS) do
      same = same or (each.id == "videos.create" and each.body == list.items)
    end
    assert.is_true(same)
  elseif body.type then
    walk(body, "body", add)
  else
    walk_fields(body, "body.", add)
  end
end

-- The lines of an endpoint.
local function lines_of(endpoint)
  local lines = {}
  local function add(line)
    lines[#lines + 1] = "  " .. line
  end
  for _, name in ipairs(sorted(endpoint.query or {})) do
    local field = endpoint.query[name]
    local default = field.default ~= nil and " default " .. tostring(field.default) or ""
    add("query." .. name .. " " .. field.type .. (field.type == "ids" and "" or flags(field) .. default))
  end
  if endpoint.body then
    body_lines(endpoint, add)
  end
  if endpoint.answer.type == "object" and endpoint.answer.fields then
    walk_fields(endpoint.answer.fields, "data.", add)
  else
    walk(endpoint.answer, "data", add)
  end
  table.sort(lines)
  return lines
end

local function read_facts()
  local rows, errors, events, last = {}, {}, {}, nil
  for line in io.lines(FACTS) do
    local code, status = line:match "^error (%S+) (%d+)$"
    local event = line:match "^event (%S+)$"
    if code then
      errors[code] = tonumber(status)
    elseif event then
      events[#events + 1] = event
    elseif line:find "^  " then
      last.lines[#last.lines + 1] = line
    else
      local id, method, path, rest = line:match "^(%S+) (%S+) (%S+)(.*)$"
      last = { id = id, method = method, path = path, rest = rest, lines = {} }
      rows[id] = last
    end
  end
  return rows, errors, events
end

describe("the simulator's contract", function()
  local facts, errors, events = read_facts()

  it("has all codes of errors with their statuses", function()
    assert.same(errors, contract.ERRORS)
  end)

  it("has all types of events", function()
    assert.same(events, contract.EVENTS)
    assert.equal(30, #events)
  end)

  it("has all endpoints, and no other", function()
    local known, count = {}, 0
    for _, endpoint in ipairs(contract.ENDPOINTS) do
      local row = facts[endpoint.id]
      assert.is_table(row, endpoint.id)
      assert.equal(row.method .. " " .. row.path, endpoint.method .. " " .. endpoint.path)
      assert.is_nil(known[endpoint.id], endpoint.id)
      known[endpoint.id], count = true, count + 1
    end
    for id in pairs(facts) do
      assert.is_true(known[id], id)
    end
    assert.equal(89, count)
  end)

  local full = 0
  for _, endpoint in ipairs(contract.ENDPOINTS) do
    local row = facts[endpoint.id]
    if row and row.lines[1] then
      full = full + 1
      it("says of " .. endpoint.id .. " what is published", function()
        local extra = (endpoint.status and " " .. endpoint.status or "") .. (endpoint.list and " list" or "")
        assert.equal(row.rest, extra)
        table.sort(row.lines)
        assert.equal(table.concat(row.lines, "\n"), table.concat(lines_of(endpoint), "\n"))
      end)
    end
  end

  it("has them all in full that are known in full", function()
    assert.equal(37, full)
  end)
end)
