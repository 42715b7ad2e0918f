-- The options of a client: types, ranges, the environment, and what is refused with which words.
local heygen = require "heygen"
local live = require "spec.support.live"
local options = require "heygen.schema.client_options"
local shell = require "spec.support.shell"

-- What heygen.new says to these options; a key is there unless `bare`.
local function refusal(given, bare)
  if not bare then
    given.api_key = given.api_key or live.KEY
  end
  local ok, raised = pcall(heygen.new, given)
  assert.is_false(ok, "nothing was refused")
  assert.matches("heygen.new: ", raised, 1, true)
  assert.is_nil(raised:find(live.KEY, 1, true))
  return raised
end

local function refused(message, given, bare)
  assert.matches(message, refusal(given, bare), 1, true)
end

describe("an option", function()
  local NUMBERS = {
    { "timeout", 0, "expected 0.001 or more, got 0" },
    { "connect_timeout", 0, "expected 0.001 or more, got 0" },
    { "deadline", -1, "expected 0.001 or more, got -1" },
    { "max_retries", -1, "expected 0 or more, got -1" },
    { "max_retries", 1.5, "expected a whole number, got 1.5" },
    { "retry_base", -0.1, "expected 0 or more, got -0.1" },
    { "retry_cap", -1, "expected 0 or more, got -1" },
    { "max_connections", 0, "expected 1 or more, got 0" },
    { "max_connections", 100001, "expected at most 100000, got 100001" },
    { "max_response_bytes", 100, "expected 1024 or more, got 100" },
  }

  for _, case in ipairs(NUMBERS) do
    it(("%s is refused when it is %s"):format(case[1], tostring(case[2])), function()
      refused(case[1] .. ": " .. case[3], { [case[1]] = case[2] })
    end)
  end

  it("of a number is refused when it is no finite number", function()
    for name, spec in pairs(options.known) do
      if spec.type == "number" or spec.type == "integer" then
        refused(name .. ": expected a number, got string", { [name] = "5" })
        refused(name .. ": expected a finite number", { [name] = 0 / 0 })
        refused(name .. ": expected a finite number", { [name] = math.huge })
        refused(name .. ": expected a finite number", { [name] = -math.huge })
        assert(
          heygen.new { api_key = live.KEY, [name] = spec.max or spec.min and math.max(spec.min, 2048) or 1 }
        )
      end
    end
  end)

  it("is refused when it has another type", function()
    for name, spec in pairs(options.known) do
      if spec.type ~= "number" and spec.type ~= "integer" and spec.type ~= "driver" then
        local message = refusal({ [name] = 5 }, name == "api_key")
        assert.matches(("%s: expected a %s, got number"):format(name, spec.type), message, 1, true)
      end
    end
  end)

  it("says its type for true and false", function()
    refused("allow_http: expected a boolean, got string", { allow_http = "yes" })
  end)

  it("may be an object that can be called where a function is wanted", function()
    local lines = {}
    local log = setmetatable({}, {
      __call = function(_, line)
        lines[#lines + 1] = line
      end,
    })
    assert(heygen.new { api_key = live.KEY, log = log })
    refused("log: expected a function, got table", { log = {} })
  end)

  it("that is unknown is refused, with what was meant", function()
    refused('time_out: unknown option, did you mean "timeout"?', { time_out = 3 })
    refused('apikey: unknown option, did you mean "api_key"?', { apikey = "x" })
    refused("zzz: unknown option", { zzz = 1 })
    refused("1: unknown option", { "sk_V2_x" })
  end)

  it("set that is no table is refused without showing it", function()
    local ok, raised = pcall(heygen.new, live.KEY)
    assert.is_false(ok)
    assert.matches("expected a table of options, got string", raised)
    assert.is_nil(raised:find(live.KEY, 1, true))
  end)

  it("that is wrong points at the line that called", function()
    local ok, raised = pcall(function()
      heygen.new { api_key = live.KEY, timeout = "x" }
    end)
    assert.is_false(ok)
    assert.matches("^spec/schema/client_options_spec%.lua:%d+: heygen%.new: timeout", raised)
  end)

  it("table is not changed", function()
    local given = { api_key = live.KEY, headers = { A = "b" } }
    heygen.new(given)
    assert.same({ api_key = live.KEY, headers = { A = "b" } }, given)
  end)
end)

describe("a key", function()
  it("is refused when it is blank or broken, without showing it", function()
    refused("api_key: it is blank, get one at https://app.heygen.com", { api_key = "" }, true)
    refused("api_key: it is blank", { api_key = "  " }, true)
    refused("api_key: the value has a control character in it", { api_key = live.KEY .. "\n" }, true)
    refused("api_key: the value has a control character in it", { api_key = "a\r\nX-Evil: 1" }, true)
    refused("api_key: the value has a control character in it", { api_key = "a\0b" }, true)
    refused("api_key: it has a space in it", { api_key = "Bearer abc" }, true)
    refused("access_token: the value has a control character in it", { access_token = "a\nb" }, true)
  end)

  it("goes alone: not beside a token", function()
    refused("give api_key or access_token, not both", { access_token = "t" })
  end)

  it("is nowhere in the client", function()
    local client = heygen.new { api_key = live.KEY, base_url = "https://example.com/x" }
    assert.equal("heygen.client (https://example.com/x)", tostring(client))
    assert.equal(0, live.find(client, live.KEY))
    assert.equal(0, live.find(client.options, live.KEY))
    assert.equal("private", getmetatable(client))
  end)
end)

describe("base_url", function()
  it("is refused when it is no address of a server", function()
    for _, url in ipairs {
      "api.heygen.com",
      "https://",
      "https:///x",
      "https://a b",
      "https://user:pw@host/",
      "https://user@host/",
      "https://host:port/",
      "https://host:99999",
      "//host",
      "",
      "https://host\\x",
    } do
      refused("base_url: expected an address such as https://api.heygen.com", { base_url = url })
    end
    refused("base_url: base_url has a control character in it", { base_url = "https://ho\r\nst" })
    refused("base_url: expected https, got ftp", { base_url = "ftp://host" })
    refused("base_url: a query or fragment does not belong there", { base_url = "https://host/?a=b" })
    refused("base_url: a query or fragment does not belong there", { base_url = "https://host/#x" })
  end)

  it("is refused when it is plain http to another machine", function()
    for _, host in ipairs {
      "api.heygen.com",
      "127.0.0.1.example.com",
      "localhost.example.com",
      "10.0.0.1",
      "[::2]",
      "127.1.evil",
      "127.999.0.1",
      "127.0.0.256",
      "127.0.0.1000",
      "127.0.0.09",
      "127.0.0.0.1",
      "127.0.0",
      "127.0.0.",
      "127..0.1",
      "127.1",
    } do
      refused("base_url: plain http is only for this machine", { base_url = "http://" .. host })
    end
    refused("set allow_http = true", { base_url = "http://10.0.0.1" })
  end)

  it("may be plain http to this machine, or anywhere when that is wanted", function()
    for _, url in ipairs {
      "http://127.0.0.1:80",
      "http://localhost",
      "http://127.255.0.10/x",
      "http://[::1]:8080/x",
      "HTTP://LOCALHOST",
    } do
      assert(heygen.new { api_key = "k", base_url = url })
    end
    assert(heygen.new { api_key = "k", base_url = "http://10.0.0.1", allow_http = true })
  end)
end)

describe("headers", function()
  it("are refused when they would break a request or take over its key", function()
    refused("headers: X: CR, LF and NUL are not allowed", { headers = { X = "a\r\nX-Api-Key: b" } })
    refused("headers: X: CR, LF and NUL are not allowed", { headers = { X = "a\0" } })
    refused("headers: X: expected a string, got number", { headers = { X = 1 } })
    refused("is no name of a header", { headers = { ["a b"] = "x" } })
    refused("is no name of a header", { headers = { ["a\r\nb"] = "x" } })
    refused("is no name of a header", { headers = { "x" } })
    refused("is no name of a header", { headers = { [""] = "x" } })
    refused("headers: X-API-KEY: not allowed here, use api_key", { headers = { ["X-API-KEY"] = "x" } })
    refused(
      "headers: Authorization: not allowed here, use access_token",
      { headers = { Authorization = "x" } }
    )
    refused("headers: Host: not allowed here", { headers = { Host = "x" } })
    refused("headers: content-length: not allowed here", { headers = { ["content-length"] = "0" } })
  end)

  it("of the user agent are checked", function()
    refused("user_agent: user_agent has a control character in it", { user_agent = "a\r\nb" })
  end)
end)

-- ---- the environment, which only another process can have ----

describe("the environment", function()
  local INTERPRETER = rawget(_G, "jit") and "luajit" or "lua" .. _VERSION:match "%d+%.%d+"

  -- Runs a program with these variables, and without those that this process may have.
  local function run(variables, program)
    return shell.run(
      ("unset HEYGEN_API_KEY HEYGEN_API_BASE; %s %s -e %s"):format(
        variables,
        INTERPRETER,
        shell.quote(program)
      )
    )
  end

  local SHOW = 'local c = require("heygen").new() print(tostring(c))'

  it("gives the key and the address", function()
    local output, status = run("HEYGEN_API_KEY=abc", SHOW)
    assert.equal("heygen.client (https://api.heygen.com)", output)
    assert.equal(0, status)
    output = run("HEYGEN_API_KEY=abc HEYGEN_API_BASE=http://127.0.0.1:99/p", SHOW)
    assert.equal("heygen.client (http://127.0.0.1:99/p)", output)
    output = run("HEYGEN_API_KEY=abc HEYGEN_API_BASE=", SHOW)
    assert.equal("heygen.client (https://api.heygen.com)", output)
  end)

  it("without a key, or with a blank one, says where to get one", function()
    for _, variables in ipairs { "", "HEYGEN_API_KEY=", "HEYGEN_API_KEY='  '" } do
      local output, status = run(variables, SHOW)
      assert.equal(1, status)
      assert.matches("api_key: missing. Get one at https://app.heygen.com", output, 1, true)
      assert.matches("set HEYGEN_API_KEY", output, 1, true)
    end
  end)

  it("is named when it is what is wrong", function()
    local output = run("HEYGEN_API_KEY=\"$(printf 'abc\\n\\tx')\"", SHOW)
    assert.matches("HEYGEN_API_KEY: the value has a control character in it", output)
    assert.is_nil(output:find("abc", 1, true))
    output = run("HEYGEN_API_KEY=abc HEYGEN_API_BASE=http://example.com", SHOW)
    assert.matches("HEYGEN_API_BASE: plain http is only for this machine", output)
  end)

  it("does not matter where options are given", function()
    local output = run(
      "HEYGEN_API_KEY=abc HEYGEN_API_BASE=http://example.com",
      'print(tostring(require("heygen").new{access_token="t", base_url="https://localhost"}))'
    )
    assert.equal("heygen.client (https://localhost)", output)
  end)
end)
