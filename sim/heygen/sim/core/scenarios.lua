-- Ready-made bad days, by name.
local API = "/v3/**"

return {
  flaky = {
    about = "one read in five fails: 500, 502 with a page of HTML, 503, or the connection breaks",
    faults = {
      { method = "GET", path = API, chance = 0.05, status = 500 },
      { method = "GET", path = API, chance = 0.05, html = true, status = 502 },
      { method = "GET", path = API, chance = 0.05, status = 503, headers = { ["Retry-After"] = "1" } },
      { method = "GET", path = API, chance = 0.03, close = "before" },
      { method = "GET", path = API, chance = 0.03, close = "body" },
    },
  },
  slow = {
    about = "every answer of the API takes 2 seconds, every third file comes in drops",
    faults = {
      { path = API, delay = 2 },
      { method = "GET", path = "/files/**", chance = 0.34, drip = { bytes = 512, every = 0.2 } },
    },
  },
  overloaded = {
    about = "two thirds of the creates get 429 with Retry-After, one read in four 429 or 503",
    faults = {
      {
        method = "POST",
        path = "/v3/video-agents",
        chance = 0.67,
        status = 429,
        headers = { ["Retry-After"] = "2" },
      },
      { method = "GET", path = API, chance = 0.15, status = 429, headers = { ["Retry-After"] = "1" } },
      { method = "GET", path = API, chance = 0.1, status = 503 },
    },
  },
  gateway = {
    about = "one read in three gets a gateway's page of HTML: 520 to 530, 408, 425, 403; some with status 200",
    faults = {
      { method = "GET", path = API, chance = 0.04, html = true, status = 520 },
      { method = "GET", path = API, chance = 0.04, html = true, status = 522 },
      { method = "GET", path = API, chance = 0.04, html = true, status = 524 },
      { method = "GET", path = API, chance = 0.04, html = true, status = 525 },
      { method = "GET", path = API, chance = 0.04, html = true, status = 530 },
      { method = "GET", path = API, chance = 0.03, html = true, status = 408 },
      { method = "GET", path = API, chance = 0.03, html = true, status = 425 },
      { method = "GET", path = API, chance = 0.03, html = true, status = 403 },
      { method = "GET", path = API, chance = 0.03, html = true, status = 404 },
      { method = "GET", path = API, chance = 0.03, html = true, status = 200 },
      { method = "GET", path = "/files/**", chance = 0.2, html = true, status = 200 },
      { method = "GET", path = "/files/**", chance = 0.2, html = true, status = 524 },
    },
  },
  stalled = {
    about = "sessions think for ever, and one read in ten is never answered",
    behaviour = { stall = true },
    faults = { { method = "GET", path = API, chance = 0.1, stall = true } },
  },
  lossy = {
    about = "what is asked for is done, but one answer in five is lost on its way, creates included",
    faults = {
      { path = API, chance = 0.07, act = true, close = "before" },
      { path = API, chance = 0.06, act = true, reset = true },
      { path = API, chance = 0.04, act = true, close = "headers" },
      { path = API, chance = 0.03, act = true, close = "body" },
      { method = "GET", path = "/files/**", chance = 0.3, close = "body" },
    },
  },
  hostile = {
    about = "one answer in three is hostile: garbage, floods, bombs, lies about lengths, redirects elsewhere",
    faults = {
      { method = "GET", path = API, chance = 0.04, garbage = true },
      { method = "GET", path = API, chance = 0.04, header_bytes = 2000000 },
      { method = "GET", path = API, chance = 0.04, gzip = "bomb" },
      { method = "GET", path = API, chance = 0.04, gzip = "bad" },
      { method = "GET", path = API, chance = 0.04, chunked = "bad" },
      { method = "GET", path = API, chance = 0.04, content_length = 1000000000 },
      { method = "GET", path = API, chance = 0.03, truncate = 20 },
      { method = "GET", path = API, chance = 0.03, redirect = "http://attacker.invalid/" },
      {
        method = "GET",
        path = API,
        chance = 0.03,
        status = 200,
        code = "internal_error",
        message = "an error in a 200",
      },
      {
        method = "GET",
        path = API,
        chance = 0.02,
        status = 503,
        headers = { ["Retry-After"] = "99999999999999999999" },
      },
      { method = "GET", path = "/files/**", chance = 0.2, redirect = "http://attacker.invalid/" },
      { method = "GET", path = "/files/**", chance = 0.1, gzip = "bomb" },
      { method = "POST", path = API, chance = 0.1, redirect = "http://attacker.invalid/", status = 307 },
    },
  },
  restless = {
    about = "the clock jumps, URLs expire within a minute, sessions fail and recover, ids come late or not at all",
    behaviour = { url_expires = 60, session_fails_then_recovers = 90, extra_fields = true, nulls = "absent" },
    faults = {
      { method = "GET", path = API, chance = 0.03, clock = 300 },
      { method = "GET", path = API, chance = 0.02, clock = -120 },
    },
  },
}
