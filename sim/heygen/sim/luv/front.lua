-- The luv front: sockets in, the model's answers out, byte for byte as planned.
local http = require "heygen.sim.core.http"
local journal = require "heygen.sim.core.journal"
local respond = require "heygen.sim.core.respond"
local sender_luv = require "heygen.sim.luv.sender"
local uv = require "luv"
local wire = require "heygen.sim.core.wire"

local front = {}
front.__index = front

-- Real seconds: a request must be whole after this long; an idle connection is closed; a refused one is read dry.
local REQUEST_SECONDS, IDLE_SECONDS, LINGER_SECONDS = 60, 600, 2
local READ_AHEAD = 256 * 1024

local function now()
  return uv.now() / 1000
end

-- The exchange under way on a connection has ended, and how.
local function finish(peer, ending)
  local entry = peer.entry
  if entry then
    local time = uv.hrtime()
    journal.finish(entry, (time - peer.asked) / 1e9, ending)
    -- What has arrived by now is the beginning of the next request.
    peer.entry, peer.first = nil, time
  end
end

local function close(self, peer)
  finish(peer, "gone")
  if peer.timer then
    peer.timer:stop()
    peer.timer:close()
    peer.timer = nil
  end
  if self.peers[peer] then
    self.peers[peer] = nil
    if not peer.socket:is_closing() then
      peer.socket:close()
    end
  end
end

local function reset(self, peer)
  finish(peer, "reset")
  self.peers[peer] = nil
  if peer.socket:is_closing() then
    return
  elseif not peer.socket:close_reset() then
    peer.socket:close()
  end
end

-- Closes after the answer to a refused request: the peer may still be sending, and a plain close would reset the
-- connection under the answer.
local function linger(self, peer)
  peer.discard, peer.since, peer.limit = true, now(), LINGER_SECONDS
  if peer.paused then
    peer.paused = false
    self:listen_to(peer)
  end
  local ok = peer.socket:shutdown(function()
    if peer.ended then
      close(self, peer)
    end
  end)
  if not ok then
    close(self, peer)
  end
end

local function after(self, peer, seconds, callback)
  local timer = uv.new_timer()
  peer.timer = timer
  timer:start(math.floor(seconds * 1000 + 0.5), 0, function()
    if peer.timer == timer then
      peer.timer = nil
    end
    timer:close()
    if self.peers[peer] then
      callback()
    end
  end)
end

-- Sends bytes; true when they are gone at once, else `callback` is called when they are, or the peer is closed.
local function send(self, peer, bytes, callback)
  local sent = peer.socket:try_write(bytes) or 0
  if sent == #bytes then
    return true
  end
  local ok = peer.socket:write(bytes:sub(sent + 1), function(problem)
    if problem then
      close(self, peer)
    elseif self.peers[peer] then
      callback()
    end
  end)
  if not ok then
    close(self, peer)
  end
  return false
end

-- Plays the steps of an answer from number `at`; true when the connection is free for the next request.
local function play(self, peer, steps, at)
  local function go_on()
    if play(self, peer, steps, at + 1) then
      self:serve(peer)
    end
  end
  local step = steps[at]
  local kind = step[1]
  if kind == "send" then
    if send(self, peer, step[2], go_on) then
      return play(self, peer, steps, at + 1)
    end
  elseif kind == "wait" then
    after(self, peer, step[2], go_on)
  elseif kind == "keep" then
    peer.busy, peer.since = false, now()
    finish(peer, "kept")
    return true
  elseif kind == "close" then
    finish(peer, "closed")
    linger(self, peer)
  elseif kind == "reset" then
    reset(self, peer)
  elseif peer.ended then
    close(self, peer)
  else
    peer.stalled = true
  end
  return false
end

local function ask(self, peer, request)
  peer.asked = uv.hrtime()
  request.arriving = (peer.asked - peer.first) / 1e9
  local response, effect, entry = self.model:handle(request)
  -- Controls have no entry, and connections that carry nothing else are not counted.
  if entry and not peer.counted then
    peer.counted = true
    self.model.journal:count "connections"
  end
  if self.model.records ~= self.records then
    self.records = self.model.records
    self.sender:arm()
  end
  if self.on_request and entry then
    self.on_request(entry)
  end
  return response, effect, entry
end

local function plan(self, peer, request)
  local response, effect, entry = ask(self, peer, request)
  peer.entry = entry
  return wire.plan(request, response, effect, self.model.json)
end

local function refusal(self, status, message)
  local json = self.model.json
  local request = { method = "GET", version = "1.1", keep_alive = false, id = self.model:request_id() }
  return wire.plan(request, respond.problem(json, status, nil, message), nil, json)
end

local function answer(self, peer, request)
  peer.requests = peer.requests + 1
  request.connection, request.reused = peer.number, peer.requests > 1
  -- An error that left a callback would end the whole process.
  local ok, steps = pcall(plan, self, peer, request)
  if not ok then
    self.log("error: " .. tostring(steps))
    steps = refusal(self, 500, "The simulator made a mistake")
  end
  peer.busy = true
  return play(self, peer, steps, 1)
end

local function refuse(self, peer, problem)
  peer.busy = true
  play(self, peer, refusal(self, problem.status, problem.message), 1)
end

--- Answers what has arrived, one request after the other.
function front:serve(peer)
  while not peer.busy and self.peers[peer] do
    local request, problem = peer.parser:take()
    if request then
      if not answer(self, peer, request) then
        break
      end
    elseif problem then
      refuse(self, peer, problem)
    else
      if peer.parser.expects then
        peer.parser.expects = false
        send(self, peer, "HTTP/1.1 100 Continue\r\n\r\n", function() end)
      end
      break
    end
  end
  if not self.peers[peer] or peer.busy then
    return
  elseif peer.ended then
    close(self, peer)
  elseif peer.paused then
    peer.paused = false
    self:listen_to(peer)
  end
end

--- Starts reading from a peer.
function front:listen_to(peer)
  peer.socket:read_start(function(problem, bytes)
    if problem then
      close(self, peer)
    elseif not bytes then
      peer.ended = true
      -- A peer that has shut down its side still gets the answer that is under way.
      if not peer.busy or peer.discard or peer.stalled then
        close(self, peer)
      end
    elseif not peer.discard then
      if not peer.parser:partial() then
        peer.since, peer.first = now(), uv.hrtime()
      end
      peer.parser:feed(bytes)
      if not peer.busy then
        self:serve(peer)
      elseif #peer.parser.buffer > READ_AHEAD then
        peer.paused = true
        peer.socket:read_stop()
      end
    end
  end)
end

local function accept(self)
  local socket = uv.new_tcp()
  if not self.server:accept(socket) then
    socket:close()
    return
  end
  socket:nodelay(true)
  self.connections = self.connections + 1
  local peer = {
    socket = socket,
    number = self.connections,
    requests = 0,
    parser = http.new(),
    since = now(),
    busy = false,
  }
  self.peers[peer] = true
  self:listen_to(peer)
end

local function sweep(self)
  local time = now()
  for peer in pairs(self.peers) do
    local age = time - peer.since
    if peer.limit then
      if age > peer.limit then
        close(self, peer)
      end
    elseif not peer.busy then
      if peer.parser:partial() and age > REQUEST_SECONDS then
        refuse(self, peer, { status = 408, message = "the request did not arrive in time" })
      elseif age > IDLE_SECONDS then
        close(self, peer)
      end
    end
  end
end

--- Opens a listening socket for a model.
---@param model table
---@param options table? host (default 127.0.0.1), port (default 0: a free one), log = function(text),
---   on_request = function(entry)
---@return table|nil server { url, host, port, close = method }
---@return string|nil message
function front.listen(model, options)
  options = options or {}
  local host = options.host or "127.0.0.1"
  local self = setmetatable({ model = model, peers = {}, connections = 0 }, front)
  self.log = options.log or function() end
  self.on_request = options.on_request
  self.server = uv.new_tcp()
  -- luv raises for what is no address at all.
  local called, ok, message = pcall(self.server.bind, self.server, host, options.port or 0)
  if not called then
    ok, message = nil, ok
  end
  if ok then
    ok, message = self.server:listen(1024, function(problem)
      if not problem then
        accept(self)
      end
    end)
  end
  if not ok then
    self.server:close()
    return nil, string.format("cannot listen on %s port %d: %s", host, options.port or 0, tostring(message))
  end
  self.host, self.port = host, self.server:getsockname().port
  self.url = string.format("http://%s:%d", host:find(":", 1, true) and "[" .. host .. "]" or host, self.port)
  -- A peer that has gone must not end the process: libuv's try_write does not keep SIGPIPE away.
  self.broken_pipe = uv.new_signal()
  self.broken_pipe:start("sigpipe", function() end)
  self.sender = sender_luv.new(model, self.log)
  self.sweeper = uv.new_timer()
  self.sweeper:start(1000, 1000, function()
    sweep(self)
  end)
  return self
end

--- Closes everything that the server has open.
function front:close()
  if self.server:is_closing() then
    return
  end
  self.server:close()
  self.sweeper:close()
  self.sender:close()
  self.broken_pipe:close()
  for peer in pairs(self.peers) do
    close(self, peer)
  end
end

return front
