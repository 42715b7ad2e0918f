-- The account: who it is, each way of paying, and what is left after work.
local support = require "spec.support.sim_model"

describe("the account", function()
  local sim

  local function start(behaviour)
    behaviour.concurrency = 0
    sim = support.new { behaviour = behaviour }
  end

  local function me()
    return select(2, sim:ask("GET", "/v3/users/me")).data
  end

  local function balance()
    return me().wallet.remaining_balance
  end

  local function make(changes)
    return sim:ask("POST", "/v3/videos", {
      type = "cinematic_avatar",
      avatar_id = { sim.model.library.looks.rows[1].id },
      prompt = "x",
      duration = changes and changes.duration or 10,
    })
  end

  it("says who it is, and how it pays", function()
    start {}
    local user = me()
    assert.equal("wallet", user.billing_type)
    assert.equal("usd", user.wallet.currency)
    assert.equal(100, user.wallet.remaining_balance)
    assert.same({ enabled = true, threshold_usd = 10, amount_usd = 100 }, user.wallet.auto_reload)
    assert.is_nil(user.subscription)
    assert.is_nil(user.usage_based)
    start { billing = "none" }
    user = me()
    assert.same({}, { user.billing_type, user.wallet, user.subscription, user.usage_based })
  end)

  it("pays with the plan's credits when it comes with an OAuth token", function()
    start {}
    local headers = { ["x-api-key"] = false, authorization = "Bearer token" }
    local user = select(2, sim:ask("GET", "/v3/users/me", nil, headers)).data
    assert.equal("subscription", user.billing_type)
    assert.equal("creator", user.subscription.plan)
    assert.is_nil(user.wallet)
    start { billing = "wallet" }
    assert.equal("wallet", select(2, sim:ask("GET", "/v3/users/me", nil, headers)).data.billing_type)
  end)

  it("pays for what was completed, by the second", function()
    start { clip_seconds = 30 }
    sim:create()
    sim.model.clock:advance(719)
    assert.equal(100, balance())
    sim.model.clock:advance(2)
    assert.equal(99.001, balance())
    make { duration = 4 }
    sim.model.clock:advance(601)
    assert.equal(98.8678, balance())
    assert.equal(98.8678, balance())
  end)

  it("does not pay for what failed, was stopped, or is not done", function()
    start { video_fails = true }
    sim:create()
    make()
    sim.model:behave { video_fails = false }
    local id = sim:create()
    sim:ask("POST", "/v3/video-agents/" .. id .. "/stop", {})
    sim.model.clock:advance(900)
    make()
    assert.equal(100, balance())
  end)

  it("pays for a session that was revived, once", function()
    start { session_fails = true, message_revives = true }
    local id = sim:create()
    sim.model.clock:advance(1000)
    assert.equal(100, balance())
    sim:ask("POST", "/v3/video-agents/" .. id, { message = "continue" })
    sim.model.clock:advance(1000)
    assert.equal("completed", sim:session(id).status)
    assert.equal(99.667, balance())
  end)

  it("reloads its wallet, or is broke", function()
    start { balance = 10.1 }
    make()
    sim.model.clock:advance(601)
    assert.equal(109.767, balance())
    start { balance = 0.1, auto_reload = false }
    assert.is_false(me().wallet.auto_reload.enabled)
    make()
    sim.model.clock:advance(601)
    assert.is_true(balance() < 0)
    for _, path in ipairs { "/v3/video-agents", "/v3/videos" } do
      local status, value
      if path == "/v3/videos" then
        status, value = make()
      else
        status, value = sim:ask("POST", path, { prompt = "x" })
      end
      assert.equal(402, status)
      assert.equal("insufficient_credit", value.error.code)
    end
    assert.equal(1, sim.model.journal.counts.creates)
  end)

  it("pays in credits with a subscription", function()
    start { billing = "subscription", plan = "pro", balance = 7 }
    local user = me()
    assert.equal("pro", user.subscription.plan)
    assert.equal(7, user.subscription.credits.premium_credits.remaining)
    assert.is_truthy(user.subscription.credits.premium_credits.resets_at:find "^%d%d%d%d%-%d%d%-%d%dT")
    assert.is_nil(user.wallet)
    make { duration = 15 }
    sim.model.clock:advance(601)
    assert.equal(2, me().subscription.credits.premium_credits.remaining)
    make { duration = 9 }
    sim.model.clock:advance(601)
    assert.equal(0, me().subscription.credits.premium_credits.remaining)
    assert.equal(402, (make()))
  end)

  it("continues to pay by usage when its credits are gone", function()
    start { billing = "usage_based", balance = 2 }
    make { duration = 4 }
    sim.model.clock:advance(601)
    assert.same({ included_credits = 2, remaining_credits = 1, spending_current_usd = 0 }, me().usage_based)
    make { duration = 15 }
    sim.model.clock:advance(601)
    local usage = me().usage_based
    assert.equal(0, usage.remaining_credits)
    assert.equal(0.4329, usage.spending_current_usd)
    assert.equal(200, (make()))
  end)
end)
