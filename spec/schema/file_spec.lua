-- The three forms of a file, and what is said about the others.

local core = require "heygen.core"
local file = require "heygen.schema.file"

local FORMS = 'a path, "https://...", {url = "https://..."}, {asset_id = "..."}, {path = "..."}, {bytes = "..."} '
  .. 'or {media_type = "image/png", data = "<base64>"}'

local function refused(value)
  local checked, problem, where = file.check({}, value, {})
  assert.is_nil(checked)
  return (where or "") .. ": " .. problem
end

describe("file.check", function()
  it("fills in the type, into a copy", function()
    local given = { url = "https://example.com/a.png" }
    assert.same({ type = "url", url = "https://example.com/a.png" }, file.check({}, given))
    assert.same({ url = "https://example.com/a.png" }, given)
    assert.same({ type = "asset_id", asset_id = "x" }, file.check({}, { asset_id = "x" }))
    local data = { media_type = "image/png", data = "iVBORw0KGgo=" }
    assert.same({ type = "base64", media_type = "image/png", data = "iVBORw0KGgo=" }, file.check({}, data))
    local full = { type = "base64", media_type = "image/svg+xml", data = "AA==" }
    assert.same(full, file.check({}, full))
  end)

  it("wants exactly one of the forms", function()
    assert.equal(": expected " .. FORMS, refused {})
    assert.equal(": expected only one of " .. FORMS, refused { url = "https://a", asset_id = "b" })
    assert.equal(": expected only one of " .. FORMS, refused { asset_id = "b", data = "AAAA" })
    assert.equal(": expected " .. FORMS .. ", got 5", refused(5))
    assert.equal(": expected " .. FORMS .. ", got null", refused(core.null))
  end)

  it("takes no base64 where the service takes none, and gives the remedy", function()
    local spec = { base64 = false }
    local REMEDY = 'the service takes no base64 here; give a path or {bytes = "..."}, which are uploaded, or '
      .. '{url = "https://..."}'
    local function problem(value)
      local checked, why, where, mistake = file.check(spec, value, {})
      assert.is_nil(checked)
      return (where or "") .. ": " .. why, mistake
    end
    local text, is_mistake = problem { media_type = "video/mp4", data = "AAAA" }
    assert.same({ ": " .. REMEDY, true }, { text, is_mistake })
    assert.equal(".type: " .. REMEDY, (problem { type = "base64", media_type = "video/mp4", data = "AAAA" }))
    local _, forms = problem(5):match "^(.-)expected (.*)$"
    assert.is_nil(forms:find "base64")
    assert.is_nil(problem({ base64 = "AAAA" }):find "image/png")
    assert.matches("content goes into {bytes = ", (problem "data:video/mp4;base64,AAAA"))
    assert.same({ type = "url", url = "https://a.b/c" }, file.check(spec, "https://a.b/c", {}))
    assert.same({ type = "asset_id", asset_id = "a" }, file.check(spec, { asset_id = "a" }, {}))
    for _, given in ipairs { "a.mp4", { path = "a.mp4" }, { bytes = "x" } } do
      local files = {}
      assert.is_table(file.check(spec, given, files))
      assert.is_false(files[1].limits.base64)
    end
  end)

  it("takes a text alone for an address or a path", function()
    assert.same(
      { type = "url", url = "https://example.com/a.png" },
      file.check({}, "HTTPS://example.com/a.png")
    )
    assert.matches("without spaces", refused "https://example.com/a b.png")
    assert.matches(
      "expected a path or an address that starts with https://",
      refused "http://example.com/a.png"
    )
    assert.matches("expected a path or an address that starts with https://", refused "s3://bucket/a.png")
    assert.matches("content goes into", refused "data:image/png;base64,AAAA")
    assert.equal(": empty, a path is needed", refused "")
  end)

  it("puts what is local on the list, with what the field takes, and opens no file", function()
    local spec = { max_bytes = 5, media_types = { "image/png" } }
    local files = {}
    for _, given in ipairs {
      "no such file",
      { path = "no such file" },
      { path = "no such file", filename = "x" },
    } do
      files = {}
      local node = file.check(spec, given, files)
      assert.equal(1, #files)
      assert.equal(node, files[1].node)
      assert.equal("no such file", files[1].content.path)
      assert.same({ bytes = 5, types = { "image/png" } }, files[1].limits)
    end
    file.check(spec, { bytes = "abc", media_type = "image/png" }, files)
    assert.same({ "abc", "image/png" }, { files[2].content.data, files[2].content.declared })
    file.check(spec, { url = "https://a" }, files)
    assert.equal(2, #files)
    assert.equal(".bytes: empty, there is nothing to send", refused { bytes = "" })
    assert.equal(
      ".asset_id: does not belong to a file of {path = ...}",
      refused { path = "x", asset_id = "y" }
    )
    assert.equal(".media_type: expected a string, got 5", refused { path = "x", media_type = 5 })
  end)

  it("checks a type that is given", function()
    assert.equal(".type: expected a string, got 1", refused { type = 1, url = "https://a" })
    assert.equal(
      '.type: expected one of "url", "asset_id", "base64", got "uri", did you mean "url"?',
      refused { type = "uri", url = "https://a" }
    )
    assert.equal('.url: missing, a file of type "url" needs it', refused { type = "url" })
    assert.equal(
      '.asset_id: does not belong to a file of type "url"',
      refused { type = "url", asset_id = "a", url = "https://a" }
    )
    assert.equal('.media_type: missing, a file of type "base64" needs it', refused { data = "AAAA" })
    assert.equal('.data: missing, a file of type "base64" needs it', refused { media_type = "image/png" })
  end)

  it("knows the wrong names that are in circulation", function()
    for wrong, right in pairs {
      content_type = "media_type",
      mime_type = "media_type",
      base64 = "data",
      id = "asset_id",
      uri = "url",
      media_typ = "media_type",
    } do
      assert.equal(
        "." .. wrong .. ': unknown field, did you mean "' .. right .. '"?',
        refused { [wrong] = "x" }
      )
    end
    assert.equal(".file: unknown field; a file is " .. FORMS, refused { file = "a.png" })
    assert.equal("[1]: unknown field; a file is " .. FORMS, refused { "https://a" })
  end)

  it("wants https", function()
    assert.equal(
      '.url: expected a URL that starts with https://, got "http://a"',
      refused { url = "http://a" }
    )
    assert.equal(
      '.url: expected a URL that starts with https://, got "http://127.0.0.1/x"',
      refused { url = "http://127.0.0.1/x" }
    )
    assert.equal(
      '.url: expected a URL that starts with https://, got "/tmp/a.png"',
      refused { url = "/tmp/a.png" }
    )
    assert.equal(
      '.url: expected a URL without spaces and control characters, got "https://a/b c"',
      refused { url = "https://a/b c" }
    )
    assert.equal(".url: invalid UTF-8 at byte 11", refused { url = "https://a/\255" })
    assert.equal(".url: expected a string, got true", refused { url = true })
  end)

  it("wants an asset id", function()
    assert.equal(".asset_id: empty, an id is needed", refused { asset_id = "" })
    assert.equal(".asset_id: expected a string, got 12", refused { asset_id = 12 })
    assert.equal(".asset_id: expected a string, got null", refused { asset_id = core.null })
    assert.equal(".asset_id: invalid UTF-8 at byte 1", refused { asset_id = "\192\128" })
  end)

  it("wants plain base64 and a media type", function()
    local function data(text)
      return refused { media_type = "image/png", data = text }
    end
    assert.equal(".data: empty, base64 text is needed", data "")
    assert.equal(
      ".data: expected plain base64, without the data:...;base64, in front",
      data "data:image/png;base64,AAAA"
    )
    assert.equal(".data: not base64 at byte 5; raw bytes are given as {bytes = ...}", data "AAAA\nBBBB")
    assert.equal(".data: not base64 at byte 2; raw bytes are given as {bytes = ...}", data "A-_A")
    assert.equal(".data: expected a string, got table", data {})
    assert.equal(
      '.media_type: expected a media type such as "image/png", got "png"',
      refused { media_type = "png", data = "AAAA" }
    )
    assert.equal(
      '.media_type: expected a media type such as "image/png", got "image/png\\r\\nx"',
      refused { media_type = "image/png\r\nx", data = "AAAA" }
    )
  end)

  it("knows the largest size #slow", function()
    local largest = ("A"):rep(44739244) -- 32 MB
    assert.is_table(file.check({}, { media_type = "video/mp4", data = largest }))
    assert.equal(
      ".data: 44739248 bytes of base64, at most 44739244 (32 MB of content) are allowed",
      refused { media_type = "video/mp4", data = largest .. "AAAA" }
    )
  end)

  it("tells mistakes of the program from bad values", function()
    local function is_mistake(value)
      return (select(4, file.check({}, value))) == true
    end
    assert.is_true(is_mistake(5))
    assert.is_true(is_mistake { url = 5 })
    assert.is_true(is_mistake { colour = 5 })
    assert.is_false(is_mistake { url = "http://a" })
    assert.is_false(is_mistake { media_type = "image/png", data = "?" })
  end)
end)
