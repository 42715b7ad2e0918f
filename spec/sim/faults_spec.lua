-- The fault language, and the simulator's reading of text.
local core = require "heygen.core"
local sim_model = require "heygen.sim.core.model"
local text = require "heygen.sim.core.text"

local null = core.null

describe("faults", function()
  local faults = require "heygen.sim.core.faults"
  local random = require "heygen.sim.core.random"

  local function fired(rules, requests)
    local set = faults.new(random.new(1))
    assert(set:add(rules, null))
    local list = {}
    for i, request in ipairs(requests) do
      local effect =
        set:pick({ method = request[1], headers = request[3] or {}, reused = request[4] }, request[2])
      list[i] = effect and effect.status or false
    end
    return list
  end

  it("match method and path", function()
    assert.same(
      { 500, false, false, 501, 501, false },
      fired({
        { method = "GET", path = "/v3/videos/*", status = 500 },
        { method = { "POST", "PUT" }, path = "/v3/**", status = 501 },
      }, {
        { "GET", "/v3/videos/a" },
        { "GET", "/v3/videos/a/b" },
        { "GET", "/v3/videos" },
        { "POST", "/v3/video-agents" },
        { "PUT", "/v3/a/b/c" },
        { "POST", "/v4" },
      })
    )
  end)

  it("take magic characters of Lua patterns literally", function()
    assert.same(
      { false, 500 },
      fired({ { path = "/v3/video-agents.", status = 500 } }, {
        { "GET", "/v3/video-agentsx" },
        { "GET", "/v3/video-agents." },
      })
    )
  end)

  it("count per rule", function()
    local gets = { { "GET", "/a" }, { "GET", "/a" }, { "GET", "/a" }, { "GET", "/a" } }
    assert.same({ false, 500, false, false }, fired({ { nth = 2, status = 500 } }, gets))
    assert.same({ 500, false, 500, false }, fired({ { nth = { 1, 3 }, status = 500 } }, gets))
    assert.same({ 500, 500, false, false }, fired({ { times = 2, status = 500 } }, gets))
    assert.same({ 500, 502, 502, 502 }, fired({ { nth = 1, status = 500 }, { status = 502 } }, gets))
  end)

  it("match headers and reused connections", function()
    assert.same(
      { 500, false, 501, false },
      fired({
        { header = { ["X-A"] = "1" }, status = 500 },
        { header = { ["X-B"] = "*" }, connection_reused = true, status = 501 },
      }, {
        { "GET", "/", { ["x-a"] = "1" } },
        { "GET", "/", { ["x-a"] = "2" } },
        { "GET", "/", { ["x-b"] = "2" }, true },
        { "GET", "/", { ["x-b"] = "2" }, false },
      })
    )
  end)

  it("take a match and an effect apart or side by side", function()
    local apart = assert(faults.rule({ match = { method = "GET" }, effect = { status = 500 } }, null))
    local flat = assert(faults.rule({ method = "GET", status = 500 }, null))
    assert.same(apart, flat)
  end)

  it("act first only when told, except those that just deliver differently", function()
    assert.is_false(faults.rule({ status = 500 }).effect.act)
    assert.is_false(faults.rule({ close = "body" }).effect.act)
    assert.is_true(faults.rule({ close = "body", act = true }).effect.act)
    assert.is_true(faults.rule({ delay = 1 }).effect.act)
    assert.is_true(faults.rule({ drip = { bytes = 1, every = 1 } }).effect.act)
    assert.is_false(faults.rule({ delay = 1, act = false }).effect.act)
  end)

  it("of every scenario are valid", function()
    for name in pairs(require "heygen.sim.core.scenarios") do
      assert.is_table(sim_model.new { scenario = name }, name)
    end
    assert.is_nil((sim_model.new { scenario = "none" }))
  end)
end)

describe("the simulator's reading of text", function()
  it("counts code points and finds what is no UTF-8", function()
    assert.equal(4, text.length "a\195\164\226\130\172\240\159\152\128")
    assert.equal(1, text.length "\0")
    for _, bad in ipairs {
      "\128",
      "\195",
      "\192\128",
      "\224\128\128",
      "\237\160\128",
      "\240\128\128\128",
      "\244\144\128\128",
      "\255",
      "a\226\130",
    } do
      assert.is_nil(text.length(bad))
    end
  end)

  it("turns base64 both ways", function()
    for _, each in ipairs { "", "a", "ab", "abc", "\0\255\254\253", ("x"):rep(100) } do
      assert.equal(each, text.unbase64(text.base64(each)))
    end
    assert.equal("TWFu", text.base64 "Man")
    assert.is_nil(text.unbase64 "a")
    assert.is_nil(text.unbase64 "a===")
    assert.is_nil(text.unbase64 "ab*d")
  end)

  it("undoes percent-encoding only where it is right", function()
    assert.equal("a b/\195\164", text.unescape "a%20b%2F%C3%A4")
    for _, bad in ipairs { "%", "%4", "%4g", "%g4", "a%", "%FF" } do
      assert.is_nil(text.unescape(bad))
    end
  end)
end)
