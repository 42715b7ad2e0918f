-- heygen.webhook.verify: which deliveries it takes, which it refuses and why.

local child = require "spec.support.child"
local heygen = require "heygen"
local webhook = require "heygen.webhook"
local verifying = require "spec.support.verifying"

local SECRET, NOW, BODY = verifying.SECRET, verifying.NOW, verifying.BODY
local signed, verify, reason = verifying.signed, verifying.verify, verifying.reason

describe("heygen.webhook.verify", function()
  it("is a part of heygen", function()
    assert.equal(webhook, heygen.webhook)
  end)

  it("makes no engine", function()
    local output = child.must [[
      local core = require "heygen.core"
      core.engine = function() error "an engine" end
      core.new_engine = core.engine
      local webhook = require "heygen.webhook"
      local headers = webhook.sign("{}", "k")
      assert(webhook.verify("{}", headers, "k", { store = webhook.memory_store() }))
      assert(webhook.parse "{}")
      io.write "fine"
    ]]
    assert.equal("fine", output)
  end)

  it("takes what is signed and says what it knows", function()
    local event = assert(verify(signed()))
    assert.equal("video_agent.success", event.type)
    assert.same({ true, "v1", "evt_1", true, NOW, 1 }, {
      event.ok,
      event.video_id,
      event.event_id,
      event.signed,
      event.timestamp,
      event.secret_index,
    })
    assert.is_nil(event.secret_id)
    assert.is_nil(event.replay_keys)
  end)

  it("takes the id from the body, which is signed, before the header's", function()
    assert.equal("evt_1", assert(verify(signed { ["Heygen-Event-Id"] = "forged" })).event_id)
    local body = '{"event_type":"x"}'
    assert.equal("evt_2", assert(verify(signed({}, body, { event_id = "evt_2" }), {}, body)).event_id)
    for _, id in ipairs { "none", "", " ", ("x"):rep(256), "a\nb" } do
      assert.is_nil(assert(verify(signed({ ["Heygen-Event-Id"] = id }, body), {}, body)).event_id)
    end
  end)

  it("tells another body, secret or signature from the right one", function()
    assert.equal("taken", reason(signed()))
    assert.equal("bad_signature", reason(signed(), {}, BODY .. "\n"))
    assert.equal("bad_signature", reason(signed(), {}, BODY:sub(1, -2)))
    assert.equal("bad_signature", reason(signed(), {}, ""))
    assert.equal("bad_signature", reason(signed(), {}, BODY, SECRET .. "x"))
    assert.equal("bad_signature", reason(signed(), {}, BODY, (SECRET:gsub("^whsec_", ""))))
    assert.equal("bad_signature", reason(signed { ["Heygen-Signature"] = ("0"):rep(64) }))
    assert.equal("bad_signature", reason(signed { ["Heygen-Signature"] = "x" }))
    assert.equal("missing_signature", reason(signed { ["Heygen-Signature"] = "none" }))
    assert.equal("missing_signature", reason(signed { ["Heygen-Signature"] = "" }))
    assert.equal("missing_signature", reason(signed { ["Heygen-Signature"] = " \t " }))
    assert.equal("missing_signature", reason {})
  end)

  it("wants lower-case digits, as HeyGen writes them and a comparison of texts does", function()
    local headers = signed()
    assert.equal(
      "bad_signature",
      reason(signed { ["Heygen-Signature"] = headers["Heygen-Signature"]:upper() })
    )
  end)
end)

describe("the headers of a delivery", function()
  local good = signed()["Heygen-Signature"]
  local bad = ("0"):rep(64)

  it("have any of three names, in any letter case", function()
    for _, name in ipairs {
      "Heygen-Signature",
      "heygen-signature",
      "HEYGEN-SIGNATURE",
      "hEYGEN-sIGNATURE",
      "Signature",
      "signature",
      "SIGNATURE",
      "X-Heygen-Signature",
      "x-heygen-signature",
      "X-HEYGEN-Signature",
    } do
      assert.equal("taken", reason { [name] = good }, name)
      assert.equal("bad_signature", reason { [name] = bad }, name)
    end
    assert.equal("missing_signature", reason { ["Heygen_Signature"] = good, ["heygen-signature "] = good })
  end)

  it("may have the right one under one name and something else under the others", function()
    for _, other in ipairs { "x", bad, "sig1=:abc=:" } do
      assert.equal("taken", reason { ["heygen-signature"] = other, ["x-heygen-signature"] = good })
      assert.equal("taken", reason { Signature = other, ["x-heygen-signature"] = good })
      assert.equal("taken", reason { Signature = good, ["heygen-signature"] = other })
      assert.equal("bad_signature", reason { Signature = other, ["heygen-signature"] = other })
    end
  end)

  it("may be there several times: a list, a text with commas, or in two spellings", function()
    assert.equal("taken", reason { ["heygen-signature"] = { bad, good } })
    assert.equal("taken", reason { ["heygen-signature"] = bad .. ", " .. good })
    assert.equal("taken", reason { ["heygen-SIGNATURE"] = bad, ["HEYGEN-signature"] = good })
    assert.equal("taken", reason { ["HEYGEN-SIGNATURE"] = { bad, good } })
    assert.equal("bad_signature", reason { ["heygen-signature"] = { bad, bad } })
    assert.equal("missing_signature", reason { ["heygen-signature"] = {} })
  end)

  it("may be given by a function, which is asked in small letters first", function()
    local headers, asked = { ["heygen-signature"] = good, ["Heygen-Timestamp"] = NOW - 301 }, {}
    local function get(name)
      asked[#asked + 1] = name
      return headers[name]
    end
    assert.equal("too_old", reason(get))
    assert.equal("heygen-signature", asked[1])
    headers["Heygen-Timestamp"] = nil
    assert.equal("taken", reason(get))
    assert.equal(
      "taken",
      reason(function(name)
        return name == "heygen-signature" and { bad, good } or nil
      end)
    )
    assert.equal("missing_signature", reason(function() end))
  end)

  it("may have a metatable that finds them, as those of nginx do", function()
    local headers = setmetatable({}, {
      __index = function(_, name)
        return name:lower():gsub("_", "-") == "heygen-signature" and good or nil
      end,
    })
    assert.equal("taken", reason(headers))
  end)

  it("count as absent when they are no text", function()
    for _, value in ipairs {
      true,
      false,
      12.5,
      0 / 0,
      1 / 0,
      print,
      io.stdout,
      { {} },
      { false },
      { x = good },
    } do
      assert.equal("missing_signature", reason { ["heygen-signature"] = value })
      assert.equal("taken", reason { ["heygen-signature"] = good, ["heygen-event-id"] = value })
      assert.equal("taken", reason { ["heygen-signature"] = good, ["heygen-timestamp"] = value })
    end
    assert.equal("taken", reason { ["heygen-signature"] = good, [1] = "x", [true] = 1, [io.stdout] = {} })
  end)

  it("may be numbers, where a server makes such of digits", function()
    assert.equal("bad_signature", reason { ["heygen-signature"] = 0 })
    assert.equal("taken", reason { ["heygen-signature"] = good, ["heygen-timestamp"] = NOW })
    assert.equal("too_old", reason { ["heygen-signature"] = good, ["heygen-timestamp"] = NOW - 301 })
  end)
end)

describe("the time of a delivery", function()
  local function at(timestamp, options)
    return reason(signed { ["Heygen-Timestamp"] = timestamp }, options)
  end

  it("may be off by 300 s, both ways", function()
    assert.same({ "taken", "taken", "taken" }, { at(NOW), at(NOW - 300), at(NOW + 300) })
    assert.same({ "too_old", "too_new" }, { at(NOW - 301), at(NOW + 301) })
    assert.same({ "too_old", "too_new" }, { at "0", at "999999999999" })
  end)

  it("may be off by as much as `tolerance` says", function()
    assert.equal("taken", at(NOW - 3600, { tolerance = 3600 }))
    assert.equal("too_old", at(NOW - 3601, { tolerance = 3600 }))
    assert.equal("taken", at(NOW, { tolerance = 0 }))
    assert.equal("too_new", at(NOW + 1, { tolerance = 0 }))
    assert.equal("taken", at(0, { tolerance = math.huge }))
  end)

  it("is compared with the system's clock when none is given", function()
    local event = assert(webhook.verify(BODY, webhook.sign(BODY, SECRET), SECRET))
    assert.is_true(math.abs(event.timestamp - os.time()) <= 60)
    local headers = webhook.sign(BODY, SECRET, { timestamp = os.time() - 1000 })
    assert.equal("too_old", select(3, webhook.verify(BODY, headers, SECRET)).reason)
  end)

  it("is not missed when it is absent, unless it is required", function()
    assert.equal("taken", at "none")
    assert.equal("taken", at " ")
    assert.is_nil(assert(verify(signed { ["Heygen-Timestamp"] = "none" })).timestamp)
    assert.equal("malformed", at("none", { require_timestamp = true }))
    assert.equal("malformed", at("", { require_timestamp = true }))
    assert.equal("taken", at(NOW, { require_timestamp = true }))
  end)

  it("must be whole Unix seconds, once", function()
    for _, value in ipairs {
      "hello",
      "2026-11-25T21:32:26Z",
      "2026-02-30T25:61:61Z",
      "Wed, 25 Nov 2026 21:32:26 GMT",
      "-1",
      "+" .. NOW,
      NOW .. ".0",
      NOW .. ".5",
      "1.795642178e9",
      "0x6b07a3c2",
      NOW .. "0000",
      NOW .. ", " .. NOW + 1,
      "1 795 642 178",
      "NaN",
      "inf",
      NOW .. "\0",
      ("9"):rep(400),
    } do
      assert.equal("malformed", at(value), value)
    end
    assert.equal("malformed", at { tostring(NOW), tostring(NOW + 1) })
    assert.equal("taken", at { tostring(NOW), tostring(NOW) })
    assert.equal("taken", at { tostring(NOW) })
    assert.equal("taken", at("  " .. NOW .. " "))
  end)
end)

describe("several secrets", function()
  local function sign(secret)
    return webhook.sign(BODY, secret, { timestamp = NOW })
  end

  it("are tried in turn, and the event says which one it was", function()
    local secrets = { "old", { secret = "new", id = "2026-11" }, "third" }
    local event = assert(verify(sign "new", {}, BODY, secrets))
    assert.same({ 2, "2026-11" }, { event.secret_index, event.secret_id })
    event = assert(verify(sign "third", {}, BODY, secrets))
    assert.same({ 3 }, { event.secret_index, event.secret_id })
    assert.equal("bad_signature", reason(sign "fourth", {}, BODY, secrets))
    event = assert(verify(sign "one", {}, BODY, { secret = "one", id = "a" }))
    assert.same({ 1, "a" }, { event.secret_index, event.secret_id })
    for _, value in pairs(event) do
      assert.not_equal("one", value)
    end
  end)

  it("verify nothing from when they expire on", function()
    local secrets = { { secret = "old", expires = NOW + 1 }, { secret = "older", expires = NOW } }
    assert.equal("taken", reason(sign "old", {}, BODY, secrets))
    assert.equal("bad_signature", reason(sign "older", {}, BODY, secrets))
    local _, message = verify(sign "older", {}, BODY, { secrets[2] })
    assert.matches("all secrets have expired", message, 1, true)
  end)

  it("may come from a function, asked each time", function()
    local current = "a"
    local function secrets()
      return current
    end
    assert.equal("taken", reason(sign "a", {}, BODY, secrets))
    current = { "b", "c" }
    assert.equal("bad_signature", reason(sign "a", {}, BODY, secrets))
    assert.equal("taken", reason(sign "c", {}, BODY, secrets))
  end)
end)

describe("a mistake of the program", function()
  local spread = table.unpack or unpack

  local function raises(wanted, ...)
    local arguments = { n = select("#", ...), ... }
    local ok, problem = pcall(function()
      webhook.verify(spread(arguments, 1, arguments.n)) -- here
    end)
    assert.is_false(ok)
    local line = debug.getinfo(1, "l").currentline - 3
    assert.matches(("verify_spec.lua:%d: heygen.webhook.verify: %s"):format(line, wanted), problem, 1, true)
    assert.is_nil(problem:find "4f9KzPqLmN2xY7Wa")
  end
  it("in the secrets raises where it was made", function()
    raises("secrets: expected a string or a list, got nil", BODY, {}, nil)
    raises("secrets: an empty secret would accept every sender", BODY, {}, "")
    raises("secrets: none is given", BODY, {}, {})
    raises("secrets[2]: an empty secret would", BODY, {}, { "a", "" })
    raises("secrets[1].secret: an empty secret", BODY, {}, { { secret = "" } })
    raises("secrets[1].secret: expected a string, got nil", BODY, {}, { {} })
    raises(
      'secrets[1].expires: expected Unix seconds, got "x"',
      BODY,
      {},
      { { secret = "a", expires = "x" } }
    )
    raises("secrets: a secret has no line breaks", BODY, {}, SECRET .. "\n")
    raises("secrets: expected a string or a list, got nil", BODY, {}, function() end)
  end)

  it("in the other arguments as well", function()
    raises("raw_body: expected a string, got table", {}, {}, SECRET)
    raises("headers: expected a table or a function, got nil", BODY, nil, SECRET)
    raises('tolerence: unknown option, did you mean "tolerance"?', BODY, {}, SECRET, { tolerence = 3 })
    raises('tolerance: expected seconds >= 0, got "3"', BODY, {}, SECRET, { tolerance = "3" })
    raises("scheme: unknown option", BODY, {}, SECRET, { scheme = "heygen" })
    for _, store in ipairs { {}, io.stdout, "text", 5, print } do
      raises("store: expected a store", BODY, {}, SECRET, { store = store })
    end
    raises('now: expected Unix seconds, got "x"', BODY, signed(), SECRET, {
      now = function()
        return "x"
      end,
    })
  end)

  it("is not what nginx gives for a body that it has spooled, or for none", function()
    local event, message, err = webhook.verify(nil, signed(), SECRET)
    assert.same({ nil, "malformed" }, { event, err.reason })
    assert.matches("ngx.req.get_body_file()", message, 1, true)
  end)
end)

describe("the time of a delivery", function()
  local function at(sent, options)
    return reason(signed { ["Heygen-Timestamp"] = sent }, options)
  end

  it("may be a day ago where a store keeps repetitions out", function()
    local now = verifying.NOW
    assert.equal("too_old", at(tostring(now - 600)))
    assert.equal("taken", at(tostring(now - 86400), { store = webhook.memory_store() }))
    assert.equal("too_old", at(tostring(now - 90001), { store = webhook.memory_store() }))
    assert.equal("too_old", at(tostring(now - 600), { store = webhook.memory_store(), tolerance = 300 }))
    assert.equal("too_old", at(tostring(now - 700), { store = webhook.memory_store(), replay_ttl = 650 }))
    assert.equal("too_new", at(tostring(now + 600), { store = webhook.memory_store() }))
  end)

  it("may be in milliseconds, and doubled by a proxy", function()
    local now = ("%.0f"):format(verifying.NOW)
    assert.equal("taken", at(now .. "123"))
    assert.equal("too_old", at(("%.0f"):format(verifying.NOW - 301) .. "999"))
    assert.equal("taken", at(now .. ", " .. now))
    assert.equal("taken", at(now .. "," .. now .. " ,\t" .. now))
    assert.equal("malformed", at(now .. ", 1"))
    assert.equal("malformed", at ",")
    assert.equal("malformed", at(now .. "1234"))
  end)
end)

describe("a body", function()
  local function judged(body, options)
    return reason(signed({}, body), options, body)
  end

  it("may have `max_bytes`, a megabyte without it", function()
    local large = '{"x":"' .. ("x"):rep(1048576 - 8) .. '"}'
    assert.equal("taken", judged(large))
    assert.equal("too_large", judged(large .. " "))
    assert.equal("too_large", judged(BODY, { max_bytes = #BODY - 1 }))
    assert.equal("taken", judged(BODY, { max_bytes = #BODY }))
  end)

  it("must be a JSON object, which is checked after the signature", function()
    for _, body in ipairs {
      "",
      " ",
      "null",
      "[]",
      "[{}]",
      '"{}"',
      "1",
      "{",
      "{}x",
      "{} {}",
      "{\0}",
      "\0{}",
      "{}\0",
      ('{"a":'):rep(101) .. "1" .. ("}"):rep(101),
      ('{"a":'):rep(100000),
      "{" .. ("["):rep(100000),
    } do
      assert.equal("malformed", judged(body), body:sub(1, 20))
      assert.equal("bad_signature", reason(signed(), {}, body))
    end
    assert.equal("taken", judged "{}")
    assert.equal("taken", judged "\r\n\t {} ")
  end)
end)

describe("a forged delivery", function()
  -- Work must not grow faster than the input: with ten times as much, a hundred times the time would be quadratic.
  it("is bounded, ten thousand signatures and megabytes of blanks included #slow", function()
    local many = (("0"):rep(64) .. ","):rep(10000)
    local blank = (" "):rep(1000000)
    local list = {}
    for index = 1, 10000 do
      list[index] = ("0"):rep(64)
    end
    local start = os.clock()
    for _, value in ipairs { many, blank, list, ("x"):rep(1000000), (", "):rep(500000), blank .. "x" .. blank } do
      for _, name in ipairs { "heygen-signature", "HEYGEN-signature", "Signature" } do
        assert.is_truthy(reason { [name] = value })
      end
      assert.is_truthy(reason(signed { ["Heygen-Timestamp"] = value }))
      assert.is_truthy(reason(signed { ["Heygen-Event-Id"] = value }))
    end
    local headers = {}
    for index = 1, 100000 do
      headers["x-" .. index] = "y"
    end
    assert.is_truthy(reason(headers))
    assert.is_true(os.clock() - start < 60, "seconds: " .. os.clock() - start)
  end)
end)
