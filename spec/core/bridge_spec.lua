-- The bridge for OpenResty: a thread that turns "the engine has work" into bytes on a unix socket. Here LuaSocket takes
-- the part of nginx's cosocket.
local child = require "spec.support.child"
local core = require "heygen.core"
local exchange = require "spec.support.exchange"
local lfs = require "lfs"
local process = require "spec.support.process"
local shell = require "spec.support.shell"
local socket = require "socket"
local system = require "spec.support.system"

local in_child = system.in_child
local unix = require "socket.unix"

local PATIENCE = 60 -- seconds for what must come
local QUIET = 0.1 -- seconds in which nothing may come
local NEVER = 3600 -- seconds between heartbeats that are not wanted

-- The portable back end has no descriptor of its own.
local probe = core.new_engine()
local has_fd = probe:pollfd() ~= nil
probe:close()

if not has_fd then
  describe("the bridge without a descriptor", function()
    it("is refused, with a value", function()
      local engine = assert(core.new_engine())
      local before = process.descriptors()
      local bridge, message = core.bridge(engine)
      assert.is_nil(bridge)
      assert.matches("engine:timeout", message)
      assert.equal(before, process.descriptors())
      engine:close()
    end)
  end)
  return
end

local function exists(path)
  return lfs.attributes(path) ~= nil
end

local function directory_of(path)
  return path:match "^(.*)/"
end

local function until_(condition, what)
  local limit = core.now() + PATIENCE
  while not condition() do
    assert(core.now() < limit, "waited in vain for " .. what)
    socket.sleep(0.005)
  end
end

-- Connects and reads the announcement.
local function connect(bridge)
  local client = assert(unix.stream())
  assert(client:connect(bridge:path()))
  client:settimeout(PATIENCE)
  assert.equal("w", client:receive(1))
  return client
end

local function says_nothing(client)
  client:settimeout(QUIET)
  local byte, why = client:receive(1)
  client:settimeout(PATIENCE)
  return byte == nil and why == "timeout"
end

describe("the bridge", function()
  local engine, bridge, client
  local descriptors, threads

  before_each(function()
    descriptors, threads = process.descriptors(), process.threads()
    engine = assert(core.new_engine())
    bridge, client = nil, nil
  end)

  -- Nothing may be left behind, whatever a test did.
  after_each(function()
    local path = bridge and bridge:path()
    if client then
      client:close()
    end
    if bridge then
      bridge:close()
    end
    engine:close()
    engine, bridge, client = nil, nil, nil
    assert.equal(descriptors, process.descriptors())
    until_(function() -- a thread that was joined may be listed a moment longer
      return process.threads() == threads
    end, "the end of the threads")
    assert.is_false(path ~= nil and exists(directory_of(path)))
  end)

  local function open(heartbeat)
    bridge = assert(core.bridge(engine, heartbeat or NEVER))
    return bridge
  end

  describe("says", function()
    it("'w' when someone connects, armed or not", function()
      open()
      engine:after(0)
      client = connect(bridge)
      assert.is_true(says_nothing(client))
    end)

    it("'w' once for each time it is armed, when the engine has work", function()
      client = connect(open())
      for _ = 1, 5 do
        assert.is_true(bridge:arm())
        assert.is_true(bridge:arm()) -- twice is once
        local operation = engine:after(0.01)
        assert.equal("w", client:receive(1))
        assert.is_true(system.poll(engine:pollfd(), 0))
        engine:poll()
        exchange.await(engine, operation)
      end
      assert.is_true(says_nothing(client))
    end)

    it("nothing when it is not armed, and at once when it is", function()
      client = connect(open())
      engine:after(0)
      assert.is_true(says_nothing(client))
      assert.is_true(bridge:arm())
      assert.equal("w", client:receive(1))
      assert.is_true(says_nothing(client)) -- still readable, but told
      assert.is_true(bridge:arm())
      assert.equal("w", client:receive(1))
    end)

    it("nothing while nothing happens, though armed, and without work for the processor", function()
      client = connect(open())
      engine:after(NEVER)
      engine:poll()
      assert.is_true(bridge:arm())
      local before = os.clock() -- of all threads
      assert.is_true(says_nothing(client))
      socket.sleep(0.3)
      assert(os.clock() - before < 0.2, "the thread spins")
    end)

    it("what it was armed for before the connect", function()
      open()
      assert.is_true(bridge:arm())
      client = connect(bridge)
      engine:after(0)
      assert.equal("w", client:receive(1))
    end)

    it("'h' every so often", function()
      local begun = core.now()
      client = connect(open(0.02))
      assert.equal("hhhhh", client:receive(5))
      assert(core.now() - begun >= 0.1)
    end)

    it("'h' every half second when nothing else is wanted", function()
      bridge = assert(core.bridge(engine))
      local begun = core.now()
      client = connect(bridge)
      assert.equal("h", client:receive(1))
      assert(core.now() - begun >= 0.5)
    end)

    it("'h' for ever, to someone who does not read, without harm", function()
      client = connect(open(0.001))
      socket.sleep(0.5)
      assert.is_true(bridge:arm())
      engine:after(0)
      local byte
      repeat
        byte = assert(client:receive(1))
      until byte == "w"
    end)

    it("enough that a pump loses nothing", function()
      client = connect(open())
      local live, random = 0, 1
      for round = 1, 300 do
        for _ = 1, round % 4 do
          random = random * 16807 % 2147483647
          engine:after(random % 5 / 2000)
        end
        live = select(2, engine:poll())
        if live > 0 then
          assert.is_true(bridge:arm())
          assert.equal("w", client:receive(1))
        end
      end
      while live > 0 do
        assert.is_true(bridge:arm())
        assert.equal("w", client:receive(1))
        live = select(2, engine:poll())
      end
    end)

    it("what state it is in", function()
      open()
      assert.equal("heygen.bridge (listening)", tostring(bridge))
      client = connect(bridge)
      assert.equal("heygen.bridge (connected)", tostring(bridge))
      client:close()
      until_(function()
        return tostring(bridge) == "heygen.bridge (other end closed)"
      end, "the end of the connection")
      local armed, message = bridge:arm()
      assert.is_nil(armed)
      assert.equal("the other end of the bridge was closed", message)
      bridge:close()
      assert.equal("heygen.bridge (closed)", tostring(bridge))
    end)
  end)

  describe("lets in", function()
    -- What another process reads after it has connected.
    local READ = [[
      local client = require("socket.unix").stream()
      assert(client:connect(%q))
      client:settimeout(60)
      print(client:receive(1))
    ]]

    it("only the process that made it #once", function()
      open()
      for _ = 1, 3 do
        assert.equal("nil\tclosed", (child.must(READ:format(bridge:path())):match "^nil\tclosed"))
      end
      in_child(function()
        local other = assert(unix.stream())
        assert(other:connect(bridge:path()))
        other:settimeout(PATIENCE)
        assert(other:receive(1) == nil)
      end)()
      assert.equal("heygen.bridge (listening)", tostring(bridge))
      assert.is_true(exists(bridge:path()))
      client = connect(bridge)
    end)

    it("its process after another program was turned away", function()
      open()
      local output, status = shell.run(
        "env -u LD_PRELOAD curl -sS --max-time 50 --unix-socket "
          .. shell.quote(bridge:path())
          .. " http://x/"
      )
      assert.matches("^curl: ", output)
      assert.is_true(status ~= 0 and status ~= 28) -- 28: it was left waiting
      client = connect(bridge)
      assert.is_true(bridge:arm())
    end)

    it("one connection", function()
      client = connect(open())
      local second = assert(unix.stream())
      assert.is_nil((second:connect(bridge:path())))
      second:close()
    end)

    it("its process also when that was out of descriptors for a while", function()
      local output = child.must(
        [[
          local core, socket, unix = require "heygen.core", require "socket", require "socket.unix"
          local bridge = assert(core.bridge(core.new_engine(), 3600))
          local client, files = unix.stream(), {}
          repeat
            local file = io.open "/dev/null"
            files[#files + 1] = file
          until not file
          assert(client:connect(bridge:path()))
          local before = os.clock()
          client:settimeout(0.3)
          print(client:receive(1))
          print(os.clock() - before < 0.2, bridge)
          for _, file in ipairs(files) do file:close() end
          client:settimeout(60)
          print((client:receive(1)))
          bridge:close()
        ]],
        "ulimit -n 40;"
      )
      assert.equal("nil\ttimeout\t\ntrue\theygen.bridge (listening)\nw", output)
    end)
  end)

  describe("leaves", function()
    it("its socket where only this user can go, and only until the connect", function()
      open()
      local path = bridge:path()
      local directory = directory_of(path)
      assert.matches("/heygen%-%w+/%d+%.sock$", path)
      assert.equal("socket", lfs.attributes(path, "mode"))
      assert.equal("rwx------", lfs.attributes(directory, "permissions"))
      client = connect(bridge)
      assert.is_false(exists(path))
      assert.is_false(exists(directory))
      assert.equal(path, bridge:path())
    end)

    it("nothing when it is closed without a connect, and can be closed again", function()
      open()
      local directory = directory_of(bridge:path())
      bridge:close()
      assert.is_false(exists(directory))
      bridge:close()
      local armed, message = bridge:arm()
      assert.is_nil(armed)
      assert.equal("the bridge is closed", message)
    end)

    it("an end to read when it is closed", function()
      client = connect(open())
      bridge:close()
      local byte, why = client:receive(1)
      assert.is_nil(byte)
      assert.equal("closed", why)
    end)

    it("nothing of 200 bridges, closed or collected", function()
      for n = 1, 200 do
        local one = assert(core.bridge(engine))
        local connected = n % 2 == 0 and connect(one)
        if n % 3 > 0 then
          one:close()
        end
        if connected then
          connected:close()
        end
      end
    end)

    it("no descriptor to programs that the process starts", function()
      local function opened()
        local set = {}
        for name in lfs.dir "/proc/self/fd" do
          set[name] = true
        end
        for name in pairs(set) do -- without the one that listed them
          set[name] = lfs.symlinkattributes("/proc/self/fd/" .. name) and true or nil
        end
        return set
      end
      local before = opened()
      client = connect(open())
      before[("%d"):format(client:getfd())] = true
      local count = 0
      for name in pairs(opened()) do
        if not before[name] then
          local info = io.open("/proc/self/fdinfo/" .. name)
          local octal = info:read("*a"):match "flags:%s*(%d+)"
          info:close()
          assert.equal(2, tonumber(octal:sub(-7, -7)), octal) -- O_CLOEXEC
          count = count + 1
        end
      end
      assert.equal(4, count) -- the engine's copy, a pipe, the connection
    end)

    it("the host's signals to the host's threads #native", function()
      open()
      local main = io.open("/proc/self/stat"):read("*a"):match "^%d+"
      local seen = 0
      for id in lfs.dir "/proc/self/task" do
        if id:find "^%d" and id ~= main then
          local status = io.open("/proc/self/task/" .. id .. "/status"):read "*a"
          assert.matches("SigBlk:\t%x+[7f]ffbfeff\n", status) -- all but KILL, STOP and the C library's
          seen = seen + 1
        end
      end
      assert(seen > 0)
    end)

    it("the program alive when the other end is closed at any time", function()
      child.must [[
        local core, unix = require "heygen.core", require "socket.unix"
        require("spec.support.system").default_sigpipe()
        local engine = core.new_engine()
        for n = 1, 100 do
          local bridge = assert(core.bridge(engine, 0.001))
          local client = unix.stream()
          assert(client:connect(bridge:path()))
          if n % 2 == 0 then client:receive(1) end
          engine:after(0)
          bridge:arm()
          if n % 3 == 0 then client:receive(1) end
          client:close()
          bridge:arm()
          bridge:close()
        end
      ]]
    end)
  end)

  describe("is refused, and leaves nothing,", function()
    local home

    before_each(function()
      home = child.scratch ".tmp"
      assert(lfs.mkdir(home))
    end)

    after_each(function()
      assert(lfs.rmdir(home)) -- fails when something is in it
    end)

    local TRY = [[
      local core = require "heygen.core"
      local engine = core.new_engine()
      print(core.bridge(engine))
    ]]

    it("where the path would be too long for a socket", function()
      local long = home .. "/" .. ("x"):rep(100)
      assert.matches(
        "^nil\tTMPDIR is too long: the path of a socket may have 107 bytes, this one would have %d+$",
        child.must(TRY, "TMPDIR=" .. long)
      )
    end)

    it("where the descriptors do not suffice, whichever is missing", function()
      local output = child.must(
        [[
          local core = require "heygen.core"
          local engine = core.engine()
          engine:pollfd()
          assert(core.bridge(engine)):close()
          local held, file = {}, nil
          repeat
            file = io.open "/dev/null"
            held[#held + 1] = file
          until not file
          for free = 0, 3 do -- a copy of the engine's, two of a pipe, the socket
            print(core.bridge(engine))
            table.remove(held, 1):close()
          end
          local bridge = core.bridge(engine)
          print(bridge ~= nil)
        ]],
        "ulimit -n 64;"
      )
      local lines = {}
      for line in output:gmatch "[^\n]+" do
        lines[#lines + 1] = line:match "^nil\t(no socket)" or line:match "^nil\t(no descriptors)" or line
      end
      assert.same({ "no descriptors", "no descriptors", "no descriptors", "no socket", "true" }, lines)
    end)

    it("where there is no such directory, or TMPDIR is none", function()
      for value, message in pairs {
        [home .. "/none"] = "^nil\tno directory for the socket in .*/none: No such file",
        ["tmp"] = "^nil\tTMPDIR must be an absolute path, not tmp$",
        ["/dev/null"] = "^nil\tno directory for the socket in /dev/null: Not a directory$",
      } do
        assert.matches(message, child.must(TRY, "TMPDIR=" .. value))
      end
    end)

    it("where descriptors are out", function()
      local output = child.must(
        [[
          local core = require "heygen.core"
          local engine, files, refused = core.new_engine(), {}, 0
          repeat
            local file = io.open "/dev/null"
            files[#files + 1] = file
          until not file
          while files[1] do
            table.remove(files):close()
            local bridge, message = core.bridge(engine)
            if bridge then
              bridge:close()
              break
            end
            refused = refused + 1
            assert(message:find "Too many open files", message)
            local one = io.open("/dev/null") -- what was free is free again
            assert(one, message):close()
          end
          print(refused)
        ]],
        "ulimit -n 40; TMPDIR=" .. home
      )
      assert.equal("3", output)
    end)

    -- A stack larger than the address space is what a thread cannot get.
    it("where there can be no thread #native", function()
      local output = child.must(TRY, "ulimit -s 200000000000; TMPDIR=" .. home)
      assert.matches("^nil\tno thread could be started: ", output)
    end)

    it("for an engine that is closed", function()
      engine:close()
      local none, message = core.bridge(engine)
      assert.is_nil(none)
      assert.equal("the engine is closed", message)
    end)

    it("with an error, for what is a mistake of the program", function()
      assert.has_error(function()
        core.bridge()
      end)
      assert.has_error(function()
        core.bridge(io.stdout)
      end)
      for _, wrong in ipairs { 0, -1, 0 / 0, "soon", {} } do
        assert.has_error(function()
          core.bridge(engine, wrong)
        end)
      end
      open()
      assert.has_error(function()
        bridge.arm(engine)
      end)
      assert.equal("private", getmetatable(bridge))
    end)
  end)

  describe("ends in any order:", function()
    it("the engine first", function()
      client = connect(open(0.01))
      engine:after(NEVER)
      assert.is_true(bridge:arm())
      engine:close()
      local armed, message = bridge:arm()
      assert.is_nil(armed)
      assert.equal("the engine is closed", message)
      local byte -- and the connection stays open, for the pump to end it
      repeat
        byte = client:receive(1)
      until byte == "h"
      bridge:close()
    end)

    it("the engine collected first: the bridge holds it", function()
      local own = core.new_engine()
      bridge = assert(core.bridge(own, NEVER))
      client = connect(bridge)
      own:after(0)
      own = nil -- luacheck: ignore
      collectgarbage()
      collectgarbage()
      assert.is_true(bridge:arm())
      assert.equal("w", client:receive(1))
    end)

    it("the bridge collected, connected or not", function()
      local one = assert(core.bridge(engine))
      local directory = directory_of(one:path())
      local other = assert(core.bridge(engine))
      client = connect(other)
      one, other = nil, nil -- luacheck: ignore
      collectgarbage()
      collectgarbage()
      assert.is_false(exists(directory))
      assert.is_nil(client:receive(1))
    end)

    it("all with the Lua state", function()
      local output = child.must [[
        local core = require "heygen.core"
        engine = core.new_engine()
        bridge = assert(core.bridge(engine))
        print(bridge:path())
      ]]
      assert.is_false(exists(directory_of(output)))
    end)

    it("by scope, in Lua 5.4", function()
      local scoped = (rawget(_G, "loadstring") or load) [[
        local core, engine = ...
        local bridge <close> = assert(core.bridge(engine))
        return bridge
      ]]
      if scoped then
        assert.equal("heygen.bridge (closed)", tostring(scoped(core, engine)))
      end
    end)

    it("used by a finalizer after it was collected", function()
      local output = child.must [[
        local core = require "heygen.core"
        local engine = core.new_engine()
        local late
        local function finalizer()
          io.write(tostring(late), " ", tostring(late:arm()), " ", tostring(late:path()), "\n")
          late:close()
        end
        if newproxy then
          guard = newproxy(true)
          getmetatable(guard).__gc = finalizer
        else
          guard = setmetatable({}, { __gc = finalizer })
        end
        late = assert(core.bridge(engine))
      ]]
      assert.equal("heygen.bridge (closed) nil nil", output)
    end)
  end)

  describe("in a forked child", function()
    it("leaves the parent's socket alone, and is closed there", function()
      open()
      local before = process.descriptors()
      for _, how in ipairs { "arm", "close", "collect", "leave" } do
        in_child(function()
          assert(tostring(bridge) == "heygen.bridge (closed)")
          if how == "arm" then
            local armed, message = bridge:arm()
            assert(armed == nil and message == "this bridge belongs to the process that was forked")
          elseif how == "close" then
            local now = process.descriptors() -- closed when it was forked: the engine's and four of the bridge
            assert(now <= before - 4)
            bridge:close()
            assert(process.descriptors() == now)
          elseif how == "collect" then
            bridge = nil
            collectgarbage()
            collectgarbage()
          end
        end)()
        assert.is_true(exists(bridge:path()))
      end
      client = connect(bridge)
    end)

    it("does not disturb the parent's connection", function()
      client = connect(open())
      for _, how in ipairs { "close", "collect", "leave" } do
        in_child(function()
          if how == "close" then
            bridge:close()
          elseif how == "collect" then
            bridge, engine = nil, nil
            collectgarbage()
            collectgarbage()
          end
        end)()
        assert.is_true(bridge:arm())
        engine:after(0)
        assert.equal("w", client:receive(1))
        engine:poll()
      end
    end)

    it("does not hide the end from the reader", function()
      client = connect(open())
      local over = child.scratch ".over"
      local wait = in_child(function()
        until_(function()
          return exists(over)
        end, "the parent")
      end)
      bridge:close()
      assert.is_nil(client:receive(1))
      io.open(over, "w"):close()
      wait()
      os.remove(over)
    end)

    it("can be followed by one of the child's own", function()
      client = connect(open())
      in_child(function()
        local none, message = core.bridge(engine)
        assert(none == nil and message == "the engine is closed")
        local own = assert(core.new_engine())
        local mine = assert(core.bridge(own, NEVER))
        assert(mine:path():match "%d+%.sock$" ~= bridge:path():match "%d+%.sock$")
        local reader = connect(mine)
        assert(mine:arm())
        own:after(0)
        assert(reader:receive(1) == "w")
        mine:close()
        assert(not exists(directory_of(mine:path())))
      end)()
      assert.is_true(says_nothing(client))
    end)
  end)

  it("has no race, by ThreadSanitizer #once #native", function()
    assert.matches("no byte lost, none twice$", shell.must "make --no-print-directory -s tsan")
  end)
end)
