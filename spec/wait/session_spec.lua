-- The session behind a video that is known: what failed at once, and an agent that answers in chat.
local live = require "spec.support.live"
local support = require "spec.support.sim"

local check = live.check

local WAIT = { interval = 0.001, max_interval = 0.004, timeout = 20, grace = 0.05, not_found_grace = 0 }
local BOTH = { session_id = "s", video_id = "v" }

describe("a wait for a video whose session is known", function()
  local sim, client

  setup(function()
    sim = support.start { speed = 0 }
  end)

  teardown(function()
    sim:stop()
  end)

  before_each(function()
    sim:reset()
    client = live.client(sim, { max_retries = 0 })
  end)

  -- What the service answers about the video (pending unless given) and the session.
  local function answers(session, video)
    local rules =
      { { method = "GET", path = "/v3/videos/*", body = video or '{"data":{"id":"v","status":"pending"}}' } }
    for _, rule in ipairs(session) do
      rule.method, rule.path = "GET", "/v3/video-agents/*"
      rules[#rules + 1] = rule
    end
    sim:faults(rules)
  end

  local function session(fields)
    return '{"data":{"session_id":"s",' .. fields .. "}}"
  end

  local WORDS =
    '"messages":[{"role":"user","type":"text","content":"Hi"},{"role":"model","type":"text","content":"Hello!"}]'

  local function paths()
    local list = {}
    for index, request in ipairs(sim:requests()) do
      list[index] = request.path:match "^/v3/([%w-]+)"
    end
    return list
  end

  it("polls the session first, and the video then", function()
    answers(
      { { body = session '"status":"generating","progress":10' } },
      '{"data":{"id":"v","status":"completed","video_url":"https://example.com/v.mp4"}}'
    )
    assert.equal("completed", assert(client:wait(BOTH, WAIT)).status)
    assert.same({ "video-agents", "videos" }, paths())
  end)

  it("ends when the agent has answered in chat", function()
    answers { { body = session('"status":"completed",' .. WORDS) } }
    local err = live.failure(client:wait(BOTH, WAIT))
    check(err, { kind = "input_needed", status = 200, session_id = "s", video_id = "v" })
    assert.matches("Hello!", err.message, 1, true)
  end)

  it("ends when the agent asks for something", function()
    answers { { body = session('"status":"waiting_for_input",' .. WORDS) } }
    local err = live.failure(client:wait(BOTH, WAIT))
    check(err, { kind = "input_needed", session_id = "s" })
    assert.matches("Hello!", err.message, 1, true)
  end)

  it("does not end when that was seen once", function()
    answers({
      { body = session('"status":"waiting_for_input",' .. WORDS), times = 1 },
      { body = session '"status":"generating"' },
    })
    check(
      live.failure(client:wait(BOTH, { interval = 0.001, max_interval = 0.004, timeout = 0.3 })),
      { kind = "timeout" }
    )
  end)

  it("ends with the reason of a session that stays failed", function()
    answers {
      {
        body = session '"status":"failed","messages":[{"role":"model","type":"error","content":"No avatar"}]',
      },
    }
    local err = live.failure(client:wait(BOTH, WAIT))
    check(err, { kind = "failed", session_id = "s", video_id = "v" })
    assert.matches("No avatar", err.message, 1, true)
  end)

  it("asks the video alone when the session is gone", function()
    answers(
      { { status = 404 } },
      '{"data":{"id":"v","status":"completed","video_url":"https://example.com/v.mp4"}}'
    )
    assert.equal("completed", assert(client:wait(BOTH, WAIT)).status)
  end)

  it("ends when the key is refused at the first poll", function()
    answers { { status = 401 } }
    check(live.failure(client:wait(BOTH, WAIT)), { kind = "api", status = 401, video_id = "v" })
    assert.equal(1, #paths())
  end)

  it("polls a session that is at work seldom", function()
    answers { { body = session '"status":"generating"' } }
    check(
      live.failure(client:wait(BOTH, { interval = 0.001, max_interval = 0.004, timeout = 0.3 })),
      { kind = "timeout" }
    )
    local count = 0
    for _, path in ipairs(paths()) do
      count = count + (path == "video-agents" and 1 or 0)
    end
    assert.is_true(count == 1 and #paths() > 10)
  end)
end)
