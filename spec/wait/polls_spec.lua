-- Many waits of one client: one request for the statuses stands for all, and each wait ends as it would alone.
local core = require "heygen.core"
local heygen = require "heygen"
local live = require "spec.support.live"
local shell = require "spec.support.shell"
local support = require "spec.support.sim"
local verifying = require "spec.support.verifying"
local webhook = require "heygen.webhook"

local WAIT = { interval = 0.002, max_interval = 0.01, timeout = 60, grace = 60, not_found_grace = 0 }
local LIST = "/v3/videos/statuses"

describe("waits of one client", function()
  local sim, client

  setup(function()
    sim = support.start { speed = 0, behaviour = { video_id = "at_once" } }
  end)

  teardown(function()
    sim:stop()
  end)

  before_each(function()
    sim:reset()
    client = live.client(sim)
  end)

  local function make(count)
    local sessions = {}
    for index = 1, count do
      sessions[index] = assert(client:create { prompt = "Video " .. index })
    end
    return sessions
  end

  local function options(changes)
    local all = {}
    for name, value in pairs(WAIT) do
      all[name] = value
    end
    for name, value in pairs(changes or {}) do
      all[name] = value
    end
    return all
  end

  -- Waits for all at once. `during` is called in addition.
  local function wait_for(sessions, during, changes)
    local results = {}
    heygen.run(function()
      for index, session in ipairs(sessions) do
        heygen.spawn(function()
          local target = { video_id = session.video_id }
          local video, _, err = client:wait(target, options(changes))
          results[index] = { video = video, err = err }
        end)
      end
      if during then
        during()
      end
    end)
    return results
  end

  local function check_all(sessions, results, except)
    for index, session in ipairs(sessions) do
      if index ~= except then
        assert.is_nil(results[index].err, tostring(results[index].err))
        assert.same(
          { session.video_id, "completed" },
          { results[index].video.id, results[index].video.status }
        )
        assert.is_string(results[index].video.video_url)
      end
    end
  end

  -- How often a path was asked for.
  local function asked(pattern)
    local count = 0
    for _, request in ipairs(sim:requests()) do
      count = count + (request.method == "GET" and request.path:find(pattern) and 1 or 0)
    end
    return count
  end

  -- Lets the waits poll some times, then ends all jobs.
  local function finish_after(lists)
    return function()
      live.until_true(function()
        return asked "/v3/videos" >= lists
      end)
      sim:clock { advance = 7200 }
    end
  end

  -- Which one asks for all: its own id is the first.
  local function leader_of(sessions, url)
    for index, session in ipairs(sessions) do
      if url:find("ids=" .. session.video_id, 1, true) then
        return index
      end
    end
  end

  local function listed(entries)
    return assert(core.encode { data = entries })
  end

  -- Answers each list with the same entries.
  local function answer_lists(entries)
    sim:faults { { path = LIST, body = listed(entries) } }
  end

  local function entries_of(sessions, status)
    local entries = {}
    for index, session in ipairs(sessions) do
      entries[index] = { video_id = session.video_id, status = status }
    end
    return entries
  end

  it("share one request, and one page of what is completed", function()
    local sessions = make(50)
    local results = wait_for(sessions, finish_after(60))
    check_all(sessions, results)
    assert.is_true(asked "^/v3/videos/statuses" >= 5)
    assert.is_true(asked "^/v3/videos%?" + asked "^/v3/videos$" <= 3)
    assert.is_true(asked "^/v3/videos/%x" <= 50 + 30) -- the first polls, before they know each other, and checks
  end)

  it("ask for 100 at most in one request", function()
    local sessions = make(130)
    check_all(sessions, wait_for(sessions, finish_after(150)))
    local most = 0
    for _, request in ipairs(sim:requests()) do
      local _, ids = (request.target:match "video_ids=([^&]*)" or ""):gsub("%x+", "")
      most = math.max(most, ids)
    end
    assert.is_true(most > 1 and most <= 100, most)
  end)

  it("take few requests in 45 minutes, and see each end within 30 s #once", function()
    local module = "build/test/clock.so"
    shell.must(
      "gcc -shared -fPIC -O2 -D_GNU_SOURCE $(pkg-config --cflags lua5.4) -o "
        .. module
        .. " bench/clock.c -lm"
    )
    local command =
      "LD_PRELOAD=$PWD/%s LUA_CPATH_5_4='build/test/?.so;'$LUA_CPATH_5_4 lua5.4 bench/polls.lua %s"
    for _, case in ipairs {
      { "100 100 45 at_once", 2.2, 90 },
      { "100 100 45 late", 4.1, 90 },
      { "100 10 45 at_once", 6, 900 },
      { "100 10 45 late", 8, 900 },
    } do
      local line = shell.must(command:format(module, case[1]))
      assert.is_true(tonumber(line:match "requests_per_video=([%d.]+)") <= case[2], line)
      assert.is_true(tonumber(line:match "lists=(%d+)") <= case[3], line)
      assert.is_true(tonumber(line:match "late_worst=([%d.]+)") <= 30, line)
    end
  end)

  it("are not shared by one that is alone", function()
    local sessions = make(1)
    check_all(sessions, wait_for(sessions, finish_after(3)))
    assert.equal(0, asked "statuses")
  end)

  it("tell each about its own job", function()
    local sessions, seen = make(3), {}
    heygen.run(function()
      for index, session in ipairs(sessions) do
        heygen.spawn(function()
          local changes = options()
          function changes.on_progress(event)
            seen[index] = seen[index] or {}
            seen[index][event.video_id] = true
          end
          assert(client:wait({ video_id = session.video_id }, changes))
        end)
      end
      finish_after(12)()
    end)
    for index, session in ipairs(sessions) do
      assert.same({ [session.video_id] = true }, seen[index])
    end
  end)

  describe("end as they would alone when the list", function()
    local FAULTS = {
      ["fails"] = { status = 503 },
      ["does not exist"] = { status = 404 },
      ["is not allowed"] = { status = 403 },
      ["breaks off"] = { close = "before" },
      ["cannot be read"] = { body = '{"data": [' },
      ["is no list"] = { body = '{"data": {"video_id": "x"}}' },
      ["is null"] = { body = '{"data": null}' },
      ["is a page of a gateway"] = { html = true, status = 200 },
      ["has entries that are none"] = {
        body = '{"data": [1, "x", null, [], {"video_id": 5, "status": "processing"}, {"status": "completed"}]}',
      },
    }
    for name, fault in pairs(FAULTS) do
      it(name, function()
        local sessions = make(6)
        fault.path = LIST
        sim:faults { fault }
        client = live.client(sim, { max_retries = 0 })
        check_all(sessions, wait_for(sessions, finish_after(20)))
      end)
    end

    it("fails now and then", function()
      local sessions = make(50)
      sim:faults { { path = LIST, status = 500, nth = { 2, 4, 6, 8 } } }
      client = live.client(sim, { max_retries = 0 })
      check_all(sessions, wait_for(sessions, finish_after(80)))
    end)

    it("is refused for a moment", function()
      local sessions = make(6)
      sim:faults { { path = LIST, status = 429, headers = { ["Retry-After"] = "0" }, times = 5 } }
      client = live.client(sim, { max_retries = 0 })
      check_all(sessions, wait_for(sessions, finish_after(20)))
    end)

    it("names none of them", function()
      local sessions = make(6)
      answer_lists {}
      check_all(sessions, wait_for(sessions, finish_after(20)))
    end)

    it("names others", function()
      local sessions = make(6)
      answer_lists { { video_id = "of another", status = "completed" }, { video_id = "x", status = "failed" } }
      check_all(sessions, wait_for(sessions, finish_after(20)))
    end)

    it("names one twice, with different statuses", function()
      local sessions = make(3)
      local entries = entries_of(sessions, "processing")
      entries[4] = { video_id = sessions[1].video_id, status = "failed" }
      entries[5] = { video_id = sessions[2].video_id, status = "processing" }
      answer_lists(entries)
      local results = wait_for({ sessions[1] }, nil, { timeout = 0.2 })
      assert.equal("timeout", results[1].err.kind)
      check_all(sessions, wait_for(sessions, finish_after(20)))
    end)

    it("writes ids in another form", function()
      local sessions = make(3)
      local entries = entries_of(sessions, "completed")
      for _, entry in ipairs(entries) do
        entry.video_id = entry.video_id:upper()
      end
      answer_lists(entries)
      check_all(sessions, wait_for(sessions, finish_after(20)))
    end)

    it("is ahead of the videos", function()
      local sessions = make(6)
      answer_lists(entries_of(sessions, "completed"))
      check_all(sessions, wait_for(sessions, finish_after(40)))
    end)

    it("says that they have failed, and they have not", function()
      local sessions = make(6)
      answer_lists(entries_of(sessions, "failed"))
      check_all(sessions, wait_for(sessions, finish_after(40)))
    end)

    it("lags behind for ever", function()
      local sessions = make(50)
      answer_lists(entries_of(sessions, "processing"))
      check_all(sessions, wait_for(sessions, finish_after(60)))
    end)

    it("has statuses that are not known", function()
      local sessions = make(6)
      answer_lists(entries_of(sessions, "polishing"))
      check_all(sessions, wait_for(sessions, finish_after(20)))
    end)
  end)

  it("are not ended by a page of videos that has others, or a video that is not whole", function()
    local sessions = make(4)
    sim:faults {
      {
        path = "/v3/videos",
        body = listed {
          { id = sessions[1].video_id, status = "completed" },
          { id = sessions[2].video_id, status = "processing", video_url = "https://example.com/no.mp4" },
          { id = "x", status = "completed", video_url = "https://example.com/no.mp4" },
          5,
        },
      },
    }
    check_all(sessions, wait_for(sessions, finish_after(20)))
  end)

  it("end each with the failure of its own video", function()
    local sessions = make(4)
    sim:behaviour { video_fails = true }
    sessions[5] = assert(client:create { prompt = "This one fails" })
    sim:behaviour { video_fails = false }
    local results = wait_for(sessions, finish_after(20))
    check_all(sessions, results, 5)
    assert.same({ "failed", sessions[5].video_id }, { results[5].err.kind, results[5].err.video_id })
  end)

  it("end one whose video is deleted, and no other", function()
    local sessions = make(5)
    assert(client.videos:list()) -- a connection
    sim:clock { advance = 7200 }
    assert(client.videos:delete(sessions[2].video_id))
    local results = wait_for(sessions)
    check_all(sessions, results, 2)
    assert.same({ "api", 404 }, { results[2].err.kind, results[2].err.status })
  end)

  it("end each at its own timeout", function()
    local sessions = make(3)
    local results = {}
    heygen.run(function()
      for index, timeout in ipairs { 0.1, 0.3, 30 } do
        heygen.spawn(function()
          local target = { video_id = sessions[index].video_id }
          local video, _, err = client:wait(target, options { timeout = timeout })
          results[index] = { video = video, err = err }
          if index == 2 then
            sim:clock { advance = 7200 }
          end
        end)
      end
    end)
    assert.same({ "timeout", "timeout" }, { results[1].err.kind, results[2].err.kind })
    assert.equal(sessions[1].video_id, results[1].err.video_id)
    assert.equal("completed", results[3].video.status)
  end)

  it("continue when the one that asks for all is cancelled", function()
    local sessions, tasks, lists, leader = make(4), {}, 0, nil
    sim:faults { { path = LIST, stall = true, nth = 3 } }
    client = live.client(sim, {
      on_request = function(event)
        lists = lists + (event.url:find "statuses" and 1 or 0)
        leader = leader or (lists == 3 and leader_of(sessions, event.url))
      end,
    })
    local results = {}
    heygen.run(function()
      for index, session in ipairs(sessions) do
        tasks[index] = heygen.spawn(function()
          local video, _, err = client:wait({ video_id = session.video_id }, options())
          results[index] = { video = video, err = err }
        end)
      end
      live.until_true(function()
        return asked "statuses" >= 3
      end)
      tasks[leader]:cancel()
      sim:clock { advance = 7200 }
    end)
    assert.equal("cancelled", results[leader].err.kind)
    check_all(sessions, results, leader)
  end)

  -- The first list stalls, and its leader is cancelled: no wait may sleep until the deadline of that list.
  it("see the end soon after a leader was cancelled whose members had no answer", function()
    local sessions, tasks, leader = make(5), {}, nil
    sim:faults { { path = LIST, stall = true, nth = 1 } }
    client = live.client(sim, {
      on_request = function(event)
        leader = leader or (event.url:find "statuses" and leader_of(sessions, event.url))
      end,
    })
    local results, began = {}, nil
    heygen.run(function()
      for index, session in ipairs(sessions) do
        tasks[index] = heygen.spawn(function()
          local video, _, err = client:wait({ video_id = session.video_id }, options())
          results[index] = { video = video, err = err }
        end)
      end
      live.until_true(function()
        return leader
      end)
      sim:clock { advance = 7200 }
      heygen.sleep(0.2) -- all others wait for that answer
      began = core.now()
      tasks[leader]:cancel()
    end)
    check_all(sessions, results, leader)
    assert.is_true(core.now() - began < 20)
  end)

  it("end at their own timeout although the list hangs", function()
    local sessions = make(3)
    sim:faults { { path = LIST, stall = true } }
    local began = core.now()
    local results = wait_for(sessions, nil, { timeout = 1 })
    for index = 1, 3 do
      assert.equal("timeout", results[index].err.kind)
      assert.equal(sessions[index].video_id, results[index].err.video_id)
    end
    assert.is_true(core.now() - began < 25)
  end)

  it("that Retry-After holds are woken by no list", function()
    local sessions, polled, results = make(3), {}, {}
    sim:faults {
      { path = LIST, body = listed {}, times = 1 }, -- each asks by itself
      {
        path = "/v3/videos/" .. sessions[1].video_id,
        status = 503,
        headers = { ["Retry-After"] = "2" },
        times = 1,
      },
    }
    client = live.client(sim, {
      max_retries = 0,
      on_request = function(event)
        if event.url:find(sessions[1].video_id, 1, true) then
          polled[#polled + 1] = core.now()
        end
      end,
    })
    heygen.run(function()
      for index, session in ipairs(sessions) do
        heygen.spawn(function()
          results[index] = { video = client:wait({ video_id = session.video_id }, options { timeout = 30 }) }
        end)
      end
      heygen.sleep(2.5)
      sim:clock { advance = 7200 }
    end)
    check_all(sessions, results)
    local longest = 0
    for index = 2, #polled do
      longest = math.max(longest, polled[index] - polled[index - 1])
    end
    assert.is_true(longest >= 1.9, longest)
  end)

  it("give each error the ids of its own job", function()
    local sessions = make(3)
    sim:faults { { path = LIST, status = 503 }, { path = "/v3/videos/*", status = 503 } }
    client = live.client(sim, { max_retries = 0 })
    local results = wait_for(sessions, nil, { timeout = 0.5 })
    for index = 1, 3 do
      local err = results[index].err
      assert.same({ "timeout", sessions[index].video_id }, { err.kind, err.video_id })
      assert.matches(sessions[index].video_id, err.message, 1, true)
    end
  end)

  it("end at once when the client is closed", function()
    local sessions = make(4)
    local results = wait_for(sessions, function()
      live.until_true(function()
        return asked "statuses" >= 2
      end)
      client:close()
    end)
    for index = 1, 4 do
      assert.same(
        { "closed", sessions[index].video_id },
        { results[index].err.kind, results[index].err.video_id }
      )
    end
  end)

  it("of two clients with one key do not know of each other", function()
    local sessions, other = make(4), live.client(sim)
    local results = {}
    heygen.run(function()
      for index, session in ipairs(sessions) do
        heygen.spawn(function()
          local one = index % 2 == 0 and client or other
          results[index] = { video = assert(one:wait({ video_id = session.video_id }, options())) }
        end)
      end
      finish_after(20)()
    end)
    check_all(sessions, results)
  end)

  it("that a delivery wakes poll by themselves", function()
    local sessions, results, alone = make(3), {}, nil
    local router = webhook.router {
      on = {},
      secrets = verifying.SECRET,
      now = function()
        return verifying.NOW
      end,
    }
    heygen.run(function()
      for index, session in ipairs(sessions) do
        heygen.spawn(function()
          local wait = { timeout = 60, webhook = router, interval = 50, max_interval = 50 }
          results[index] = { video = client:wait({ video_id = session.video_id }, wait) }
        end)
      end
      live.until_true(function()
        return asked "/v3/videos" >= 3
      end)
      sim:clock { advance = 7200 }
      alone = asked "^/v3/videos/%x+$"
      for index, session in ipairs(sessions) do
        local body = ('{"event_id":"evt_%d","event_type":"video_agent.success","event_data":{"video_id":"%s"}}'):format(
          index,
          session.video_id
        )
        local headers = verifying.signed({}, body, { event_id = "evt_" .. index })
        assert.equal(200, router:handle("POST", headers, body, "/hook"))
      end
    end)
    check_all(sessions, results)
    assert.equal(3, asked "^/v3/videos/%x+$" - alone)
  end)

  it("for translations share their list as well", function()
    local FILE, ids = { url = "https://example.com/video.mp4" }, {}
    for index, language in ipairs { "German", "French", "Polish" } do
      local made = assert(client.video_translations:create { video = FILE, output_languages = { language } })
      ids[index] = made.video_translation_ids[1]
    end
    local results = {}
    heygen.run(function()
      for index, id in ipairs(ids) do
        heygen.spawn(function()
          results[index] = assert(client.video_translations:wait(id, options()))
        end)
      end
      live.until_true(function()
        return asked "video%-translations/statuses" >= 3
      end)
      sim:clock { advance = 7200 }
    end)
    for index, id in ipairs(ids) do
      assert.same({ id, "completed" }, { results[index].id, results[index].status })
    end
  end)

  it("of agents that answer in chat end with their words", function()
    sim:behaviour { answers_in_chat = true }
    local sessions, results = make(2), {}
    heygen.run(function()
      for index, session in ipairs(sessions) do
        heygen.spawn(function()
          local _, _, err = client:wait(session, options())
          results[index] = err
        end)
      end
      live.until_true(function()
        sim:clock { advance = 60 }
        return results[1] and results[2]
      end)
    end)
    assert.same({ "input_needed", "input_needed" }, { results[1].kind, results[2].kind })
    assert.is_true(asked "video%-agents" < 20)
  end)
end)
