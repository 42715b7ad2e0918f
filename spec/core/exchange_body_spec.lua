-- Bodies that are taken while they come: held back until their head was read, or handed out bit by bit; and files
-- that get onto the disk. All of it is waited for by operations.
local child = require "spec.support.child"
local core = require "heygen.core"
local exchange = require "spec.support.exchange"
local folder = require "spec.support.folder"
local nginx = require "spec.support.nginx"
local process = require "spec.support.process"
local raw = require "spec.support.raw"
local shell = require "spec.support.shell"
local system = require "spec.support.system"

describe("a body that is taken while it comes", function()
  local server, engine
  local files = folder.new "part"
  local path, read = files.path, files.read
  local directory = files.directory

  setup(function()
    server = raw.start()
    files.make()
  end)

  teardown(function()
    server:stop()
    files.remove()
  end)

  before_each(function()
    engine = assert(core.new_engine())
    server:answers(200, "a body", "X-Tag: 1\r\n")
  end)

  after_each(function()
    engine:close()
    files.empty()
  end)

  local function start(fields)
    fields.url, fields.allow_http = server.url, true
    return assert(engine:create(fields))
  end

  local function await_notification(operation)
    local notification = assert(engine:notification(operation))
    assert.is_true(exchange.await(engine, notification):result())
    return notification
  end

  it("is written only from where it was let in", function()
    local output = assert(core.output(path(), true))
    local operation = start { output = output }
    await_notification(operation)
    assert.equal(200, operation:status())
    assert.equal("1", operation:header "X-Tag")
    for _ = 1, 20 do
      engine:wait(0.005)
    end
    assert.is_false(operation:done())
    assert.equal(0, output:size())
    assert.same({ nil, path() .. " has fewer bytes than that" }, { operation:accept(1) })
    assert.is_true(operation:accept(0))
    exchange.await(engine, operation)
    assert.equal(200, operation:result())
    assert.equal("a body", read())
    assert.same({ nil, "the operation is done" }, { operation:accept(0) })
    operation = start { output = output }
    await_notification(operation)
    assert.is_true(operation:accept(2))
    exchange.await(engine, operation)
    assert.equal("a a body", read())
    operation = start { output = output }
    await_notification(operation)
    assert.is_true(operation:accept(1)) -- what was behind is cut off
    exchange.await(engine, operation)
    assert.equal("aa body", read())
    output:close()
    assert.equal("aa body", read())
  end)

  it("that is not let in ends with its operation", function()
    local output = assert(core.output(path(), true))
    local operation = start { output = output, timeout = 0.2 }
    await_notification(operation)
    local ended = assert(engine:notification(operation))
    exchange.await(engine, operation)
    assert.equal("timeout", select(3, operation:result()).kind)
    assert.is_true(exchange.await(engine, ended):result())
    operation = start { output = output }
    await_notification(operation)
    local last = assert(engine:notification(operation))
    assert.is_true(operation:cancel())
    exchange.await(engine, last)
    assert.equal(0, output:size())
    assert.same({ 0, 0 }, { engine:poll() })
    output:close()
    assert.is_nil(core.file_type(path()))
  end)

  it("of an error goes to memory, let in or not", function()
    server:answers(404, "no such file")
    for _, fields in ipairs { { output = assert(core.output(path(), true)) }, { stream = true } } do
      local operation = start(fields)
      await_notification(operation)
      exchange.await(engine, operation)
      assert.is_nil(operation:read())
      local status, body = operation:result()
      assert.equal(404, status)
      assert.equal("no such file", body)
    end
  end)

  it("has one notification for all who ask, once", function()
    local operation = start { stream = true }
    local first, second = assert(engine:notification(operation)), assert(engine:notification(operation))
    assert.equal(first:notify(), second:notify())
    assert.equal(1, engine:live() - 1)
    exchange.await(engine, second)
    assert.is_true(first:done())
    exchange.await(engine, operation)
    assert.is_true(exchange.await(engine, assert(engine:notification(operation))):result())
    assert.equal("a body", operation:read())
    assert.is_nil(operation:read())
    assert.equal(0, engine:live())
  end)

  it("has notifications that can be cancelled, and that end with the engine", function()
    server:serve "c:request() c:gone()"
    local operation = start { stream = true, owner = 7 }
    local notification = assert(engine:notification(operation))
    assert.is_true(notification:cancel())
    assert.equal("cancelled", select(3, notification:result()).kind)
    assert.is_false(operation:done())
    notification = assert(engine:notification(operation))
    engine:close_owner(7, "over")
    assert.equal("closed", select(3, notification:result()).kind)
    assert.equal("closed", select(3, operation:result()).kind)
    operation = start { stream = true }
    notification = assert(engine:notification(operation))
    engine:close()
    assert.equal("closed", select(3, notification:result()).kind)
    assert.equal("closed", select(3, operation:result()).kind)
    assert.same("closed", select(3, engine:notification(operation)).kind)
  end)

  it("comes in order and whole, and no more of it is ahead than is said", function()
    local size = 3000000
    server:serve(([[
      c:request()
      c:send "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"
      local piece = {}
      for n = 1, 10000 do
        piece[n] = ("%%09d\n"):format(n)
      end
      piece = table.concat(piece)
      for n = 1, %d / 100000 do
        c:send(piece)
      end
    ]]):format(size, size))
    local operation, got, most = start { stream = true }, {}, 0
    while true do
      local bytes = operation:read()
      if bytes then
        got[#got + 1], most = bytes, math.max(most, #bytes)
        for _ = 1, #got == 1 and 20 or 0 do
          engine:wait(0.002)
        end
      elseif operation:done() then
        break
      else
        await_notification(operation)
      end
    end
    got = table.concat(got)
    assert.equal(size, #got)
    assert.equal(got:sub(1, 100000):rep(30), got)
    assert.is_true(most <= 128 * 1024)
    assert.equal(200, operation:result())
  end)

  -- Over HTTP/2 libcurl would keep what a stream that is held back has in its window, as soon as another one is read.
  it("has its own connection over TLS as well, and nothing piles up next to others #native", function()
    local front = nginx.start()
    finally(function()
      front:stop()
    end)
    shell.must(("head -c 50000000 /dev/zero >%s/files/large"):format(front.directory))
    local function get(name, fields)
      fields.url, fields.ca_file = front.url.good .. name, front.ca
      return assert(engine:create(fields))
    end
    local status, _, shared = exchange.get(engine, { url = front.url.good, ca_file = front.ca })
    assert.same({ 200, "2" }, { status, shared:http_version() })
    local before, operations = process.memory(), {}
    for n = 1, 4 do
      operations[n] = get("/files/large", { stream = true })
      await_notification(operations[n])
    end
    for _ = 1, 100 do
      for n = 2, 4 do -- the first is held back
        await_notification(operations[n])
        assert(operations[n]:read())
      end
    end
    local grown = process.memory() - before
    assert(grown < 16e6, grown)
    operations[1]:cancel()
    assert.equal("1.1", operations[1]:http_version())
    local _, _, after = exchange.get(engine, { url = front.url.good, ca_file = front.ca })
    assert.equal("2", after:http_version())
  end)

  it("that can no longer be taken or let in ends", function()
    server:serve [[
      c:request()
      c:send "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\na body"
      c:gone()
    ]]
    for _, fields in ipairs { { stream = true }, { output = assert(core.output(path(), true)) } } do
      local operation = start(fields)
      local notification = assert(engine:notification(operation))
      exchange.await(engine, notification)
      assert.equal(1, engine:live())
      operation, fields.output = nil, nil -- luacheck: ignore
      collectgarbage()
      collectgarbage()
      assert.equal(0, engine:live())
    end
    -- One that was let in needs no object.
    server:answers(200, "a body")
    local output = assert(core.output(path(), true))
    local operation = start { output = output }
    await_notification(operation)
    assert(operation:accept(0))
    operation = nil -- luacheck: ignore
    collectgarbage()
    exchange.until_(engine, function()
      return engine:live() == 0
    end, "its end")
    assert.equal("a body", read())
  end)

  it("goes to one place", function()
    for _, fields in ipairs {
      { stream = true, output = path() },
      { output = 5 },
      { output = engine },
    } do
      fields.url = server.url
      assert.is_false(pcall(engine.create, engine, fields))
    end
    local output = assert(core.output(path()))
    output:close()
    assert.is_false(pcall(engine.create, engine, { url = server.url, output = output }))
    local operation = start {}
    assert.same({ nil, "the operation has no output" }, { operation:accept() })
    exchange.await(engine, operation)
    assert.is_nil(operation:read())
  end)

  it("gets onto the disk in an operation", function()
    local output = assert(core.output(path()))
    local operation = assert(engine:sync(output))
    assert.equal(1, engine:live())
    assert.is_true(exchange.await(engine, operation):result())
    assert.is_true(exchange.await(engine, assert(engine:sync(directory))):result())
    local none, message, failure = engine:sync(path "none")
    assert.is_nil(none)
    assert.equal("file", failure.kind)
    assert.matches("none: No such file or directory", message)
    operation = assert(engine:sync(output))
    assert.is_true(operation:cancel())
    assert.equal("cancelled", select(3, operation:result()).kind)
    engine:wait(0.05)
    assert.equal(0, engine:live())
    assert(engine:sync(output))
    engine:close() -- waits for the thread
    output:close()
    assert.is_false(pcall(engine.sync, engine, output))
  end)

  it("has a file with a name at last, or none", function()
    local output = assert(core.output(path(), true))
    assert.is_nil(output:note())
    assert.is_true(output:note "what it is")
    assert.equal("what it is", output:note())
    assert.equal("what it is", read "part.json")
    shell.must("echo mine >" .. path "video")
    local renamed, message, code = output:rename(path "video")
    assert.is_nil(renamed)
    assert.equal("exists", code)
    assert.matches("cannot create .-video: File exists", message)
    assert.is_true(output:rename(path "video", true))
    assert.same({ "video" }, shell.lines("ls " .. directory))
    output:close()
    assert.same({ "video" }, shell.lines("ls " .. directory))
    assert.is_false(pcall(output.size, output))
    assert.is_false(pcall(core.output, "a\0b"))
    output = assert(core.output(path(), true))
    assert.is_true(output:note "x")
    output:remove()
    assert.same({ "video" }, shell.lines("ls " .. directory))
    assert.is_nil(output:rename(path "other")) -- its name is gone
    output:close()
  end)

  it("of a process that was forked is left alone by the child #native", function()
    local output = assert(core.output(path(), true))
    local own = assert(core.output(path "own"))
    local syncing, operation = assert(engine:sync(output)), start { output = own }
    await_notification(operation)
    local notification = assert(engine:notification(operation))
    local pid = system.fork()
    if pid == 0 then
      local ok = operation:done() and notification:done() and syncing:done() and not engine:usable()
      output:close()
      own:close()
      engine:close()
      system.leave(ok)
    end
    assert.is_true(system.wait(pid))
    assert.same({ "own", "part" }, shell.lines("ls " .. directory))
    assert.is_true(exchange.await(engine, syncing):result())
    assert.is_true(operation:accept(0))
    exchange.await(engine, operation)
    assert.equal("a body", read "own")
    output:close()
    assert.same({ "own" }, shell.lines("ls " .. directory))
    own:close()
    assert.same({}, shell.lines("ls " .. directory))
  end)

  it("ends before the state of its process does", function()
    local code = ([[
      local core = require "heygen.core"
      local output = assert(core.output(%q))
      print(assert(core.engine():sync(output)))
    ]]):format(path())
    assert.matches("heygen.operation", child.must(code))
    assert.is_nil(core.file_type(path())) -- closed with the state, after the thread
  end)
end)
