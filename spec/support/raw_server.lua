-- A server that does to each connection what a script says, byte by byte, and remembers what it saw. Runs as a
-- process of its own (Lua 5.4, luv); spec/support/raw.lua starts it and speaks with it over a control connection.
-- It ends when that connection ends.
local uv = require "luv"

local script
local log = {} -- one entry per connection
local requests = 0

-- ---- one connection, seen from its script: calls that wait yield

local connection = {}
connection.__index = connection

local function advance(c, ...)
  local ok, message = coroutine.resume(c.thread, ...)
  if not ok then
    c.entry.problem = message
    c:close()
  elseif coroutine.status(c.thread) == "dead" then
    c:close()
  end
end

local function wake(c)
  if c.waiting then
    c.waiting = false
    advance(c)
  end
end

function connection:wait()
  self.waiting = true
  coroutine.yield()
end

--- True when the client has ended the connection.
function connection:gone()
  while not self.entry.gone and not self.closed do
    self:wait()
  end
  return true
end

--- Waits until `n` bytes have come and are not yet taken; false when the client ended before.
function connection:need(n)
  while #self.input < n do
    if self.entry.gone or self.closed then
      return false
    end
    self:wait()
  end
  return true
end

local function take(c, n)
  local bytes = c.input:sub(1, n)
  c.input = c.input:sub(n + 1)
  return bytes
end

function connection:line()
  while not self.input:find("\r\n", 1, true) do
    if not self:need(#self.input + 1) then
      return nil
    end
  end
  return take(self, self.input:find("\r\n", 1, true) + 1):sub(1, -3)
end

--- Reads the head of a request; nil when the client ended the connection.
function connection:head()
  local first = self:line()
  if not first then
    return nil
  end
  requests = requests + 1
  local request = { order = requests, first = first, headers = {}, lines = {}, body = "" }
  request.method, request.target = first:match "^(%S+) (%S+) HTTP/1%.1$"
  for line in self.line, self do
    if line == "" then
      break
    end
    request.lines[#request.lines + 1] = line
    local name, value = line:match "^([^:]+):%s*(.*)$"
    request.headers[name:lower()] = value
  end
  table.insert(self.entry.requests, request)
  return request
end

--- Reads a whole request.
function connection:request()
  local request = self:head()
  if not request then
    return nil
  elseif request.headers["transfer-encoding"] == "chunked" then
    local size
    repeat
      size = tonumber(self:line() or error "cut", 16)
      self:need(size + 2)
      request.body = request.body .. take(self, size)
      take(self, 2)
    until size == 0
  else
    local length = tonumber(request.headers["content-length"]) or 0
    request.whole = self:need(length)
    request.body = take(self, length)
  end
  return request
end

--- Sends, and waits until the kernel has taken it all; false when the client is gone.
function connection:send(bytes)
  if self.closed then
    return false
  end
  local sent
  self.socket:write(bytes, function(problem)
    sent = not problem
    wake(self)
  end)
  while sent == nil and not self.closed do
    self:wait()
  end
  return sent
end

function connection:answer(status, body, headers)
  body = body or ""
  return self:send(
    ("HTTP/1.1 %d Status\r\nContent-Length: %d\r\n%s\r\n%s"):format(status, #body, headers or "", body)
  )
end

function connection:chunk(bytes)
  return self:send(("%x\r\n%s\r\n"):format(#bytes, bytes))
end

function connection:sleep(seconds)
  local timer, over = uv.new_timer(), false
  timer:start(math.floor(seconds * 1000), 0, function()
    timer:close()
    over = true
    wake(self)
  end)
  while not over do
    self:wait()
  end
end

--- Passes everything on to a port of this machine, and back.
function connection:relay(port)
  local other = uv.new_tcp()
  local function pass(from, to)
    from:read_start(function(_, bytes)
      if bytes and not to:is_closing() then
        self.entry.bytes = self.entry.bytes + (from == self.socket and #bytes or 0)
        to:write(bytes)
      end
    end)
  end
  self:stop_reading()
  other:connect("127.0.0.1", port, function()
    pass(self.socket, other)
    pass(other, self.socket)
  end)
end

function connection:close()
  if not self.closed then
    self.closed = true
    self.socket:close()
  end
end

--- Ends the connection with a TCP reset.
function connection:reset()
  if not self.closed then
    self.closed = true
    self.socket:close_reset()
  end
end

-- Takes no bytes from the kernel until `read` is called.
function connection:stop_reading()
  self.socket:read_stop()
end

function connection:read()
  self.socket:read_start(function(problem, bytes)
    if bytes then
      self.entry.bytes = self.entry.bytes + #bytes
      self.input = self.input .. bytes
    else
      self.entry.gone = problem or "end"
    end
    wake(self)
  end)
end

local listener, port

local function accept()
  local socket = uv.new_tcp()
  listener:accept(socket)
  local entry = { requests = {}, bytes = 0 }
  log[#log + 1] = entry
  local c = setmetatable({ socket = socket, input = "", entry = entry }, connection)
  c.thread = coroutine.create(script)
  c:read()
  advance(c, c, #log)
end

-- ---- control: "<length>\n" and Lua code, answered by "<length>\n" and a Lua expression

local function expression(value)
  if type(value) ~= "table" then
    return ("%q"):format(value)
  end
  local fields = {}
  for key, item in pairs(value) do
    fields[#fields + 1] = ("[%q]=%s"):format(key, expression(item))
  end
  return "{" .. table.concat(fields, ",") .. "}"
end

-- What a spec asks for runs in here. Globals that it sets are those of the scripts.
local environment = setmetatable({}, { __index = _G, __newindex = _G })

--- Sets what happens to each connection: code over `c` and `n`, the number of the connection. Forgets the log.
function environment.serve(code)
  log = {}
  script = assert(load("local c, n = ...\n" .. code, "=script"))
end

function environment.seen()
  return log
end

local function listen(on_connection)
  local socket = uv.new_tcp()
  assert(socket:bind("127.0.0.1", 0))
  assert(socket:listen(1024, on_connection))
  return socket, socket:getsockname().port
end

listener, port = listen(accept)

local control, control_port
control, control_port = listen(function()
  local socket, input = uv.new_tcp(), ""
  control:accept(socket)
  socket:read_start(function(_, bytes)
    if not bytes then
      os.exit(0)
    end
    input = input .. bytes
    local length, at = input:match "^(%d+)\n()"
    while length and #input >= at + length - 1 do
      local code = input:sub(at, at + length - 1)
      input = input:sub(at + length)
      local answer = expression(assert(load(code, "=control", "t", environment))())
      socket:write(("%d\n%s"):format(#answer, answer))
      length, at = input:match "^(%d+)\n()"
    end
  end)
end)

print(port, control_port)
io.stdout:flush()

local patience = uv.new_timer() -- the process that started it may have died before the control connection
patience:start(60000, 0, function()
  os.exit(1)
end)
environment.stay = function()
  patience:stop()
end

uv.run()
