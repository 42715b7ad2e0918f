-- What the head of an answer, and the first bytes of its body, say about the file that was asked for.
local judge = require "heygen.download.judge"

-- An operation as far as judge.read asks for it.
local function head(status, headers)
  return judge.read {
    status = function()
      return status
    end,
    header = function(_, name)
      return headers[name]
    end,
    head = function()
      return "HTTP/1.1 " .. status
    end,
  }
end

local VIDEO = { ["Content-Type"] = "video/mp4", ["Content-Length"] = "1000", ETag = '"a"' }

local function with(changes)
  local headers = {}
  for name, value in pairs(VIDEO) do
    headers[name] = value
  end
  for name, value in pairs(changes) do
    headers[name] = value or nil
  end
  return headers
end

local PART = { etag = '"a"', validator = '"a"', total = 1000 }

local function verdict(at, status, changes, have)
  return judge.head(have or PART, at, head(status, with(changes or {})), true)
end

describe("judge.head", function()
  it("takes a file, and the rest of one", function()
    assert.equal("begin", verdict(0, 200, nil, {}))
    assert.equal("begin", verdict(0, 206, { ["Content-Range"] = "bytes 0-999/1000" }, {}))
    assert.equal("begin", verdict(400, 200))
    local rest = { ["Content-Range"] = "bytes 400-999/1000", ["Content-Length"] = "600" }
    assert.equal("append", verdict(400, 206, rest))
    assert.equal("wrong", verdict(399, 206, rest))
    assert.equal("wrong", verdict(400, 206, rest, { total = 1000 }))
    rest["Content-Length"] = "599"
    assert.equal("wrong", verdict(400, 206, rest))
  end)

  it("takes no length next to chunks", function()
    assert.is_falsy(head(200, with { ["Transfer-Encoding"] = "chunked" }).length)
  end)

  it("takes a refused range for the end of the very file only", function()
    local range = { ["Content-Range"] = "bytes */1000" }
    assert.equal("done", verdict(1000, 416, range))
    assert.equal("wrong", verdict(999, 416, range))
    assert.equal("wrong", verdict(1000, 416, { ["Content-Range"] = "bytes */1000", ETag = '"b"' }))
    assert.equal("wrong", verdict(0, 416, { ["Content-Range"] = "bytes */0" }, {}))
  end)

  it("takes a rest that is told with status 200 for a rest", function()
    local rest = { ["Content-Range"] = "bytes 400-999/1000", ["Content-Length"] = "600" }
    assert.equal("append", verdict(400, 200, rest))
    assert.equal("wrong", verdict(0, 200, rest, {}))
    assert.equal("wrong", verdict(300, 200, rest))
    assert.equal("begin", verdict(400, 200, { ["Content-Range"] = "bytes 0-999/1000" }))
    assert.equal("begin", verdict(400, 200, { ["Content-Range"] = "rubbish" }))
  end)

  it("does not begin a file again that has the same strong tag and another length", function()
    assert.equal("wrong", verdict(400, 200, { ["Content-Length"] = "600" }))
    assert.equal("begin", verdict(400, 200, { ["Content-Length"] = "600", ETag = '"b"' }))
    assert.equal("begin", verdict(400, 200, { ["Content-Length"] = false }))
    local weak = { etag = 'W/"a"', total = 1000 }
    assert.equal("begin", verdict(400, 200, { ["Content-Length"] = "600", ETag = 'W/"a"' }, weak))
    assert.equal("begin", verdict(0, 200, { ["Content-Length"] = "600" }, {}))
  end)

  it("knows a page by its type", function()
    for _, page in ipairs {
      "text/html",
      "TEXT/HTML; charset=utf-8",
      " application/xml",
      "text/xml",
      "application/json",
      "application/problem+json",
      "application/xhtml+xml",
    } do
      for _, at in ipairs { 0, 400 } do
        assert.equal("page", verdict(at, 200, { ["Content-Type"] = page }), page)
      end
    end
    for _, fit in ipairs {
      "video/mp4",
      "binary/octet-stream",
      "application/octet-stream",
      "image/svg+xml",
      "text/plain",
      "",
      "?",
    } do
      assert.equal("begin", verdict(0, 200, { ["Content-Type"] = fit }), fit)
    end
    assert.equal("begin", verdict(0, 200, { ["Content-Type"] = false }))
  end)

  it("lets what is no video be a page", function()
    assert.equal("begin", judge.head({}, 0, head(200, with { ["Content-Type"] = "text/html" }), false))
  end)

  it("takes no other good status for a file", function()
    for _, status in ipairs { 201, 202, 204, 205, 226 } do
      assert.equal("page", verdict(0, status))
      assert.equal("page", judge.head({}, 0, head(status, VIDEO), false))
    end
    assert.equal("begin", verdict(0, 203))
  end)

  it("takes nothing for no file", function()
    assert.equal("empty", verdict(0, 200, { ["Content-Length"] = "0" }))
    assert.equal("empty", verdict(400, 200, { ["Content-Length"] = "0" }))
  end)

  it("ignores codings that name none", function()
    for _, coding in ipairs {
      "aws-chunked",
      "none",
      "utf-8",
      "UTF-8",
      "binary",
      "identity",
      "",
      "8bit, aws-chunked",
    } do
      assert.equal("begin", verdict(0, 200, { ["Content-Encoding"] = coding }), coding)
    end
    for _, coding in ipairs {
      "gzip",
      "GZIP",
      "br",
      "x-gzip",
      "zstd",
      "deflate",
      "aws-chunked, gzip",
      "gzip,aws-chunked",
    } do
      assert.equal("encoded", verdict(0, 200, { ["Content-Encoding"] = coding }), coding)
    end
  end)

  it("does not compute with numbers that no double holds", function()
    for _, range in ipairs {
      "bytes 9007199254740993-9007199254740994/9007199254740999",
      "bytes 400-999/" .. ("9"):rep(40),
      "bytes 400-" .. ("9"):rep(16) .. "/*",
      "bytes " .. ("0"):rep(15) .. "400-999/1000",
    } do
      local answer = head(206, with { ["Content-Range"] = range, ["Content-Length"] = false })
      assert.is_true((answer.last or 0) < 2 ^ 53, range)
      assert.is_true((answer.total or 0) < 2 ^ 53, range)
      assert.equal("wrong", judge.head(PART, 400, answer, true), range)
    end
    assert.is_nil(head(200, with { ["Content-Length"] = ("9"):rep(16) }).length)
    assert.equal(999999999999999, head(200, with { ["Content-Length"] = ("9"):rep(15) }).length)
    assert.is_nil(head(416, { ["Content-Range"] = "bytes */" .. ("9"):rep(16) }).total)
  end)
end)

describe("judge.is_page", function()
  it("knows HTML, XML and JSON by their first bytes", function()
    for _, bytes in ipairs {
      "<!DOCTYPE html><html>",
      "<html>",
      " \r\n\t<?xml version='1.0'?>",
      "\239\187\191<Error><Code>AccessDenied</Code>",
      '{"error":{}}',
      '\n[{"a":1}]',
      "<!-- -->",
      "\255\254<\0h\0t\0m\0l\0",
      "\254\255\0<\0h\0t\0m\0l",
    } do
      assert.is_true(judge.is_page(bytes), bytes)
    end
  end)

  it("takes no video, picture or sound for one", function()
    for _, bytes in ipairs {
      "",
      "\0\0\0\24ftypmp42",
      "\26\69\223\163",
      "GIF89a",
      "\255\216\255\224",
      "\137PNG\r\n\26\n",
      "RIFF....WEBP",
      "ID3\3",
      "\255\251\144",
      "< 5",
      "1\r\n00:00:01,000 --> 00:00:02,000",
    } do
      assert.is_false(judge.is_page(bytes), bytes)
    end
  end)
end)
