-- What no client should send: the simulator answers or closes, stays up, and stays small.
local random = require "heygen.sim.core.random"
local shell = require "spec.support.shell"
local socket = require "socket"
local support = require "spec.support.sim"

local LUA = rawget(_G, "jit") and "luajit" or "lua" .. _VERSION:match "%d+%.%d+"
local MB = 1024 * 1024

local function children(pid)
  local list = {}
  for child in shell.run("ps -o pid= --ppid " .. pid):gmatch "%d+" do
    list[#list + 1] = child
  end
  return list
end

-- kB in memory of a process and all its children.
local function memory(pid)
  local total = tonumber((shell.run("awk '/^VmRSS/ { print $2 }' /proc/" .. pid .. "/status"))) or 0
  for _, child in ipairs(children(pid)) do
    total = total + memory(child)
  end
  return total
end

-- The simulator among the children of this process: a shell is in between.
local function pid_of_simulator()
  local pipe = io.popen "echo $PPID"
  local own = pipe:read "*l"
  pipe:close()
  for _, between in ipairs(children(own)) do
    for _, pid in ipairs(children(between)) do
      if shell.run("ps -o args= -p " .. pid):find("heygen-sim", 1, true) then
        return pid
      end
    end
  end
end

local FRONTS = { luv = { limit = 200 }, nginx = { limit = 400 } }

local function behaves(front)
  local server, pid

  setup(function()
    server = support.start { front = front, errors = "/dev/null" }
    pid = assert(pid_of_simulator())
  end)

  teardown(function()
    server:stop()
  end)

  after_each(function()
    -- It is up, and has not grown.
    assert.equal(200, (server:api("GET", "/v3/videos")))
    local now = memory(pid) / 1024
    assert.is_true(now < FRONTS[front].limit, front .. " has grown to " .. now .. " MB")
  end)

  -- Sends all it can, and takes what comes: the status of the answer, or nil when there was none.
  local function push(pieces)
    local connection = server:connect()
    connection:settimeout(5)
    for piece in pieces do
      if not connection:send(piece) then
        break
      end
    end
    connection:shutdown "send"
    local line = connection:receive "*l"
    connection:close()
    return line and tonumber(line:match "^HTTP/1%.[01] (%d+)")
  end

  local function once(text)
    local left = text
    return function()
      local piece = left
      left = nil
      return piece
    end
  end

  local function times(count, head, piece)
    local number = -1
    return function()
      number = number + 1
      if number == 0 then
        return head
      end
      return number <= count and piece or nil
    end
  end

  it("random bytes", function()
    local source = random.new(42)
    for _ = 1, 200 do
      local bytes = {}
      for i = 1, 1 + source:integer() % 2000 do
        bytes[i] = string.char(source:integer() % 256)
      end
      local status = push(once(table.concat(bytes)))
      assert.is_true(status == nil or status >= 400)
    end
  end)

  it("requests with a byte changed, added or taken away", function()
    local source = random.new(43)
    local good = "POST /v3/video-agents HTTP/1.1\r\nHost: x\r\nx-api-key: k\r\nConnection: close\r\n"
      .. 'Content-Length: 18\r\n\r\n{"prompt":"hello"}'
    for _ = 1, 300 do
      local at = source:integer() % #good + 1
      local kind, byte = source:integer() % 3, string.char(source:integer() % 256)
      local bad = good:sub(1, at - 1) .. (kind == 2 and "" or byte) .. good:sub(at + (kind == 1 and 0 or 1))
      local status = push(once(bad))
      assert.is_true(status == nil or (status >= 200 and status < 600), bad)
      assert.is_not.equal(500, status, bad)
    end
  end)

  it("half requests", function()
    local whole =
      'POST /v3/video-agents HTTP/1.1\r\nHost: x\r\nx-api-key: k\r\nContent-Length: 18\r\n\r\n{"prompt":"hello"}'
    server:reset()
    local open = {}
    for length = 1, #whole - 1 do
      open[length] = server:connect()
      assert(open[length]:send(whole:sub(1, length)))
    end
    assert.equal(200, (server:api("GET", "/v3/videos")))
    for _, connection in ipairs(open) do
      connection:close()
    end
    assert.equal(0, server:counts().creates)
  end)

  it("10 MB of headers: in one line, and in many", function()
    local head = "GET /v3/videos HTTP/1.1\r\nHost: x\r\n"
    for _, piece in ipairs { ("a"):rep(MB), ("X-A: " .. ("b"):rep(250) .. "\r\n"):rep(4000) } do
      local status = push(times(10, head .. "X-Long: ", piece))
      -- The answer may be lost when the refusal is a reset.
      assert.is_true(status == nil or status == 431 or status == 400, tostring(status))
    end
  end)

  it("bodies of 1 GB: announced, and in chunks without an end", function()
    local line = "POST /v3/video-agents HTTP/1.1\r\nHost: x\r\nx-api-key: k\r\n"
    local status = push(times(1024, line .. "Content-Length: 1073741824\r\n\r\n", ("x"):rep(MB)))
    assert.is_true(status == nil or status == 413)
    local chunk = string.format("%x\r\n%s\r\n", MB, ("x"):rep(MB))
    status = push(times(1024, line .. "Transfer-Encoding: chunked\r\n\r\n", chunk))
    assert.is_true(status == nil or status == 413)
  end)

  it("says why, when the client waits for the answer", function()
    local answer = server:all(
      "POST /v3/video-agents HTTP/1.1\r\nHost: x\r\nx-api-key: k\r\nContent-Length: 1073741824\r\n\r\n"
    )
    assert.matches("^HTTP/1.1 413 ", answer)
    answer = server:all("GET / HTTP/1.1\r\nHost: x\r\nX-Long: " .. ("a"):rep(70000))
    assert.matches("^HTTP/1.1 4%d%d ", answer)
  end)

  it("10,000 idle connections", function()
    local before = memory(pid)
    local ready = os.tmpname()
    local command = string.format(
      'ulimit -Sn "$(ulimit -Hn)"; exec %s spec/support/idle.lua %s %d 10000 >%s',
      LUA,
      server.host,
      server.port,
      ready
    )
    local pipe = io.popen(command, "w")
    local open
    local deadline = socket.gettime() + 60
    repeat
      socket.sleep(0.05)
      local file = io.open(ready)
      open = file:read "*n"
      file:close()
    until open or socket.gettime() > deadline
    os.remove(ready)
    assert.equal(10000, open)
    for _ = 1, 20 do
      assert.equal(200, (server:api("GET", "/v3/videos")))
    end
    local grown = (memory(pid) - before) / 10000
    assert.is_true(grown < 12, "one idle connection costs " .. grown .. " kB")
    pipe:close()
  end)
end

describe("bad input at the luv front #slow #native", function()
  behaves "luv"
end)

describe("bad input at the nginx front #slow #native #once", function()
  behaves "nginx"
end)
