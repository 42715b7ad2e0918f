-- What must hold in every host, with each driver: spec/hosts/hosts_spec.lua runs these cases under
-- each. A case is a function that raises when something is wrong; it is called where `heygen` calls may wait.
local core = require "heygen.core"
local heygen = require "heygen"

local cases = {}
local list = {}

-- PUC Lua 5.1 cannot yield inside pcall.
local BLIND = _VERSION == "Lua 5.1" and not rawget(_G, "jit")

local QUICK = { interval = 0.002, max_interval = 0.01, timeout = 60, grace = 60 }

-- A case; `tasks` marks one whose tasks must run while its own coroutine sleeps: in a plain script, where sleeping
-- blocks, it runs inside heygen.run.
local function case(name, fn, tasks)
  list[#list + 1] = { name = name, run = fn, tasks = tasks == "tasks" }
end

local function equal(wanted, got, what)
  if wanted ~= got then
    error(("%s: wanted %s, got %s"):format(what or "value", tostring(wanted), tostring(got)), 2)
  end
end

local function has(text, part)
  if not tostring(text):find(part, 1, true) then
    error(("%q is not in %q"):format(part, tostring(text)), 2)
  end
end

-- The error object of a failed call.
local function failure(value, message, err)
  if value ~= nil or not heygen.is_error(err) then
    error("a failure was expected, got " .. tostring(value) .. ", " .. tostring(message), 2)
  end
  equal(tostring(err), message, "the message")
  return err
end

-- ---- the simulator, asked by a client that blocks: cases prepare and check with it ----

local sim = {}

function sim.ask(method, path, json)
  local answer = assert(sim.client:request { method = method, path = "/_sim/" .. path, json = json })
  return answer
end

function sim.faults(rules)
  sim.ask("POST", "faults", heygen.array(rules))
end

function sim.counts()
  return sim.ask("GET", "counts")
end

-- Waits, as the host does, until the server has seen so many of something.
local function until_count(name, count)
  for _ = 1, 2000 do
    if sim.counts()[name] >= count then
      return
    end
    assert(heygen.sleep(0.005))
  end
  error("the server has not seen " .. count .. " " .. name, 2)
end

local function repeated(count, fn)
  local fns = {}
  for index = 1, count do
    fns[index] = fn
  end
  return fns
end

-- ---- the cases ----

-- Runs `fn` where nothing can be loaded any more: no search path, no searchers and no `require`.
local function without_require(fn)
  local old_require, searchers = require, rawget(package, "searchers") or rawget(package, "loaders")
  local path, cpath, kept = package.path, package.cpath, {}
  for index = #searchers, 1, -1 do
    kept[index], searchers[index] = searchers[index], nil
  end
  package.path, package.cpath = "", ""
  rawset(_G, "require", function(name)
    error(("require %q after heygen.new"):format(name), 2)
  end)
  local ok, raised
  if BLIND and not cases.blocks then
    ok, raised = heygen.all {
      function()
        fn()
        return true
      end,
    }
  else
    ok, raised = pcall(fn)
  end
  rawset(_G, "require", old_require)
  package.path, package.cpath = path, cpath
  for index, searcher in ipairs(kept) do
    searchers[index] = searcher
  end
  if not ok then
    error(raised, 0)
  end
end

-- The first case: after another one, more would be loaded.
case("the whole of the work when nothing can be loaded after heygen.new", function(client)
  local path = os.tmpname()
  without_require(function()
    local events = 0
    local video = assert(client:generate {
      prompt = "A video",
      files = { { bytes = "%PDF-1.4\n", filename = "a.pdf" } },
      wait = {
        interval = 0.002,
        max_interval = 0.01,
        on_progress = function()
          events = events + 1
        end,
      },
    })
    equal(true, events > 0)
    equal(path, assert(client:download(video, path, { overwrite = true })))
    equal("completed", assert(client:poll(video.id)).status)
    equal("completed", assert(client:wait(assert(client:create { prompt = "B" }), QUICK)).status)
    equal(404, failure(client.videos:get "vid_none").status)
    equal(404, failure(client:download("vid_none", path .. ".none")).status)
  end)
  os.remove(path)
  -- What a failure needs.
  sim.ask("POST", "behaviour", { session_fails = true, error_message = "The avatar is gone." })
  without_require(function()
    local err = failure(client:generate { prompt = "A video", wait = { interval = 0.002, grace = 0.01 } })
    equal("failed", err.kind)
    has(err.message, "The avatar is gone.")
  end)
end)

local COUNT = tonumber(os.getenv "HOST_CASES_COUNT") or 200

case("200 generates side by side, each paid once", function(client)
  local videos = assert(heygen.all(repeated(COUNT, function()
    return client:generate { prompt = "A video", wait = QUICK }
  end)))
  local seen, count = {}, 0
  for _, video in ipairs(videos) do
    equal("completed", video.status)
    count = count + (seen[video.id] and 0 or 1)
    seen[video.id] = true
  end
  equal(COUNT, count, "different videos")
  equal(COUNT, sim.counts().creates, "creates")
  equal(0, sim.counts().duplicates, "duplicates")
end)

case("calls one after the other, the result of one for the next", function(client)
  local session = assert(client:create { prompt = "A video" })
  local video = assert(client:wait(session, QUICK))
  equal("A video", video.title)
  equal(video.id, assert(client:poll(video.id)).id)
  local page = assert(client.videos:list { limit = 1 })
  equal(1, #page.data)
  equal(true, assert(client.videos:delete(video)).deleted)
  equal(404, failure(client.videos:get(video.id)).status)
end)

case("a download", function(client)
  local video = assert(client:generate { prompt = "A video", wait = QUICK })
  local path = os.tmpname()
  equal(path, assert(client:download(video, path, { overwrite = true })))
  local file = assert(io.open(path, "rb"))
  local content = file:read "*a"
  equal("ftyp", content:sub(5, 8))
  file:close()
  os.remove(path)
  local parts = {}
  equal(
    #content,
    assert(client:download(video, function(bytes)
      parts[#parts + 1] = bytes
      if not BLIND then -- no function of the user may wait there
        heygen.sleep(0.002)
      end
    end))
  )
  equal(content, table.concat(parts))
end)

-- The smallest file that says what it is.
local SUBTITLES = "1\n00:00:01,000 --> 00:00:02,000\nTen seconds left\n"

case("local files, uploaded side by side, and one create", function(client)
  local files, before = {}, sim.counts()
  for index = 1, 10 do
    files[index] = os.tmpname()
    local file = assert(io.open(files[index], "wb"))
    file:write("%PDF-1.7\n%", index, " ", core.uuid())
    file:close()
  end
  local running, most = 0, 0
  function client.options.on_request()
    running = running + 1
    most = math.max(most, running)
  end
  function client.options.on_response()
    running = running - 1
  end
  assert(client:create { prompt = "A video", files = files })
  client.options.on_request, client.options.on_response = nil, nil
  equal(10, most, "uploads at the same time")
  equal(before.creates + 1, sim.counts().creates, "creates")
  for _, name in ipairs(files) do
    os.remove(name)
  end
end)

case("a direct upload of what a function reads", function(client)
  sim.ask("POST", "clock", { speed = 20 }) -- else the address of the storage expires while a busy machine is slow
  local parts = { SUBTITLES, nil }
  local asset = assert(client.assets:upload({
    filename = "a.srt",
    read = function()
      return table.remove(parts)
    end,
  }, { direct = true, interval = 0.005 }))
  equal("completed", asset.status)
  equal(#SUBTITLES, asset.size_bytes)
end)

case("uploads that others wait for, cancelled and closed in the middle", function(client)
  local files = {}
  for index = 1, 4 do
    files[index] = { bytes = "%PDF-1.7\n%" .. core.uuid(), filename = index .. ".pdf" }
  end
  local function create(from, to)
    return client:create { prompt = "A video", files = { files[from], files[to] }, files_as = "assets" }
  end
  local before = sim.counts().requests
  sim.faults { { path = "/v3/assets", times = 2, stall = true } }
  local stalled = heygen.spawn(create, 1, 2)
  until_count("requests", before + 2)
  local waiting = heygen.spawn(create, 2, 3)
  until_count("requests", before + 3) -- the third file
  stalled:cancel()
  equal("cancelled", failure(stalled:join()).kind)
  assert(waiting:join())
  equal(1, sim.counts().creates, "creates")

  before = sim.counts().requests
  sim.faults { { path = "/v3/assets", stall = true } }
  local closed = heygen.spawn(create, 1, 4)
  until_count("requests", before + 2)
  client:close()
  local err = failure(closed:join())
  equal("closed", err.kind)
  equal("no", err.sent)
  equal(1, sim.counts().creates, "creates")
end, "tasks")

case("errors as values, with all that is known", function(client)
  local err = failure(client.videos:get "no_such_video")
  equal("api", err.kind)
  equal(404, err.status)
  equal("no_such_video", err.video_id)
  equal("invalid", failure(client:create { prompt = ("x"):rep(10001) }).kind)
  sim.faults { { status = 402, code = "insufficient_credit" } }
  err = failure(client:create { prompt = "x" })
  equal(402, err.status)
  equal("yes", err.sent)
  equal(0, sim.counts().creates, "creates")
end)

case("a retry, with its pause", function(client)
  local session = assert(client:create { prompt = "x" })
  sim.faults { { status = 503, times = 2 } }
  equal(session.session_id, assert(client:poll(session)).session_id)
end)

case("the timeout of a request", function(client)
  sim.faults { { stall = true } }
  local err = failure(client.videos:get("v", { timeout = 0.1, max_retries = 0 }))
  equal("timeout", err.kind)
  equal("v", err.video_id)
end)

case("a wait that times out, and is resumed", function(client)
  sim.ask("POST", "clock", { speed = 0 })
  local session = assert(client:create { prompt = "x" })
  local err = failure(client:wait(session, { interval = 0.01, max_interval = 0.01, timeout = 0.05 }))
  equal("timeout", err.kind)
  equal(session.session_id, err.session_id)
  sim.ask("POST", "clock", { advance = 3600 })
  equal("completed", assert(client:wait(err, QUICK)).status)
  equal(1, sim.counts().creates)
end)

case("a pause of nothing, and the shortest of all", function()
  for _ = 1, 20 do
    assert(heygen.sleep(0))
    assert(heygen.sleep(0.00001))
  end
end)

case("a wait suspends no other task", function(client)
  sim.faults { { delay = 0.3 } }
  local ticks, over = 0, false
  local ticker = heygen.spawn(function()
    while not over do
      assert(heygen.sleep(0.002))
      ticks = ticks + 1
    end
  end)
  local native = cases.native and cases.native()
  assert(heygen.all { -- also where the caller blocks, tasks do not
    function()
      return client.videos:list()
    end,
  })
  over = true
  ticker:join()
  if ticks < 3 then -- one, where the call was all that ran
    error("only " .. ticks .. " ticks in 0.3 seconds")
  end
  if native then
    equal(true, native(), "the host's own timer ran")
  end
end)

case("functions that are given to a call may wait themselves", function(client)
  local content = "ID3\3" .. ("sound"):rep(20)
  local pieces = { content:sub(1, 40), content:sub(41) }
  local asset = assert(client.assets:upload {
    filename = "a.mp3",
    read = function()
      assert(heygen.sleep(0.002))
      return table.remove(pieces, 1)
    end,
  })
  local got = {}
  local size = assert(client:download(asset.url, function(bytes)
    assert(heygen.sleep(0.002))
    got[#got + 1] = bytes
  end))
  equal(#content, size, "bytes")
  equal(content, table.concat(got))
end, "tasks")

case("the start of a task waits until its maker does", function()
  local order = {}
  heygen.run(function()
    heygen.spawn(function(x)
      order[#order + 1] = x
    end, "task")
    order[#order + 1] = "maker"
    assert(heygen.sleep(0.005))
  end)
  equal("maker task", table.concat(order, " "))
end)

case("all: in order, and one that fails does not lose the others", function(client)
  local function after(seconds, value)
    return function()
      assert(heygen.sleep(seconds))
      return value
    end
  end
  equal(
    "a b c",
    table.concat(assert(heygen.all { after(0.03, "a"), after(0.001, "b"), after(0.01, "c") }), " ")
  )
  local results, _, err = heygen.all {
    after(0.01, "a"),
    function()
      return client.videos:get "nothing"
    end,
    function()
      error("oops", 0)
    end,
  }
  equal(nil, results)
  equal(404, err.status)
  equal("a", err.results[1])
  has(err.errors[3].message, "oops")
end)

case("join: values, errors, several at once", function()
  local task = heygen.spawn(function()
    assert(heygen.sleep(0.01))
    return 1, nil, 3
  end)
  local joiners = {}
  for index = 1, 3 do
    joiners[index] = function()
      return (select(3, task:join()))
    end
  end
  equal("3 3 3", table.concat(assert(heygen.all(joiners)), " "))
  equal(true, task:done())
  local broken = heygen.spawn(function()
    assert(heygen.sleep(0.001))
    error { "an object" }
  end)
  while not broken:done() do
    assert(heygen.sleep(0.001))
  end
  local ok, raised = pcall(broken.join, broken) -- it has ended: this does not wait
  equal(false, ok)
  equal("an object", raised[1])
end, "tasks")

case("run: ends with all that it started, and raises what was not handled", function()
  local ended = 0
  local value = heygen.run(function(x)
    for _ = 1, 3 do
      heygen.spawn(function()
        assert(heygen.sleep(0.01))
        ended = ended + 1
      end)
    end
    return x
  end, "value")
  equal("value", value)
  equal(3, ended)
  local task = heygen.spawn(function()
    heygen.run(function()
      heygen.spawn(error, "lost", 0)
    end)
  end)
  while not task:done() do
    assert(heygen.sleep(0.001))
  end
  has(select(2, pcall(task.join, task)), "lost")
end, "tasks")

case("cancelling closes the connection at once", function(client)
  sim.faults { { stall = true, act = true } }
  local err
  local task = heygen.spawn(function()
    local _
    _, _, err = client:create { prompt = "x" }
    return heygen.sleep(1000)
  end)
  until_count("creates", 1)
  equal(true, task:cancel())
  local slept, reason = task:join()
  equal(nil, slept)
  equal("cancelled", reason)
  equal("cancelled", err.kind)
  equal("maybe", err.sent)
  equal(false, task:cancel())
  sim.faults {}
  for _ = 1, 1000 do
    for _, entry in ipairs(sim.ask("GET", "requests?limit=20").data) do
      if entry.ending == "gone" then
        return
      end
    end
    assert(heygen.sleep(0.005))
  end
  error "the server never saw the connection close"
end, "tasks")

case("cancelling ends a sleep, a join, a wait and what all and run started", function(client)
  sim.ask("POST", "clock", { speed = 0 })
  local session = assert(client:create { prompt = "x" })
  local forever = heygen.spawn(heygen.sleep, 1000)
  local reasons = {}
  local function part(index, fn)
    return function()
      local _, why, err = fn()
      reasons[index] = err and err.kind or why
    end
  end
  local function sleep()
    return heygen.sleep(1000)
  end
  local waits = {
    sleep,
    function()
      return forever:join()
    end,
    function()
      return client:wait(session, { interval = 1000 })
    end,
    function()
      return heygen.all { sleep, sleep }
    end,
    function()
      return heygen.run(sleep)
    end,
  }
  local tasks = {}
  for index, fn in ipairs(waits) do
    tasks[index] = heygen.spawn(part(index, fn))
  end
  until_count("polls", 1)
  for _, task in ipairs(tasks) do
    task:cancel()
  end
  for _, task in ipairs(tasks) do
    task:join()
  end
  equal("cancelled cancelled cancelled raised cancelled", table.concat(reasons, " "))
  forever:cancel()
  equal("cancelled", (select(2, forever:join())))
end, "tasks")

case("a callback that raises loses nothing, and is reported once", function()
  local lines = {}
  local client = cases.client {
    log = function(line)
      lines[#lines + 1] = line:match "on_progress raised: .*"
    end,
  }
  local video = assert(client:generate {
    prompt = "x",
    wait = {
      interval = 0.001,
      max_interval = 0.01,
      timeout = 60,
      grace = 60,
      on_progress = function()
        error "from the callback"
      end,
    },
  })
  equal("completed", video.status)
  equal(1, #lines, "reports")
  has(lines[1], "from the callback")
  local noisy = cases.client {
    on_response = function()
      error "from the hook"
    end,
  }
  equal("x", assert(noisy:poll(video.id)).title)
  equal(1, sim.counts().creates)
end)

case("a coroutine that is dropped in the middle of a call harms no other", function(client)
  sim.faults { { delay = 0.1 } }
  if cases.drop then
    cases.drop(function()
      client.videos:list()
    end)
  end
  collectgarbage()
  equal(0, #assert(client.videos:list()).data)
  collectgarbage()
end)

case("garbage collection in between", function(client)
  local over = false
  local collector = heygen.spawn(function()
    while not over do
      collectgarbage()
      assert(heygen.sleep(0.002))
    end
  end)
  local videos = assert(heygen.all(repeated(20, function()
    collectgarbage()
    return client:generate { prompt = "x", wait = QUICK }
  end)))
  over = true
  collector:join()
  equal(20, #videos)
end, "tasks")

case("a client that blocks works next to tasks, and keeps no news from them", function(client)
  sim.faults { { delay = 0.05 } }
  local blocking = cases.client { driver = "block" }
  local done = assert(heygen.all {
    function()
      return client.videos:list()
    end,
    function()
      return blocking.videos:list()
    end,
    function()
      return client.videos:list()
    end,
  })
  equal(3, #done)
end)

case("a client closed with waits in flight ends them, and those of no other", function(client)
  sim.ask("POST", "clock", { speed = 0 })
  local closing = cases.client()
  local session = assert(closing:create { prompt = "x" })
  local kinds = {}
  local function note(name, call)
    return function()
      local _, _, err = call()
      kinds[#kinds + 1] = name .. " " .. err.kind .. " " .. tostring(err.session_id == session.session_id)
    end
  end
  local waiting = heygen.spawn(note("wait", function()
    return closing:wait(session, { interval = 1000 })
  end))
  until_count("polls", 1)
  sim.faults { { stall = true, act = true, method = "POST" } }
  local creating = heygen.spawn(note("create", function()
    return closing:create { prompt = "x" }
  end))
  local other = heygen.spawn(function()
    return client:create { prompt = "y", timeout = 30 }
  end)
  until_count("creates", 3)
  closing:close()
  waiting:join()
  creating:join()
  table.sort(kinds)
  equal("create closed false, wait closed true", table.concat(kinds, ", "))
  equal("closed", failure(closing:poll(session)).kind)
  equal(false, other:done())
  other:cancel()
  other:join()
  closing:close()
end, "tasks")

case("the engine closed with waits in flight ends them all, and the next call has a new one", function(client)
  sim.ask("POST", "clock", { speed = 0 })
  local session = assert(client:create { prompt = "x" })
  local kinds = {}
  local function note(call)
    return function()
      local _, why, err = call()
      kinds[#kinds + 1] = err and err.kind or tostring(why)
    end
  end
  local before, polled = sim.counts().requests, false
  local waiting = heygen.spawn(note(function()
    local function on_progress()
      polled = true -- and now it pauses
    end
    return client:wait(session, { interval = 1000, timeout = 2000, on_progress = on_progress })
  end))
  sim.faults { { stall = true, method = "DELETE" } }
  local deleting = heygen.spawn(note(function()
    return client.videos:delete("v", { max_retries = 0 })
  end))
  until_count("requests", before + 2)
  while not polled do
    assert(heygen.sleep(0.005))
  end
  core.engine():close()
  waiting:join()
  deleting:join()
  table.sort(kinds)
  equal("closed closed", table.concat(kinds, " "))
  equal(session.session_id, assert(client:poll(session)).session_id)
end, "tasks")

case("a delivery ends the pause of a wait", function(client)
  local webhook = require "heygen.webhook"
  local secret = "whsec_0123456789abcdef"
  local router = webhook.router { on = {}, secrets = secret, log = function() end }
  local body = '{"data":{"id":"x","status":"%s"}}'
  sim.faults {
    { path = "/v3/lipsyncs/x", body = body:format "running", times = 1 },
    { path = "/v3/lipsyncs/x", body = body:format "completed" },
  }
  local before = sim.counts().requests
  local waiting = heygen.spawn(function()
    return client.lipsyncs:wait("x", { interval = 60, timeout = 40, webhook = router })
  end)
  until_count("requests", before + 1)
  assert(heygen.sleep(0.02))
  local began = core.now()
  local text = '{"event_type":"x","event_data":{"lipsync_id":"x"}}'
  equal(200, (router:handle("POST", webhook.sign(text, secret), text)))
  equal("completed", assert(waiting:join()).status)
  if core.now() - began > 35 then
    error "the delivery has not woken it"
  end
end, "tasks")

-- ---- running them ----

---A client for the cases: quick retries.
function cases.client(options)
  local all = { api_key = "a-key-for-the-cases", retry_base = 0.004, retry_cap = 0.01, deadline = 60 }
  for name, value in pairs(options or {}) do
    all[name] = value
  end
  return heygen.new(all)
end

-- Runs one case; gives why it failed. Not by pcall, in which PUC Lua 5.1 could not wait.
local function failed(each, options)
  local function run()
    each.run(cases.client(options))
    return true
  end
  if cases.blocks and not each.tasks then
    local ok, raised = pcall(run)
    return not ok and raised
  end
  local _, message, err = heygen.all { run }
  return message and (err.errors[1].cause or message)
end

---Runs all cases, one after the other. To be called in the host.
---@param say fun(line: string) gets "ok NAME" or "not ok NAME: why" for each
---@param options table? of the clients
function cases.run(say, options)
  sim.client = cases.client { driver = "block" }
  sim.ask("POST", "reset")
  -- The very first call, by the host's own coroutine, when nothing has been set going yet.
  assert(cases.client(options):create { prompt = "x" })
  for _, each in ipairs(list) do
    sim.ask("POST", "reset")
    local why = failed(each, options)
    say(why and ("not ok %s: %s"):format(each.name, tostring(why):gsub("\n", "\\n")) or "ok " .. each.name)
  end
end

---@return string[] names
function cases.names()
  local names = {}
  for index, each in ipairs(list) do
    names[index] = each.name
  end
  return names
end

return cases
