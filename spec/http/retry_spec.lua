-- The retry policy: when, after how long, and when not at all.

local random = require "spec.support.random"
local retry = require "heygen.http.retry"

local NOW = 1795435200 -- 2026-11-23 12:00:00 UTC

describe("retry.after", function()
  local function after(value)
    return retry.after(value, NOW)
  end

  it("reads whole and fractional seconds", function()
    assert.equal(0, after "0")
    assert.equal(120, after "120")
    assert.equal(1.5, after "1.5")
    assert.equal(7, after " 7\t")
    assert.equal(0.25, after "0.25")
  end)

  it("reads the three HTTP dates", function()
    assert.equal(90, after "Mon, 23 Nov 2026 12:01:30 GMT")
    assert.equal(90, after "Monday, 23-Nov-26 12:01:30 GMT")
    assert.equal(90, after "Mon Nov 23 12:01:30 2026")
    assert.equal(86400 * 8, after "Tue Dec  1 12:00:00 2026")
    assert.equal(90, after "mon, 23 nov 2026 12:01:30 GMT")
    assert.equal(90, after "Mon, 23 Nov 2026 12:01:30 UTC")
    assert.equal(0.5, retry.after("Mon, 23 Nov 2026 12:00:01 GMT", NOW + 0.5))
  end)

  it("takes a large number for a point in time, in seconds or milliseconds", function()
    assert.equal(3, after "1795435203")
    assert.equal(3.5, after "1795435203.5")
    assert.equal(3, after "1795435203000")
    assert.equal(0, after "1795435100")
    assert.equal(0, after "1000000000")
    assert.equal(999999999, after "999999999")
    assert.equal(2000000000, retry.after("2000000000", 5)) -- this machine's clock is not set
  end)

  it("takes a past date as now", function()
    assert.equal(0, after "Sun, 06 Nov 1994 08:49:37 GMT")
    assert.equal(0, after "Sunday, 06-Nov-94 08:49:37 GMT")
    assert.equal(0, after "Sun Nov  6 08:49:37 1994")
    assert.equal(0, after "Mon, 23 Nov 2026 12:00:00 GMT")
  end)

  it("clamps what is far away", function()
    assert.equal(2147483648, after "99999999999999999999")
    assert.equal(2147483648, after(("9"):rep(64)))
    assert.equal(2147483648, after "Fri, 31 Dec 9999 23:59:59 GMT")
  end)

  it("finds nothing in rubbish", function()
    local rubbish = {
      "",
      " ",
      "soon",
      "-5",
      "+5",
      "1e3",
      "0x10",
      "inf",
      "nan",
      "1.",
      ".5",
      "1,5",
      "120, 120",
      "120 s",
      "Mon, 23 Nov 2026 12:01:30",
      "Mon, 23 Nov 2026 12:01:30 PST",
      "Mon, 23 Nov 2026 12:01:30 +0100",
      "Mon, 23 Nev 2026 12:01:30 GMT",
      "Mon, 00 Nov 2026 12:01:30 GMT",
      "Mon, 31 Nov 2026 12:01:30 GMT",
      "Mon, 23 Nov 2026 24:01:30 GMT",
      "Mon, 23 Nov 2026 12:60:30 GMT",
      "Mon, 23 Nov 2026 12:01:61 GMT",
      "Mon, 23 Nov 0000 12:01:30 GMT",
      "2026-11-23T12:01:30Z",
      ("9"):rep(65),
      ("x"):rep(100000),
      "12\0",
    }
    for _, value in ipairs(rubbish) do
      assert.is_nil(after(value))
    end
    assert.is_nil(after(nil))
    assert.is_nil(after {})
  end)

  it("knows the leap years", function()
    local function at(text)
      local seconds = retry.after(text, 0)
      return seconds
    end
    assert.equal(951782400, at "Tue, 29 Feb 2000 00:00:00 GMT")
    assert.equal(951868800, at "Wed, 01 Mar 2000 00:00:00 GMT")
    assert.equal(1709164800, at "Thu, 29 Feb 2024 00:00:00 GMT")
    assert.is_nil(at "Wed, 29 Feb 2023 00:00:00 GMT")
    assert.is_nil(at "Mon, 29 Feb 2100 00:00:00 GMT")
    assert.equal(0, retry.after("Mon, 01 Mar 2100 00:00:00 GMT", 4107542400))
    assert.equal(86400, retry.after("Mon, 01 Mar 2100 00:00:00 GMT", 4107542400 - 86400)) -- 28 February
  end)

  it("places two-digit years within 50 years ahead", function()
    assert.equal(0, after "Tuesday, 23-Nov-77 12:00:00 GMT") -- 1977, as 2077 is 51 years ahead
    local ahead = after "Monday, 23-Nov-76 12:00:00 GMT"
    assert.equal(1577923200, ahead) -- 50 years and 13 leap days
    local in_2090 = 3813004800 -- 2090-10-30
    assert.equal(622512000, retry.after("Wednesday, 23-Jul-10 00:00:00 GMT", in_2090)) -- 2110
  end)

  it("reads back what os.date writes, around leap days and anywhere", function()
    local next = random.new(20261123)
    local times = {}
    for _, day in ipairs {
      68169600,
      951696000,
      951782400,
      951868800,
      1709078400,
      1709164800,
      4107456000,
      4107542400,
    } do
      times[#times + 1] = day - 1
      times[#times + 1] = day
      times[#times + 1] = day + 86399
      times[#times + 1] = day + 86400
    end
    for _ = 1, 2000 do
      times[#times + 1] = random.integer(next, 0, 4102444799)
    end
    for _, time in ipairs(times) do
      local before = random.integer(next, 0, 1000000)
      for _, form in ipairs {
        "!%a, %d %b %Y %H:%M:%S GMT",
        "!%a %b %d %H:%M:%S %Y",
        "!%A, %d-%b-%y %H:%M:%S GMT",
      } do
        local text = os.date(form, time)
        local seconds = retry.after(text, time - before)
        assert(seconds == before, text .. " gave " .. tostring(seconds) .. " and not " .. before)
      end
    end
  end)
end)

describe("retry.next", function()
  local POLICY = { max_retries = 3, base = 1, cap = 20 }

  local function half()
    return 0.5
  end

  local function decide(outcome, attempt, left)
    return retry.next(POLICY, outcome, attempt or 1, left, half)
  end

  it("repeats reads after what can pass", function()
    for _, status in ipairs { 408, 425, 429, 500, 502, 503, 504, 507, 520, 521, 524, 529, 530, 599 } do
      assert.equal(0.5, (decide { status = status, kind = "api", repeatable = true }))
    end
    for _, kind in ipairs { "network", "timeout", "parse" } do
      for _, sent in ipairs { "no", "maybe", "yes" } do
        assert.equal(0.5, (decide { kind = kind, sent = sent, repeatable = true }))
      end
    end
  end)

  it("does not repeat reads after what stays", function()
    for _, status in ipairs { 200, 302, 400, 401, 402, 403, 404, 409, 413, 422, 499, 501, 505, 511, 600 } do
      assert.same({ nil, "final" }, { decide { status = status, kind = "api", repeatable = true } })
    end
    for _, kind in ipairs { "cancelled", "too_large", "file", "closed", "callback", "invalid" } do
      assert.same({ nil, "final" }, { decide { kind = kind, repeatable = true } })
    end
    assert.same({ nil, "final" }, { decide { status = 429, code = "quota_exceeded", repeatable = true } })
    for _, code in ipairs { "certificate", "url" } do
      assert.same(
        { nil, "final" },
        { decide { kind = "network", code = code, sent = "no", repeatable = true } }
      )
      assert.same({ nil, "final" }, { decide { kind = "network", code = code, sent = "no" } })
      assert.is_true(retry.hopeless(code))
    end
    assert.is_false(retry.hopeless "connect")
    assert.is_false(retry.hopeless(nil))
  end)

  it("repeats a read that a gateway's page answered, not a create", function()
    local page = { status = 403, code = "gateway_page", kind = "api", sent = "yes", repeatable = true }
    assert.equal(0.5, (decide(page)))
    page.repeatable = false
    assert.same({ nil, "final" }, { decide(page) })
  end)

  it("repeats a create only where nothing can have happened", function()
    assert.equal(0.5, (decide { status = 429, kind = "api", sent = "yes", repeatable = false }))
    assert.equal(0.5, (decide { kind = "network", sent = "no", repeatable = false }))
    assert.equal(0.5, (decide { kind = "timeout", sent = "no", repeatable = false }))
    local final = {
      { status = 429, code = "quota_exceeded" },
      { status = 500, kind = "api", sent = "yes" },
      { status = 502, kind = "api", sent = "yes" },
      { status = 503, kind = "api", sent = "yes" },
      { status = 504, kind = "api", sent = "yes" },
      { status = 409, code = "request_in_progress", sent = "yes" },
      { kind = "network", sent = "maybe" },
      { kind = "network", sent = "yes" },
      { kind = "network" },
      { kind = "timeout", sent = "maybe" },
      { kind = "timeout", sent = "yes" },
      { kind = "parse", status = 200, sent = "yes" },
      { kind = "parse", sent = "no" },
    }
    for _, outcome in ipairs(final) do
      assert.same({ nil, "final" }, { decide(outcome) })
    end
  end)

  it("doubles the ceiling up to the cap", function()
    local policy = { max_retries = 100, base = 1, cap = 20 }
    local function almost_one()
      return 1 - 2 ^ -50
    end
    local ceilings = {}
    for attempt = 1, 7 do
      local pause = retry.next(policy, { kind = "network", repeatable = true }, attempt, nil, almost_one)
      ceilings[attempt] = math.floor(pause + 0.5)
    end
    assert.same({ 1, 2, 4, 8, 16, 20, 20 }, ceilings)
  end)

  it("ends after max_retries", function()
    local outcome = { kind = "network", repeatable = true }
    assert.equal(2, (decide(outcome, 3)))
    assert.same({ nil, "attempts" }, { decide(outcome, 4) })
    assert.same(
      { nil, "attempts" },
      { retry.next({ max_retries = 0, base = 1, cap = 1 }, outcome, 1, nil, half) }
    )
  end)

  it("waits at least as long as the service asked for, over the cap too", function()
    assert.equal(7.5, (decide { status = 429, retry_after = 7, repeatable = false }))
    assert.equal(60.5, (decide { status = 503, retry_after = 60, repeatable = true }))
    assert.equal(0.5, (decide { status = 429, retry_after = 0, repeatable = true }))
    assert.equal(2, (decide({ status = 429, retry_after = 0, repeatable = true }, 3)))
  end)

  it("gives up when the pause does not fit", function()
    assert.same({ nil, "deadline" }, { decide({ status = 429, retry_after = 7, repeatable = true }, 1, 7.5) })
    assert.equal(7.5, (decide({ status = 429, retry_after = 7, repeatable = true }, 1, 7.6)))
    assert.same({ nil, "deadline" }, { decide({ kind = "network", repeatable = true }, 1, 0) })
    assert.same({ nil, "deadline" }, { decide({ kind = "timeout", repeatable = true }, 1, -3) })
  end)

  it("keeps its bounds for any policy", function()
    local next = random.new(42)
    for _ = 1, 5000 do
      local policy = { max_retries = random.integer(next, 0, 6), base = next() * 5, cap = next() * 60 }
      local attempt = random.integer(next, 1, 2000)
      local retry_after = next() < 0.5 and next() * 100 or nil
      local left = next() < 0.5 and next() * 100 or nil
      if next() < 0.5 then
        policy.max_retries = attempt
      end
      local outcome = { status = 503, retry_after = retry_after, repeatable = true }
      local pause, reason = retry.next(policy, outcome, attempt, left, next)
      if attempt > policy.max_retries then
        assert(pause == nil and reason == "attempts")
      elseif not pause then
        assert(reason == "deadline" and left, reason)
      else
        assert(reason == nil)
        assert(pause >= (retry_after or 0))
        assert(pause <= math.max(policy.cap, (retry_after or 0) + policy.base))
        assert(not left or pause < left)
      end
    end
  end)

  it("takes a base of zero", function()
    local policy = { max_retries = 5000, base = 0, cap = 20 }
    assert.equal(0, (retry.next(policy, { kind = "network", repeatable = true }, 4000, nil, half)))
  end)
end)

describe("retry.retryable", function()
  it("goes by the status", function()
    for _, status in ipairs { 408, 425, 429, 500, 502, 503, 504, 507, 520, 522, 524, 529, 530 } do
      assert.is_true(retry.retryable(status))
    end
    for _, status in ipairs { 200, 302, 400, 401, 402, 403, 404, 409, 413, 422, 501, 505, 511 } do
      assert.is_false(retry.retryable(status))
    end
    assert.is_false(retry.retryable(nil))
  end)

  it("goes by the code first", function()
    for _, code in ipairs { "request_in_progress", "resource_not_ready", "brand_kit_not_ready" } do
      assert.is_true(retry.retryable(409, code))
    end
    assert.is_false(retry.retryable(429, "quota_exceeded"))
    assert.is_true(retry.retryable(500, "video_delete_failed"))
    assert.is_true(retry.retryable(200, "internal_error"))
    assert.is_false(retry.retryable(409, "conflict"))
    assert.is_true(retry.retryable(404, "gateway_page"))
  end)

  it("does not believe a code of the server's fault in a 4xx", function()
    for _, code in ipairs { "internal_error", "voice_provider_error", "service_unavailable", "gateway_timeout" } do
      assert.is_false(retry.retryable(400, code))
      assert.is_false(retry.retryable(422, code))
      assert.is_true(retry.retryable(429, code))
      assert.is_true(retry.retryable(500, code))
      assert.is_true(retry.retryable(501, code))
    end
  end)
end)

describe("retry.pauses", function()
  it("grow up to the longest, and are never shorter than the first", function()
    local following = retry.pauses(1, 1.5, 10)
    local list = {}
    for index = 1, 9 do
      list[index] = math.floor(following() * 100 + 0.5) / 100
    end
    assert.same({ 1, 1.5, 2.25, 3.38, 5.06, 7.59, 10, 10, 10 }, list)
    following = retry.pauses(30, 2, 10)
    assert.same({ 30, 30 }, { following(), following() })
  end)
end)
