-- Runs the site of examples/nginx as docs/openresty.md says, but for port, key and temporary files. It ends with the
-- process that started it.
local child = require "spec.support.child"
local scripts = require "spec.support.scripts"
local shell = require "spec.support.shell"
local socket = require "socket"

local example = {}
example.__index = example

local PORT, BUILD = "127.0.0.1:8080", " ../../build/" -- in its nginx.conf

local function replace(text, from, to)
  local start, stop = text:find(from, 1, true)
  assert(start, "not found: " .. from)
  local rest = text:sub(stop + 1)
  rest = rest:find(from, 1, true) and replace(rest, from, to) or rest
  return text:sub(1, start - 1) .. to .. rest
end

local function free_port()
  local held = assert(socket.bind("127.0.0.1", 0))
  local _, port = held:getsockname()
  held:close()
  return tonumber(port)
end

-- The command of the document, made to fit.
local function command(self, base)
  local line = scripts.read("docs/openresty.md"):match "\n(HEYGEN_API_KEY=any [^\n]*nginx [^\n]*)\n"
  line = replace(line, "HEYGEN_API_KEY=any", "HEYGEN_API_KEY=" .. self.key)
  line = replace(line, "http://127.0.0.1:8081", base)
  line = replace(line, "-c nginx.conf", "-c " .. self.directory .. "/nginx.conf")
  if shell.run "id -u" == "0" then
    line = line .. " -g 'user root;'" -- the workers' usual user need not be able to read this tree
  end
  return line
end

--- Starts it against the service at `base`; `key` is the one that it has.
function example.start(base, key)
  local self = setmetatable({ directory = child.scratch(), port = free_port(), key = key }, example)
  shell.must("mkdir " .. self.directory)
  self.url = "http://127.0.0.1:" .. self.port
  local conf = scripts.read "examples/nginx/nginx.conf"
  -- With a queue for each worker, connections come to all of them; the header says to which.
  local listen = "127.0.0.1:%d reuseport; add_header X-Worker $pid always;"
  conf = replace(conf, PORT .. ";", listen:format(self.port))
  conf = replace(conf, BUILD, " " .. self.directory .. "/")
  scripts.write(self.directory .. "/nginx.conf", conf)
  local run = ("unset LD_PRELOAD; PATH=$PATH:/usr/sbin\n(exec env %s) 2>%s/log & echo $! >%s/pid"):format(
    command(self, base),
    self.directory,
    self.directory
  )
  self.pipe = io.popen(run .. "\ncat >/dev/null; kill -TERM $(cat " .. self.directory .. "/pid); wait", "w")
  for _ = 1, 3000 do
    local connection = socket.connect("127.0.0.1", self.port)
    if connection then
      connection:close()
      return self
    end
    socket.sleep(0.01)
  end
  local log = self:log()
  self:stop()
  error("nginx did not start: " .. log)
end

--- One exchange over a connection of its own: status, everything that came.
function example:exchange(method, path, body, content_type)
  local connection = assert(socket.connect("127.0.0.1", self.port))
  connection:settimeout(30)
  local head = ("%s %s HTTP/1.0\r\nHost: 127.0.0.1\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n"):format(
    method,
    path,
    content_type or "application/json",
    #(body or "")
  )
  assert(connection:send(head .. (body or "")))
  local answer, problem, partial = connection:receive "*a"
  connection:close()
  answer = answer or partial
  assert(answer ~= "", problem)
  return tonumber(answer:match "^HTTP/1%.%d (%d+)"), answer
end

--- The process ids of its workers.
function example:workers()
  return shell.lines(("pgrep -P $(cat %s/pid)"):format(self.directory))
end

--- Sends a signal to a process of it: "HUP" to the master, or any to the worker given.
function example:signal(name, worker)
  shell.must(("kill -%s %s"):format(name, worker or ("$(cat %s/pid)"):format(self.directory)))
end

--- Waits until none of these workers is left.
function example:until_gone(workers)
  for _ = 1, 3000 do
    local left = 0
    for _, pid in ipairs(workers) do
      left = left + (select(2, shell.run("kill -0 " .. pid)) == 0 and 1 or 0)
    end
    if left == 0 then
      return
    end
    socket.sleep(0.01)
  end
  error("the workers are still there: " .. self:log())
end

function example:log()
  return shell.run(("cat %s/log"):format(self.directory))
end

function example:stop()
  self.pipe:close()
  shell.must("rm -r " .. self.directory)
end

return example
