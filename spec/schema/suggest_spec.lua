-- "Did you mean" finds what was meant, and says nothing when unsure.

local random = require "spec.support.random"
local suggest = require "heygen.schema.suggest"

local NAMES =
  { "callback_id", "callback_url", "files", "limit", "orientation", "prompt", "timeout", "voice_id" }

describe("suggest.near", function()
  it("finds what was meant", function()
    local meant = {
      orientaton = "orientation",
      orientatoin = "orientation",
      ORIENTATION = "orientation",
      promt = "prompt",
      pormpt = "prompt",
      limt = "limit",
      file = "files",
      voiceId = "voice_id",
      voice = "voice_id",
      ["callback-url"] = "callback_url",
      callbackid = "callback_id",
      time_out = "timeout",
    }
    for typed, name in pairs(meant) do
      assert.equal(name, suggest.near(typed, NAMES))
    end
  end)

  it("says nothing when nothing is near", function()
    for _, typed in ipairs { "", "x", "qq", "colour", "members", "brand_glossary_id", ("prompt"):rep(20) } do
      assert.is_nil(suggest.near(typed, NAMES))
    end
    for _, other in ipairs { 5, true, {}, print } do
      assert.is_nil(suggest.near(other, NAMES))
    end
    assert.is_nil(suggest.near(nil, NAMES))
    assert.is_nil(suggest.near("limit", {}))
    assert.is_nil(suggest.near("l", { "li" }))
    assert.is_nil(suggest.near("notification", { "notification_address", "notification_interval" }))
  end)

  it("prefers the nearest, then the first in the alphabet", function()
    assert.equal("limit", suggest.near("limits", { "limbo", "limit" }))
    assert.equal("bat", suggest.near("hat", { "cat", "bat" }))
    assert.equal("bat", suggest.near("hat", { "bat", "cat" }))
  end)

  it("finds every name again after one slip of the finger", function()
    local next = random.new(7)
    local letters = "abcdefghijklmnopqrstuvwxyz_"
    for _ = 1, 2000 do
      local name = NAMES[random.integer(next, 1, #NAMES)]
      local at = random.integer(next, 1, #name - 1)
      local letter = letters:sub(random.integer(next, 1, #letters)):sub(1, 1)
      local slips = {
        name:sub(1, at - 1) .. name:sub(at + 1), -- left out
        name:sub(1, at) .. letter .. name:sub(at + 1), -- put in
        name:sub(1, at - 1) .. letter .. name:sub(at + 1), -- wrong
        name:sub(1, at - 1) .. name:sub(at + 1, at + 1) .. name:sub(at, at) .. name:sub(at + 2), -- swapped
      }
      local typed = slips[random.integer(next, 1, 4)]
      assert.equal(name, suggest.near(typed, NAMES), typed)
    end
  end)
end)

describe("suggest.hint", function()
  it("is the end of a message, or nothing", function()
    assert.equal(', did you mean "prompt"?', suggest.hint("promt", NAMES))
    assert.equal("", suggest.hint("colour", NAMES))
  end)
end)
