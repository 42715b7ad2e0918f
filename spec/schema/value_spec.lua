-- Field specs that the present endpoints do not use to the full, and ids on their own.

local child = require "spec.support.child"
local core = require "heygen.core"
local locale = require "spec.support.locale"
local objects = require "heygen.schema.object"
local values = require "heygen.schema.value"

values.types.object, values.types.union = objects.object, objects.union

local function result(spec, value)
  local checked, problem, where, mistake = values.check(spec, value)
  if problem then
    return (where or "") .. ": " .. problem .. (mistake and " (mistake)" or "")
  end
  return checked
end

describe("values.check", function()
  it("takes numbers in their range", function()
    local spec = { type = "number", min = 0.5, max = 1.5 }
    assert.equal(0.5, result(spec, 0.5))
    assert.equal(1, result(spec, 1))
    assert.equal(": expected a number from 0.5 to 1.5, got 1.6", result(spec, 1.6))
    assert.equal(": expected a number from 0.5 to 1.5, got NaN", result(spec, 0 / 0))
    assert.equal(": expected a number from 0.5 to 1.5, got string (mistake)", result(spec, "1"))
    assert.equal(": expected a number <= 3, got 4", result({ type = "number", max = 3 }, 4))
    assert.equal(": expected a number, got -infinity", result({ type = "number" }, -math.huge))
  end)

  it("takes integers up to 2^53", function()
    local spec = { type = "integer" }
    assert.equal(9007199254740992, result(spec, 2 ^ 53))
    assert.equal(-9007199254740992, result(spec, -2 ^ 53))
    assert.equal(": expected an integer, got 1.8014398509482e+16", result(spec, 2 ^ 54))
    assert.equal(": expected an integer, got 1e+300", result(spec, 1e300))
  end)

  it("makes integers of whole floats where Lua has them", function()
    if math.type then
      assert.equal("integer", math.type(result({ type = "integer" }, 3.0)))
    end
    assert.equal("3", values.query_text({ type = "integer" }, result({ type = "integer" }, 3.0)))
  end)

  it("takes arrays of any item", function()
    local spec = { type = "array", min = 1, items = { type = "string", max = 3 } }
    assert.same({ "a", "b" }, result(spec, { "a", "b" }))
    assert.equal(": empty, at least 1 item is needed", result(spec, {}))
    assert.equal("[2]: 4 characters, at most 3 are allowed", result(spec, { "a", "abcd" }))
    assert.equal(": expected an array, got boolean (mistake)", result(spec, true))
    assert.equal(
      ": 1 items, at least 2 items are needed",
      result({ type = "array", min = 2, items = spec }, { {} })
    )
  end)

  it("takes objects by their fields", function()
    local spec = {
      type = "object",
      fields = {
        speed = { type = "number", min = 0.5, max = 1.5 },
        locale = { type = "string", nullable = true },
        parts = {
          type = "array",
          items = { type = "object", fields = { name = { type = "string", required = true } } },
        },
      },
    }
    local given = { speed = 1, locale = core.null, parts = { { name = "a" } } }
    local checked = result(spec, given)
    assert.same(given, checked)
    assert.are_not.equal(given, checked)
    assert.equal(".speed: expected a number from 0.5 to 1.5, got 9", result(spec, { speed = 9 }))
    assert.equal(
      ".parts[2].name: missing, a string is required (mistake)",
      result(spec, { parts = { { name = "a" }, {} } })
    )
    assert.equal(
      ".parts[1].name: expected a string, got number (mistake)",
      result(spec, { parts = { { name = 1 } } })
    )
    assert.equal('.sped: unknown field, did you mean "speed"? (mistake)', result(spec, { sped = 1 }))
    assert.equal(": expected a table, got string (mistake)", result(spec, "x"))
  end)

  it("takes free objects as they are", function()
    local given = { a = { 1, "x", { b = false } } }
    assert.equal(given, result({ type = "object" }, given))
    assert.equal(
      ".a[2]: a function cannot be sent (mistake)",
      result({ type = "object" }, { a = { 1, print } })
    )
    assert.equal(": expected a table, got number (mistake)", result({ type = "object" }, 5))
  end)

  it("takes free values of 32 levels", function()
    local function nest(levels)
      local value = {}
      for _ = 2, levels do
        value = { value }
      end
      return value
    end
    assert.is_table(result({ type = "any" }, nest(32)))
    assert.equal(
      ("[1]"):rep(32) .. ": more than 32 levels deep, does a table hold itself? (mistake)",
      result({ type = "any" }, nest(33))
    )
  end)

  it("takes null only where it is allowed", function()
    assert.equal(core.null, result({ type = "string", nullable = true }, core.null))
    assert.equal(
      ": null is not allowed, leave the field out (mistake)",
      result({ type = "string" }, core.null)
    )
  end)
end)

describe("values.query_text", function()
  it("is not led astray by a locale with a decimal comma #native", function()
    local path = locale.make()
    local output = child.must(
      [[
        local values = require "heygen.schema.value"
        assert(os.setlocale("comma", "numeric"), "no such locale")
        assert(jit or ("%.1f"):format(1 / 2) == "0,5", "the locale has no comma") -- LuaJIT has its own
        print(values.query_text({ type = "number" }, 1 / 4))
      ]],
      "LOCPATH=" .. path
    )
    locale.remove(path)
    assert.equal("0.25", output)
  end)

  it("writes every type", function()
    assert.equal("true", values.query_text({ type = "boolean" }, true))
    assert.equal("false", values.query_text({ type = "boolean" }, false))
    assert.equal("0.7", values.query_text({ type = "number" }, 0.7))
    assert.equal("100", values.query_text({ type = "integer" }, 100))
    assert.equal("a%3Db", values.query_text({ type = "string" }, "a=b"))
    assert.equal("", values.query_text({ type = "string" }, ""))
  end)
end)

describe("values.id", function()
  it("leaves unreserved characters alone", function()
    local id = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~"
    assert.equal(id, values.id(id))
    assert.equal("-x", values.id "-x")
    assert.equal("~", values.id "~")
  end)

  it("does not depend on the locale", function()
    local latin = os.setlocale("en_US.ISO-8859-1", "ctype") or os.setlocale("de_DE.ISO-8859-1", "ctype")
    local id, problem = values.id "\233"
    os.setlocale("C", "ctype")
    assert.is_nil(id)
    assert.equal("invalid UTF-8 at byte 1", problem, latin)
  end)
end)
