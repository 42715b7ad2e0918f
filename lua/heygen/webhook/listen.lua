-- A small HTTP/1.1 listener for webhooks on luv's loop, for scripts and games. Everything in it is bounded: bytes of a
-- header and a body, seconds for a request, connections. TLS is the business of what stands in front of it.
local http = require "heygen.webhook.http1"
local checker = require "heygen.schema.options"
local uv = require "luv"

local Listener = {}
Listener.__index = Listener
Listener.__name = "heygen.webhook.listener"

local LINGER = 2 -- seconds: a connection that is refused is read dry that long, or its answer would be lost
local SHORTEST_SWEEP, LONGEST_SWEEP = 0.05, 1 -- seconds
local BACKLOG, FAIR_TIME = 128, 0.5 -- FAIR_TIME: seconds in which a request need not make room for others

---@class heygen.webhook.ListenOptions
---@field router heygen.webhook.Router
---@field port integer? (0: a free one, see `port` of the listener)
---@field host string? an address of this machine (127.0.0.1)
---@field path string? the only path there is (all)
---@field max_connections integer? (128)
---@field max_header_bytes integer? (16384)
---@field request_timeout number? seconds in which a request must be whole, and an answer taken (10)
---@field idle_timeout number? seconds for which an idle connection is kept (30)
---@field log (fun(line: string))? (the router's)

---@class heygen.webhook.Listener
---@field host string
---@field port integer
---@field url string
---@field close fun(self: heygen.webhook.Listener, callback: fun()?)

local KNOWN = {
  router = checker.router("handle", "write router = heygen.webhook.router{...}"),
  port = { type = "integer", default = 0, min = 0, max = 65535 },
  host = { type = "string", default = "127.0.0.1" },
  path = {
    expected = 'a path that begins with "/"',
    is = function(value)
      return type(value) == "string" and value:sub(1, 1) == "/"
    end,
  },
  max_connections = { type = "integer", default = 128, min = 1 },
  max_header_bytes = { type = "integer", default = 16 * 1024, min = 256 },
  request_timeout = { type = "seconds", default = 10, min = 0.05 },
  idle_timeout = { type = "seconds", default = 30, min = 0.05 },
  log = { type = "function" },
}

local function now()
  return uv.now() / 1000
end

-- luv 1.44 crashes when a process ends while handles are closing: a script that closes its listener, or could not open
-- one, and then ends. When the loop is not running, it runs once, and they are closed.
local function let_handles_close()
  if uv.loop_mode and uv.loop_mode() == nil then
    uv.run "nowait"
  end
end

local function log(self, line)
  pcall(self.log, line)
end

-- ---- connections ----

local function closed(self)
  self.sweeper:close()
  self.broken_pipe:close()
  local callback = self.on_closed
  if callback then
    self.on_closed = nil
    callback()
  end
end

local function drop(self, peer)
  if not self.peers[peer] then
    return
  end
  self.peers[peer], self.count = nil, self.count - 1
  if not peer.socket:is_closing() then
    peer.socket:close()
  end
  if self.count == 0 then
    self.sweeper:stop()
    if self.is_closing then
      closed(self)
    end
  end
end

-- Ends a connection after its last answer: a plain close would reset it under the answer while the peer still sends.
local function linger(self, peer)
  peer.state, peer.since = "lingering", now()
  local ok = peer.socket:shutdown(function(problem)
    if problem or peer.ended then
      drop(self, peer)
    end
  end)
  if not ok then
    drop(self, peer)
  else
    self:read(peer)
  end
end

-- ---- answers ----

local function plain(status)
  return status, { ["Content-Type"] = "text/plain" }, http.reason(status) .. "\n"
end

local function respond(self, peer, request, status, headers, body)
  if not self.peers[peer] then
    return
  end
  local keep = request.keep_alive and not self.is_closing and not peer.ended
  local bytes = http.head(status, headers, #body, keep, request.version)
  if request.method ~= "HEAD" and status ~= 204 then
    bytes = bytes .. body
  end
  peer.state, peer.since = "answering", now()
  local ok = peer.socket:write(bytes, function(problem)
    if problem then
      drop(self, peer)
    elseif not self.peers[peer] then
      return
    elseif keep and not self.is_closing then
      peer.state, peer.since = "reading", now()
      self:serve(peer)
    else
      linger(self, peer)
    end
  end)
  if not ok then
    drop(self, peer)
  end
end

local REFUSED = { method = "POST", version = "1.1", keep_alive = false }

local function stop_reading(peer)
  if peer.is_read then
    peer.is_read = false
    peer.socket:read_stop()
  end
end

local function refuse(self, peer, status)
  stop_reading(peer)
  respond(self, peer, REFUSED, plain(status))
end

-- The path of a target; "/hook/" is "/hook".
local function path_of(target)
  return target:match("^[^?#]*"):match "^.*[^/]" or "/"
end

-- In a coroutine, so that handlers can wait: with the driver "luv" the loop continues during that.
local function answer(self, peer, request)
  peer.state, peer.requests = "busy", peer.requests + 1
  stop_reading(peer) -- one request at a time: what is piped in behind it stays with the system
  if self.path and path_of(request.target) ~= path_of(self.path) then
    return respond(self, peer, request, plain(404))
  end
  local co = coroutine.create(function()
    local router = self.router
    respond(self, peer, request, router:handle(request.method, request.headers, request.body, request.target))
  end)
  local ok, raised = coroutine.resume(co)
  if not ok then
    log(self, "heygen.webhook.listen: " .. tostring(raised))
    respond(self, peer, request, plain(500))
  end
end

-- ---- requests ----

---Answers the next whole request of a connection, or waits for more of it.
function Listener:serve(peer)
  local request, problem = peer.parser:take()
  if request then
    answer(self, peer, request)
  elseif problem then
    refuse(self, peer, problem.status)
  elseif peer.ended then
    drop(self, peer)
  else
    if peer.parser.expects then
      peer.parser.expects = false
      peer.socket:write "HTTP/1.1 100 Continue\r\n\r\n"
    end
    self:read(peer)
  end
end

local function arrived(self, peer, problem, bytes)
  if problem then
    drop(self, peer)
  elseif not bytes then
    peer.ended = true
    if peer.state == "reading" or peer.state == "lingering" then
      drop(self, peer)
    end
  elseif peer.state == "reading" then
    if not peer.parser:partial() then
      if not bytes:find "[^\r\n]" then
        return -- empty lines between requests are allowed, but buy no time
      end
      peer.since, peer.received = now(), 0
    end
    peer.received = peer.received + #bytes
    peer.parser:feed(bytes)
    self:serve(peer)
  end
end

---Starts reading from a connection; what comes after the last answer is thrown away.
function Listener:read(peer)
  if not peer.is_read then
    peer.is_read = true
    peer.socket:read_start(function(problem, bytes)
      arrived(self, peer, problem, bytes)
    end)
  end
end

-- Bytes a second of a request that is not whole and has had some time.
local function rate_of(peer, time)
  local age = time - peer.since
  return peer.state == "reading" and age >= FAIR_TIME and peer.received / age or nil
end

-- A new connection takes the place of one that is idle, else of the request that advances the least: requests that
-- never become whole must not keep deliveries out.
local function make_room(self)
  local oldest, slowest, least, time = nil, nil, nil, now()
  for peer in pairs(self.peers) do
    local idle = peer.state == "reading" and peer.requests > 0 and not peer.parser:partial()
    local rate = not idle and rate_of(peer, time)
    if idle and (not oldest or peer.since < oldest.since) then
      oldest = peer
    elseif rate and (not least or rate < least) then
      slowest, least = peer, rate
    end
  end
  oldest = oldest or slowest
  if oldest then
    drop(self, oldest)
  end
  return oldest ~= nil
end

local function accept(self)
  local socket = uv.new_tcp()
  if not self.server:accept(socket) then
    return socket:close()
  end
  socket:nodelay(true)
  local has_room = self.count < self.max_connections or make_room(self)
  if not has_room and self.count >= 2 * self.max_connections then
    return socket:close() -- no time for an answer
  end
  local peer = {
    socket = socket,
    parser = http.new { header = self.max_header_bytes, body = self.router.max_bytes },
    state = "reading",
    since = now(),
    requests = 0,
    received = 0, -- bytes of the present request
  }
  self.peers[peer], self.count = true, self.count + 1
  if self.count == 1 then
    self.sweeper:start(self.sweep_ms, self.sweep_ms, function()
      self:sweep()
    end)
  end
  if has_room then
    self:read(peer)
  else
    refuse(self, peer, 503)
  end
end

-- What is too old, by the state it is in. A handler may take as long as it needs.
function Listener:sweep()
  local time, late, gone = now(), {}, {}
  for peer in pairs(self.peers) do
    local age = time - peer.since
    if peer.state == "reading" then
      local partial = peer.parser:partial()
      local begun = partial or peer.requests == 0
      if age > (begun and self.request_timeout or self.idle_timeout) then
        local list = partial and late or gone
        list[#list + 1] = peer
      end
    elseif peer.state ~= "busy" and age > (peer.state == "answering" and self.request_timeout or LINGER) then
      gone[#gone + 1] = peer
    end
  end
  for _, peer in ipairs(late) do
    refuse(self, peer, 408)
  end
  for _, peer in ipairs(gone) do
    drop(self, peer)
  end
end

-- ---- the listener ----

local function to_stderr(line)
  io.stderr:write(line, "\n")
end

local function bind(self, port)
  -- luv raises for what is no address at all.
  local called, ok, message = pcall(self.server.bind, self.server, self.host, port)
  if not called then
    return nil, "host: expected an IP address"
  elseif not ok then
    return nil, message
  end
  return self.server:listen(BACKLOG, function(problem)
    if not problem then
      accept(self)
    end
  end)
end

---Listens. The loop is the program's: uv.run(), or heygen.run with the driver "luv".
---@param given heygen.webhook.ListenOptions
---@param level integer
---@return heygen.webhook.Listener? listener with host, port and url
---@return string? message
---@return heygen.Error? err
local function listen(given, level)
  local self = checker.read("heygen.webhook.listen", given, KNOWN, level + 1)
  setmetatable(self, Listener)
  self.host = self.host == "localhost" and "127.0.0.1" or self.host
  self.log = self.log or self.router.log or to_stderr
  self.peers, self.count = {}, 0
  self.server = uv.new_tcp()
  local ok, message = bind(self, self.port)
  if not ok then
    self.server:close()
    let_handles_close()
    return require("heygen.errors").fail {
      kind = "network",
      message = ("heygen.webhook.listen: cannot listen on %s port %d: %s"):format(
        self.host,
        self.port,
        tostring(message)
      ),
      sent = "no",
      retryable = false,
    }
  end
  self.port = self.server:getsockname().port
  local host = self.host:find(":", 1, true) and "[" .. self.host .. "]" or self.host
  self.url = ("http://%s:%d%s"):format(host, self.port, self.path or "/")
  local shortest = math.min(self.request_timeout, self.idle_timeout)
  self.sweep_ms = math.floor(math.max(SHORTEST_SWEEP, math.min(shortest / 4, LONGEST_SWEEP)) * 1000)
  self.sweeper = uv.new_timer()
  -- A peer that has gone must not end the process.
  self.broken_pipe = uv.new_signal()
  self.broken_pipe:start("sigpipe", function() end)
  self.broken_pipe:unref()
  return self
end

---Takes no more connections. Requests whose handlers run get their answers; after the last one nothing of the listener
---keeps the loop alive.
---@param callback function? called when the last connection has ended
function Listener:close(callback)
  if self.is_closing then
    return
  end
  self.is_closing, self.on_closed = true, callback
  self.server:close()
  local idle = {}
  for peer in pairs(self.peers) do
    if peer.state == "reading" then
      idle[#idle + 1] = peer
    end
  end
  for _, peer in ipairs(idle) do
    drop(self, peer)
  end
  if self.count == 0 and not self.sweeper:is_closing() then
    closed(self)
  end
  let_handles_close()
end

function Listener:__tostring()
  return "heygen.webhook.listener (" .. self.url .. ")"
end

return listen
