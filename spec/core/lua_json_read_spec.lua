-- The quick reading of JSON gives what the reading by lua-cjson gives, or leaves a text to it: on the answers of the
-- service, on documents made by chance, and on the same with some bytes changed.
local child = require "spec.support.child"
local core = require "heygen.core"
local random = require "spec.support.random"

local THOROUGH = os.getenv "THOROUGH"
local DOCUMENTS = THOROUGH and 200000 or 4000

-- Values and kinds of numbers alike.
local function same(a, b)
  if type(a) ~= type(b) then
    return false
  elseif type(a) == "number" then
    return a == b and 1 / a == 1 / b and (not math.type or math.type(a) == math.type(b))
  elseif type(a) ~= "table" then
    return a == b
  end
  for key, value in pairs(a) do
    if not same(value, b[key]) then
      return false
    end
  end
  for key in pairs(b) do
    if a[key] == nil then
      return false
    end
  end
  return #a == #b
end

local function compare(text)
  for mode = 0, 3 do
    local keep_null, lenient = mode % 2 == 1, mode > 1
    local quick, problem = core.decode(text, keep_null, lenient)
    local slow, slow_problem = core.decode(text, keep_null, lenient, true)
    if not (same(quick, slow) and problem == slow_problem) then
      error(
        ("read in two ways (mode %d): %q: %s, %s"):format(
          mode,
          text,
          tostring(problem),
          tostring(slow_problem)
        ),
        0
      )
    end
  end
end

local STRINGS = {
  '""',
  '"a"',
  '"text of more than eight bytes"',
  '"a\\nb"',
  '"\\u00e9\\u20ac\\ud83d\\ude00"',
  '"\\u0000"',
  '"\\ud83d"',
  '"\\ude00x"',
  '"\\/\\b\\f\\r\\t\\"\\\\"',
  '"\\x"',
  '"\\u12"',
  '"\\uD83D\\u0041"',
  '"é€😀"',
  '"\255\128"',
  '"\127"',
  '"tab\there"',
  '"12345678901234567\\""',
  '"1234567\\"',
  '"\\u007f\\u0080\\u07ff\\u0800\\uffff"',
}
local NUMBERS = {
  "0",
  "-0",
  "1",
  "-1",
  "7",
  "12",
  "01",
  "1.5",
  "-1.25",
  "0.1",
  "0.30000000000000004",
  "1e3",
  "1E-2",
  "2.0",
  "100.000",
  "-0.0",
  "123456789012345",
  "1234567890123456",
  "9007199254740993",
  "-9223372036854775808",
  "99999999999999999999",
  "1.",
  ".5",
  "+1",
  "1e999",
  "NaN",
  "Infinity",
  "-",
  "0.000000000000001",
  "12345678.1234567",
  "1.7976931348623157e308",
  "0x10",
}
local NAMES = {
  '"id"',
  '"video_id"',
  '"asset_ids"',
  '"status"',
  '"data"',
  '"a\\u0062"',
  '"ids"',
  '"x"',
  '"\\ud800"',
  '""',
  '"grid"',
}
local BLANKS = { "", "", "", " ", "\n", "\t", "\r\n ", "\f", "\239\187\191" }

local function maker(chance)
  local function one(list)
    return list[chance(#list)]
  end
  local value
  local function items(depth, make)
    local list = {}
    for index = 1, chance(6) - 1 do
      list[index] = make(depth)
    end
    return table.concat(list, "," .. one(BLANKS))
  end
  local function member(depth)
    return one(NAMES) .. one(BLANKS) .. ":" .. value(depth)
  end
  function value(depth)
    local kind = chance(depth > 4 and 6 or 9)
    local text = kind < 3 and one(STRINGS)
      or kind < 5 and one(NUMBERS)
      or kind == 5 and one { "true", "false" }
      or "null"
    if kind == 7 or kind == 9 then
      text = "{" .. items(depth + 1, member) .. "}"
    elseif kind == 8 then
      text = "[" .. items(depth + 1, value) .. "]"
    end
    return one(BLANKS) .. text .. one(BLANKS)
  end
  return value
end

describe("the quick reading of JSON", function()
  it("agrees with lua-cjson on single values, and on their places", function()
    for _, list in ipairs {
      STRINGS,
      NUMBERS,
      { "true", "false", "null", "tru", "nul", "truex", "[]", "{}", "" },
    } do
      for _, text in ipairs(list) do
        for _, form in ipairs {
          "@",
          "[@]",
          "[@,@]",
          "[@,]",
          "[,@]",
          "[@ @]",
          "[@",
          "@]",
          '{"a":@}',
          '{"id":@}',
          '{"ids":[@,[@],{"x":@}]}',
          '{"a":@,"a":null}',
          '{"a":null,"a":@}',
          '{"a":@,}',
          '{"a":@',
          "{@:1}",
          "[@]x",
          " [@]\n",
          "{}@",
          '{"a"@}',
        } do
          compare((form:gsub("@", function()
            return text
          end)))
        end
      end
    end
  end)

  it("agrees on large lists and objects, and on deep ones", function()
    for _, count in ipairs { 1, 31, 32, 33, 63, 64, 65, 127, 128, 129, 1000 } do
      local members, items = {}, {}
      for index = 1, count do
        members[index] = ('"k%d":%s'):format(index % 900, index % 7 == 0 and "null" or index)
        items[index] = index % 5 == 0 and "null" or ('{"n":%d}'):format(index)
      end
      compare("{" .. table.concat(members, ",") .. "}")
      compare("[" .. table.concat(items, ",") .. "]")
      compare('{"data":[' .. table.concat(items, ",") .. '],"x":{' .. table.concat(members, ",") .. "}}")
    end
    for _, depth in ipairs { 31, 32, 33, 34, 99, 100, 101, 200 } do
      compare(("["):rep(depth) .. "1" .. ("]"):rep(depth))
      compare(('{"a":'):rep(depth) .. "1" .. ("}"):rep(depth))
    end
  end)

  it("agrees on documents made by chance, and on the same with some bytes changed", function()
    local following = random.new(tonumber(os.getenv "SEED") or 20261201)
    local function chance(most)
      return random.integer(following, 1, most)
    end
    local make = maker(chance)
    for _ = 1, DOCUMENTS do
      local text = make(0)
      compare(text)
      local at = chance(#text)
      compare(text:sub(1, at - 1) .. string.char(chance(256) - 1) .. text:sub(at + 1))
      compare(text:sub(1, at))
    end
  end)

  it("is used for what the service sends, without lua-cjson", function()
    local output = child.must [[
      package.preload.cjson = function() error "no lua-cjson here" end
      local core = require "heygen.core"
      local text = ' {"data": {"id": "v1", "duration": 12.5, "n": [1, null, "\\u00e9"], "x": null}}\n'
      local answer = core.decode(text, false, true)
      print(answer.data.id, answer.data.duration, #answer.data.n, answer.data.n[2], answer.data.x)
      print((pcall(core.decode, '{"id":1}')), (pcall(core.decode, '{"id":1}', false, true)))
      print((pcall(require("heygen").new, { api_key = "k" }))) -- which odd answers need
    ]]
    assert.matches("^v1\t12.5\t2\té\tnil\ntrue\tfalse\nfalse$", output)
  end)
end)
