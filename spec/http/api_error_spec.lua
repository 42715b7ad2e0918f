-- The error is found in every shape of answer.

local api_error = require "heygen.http.api_error"
local errors = require "heygen.errors"

local function as_it_is(text)
  return text
end

local function problem(status, value, body)
  return api_error.read(status, value, as_it_is, body)
end

describe("api_error.read", function()
  it("finds nothing in a good answer", function()
    assert.is_nil(problem(200, { data = { id = "x" } }))
    assert.is_nil(problem(202, { data = {}, has_more = false }))
    assert.is_nil(problem(200, nil))
    assert.is_nil(problem(204, nil))
    assert.is_nil(problem(200, "just text"))
    assert.is_nil(problem(200, 5))
    assert.is_nil(problem(200, true))
    assert.is_nil(problem(200, {}))
  end)

  it("allocates nothing for a good answer", function()
    if jit then
      jit.off()
    end
    local body = { data = { id = "x" } }
    problem(200, body)
    collectgarbage()
    collectgarbage "stop"
    local before = collectgarbage "count"
    for _ = 1, 1000 do
      problem(200, body)
    end
    local after = collectgarbage "count"
    collectgarbage "restart"
    if jit then
      jit.on()
    end
    assert.is_true((after - before) * 1024 < 1000)
  end)

  it("takes the successes of the older endpoints for what they are", function()
    local null = io.stdout -- any userdata: a null that the decoder kept
    assert.is_nil(problem(200, { error = null, data = {} }))
    assert.is_nil(problem(200, { error = false, data = {} }))
    assert.is_nil(problem(200, { error = "", data = {} }))
    assert.is_nil(problem(200, { error = {}, data = {} }))
    assert.is_nil(problem(200, { error = 0, data = {} }))
    assert.is_nil(problem(200, { code = 100, data = {}, message = "Success" }))
    assert.is_nil(problem(200, { code = "100", data = {} }))
    assert.is_nil(problem(200, { code = "", data = {} }))
    assert.is_nil(problem(200, { code = {}, data = {} }))
    assert.is_nil(problem(200, { code = "ok", data = {} }))
  end)

  it("reads the documented shape", function()
    local url = "https://developers.heygen.com/docs/error-codes#invalid-parameter"
    local body =
      { error = { code = "invalid_parameter", message = "No file", param = "file", doc_url = url } }
    assert.same({
      kind = "api",
      message = "No file",
      status = 400,
      code = "invalid_parameter",
      param = "file",
      doc_url = url,
      retryable = false,
    }, problem(400, body))
  end)

  it("reads an error in a 200", function()
    assert.same({
      kind = "api",
      message = "Job crashed",
      status = 200,
      code = "40119",
      retryable = false,
    }, problem(200, { error = { code = 40119, message = "Job crashed" } }))
    local bare = problem(200, { error = { code = 40119 }, data = {} })
    assert.equal("the service reported an error without saying which", bare.message)
    assert.equal("40119", bare.code)
  end)

  it("reads each of the older shapes", function()
    local function read(status, body)
      local fields = problem(status, body)
      return fields.code, fields.message
    end
    assert.same({ "unclassified_client_error", "it broke" }, { read(200, { error = "it broke" }) })
    assert.same({ "not_found", "no such video" }, { read(404, { error = "no such video" }) })
    assert.same(
      { "invalid_grant", "expired" },
      { read(400, { error = "invalid_grant", error_description = "expired" }) }
    )
    assert.same({ "invalid_grant", "invalid_grant" }, { read(400, { error = "invalid_grant" }) })
    assert.same({ "40031", "bad id" }, { read(200, { code = 40031, data = {}, message = "bad id" }) })
    assert.same({ "40031", "bad id" }, { read(400, { code = 40031, msg = "bad id" }) })
    assert.same({ "40031", "bad id" }, { read(400, { code = "40031", msg = "bad id", message = "" }) })
    assert.same({ "40119", "why" }, { read(200, { error = { code = 40119, detail = "why" } }) })
    assert.same({ "40119", "text" }, { read(200, { code = 40119, detail = "why", message = "text" }) })
    assert.same({ "40119", "why" }, { read(200, { code = 40119, detail = "why" }) })
    assert.same({ "7", "m" }, { read(400, { error = 7, message = "m" }) })
    assert.same({ "unclassified_client_error", "m" }, { read(200, { error = true, message = "m" }) })
    assert.same({ "oops", "m" }, { read(200, { code = "oops", message = "m" }) })
    assert.same({ "bad_thing", "m" }, { read(500, { code = "bad_thing", error = "m" }) })
    assert.same({ "unauthorized", "first" }, { read(401, { error = { "first", "second" } }) })
  end)

  it("reads the message and the field from a list of details", function()
    local detail = { { loc = { "body", "promt" }, msg = "extra fields not permitted", type = "value_error" } }
    local fields = problem(422, { detail = detail })
    assert.equal("extra fields not permitted", fields.message)
    assert.equal("promt", fields.param)
    assert.equal("unclassified_client_error", fields.code)
    detail = { { loc = { "body", "files", 0, "url" }, msg = "m" } }
    local within = problem(422, { error = { code = "c", detail = detail } })
    assert.same({ "m", "files.0.url", "c" }, { within.message, within.param, within.code })
    assert.is_nil(problem(422, { detail = { { loc = { "body" }, msg = "m" } } }).param)
    assert.equal("one", problem(422, { detail = { "one", "two" } }).message)
  end)

  it("writes codes in small letters and numbers without a fraction", function()
    local function code(value)
      return problem(400, { error = { code = value, message = "m" } }).code
    end
    assert.equal("avatar_not_found", code "AVATAR_NOT_FOUND")
    assert.equal("someCode", code "someCode")
    assert.equal("padded", code " padded ")
    assert.equal("40001", code(40001))
    assert.equal("40001", code(40001.0))
    assert.equal("1.5", code(1.5))
  end)

  it("takes an empty code and the literal text error as absent, and falls back to the status", function()
    local fallback = {
      [400] = "validation_error",
      [401] = "unauthorized",
      [402] = "insufficient_credit",
      [403] = "forbidden",
      [404] = "not_found",
      [409] = "conflict",
      [413] = "payload_too_large",
      [429] = "rate_limit_exceeded",
      [500] = "unclassified_server_error",
      [503] = "unclassified_server_error",
      [418] = "unclassified_client_error",
      [302] = "unclassified_client_error",
    }
    for status, code in pairs(fallback) do
      for _, absent in ipairs { "", " ", "error", "Error", "ERROR", {}, true } do
        assert.equal(code, problem(status, { error = { code = absent, message = "m" } }).code)
      end
      assert.equal(code, problem(status, nil).code)
    end
  end)

  it("makes a message of the status when there is none", function()
    local function message(status, value)
      return problem(status, value).message
    end
    assert.equal("the service did not accept the API key or access token", message(401, nil))
    assert.equal("the service does not know this address or id", message(404, { error = {} }))
    assert.equal("too many requests or jobs at once", message(429, { error = { message = " " } }))
    assert.equal("the service is not available at the moment", message(503, nil))
    assert.equal("the service failed (HTTP 507)", message(507, {}))
    assert.equal("the service refused the request (HTTP 418)", message(418, {}))
    assert.equal("the service redirects (HTTP 302), which is not followed: check base_url", message(302, nil))
  end)

  it("takes JSON values that are no objects", function()
    assert.equal("Bad gateway", problem(502, "Bad gateway").message)
    assert.equal("12", problem(500, 12).message)
    assert.equal("the service failed (HTTP 500)", problem(500, true).message)
    assert.equal("first", problem(400, { error = { message = { "first" } } }).message)
  end)

  it("keeps strange values out of the fields", function()
    local fields = problem(400, {
      error = { code = { 1 }, message = { a = {} }, param = {}, doc_url = false },
    })
    assert.same({
      kind = "api",
      message = "the service refused the request as invalid",
      status = 400,
      code = "validation_error",
      retryable = false,
    }, fields)
  end)

  it("cuts long texts and escapes control characters", function()
    local fields =
      problem(400, { error = { code = ("c"):rep(500), message = "a\27[0m" .. ("é"):rep(3000) } })
    assert.equal(("c"):rep(100) .. "...", fields.code)
    assert.equal("a\\x1b[0m", fields.message:sub(1, 8))
    assert.is_true(#fields.message < 1010)
    assert.equal("é...", fields.message:sub(-5))
  end)

  it("makes errors that can be raised, whatever the shape", function()
    local parts =
      { nil, false, true, 0, 100, 40001, "", "error", "text", {}, { "x" }, { code = 1 }, { message = "m" } }
    for _, status in ipairs { 200, 302, 400, 429, 500 } do
      for first = 1, 13 do
        for second = 1, 13 do
          local fields =
            problem(status, { error = parts[first], code = parts[second], message = parts[first] })
          if fields then
            assert.is_string(errors.new(fields).message)
            assert.is_string(fields.code)
            assert.is_true(#fields.code > 0 and #fields.message > 0)
          else
            assert.equal(200, status)
          end
        end
      end
    end
  end)
end)

describe("a page that a gateway sent", function()
  local PAGE = "<!DOCTYPE html><html><head><title>Just a moment...</title></head></html>"

  it("says nothing about the key, the credit or an id", function()
    for _, status in ipairs { 401, 402, 403, 404, 410 } do
      for _, body in ipairs {
        PAGE,
        "  \n" .. PAGE,
        "\239\187\191" .. PAGE,
        "<?xml?><Error/>",
        "error code: 1020",
      } do
        local found = problem(status, nil, body)
        assert.equal("gateway_page", found.code)
        assert.is_true(found.retryable)
        assert.matches("^a gateway or proxy answered in place of the service: HTTP " .. status, found.message)
        assert.is_nil(found.message:find("key", 1, true))
      end
    end
    assert.matches("a page of HTML or XML$", problem(403, nil, PAGE).message)
    assert.matches("a text that is no JSON$", problem(403, nil, "error code: 1020").message)
  end)

  it("is what its status says where that is about the request or the gateway", function()
    for status, code in pairs {
      [400] = "validation_error",
      [413] = "payload_too_large",
      [418] = "unclassified_client_error",
    } do
      local found = problem(status, nil, PAGE)
      assert.equal(code, found.code)
      assert.is_false(found.retryable)
      assert.matches("gateway or proxy", found.message)
    end
    assert.equal("rate_limit_exceeded", problem(429, nil, PAGE).code)
    assert.is_true(problem(524, nil, PAGE).retryable)
    assert.is_false(problem(501, nil, PAGE).retryable)
  end)

  it("is not seen in an answer of the service, nor in an empty one", function()
    for _, status in ipairs { 401, 403, 404 } do
      assert.is_false(problem(status, { error = { code = "x", message = "no" } }).retryable)
      assert.is_false(problem(status, { message = "Forbidden" }).retryable)
      assert.is_false(problem(status, nil, "").retryable)
      assert.is_false(problem(status, nil, " \r\n").retryable)
    end
  end)
end)

describe("foreign text in an error", function()
  local SECRET = "sk_V2_" .. ("k"):rep(46)

  local function hide(text)
    return errors.hide(text, SECRET)
  end

  it("is hidden before it is cut", function()
    for _, name in ipairs { "message", "code", "param", "doc_url" } do
      for at = 40, 1010, 7 do
        local body = { error = { code = "x", message = "m" } }
        body.error[name] = ("a"):rep(at) .. SECRET
        for _, text in pairs(api_error.read(400, body, hide)) do
          assert.is_nil(tostring(text):find("kkkk", 1, true))
        end
      end
    end
  end)
end)
