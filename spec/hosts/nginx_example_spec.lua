-- The site of examples/nginx in a real nginx, with a real browser, against the simulator: what a visitor sees and does
-- there, and what is left of it when workers end. The pictures are left in build/test/.
local cjson = require "cjson"
local example = require "spec.support.nginx_example"
local support = require "spec.support.sim"

local KEY = "test-key-of-the-studio"
local ID = "0f8fad5b-d9cb-469f-a165-70867728950e"

-- luv is the event loop that holds the browser's pipe; it is there for one version of Lua only.
local function start_browser()
  return require("spec.support.browser").start()
end

local function order(id, prompt)
  return cjson.encode { id = id, prompt = prompt }
end

local function decoded(answer)
  return cjson.decode(answer:match "\r\n\r\n(.*)$")
end

describe("examples/nginx in a browser #once #native", function()
  local browser, sim, site

  setup(function()
    sim = support.start { speed = 0, behaviour = { clip_seconds = 6.5, video_id = "late" } }
    site = example.start(sim.url, KEY)
    browser = start_browser()
  end)

  teardown(function()
    browser:stop()
    site:stop()
    sim:stop()
  end)

  before_each(function()
    sim:reset()
    browser:show_as(1000, false)
    browser:open(site.url .. "/")
    browser:eval "videos.clear(), localStorage.clear()"
    browser:open(site.url .. "/?again")
    browser.problems = {}
  end)

  local function sees(text, who)
    (who or browser):until_true("document.body.innerText.includes(" .. cjson.encode(text) .. ")")
  end

  local function picture(name)
    browser:eval "new Promise((done) => setTimeout(done, 400))" -- what moves has come to rest
    browser:screenshot("build/test/nginx_" .. name .. ".png")
  end

  local SUBMIT = "document.querySelector('#order button')"

  local function double_click(script)
    local box = browser:eval(script .. ".getBoundingClientRect().toJSON()")
    local place = { x = box.x + box.width / 2, y = box.y + box.height / 2, button = "left" }
    for number = 1, 2 do
      for _, kind in ipairs { "mousePressed", "mouseReleased" } do
        place.type, place.clickCount = kind, number
        browser:command("Input.dispatchMouseEvent", place)
      end
    end
  end

  local function make(prompt)
    browser:type("#prompt", prompt)
    browser:click(SUBMIT)
    sees "Writing the script"
    return browser:eval "[...videos.keys()].pop()"
  end

  it("orders a video, shows how far it is, in every tab and from every worker, and plays it", function()
    local id = make "A presenter explains our launch in 30 seconds, on a roof with a view of the harbour"
    assert.equal(1, sim:counts().creates)
    assert.equal("", browser:eval "document.querySelector('#prompt').value")
    sim:clock { advance = 420 }
    browser:until_true "document.querySelector('progress').value === 50"
    sees "Rendering"
    sees "50 % · 0:"
    picture "making"

    -- Another visitor, who opens the link.
    local other = start_browser()
    finally(function()
      other:stop()
    end)
    other:open(site.url .. "/#" .. id)
    other:until_true "document.querySelector('progress').value === 50"
    sees("on a roof with a view of the harbour", other)

    local workers, asked = site:workers(), {}
    assert.equal(2, #workers)
    for _ = 1, 200 do
      local status, answer = site:exchange("GET", "/videos/" .. id)
      assert.same({ 200, "making", 50 }, { status, decoded(answer).state, decoded(answer).progress })
      asked[answer:match "X%-Worker: (%d+)"] = true
    end
    assert.same({ [workers[1]] = true, [workers[2]] = true }, asked)

    -- The page is loaded again, and continues.
    browser:open(site.url .. "/?again")
    browser:until_true "document.querySelector('progress').value === 50"
    sim:clock { advance = 180 }
    browser:until_true "document.querySelector('progress').value > 60"
    sim:clock { advance = 720 }
    for _, each in ipairs { browser, other } do
      local played = each:eval [[(async () => {
        const until = async (ready) => { while (!ready()) await new Promise((done) => setTimeout(done, 20)); };
        await until(() => document.querySelector("video")?.readyState >= 2);
        const video = document.querySelector("video");
        await video.play();
        await until(() => video.currentTime > 0.2);
        video.pause();
        return [video.getAttribute("src"), video.duration, video.videoWidth];
      })()]]
      assert.same({ "/videos/" .. id .. "/file", 6.5, 320 }, played)
    end
    sees "Ready"
    sees "0:06"
    browser:eval "document.querySelector('video').currentTime = 3"
    browser:until_true "!document.querySelector('video').seeking"
    picture "ready"
    browser:show_as(420, true)
    browser:until_true "document.documentElement.scrollWidth === 420"
    picture "night"

    local counts = sim:counts()
    assert.same({ 1, 1, 0 }, { counts.creates, counts.create_requests, counts.keys_leaked })
    assert.same({}, browser.problems)
    assert.same({}, other.problems)
  end)

  it("has no key for a browser, and sends it nowhere but to the service's files", function()
    local id = make "A video"
    sim:clock { advance = 720 }
    sees "Ready"
    local paths = { "/", "/script.js", "/style.css", "/videos/" .. id, "/videos/" .. id .. "/file" }
    for _, path in ipairs(paths) do
      local status, answer = site:exchange("GET", path)
      assert.is_true(status == 200 or status == 302, path)
      assert.is_nil(answer:find(KEY, 1, true), path)
    end
    for _, url in ipairs(browser.requests) do
      local known = url:find(site.url .. "/", 1, true) == 1
        or url:find(sim.url .. "/files/", 1, true) == 1
        or url:find "^data:"
      assert.is_truthy(known, url)
    end
    assert.is_nil(site:log():find(KEY, 1, true))
  end)

  it("orders once, however often the button is clicked", function()
    sim:faults { { method = "POST", path = "/v3/video-agents", delay = 0.5 } }
    browser:type("#prompt", "A video")
    double_click(SUBMIT)
    browser:eval "document.querySelector('#order').requestSubmit()"
    sees "Writing the script"
    assert.equal(1, sim:counts().create_requests)
    assert.equal(1, browser:eval "document.querySelectorAll('#videos li').length")
  end)

  it("orders once when a page sends the same order several times", function()
    sim:faults { { method = "POST", path = "/v3/video-agents", delay = 0.5 } }
    local states = browser:eval(
      ([[Promise.all([1, 2, 3, 4].map(() => fetch("/videos", {
      method: "POST", headers: { "Content-Type": "application/json" }, body: %s,
    }).then((answer) => answer.json()).then((video) => video.state)))]]):format(
        cjson.encode(order(ID, "A video"))
      )
    )
    table.sort(states)
    assert.same({ "making", "ordering", "ordering", "ordering" }, states)
    assert.equal(1, sim:counts().create_requests)
    for _, entry in ipairs(sim:requests()) do -- a video of an earlier test may be polled in between
      assert.equal(entry.method == "POST" and ID or nil, entry.headers["idempotency-key"])
    end
  end)

  it("says why an order is refused, and takes the next one", function()
    sim:faults { { method = "POST", path = "/v3/video-agents", nth = 1, status = 402 } }
    browser:type("#prompt", "A video about our savings")
    browser:click(SUBMIT)
    sees "The studio's account has no credit left. Nothing was made, and nothing charged."
    sees "api, status 402, code insufficient_credit, request id "
    picture "refused"
    browser:click "document.querySelector('.again')"
    assert.equal("A video about our savings", browser:eval "document.querySelector('#prompt').value")
    browser:click(SUBMIT)
    sees "Writing the script"
    assert.equal(1, sim:counts().creates)
  end)

  it("warns of ordering again when it is not known whether it was ordered", function()
    sim:faults { { method = "POST", path = "/v3/video-agents", act = true, close = "before" } }
    browser:type("#prompt", "A video")
    browser:click(SUBMIT)
    sees "The service could not be reached. The video may be on order all the same"
    assert.is_true(browser:eval "document.querySelector('.again').hidden")
    assert.equal(1, sim:counts().creates)
  end)

  it("takes no prompt that is too long, and counts as the service does", function()
    browser:eval [[document.querySelector("#prompt").value = "😀".repeat(10001)]]
    browser:eval "document.querySelector('#prompt').dispatchEvent(new Event('input'))"
    sees "10,001 of 10,000"
    browser:click(SUBMIT)
    sees "The prompt is too long: 10,001 characters of 10,000."
    assert.equal(0, browser:eval "document.querySelectorAll('#videos li').length")
    local status, answer = site:exchange("POST", "/videos", order(ID:gsub("^0", "1"), ("é"):rep(10001)))
    assert.same({ 400, "The prompt has 10,001 characters. At most 10,000 are possible." }, {
      status,
      decoded(answer).problem,
    })
    assert.equal(0, sim:counts().create_requests)
    browser:eval [[document.querySelector("#prompt").value = "😀".repeat(10000)]]
    browser:click(SUBMIT)
    sees "Writing the script"
  end)

  it("cancels: the wait ends, the session is stopped", function()
    make "An unwanted video"
    browser:click "document.querySelector('.cancel')"
    sees "Cancelled"
    browser:until_true "!document.querySelector('.cancel').disabled" -- the answer is there
    assert.equal(1, sim:counts().by_route["POST /v3/video-agents/{session_id}/stop"])
    browser:click "document.querySelector('.remove')"
    sees "No video yet."
  end)
end)

describe("examples/nginx #once #native", function()
  local sim, site

  before_each(function()
    sim = support.start { speed = 0, behaviour = { video_id = "late" } }
    site = example.start(sim.url, KEY)
  end)

  after_each(function()
    site:stop()
    sim:stop()
  end)

  local function video(id)
    return decoded(select(2, site:exchange("GET", "/videos/" .. id)))
  end

  local function becomes(id, state)
    local socket = require "socket"
    local found
    for _ = 1, 1500 do
      found = video(id)
      if found.state == state then
        return found
      end
      socket.sleep(0.02)
    end
    error("it is still " .. found.state .. "\n" .. site:log())
  end

  it("continues with its videos after a reload, whose old workers end at once", function()
    site:exchange("POST", "/videos", order(ID, "A video"))
    local old = site:workers()
    site:signal "HUP"
    site:until_gone(old)
    sim:clock { advance = 720 }
    assert.equal(10, becomes(ID, "ready").seconds)
    assert.equal(1, sim:counts().create_requests)
  end)

  it("continues with its videos when workers are killed", function()
    site:exchange("POST", "/videos", order(ID, "A video"))
    for _, pid in ipairs(site:workers()) do
      site:signal("KILL", pid)
    end
    sim:clock { advance = 720 }
    assert.equal(10, becomes(ID, "ready").seconds)
    assert.equal(1, sim:counts().create_requests)
  end)

  it("says that it has failed, and why, after the order", function()
    sim:behaviour { video_fails = true, failure_message = "The script has no name" }
    site:exchange("POST", "/videos", order(ID, "A video"))
    sim:clock { advance = 720 }
    assert.equal("The video failed: The script has no name", becomes(ID, "failed").problem)
  end)

  it("refuses what is no order", function()
    for _, each in ipairs {
      { 400, "POST", "/videos", "{" },
      { 400, "POST", "/videos", order("../x", "A video") },
      { 400, "POST", "/videos", order(ID, "  ") },
      { 400, "POST", "/videos", cjson.encode { id = ID, prompt = 7 } },
      { 400, "POST", "/videos", cjson.encode { id = ID, prompt = "A video", orientation = "round" } },
      { 415, "POST", "/videos", order(ID, "A video"), "text/plain" },
      { 413, "POST", "/videos", order(ID, ("x"):rep(200000)) },
      { 404, "GET", "/videos" },
      { 404, "GET", "/videos/" .. ID },
      { 404, "GET", "/videos/" .. ID .. "/file" },
      { 404, "POST", "/videos/" .. ID .. "/cancel" },
      { 404, "GET", "/videos/nonsense" },
    } do
      local status = site:exchange(each[2], each[3], each[4], each[5])
      assert.equal(each[1], status, each[2] .. " " .. each[3])
    end
    assert.equal(0, sim:counts().requests)
  end)
end)
