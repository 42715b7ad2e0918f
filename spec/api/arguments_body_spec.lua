-- The fields of a body: every documented limit, and the fields that only go through `extra`.

local calls = require "spec.support.calls"
local core = require "heygen.core"

local bad_value = calls.bad_value
local create = calls.create
local mistake = calls.mistake
local sent = calls.sent

describe("video_agents:create", function()
  it("sends what is given and nothing else", function()
    assert.same({ prompt = "p" }, sent(create {}).body)
    local fields = {
      prompt = "A launch in 30 seconds",
      mode = "chat",
      avatar_id = "a",
      voice_id = "v",
      style_id = "s",
      brand_kit_id = "b",
      orientation = "portrait",
      callback_url = "https://example.com/hook?x=1",
      callback_id = "job 5",
      incognito_mode = false,
      files = { { type = "asset_id", asset_id = "x" } },
    }
    local call = sent("video_agents:create", fields)
    assert.same(fields, call.body)
    assert.equal("/v3/video-agents", call.target)
    assert.same({}, call.options)
  end)

  it("needs a prompt", function()
    local message = "prompt: missing, a string of 1 to 10000 characters is required"
    assert.equal(message, mistake "video_agents:create")
    assert.equal(message, mistake("video_agents:create", {}))
    assert.equal(message, mistake("video_agents:create", { mode = "chat" }))
    assert.equal("prompt: expected a string, got 5", mistake("video_agents:create", { prompt = 5 }))
    assert.equal("prompt: expected a string, got table", mistake("video_agents:create", { prompt = {} }))
    assert.equal(
      "prompt: null is not allowed, leave the field out",
      mistake("video_agents:create", { prompt = core.null })
    )
  end)

  it("counts the characters of the prompt, not its bytes", function()
    for _, letter in ipairs { "x", "é", "世", "🎬" } do
      assert.equal(letter, sent("video_agents:create", { prompt = letter }).body.prompt)
      assert.is_table(sent("video_agents:create", { prompt = letter:rep(10000) }))
      assert.equal(
        "prompt: 10001 characters, at most 10000 are allowed",
        bad_value("video_agents:create", { prompt = letter:rep(10001) })
      )
    end
    assert.equal(
      "prompt: empty, at least 1 character is needed",
      bad_value("video_agents:create", { prompt = "" })
    )
  end)

  it("refuses text that is not UTF-8", function()
    assert.equal("prompt: invalid UTF-8 at byte 3", bad_value("video_agents:create", { prompt = "ab\255" }))
    assert.equal(
      "prompt: invalid UTF-8 at byte 1",
      bad_value("video_agents:create", { prompt = "\237\160\128" })
    )
    assert.equal("voice_id: invalid UTF-8 at byte 1", bad_value(create { voice_id = "\128" }))
  end)

  it("knows the closed sets", function()
    assert.equal(
      'orientation: expected one of "landscape", "portrait", got "landscap", did you mean "landscape"?',
      bad_value(create { orientation = "landscap" })
    )
    assert.equal('mode: expected one of "generate", "chat", got "x"', bad_value(create { mode = "x" }))
    assert.equal('mode: expected one of "generate", "chat", got ""', bad_value(create { mode = "" }))
  end)

  it("takes null where the service does", function()
    local nullable =
      { "avatar_id", "voice_id", "style_id", "brand_kit_id", "orientation", "files", "callback_url" }
    nullable[#nullable + 1] = "callback_id"
    for _, name in ipairs(nullable) do
      assert.equal(core.null, sent(create { [name] = core.null }).body[name])
    end
    for _, name in ipairs { "mode", "incognito_mode" } do
      assert.equal(
        name .. ": null is not allowed, leave the field out",
        mistake(create { [name] = core.null })
      )
    end
  end)

  it("refuses wrong types with what was given", function()
    assert.equal("voice_id: expected a string, got 123", mistake(create { voice_id = 123 }))
    assert.equal("avatar_id: empty, at least 1 character is needed", bad_value(create { avatar_id = "" }))
    assert.equal('incognito_mode: expected a boolean, got "yes"', mistake(create { incognito_mode = "yes" }))
    assert.equal("callback_url: expected a string, got function", mistake(create { callback_url = print }))
    assert.equal(
      'files: expected an array, got "https://example.com/a"',
      mistake(create { files = "https://example.com/a" })
    )
  end)

  it("wants callback_id only with callback_url", function()
    local message = "callback_id: is only valid together with callback_url"
    assert.equal(message, mistake(create { callback_id = "c" }))
    assert.equal(message, mistake(create { callback_id = "c", callback_url = core.null }))
    local body = sent(create { callback_id = "c", callback_url = "https://example.com" }).body
    assert.equal("c", body.callback_id)
  end)

  it("wants https for callbacks, except to this machine", function()
    for _, url in ipairs {
      "https://a",
      "HTTPS://A.example/b",
      "http://127.0.0.1:8080/x",
      "http://localhost",
      "http://[::1]:1/",
    } do
      assert.equal(url, sent(create { callback_url = url }).body.callback_url)
    end
    for _, url in ipairs {
      "",
      "http://example.com/x",
      "http://localhost.example.com",
      "http://127.0.0.1.example.com/",
      "http://127.0.0.1@example.com/",
      "http://example.com/?http://localhost",
      "https://",
      "https:///x",
      "https://?x",
      "ftp://example.com",
      "example.com",
    } do
      assert.equal(
        'callback_url: expected a URL that starts with https://, got "' .. url .. '"',
        bad_value(create { callback_url = url })
      )
    end
    assert.equal(
      'callback_url: expected a URL without spaces and control characters, got "https://a/\\r\\nX: y"',
      bad_value(create { callback_url = "https://a/\r\nX: y" })
    )
    assert.equal(
      'callback_url: expected a URL that starts with https://, got "ftp://' .. ("x"):rep(34) .. '..."',
      bad_value(create { callback_url = "ftp://" .. ("x"):rep(500) })
    )
  end)

  it("accepts up to 20 files", function()
    local files = {}
    for index = 1, 20 do
      files[index] = { asset_id = "a" .. index }
    end
    assert.equal(20, #sent(create { files = files }).body.files)
    assert.same({}, sent(create { files = {} }).body.files)
    files[21] = { asset_id = "a21" }
    assert.equal("files: 21 items, at most 20 are allowed", bad_value(create { files = files }))
  end)

  it("refuses files that are no array", function()
    assert.equal(
      'files: expected an array, found the key "url"; one file is an array of one: {{...}}',
      mistake(create { files = { url = "https://example.com" } })
    )
    local holes = { { asset_id = "a" } }
    holes[3] = { asset_id = "c" }
    assert.equal(
      "files: expected an array without holes, item 2 is missing",
      mistake(create { files = holes })
    )
    local url = { url = "http://example.com" }
    assert.equal(
      'files[2].url: expected a URL that starts with https://, got "http://example.com"',
      bad_value(create { files = { { asset_id = "a" }, url } })
    )
  end)
end)

describe("extra", function()
  it("is merged into the body", function()
    local call =
      sent(create { extra = { visibility = "team", members = { "a", "b" }, flag = false, none = core.null } })
    assert.same(
      { prompt = "p", visibility = "team", members = { "a", "b" }, flag = false, none = core.null },
      call.body
    )
    assert.same({ prompt = "p" }, sent(create { extra = {} }).body)
    assert.same({ new = 1 }, sent("video_agents:stop", "s", { extra = { new = 1 } }).body)
    assert.equal("x", sent(create { extra = { auto_proceed = "x" } }).body.auto_proceed)
  end)

  it("keeps marked arrays as they are", function()
    local list = core.array {}
    assert.equal(list, sent(create { extra = { members = list } }).body.members)
  end)

  it("does not repeat known fields", function()
    assert.equal(
      "extra.prompt: is a known field, give it as prompt = ... next to extra",
      mistake(create { extra = { prompt = "q" } })
    )
  end)

  it("may hold a known field, which is checked as if it stood outside", function()
    local made = sent("video_agents:create", { extra = { prompt = "q", new = 1 } })
    assert.same({ prompt = "q", new = 1 }, made.body)
    assert.matches("^prompt: ", mistake("video_agents:create", { extra = { prompt = 5 } }))
    local given = { extra = { project = "a.zip", callback_url = "https://a.b/c" }, callback_id = "c" }
    local call = sent("hyperframes:create_render", given)
    assert.equal("project", call.files[1].where)
    assert.equal("https://a.b/c", call.body.callback_url)
    assert.is_nil(given.project) -- the caller's table is as it was
  end)

  it("is a table with names", function()
    assert.equal('extra: expected a table of fields, got "x"', mistake(create { extra = "x" }))
    assert.equal(
      "extra[1]: fields are named, write extra = {name = ...}",
      mistake(create { extra = { "x" } })
    )
    assert.equal(
      "extra.: fields are named, write extra = {name = ...}",
      mistake(create { extra = { [""] = 1 } })
    )
    assert.equal(
      "extra.\\xff: a name with invalid UTF-8 at byte 1",
      bad_value(create { extra = { ["\255"] = 1 } })
    )
  end)

  it("takes only what JSON can carry, and names the place", function()
    local function nested(value)
      return create { extra = { a = { { b = value } } } }
    end
    assert.equal("extra.a[1].b: a function cannot be sent", mistake(nested(print)))
    assert.equal("extra.a[1].b: a thread cannot be sent", mistake(nested(coroutine.create(function() end))))
    assert.equal("extra.a[1].b: a userdata cannot be sent", mistake(nested(io.stdout)))
    assert.equal("extra.a[1].b: expected a finite number, got NaN", bad_value(nested(0 / 0)))
    assert.equal("extra.a[1].b: expected a finite number, got infinity", bad_value(nested(math.huge)))
    assert.equal("extra.a[1].b: expected a finite number, got -infinity", bad_value(nested(-math.huge)))
    assert.equal("extra.a[1].b: invalid UTF-8 at byte 2", bad_value(nested "a\200"))
    assert.equal('extra.a[1].b: expected an array, found the key "k"', mistake(nested { 1, k = 2 }))
    assert.equal(
      "extra.a[1].b: expected an array without holes, item 2 is missing",
      mistake(nested { 1, nil, 3, nil, 5 })
    )
    assert.equal('extra.a[1].b: expected names or 1..n as keys, found "2"', mistake(nested { [2] = "x" }))
    assert.equal("extra.a[1].b: a name with invalid UTF-8 at byte 1", bad_value(nested { ["\255"] = 1 }))
    assert.equal("extra.f: a function cannot be sent", mistake(create { extra = { f = print } }))
  end)

  it("ends on a table that holds itself", function()
    local loop = {}
    loop.loop = loop
    local message = mistake(create { extra = { loop = loop } })
    assert.truthy(message:find(": more than 32 levels deep, does a table hold itself?", 1, true))
  end)
end)

describe("video_agents:send", function()
  it("checks the message like a prompt", function()
    assert.same({ message = "continue" }, sent("video_agents:send", "s", { message = "continue" }).body)
    assert.same({}, sent("video_agents:send", "s", {}).body) -- it may be left out, but not be null or empty
    assert.equal(
      "message: null is not allowed, leave the field out",
      mistake("video_agents:send", "s", { message = core.null })
    )
    assert.equal(
      "message: 10001 characters, at most 10000 are allowed",
      bad_value("video_agents:send", "s", { message = ("é"):rep(10001) })
    )
    assert.equal(
      "message: empty, at least 1 character is needed",
      bad_value("video_agents:send", "s", { message = "" })
    )
  end)
end)
