-- Some seconds of "make fuzz": libFuzzer on the C side of webhooks and a seeded generator on the Lua side.

local scripts = require "spec.support.scripts"
local shell = require "spec.support.shell"

local SECONDS = 2

describe("the fuzzers of webhooks #once #native", function()
  local output, status

  setup(function()
    output, status = shell.run("spec/fuzz/run " .. SECONDS)
  end)

  it("find no crash, no uncaught error and no growth", function()
    assert.same({ 0, output }, { status, output })
  end)

  it("have all been at work", function()
    for _, name in ipairs { "signature", "delivery", "lua5.4" } do
      local inputs = tonumber(output:match("\n?" .. name:gsub("%p", "%%%0") .. ": (%d+) inputs"))
      assert.is_true(inputs and inputs > 10, output)
    end
  end)
end)

describe("what the fuzzers check", function()
  local delivery = require "spec.fuzz.delivery"
  local BODY = '{"event_type":"x.success","event_data":{"video_id":"v"}}'

  it("sees a delivery that is taken and should not be, or the other way round", function()
    delivery.judge(BODY, delivery.sign(BODY), true)
    assert.has_error(function()
      delivery.judge(BODY, delivery.sign(BODY), false)
    end)
    delivery.judge(BODY .. " ", delivery.sign(BODY), false)
    assert.has_error(function()
      delivery.judge(BODY .. " ", delivery.sign(BODY), true)
    end)
  end)

  it("takes the seeds", function()
    for _, path in ipairs(shell.lines "ls spec/fuzz/seeds/*") do
      delivery.input(scripts.read(path))
    end
  end)
end)
