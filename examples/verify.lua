-- A receiver of webhooks, and a test of it: deliveries as HeyGen signs them, and some that are not.
-- It needs no network. Put `receive` into your server; it takes what any server hands over.
local heygen = require "heygen"

local webhook = heygen.webhook

-- ---- the receiver

-- Two while one replaces another: from `expires` on the old one verifies nothing.
local secrets = {
  { secret = "whsec_new_5d41402abc4b2a76", id = "new" },
  { secret = "whsec_old_7d793037a0760186", id = "old", expires = os.time() + 3600 },
}
local store = webhook.memory_store()

local ANSWERS = { bad_signature = 401, too_large = 413, duplicate = 200, store_failed = 503 }

-- The status to answer with. What `handle` raises is not lost: HeyGen sends the event again.
local function receive(body, headers, handle)
  local event, _, err = webhook.verify(body, headers, secrets, { store = store })
  if not event then
    return ANSWERS[err.reason] or 400, err.reason
  end
  local ok, problem = pcall(handle, event)
  if not ok then
    store:forget(event.replay_keys or {})
    return 500, problem
  end
  return 200, "verified with the secret " .. event.secret_id
end

-- ---- the test

local finished = {}

local function handle(event)
  if event.type == "video_agent.success" then
    assert(event.video_id ~= "trouble", "the disk is full")
    finished[#finished + 1] = event.video_id
  end
end

local function body_of(video_id)
  return ('{"event_type":"video_agent.success","event_data":{"video_id":"%s"}}'):format(video_id)
end

local function expect(status, what, body, headers)
  local got, why = receive(body, headers, handle)
  assert(got == status, ("%s: %d instead of %d: %s"):format(what, got, status, why))
  print(got, what)
end

local new, old = secrets[1].secret, secrets[2].secret
local body = body_of "v1"
local headers = webhook.sign(body, new, { event_id = "evt_1" })

expect(200, "a delivery", body, headers)
expect(200, "the same again", body, headers)
expect(200, "signed with the old secret", body_of "v2", webhook.sign(body_of "v2", old))
expect(401, "another secret", body, webhook.sign(body, "whsec_guessed"))
expect(401, "another body", body_of "v3", headers)
expect(400, "no signature", body, {})
expect(
  400,
  "two days old",
  body_of "v4",
  webhook.sign(body_of "v4", new, { timestamp = os.time() - 2 * 86400 })
)
expect(413, "more than a megabyte", ("x"):rep(2 ^ 20 + 1), headers)

local trouble = webhook.sign(body_of "trouble", new)
expect(500, "a handler that fails", body_of "trouble", trouble)
expect(500, "and is called again", body_of "trouble", trouble)

assert(table.concat(finished, " ") == "v1 v2")
print("finished", table.concat(finished, ", "))
