-- access_token as a function: tokens that expire during a wait.
local heygen = require "heygen"
local live = require "spec.support.live"
local raw = require "spec.support.raw"
local support = require "spec.support.sim"
local uploading = require "spec.support.uploading"

local PNG = { data = uploading.PNG, filename = "a.png" }

describe("an access_token that is a function", function()
  local sim

  before_each(function()
    sim = support.start { speed = 20000, keys = { "token-number-2" }, behaviour = { video_id = "late" } }
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

  -- A token that the service takes until expire() is called; the function gets the next one when it is told so.
  local function expiring(options)
    local self = { number = 1, rejected = 0 }
    function self.expire()
      sim:faults {
        header = { authorization = "Bearer valid-token-" .. self.number },
        status = 401,
        code = "unauthorized",
      }
    end
    options = options or {}
    options.base_url = options.base_url or sim.url
    function options.access_token(is_rejected)
      if is_rejected then
        self.number, self.rejected = self.number + 1, self.rejected + 1
      end
      return "valid-token-" .. self.number
    end
    self.client = heygen.new(options)
    return self
  end

  describe("that gives a token which expires", function()
    before_each(function()
      sim:stop()
      sim = support.start { speed = 600, behaviour = { asset_processing = 2 } }
    end)

    it("during a wait is followed by a fresh one, and pays once", function()
      local account, polls = expiring(), 0
      local options = live.quick {
        on_progress = function()
          polls = polls + 1
          if polls % 3 == 0 then
            account.expire()
          end
          sim:clock { advance = 60 }
        end,
      }
      local video = assert(account.client:generate { prompt = "x", wait = options })
      assert.equal("completed", video.status)
      assert(account.rejected >= 2, account.rejected)
      assert.equal(1, sim:counts().creates)
    end)

    it("during uploads is followed by a fresh one at each request, and makes one asset", function()
      local account
      account = expiring {
        on_request = function(event)
          if event.url:find("/complete", 1, true) and account.rejected == 2 then
            account.expire()
          end
        end,
      }
      account.expire()
      local asset = assert(account.client.assets:upload(PNG))
      assert.equal(1, account.rejected)
      assert.equal("image/png", asset.mime_type)
      account.expire()
      assert(account.client.assets:upload(PNG, { direct = true, interval = 0.001 }))
      assert.equal(3, account.rejected) -- of the slot, and of the completion
      local slots = 0
      for _, request in ipairs(sim:requests()) do
        slots = slots + (request.path == "/v3/assets/direct-uploads" and request.status < 300 and 1 or 0)
      end
      assert.equal(1, slots)
    end)

    it("before a download is renewed for the request of the address", function()
      local account = expiring()
      local video = assert(account.client:generate { prompt = "x", wait = live.moving(sim, {}, 600) })
      account.expire()
      local bytes = 0
      assert(account.client:download(video.id, function(piece)
        bytes = bytes + #piece
        return true
      end))
      assert.equal(1, account.rejected)
      assert(bytes > 0)
    end)
  end)

  it("passes in a wait when it fails now and then", function()
    local count = 0
    local client = heygen.new {
      base_url = sim.url,
      access_token = function()
        count = count + 1
        if count > 1 and count % 3 ~= 0 then
          return count % 2 == 0 and error "the token server is down" or nil
        end
        return "token-number-2"
      end,
    }
    local video = assert(client:generate { prompt = "x", wait = live.QUICK })
    assert.equal("completed", video.status)
    assert(count > 3, count)
    assert.equal(1, sim:counts().creates)
  end)

  it("ends a wait when it fails ten times in a row, with the reason and the ids", function()
    local count = 0
    local client = heygen.new {
      base_url = sim.url,
      access_token = function()
        count = count + 1
        return count > 1 and error({ message = "the token server is down" }, 0) or "token-number-2"
      end,
    }
    local err = live.failure(client:generate { prompt = "x", wait = live.quick { timeout = 600 } })
    assert(count >= 11 and count <= 21, count) -- a poll may be of the session and of the video
    live.check(err, { kind = "callback", code = "access_token" })
    assert.matches("10 polls in a row had no access token: ", err.message, 1, true)
    assert.matches("resume with client:wait", err.message, 1, true)
    assert.equal("the token server is down", err.cause.message)
    assert.is_string(err.session_id)
    assert.equal(1, sim:counts().creates)
  end)

  it("hears only of a 401 that is the service's word; the first one reaches on_response and log", function()
    local server = raw.start()
    local told, lines
    local function tried(body, call)
      local asked = {}
      told, lines = {}, {}
      server:answers(401, body, "Connection: close\r\n")
      local client = live.client(nil, {
        base_url = server.url,
        api_key = false,
        max_retries = 0,
        access_token = function(is_rejected)
          asked[#asked + 1] = is_rejected
          return "valid-token-" .. #asked
        end,
        on_response = function(event)
          told[#told + 1] = event.status .. " " .. event.attempt
        end,
        log = function(line)
          lines[#lines + 1] = line
        end,
      })
      local err = live.failure(call(client))
      assert.equal(401, err.status)
      assert.is_nil(err.is_service)
      assert.equal(#asked, #server:requests())
      return #asked, asked[2]
    end
    local function create(client)
      return client:create { prompt = "x" }
    end
    local function read(client)
      return client.users:me()
    end
    local PAGE = "<html>401 Authorization Required</html>"
    for _, page in ipairs { PAGE, "\239\187\191 " .. PAGE, "Unauthorized", "[" } do
      assert.equal(1, (tried(page, create)), page)
      assert.equal(1, (tried(page, read)), page)
    end
    for _, foreign in ipairs { "", "[]", "{}", '"Unauthorized"', '{"message":"Unauthorized"}', '{"error":"x"}' } do
      assert.equal(1, (tried(foreign, create)), foreign)
      assert.equal(2, (tried(foreign, read)), foreign)
    end
    for _, own in ipairs {
      '{"error":{"code":"unauthorized","message":"Invalid token"}}',
      '{"error":{}}',
      '{"code":400112,"message":"Unauthorized"}',
      '{"code":401,"data":null,"message":"Unauthorized"}',
    } do
      for _, call in ipairs { create, read } do
        local count, rejected = tried(own, call)
        assert.same({ 2, true }, { count, rejected })
        assert.same({ "401 1", "401 2" }, told)
        assert.equal(2, #lines)
        assert.matches("%-> 401 in .* again in 0%.00 s$", lines[1])
        assert.is_nil(table.concat(lines):find("valid-token", 1, true))
      end
    end
    server:stop()
  end)
end)
