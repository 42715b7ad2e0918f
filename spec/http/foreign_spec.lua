-- Text of others: hidden before it is cut, printable on any terminal, and always fit for JSON.
local core = require "heygen.core"
local foreign = require "heygen.http.foreign"

local KEY = "sk_V2_hgu_" .. ("k"):rep(40)
local hide = foreign.of_secret(KEY)

describe("foreign text", function()
  it("is hidden before it is cut, wherever the cut is", function()
    for before = 0, 120 do
      local text = ("a"):rep(before) .. KEY .. "tail"
      for _, shown in ipairs { foreign.shown(text, 100, hide), foreign.excerpt(("b"):rep(1930) .. text, hide) } do
        assert.is_nil(shown:find("sk_V2", 1, true), before)
        assert.is_nil(shown:find("kkkk", 1, true), before)
      end
    end
    assert.equal(("a"):rep(90) .. "[hidden]ta...", foreign.shown(("a"):rep(90) .. KEY .. "tail", 100, hide))
  end)

  it("keeps its words when a short secret stands in them", function()
    local short = foreign.of_secret "k"
    assert.equal("a key makes the task [hidden], [hidden]: ok", short "a key makes the task k, k: ok")
    assert.equal("[hidden]", short "k")
    assert.equal("k-k k_ 1k", short "k-k k_ 1k")
    assert.equal("x[hidden]x", foreign.hide("x12345678x", "12345678"))
  end)

  it("has no bytes that a terminal takes for a command, and none that JSON has no place for", function()
    for text, wanted in pairs {
      ["a\0\27[31m\127"] = "a\\x00\\x1b[31m\\x7f",
      ["\155[2J"] = "\\x9b[2J",
      ["\194\155"] = "\\x9b",
      ["a\226\128\174b\226\129\167c\226\128\143"] = "a\\u202eb\\u2067c\\u200f",
      ["\226\128\168"] = "\\u2028",
      ["\226\128\147\226\129\159"] = "\226\128\147\226\129\159", -- a dash, a space: no commands
      ["\237\160\128"] = "\\xed\\xa0\\x80",
      ["\195\169\195"] = "\195\169\\xc3",
    } do
      local shown = foreign.printable(text, 100)
      assert.equal(wanted, shown)
      assert(core.encode { shown })
    end
  end)

  it("is trimmed in a time that grows with its length", function()
    assert.equal("a  b", foreign.trim("  a  b\t\n ", 100))
    assert.equal("", foreign.trim("   ", 100))
    assert.equal("", foreign.trim("", 100))
    assert.equal("a", foreign.trim("a" .. (" "):rep(1000000) .. "b", 200))
  end)

  it("is copied for an error: hidden, fit for JSON, and only in part when there is too much", function()
    local given = { a = KEY, [KEY] = { "x\255" }, deep = { { n = 5, yes = true } } }
    local copy = foreign.copy(given, hide)
    assert.same({ a = "[hidden]", ["[hidden]"] = { "x\\xff" }, deep = { { n = 5, yes = true } } }, copy)
    assert(core.encode(copy))
    assert.equal("x\255", given[KEY][1])
    local many = {}
    for index = 1, 100000 do
      many[index] = {}
    end
    assert.is_true(#foreign.copy(many, hide) <= 20000)
    local long = {}
    for index = 1, 300 do
      long[index] = ("\255"):rep(60000)
    end
    assert.is_true(#table.concat(foreign.copy(long, hide)) < 2000000)
    assert.is_true(#foreign.copy({ ("x"):rep(1000000) }, hide)[1] <= 2000)
  end)
end)
