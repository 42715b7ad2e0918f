-- What the types say of answers (types/heygen/), against the contract of the simulator: the same fields, both ways,
-- of the same kinds, with the same closed sets; what may be absent is marked so, and nothing else is.
local contract = require "heygen.sim.contract"
local endpoints = require "heygen.endpoints"
local scripts = require "spec.support.scripts"
local shell = require "spec.support.shell"

local published = {}
for _, endpoint in ipairs(contract.ENDPOINTS) do
  published[endpoint.method .. " " .. endpoint.path] = endpoint
end

-- name -> { parent = ..., fields = name -> type }
local classes = {}

local function read(text)
  local class
  for line in text:gmatch "[^\n]+" do
    local name, parent = line:match "^%-%-%-@class heygen%.(%w+)%s*:?%s*h?e?y?g?e?n?%.?(%w*)"
    local field, rest = line:match "^%-%-%-@field ([%w_]+) (.+)$"
    if name then
      class = { parent = parent ~= "" and parent or nil, fields = {} }
      classes[name] = class
    elseif field and class and not rest:find "^fun%(" then
      class.fields[field] = rest:match '^[%w_%.%[%]|":%-]+%??'
    end
  end
end

for _, path in ipairs(shell.lines "ls types/heygen/*.lua") do
  read(scripts.read(path))
end

local function fields_of(name)
  local all = {}
  for _, each in ipairs { classes[name].parent or false, name } do
    for field, type_name in pairs(each and classes[each].fields or {}) do
      all[field] = type_name
    end
  end
  return all
end

local function sorted(map)
  local names = {}
  for name in pairs(map) do
    names[#names + 1] = name
  end
  table.sort(names)
  return names
end

local KINDS = { string = "string", integer = "integer", number = "number", boolean = "boolean" }

-- What several answers have, each of them in part; and what the facts do not say.
local SUMMED = {
  ClippingCreated = true,
  Deleted = true,
  Template = true,
  UploadedAsset = true,
  VideoAgentSession = true,
}

local seen_of = {} -- class -> all fields that some answer has

-- A closed set stands in the type, with all its values. Of a session, a create says less than a get.
local function check_literals(type_name, enum, where)
  local literals, count = {}, 0
  for literal in type_name:gmatch '"([^"]*)"' do
    literals[literal], count = true, count + 1
  end
  for _, value in ipairs(enum or {}) do
    assert.is_true(literals[value], where .. " " .. value)
  end
  local all = not enum or count == #enum or where == "video_agents:create.status"
  assert.is_true(all, where)
end

local check

local function check_object(class, fields, where, rename)
  local ours, theirs = fields_of(class), {}
  for name, field in pairs(fields) do
    theirs[rename and rename[name] or name] = field
  end
  seen_of[class] = seen_of[class] or {}
  for name, field in pairs(theirs) do
    assert.is_string(ours[name], where .. "." .. name .. " is not in heygen." .. class)
    seen_of[class][name] = true
    local optional = ours[name]:find "%?$" or ours[name]:find "|nil$"
    local always = (field.required and not field.nullable) == true
    assert.is_true(optional ~= nil or always, where .. "." .. name)
    if not SUMMED[class] then
      assert.equal(not always, optional ~= nil, where .. "." .. name .. " may be absent, or may not")
    end
    check(ours[name], field, where .. "." .. name, rename)
  end
  if not SUMMED[class] then
    assert.same(sorted(theirs), sorted(ours), where)
  end
end

function check(type_name, field, where, rename)
  local class, array = type_name:match "^heygen%.(%w+)(%[?%]?)"
  if field.type == "array" then
    assert.truthy(type_name:find("[]", 1, true), where)
    if class then
      check_object(class, field.items.fields, where .. "[]", rename)
    end
  elseif class then
    assert.equal("", array, where)
    check_object(class, field.fields, where)
  elseif field.type == "object" then
    assert.equal("table", type_name:match "^%a+", where)
  else
    local kind = type_name:find '^"' and "string" or type_name:match "^%a+"
    assert.equal(KINDS[field.type], kind, where)
    check_literals(type_name, field.enum, where)
  end
end

describe("the types of answers #once", function()
  for _, row in ipairs(endpoints) do
    it("have what comes: " .. row.group .. ":" .. row.name, function()
      local answer = published[row.method .. " " .. row.path].answer
      local class, array = row.returns:match "^(%a+)(%[?%]?)$"
      assert.is_table(classes[class], class)
      local where = row.group .. ":" .. row.name
      if answer.type == "array" then
        assert.equal("[]", array, where)
        local items = answer.items
        if items.type == "union" then -- found assets: all variants are alike
          local fields = { type = { type = "string", required = true } }
          for name, field in pairs(items.variants[next(items.variants)].fields) do
            fields[name] = field
          end
          items = { fields = fields }
        end
        check_object(class, items.fields, where, row.rename)
      elseif answer.fields then
        assert.equal("", array, where)
        -- An envelope's has_more and next_token are the page's, a batch's its own.
        check_object(class, answer.fields, where, row.batch and row.rename or nil)
      end
    end)
  end

  it("have nothing that never comes", function()
    for class in pairs(SUMMED) do
      assert.same(sorted(fields_of(class)), sorted(seen_of[class]), class)
    end
  end)
end)
