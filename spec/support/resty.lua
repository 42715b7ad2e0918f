-- A private nginx with Lua, from a directory of its own; it ends with the process that started it. Its workers run
-- LuaJIT, whichever Lua runs the specs.
--   local server = resty.start { sim = sim, locations = { ["/x"] = [[ ngx.say(...) ]] } }
--   server:get "/x" -> status, body
local child = require "spec.support.child"
local lfs = require "lfs"
local shell = require "spec.support.shell"
local socket = require "socket"

local resty = {}
resty.__index = resty

local PATIENCE = 60 -- seconds for what must come
local TOOL_PATIENCE = 900 -- under valgrind, on a machine that has other work

local TREE = "$root/lua/?.lua;$root/lua/?/init.lua;$root/sim/?.lua;$root/sim/?/init.lua;"

local CONFIG = [[
daemon off;
$user
worker_processes $workers;
master_process $master;
pid nginx.pid;
error_log error.log notice;
$modules
$environment
$main
events { worker_connections 2048; }
http {
  access_log off;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  lua_package_path "$tree$root/?.lua;$prefix/lua/?.lua;;";
  lua_package_cpath "$root/build/luajit/?.so;;";
  $http
  server {
    listen 127.0.0.1:$port backlog=1024;
    location = /up { return 200; }
    $server
  }
}
]]

-- Debian's nginx loads Lua as a module; OpenResty has it built in.
local MODULES = { "ndk_http_module", "ngx_http_lua_module" }
local PLACES = { "/usr/lib/nginx/modules", "/usr/lib64/nginx/modules", "/usr/share/nginx/modules" }

-- Its input is the life line: nginx ends when the pipe does. Told more than once, as nginx without a master process may
-- hear a signal just before it waits for the next event.
local RUN = [[
unset LD_PRELOAD LUA_PATH LUA_CPATH; PATH=$PATH:/usr/sbin; cd %s
{ %s nginx -p . -e error.log -c nginx.conf >start.log 2>&1; echo $? >status; } &
cat >/dev/null
until [ -s status ]; do
    kill -TERM "$(cat nginx.pid 2>/dev/null)" 2>/dev/null
    sleep 0.02
done
]]

local function load_modules()
  for _, directory in ipairs(PLACES) do
    if lfs.attributes(directory .. "/" .. MODULES[2] .. ".so") then
      local lines = {}
      for i, name in ipairs(MODULES) do
        lines[i] = ('load_module "%s/%s.so";'):format(directory, name)
      end
      return table.concat(lines, "\n")
    end
  end
  return ""
end

-- As root, the workers stay root: they must read this tree, wherever it is.
local function user()
  return shell.must "id -u" == "0" and "user " .. shell.must "id -un" .. " " .. shell.must "id -gn" .. ";"
    or ""
end

local function free_port()
  local held = assert(socket.bind("127.0.0.1", 0))
  local _, port = held:getsockname()
  held:close()
  return tonumber(port)
end

local function environment(self, options)
  local all = { TMPDIR = self.tmp, HEYGEN_API_KEY = "a-key-for-nginx" }
  if options.sim then
    all.HEYGEN_API_BASE = options.sim.url
  end
  for name, value in pairs(options.env or {}) do
    all[name] = value
  end
  local lines = {}
  for name, value in pairs(all) do
    lines[#lines + 1] = ('env "%s=%s";'):format(name, value)
  end
  return table.concat(lines, "\n")
end

local function locations(options)
  local blocks = { options.server }
  for path, code in pairs(options.locations or {}) do
    blocks[#blocks + 1] = ("location = %s { content_by_lua_block {\n%s\n} }"):format(path, code)
  end
  return table.concat(blocks, "\n")
end

--- Starts it.
---@param options table sim (the simulator of its clients), workers (1; 0: no master process), locations = { [path] =
---   Lua code of content_by_lua }, server, http and main = more text for those blocks, env = { name = value },
---   modules = { name = Lua code for require }, tool = what goes before nginx on the command line ($root: this tree)
---@return table server
function resty.start(options)
  local directory = child.scratch()
  local self = setmetatable({ directory = directory, tmp = directory .. "/tmp", port = free_port() }, resty)
  self.forgiven, self.master = {}, options.workers ~= 0
  shell.must(("mkdir -p %s/lua %s && touch %s/error.log"):format(directory, self.tmp, directory))
  for name, code in pairs(options.modules or {}) do
    self:write("lua/" .. name .. ".lua", code)
  end
  local root = lfs.currentdir()
  local values = {
    user = user(),
    workers = self.master and (options.workers or 1) or 1,
    master = self.master and "on" or "off",
    modules = load_modules(),
    environment = environment(self, options),
    main = options.main or "",
    root = root,
    tree = TREE:gsub("%$root", root),
    prefix = directory,
    http = options.http or "",
    port = self.port,
    server = locations(options),
  }
  self:write("nginx.conf", (CONFIG:gsub("%$(%l+)", values)))
  local tool = (options.tool or ""):gsub("%$(%l+)", values)
  self.patience = options.tool and TOOL_PATIENCE or PATIENCE
  self.pipe = io.popen(RUN:format(directory, tool), "w")
  local ok = pcall(self.until_true, self, function()
    return self:answers()
  end, "the first answer")
  if not ok then
    local log = shell.run(("cat %s/*.log"):format(directory))
    self:stop()
    error("nginx did not start: " .. log)
  end
  return self
end

function resty:answers()
  local connection = socket.connect("127.0.0.1", self.port)
  if connection then
    connection:settimeout(PATIENCE)
    connection:send "GET /up HTTP/1.0\r\n\r\n"
    local line = connection:receive "*l"
    connection:close()
    return line ~= nil
  end
  return false
end

function resty:write(name, content)
  local file = assert(io.open(self.directory .. "/" .. name, "wb"))
  file:write(content)
  file:close()
end

---@return string text "" when there is no such file
function resty:read(name)
  local file = io.open(self.directory .. "/" .. name, "rb")
  local text = file and file:read "*a" or ""
  if file then
    file:close()
  end
  return text
end

-- ---- requests ----

--- Sends a request and does not wait for the answer; `resty.answer` does.
---@return table connection
function resty:send(path)
  local connection = assert(socket.connect("127.0.0.1", self.port))
  connection:settimeout(self.patience)
  assert(connection:send(("GET %s HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n"):format(path)))
  return connection
end

--- The answer on a connection.
---@return integer? status nil when the connection ended without one
---@return string body
function resty.answer(connection)
  local text, problem, partial = connection:receive "*a"
  connection:close()
  text = text or partial
  assert(problem ~= "timeout", "nginx does not answer")
  local status, body = text:match "^HTTP/1%.%d (%d+).-\r\n\r\n(.*)$"
  return tonumber(status), body or ""
end

---@return integer? status
---@return string body
function resty:get(path)
  return resty.answer(self:send(path))
end

--- The body of an answer that must be 200.
---@return string body without the last newline
function resty:ask(path)
  local status, body = self:get(path)
  if status ~= 200 then
    error(("GET %s: %s %s\n%s"):format(path, tostring(status), body, self:log()), 2)
  end
  return (body:gsub("\n$", ""))
end

-- ---- its processes ----

--- Calls `check` until it gives a value; raises after a minute.
function resty:until_true(check, what)
  local limit = socket.gettime() + PATIENCE
  while true do
    local value = check()
    if value then
      return value
    elseif socket.gettime() > limit then
      error(("waited in vain for %s\n%s"):format(what, self:log()), 2)
    end
    socket.sleep(0.01)
  end
end

---@return string pid of the master, or of the only process
function resty:pid()
  return (self:read("nginx.pid"):match "%d+")
end

--- The state of a process: "R", "S", "Z" and so on; nil when there is none.
function resty.state(pid)
  local file = io.open("/proc/" .. pid .. "/stat")
  local text = file and file:read "*a"
  if file then
    file:close()
  end
  return text and text:match "^%d+ %b() (%a)"
end

function resty.is_alive(pid)
  local state = resty.state(pid)
  return state ~= nil and state ~= "Z" and state ~= "X"
end

---@return string[] pids of the workers, the old ones of a reload among them
function resty:workers()
  local pids = {}
  for _, line in ipairs(shell.lines("ps -o pid= --ppid " .. self:pid() .. " || true")) do
    local pid = line:match "%d+"
    if resty.is_alive(pid) then
      pids[#pids + 1] = pid
    end
  end
  return pids
end

--- Sends a signal to the master, or to a process of it.
---@param name string "HUP", "QUIT"
---@param pid string?
function resty:signal(name, pid)
  shell.must(("kill -%s %s"):format(name, pid or self:pid()))
end

--- Ends the workers there are after their last request, and starts others. Returns the old ones when new ones answer.
---@return string[] pids
function resty:reload()
  local old = self:workers()
  local started = select(2, self:log():gsub("start worker process ", ""))
  self:signal "HUP"
  self:until_true(function()
    return select(2, self:log():gsub("start worker process ", "")) >= started + #old
  end, "new workers")
  return old
end

---@param pids string[]
function resty:until_ended(pids)
  for _, pid in ipairs(pids) do
    self:until_true(function()
      return not resty.is_alive(pid)
    end, "the end of process " .. pid)
  end
end

--- Open descriptors and threads of a process.
---@return table counts { fds, threads }
function resty.counts(pid)
  local counts = { fds = 0, threads = 0 }
  for what, directory in pairs { fds = "fd", threads = "task" } do
    for name in lfs.dir(("/proc/%s/%s"):format(pid, directory)) do
      counts[what] = counts[what] + (name:find "^%d" and 1 or 0)
    end
  end
  return counts
end

--- What is left in its temporary directory.
---@return string[] names
function resty:leftovers()
  local names = {}
  for name in lfs.dir(self.tmp) do
    if name ~= "." and name ~= ".." then
      names[#names + 1] = name
    end
  end
  return names
end

-- ---- its log ----

---@return string
function resty:log()
  return self:read "error.log"
end

--- Entries of the log that contain a pattern are what a test wants.
---@param pattern string
function resty:forgive(pattern)
  self.forgiven[#self.forgiven + 1] = pattern
end

--- The warnings and errors in the log that were not forgiven, each with its trace.
---@return string[] entries
function resty:complaints()
  local entries = {}
  for line in self:log():gmatch "[^\n]+" do
    if line:find "^%d%d%d%d/%d%d/%d%d " or #entries == 0 then
      entries[#entries + 1] = line
    else
      entries[#entries] = entries[#entries] .. "\n" .. line
    end
  end
  local bad = {}
  for _, entry in ipairs(entries) do
    local level = entry:match "%[(%l+)%]"
    local is_bad = level ~= "notice" and level ~= "info" and level ~= "debug"
    for _, pattern in ipairs(self.forgiven) do
      is_bad = is_bad and not entry:find(pattern)
    end
    if is_bad then
      bad[#bad + 1] = entry
    end
  end
  return bad
end

--- Ends it.
---@return string output what nginx, or the tool before it, has printed
---@return integer? status how the process has ended
function resty:stop()
  self.pipe:close()
  local output, status = self:read "start.log", tonumber(self:read "status")
  shell.must("rm -r " .. self.directory)
  return output, status
end

return resty
