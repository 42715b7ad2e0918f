-- JSON: the rules that both directions keep, whichever lua-cjson is installed.
local cases = require "spec.support.json_cases"
local child = require "spec.support.child"
local core = require "heygen.core"
local locale = require "spec.support.locale"
local random = require "spec.support.random"

local NULL = core.null
local integers = math.type ~= nil

local function encoded(value, shape)
  return assert(core.encode(value, shape))
end

-- The message of a refusal.
local function refusal(value, shape)
  local text, message = core.encode(value, shape)
  assert.is_nil(text)
  return message
end

describe("core.encode", function()
  it("writes each kind of value", function()
    assert.equal("true", encoded(true))
    assert.equal("false", encoded(false))
    assert.equal("null", encoded(NULL))
    assert.equal('"text"', encoded "text")
    assert.equal('""', encoded "")
    assert.equal('"12"', encoded "12")
    assert.equal("12", encoded(12))
    assert.equal('{"a":{"b":[1,"2",false,null]}}', encoded { a = { b = { 1, "2", false, NULL } } })
    assert.equal("null", encoded(require("cjson").null))
  end)

  it("knows arrays from objects", function()
    assert.equal("[1,2]", encoded { 1, 2 })
    assert.equal("{}", encoded {})
    assert.equal('{"a":{}}', encoded { a = {} })
    assert.equal('{"1":true}', encoded { ["1"] = true })
    assert.equal("[[],{},[1]]", encoded { core.array {}, {}, { 1 } })
    local marked = {}
    assert.equal(marked, core.array(marked))
    assert.equal("[]", encoded(marked))
    marked[1] = "x"
    assert.equal('["x"]', encoded(marked))
    assert.equal("[]", encoded(core.array {}, { a = { type = "array" } }))
  end)

  it("sends empty arrays where the shape says array", function()
    local strings = { type = "array", items = { type = "string" } }
    assert.equal('{"files":[]}', encoded({ files = {} }, { files = strings }))
    assert.equal('{"files":["a"]}', encoded({ files = { "a" } }, { files = strings }))
    assert.equal('{"other":{}}', encoded({ other = {} }, { files = strings }))
    assert.equal("{}", encoded({}, { files = strings }))
    local deep = {
      a = {
        type = "object",
        fields = { list = { type = "array", items = { type = "object", fields = { ids = strings } } } },
      },
    }
    assert.equal('{"a":{"list":[{"ids":[]},{}]}}', encoded({ a = { list = { { ids = {} }, {} } } }, deep))
    assert.equal('{"a":{"list":[]}}', encoded({ a = { list = {} } }, deep))
    local nested = { rows = { type = "array", items = strings } }
    assert.equal('{"rows":[[],["x"],[]]}', encoded({ rows = { {}, { "x" }, {} } }, nested))
    assert.equal('{"files":"text"}', encoded({ files = "text" }, { files = strings }))
    assert.equal('{"files":null}', encoded({ files = NULL }, { files = strings }))
    -- A value called "type" is no specification of the table that it is in.
    assert.equal('{"type":"array"}', encoded({ type = "array" }, { type = { type = "string" } }))
  end)

  it("names the bad field by its path", function()
    assert.matches("^a: a function cannot be sent as JSON", refusal { a = print })
    assert.matches(
      "^files%[2%]%.url: invalid UTF%-8 at byte 1 ",
      refusal { files = { { url = "x" }, { url = "\255" } } }
    )
    assert.matches("^%[3%]: ", refusal { 1, 2, 0 / 0 })
    assert.matches("^a%.b%[1%]%[2%]%.c: ", refusal { a = { b = { { 1, { c = io.stdout } } } } })
    assert.matches("^[^:]*function", refusal(print))
    assert.matches("^a: .*thread", refusal { a = coroutine.create(function() end) })
    assert.matches("^a: .*userdata", refusal { a = io.stdout })
    assert.matches("^a%[2%]%.x: ", refusal({ a = { {}, { x = 1 / 0 } } }, { a = { type = "array" } }))
    assert.equal(
      "list[1].deep: not a number (NaN) cannot be sent as JSON",
      refusal({ list = { { deep = 0 / 0 } } }, { list = { type = "array", items = { type = "object" } } })
    )
    assert.matches("nil", refusal(nil))
    assert.has_error(function()
      core.encode()
    end)
  end)

  it("refuses NaN and the infinities", function()
    assert.equal("a: not a number (NaN) cannot be sent as JSON", refusal { a = 0 / 0 })
    assert.equal("a: not a number (NaN) cannot be sent as JSON", refusal { a = -(0 / 0) })
    assert.equal("a: an infinite number cannot be sent as JSON", refusal { a = math.huge })
    assert.equal("a: an infinite number cannot be sent as JSON", refusal { a = -math.huge })
  end)

  it("refuses sparse arrays, mixed keys and keys that are no strings", function()
    assert.matches("^a: .*gaps", refusal { a = { 1, 2, nil, 4 } })
    assert.matches("^a: ", refusal { a = { [1] = 1, [3] = 3 } })
    assert.matches("^a: ", refusal { a = { [2] = 2 } })
    assert.matches("^a: ", refusal { a = { 1, 2, x = 3 } })
    assert.matches("^a: ", refusal { a = { x = 3, [1.5] = 1 } })
    assert.matches("^a: ", refusal { a = { [1.5] = 1 } })
    assert.matches("^a: ", refusal { a = { [0] = 0, 1 } })
    assert.matches("^a: ", refusal { a = { [-1] = 0, 1 } })
    assert.matches("^a: ", refusal { a = { [true] = 1 } })
    assert.matches("^a: ", refusal { a = { [print] = 1 } })
    assert.matches("string keys", refusal({ 1, 2 }, {}))
    assert.matches("^a: ", refusal({ a = { x = 1 } }, { a = { type = "array" } }))
    assert.matches("^a: ", refusal { a = core.array { x = 1 } })
  end)

  it("refuses tables that contain themselves, and what is nested too deeply", function()
    local loop = {}
    loop.loop = loop
    assert.matches("contain itself", refusal(loop))
    local ring = { {} }
    ring[1][1] = ring
    assert.matches("contain itself", refusal(ring))
    local function nested(levels, wrap)
      local value = wrap {}
      for _ = 2, levels do
        value = wrap { a = value }
      end
      return value
    end
    local function plain(t)
      return t
    end
    assert.equal(string.rep('{"a":', 99) .. "{}" .. string.rep("}", 99), encoded(nested(100, plain)))
    assert.matches("nested too deeply", refusal(nested(101, plain)))
    assert.equal(encoded(nested(100, plain)), encoded(nested(100, plain), {}))
    assert.matches("nested too deeply", refusal(nested(101, plain), {}))
    local shared = { x = 1 }
    assert.equal('[{"x":1},{"x":1}]', encoded { shared, shared })
  end)

  it("refuses every class of invalid UTF-8", function()
    local bad = {
      ["a lone continuation byte"] = "a\128",
      ["an overlong NUL"] = "a\192\128",
      ["an overlong slash"] = "a\193\175",
      ["a truncated pair"] = "a\195",
      ["a truncated triple"] = "a\226\130",
      ["a truncated quad"] = "a\240\159\152",
      ["an overlong triple"] = "a\224\128\175",
      ["an overlong quad"] = "a\240\128\128\175",
      ["a surrogate"] = "a\237\160\128",
      ["the last surrogate"] = "a\237\191\191",
      ["more than U+10FFFF"] = "a\244\144\128\128",
      ["five bytes"] = "a\248\136\128\128\128",
      ["0xFE"] = "a\254",
      ["0xFF"] = "a\255",
      ["a sequence cut by a letter"] = "a\226\130x",
      ["Latin-1"] = "a\233b",
    }
    for what, text in pairs(bad) do
      local _, message = core.encode { text = text }
      assert.equal("text: invalid UTF-8 at byte 2 (send text as UTF-8)", message, what)
      assert.is_nil(core.encode { [text] = 1 }, what)
      assert.same({ nil, 2 }, { core.utf8_length(text) }, what)
    end
    for _, good in ipairs {
      "\194\128",
      "\223\191",
      "\224\160\128",
      "\237\159\191",
      "\238\128\128",
      "\239\191\191",
    } do
      assert.equal('"' .. good .. '"', encoded(good))
    end
    assert.equal('"\240\144\128\128\244\143\191\191"', encoded "\240\144\128\128\244\143\191\191")
  end)

  it("escapes quotes, backslashes and control characters, and nothing else", function()
    assert.equal([["\"\\\b\f\n\r\t/"]], encoded '"\\\b\f\n\r\t/')
    for byte = 0, 127 do
      local text = encoded(string.char(byte))
      local must = byte < 32 or byte == 34 or byte == 92 or byte == 127
      assert.equal(must, text:sub(2, 2) == "\\", "byte " .. byte)
      assert.equal(string.char(byte), core.decode("[" .. text .. "]")[1])
    end
    assert.equal([["a\u0000b"]], encoded "a\0b")
    assert.equal([[{"a\u0000\n":1}]], encoded { ["a\0\n"] = 1 })
  end)

  it("keeps integers whole up to 2^53, and beyond where Lua does", function()
    assert.equal("9007199254740991", encoded(2 ^ 53 - 1))
    assert.equal("9007199254740992", encoded(2 ^ 53))
    assert.equal("-9007199254740992", encoded(-(2 ^ 53)))
    assert.equal("100000000000000", encoded(1e14))
    assert.equal("1711382400", encoded(1711382400.0))
    assert.equal("0", encoded(-0.0))
    assert.equal("1e+300", encoded(1e300))
    if integers then
      assert.equal("9007199254740993", encoded(math.tointeger "9007199254740993" or 9007199254740993))
      local largest = math.tointeger "9223372036854775807" or tonumber "9223372036854775807"
      assert.equal("9223372036854775807", encoded(largest))
      assert.equal("-9223372036854775808", encoded(-largest - 1))
    end
  end)

  it("writes floats that read back the same (seed 20261123)", function()
    local next_random = random.new(20261123)
    for _ = 1, 2000 do
      local mantissa = (next_random() - 0.5) * 2 ^ random.integer(next_random, 0, 52) + next_random()
      local number = mantissa * 10 ^ random.integer(next_random, -300, 280)
      local text = encoded { number }
      assert.equal(number, core.decode(text)[1], text)
      assert.equal(number, tonumber(text:sub(2, -2)), text)
    end
    assert.equal("0.1", encoded(0.1))
    assert.equal("0.30000000000000004", encoded(0.1 + 0.2))
    assert.equal(5e-324, core.decode("[" .. encoded(5e-324) .. "]")[1])
  end)

  it("gives back what it was given (seed 7)", function()
    local next_random = random.new(7)
    local function value(depth)
      local kind = random.integer(next_random, 1, depth > 0 and 6 or 4)
      if kind == 1 then
        return random.integer(next_random, -1000, 1000)
      elseif kind == 2 then
        return next_random() < 0.5
      elseif kind == 3 then
        return ('x\n"é\0'):rep(random.integer(next_random, 0, 3))
      elseif kind == 4 then
        return next_random()
      end
      local t = {}
      for n = 1, random.integer(next_random, 1, 4) do
        t[kind == 5 and n or "key" .. n] = value(depth - 1)
      end
      return t
    end
    for _ = 1, 300 do
      local given = { value(4) }
      assert.equal(cases.show(given), cases.show(core.decode(encoded(given))))
    end
  end)

  it("never changes the caller's tables, and calls no metamethods", function()
    local function fail()
      error "must not be called"
    end
    local value = setmetatable(
      { a = { 1 } },
      { __index = fail, __newindex = fail, __len = fail, __pairs = fail }
    )
    assert.equal('{"a":[1]}', encoded(value, { b = { type = "array" } }))
    assert.equal(1, value.a[1])
  end)

  it("writes large bodies", function()
    local list = {}
    for n = 1, 20000 do
      list[n] = { id = n, text = "some text\n" }
    end
    local back = core.decode(encoded(list))
    assert.equal(20000, #back)
    assert.same(list[20000], back[20000])
    assert.equal('["' .. ("\\n"):rep(300000) .. '"]', encoded { ("\n"):rep(300000) })
  end)
end)

describe("core.decode", function()
  it("gives the same on every kind of text", function()
    assert.same({}, cases.problems(core.decode))
  end)

  it("reads an answer as a Lua program wants it", function()
    local video =
      core.decode '{"id":"v","duration":12.5,"created_at":1711382400.0,"url":null,"tags":["a",null,"b"]}'
    assert.is_nil(video.url)
    assert.equal("1711382400", tostring(video.created_at))
    assert.equal(2, #video.tags)
    assert.same({ "a", "b" }, video.tags)
    assert.equal(NULL, core.decode('{"a":null}', true).a)
    assert.same({ nil, "the document is null" }, { core.decode "null" })
  end)

  it("reads leniently what services send", function()
    local function read(text)
      return assert(core.decode(text, false, true))
    end
    for text, wanted in pairs {
      ["cut \\ud83d"] = "cut \239\191\189",
      ["\\ud83d\\ude00"] = "\240\159\152\128",
      ["\\ude00 alone"] = "\239\191\189 alone",
      ["\\ud83d\\ud83d\\ude00"] = "\239\191\189\240\159\152\128",
      ["\\ud83d\\u0041"] = "\239\191\189A",
      ["\\\\ud83d \\ud83d"] = "\\ud83d \239\191\189", -- the first is a backslash and letters
      ["a\nb\tc\1"] = "a\nb\tc\1",
      ["NaN"] = "NaN",
    } do
      assert.equal(wanted, read('{"a":"' .. text .. '"}').a)
    end
    assert.same(
      { a = { 1, 2 }, c = "Infinity" },
      read '{"a":[1,NaN,-Infinity,2],"b":Infinity,"c":"Infinity","d":1e999}'
    )
    assert.same({ a = 1 }, read '\239\187\191{"a":1}')
    assert.same({ a = core.null }, core.decode('{"a":NaN}', true, true))
    for _, text in ipairs {
      '{"a":NaN',
      '{"a":-}',
      '{"a":"\\ud83"}',
      "NaN",
      "\239\187\191",
      '{"a":-NaN}',
      '"\\',
    } do
      assert.is_nil((core.decode(text, false, true)), text)
    end
    for _, text in ipairs { '{"a":NaN}', "\239\187\191{}", '{"a":"\\ud83d"}' } do
      assert.is_nil((core.decode(text)), text)
    end
  end)

  it("reads ids that are numbers as text, with all their digits", function()
    local answer = assert(
      core.decode(
        '{"id":4815162342,"video_id":9007199254740993,"asset_ids":[1,9007199254740995,"c"],"paid":5,"x_id":1.5,'
          .. '"list":[{"job_id":0}],"z_id":-1,"ids":{"x":3}}',
        false,
        true
      )
    )
    assert.same({ "4815162342", "9007199254740993" }, { answer.id, answer.video_id })
    assert.same({ "1", "9007199254740995", "c" }, answer.asset_ids)
    assert.same({ 5, 1.5, "0", -1, 3 }, {
      answer.paid,
      answer.x_id,
      answer.list[1].job_id,
      answer.z_id,
      answer.ids.x,
    })
    assert.equal(5, core.decode('{"id":5}').id)
    for _, digits in ipairs {
      "9007199254740991",
      "9007199254740992",
      "9007199254740993",
      "98765432109876543210",
    } do
      assert.equal(digits, core.decode('{"id":' .. digits .. "}", false, true).id)
    end
  end)

  it("keeps whole numbers beyond 2^53 where Lua has integers", function()
    local text =
      '{"a":9007199254740993,"b":[-9223372036854775807],"c":123456789012345678901234567890,"d":"9007199254740993"}'
    local answer = assert(core.decode(text, false, true))
    assert.equal("9007199254740993", answer.d)
    assert.equal(tonumber "123456789012345678901234567890", answer.c)
    if math.type then
      assert.same(
        { "9007199254740993", "-9223372036854775807" },
        { tostring(answer.a), tostring(answer.b[1]) }
      )
    else
      assert.equal(2 ^ 53, answer.a)
    end
  end)

  it("gives errors as values, and raises for what is no string", function()
    local value, message = core.decode '{"a":'
    assert.is_nil(value)
    assert.is_string(message)
    assert.has_error(function()
      core.decode(12)
    end)
    assert.has_error(function()
      core.decode(nil)
    end)
    assert.has_no.errors(function()
      core.decode "[1e400,-1e400]"
      core.decode '"\\ud800"'
      core.decode('{"a":' .. ("9"):rep(100000) .. "}")
      core.decode('{"' .. ("k"):rep(100000) .. '":1}')
    end)
  end)

  it("survives random damage (seed 99)", function()
    local next_random = random.new(99)
    local whole =
      '{"data":{"id":"v_1","n":[1,2.5,null,-3e2],"t":"\\u00e9\\n","ok":true,"x":{}},"has_more":false}'
    for _ = 1, 3000 do
      local at = random.integer(next_random, 1, #whole)
      local damaged = whole:sub(1, at - 1)
        .. string.char(random.integer(next_random, 0, 255))
        .. (next_random() < 0.5 and whole:sub(at + 1) or "")
      local ok, value, message = pcall(core.decode, damaged)
      assert(ok, damaged)
      assert(value ~= nil or type(message) == "string", damaged)
    end
  end)

  it("neither uses nor changes settings of cjson made elsewhere", function()
    local cjson = require "cjson"
    local before = cjson.decode_max_depth()
    assert.is_nil(core.decode(string.rep("[", 101) .. string.rep("]", 101)))
    assert.equal(before, cjson.decode_max_depth())
    cjson.decode_max_depth(3)
    local value = core.decode "[[[[[1]]]]]"
    cjson.decode_max_depth(before)
    assert.same({ { { { { 1 } } } } }, value)
  end)

  it("knows its arrays also when the module is loaded again", function()
    local marked = core.array {}
    local name = "heygen.core"
    package.loaded[name] = nil
    local again = require(name)
    package.loaded[name] = core
    assert.equal("[]", again.encode(marked))
  end)

  it("reads and writes as usual with the other kind of lua-cjson", function()
    local output = child.must [[
      local null = require("cjson").null
      package.loaded.cjson = nil
      local used
      package.preload.cjson = function()
        local fork = require("spec.support.cjson_fork").new(null)
        local new = fork.new
        fork.new = function(...)
          used = true
          return new(...)
        end
        return fork
      end
      local core = require "heygen.core"
      local cases = require "spec.support.json_cases"
      for _, problem in ipairs(cases.problems(core.decode)) do
        print(problem)
      end
      assert(core.encode { null, require("cjson").null } == "[null,null]")
      assert(used, "the stand-in was not used")
      print "done"
    ]]
    assert.equal("done", output)
  end)

  it("is not led astray by a locale with a decimal comma #native", function()
    local path = locale.make()
    local output = child.must(
      [[
        local core = require "heygen.core"
        local cases = require "spec.support.json_cases"
        local function check(when)
          assert(core.encode { 0.5, 1e300 } == "[0.5,1e+300]", when)
          local read = assert(core.decode "[1.5,-2.5e-1]")
          assert(read[1] == 3 / 2 and read[2] == -1 / 4, when)
        end
        check "in C"
        assert(os.setlocale("comma", "numeric"), "no such locale")
        assert(jit or ("%.1f"):format(1 / 2) == "0,5", "the locale has no comma") -- LuaJIT has its own
        check "after the change"
        os.setlocale("C", "numeric")
        check "back in C"
        os.setlocale("comma", "numeric")
        package.loaded["heygen.core"] = nil
        core = require "heygen.core"
        check "loaded with a comma"
        print "done"
      ]],
      "LOCPATH=" .. path
    )
    locale.remove(path)
    assert.equal("done", output)
  end)
end)
