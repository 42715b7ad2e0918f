-- The texts of values, and ids on their own.

local child = require "spec.support.child"
local locale = require "spec.support.locale"
local values = require "heygen.schema.value"

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
