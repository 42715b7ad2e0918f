-- The account: who it is, how it pays, what is left.
local running = require "heygen.sim.core.running"
local respond = require "heygen.sim.core.respond"

local account = {}

-- What a client finds as the owner of its assets.
account.USERNAME = "sim_user"
account.SPACE = "space_sim"

local RELOAD_BELOW, RELOAD_BY = 10, 100
-- A subscription pays in credits, at this price each.
local CREDIT = running.PRICE * 3

local function round(value)
  return math.floor(value * 10000 + 0.5) / 10000
end

--- What is left of the wallet; a reload comes as soon as it falls below its threshold.
local function wallet_left(b, spent)
  local left = b.balance - spent
  if b.auto_reload and left < RELOAD_BELOW then
    left = left + RELOAD_BY * math.ceil((RELOAD_BELOW - left) / RELOAD_BY)
  end
  return left
end

local function credits_used(spent)
  return math.floor(spent / CREDIT + 1e-6)
end

local function iso(at)
  return os.date("!%Y-%m-%dT%H:%M:%SZ", at)
end

local BILLING = {}

function BILLING.wallet(b, spent)
  return {
    currency = "usd",
    remaining_balance = round(wallet_left(b, spent)),
    auto_reload = { enabled = b.auto_reload, threshold_usd = RELOAD_BELOW, amount_usd = RELOAD_BY },
  }
end

function BILLING.subscription(b, spent, now, null)
  return {
    plan = b.plan,
    credits = {
      premium_credits = {
        remaining = math.floor(math.max(0, b.balance - credits_used(spent))),
        resets_at = iso((math.floor(now / 2592000) + 1) * 2592000),
      },
      add_on_credits = null,
    },
  }
end

function BILLING.usage_based(b, spent, _, null)
  return {
    included_credits = b.balance,
    remaining_credits = math.max(0, b.balance - credits_used(spent)),
    spending_cap_usd = null,
    spending_current_usd = round(math.max(0, spent - b.balance * CREDIT)),
  }
end

-- An API key pays from the prepaid wallet, an OAuth token with the credits of the user's plan.
local function kind_of(b, headers)
  if b.billing ~= "by_key" then
    return b.billing
  end
  return headers and headers.authorization and not headers["x-api-key"] and "subscription" or "wallet"
end

function account.me(model, request)
  local b, null, now = model:behaviour_now(), model.json.null, model.clock:now()
  local kind = kind_of(b, request.headers)
  local data = {
    username = account.USERNAME,
    email = "sim@example.com",
    first_name = "Sim",
    last_name = "User",
    billing_type = kind == "none" and null or kind,
    wallet = null,
    subscription = null,
    usage_based = null,
  }
  if BILLING[kind] then
    data[kind] = BILLING[kind](b, running.spent(model), now, null)
  end
  return respond.data(model.json, model:finish(data, b))
end

--- Whether something that costs may be made.
---@param model table
---@param b table behaviour
---@return table|nil refusal the response with 402, when not
function account.refusal(model, b)
  local kind, broke = kind_of(b), nil
  if kind == "wallet" and not b.auto_reload then
    broke = b.balance - running.spent(model) <= 0
  elseif kind == "subscription" then
    broke = b.balance - credits_used(running.spent(model)) < 1
  end
  if broke then
    return respond.problem(
      model.json,
      402,
      nil,
      "Insufficient credit. Please add funds or credits to continue."
    )
  end
end

return account
