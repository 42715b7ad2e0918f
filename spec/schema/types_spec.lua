-- Field specs that the present endpoints do not use to the full, and where local files are found in a value.

local core = require "heygen.core"
local types = require "heygen.schema.types"
local values = require "heygen.schema.value"

local function result(spec, value)
  local checked, problem, where, mistake = types.check(spec, value)
  if problem then
    return (where or "") .. ": " .. problem .. (mistake and " (mistake)" or "")
  end
  return checked
end

describe("types.check", function()
  it("takes numbers in their range", function()
    local spec = { type = "number", min = 0.5, max = 1.5 }
    assert.equal(0.5, result(spec, 0.5))
    assert.equal(1, result(spec, 1))
    assert.equal(": expected a number from 0.5 to 1.5, got 1.6", result(spec, 1.6))
    assert.equal(": expected a number from 0.5 to 1.5, got NaN", result(spec, 0 / 0))
    assert.equal(': expected a number from 0.5 to 1.5, got "1" (mistake)', result(spec, "1"))
    assert.equal(": expected a number <= 3, got 4", result({ type = "number", max = 3 }, 4))
    assert.equal(": expected a number, got -infinity", result({ type = "number" }, -math.huge))
  end)

  it("takes one of few numbers, and even ones", function()
    local spec = { type = "number", enum = { 25, 30, 60 } }
    assert.equal(60, result(spec, 60))
    assert.equal(": expected one of 25, 30, 60, got 29", result(spec, 29))
    assert.equal(": expected one of 25, 30, 60, got NaN", result(spec, 0 / 0))
    assert.equal(': expected a number, got "25" (mistake)', result(spec, "25"))
    assert.equal(": null is not allowed, leave the field out (mistake)", result(spec, core.null))
    local even = { type = "integer", min = 128, max = 4096, even = true }
    assert.equal(720, result(even, 720))
    assert.equal(": expected an even integer from 128 to 4096, got 721", result(even, 721))
    assert.equal(": expected an even integer from 128 to 4096, got 126", result(even, 126))
    assert.equal(": expected an even integer from 128 to 4096, got infinity", result(even, math.huge))
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
    assert.equal(": expected an array, got true (mistake)", result(spec, true))
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
      ".parts[1].name: expected a string, got 1 (mistake)",
      result(spec, { parts = { { name = 1 } } })
    )
    assert.equal('.sped: unknown field, did you mean "speed"? (mistake)', result(spec, { sped = 1 }))
    assert.equal(': expected a table, got "x" (mistake)', result(spec, "x"))
  end)

  it("takes free objects as they are", function()
    local given = { a = { 1, "x", { b = false } } }
    assert.equal(given, result({ type = "object" }, given))
    assert.equal(
      ".a[2]: a function cannot be sent (mistake)",
      result({ type = "object" }, { a = { 1, print } })
    )
    assert.equal(": expected a table, got 5 (mistake)", result({ type = "object" }, 5))
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

describe("the local files of a value", function()
  local FILE = { type = "file_input" }
  local SPEC = {
    type = "object",
    fields = {
      one = FILE,
      list = { type = "array", items = FILE },
      scenes = {
        type = "array",
        items = {
          type = "union",
          by = "type",
          variants = { picture = { fields = { image = FILE, list = { type = "array", items = FILE } } } },
        },
      },
    },
  }

  local function found(value)
    local files, list = {}, {}
    local checked = assert(types.check(SPEC, value, files))
    for index, entry in ipairs(files) do
      list[index] = entry.where .. "=" .. entry.content.path
    end
    return list, checked, files
  end

  it("are listed in one order, with where they stand and what stands for them", function()
    local list, checked, files = found {
      one = "a.png",
      list = { "b.png", "https://example.com/c.png", { path = "d.png" } },
      scenes = {
        { type = "picture", image = { asset_id = "x" } },
        { type = "picture", list = { "e.png" }, image = "f.png" },
      },
    }
    assert.same({
      ".list[1]=b.png",
      ".list[3]=d.png",
      ".one=a.png",
      ".scenes[2].image=f.png",
      ".scenes[2].list[1]=e.png",
    }, list)
    assert.equal(checked.list[3], files[2].node)
    assert.equal(checked.scenes[2].list[1], files[5].node)
  end)

  it("are none where all come from elsewhere", function()
    assert.same({}, (found { one = "https://example.com/c.png", list = { { asset_id = "y" } } }))
    assert.same({}, (found {}))
  end)
end)
