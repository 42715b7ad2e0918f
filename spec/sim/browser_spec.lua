-- The simulator's page in a real browser: what a person sees and does there. The pictures are left in build/test/.
local cjson = require "cjson"
local support = require "spec.support.sim"

-- luv is the event loop that holds the browser's pipe; it is there for one version of Lua only.
local function start_browser(flags)
  return require("spec.support.browser").start(flags)
end

describe("the simulator's page in Chromium #once", function()
  local browser, sim

  setup(function()
    sim = support.start { speed = 0, behaviour = { clip_seconds = 6.5 } }
    browser = start_browser()
    browser:open(sim.url .. "/")
  end)

  teardown(function()
    browser:stop()
    sim:stop()
  end)

  before_each(function()
    sim:reset()
    browser:until_true "document.querySelectorAll('#sessions li, #videos li, #requests li').length === 0"
  end)

  -- An answer that is an error stands in the console, too; a test that wants one says so.
  local expected

  after_each(function()
    local others = {}
    for _, problem in ipairs(browser.problems) do
      if not expected or not problem:find(expected, 1, true) then
        others[#others + 1] = problem
      end
    end
    browser.problems, expected = {}, nil
    assert.same({}, others)
  end)

  local function sees(text)
    browser:until_true("document.body.innerText.includes(" .. cjson.encode(text) .. ")")
  end

  local function button(text, within)
    return string.format(
      "[...document.querySelectorAll(%s)].find((each) => each.textContent === %s && each.offsetParent)",
      cjson.encode((within or "body") .. " button"),
      cjson.encode(text)
    )
  end

  local function click(text, within)
    local script = button(text, within)
    browser:until_true(script .. " !== undefined")
    browser:click(script)
  end

  local function make(prompt)
    browser:type("#new textarea", prompt)
    click "Make it"
    sees "Made sess_"
  end

  it("says what to do when nothing has happened", function()
    sees "No session yet"
    sees "No video yet"
    sees(sim.url)
    assert.equal(0, sim:counts().requests)
  end)

  it("makes a video, shows its progress, and plays it", function()
    make "A presenter explains our launch"
    assert.equal(1, sim:counts().creates)
    sees "thinking"
    sees "12 min left"
    sim:clock { advance = 420 }
    browser:until_true "document.querySelector('#sessions progress').value === 50"
    sees "no file yet"
    click "+12 min"
    browser:until_true "document.querySelector('#videos .pill').textContent === 'completed'"
    browser:until_true "document.querySelector('#sessions progress').hidden"
    local played = browser:eval [[(async () => {
      const video = document.querySelector("#videos video");
      await video.play();
      await new Promise((done) => { video.ontimeupdate = () => video.currentTime > 0.2 && done(); });
      video.id = "mine";
      return [video.duration, video.videoWidth, video.videoHeight];
    })()]]
    assert.same({ 6.5, 320, 180 }, played)
    -- The picture before it plays, and what is said.
    assert.equal(
      320,
      browser:eval [[new Promise((done) => {
      const image = new Image();
      image.onload = () => done(image.naturalWidth);
      image.onerror = () => done("no picture");
      image.src = document.querySelector("#mine").poster;
    })]]
    )
    browser:eval "document.querySelector('#mine').textTracks[0].mode = 'showing'"
    browser:until_true "document.querySelector('#mine').textTracks[0].cues.length > 0"
    browser:eval "document.querySelector('#mine').currentTime = 5"
    browser:until_true "document.querySelector('#mine').currentTime >= 5"
    -- Another video comes; the one that plays is left alone.
    make "Another one"
    browser:until_true "document.querySelectorAll('#sessions li').length === 2"
    assert.equal(1, browser:eval "document.querySelectorAll('#mine').length")
    -- What the page has read is not what clients did.
    assert.equal(0, sim:counts().downloads)
    assert.equal(2, sim:counts().requests)
  end)

  it("shows a hostile title as the text it is", function()
    make '<img src="/x" onerror="document.title=1"><script>document.title=2</script>'
    sees '<img src="/x" onerror="document.title=1">'
    assert.equal(0, browser:eval "document.querySelectorAll('#sessions img, #sessions script').length")
    assert.equal("heygen-sim", browser:eval "document.title")
  end)

  it("says why a video cannot be made", function()
    expected = "status of 429"
    sim:behaviour { concurrency = 1 }
    make "One"
    browser:type("#new textarea", "Two")
    click "Make it"
    sees "1 of 1 are running (HTTP 429, rate_limit_exceeded, again after"
    assert.equal("Two", browser:eval "document.querySelector('#new textarea').value")
    sim:behaviour { concurrency = 0 }
    browser:eval "document.querySelector('#new textarea').value = ''"
  end)

  it("answers a session that waits for it", function()
    browser:eval "document.querySelector('#new select[name=mode]').value = 'chat'"
    make "Let us talk"
    click "+12 min"
    sees "Should I continue with this plan?"
    browser:type("#sessions .reply input", "Yes, and make it ")
    -- A half-written answer stays while the page continues to poll.
    sim:api("POST", "/v3/video-agents", { prompt = "Something else" })
    sees "Something else"
    browser:type("#sessions .reply input", "blue")
    click("Send", "#sessions")
    browser:until_true "document.querySelectorAll('#sessions .reply:not([hidden])').length === 0"
    local id = sim:state().newest[2].session_id
    local _, session = sim:api("GET", "/v3/video-agents/" .. id)
    local said = {}
    for _, message in ipairs(session.data.messages) do
      said[message.content] = message.role
    end
    assert.equal("user", said["Yes, and make it blue"])
    browser:eval "document.querySelector('#new select[name=mode]').value = 'generate'"
  end)

  it("stops a session and deletes a video", function()
    make "To be stopped"
    click("Stop", "#sessions")
    browser:until_true "document.querySelector('#sessions .pill').textContent === 'failed'"
    make "To be deleted"
    click "+12 min"
    browser:until_true "document.querySelectorAll('#videos video').length === 1"
    click("Delete", "#videos")
    browser:until_true "document.querySelectorAll('#videos video').length === 0"
    assert.equal(1, sim:counts().deletes)
  end)

  it("shows what was delivered, and what could not be", function()
    -- Another simulator answers 200 here, whatever it is sent.
    local receiver = support.start()
    local function deliver(url)
      browser:eval "document.querySelector('#new input[name=callback_url]').value = ''"
      browser:type("#new input[name=callback_url]", url)
      make("For " .. url)
    end
    deliver(receiver.url .. "/_sim/reset")
    deliver "http://127.0.0.1:1/closed"
    deliver "https://example.com/hook"
    click "+12 min"
    local rows = "[...document.querySelectorAll('#deliveries summary')].map((each) => each.innerText)"
    browser:until_true(rows .. ".join().match(/\\bdelivered\\b/)")
    browser:until_true(rows .. ".filter((each) => each.includes('1 attempt')).length === 2")
    local seen = table.concat(browser:eval(rows), "\n\n")
    assert.matches(
      "delivered%s+video_agent.success → "
        .. receiver.url:gsub("%p", "%%%0")
        .. "/_sim/reset%s+200%s+1 attempt",
      seen
    )
    assert.matches(
      "waiting%s+video_agent.success → http://127.0.0.1:1/closed.*1 attempt%s+again at 2%d%d%d%-",
      seen
    )
    assert.matches(
      "dropped%s+video_agent.success → https://example.com/hook%s+not a loopback address",
      seen
    )
    browser:eval "document.querySelector('#new input[name=callback_url]').value = ''"
    receiver:stop()
  end)

  it("moves the clock", function()
    click "60×"
    browser:until_true(button "60×" .. ".getAttribute('aria-pressed') === 'true'")
    assert.equal(60, sim:state().speed)
    click "Stand still"
    browser:until_true(button "Stand still" .. ".getAttribute('aria-pressed') === 'true'")
    assert.equal(0, sim:state().speed)
  end)

  it("shows requests with their faults, and starts and clears a scenario", function()
    click("Start", "#scenario")
    browser:until_true "document.querySelectorAll('#faults li').length > 3"
    assert.is_true(#sim:state().faults > 3)
    click "Clear"
    browser:until_true "document.querySelectorAll('#faults li').length === 0"
    sim:faults { { path = "/v3/videos/*", status = 503 } }
    sim:api("GET", "/v3/videos/abc")
    sim:api("GET", "/v3/videos?limit=1")
    sees "GET /v3/videos/abc"
    sees "fired 1 of 1"
    browser:click "document.querySelector('#requests summary')"
    sees "x-api-key: ****"
    local rows =
      browser:eval "[...document.querySelectorAll('#requests summary')].map((each) => each.innerText)"
    assert.matches("200.*GET /v3/videos%?limit=1", rows[1])
    assert.matches("503.*GET /v3/videos/abc.*fault", rows[2])
  end)

  it("is kept as pictures: build/test/sim_page*.png", function()
    sim:api(
      "POST",
      "/v3/video-agents",
      { prompt = "A presenter explains our launch in 30 seconds", callback_url = "https://example.com/hook" }
    )
    sim:behaviour { video_fails = true, next = 1 }
    sim:api("POST", "/v3/video-agents", { prompt = "A video that fails" })
    sim:clock { advance = 730 }
    sim:api("POST", "/v3/video-agents", { prompt = "Let us talk about a video", mode = "chat" })
    sim:api("POST", "/v3/video-agents", { prompt = "A tall video", orientation = "portrait" })
    sim:clock { advance = 300 }
    sim:api("GET", "/v3/videos/an-unknown-id")
    sim:faults { { path = "/v3/videos", status = 503 } }
    sim:api("GET", "/v3/videos?limit=10")
    for name, size in pairs {
      sim_page = { 1400, false },
      sim_page_night = { 1400, true },
      sim_page_narrow = { 420, false },
    } do
      browser:show_as(size[1], size[2])
      browser:until_true "document.querySelectorAll('#requests li').length === 6"
      -- Nothing sticks out at the side.
      assert.equal(size[1], browser:eval "document.documentElement.scrollWidth", name)
      browser:screenshot("build/test/" .. name .. ".png")
    end
    browser:show_as(1400, false)
  end)

  it("asks this simulator and no other server", function()
    assert.is_true(#browser.requests > 10)
    for _, url in ipairs(browser.requests) do
      local own = url:sub(1, #sim.url + 1) == sim.url .. "/"
      -- The icons of the browser's own player.
      assert.is_true(own or url:sub(1, 5) == "data:", url)
    end
  end)
end)

describe("the simulator's page in Chromium #once", function()
  local browser, sim

  teardown(function()
    browser:stop()
    sim:stop()
  end)

  it("asks for the key when only some are accepted, and tells when the simulator has ended", function()
    sim = support.start { keys = { "right" } }
    browser = start_browser()
    browser:open(sim.url .. "/")
    browser:until_true "!document.querySelector('#key-label').hidden"
    local make = "[...document.querySelectorAll('#new button')].pop()"
    browser:type("#new textarea", "A video")
    browser:type("#new input[name=key]", "wro")
    browser:click(make)
    browser:until_true "document.body.innerText.includes('Unauthorized (HTTP 401, unauthorized)')"
    browser:eval "document.querySelector('#new input[name=key]').value = ''"
    browser:type("#new input[name=key]", "right")
    browser:click(make)
    browser:until_true "document.body.innerText.includes('Made sess_')"
    sim:stop()
    browser:until_true "document.body.innerText.includes('heygen-sim does not answer')"
  end)
end)

describe("the simulator's page over nginx with TLS and HTTP/2 #once", function()
  local browser, sim

  teardown(function()
    browser:stop()
    sim:stop()
  end)

  it("makes a video and plays it", function()
    sim = support.start { front = "nginx", tls = true, speed = 0, behaviour = { clip_seconds = 2 } }
    browser = start_browser "--ignore-certificate-errors"
    assert.matches("^https:", sim.url)
    browser:open(sim.url .. "/")
    browser:type("#new textarea", "A video over HTTP/2")
    browser:click "document.querySelector('#new .primary')"
    browser:until_true "document.querySelector('#sessions .title').textContent === 'A video over HTTP/2'"
    browser:click "document.querySelector('[data-advance=\"720\"]')"
    browser:until_true "document.querySelector('#videos .pill').textContent === 'completed'"
    local played = browser:eval [[(async () => {
        const video = document.querySelector("#videos video");
        await video.play();
        await new Promise((done) => { video.ontimeupdate = () => video.currentTime > 0.1 && done(); });
        return [video.duration, performance.getEntriesByType("navigation")[0].nextHopProtocol];
      })()]]
    assert.same({ 2, "h2" }, played)
    assert.same({}, browser.problems)
    assert.equal(0, sim:counts().downloads)
  end)
end)
