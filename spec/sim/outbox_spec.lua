-- Webhooks as they come over the wire.
local cjson = require "cjson"
local core = require "heygen.core"
local receivers = require "spec.support.receiver"
local socket = require "socket"
local support = require "spec.support.sim"

-- A video takes 10 simulated seconds, 10 real milliseconds.
local QUICK = { thinking = 2, pending = 2, processing = 6 }

-- How many connections lead to a port now.
local function connections_to(port)
  local count, ending = 0, string.format(":%04X 01 ", port)
  for line in io.lines "/proc/net/tcp" do
    count = count + (line:find(ending, 1, true) and 1 or 0)
  end
  return count
end

local function with(more)
  local values = {}
  for _, each in ipairs { QUICK, more or {} } do
    for name, value in pairs(each) do
      values[name] = value
    end
  end
  return values
end

local function deliveries_of(front)
  local sim, receiver

  before_each(function()
    receiver = receivers.new()
  end)

  after_each(function()
    receiver:close()
    if sim then
      sim:stop()
      sim = nil
    end
  end)

  local function start(behaviour, speed)
    sim = support.start { front = front, speed = speed or 1000, behaviour = with(behaviour) }
  end

  local function create(value)
    value = value or {}
    value.prompt = value.prompt or "A video"
    local status, answer = sim:api("POST", "/v3/video-agents", value)
    assert.equal(200, status)
    return answer.data.session_id
  end

  local function register(value)
    value = value or {}
    value.url = value.url or receiver:url()
    local status, answer = sim:api("POST", "/v3/webhooks/endpoints", value)
    assert.equal(200, status)
    return answer.data
  end

  local function deliveries()
    local _, value = sim:api("GET", "/_sim/deliveries")
    return value.data
  end

  local function until_state(state, count)
    local deadline = socket.gettime() + 10
    local list
    repeat
      socket.sleep(0.005)
      list = deliveries()
      local n = 0
      for _, each in ipairs(list) do
        n = n + (each.state == state and 1 or 0)
      end
      if n >= (count or 1) then
        return list
      end
    until socket.gettime() > deadline
    error("no delivery became " .. state .. ": " .. cjson.encode(list))
  end

  -- Waits until so many attempts are over, in all.
  local function until_attempts(count)
    local deadline = socket.gettime() + 10
    repeat
      socket.sleep(0.005)
      local sum = 0
      for _, row in ipairs(deliveries()) do
        sum = sum + #row.attempts
      end
      if sum >= count then
        return
      end
    until socket.gettime() > deadline
    error "there were fewer attempts"
  end

  it("to a callback_url comes once, unsigned, when the video is done", function()
    start()
    local id = create { callback_url = receiver:url "/hook?token=1", callback_id = "mine" }
    local got = receiver:take(204)
    assert.equal("POST /hook?token=1 HTTP/1.1", got.line)
    assert.equal("application/json", got.headers["content-type"])
    for _, name in ipairs {
      "heygen-signature",
      "signature",
      "heygen-timestamp",
      "heygen-event-id",
      "x-api-key",
    } do
      assert.is_nil(got.headers[name])
    end
    local message = cjson.decode(got.body)
    assert.equal("video_agent.success", message.event_type)
    assert.equal(id, message.event_data.session_id)
    assert.equal("mine", message.event_data.callback_id)
    local _, video = sim:api("GET", "/v3/videos/" .. message.event_data.video_id)
    assert.equal("completed", video.data.status)
    local file = sim:exchange("GET", message.event_data.video_url:match "^http://[^/]+(.*)$")
    assert.equal(200, file)
    local row = until_state("delivered")[1]
    assert.equal(204, row.attempts[1].status)
    assert.is_false(row.signed)
    assert.is_true(receiver:quiet(0.2))
  end)

  it("tells of a failure, with its reason", function()
    start { video_fails = true, failure_message = "No luck" }
    local id = create { callback_url = receiver:url() }
    local message = cjson.decode(receiver:take(200).body)
    assert.equal("video_agent.fail", message.event_type)
    assert.equal(id, message.event_data.session_id)
    assert.equal("No luck", message.event_data.msg)
    assert.is_nil(message.event_data.callback_id)
  end)

  it("to an endpoint is signed over the very bytes", function()
    start()
    local endpoint = register()
    create()
    local got = receiver:take(200)
    local signature = core.hmac_sha256(endpoint.secret, got.body)
    assert.equal(signature, got.headers["heygen-signature"])
    assert.equal(signature, got.headers["signature"])
    assert.is_true(math.abs(tonumber(got.headers["heygen-timestamp"]) - os.time()) < 60)
    local message = cjson.decode(got.body)
    assert.equal(got.headers["heygen-event-id"], message.event_id)
    assert.matches("^%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%dZ$", message.created_at)
    local row = until_state("delivered")[1]
    assert.equal(endpoint.endpoint_id, row.endpoint_id)
    assert.is_true(row.signed)
    assert.equal(message.event_id, row.event_id)
  end)

  it("goes to endpoints that asked for it, in addition to the callback", function()
    start()
    local other = receivers.new()
    register { url = other:url(), events = { "batch.finished", "video_agent.fail" } }
    register { url = receiver:url "/endpoint" }
    create { callback_url = receiver:url "/callback" }
    local lines = { receiver:take(200).line, receiver:take(200).line }
    table.sort(lines)
    assert.same({ "POST /callback HTTP/1.1", "POST /endpoint HTTP/1.1" }, lines)
    assert.is_true(other:quiet(0.2))
    other:close()
  end)

  it("is repeated, with growing pauses, until it is taken; the same bytes and event id", function()
    start { webhook_retry = 100 }
    register()
    create()
    local first = receiver:take(500)
    local second = receiver:take "close"
    local third = receiver:take(302)
    local fourth = receiver:take(201)
    for _, each in ipairs { second, third, fourth } do
      assert.equal(first.body, each.body)
      assert.equal(first.headers["heygen-event-id"], each.headers["heygen-event-id"])
    end
    local attempts = until_state("delivered")[1].attempts
    assert.equal(4, #attempts)
    assert.equal(500, attempts[1].status)
    assert.equal("closed", attempts[2].error)
    assert.equal(302, attempts[3].status)
    for i, pause in ipairs { 100, 200, 400 } do
      assert.is_true(attempts[i + 1].time - attempts[i].time >= pause)
    end
    assert.is_true(receiver:quiet(0.2))
  end)

  it("waits only so long for an answer", function()
    start { webhook_timeout = 0.2, webhook_retry = 1 }
    create { callback_url = receiver:url() }
    receiver:take "hold"
    receiver:take(200)
    -- By the simulator's own clock, a thousand times as fast: when the receiver is polled says nothing.
    local row = until_state("delivered")[1]
    assert.equal("timeout", row.attempts[1].error)
    assert.is_true(row.attempts[1].time - row.created_at >= 190)
  end)

  it("counts by the status, whatever else the receiver says", function()
    start { webhook_retry = 1 }
    create { callback_url = receiver:url() }
    receiver:take "SSH-2.0-what is this\r\n"
    receiver:take("HTTP/1.1 500 No\r\nContent-Length: 99999999\r\n\r\n" .. ("x"):rep(200000))
    receiver:take "HTTP/1.1 301 Moved\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n"
    receiver:take("HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n" .. ("x"):rep(200000))
    local attempts = until_state("delivered")[1].attempts
    assert.equal(4, #attempts)
    assert.is_string(attempts[1].error)
    assert.equal(500, attempts[2].status)
    assert.equal(301, attempts[3].status)
    assert.equal(200, attempts[4].status)
    assert.is_true(receiver:quiet(0.1))
  end)

  it("is given up in the end", function()
    start({ webhook_give_up = 3600 }, 0)
    -- A port on which nothing listens.
    create { callback_url = "http://127.0.0.1:1/" }
    sim:clock { advance = 11 }
    local now, row
    local deadline = socket.gettime() + 10
    repeat
      row = deliveries()[1]
      if row and row.state == "waiting" and row.next_at ~= cjson.null then
        now = sim:clock({ advance = 0 }).now
        sim:clock { advance = math.max(0, row.next_at - now) + 0.01 }
      end
      socket.sleep(0.002)
    until (row and row.state == "given_up") or socket.gettime() > deadline
    assert.equal("connect", row.attempts[1].error)
    -- 0, 30, 90, 210, 450, 930, 1890 seconds after the first; 3810 would be too late.
    assert.equal(7, #row.attempts)
    assert.is_true(math.abs(row.attempts[7].time - row.attempts[1].time - 1890) < 2)
  end)

  it("comes more than once when told so", function()
    start { webhook_duplicates = 2 }
    register()
    create()
    local ids = {}
    for i = 1, 3 do
      ids[i] = receiver:take(200).headers["heygen-event-id"]
    end
    assert.equal(ids[1], ids[2])
    assert.equal(ids[1], ids[3])
    assert.is_true(receiver:quiet(0.1))
  end)

  it("waits for its turn among very many, and none is forgotten", function()
    start({ webhook_timeout = 60 }, 0)
    for _ = 1, 300 do
      create { callback_url = receiver:url() }
    end
    sim:clock { advance = 20 }
    -- Nothing answers yet: no more than these are on their way.
    local deadline = socket.gettime() + 10
    repeat
      socket.sleep(0.01)
    until connections_to(receiver.port) >= 64 or socket.gettime() > deadline
    socket.sleep(0.1)
    assert.equal(64, connections_to(receiver.port))
    local ids = {}
    for _ = 1, 300 do
      local got = assert(receiver:take(200))
      ids[cjson.decode(got.body).event_data.session_id] = true
    end
    local count = 0
    for _ in pairs(ids) do
      count = count + 1
    end
    assert.equal(300, count)
    until_state("delivered", 300)
    assert.is_true(receiver:quiet(0.1))
  end)

  it("comes in the wrong order when told so", function()
    start({ webhook_reversed = 1000 }, 0)
    -- The windows are those of the clock, which starts at any time: all four go into the beginning of one.
    local now = sim:clock({ advance = 0 }).now
    sim:clock { advance = 1000 - now % 1000 + 1 }
    for i = 1, 4 do
      create { callback_url = receiver:url("/" .. i) }
      sim:clock { advance = 1 }
    end
    sim:clock { advance = 20 }
    assert.is_true(receiver:quiet(0.1))
    local lines = {}
    for i = 1, 4 do
      -- One after the other: connections that are made at the same time may come in any order.
      until_state("delivered", i - 1)
      local due = math.huge
      for _, row in ipairs(until_state("waiting", 5 - i)) do
        due = row.state == "waiting" and math.min(due, row.next_at) or due
      end
      now = sim:clock({ advance = 0 }).now
      sim:clock { advance = due - now + 0.0005 }
      lines[i] = receiver:take(200).line:match "/%d"
    end
    assert.same({ "/4", "/3", "/2", "/1" }, lines)
  end)

  it("comes late when told so", function()
    start({ webhook_delay = 500 }, 0)
    create { callback_url = receiver:url() }
    sim:clock { advance = 509 }
    assert.is_true(receiver:quiet(0.1))
    sim:clock { advance = 2 }
    assert.is_truthy(receiver:take(200))
  end)

  it("can seem forged or old", function()
    start { webhook_signature = "wrong", webhook_timestamp_age = 900 }
    local endpoint = register()
    create()
    local got = receiver:take(200)
    assert.equal(64, #got.headers["heygen-signature"])
    assert.not_equal(core.hmac_sha256(endpoint.secret, got.body), got.headers["heygen-signature"])
    assert.is_true(os.time() - tonumber(got.headers["heygen-timestamp"]) > 800)
  end)

  it("has one header only when told so", function()
    start { webhook_signature = "signature" }
    register()
    create()
    local got = receiver:take(200)
    assert.is_nil(got.headers["heygen-signature"])
    assert.equal(64, #got.headers["signature"])
  end)

  it("is signed with the secret of now, and not sent to an endpoint that is gone", function()
    start({ webhook_retry = 30 }, 0)
    local endpoint = register()
    create()
    sim:clock { advance = 20 }
    receiver:take(500)
    until_attempts(1)
    local _, answer = sim:api("POST", "/v3/webhooks/endpoints/" .. endpoint.endpoint_id .. "/rotate-secret")
    sim:clock { advance = 31 }
    local got = receiver:take(500)
    assert.equal(core.hmac_sha256(answer.data.secret, got.body), got.headers["heygen-signature"])
    until_attempts(2)
    assert.equal(200, (sim:api("DELETE", "/v3/webhooks/endpoints/" .. endpoint.endpoint_id)))
    sim:clock { advance = 100 }
    local row = until_state("dropped")[1]
    assert.equal("the endpoint was deleted", row.reason)
    assert.is_true(receiver:quiet(0.1))
  end)

  it("leaves this machine only when told so", function()
    start()
    create { callback_url = "https://hooks.example.com/x" }
    local row = until_state("dropped")[1]
    assert.matches("not a loopback address", row.reason)
    assert.equal(0, #row.attempts)
  end)

  it("that was not taken is made again after a kill", function()
    local path = os.tmpname()
    os.remove(path)
    sim = support.start { front = front, speed = 0, behaviour = with(), state = path }
    register()
    create()
    create { prompt = "Another" }
    sim:clock { advance = 20 }
    local first = receiver:take(200)
    local second = receiver:take(500)
    until_attempts(2)
    local file = assert(io.open(path .. ".lock"))
    os.execute("kill -9 " .. file:read "*l" .. " 2>/dev/null")
    file:close()
    sim:stop()
    sim = support.start { front = front, speed = 0, behaviour = with(), state = path }
    assert.is_true(receiver:quiet(0.1))
    sim:clock { advance = 31 }
    local again = receiver:take(200)
    assert.equal(second.headers["heygen-event-id"], again.headers["heygen-event-id"])
    assert.not_equal(first.headers["heygen-event-id"], again.headers["heygen-event-id"])
    until_state("delivered", 2)
    assert.is_true(receiver:quiet(0.1))
    sim:stop()
    sim = nil
    os.remove(path)
    os.remove(path .. ".lock")
  end)
end

describe("a delivery", function()
  deliveries_of(nil)
end)

describe("a delivery of nginx's workers #once", function()
  deliveries_of "nginx"
end)
