-- Starts a scripted server (spec/support/raw_server.lua) and speaks with it.
--   local server = raw.start()
--   server:serve [[ c:request() c:send "HTTP/1.1 200 OK\r\nContent-Le" c:close() ]]
--   server.url; server:seen() -> connections { requests = {...}, gone = "end", bytes = n }
local socket = require "socket"

local raw = {}
raw.__index = raw

local PATIENCE = 60
local compile = rawget(_G, "loadstring") or load

---@return table server
function raw.start()
  -- Its own tools must not be checked: the memory checkers watch this process only.
  local pipe = assert(io.popen("exec env -u LD_PRELOAD lua5.4 spec/support/raw_server.lua", "r"))
  local line = pipe:read "*l"
  local port, control_port = tostring(line):match "^(%d+)%s+(%d+)$"
  assert(port, "the scripted server did not start: " .. tostring(line))
  local control = assert(socket.connect("127.0.0.1", control_port))
  control:settimeout(PATIENCE)
  local self = { pipe = pipe, control = control, port = tonumber(port), url = "http://127.0.0.1:" .. port }
  setmetatable(self, raw)
  self:ask "return stay()"
  return self
end

--- Runs Lua code in the server; gives back what it returns.
function raw:ask(code)
  assert(self.control:send(("%d\n%s"):format(#code, code)))
  local length = assert(self.control:receive "*l")
  local answer = assert(self.control:receive(tonumber(length)))
  return assert(compile("return " .. answer))()
end

--- Sets what happens to each connection that comes from now on, and forgets what was seen.
---@param code string Lua code over `c`, the connection, and `n`, its number
function raw:serve(code)
  self:ask(("return serve(%q)"):format(code))
end

--- Answers each request of each connection alike.
function raw:answers(status, body, headers)
  self:serve(
    ("local body = %q while c:request() do c:answer(%d, body, %q) end"):format(
      body or "",
      status,
      headers or ""
    )
  )
end

--- The connections seen since `serve`, oldest first.
function raw:seen()
  return self:ask "return seen()"
end

--- All requests of all connections, in the order of their coming.
function raw:requests()
  local list = {}
  for _, connection in ipairs(self:seen()) do
    assert(not connection.problem, connection.problem)
    for _, request in ipairs(connection.requests) do
      list[#list + 1] = request
    end
  end
  table.sort(list, function(a, b)
    return a.order < b.order
  end)
  return list
end

--- Waits until `condition(connections)` holds.
function raw:until_seen(condition, what)
  for _ = 1, PATIENCE * 100 do
    local seen = self:seen()
    if condition(seen) then
      return seen
    end
    socket.sleep(0.01)
  end
  error("the server never saw " .. what, 2)
end

--- Waits until the client has ended connection `n`.
function raw:until_gone(n)
  return self:until_seen(function(seen)
    return seen[n] and seen[n].gone
  end, "the end of connection " .. n)
end

function raw:stop()
  self.control:close()
  self.pipe:close()
end

return raw
