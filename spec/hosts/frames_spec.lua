-- A frame keeps to its budget: starts, ends, timers, certificates and downloads are spread over steps. With a budget of
-- nothing a step does one of each kind, so counts per step tell what times could only suggest.
local child = require "spec.support.child"
local core = require "heygen.core"
local eventually = require "spec.support.eventually"
local exchange = require "spec.support.exchange"
local support = require "spec.support.frames"
local heygen = require "heygen"
local nginx = require "spec.support.nginx"
local raw = require "spec.support.raw"
local scheduler = require "heygen.driver.scheduler"
local shell = require "spec.support.shell"
local socket = require "socket"
local system = require "spec.support.system"

local PATIENCE = 120
local ROOM = 8 -- of the gate before libcurl

local frames, assert_ok, assert_failed = support.run, support.assert_ok, support.assert_failed

describe("a frame", function()
  local server, engine

  setup(function()
    server = raw.start()
  end)

  teardown(function()
    server:stop()
  end)

  before_each(function()
    engine = assert(core.new_engine())
    server:answers(200, "ok")
  end)

  after_each(function()
    engine:close()
  end)

  local function get(fields)
    local request = { base = server.url, target = "/", allow_http = true }
    for name, value in pairs(fields or {}) do
      request[name] = value
    end
    return assert(engine:create(request))
  end

  local function many(count, fields)
    local operations = {}
    for n = 1, count do
      operations[n] = get(fields)
    end
    return operations
  end

  it("starts a few of a thousand requests, and takes one answer", function()
    local operations = many(1000)
    local steps, ended, _, spread = frames(engine, operations, 0)
    assert_ok(operations)
    assert.equal(1000, #server:requests())
    assert(steps >= 1000)
    assert(ended <= 2, ended)
    assert.is_true(spread)
  end)

  it("leaves a flood of answers for the next ones", function()
    local COUNT = 300
    engine:limit(COUNT)
    server:ask "_G.go, _G.sent = nil, 0 return 1"
    server:serve [[ c:request() while not go do c:sleep(0.01) end c:answer(200, "ok") sent = sent + 1 ]]
    local operations = many(COUNT)
    exchange.until_(engine, function()
      return #server:requests() == COUNT
    end, "the requests")
    server:ask "_G.go = true return 1"
    assert.is_truthy(eventually(function()
      return server:ask "return sent" == COUNT
    end))
    for _ = 1, 10 do
      assert(engine:poll(0) <= 2)
    end
    if engine:pollfd() then
      assert.is_true(support.is_readable(engine))
    end
    frames(engine, operations, 0.001)
    assert_ok(operations)
  end)

  it("may use its time: without a budget all is done at once", function()
    for _ = 1, 1000 do
      engine:after(0)
    end
    assert.same({ 1000, 0 }, { engine:poll() })
  end)

  it("fires one timer of a flood, and comes back for the others", function()
    for _ = 1, 1000 do
      engine:after(0)
    end
    for left = 999, 0, -1 do
      assert.same({ 1, left }, { engine:poll(0) })
      assert.equal(left > 0 and 0 or nil, engine:timeout())
      if left % 100 == 0 and engine:pollfd() then
        assert.equal(left > 0, support.is_readable(engine))
      end
    end
  end)

  it("tells its host that requests wait to be started", function()
    engine:poll(0)
    local operations = many(3)
    assert.equal(0, engine:timeout())
    if engine:pollfd() then
      assert.is_true(support.is_readable(engine))
    end
    frames(engine, operations, 0)
    assert_ok(operations)
  end)

  it("continues where steps with and without a budget mix", function()
    local operations = many(100)
    engine:poll(0)
    for n = 101, 200 do
      operations[n] = get()
    end
    engine:poll()
    for n = 201, 300 do
      operations[n] = get()
    end
    engine:poll(0)
    engine:wait(0.01)
    frames(engine, operations, 0.0005)
    assert_ok(operations)
  end)

  describe("has requests that it did not start", function()
    local held

    before_each(function()
      server:answers(200, "ok", "Connection: close\r\n")
      exchange.get(engine, { base = server.url, target = "/" }) -- its handle knows of an answer
      server:answers(200, "ok")
      engine:poll(0)
      held = get { timeout = 60 }
    end)

    local function assert_nothing_known()
      assert.is_nil(held:status())
      local timings = held:timings()
      assert.equal(0, timings.connections)
      assert.equal(0, timings.total)
      assert.same({ 0, nil, 0, nil }, { held:progress() })
    end

    it("which can be cancelled", function()
      assert_nothing_known()
      assert.is_true(held:cancel())
      assert_failed(held, "cancelled")
      assert_nothing_known()
      assert.same({ 0, 0 }, { engine:poll(0) })
      assert.equal(0, #server:requests())
    end)

    it("which end with the engine", function()
      engine:close()
      assert_failed(held, "closed")
      assert_nothing_known()
      assert.equal(0, #server:requests())
    end)

    it("which belong to the parent after a fork", function()
      local pid = system.fork()
      if pid == 0 then
        local ok = pcall(function()
          assert(held:done())
          assert_failed(held, "closed")
          local own = core.new_engine()
          assert(exchange.get(own, { base = server.url, target = "/child" }) == 200)
          own:close()
        end)
        system.leave(ok)
      end
      assert.is_true(system.wait(pid))
      assert_ok { exchange.await(engine, held) }
      assert.equal(2, #server:requests())
    end)

    it("and whose time is up", function()
      local late =
        { get { timeout = 0.02 }, get { timeout = 0.02, fresh = true, method = "POST", body = "x" } }
      local patient = get()
      socket.sleep(0.05)
      frames(engine, { held, late[1], late[2], patient }, 0)
      assert_ok { held, patient }
      assert_failed(late[1], "timeout", "timeout")
      assert_failed(late[2], "timeout", "timeout")
      assert.equal(2, #server:requests())
    end)

    it("whose time runs while they wait", function()
      server:serve "c:request() c:gone()"
      local before = core.now()
      local operation = get { timeout = 0.4 }
      socket.sleep(0.2)
      repeat
        engine:poll(0)
      until operation:done()
      local took = core.now() - before
      assert(took < 10)
      local _, _, failure = operation:result()
      assert.same({ "timeout", "maybe" }, { failure.kind, failure.sent })
      assert(operation:timings().total <= took - 0.15, "the wait was counted")
      held:cancel()
    end)
  end)

  it("advances one task when there is no time", function()
    local steps, ended = 0, 0
    for _ = 1, 50 do
      heygen.spawn(function()
        steps = steps + 1
        heygen.sleep(0)
        steps = steps + 1
        ended = ended + 1
      end)
    end
    local limit, before = core.now() + PATIENCE, 0
    while scheduler.update(0) > 0 do
      assert(steps - before <= 2, steps - before)
      before = steps
      assert(core.now() < limit)
    end
    assert.equal(50, ended)
  end)
end)

describe("a frame with TLS", function()
  local server, engine

  setup(function()
    server = nginx.start()
  end)

  teardown(function()
    server:stop()
  end)

  before_each(function()
    engine = assert(core.new_engine())
  end)

  after_each(function()
    engine:close()
  end)

  local function get(fields)
    local request = { base = server.url.good, target = "/", ca_file = server.ca }
    for name, value in pairs(fields or {}) do
      request[name] = value
    end
    return assert(engine:create(request))
  end

  local function many(count, fields)
    local operations = {}
    for n = 1, count do
      operations[n] = get(fields)
    end
    return operations
  end

  it("sends a few of a thousand requests, over few connections", function()
    local operations = many(1000)
    local steps, ended, sent, spread = frames(engine, operations, 0)
    assert_ok(operations)
    local opened = 0
    for _, operation in ipairs(operations) do
      opened = opened + operation:timings().connections
    end
    assert(opened <= 12, opened) -- each carries a hundred at a time
    assert(steps >= 1000)
    assert(ended <= 2, ended)
    assert.is_true(spread)
    assert(sent <= ROOM + 1, sent)
  end)

  it("opens a few of many connections", function()
    engine:limit(30)
    for _, fields in ipairs { { base = server.url.http1 }, { fresh = true } } do
      local operations = many(100, fields)
      local _, ended, sent, spread = frames(engine, operations, 0)
      assert_ok(operations)
      assert(ended <= 2, ended)
      assert(fields.fresh or sent <= ROOM + 1, sent)
      assert.is_true(spread)
    end
  end)

  it("shares its time between downloads and small requests #slow", function()
    shell.must(("truncate -s 100M %s/files/zeros.bin"):format(server.directory))
    local paths, downloads, operations = {}, {}, {}
    for n = 1, 2 do
      paths[n] = child.scratch()
      downloads[n] = get { base = server.url.http1, target = "/files/zeros.bin", output = paths[n] }
    end
    local limit, most = core.now() + PATIENCE, 0
    local function step(budget)
      local before = (downloads[1]:progress())
      engine:poll(budget)
      most = math.max(most, (downloads[1]:progress()) - before)
      assert(core.now() < limit, "no progress")
    end
    repeat
      step(0)
    until (downloads[1]:progress()) > 1e6 and (downloads[2]:progress()) > 1e6
    for n = 1, 50 do
      operations[n] = get { base = n % 2 == 0 and server.url.good or server.url.http1 }
    end
    local steps = 0
    while #operations > 0 do
      step(0)
      steps = steps + 1
      if operations[#operations]:done() then
        assert_ok { table.remove(operations) }
      end
    end
    for n = 1, 2 do
      local received, total = downloads[n]:progress()
      assert.equal(100 * 1024 * 1024, total)
      assert(received < total, "the small ones came last")
      downloads[n]:cancel()
      os.remove(paths[n])
    end
    assert(most < 4e6, most)
  end)
end)

describe("a game that stands still for longer than a timeout", function()
  it("loses no answer that came during this", function()
    local sim = require("spec.support.sim").start { speed = 600 }
    local client = heygen.new {
      api_key = "test-key",
      base_url = sim.url,
      timeout = 0.5,
      max_retries = 0,
      max_connections = 200,
    }
    local COUNT = 100
    local ended, made, others = 0, 0, {}
    for _ = 1, COUNT do
      heygen.spawn(function()
        local session, _, err = client:create { prompt = "x" }
        ended, made = ended + 1, made + (session and 1 or 0)
        others[#others + 1] = err and err.sent
      end)
    end
    for _ = 1, 6 do -- many are on their way, and few have an answer that was read
      client:update(0.02)
      if ended > 0 then
        break
      end
      socket.sleep(0.005)
    end
    socket.sleep(1.5)
    local stop = core.now() + PATIENCE
    while ended < COUNT and core.now() < stop do
      client:update(0.00005)
    end
    local created = sim:counts().creates
    sim:stop()
    assert.equal(COUNT, ended)
    assert.is_true(made > 0)
    assert.equal(created, made) -- what was paid for is known
    for _, sent in ipairs(others) do
      assert.equal("no", sent)
    end
  end)
end)
