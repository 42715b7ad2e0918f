-- The nginx front: a private nginx with workers that each hold the model, as a child of this process.
local certificates = require "heygen.sim.nginx.certificates"
local config = require "heygen.sim.nginx.config"
local http1 = require "heygen.webhook.http1"
local uv = require "luv"

local front = {}
front.__index = front

local START_SECONDS, STOP_SECONDS = 15, 5
-- The directories of the simulator's modules and of the client's.
local HERE = debug.getinfo(1, "S").source:match "^@(.*)heygen[/\\]sim[/\\]nginx[/\\]front%.lua$" or "./"
local CLIENT = debug.getinfo(http1.new, "S").source:match "^@(.*)heygen[/\\]webhook[/\\]http1%.lua$" or "./"
-- Where LuaJIT itself searches on common systems.
local LUAJIT_CPATH = ("/usr/lib/%s-linux-gnu/lua/5.1/?.so;/usr/lib/lua/5.1/?.so;/usr/lib64/lua/5.1/?.so"):format(
  uv.os_uname().machine
)

local function quote(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

local function write(path, text)
  local file = assert(io.open(path, "wb"))
  assert(file:write(text))
  assert(file:close())
end

local function read(path)
  local file = io.open(path, "rb")
  local text = file and file:read "*a" or ""
  if file then
    file:close()
  end
  return text
end

local function exists(path)
  local file = io.open(path)
  if file then
    file:close()
  end
  return file ~= nil
end

local function absolute(path)
  return path:sub(1, 1) == "/" and path or uv.cwd() .. "/" .. path
end

-- A socket that listens already: so the port is known, and no other process can take it before nginx has it.
local function socket_for(host, port)
  local socket = uv.new_tcp()
  local called, ok, message = pcall(socket.bind, socket, host, port)
  if not called then
    ok, message = nil, ok
  end
  if ok then
    ok, message = socket:listen(1024, function() end)
  end
  if not ok then
    socket:close()
    return nil, string.format("cannot listen on %s port %d: %s", host, port, tostring(message))
  end
  local bracketed = host:find(":", 1, true) and "[" .. host .. "]" or host
  return { socket = socket, address = bracketed .. ":" .. socket:getsockname().port }
end

local function find_nginx()
  for _, path in ipairs { "/usr/sbin/nginx", "/usr/local/sbin/nginx", "/usr/local/openresty/nginx/sbin/nginx" } do
    if exists(path) then
      return path
    end
  end
  for directory in (os.getenv "PATH" or ""):gmatch "[^:]+" do
    if exists(directory .. "/nginx") then
      return directory .. "/nginx"
    end
  end
end

-- Debian's nginx loads Lua as a module; OpenResty has it built in.
local function find_modules()
  for _, directory in ipairs {
    "/usr/lib/nginx/modules",
    "/usr/lib64/nginx/modules",
    "/usr/share/nginx/modules",
  } do
    if exists(directory .. "/ngx_http_lua_module.so") then
      return directory
    end
  end
end

-- Entries of a path, absolute, each once.
local function joined(entries)
  local list, seen = {}, {}
  for _, entry in ipairs(entries) do
    entry = absolute(entry)
    if not seen[entry] then
      seen[entry] = true
      list[#list + 1] = entry
    end
  end
  return table.concat(list, ";") .. ";"
end

-- Where nginx's workers find what this process has found: its Lua files are good for every version, but the workers run
-- LuaJIT, whose core stands where this process has its own only if it runs LuaJIT or 5.1.
local function lua_paths()
  local path, cpath = {}, {}
  for _, root in ipairs { absolute(HERE), absolute(CLIENT) } do
    path[#path + 1] = root .. "?.lua"
    path[#path + 1] = root .. "?/init.lua"
    cpath[#cpath + 1] = root .. "../build/luajit/?.so"
    cpath[#cpath + 1] = root .. "../../../lib/lua/5.1/?.so"
  end
  if _VERSION == "Lua 5.1" then
    for entry in package.cpath:gmatch "[^;]+" do
      cpath[#cpath + 1] = entry
    end
  end
  cpath[#cpath + 1] = "/usr/local/lib/lua/5.1/?.so"
  return joined(path), joined(cpath)
end

-- Why the workers could not start; nil when they can.
local function core_problem(cpath)
  for entry in (cpath .. LUAJIT_CPATH):gmatch "[^;]+" do
    if exists((entry:gsub("%?", "heygen/core"))) then
      return nil
    end
  end
  return "nginx runs LuaJIT, and there is no C core for that (make build LUA=luajit, make install LUA=luajit with the "
    .. "same PREFIX, or the rock heygen for Lua 5.1)"
end

local function most_files()
  local pipe = io.popen "ulimit -Hn"
  local text = pipe:read "*l"
  pipe:close()
  -- nginx takes memory for each connection that it might have.
  return math.min(tonumber(text) or 16448, 16448)
end

local function fill_prefix(self, options, path, cpath)
  local user = uv.os_get_passwd()
  write(
    self.prefix .. "nginx.conf",
    config.text {
      prefix = self.prefix,
      workers = options.workers or 2,
      files = most_files(),
      plain = self.plain.address,
      tls = self.tls and self.tls.address,
      path = path .. ";",
      cpath = cpath .. ";",
      modules = find_modules(),
      user = user.uid == 0 and user.username or nil,
    }
  )
  local values = options.values
  write(
    self.prefix .. "options.json",
    assert(require("heygen.core").encode {
      parent = uv.os_getpid(),
      start = options.start,
      mark = options.mark,
      epoch = options.epoch,
      records = options.records,
      tls = self.tls ~= nil,
      base_url = (values.url or self.url):gsub("/+$", ""),
      values = {
        speed = values.speed,
        seed = values.seed,
        keys = values.keys,
        behaviour = values.behaviour,
        scenario = values.scenario,
        remember = values.remember,
        bodies = values.bodies,
        receivers = values.receivers,
        history = values.history,
        faults = values.faults,
      },
    })
  )
  write(self.prefix .. "records", "")
  return self.tls == nil or certificates.make(self.prefix)
end

local function spawn(self, program)
  -- As 3 and 4, behind the usual three.
  local first, second = self.sockets[1].socket, self.sockets[2] and self.sockets[2].socket
  local stdio = { nil, nil, 2, first:fileno(), second and second:fileno() }
  local fds = second and "3;4;" or "3;"
  local environment = { "NGINX=" .. fds, "PATH=" .. (os.getenv "PATH" or "") }
  self.child, self.pid = uv.spawn(program, {
    args = { "-p", self.prefix, "-c", "nginx.conf", "-e", "error.log" },
    env = environment,
    -- A Ctrl-C is for this process only, which then ends nginx.
    detached = true,
    stdio = stdio,
  }, function()
    self.ended = true
    if not self.stopping and self.on_end then
      self.on_end()
    end
  end)
  for _, each in ipairs(self.sockets) do
    each.socket:close()
  end
end

-- Lets the loop run until the check is true or the time is over.
local function run_until(seconds, check)
  local deadline = uv.hrtime() + seconds * 1e9
  local timer = uv.new_timer()
  timer:start(2, 2, function() end)
  while not check() and uv.hrtime() < deadline do
    uv.run "once"
  end
  timer:close()
  return check()
end

local function ready(self, workers)
  for number = 0, workers - 1 do
    if not exists(self.prefix .. "ready." .. number) then
      return false
    end
  end
  return true
end

local function why(self)
  local text = read(self.prefix .. "error.log")
  return text:match "%[emerg%] ([^\n]+)" or text:match "%[error%] ([^\n]+)" or "it says nothing"
end

-- nginx continues without a worker that could not begin.
local function has_failed(self)
  return self.ended
    or not self.child
    or read(self.prefix .. "error.log"):find("init_worker_by_lua", 1, true) ~= nil
end

local function open_sockets(self, options)
  local message
  self.sockets = {}
  self.plain, message = socket_for(self.host, options.tls and 0 or options.port or 0)
  self.sockets[1] = self.plain
  if not message and options.tls then
    self.tls, message = socket_for(self.host, options.port or 0)
    self.sockets[#self.sockets + 1] = self.tls
  end
  if message then
    return message
  end
  self.plain_url = "http://" .. self.plain.address
  self.tls_url = self.tls and "https://" .. self.tls.address
  self.url = self.tls_url or self.plain_url
end

--- Starts nginx and waits until all its workers are ready.
---@param options table host, port (of the first URL), tls (boolean), workers, values (the command line's), start and
---   mark (simulated and monotonic seconds at the beginning), on_end = function() called when nginx ends by itself
---@return table|nil server { url, plain_url, tls_url, ca = path, close = method }
---@return string|nil message
function front.listen(options)
  local program = find_nginx()
  if not program then
    return nil, "nginx is missing (apt-get install nginx libnginx-mod-http-lua)"
  end
  local path, cpath = lua_paths()
  local message = core_problem(cpath)
  if message then
    return nil, message
  end
  local self = setmetatable({ host = options.host or "127.0.0.1", on_end = options.on_end }, front)
  message = open_sockets(self, options)
  if message then
    return nil, message
  end
  self.prefix = assert(uv.fs_mkdtemp((os.getenv "TMPDIR" or "/tmp") .. "/heygen-sim-XXXXXX")) .. "/"
  self.ca = self.tls and self.prefix .. "ca.pem"
  local ok
  ok, message = fill_prefix(self, options, path, cpath)
  if not ok then
    self:close()
    return nil, message
  end
  local workers = options.workers or 2
  spawn(self, program)
  run_until(START_SECONDS, function()
    return has_failed(self) or ready(self, workers)
  end)
  if self.ended or not ready(self, workers) then
    message = "nginx did not start: " .. why(self)
    self:close()
    return nil, message
  end
  return self
end

--- Writes the certificate that clients have to trust into a file.
---@param path string
---@return boolean|nil ok, string|nil message
function front:copy_ca(path)
  return pcall(write, path, self:ca_text())
end

---@return string pem
function front:ca_text()
  return read(self.ca)
end

--- Ends nginx, waits for its end, and removes its directory.
function front:close()
  self.stopping = true
  if self.child and not self.ended then
    self.child:kill "sigterm"
    if not run_until(STOP_SECONDS, function()
      return self.ended
    end) then
      self.child:kill "sigkill"
    end
  end
  if self.child and not self.child:is_closing() then
    self.child:close()
  end
  os.execute("rm -rf " .. quote(self.prefix))
end

return front
