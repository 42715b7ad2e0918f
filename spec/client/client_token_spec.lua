-- access_token as a function: tokens that expire during a wait.
local heygen = require "heygen"
local live = require "spec.support.live"
local support = require "spec.support.sim"

describe("an access_token that is a function", function()
  local sim

  before_each(function()
    sim = support.start { speed = 20000, keys = { "token-number-2" } }
  end)

  after_each(function()
    sim:stop()
  end)

  it("is called before a request, and once more after a 401", function()
    local calls = {}
    local client = heygen.new {
      base_url = sim.url,
      access_token = function(is_rejected)
        calls[#calls + 1] = is_rejected
        return is_rejected and "token-number-2" or ("token-number-" .. #calls)
      end,
    }
    assert(client.videos:list())
    assert.same({ false, true }, calls)
    assert.is_nil(tostring(client):find("token", 1, true))
    local video = assert(client:generate { prompt = "x", wait = live.QUICK })
    assert.equal("completed", video.status)
    assert.equal(1, sim:counts().creates)
  end)

  it("ends the call when the fresh token is rejected as well", function()
    local count = 0
    local client = heygen.new {
      base_url = sim.url,
      access_token = function()
        count = count + 1
        return "another-token-" .. count
      end,
    }
    local err = live.failure(client.videos:list())
    assert.equal(401, err.status)
    assert.equal(2, count)
    assert.is_nil(tostring(err):find("another", 1, true))
  end)

  it("is an error of kind callback when it raises or gives none", function()
    for _, fn in ipairs {
      function()
        error "no network"
      end,
      function() end,
      function()
        return "a\nb"
      end,
    } do
      local err = live.failure(heygen.new({ base_url = sim.url, access_token = fn }):create { prompt = "x" })
      assert.equal("callback", err.kind)
      assert.equal("no", err.sent)
      assert.matches("access_token", err.message, 1, true)
    end
    assert.equal(0, sim:counts().creates)
  end)

  it("is not called from within itself", function()
    local client, inner
    client = heygen.new {
      base_url = sim.url,
      access_token = function()
        inner = live.failure(client.users:me())
        return "token-number-2"
      end,
    }
    assert(client:create { prompt = "x" })
    assert.same({ "callback", "no" }, { inner.kind, inner.sent })
    assert.matches("called the client that it is for", inner.message, 1, true)
  end)

  it("that closes the client stops the create", function()
    for _, hook in ipairs { "access_token", "on_request" } do
      local client
      local options = { base_url = sim.url, access_token = "token-number-2" }
      options[hook] = function()
        client:close()
        return "token-number-2"
      end
      client = heygen.new(options)
      local err = live.failure(client:create { prompt = "x" })
      assert.same({ "closed", "no" }, { err.kind, err.sent })
    end
    assert.equal(0, sim:counts().creates)
  end)
end)
