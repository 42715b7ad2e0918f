-- client.webhooks:ensure and :rotate: the registered endpoint as a program wants it, whatever there is already, and a
-- new secret without losing what is on its way under the old one.
local core = require "heygen.core"
local errors = require "heygen.errors"
local ids = require "heygen.api.id"
local row_calls = require "heygen.api.call"
local arguments = require "heygen.api.arguments"
local checker = require "heygen.schema.options"

local registration = {}

local ROWS = row_calls.rows "webhooks"
local GRACE = 3600 -- seconds
local PAGE = 100

-- ---- what is wanted ----

local function is_list(value)
  return type(value) == "table" and value[1] ~= nil
end

local ENSURE = {
  url = { type = "string", required = "write url = the address that HeyGen must send to" },
  events = { expected = "a list of types of events (leave it out for all of them)", is = is_list },
  router = checker.router "add_secret",
}

local ROTATE = {
  router = checker.router "add_secret",
  grace = { type = "seconds", min = 0 },
  idempotency_key = checker.shared.idempotency_key,
}

-- ---- comparing ----

local PORTS = { http = ":80", https = ":443" }

-- The same address in one spelling: what the letter case of a host, its usual port and no path at all do not change.
local function normal(url)
  local scheme, host, rest = tostring(url):match "^(%a[%w+.-]*)://([^/?#]*)(.*)$"
  if not scheme then
    return url
  end
  scheme, host = scheme:lower(), host:lower()
  local port = PORTS[scheme]
  if port and host:sub(-#port) == port then
    host = host:sub(1, -#port - 1)
  end
  return scheme .. "://" .. host .. (rest:sub(1, 1) == "/" and rest or "/" .. rest)
end

local function set_of(list)
  local set, count = {}, 0
  for _, name in ipairs(type(list) == "table" and list or {}) do
    if not set[name] then
      set[name], count = true, count + 1
    end
  end
  return set, count
end

-- No list and an empty one both mean all.
local function same_events(left, right)
  local set, count = set_of(left)
  local other, other_count = set_of(right)
  for name in pairs(set) do
    if not other[name] then
      return false
    end
  end
  return count == other_count
end

-- ---- ensure ----

local function all_with(client, url)
  local wanted, found = normal(url), {}
  local page, message, err = client.webhooks:list_endpoints { limit = PAGE }
  while page do
    for _, endpoint in ipairs(page.data) do
      if type(endpoint) == "table" and normal(endpoint.url) == wanted then
        found[#found + 1] = endpoint
      end
    end
    page, message, err = page:next()
  end
  if message then
    return nil, message, err
  end
  return found
end

-- The one that needs no change if there is one, and the rest. One that is disabled gets nothing: it is as good as none.
local function choose(found, events)
  local chosen
  for _, endpoint in ipairs(found) do
    if endpoint.status ~= "disabled" then
      if same_events(endpoint.events, events) then
        chosen = endpoint
        break
      end
      chosen = chosen or endpoint
    end
  end
  local others = {}
  for _, endpoint in ipairs(found) do
    if endpoint ~= chosen then
      others[#others + 1] = endpoint
    end
  end
  return chosen, others
end

local function explained(err, text)
  err.message = err.message .. "; " .. text
  return nil, tostring(err), err
end

local REPEAT =
  "until the new secret is known, deliveries cannot be verified, and HeyGen repeats them for a day"

-- Gives a secret to the router. The failure triple, with how to get another one, when it does not take it.
local function hand_over(router, endpoint, what, grace)
  local secret = endpoint.secret
  local ok, raised = pcall(router.add_secret, router, secret, { grace = grace })
  if ok then
    return true
  end
  local why = errors.printable(errors.hide(tostring(raised), type(secret) == "string" and secret or nil), 300)
  return errors.fail {
    kind = "webhook",
    reason = "no_secret",
    message = (
      "%s, but the router did not take the secret: %s; make a new one with client.webhooks:rotate(%q, "
      .. "{router = router}): %s"
    ):format(what, why, tostring(endpoint.endpoint_id), REPEAT),
    endpoint_id = endpoint.endpoint_id,
    sent = "yes",
  }
end

local function create(client, wanted, others)
  local endpoint, message, err = client.webhooks:create_endpoint { url = wanted.url, events = wanted.events }
  if not endpoint then
    if err.sent ~= "no" and err.kind ~= "api" then
      return explained(
        err,
        "the endpoint may be there all the same, with an unknown secret: ensure finds it, and "
          .. "client.webhooks:rotate gives it a new secret"
      )
    end
    return nil, message, err
  end
  if wanted.router then
    local ok
    ok, message, err = hand_over(wanted.router, endpoint, "the endpoint is there now")
    if not ok then
      return nil, message, err
    end
  end
  return endpoint, "created", others
end

-- The checks of create_endpoint, before anything is sent.
local function check_wanted(wanted, level)
  local call, problem, field, mistake = arguments.check(ROWS.create_endpoint, {
    { url = wanted.url, events = wanted.events },
  }, 1)
  if not call and mistake then
    error("client.webhooks:ensure: " .. problem, level + 1)
  elseif not call then
    local message = "client.webhooks:ensure: " .. problem
    return errors.fail { kind = "invalid", message = message, param = field, sent = "no" }
  end
  return call
end

local function ensure(client, given, level)
  local wanted = checker.read("client.webhooks:ensure", given, ENSURE, level + 1)
  local fine, why, refusal = check_wanted(wanted, level + 1)
  if not fine then
    return nil, why, refusal
  end
  local found, message, err = all_with(client, wanted.url)
  if not found then
    return nil, message, err
  end
  local endpoint, others = choose(found, wanted.events)
  if not endpoint then
    return create(client, wanted, others)
  end
  local outcome = "unchanged"
  if not same_events(endpoint.events, wanted.events) then
    local fields = { events = wanted.events or core.null }
    endpoint, message, err = client.webhooks:update_endpoint(endpoint.endpoint_id, fields)
    outcome = "updated"
    if endpoint and not same_events(endpoint.events, wanted.events) then
      return errors.fail {
        kind = "webhook",
        reason = "not_updated",
        message = (
          "the service has left the events of the endpoint %s as they were; delete it with "
          .. "client.webhooks:delete_endpoint(%q) and call ensure again"
        ):format(tostring(endpoint.endpoint_id), tostring(endpoint.endpoint_id)),
        endpoint_id = endpoint.endpoint_id,
        last = endpoint,
        sent = "yes",
      }
    end
  end
  if not endpoint then
    return nil, message, err
  elseif wanted.router and not wanted.router:has_secret() then
    return errors.fail {
      kind = "webhook",
      reason = "no_secret",
      message = (
        "the endpoint %s is there already, and the service gives its secret only once: give it to the router as "
        .. "`secrets`, or make a new one with client.webhooks:rotate(%q, {router = router})"
      ):format(tostring(endpoint.endpoint_id), tostring(endpoint.endpoint_id)),
      endpoint_id = endpoint.endpoint_id,
      last = endpoint,
      sent = "yes",
    }
  end
  return endpoint, outcome, others
end

-- ---- rotate ----

-- Whether the secret may have changed without a caller here knowing the new one.
local function is_unsure(err)
  return err.sent ~= "no" and (err.kind ~= "api" or (err.status or 500) >= 500)
end

local ROTATED = ids.called(ROWS.rotate_secret, "client.webhooks:rotate") -- for messages

local function rotate(client, target, given, level)
  local options = checker.read("client.webhooks:rotate", given, ROTATE, level + 1)
  local key = options.idempotency_key or core.uuid()
  local answer, err = row_calls.invoke(client, ROTATED, level + 1, target, { idempotency_key = key })
  if not answer and is_unsure(err) then
    -- With the same key the service gives the same answer again, for a day.
    answer, err = row_calls.invoke(client, ROTATED, level + 1, target, { idempotency_key = key })
  end
  if not answer and is_unsure(err) then
    return explained(
      err,
      "the secret may have changed, and the new one is lost: rotate it again, in any case: " .. REPEAT
    )
  elseif not answer then
    return errors.outcome(nil, err)
  end
  if options.router then
    local ok, message
    ok, message, err = hand_over(options.router, answer, "the secret has changed", options.grace or GRACE)
    if not ok then
      return nil, message, err
    end
  end
  return answer
end

-- ---- the methods ----

-- Their types are in types/heygen/webhooks.lua.
local METHODS = {}

function METHODS:ensure(options)
  local client = type(self) == "table" and self.client
  if not client then
    checker.refuse_dot("client.webhooks:ensure{...}", 2)
  end
  local endpoint, outcome, others = ensure(client, options, 2)
  return endpoint, outcome, others
end

function METHODS:rotate(target, options)
  local client = type(self) == "table" and self.client
  if not client then
    checker.refuse_dot("client.webhooks:rotate(...)", 2)
  end
  local answer, message, err = rotate(client, target, options, 2)
  return answer, message, err
end

---See api/extra_methods.lua.
function registration.methods()
  return METHODS
end

return registration
