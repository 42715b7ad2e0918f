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
  -- The kinds of mistakes, for each kind of option: spec/schema/options_spec.lua.
  local BAD = {
    seconds = { "5", 0 / 0, -1, -math.huge, {} },
    integer = { "5", 0 / 0, -1, 1.5, math.huge, -math.huge },
    string = { 5, true, {} },
    boolean = { "yes", 1 },
    table = { "x", 5 },
    ["function"] = { "print", {} },
  }

  it("is refused when it is not what it should be", function()
    for name, spec in pairs(options.known) do
      for _, value in ipairs(BAD[spec.type] or {}) do
        local message = refusal({ [name] = value }, name == "api_key")
        assert.matches("heygen.new: " .. name .. ": expected ", message, 1, true)
      end
    end
  end)

  it("is refused out of its range", function()
    refused("timeout: expected seconds > 0, got 0", { timeout = 0 })
    refused("max_retries: expected an integer >= 0, got -1", { max_retries = -1 })
    refused("retry_base: expected finite seconds >= 0, got -0.1", { retry_base = -0.1 })
    refused("max_connections: expected an integer from 1 to 100000, got 0", { max_connections = 0 })
    refused("max_connections: expected an integer from 1 to 100000, got 100001", { max_connections = 100001 })
    refused("max_response_bytes: expected an integer >= 1024, got 100", { max_response_bytes = 100 })
  end)

  it("that bounds something may be infinite: then nothing does", function()
    for _, name in ipairs { "timeout", "connect_timeout", "deadline" } do
      assert(heygen.new { api_key = live.KEY, [name] = math.huge })
    end
    refused("retry_base: expected finite seconds >= 0, got infinity", { retry_base = math.huge })
    refused("retry_cap: expected finite seconds >= 0, got infinity", { retry_cap = math.huge })
  end)

  it("set that is no table is refused without showing it", function()
    local ok, raised = pcall(heygen.new, live.KEY)
    assert.is_false(ok)
    assert.matches("heygen.new: expected a table of options, got string", raised, 1, true)
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
    refused("api_key: it has a control character in it", { api_key = live.KEY .. "\n" }, true)
    refused("api_key: it has a control character in it", { api_key = "a\r\nX-Evil: 1" }, true)
    refused("api_key: it has a control character in it", { api_key = "a\0b" }, true)
    refused("api_key: it has a space in it", { api_key = "Bearer abc" }, true)
    refused("access_token: it has a control character in it", { access_token = "a\nb" }, true)
  end)

  it("goes alone: not with a token", function()
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
    refused("base_url: it has a control character in it", { base_url = "https://ho\r\nst" })
    refused("base_url: expected https, got ftp", { base_url = "ftp://host" })
    refused("base_url: expected an address without query and fragment", { base_url = "https://host/?a=b" })
    refused("base_url: expected an address without query and fragment", { base_url = "https://host/#x" })
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
      "127.01.1.1",
      "127.0.0.",
      "127..0.1",
      "127.1",
    } do
      refused(
        "base_url: expected https (plain http is only for this machine)",
        { base_url = "http://" .. host }
      )
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
    refused("headers.X: expected a value without CR, LF and NUL", { headers = { X = "a\r\nX-Api-Key: b" } })
    refused("headers.X: expected a value without CR, LF and NUL", { headers = { X = "a\0" } })
    refused("headers.X: expected a string, got", { headers = { X = 1 } })
    refused("headers: expected the name of a header as a key, got ", { headers = { ["a b"] = "x" } })
    refused("headers: expected the name of a header as a key, got ", { headers = { ["a\r\nb"] = "x" } })
    refused("headers: expected the name of a header as a key, got ", { headers = { "x" } })
    refused("headers: expected the name of a header as a key, got ", { headers = { [""] = "x" } })
    refused("headers.X-API-KEY: not allowed here, use api_key", { headers = { ["X-API-KEY"] = "x" } })
    refused(
      "headers.Authorization: not allowed here, use access_token",
      { headers = { Authorization = "x" } }
    )
    refused("headers.Host: not allowed here", { headers = { Host = "x" } })
    refused("headers.content-length: not allowed here", { headers = { ["content-length"] = "0" } })
  end)

  it("of the user agent are checked", function()
    refused("user_agent: it has a control character in it", { user_agent = "a\r\nb" })
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
    assert.matches("HEYGEN_API_KEY: it has a control character in it", output)
    assert.is_nil(output:find("abc", 1, true))
    output = run("HEYGEN_API_KEY=abc HEYGEN_API_BASE=http://example.com", SHOW)
    assert.matches(
      "HEYGEN_API_BASE: expected https (plain http is only for this machine), got",
      output,
      1,
      true
    )
  end)

  it("does not matter where options are given", function()
    local output = run(
      "HEYGEN_API_KEY=abc HEYGEN_API_BASE=http://example.com",
      'print(tostring(require("heygen").new{access_token="t", base_url="https://localhost"}))'
    )
    assert.equal("heygen.client (https://localhost)", output)
  end)
end)
