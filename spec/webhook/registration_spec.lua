-- client.webhooks:ensure and :rotate, and `callback` in a create, against the simulator.
local core = require "heygen.core"
local live = require "spec.support.live"
local support = require "spec.support.sim"
local webhook = require "heygen.webhook"

local URL = "https://hooks.example.com/heygen"
local TOKEN_SECRET = "a token secret of more than 16 bytes"

describe("client.webhooks:", function()
  local sim, client

  setup(function()
    sim = support.start()
    client = live.client(sim)
  end)

  teardown(function()
    client:close()
    sim:stop()
  end)

  before_each(function()
    sim:reset()
    sim:faults {}
  end)

  local function router(secrets)
    return webhook.router { on = {}, secrets = secrets, log = function() end }
  end

  local function register(url, events)
    return assert(client.webhooks:create_endpoint { url = url or URL, events = events })
  end

  local function all()
    return assert(client.webhooks:list_endpoints { limit = 100 }).data
  end

  local function verifies(to, secret)
    local body = '{"event_type":"x","event_data":{"video_id":"' .. core.uuid() .. '"}}'
    return (to:handle("POST", webhook.sign(body, secret), body)) == 200
  end

  describe("ensure", function()
    it("makes an endpoint where there is none, and hands its secret to a router", function()
      local to = router()
      local endpoint, outcome, others =
        client.webhooks:ensure { url = URL, events = { "video_agent.success" }, router = to }
      assert.same({ "created", {} }, { outcome, others })
      assert.matches("^whsec_", endpoint.secret)
      assert.is_true(verifies(to, endpoint.secret))
      assert.same({ "video_agent.success" }, all()[1].events)
    end)

    it("leaves what is as it should be, in any order and spelling", function()
      local made = register(URL, { "video_agent.fail", "video_agent.success" })
      local before = live.sent(sim)
      local endpoint, outcome = client.webhooks:ensure {
        url = "https://HOOKS.example.com:443/heygen",
        events = { "video_agent.success", "video_agent.fail", "video_agent.success" },
        router = router(made.secret),
      }
      assert.same({ made.endpoint_id, "unchanged", nil }, { endpoint.endpoint_id, outcome, endpoint.secret })
      assert.equal(before + 1, live.sent(sim))
    end)

    it("changes the events, to all as well", function()
      local made = register(URL, { "video_agent.fail" })
      local endpoint, outcome = client.webhooks:ensure { url = URL, events = { "video_agent.success" } }
      assert.same({ made.endpoint_id, "updated" }, { endpoint.endpoint_id, outcome })
      assert.same({ "video_agent.success" }, all()[1].events)
      assert.equal("updated", select(2, client.webhooks:ensure { url = URL }))
      assert.is_nil(all()[1].events)
      assert.equal("unchanged", select(2, client.webhooks:ensure { url = URL }))
      assert.equal(1, #all())
    end)

    it("reads all pages, takes the one that fits of several, and names the others", function()
      local first = register(URL)
      for i = 1, 110 do
        sim:api("POST", "/v3/webhooks/endpoints", { url = "https://other.example.com/" .. i })
      end
      local second = register(URL, { "video_agent.fail" }) -- the list begins with the newest
      local endpoint, outcome, others = client.webhooks:ensure { url = URL }
      assert.same({ first.endpoint_id, "unchanged" }, { endpoint.endpoint_id, outcome })
      assert.same({ 1, second.endpoint_id }, { #others, others[1].endpoint_id })
      endpoint, outcome = client.webhooks:ensure { url = URL, events = { "batch.finished" } }
      assert.same({ second.endpoint_id, "updated" }, { endpoint.endpoint_id, outcome })
    end)

    it("says how to get an unknown secret", function()
      local made = register()
      local to = router()
      local err = live.failure(client.webhooks:ensure { url = URL, router = to })
      assert.same({ "webhook", "no_secret", made.endpoint_id }, { err.kind, err.reason, err.endpoint_id })
      assert.matches("client%.webhooks:rotate%(", err.message)
      local answer = assert(client.webhooks:rotate(err.endpoint_id, { router = to }))
      assert.is_true(verifies(to, answer.secret))
      assert.equal("unchanged", select(2, client.webhooks:ensure { url = URL, router = to }))
    end)

    it("says that there may be one after all when the answer is lost", function()
      sim:faults { { method = "POST", path = "/v3/webhooks/endpoints", act = true, close = "before" } }
      local err = live.failure(client.webhooks:ensure { url = URL })
      assert.matches("may be there all the same", err.message)
      sim:faults {}
      local endpoint, outcome = client.webhooks:ensure { url = URL }
      assert.same({ "unchanged", nil }, { outcome, endpoint.secret })
      assert.equal(1, #all())
    end)

    it("says so when the router does not take the secret of a new one", function()
      local to = router()
      to.add_secret = function(_, secret)
        error("no memory for " .. secret)
      end
      local err = live.failure(client.webhooks:ensure { url = URL, router = to })
      assert.same({ "no_secret", all()[1].endpoint_id }, { err.reason, err.endpoint_id })
      assert.matches("the endpoint is there now, but .*no memory for %[hidden%]; make a new one", err.message)
    end)

    it("says so when the service does not change the events", function()
      local made = register(URL, { "video_agent.fail" })
      sim:faults { { method = "PATCH", status = 200, body = core.encode { data = made } } }
      local err = live.failure(client.webhooks:ensure { url = URL })
      assert.same({ "not_updated", made.endpoint_id }, { err.reason, err.endpoint_id })
      assert.matches("delete_endpoint%(", err.message)
    end)

    it("fails as the list does", function()
      sim:faults { { method = "GET", status = 403 } }
      assert.equal(403, live.failure(client.webhooks:ensure { url = URL }).status)
      assert.equal(0, sim:counts().creates or 0)
    end)

    it("raises for a mistake before anything is sent", function()
      local before = live.sent(sim)
      local function problem(fields, text)
        local ok, raised = pcall(function()
          client.webhooks:ensure(fields)
        end)
        assert.is_false(ok)
        assert.matches("registration_spec.lua:%d+: client.webhooks:ensure: " .. text, raised)
      end
      problem(nil, "url: missing")
      problem({}, "url: missing")
      problem({ url = URL, events = {} }, "events: expected a list")
      problem({ url = URL, event = { "x" } }, 'event: unknown option, did you mean "events"')
      problem({ url = URL, router = {} }, "router: expected a router made by heygen.webhook.router")
      local err = live.failure(client.webhooks:ensure { url = URL, events = { "video_agent.failed" } })
      assert.matches("video_agent.fail", err.message)
      assert.equal("invalid", err.kind)
      assert.equal(before, live.sent(sim))
    end)
  end)

  describe("rotate", function()
    it("gives a new secret to the router, which takes the old one for a time of grace", function()
      local made = register()
      local to = router(made.secret)
      local answer = assert(client.webhooks:rotate(made, { router = to }))
      assert.equal(made.endpoint_id, answer.endpoint_id)
      assert.not_equal(made.secret, answer.secret)
      assert.same({ true, true }, { verifies(to, answer.secret), verifies(to, made.secret) })
      local last = assert(client.webhooks:rotate(made.endpoint_id, { router = to, grace = 0 }))
      assert.same({ true, false, false }, {
        verifies(to, last.secret),
        verifies(to, answer.secret),
        verifies(to, made.secret),
      })
    end)

    it("asks again, under the same key, when the answer is lost", function()
      local made = register()
      sim:faults {
        { path = "/v3/webhooks/endpoints/*/rotate-secret", act = true, close = "before", times = 1 },
      }
      local to = router(made.secret)
      local answer = assert(client.webhooks:rotate(made, { router = to }))
      assert.is_true(verifies(to, answer.secret))
      sim:faults {}
      -- The service signs with that very one.
      local again = assert(client.webhooks:rotate(made, { idempotency_key = "mine" }))
      assert.equal(again.secret, assert(client.webhooks:rotate(made, { idempotency_key = "mine" })).secret)
    end)

    it("says what to do when every answer is lost", function()
      local made = register()
      sim:faults { { path = "/v3/webhooks/endpoints/*/rotate-secret", act = true, close = "before" } }
      local to = router(made.secret)
      local err = live.failure(client.webhooks:rotate(made, { router = to }))
      assert.matches("the secret may have changed, and the new one is lost: rotate it again", err.message)
      assert.equal(made.endpoint_id, err.endpoint_id)
      assert.is_string(err.idempotency_key)
      assert.is_true(verifies(to, made.secret))
      sim:faults {}
      local answer =
        assert(client.webhooks:rotate(made, { router = to, idempotency_key = err.idempotency_key }))
      assert.is_true(verifies(to, answer.secret))
    end)

    it("changes nothing when the service refuses", function()
      local err = live.failure(client.webhooks:rotate "ep_unknown")
      assert.equal(404, err.status)
      assert.is_nil(err.message:find("lost", 1, true))
      assert.error_matches(function()
        client.webhooks:rotate(7)
      end, "endpoint_id")
      assert.error_matches(function()
        client.webhooks:rotate("ep", { grace = -1 })
      end, "grace: expected seconds >= 0, got %-1")
    end)

    it("says so when the router does not take the new secret, which it never shows", function()
      local made = register()
      local to = router(made.secret)
      to.add_secret = function(_, secret)
        error("no memory for " .. secret)
      end
      local err = live.failure(client.webhooks:rotate(made, { router = to }))
      assert.equal("no_secret", err.reason)
      assert.matches("the secret has changed, but .*no memory for %[hidden%]; make a new one", err.message)
      assert.equal(made.endpoint_id, err.endpoint_id)
    end)
  end)

  describe("callback in a create", function()
    it("becomes an address with a token, and the id comes back", function()
      local session = assert(client:create {
        prompt = "A callback",
        callback = { url = "http://127.0.0.1:1/hook", token_secret = TOKEN_SECRET },
      })
      assert.matches("^%x+%-", session.callback_id)
      sim:clock { advance = 3600 }
      local _, deliveries = sim:api("GET", "/_sim/deliveries")
      local target = deliveries.data[1].url:match "^http://127.0.0.1:1(/hook.*)$"
      local to = webhook.router { on = {}, token_secret = TOKEN_SECRET, log = function() end }
      local body = ('{"event_type":"x","event_data":{"callback_id":"%s"}}'):format(session.callback_id)
      assert.equal(200, (to:handle("POST", {}, body, target)))
    end)

    it("works where a call has no callback_id: the address has it", function()
      local batch = assert(client.videos:create_batch {
        videos = { { type = "avatar", avatar_id = "a", voice_id = "v", script = "Hello" } },
        callback = { url = "http://127.0.0.1:1/hook", token_secret = TOKEN_SECRET, id = "batch-1" },
      })
      assert.equal("batch-1", batch.callback_id)
    end)

    it("is known after a create that may have arrived", function()
      sim:faults { { method = "POST", act = true, close = "before" } }
      local err = live.failure(client:create {
        prompt = "A callback",
        callback = { url = "http://127.0.0.1:1/hook", token_secret = TOKEN_SECRET, id = "order-1" },
      })
      assert.equal("order-1", err.callback_id)
    end)

    it("raises for a mistake, at the line that made it", function()
      local function problem(fields, text)
        fields.prompt = "x"
        for _, method in ipairs { "create", "generate" } do
          local ok, raised = pcall(function()
            client[method](client, fields)
          end)
          assert.is_false(ok)
          assert.matches("registration_spec.lua:%d+: client:%w+: callback" .. text, raised)
        end
      end
      problem({ callback = "https://a.b" }, ": expected a table of options, got string")
      problem(
        { callback = { url = "https://a.b", token_secret = "short" } },
        ".token_secret: expected 16 bytes"
      )
      problem({
        callback_url = "https://a.b",
        callback = { url = "https://a.b", token_secret = TOKEN_SECRET },
      }, ": it makes callback_url and callback_id: leave those out")
    end)
  end)
end)
