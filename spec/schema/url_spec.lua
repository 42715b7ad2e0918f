-- Addresses: the rule for this machine, and all that goes by it.
local heygen = require "heygen"
local live = require "spec.support.live"
local urls = require "heygen.schema.url"

local LOOPBACK = { "127.0.0.1", "127.0.0.2", "127.255.0.10", "localhost", "LocalHost", "[::1]" }
local OTHERS = {
  "127.1",
  "127.01.1.1",
  "127.0.0.01",
  "127.0.0",
  "127.0.0.",
  "127..0.1",
  "127.0.0.0.1",
  "127.0.0.256",
  "127.999.0.1",
  "127.0.0.1.example.com",
  "localhost.example.com",
  "localhost.",
  "[::2]",
  "[::ffff:127.0.0.1]",
  "10.0.0.1",
  "0.0.0.0",
  "example.com",
}

describe("the rule for this machine", function()
  it("takes its names in any letter case, and plain numbers only", function()
    for _, host in ipairs(LOOPBACK) do
      assert.is_true(urls.is_loopback(host), host)
    end
    assert.is_true(urls.is_loopback "::1")
    for _, host in ipairs(OTHERS) do
      assert.is_false(urls.is_loopback(host), host)
    end
  end)

  it("is the same for base_url, callback_url, transfers and the proxy", function()
    for _, list in ipairs { LOOPBACK, OTHERS } do
      for _, host in ipairs(list) do
        local wanted, address = list == LOOPBACK, "http://" .. host .. ":8080/x?a=b"
        assert.equal(wanted, (pcall(heygen.new, { api_key = live.KEY, base_url = "http://" .. host })), host)
        assert.equal(wanted, urls.callback_problem(address) == nil, host)
        assert.equal(wanted, urls.split(address) ~= nil, host)
        assert.equal(wanted and "" or nil, urls.proxy(nil, address), host)
      end
    end
  end)
end)

describe("the rule for private networks", function()
  it("takes numbers of private networks, and numbers that are not plain", function()
    for _, host in ipairs(LOOPBACK) do
      assert.is_true(urls.is_private(host), host)
    end
    for _, host in ipairs {
      "10.0.0.1",
      "172.16.0.1",
      "172.31.255.255",
      "192.168.0.1",
      "169.254.169.254",
      "0.0.0.0",
      "127.1",
      "2130706433",
      "0x7f000001",
      "0x7f.1",
      "1.2.3.0x4",
      "8.8.8.010",
      "10.0.0.1.",
      "localhost.",
      "a.localhost",
      "[::]",
      "[fe80::1]",
      "[fd00::1]",
      "[::ffff:10.0.0.1]",
    } do
      assert.is_true(urls.is_private(host), host)
    end
    for _, host in ipairs {
      "8.8.8.8",
      "172.15.0.1",
      "172.32.0.1",
      "192.169.0.1",
      "100.1.1.1",
      "example.com",
      "10.example.com",
      "0xample.com",
      "localhost.example.com",
      "[2001:db8::1]",
    } do
      assert.is_false(urls.is_private(host), host)
    end
  end)

  it("lets a server of such a network name others in it", function()
    local inner, outer = "http://127.0.0.1:8080/x", "https://example.com/x"
    assert.is_string(urls.inward_problem(inner, outer))
    assert.is_nil(urls.inward_problem(inner, "http://localhost:1"))
    assert.is_nil(urls.inward_problem(outer, inner))
    assert.is_nil(urls.inward_problem(outer, outer))
  end)
end)

describe("an address", function()
  it("is split at its path", function()
    assert.same({ "https://a.b", "/c?d#e", false }, { urls.split "HTTPS://a.b/c?d#e" })
    assert.same({ "http://[::1]:80", "", true }, { urls.split "http://[::1]:80" })
    assert.same({ "http://a.b", "?c", true }, { urls.split("http://a.b:?c", true) })
  end)

  it("is refused when it is none, or may not be used", function()
    assert.same({ nil, "expected an address such as https://api.heygen.com" }, { urls.split "//x" })
    assert.same({ nil, "expected https, got ftp" }, { urls.split "ftp://x" })
    assert.same(
      { nil, "expected https (plain http is only for this machine)", true },
      { urls.split "http://example.com" }
    )
  end)

  it("goes by the proxy that was chosen, to this machine as well", function()
    assert.equal("http://proxy", urls.proxy("http://proxy", "http://127.0.0.1"))
    assert.equal("", urls.proxy("", "https://example.com"))
  end)

  it("is shown without what may be a secret", function()
    assert.equal('"https://host/a"', urls.shown "https://user:password@host/a?signature=b#c")
  end)

  it("of a callback is https, or to this machine", function()
    for _, each in ipairs {
      "http://user@localhost/x",
      "http://127.0.0.1@evil.example/",
      "http://127.0.0.1:80 /",
      "ftp://127.0.0.1/",
      "",
    } do
      assert.matches("^expected a URL", urls.callback_problem(each))
    end
    assert.is_nil(urls.callback_problem "HTTPS://a.b/c")
  end)
end)
