-- A real nginx from a directory of its own, with TLS and HTTP/2; it ends with the process that started it.
local certificates = require "spec.support.certificates"
local child = require "spec.support.child"
local shell = require "spec.support.shell"
local socket = require "socket"

local nginx = {}
nginx.__index = nginx

local CONFIG = [[
daemon off;
master_process off;
pid nginx.pid;
error_log error.log;
events { worker_connections 512; }
http {
  access_log off;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  keepalive_requests 10000;
  lingering_close off;
  ssl_session_cache shared:sessions:1m;
  root .;
  server_tokens off;
%s
}
]]

local SERVER = [[
  server {
    listen 127.0.0.1:%d ssl%s;
    ssl_certificate %s.crt;
    ssl_certificate_key %s.key;
    %s
    location / {
      return 200 "$connection $server_protocol $ssl_protocol $ssl_session_reused $http_x_api_key";
    }
    location /small { client_max_body_size 1k; proxy_pass http://127.0.0.1:1; }
    location /upload { client_max_body_size 100m; proxy_pass http://127.0.0.1:1; }
    location /files { }
    location /via/ {
      proxy_pass http://127.0.0.1:$arg_port;
      proxy_http_version 1.1;
      proxy_set_header X-Version $server_protocol;
    }
  }
]]

-- name, HTTP/2, certificate, more settings
local SERVERS = {
  { "good", " http2", "good", "ssl_protocols TLSv1.2 TLSv1.3;" },
  { "http1", "", "good", "ssl_protocols TLSv1.2 TLSv1.3;" },
  { "expired", " http2", "expired", "" },
  { "early", " http2", "early", "" },
  { "elsewhere", " http2", "elsewhere", "" },
  { "old", "", "good", "ssl_protocols TLSv1.1; ssl_ciphers DEFAULT@SECLEVEL=0;" },
  { "middle", "", "good", "ssl_protocols TLSv1.2;" },
}

-- Another process can take a free port a moment later.
local TRIES = 5

local function read(path)
  local file = io.open(path)
  local text = file and file:read "*a" or ""
  if file then
    file:close()
  end
  return text
end

-- Ports that are free now; all are held until the last one is found, so that they differ.
local function free_ports(n)
  local held, ports = {}, {}
  for i = 1, n do
    held[i] = assert(socket.bind("127.0.0.1", 0))
    ports[i] = tonumber((select(2, held[i]:getsockname())))
  end
  for i = 1, n do
    held[i]:close()
  end
  return ports
end

-- Runs it in its directory; true once it listens, false when another program was faster with one of its ports.
local function run(self)
  local ports, servers = free_ports(#SERVERS), {}
  for n, s in ipairs(SERVERS) do
    servers[n] = SERVER:format(ports[n], s[2], s[3], s[3], s[4])
    self.port[s[1]] = ports[n]
    self.url[s[1]] = "https://localhost:" .. ports[n]
  end
  self:write("nginx.conf", CONFIG:format(table.concat(servers)))
  -- Its input is the life line: it ends when the pipe does.
  local command = "nginx -p . -e error.log -c nginx.conf 2>start.log"
  os.remove(self.directory .. "/start.log")
  -- Not -QUIT: a shell has its background ignore that until the program says what to do with it.
  self.pipe = io.popen(
    ("unset LD_PRELOAD; PATH=$PATH:/usr/sbin; cd %s; %s & server=$!;"):format(self.directory, command)
      .. " cat >/dev/null; kill $server 2>/dev/null; wait",
    "w"
  )
  for _ = 1, 3000 do
    -- It writes its number once it has all of its ports.
    if read(self.directory .. "/nginx.pid"):find "%d" then
      return true
    elseif read(self.directory .. "/start.log"):find("still could not bind", 1, true) then
      self.pipe:close()
      return false
    end
    socket.sleep(0.01)
  end
  local log = shell.run(("cat %s/*.log"):format(self.directory))
  self:stop()
  error("nginx did not start: " .. log)
end

--- Starts it. server.url.good and so on are the addresses by kind, server.ca is the right authority.
function nginx.start()
  local directory = child.scratch()
  shell.must(("mkdir -p %s/files"):format(directory))
  certificates.make(directory)
  local self = setmetatable({ directory = directory, url = {}, port = {} }, nginx)
  self.ca = directory .. "/own.crt"
  self.untrusted = directory .. "/untrusted.crt"
  for _ = 1, TRIES do
    if run(self) then
      return self
    end
  end
  shell.must("rm -r " .. directory)
  error "nginx found no free ports"
end

--- Puts a file next to its configuration; under files/ it is served.
function nginx:write(name, content)
  local file = assert(io.open(self.directory .. "/" .. name, "wb"))
  file:write(content)
  file:close()
end

function nginx:stop()
  self.pipe:close()
  shell.must("rm -r " .. self.directory)
end

return nginx
