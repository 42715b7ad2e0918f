-- Error objects, and what is shown of foreign text.

local cjson = require "cjson"
local core = require "heygen.core"
local errors = require "heygen.errors"
local heygen = require "heygen"

describe("errors.new", function()
  it("makes the table itself an error, with a text that names what is set", function()
    local fields = { kind = "api", message = "Video not found", status = 404, code = "video_not_found" }
    fields.request_id, fields.video_id = "req_1", "vid_1"
    local err = errors.new(fields)
    assert.equal(fields, err)
    assert.equal(
      "heygen: Video not found (api, HTTP 404, code video_not_found, request_id req_1, video_id vid_1)",
      tostring(err)
    )
    assert.is_true(errors.is(err))
  end)

  it("names the parameter only where the message does not", function()
    local fields = { kind = "api", message = "bad value", status = 400, param = "files" }
    assert.equal("heygen: bad value (api, HTTP 400, param files)", tostring(errors.new(fields)))
    fields = { kind = "invalid", message = "prompt: empty", param = "prompt" }
    assert.equal("heygen: prompt: empty (invalid)", tostring(errors.new(fields)))
  end)

  it("tells what may have been sent, the attempts and the pause", function()
    local err = errors.new {
      kind = "timeout",
      message = "no answer within 30 s",
      sent = "maybe",
      attempts = 3,
      retry_after = 1.5,
      session_id = "sess_1",
    }
    assert.equal(
      "heygen: no answer within 30 s (timeout, session_id sess_1, sent maybe, 3 attempts, retry after 1.5 s)",
      tostring(err)
    )
    err = errors.new { kind = "network", message = "refused", sent = "no", attempts = 1 }
    assert.equal("heygen: refused (network)", tostring(err))
  end)

  it("escapes control characters of ids and cuts them", function()
    local err = errors.new { kind = "failed", message = "m", video_id = "a\27[2J\n" .. ("x"):rep(200) }
    assert.equal("heygen: m (failed, video_id a\\x1b[2J\\n" .. ("x"):rep(114) .. "...)", tostring(err))
  end)

  it("can be appended to a text", function()
    local err = errors.new { kind = "closed", message = "the client is closed" }
    assert.equal("failed: heygen: the client is closed (closed)", "failed: " .. err)
    assert.equal("heygen: the client is closed (closed)!", err .. "!")
  end)

  it("works out whether another try is worth it, unless told", function()
    local function retryable(fields)
      fields.message = "m"
      return errors.new(fields).retryable
    end
    for _, kind in ipairs { "network", "timeout", "parse" } do
      assert.is_true(retryable { kind = kind })
    end
    for _, kind in ipairs { "cancelled", "invalid", "failed", "too_large", "file", "input_needed" } do
      assert.is_false(retryable { kind = kind })
    end
    for _, kind in ipairs { "callback", "raised", "closed" } do
      assert.is_false(retryable { kind = kind })
    end
    assert.is_true(retryable { kind = "api", status = 503 })
    assert.is_false(retryable { kind = "api", status = 400 })
    assert.is_false(retryable { kind = "network", retryable = false })
  end)

  it("refuses an unknown kind and a missing message", function()
    assert.has_error(function()
      errors.new { kind = "oops", message = "m" }
    end, "unknown kind of error: oops")
    assert.has_error(function()
      errors.new { kind = "api" }
    end, "an error needs a message")
  end)
end)

describe("errors.fail", function()
  it("returns nil, the whole text, and the error", function()
    local value, message, err = errors.fail { kind = "api", message = "no", status = 402, request_id = "r" }
    assert.is_nil(value)
    assert.equal("heygen: no (api, HTTP 402, request_id r)", message)
    assert.equal("no", err.message)
    assert.is_true(errors.is(err))
  end)

  it("makes assert say everything", function()
    local ok, message = pcall(function()
      assert(errors.fail { kind = "timeout", message = "gave up", video_id = "v" })
    end)
    assert.is_false(ok)
    assert.truthy(tostring(message):find("heygen: gave up (timeout, video_id v)", 1, true))
  end)
end)

describe("errors.is", function()
  it("knows its own from all else", function()
    for _, other in ipairs { {}, "text", 5, true, print } do
      assert.is_false(errors.is(other))
    end
    assert.is_false(errors.is(nil))
    assert.is_false(errors.is(setmetatable({}, { __name = "heygen.error" })))
  end)
end)

describe("errors.printable", function()
  it("leaves good text alone", function()
    assert.equal("Grüße, 世界", errors.printable("Grüße, 世界", 40))
  end)

  it("cuts between characters, not within one", function()
    assert.equal("aé...", errors.printable("aééé", 3))
    assert.equal("aé...", errors.printable("aééé", 4))
    assert.equal("aéé...", errors.printable("aééé", 5))
    assert.equal("世...", errors.printable("世界", 5))
    assert.equal("aééé", errors.printable("aééé", 7))
  end)

  it("escapes what a terminal or a log could take for a command", function()
    assert.equal("a\\x00b\\n\\r\\t\\x7f\\x9b2J", errors.printable("a\0b\n\r\t\127\194\1552J", 40))
  end)

  it("takes bytes that are no text", function()
    assert.equal(("\\xbf"):rep(7) .. "...", errors.printable(("\191"):rep(20), 10))
  end)
end)

describe("errors.text", function()
  it("shows whatever was raised, or says that it cannot", function()
    assert.equal("ouch", errors.text "ouch")
    assert.equal("nil", errors.text(nil))
    local function showing(fn)
      return errors.text(setmetatable({}, { __tostring = fn }))
    end
    assert.equal(
      "its text",
      showing(function()
        return "its text"
      end)
    )
    for _, bad in ipairs { error, function() end } do
      assert.equal("something that cannot be shown", showing(bad))
    end
  end)
end)

describe("errors.shows", function()
  it("finds a secret in an id, a short one only when it is all of it", function()
    assert.is_true(errors.shows("sess_sk_V2_0123", "sk_V2_0123"))
    assert.is_true(errors.shows("12345678", "12345678"))
    assert.is_false(errors.shows("sess_1", "sk_V2_0123"))
    assert.is_false(errors.shows("sess_many", "any"))
    assert.is_true(errors.shows("any", "any"))
  end)
end)

describe("errors.hide", function()
  it("replaces a secret wherever it stands", function()
    assert.equal("[hidden] and [hidden].", errors.hide("sk_1%a and sk_1%a.", "sk_1%a"))
    assert.equal("nothing here", errors.hide("nothing here", "sk_1"))
  end)

  it("does nothing without a secret", function()
    assert.equal("text", errors.hide("text", nil))
    assert.equal("text", errors.hide("text", ""))
  end)
end)

describe("errors.excerpt", function()
  local SECRET = "sk_V2_" .. ("k"):rep(46)

  local function hide(text)
    return errors.hide(text, SECRET)
  end

  it("hides before it cuts, wherever the secret stands", function()
    for at = 1900, 2050, 5 do
      local text = errors.excerpt(("a"):rep(at) .. SECRET .. ("b"):rep(5000), hide)
      assert.is_true(#text <= 2000)
      assert.is_nil(text:find("sk_V2", 1, true))
      assert.is_nil(text:find("kkk", 1, true))
    end
  end)

  it("keeps a short text as it is", function()
    assert.equal("", errors.excerpt("", hide))
    assert.equal("a [hidden]", errors.excerpt("a " .. SECRET, hide))
  end)
end)

describe("an error as JSON", function()
  local cyclic = { name = "x" }
  cyclic.again = cyclic

  local ODD = {
    print,
    cyclic,
    { deep = { fn = print } },
    { [3] = "a list with gaps" },
    { [{}] = 1 },
    coroutine.create(function() end),
    io.stdout,
    0 / 0,
    -math.huge,
    { text = "\255" },
    setmetatable({}, {
      __tostring = function()
        return "shown"
      end,
      __index = print,
    }),
  }

  it("is encoded whatever it holds, and still has all of it", function()
    for _, name in ipairs { "cause", "last", "results", "errors", "part", "video_id" } do
      for index, value in ipairs(ODD) do
        local err = errors.new { kind = "raised", message = "it", [name] = value, session_id = "s" }
        for _, text in ipairs { assert(core.encode(err)), cjson.encode(err) } do
          local read = cjson.decode(text)
          assert.same({ "raised", "it", "s" }, { read.kind, read.message, read.session_id })
        end
        assert(rawequal(value, err[name]) or (value ~= value and err[name] ~= err[name]), name .. index)
        assert.equal("string", type(tostring(err)))
      end
    end
  end)

  it("is encoded with what is added later as well", function()
    local err = errors.new { kind = "raised", message = "it" }
    for _, value in ipairs(ODD) do
      err.cause = value
      assert(core.encode(err))
      assert(rawequal(value, err.cause) or value ~= value)
    end
    err.cause = "plain"
    assert.equal("plain", cjson.decode(core.encode(err)).cause)
    assert.equal("plain", err.cause)
    err.last = print
    err.last = nil
    assert.is_nil(err.last)
  end)

  it("shows another error behind it, a path and what a task raised", function()
    local inner = errors.new { kind = "network", message = "no way", code = "dns", cause = print }
    local err = errors.new { kind = "file", message = "it", part = "caf\233.part", cause = inner }
    local read = cjson.decode((assert(core.encode(err))))
    assert.same({ "no way", "dns" }, { read.cause.message, read.cause.code })
    assert.is_nil(read.part)
    assert.equal("caf\233.part", err.part)
    local _, _, failed = heygen.all {
      function()
        error(cyclic, 0)
      end,
      function()
        return print
      end,
    }
    assert(core.encode(failed))
    assert.equal(cyclic, failed.cause)
    assert.equal(print, failed.results[2])
  end)
end)
