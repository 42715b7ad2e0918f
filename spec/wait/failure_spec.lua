-- Why a job failed, from all the names and forms in which services say it.
local failure = require "heygen.wait.failure"

describe("the reason of a failure", function()
  local function read(object)
    return { failure.read(object) }
  end

  it("is found under each of its names", function()
    for _, name in ipairs {
      "failure_message",
      "failure_reason",
      "error_message",
      "msg",
      "failure",
      "error",
      "message",
      "detail",
      "reason",
    } do
      assert.same({ "too long" }, read { [name] = "too long" }, name)
      assert.same({ "too long", "40119" }, read { [name] = { message = "too long", code = 40119 } }, name)
      assert.same({ "too long" }, read { [name] = { detail = { msg = "too long" } } }, name)
      assert.same({ "too long" }, read { [name] = { "too long", "and loud" } }, name)
    end
  end)

  it("is the code where there is no text", function()
    assert.same({ "loud", "loud" }, read { failure_code = "loud" })
    assert.same({ "7", "7" }, read { error_code = 7 })
    assert.same({ "7", "7" }, read { error = { code = 7 } })
  end)

  it("prefers the field that is made for it, and passes over what is empty", function()
    assert.same({ "a", "c" }, read { failure_message = "a", error = { message = "b", code = "c" } })
    assert.same({ "b" }, read { failure_message = " ", failure_reason = "", error = "b" })
    assert.same({ "b", "1" }, read { failure_message = {}, detail = "b", code = 1 })
  end)

  it("is nothing where nothing is said, whatever is there", function()
    for _, object in ipairs { {}, { error = true }, { error = { {} } }, { error = 0 / 0 }, { detail = 1.5 } } do
      assert.same({}, read(object))
    end
    assert.same({}, read(nil))
    assert.same({}, read "failed")
    local endless = {}
    endless.error = endless
    assert.same({}, read(endless))
  end)
end)
