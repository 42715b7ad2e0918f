-- What decoding must give, whichever lua-cjson lies below. Each answer is compared as text, see `show`.
local cases = {}

local integers = math.type ~= nil

--- A value as text that tells integers from floats, with sorted keys.
function cases.show(value)
  if type(value) == "number" then
    if value ~= value then
      return "nan"
    end
    return integers and math.type(value) == "integer" and string.format("%d", value)
      or string.format("%.17g", value) .. (integers and "f" or "")
  elseif type(value) == "string" then
    return string.format("%q", value)
  elseif type(value) ~= "table" then
    return type(value) == "userdata" and "null" or tostring(value)
  end
  local fields = {}
  for key, item in pairs(value) do
    fields[#fields + 1] = cases.show(key) .. "=" .. cases.show(item)
  end
  table.sort(fields)
  return "{" .. table.concat(fields, ",") .. "}"
end

-- text, what 5.3 and newer show, what the others show when it differs
cases.values = {
  { "0", "0" },
  { "-0", "0", "-0" },
  { "1", "1" },
  { "-17", "-17" },
  { "1.0", "1" },
  { "1e3", "1000" },
  { "1711382400", "1711382400" },
  { "1.5", "1.5f", "1.5" },
  { "0.1", "0.10000000000000001f", "0.10000000000000001" },
  { "-2.5e-3", "-0.0025000000000000001f", "-0.0025000000000000001" },
  { "9007199254740991", "9007199254740991" },
  { "9007199254740992", "9007199254740992" },
  { "-9007199254740992", "-9007199254740992" },
  { "9007199254740994", "9007199254740994f", "9007199254740994" },
  { "9223372036854775807", "9.2233720368547758e+18f", "9.2233720368547758e+18" },
  { "9223372036854775808", "9.2233720368547758e+18f", "9.2233720368547758e+18" },
  { "-9223372036854775808", "-9.2233720368547758e+18f", "-9.2233720368547758e+18" },
  { "1e300", "1.0000000000000001e+300f", "1.0000000000000001e+300" },
  { "1e-400", "0" },
  { "true", "true" },
  { "false", "false" },
  { '""', '""' },
  { '"text"', '"text"' },
  { '"123"', '"123"' },
  { '"1.5"', '"1.5"' },
  { '["1", 1]', '{1="1",2=1}' },
  { '"\\u00e9\\u20ac\\ud83d\\ude00"', '"é€😀"' },
  { "[]", "{}" },
  { "{}", "{}" },
  { " [ 1 , 2 ] ", "{1=1,2=2}" },
  { '[1.0, [2.0, {"a": 3.0}]]', '{1=1,2={1=2,2={"a"=3}}}' },
  { '{"a":1,"a":2}', '{"a"=2}' },
  { '{"a":null}', "{}" },
  { '{"a":null,"b":1}', '{"b"=1}' },
  { '{"a":{"b":null,"c":{"d":null}}}', '{"a"={"c"={}}}' },
  { "[null]", "{}" },
  { "[null,1]", "{1=1}" },
  { "[1,null]", "{1=1}" },
  { "[1,null,2,null,null,3]", "{1=1,2=2,3=3}" },
  { '[{"a":null},null,[null,null]]', "{1={},2={}}" },
  { "[false,null,true]", "{1=false,2=true}" },
  { '{"1":"one","2":null}', '{"1"="one"}' },
}

-- The same with keep_null.
cases.with_nulls = {
  { "null", "null" },
  { '{"a":null,"b":[null,1.0]}', '{"a"=null,"b"={1=null,2=1}}' },
  { "[1,null,2]", "{1=1,2=null,3=2}" },
}

-- What is not JSON, or too much of it.
cases.refused = {
  "",
  " ",
  "{",
  "[",
  '"',
  "[1",
  "[1,",
  "[1,]",
  '{"a"',
  '{"a":',
  '{"a":1',
  '{"a":1,}',
  "{1:2}",
  "{a:1}",
  "tru",
  "nul",
  "True",
  "garbage",
  "<html></html>",
  "1 2",
  "[1] x",
  "{}}",
  "nan",
  "NaN",
  "[NaN]",
  "inf",
  "-inf",
  "Infinity",
  "[-Infinity]",
  "0x10",
  "[0x1F]",
  "01",
  "-",
  '"\\x"',
  '"\\u12"',
  "'a'",
  "\239\187\191{}", -- a byte order mark
  "\0",
  "{\0}",
  '{"a":"b\0c"}',
  "[1]\0[2]",
  "\255\254[\0]\0",
  "null",
  string.rep("[", 101) .. string.rep("]", 101),
  string.rep('{"a":', 101) .. "1" .. string.rep("}", 101),
  string.rep("[", 1000000),
}

--- Runs all cases over core.decode; returns what went wrong, one line each.
function cases.problems(decode)
  local problems = {}
  local function try(list, keep_null)
    for _, case in ipairs(list) do
      local wanted = not integers and case[3] or case[2]
      local called, value, message = pcall(decode, case[1], keep_null)
      local shown = called and (value == nil and "nil, " .. tostring(message) or cases.show(value)) or value
      if shown ~= wanted then
        problems[#problems + 1] = ("%s: wanted %s, got %s"):format(case[1], wanted, tostring(shown))
      end
    end
  end
  try(cases.values)
  try(cases.with_nulls, true)
  for _, text in ipairs(cases.refused) do
    local called, value, message = pcall(decode, text)
    if not called or value ~= nil or type(message) ~= "string" or message == "" then
      problems[#problems + 1] = ("%q: not refused but %s"):format(text:sub(1, 40), tostring(value))
    end
  end
  return problems
end

return cases
