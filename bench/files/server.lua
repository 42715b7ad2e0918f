-- A real nginx that serves a file, takes one by PUT, and gives the few answers of the API that are needed for it.
local json = require "cjson"

local server = {}
server.__index = server

local CONFIG = [[
daemon off;
master_process off;
pid nginx.pid;
error_log error.log;
events { worker_connections 64; }
http {
  # What nginx itself has seen of each exchange: seconds, and whether it was compressed.
  log_format exchange '$request_method $uri $request_time $status '
    'in=$http_content_encoding out=$sent_http_content_encoding';
  access_log access.log exchange;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  client_max_body_size 0;
  client_body_buffer_size 1m;
  sendfile on;
  tcp_nopush on;
  default_type application/json;
  types { video/mp4 mp4; }
  %s
}
]]

local SITE = [[
  server {
    listen 127.0.0.1:%d%s;
    root files;
    location /stored/ { root .; dav_methods PUT; %s }
    location ~ \.mp4$ { %s }
    location = /v3/videos/video { return 200 '%s'; }
    location = /v3/assets/direct-uploads { return 200 '%s'; }
    location = /v3/assets/a/complete { return 200 '%s'; }
  }
]]

local TLS = " ssl; ssl_certificate own.crt; ssl_certificate_key own.key; ssl_protocols TLSv1.3"
-- What a server does that compresses whenever it is allowed to.
local GZIP = "gzip on; gzip_types *; gzip_comp_level 1; gzip_min_length 1; gzip_proxied any;"

local function answer(data)
  return json.encode { data = data }
end

-- What the API says of a video under `url`, of a slot for one, and of one that was uploaded.
local function answers(url)
  return answer { id = "video", status = "completed", video_url = url .. "/video.mp4" },
    answer {
      asset_id = "a",
      upload_url = url .. "/stored/video",
      upload_headers = { ["Content-Type"] = "video/mp4" },
      expires_in_seconds = 900,
      max_bytes = 1e10,
      status = "pending_upload",
    },
    answer {
      asset_id = "a",
      url = url .. "/stored/video",
      mime_type = "video/mp4",
      size_bytes = 1e9,
      status = "completed",
    }
end

-- The forms: TLS or not, compressing or not.
server.forms = {
  { name = "plain", scheme = "http", listen = "", compress = "" },
  { name = "gzip refused", scheme = "http", listen = "", compress = GZIP },
  { name = "TLS", scheme = "https", listen = TLS, compress = "" },
}

local function output_of(command)
  local pipe = assert(io.popen(command))
  local text = pipe:read "a"
  assert(pipe:close(), command)
  return text
end

local function free_ports(count)
  local uv = require "luv"
  local held, ports = {}, {}
  for index = 1, count do
    held[index] = uv.new_tcp()
    assert(held[index]:bind("127.0.0.1", 0))
    ports[index] = held[index]:getsockname().port
  end
  for index = 1, count do
    held[index]:close()
  end
  uv.run()
  return ports
end

local function make_certificate(directory)
  local command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -keyout own.key -out own.crt"
    .. " -addext subjectAltName=DNS:localhost -addext basicConstraints=critical,CA:TRUE"
  output_of(("cd '%s' && %s 2>&1"):format(directory, command))
end

--- Starts it in a directory that has files/video.mp4. server.url["TLS"] and so on are the addresses.
function server.start(directory)
  make_certificate(directory)
  local self = setmetatable({ directory = directory, url = {} }, server)
  local ports, sites = free_ports(#server.forms), {}
  for index, form in ipairs(server.forms) do
    local url = ("%s://localhost:%d"):format(form.scheme, ports[index])
    self.url[form.name] = url
    sites[index] = SITE:format(ports[index], form.listen, form.compress, form.compress, answers(url))
  end
  local file = assert(io.open(directory .. "/nginx.conf", "w"))
  file:write(CONFIG:format(table.concat(sites)))
  file:close()
  output_of(("mkdir -p '%s/stored' '%s/body'"):format(directory, directory))
  -- Its input is the life line: it ends when the pipe does.
  self.pipe = assert(
    io.popen(
      ("PATH=$PATH:/usr/sbin; cd '%s'; nginx -p . -e error.log -c nginx.conf 2>start.log & server=$!;"):format(
        directory
      ) .. " cat >/dev/null; kill $server 2>/dev/null; wait",
      "w"
    )
  )
  for _ = 1, 200 do
    local pid = io.open(directory .. "/nginx.pid")
    local there = pid and pid:read "n"
    if pid then
      pid:close()
    end
    if there then
      return self
    end
    os.execute "sleep 0.05"
  end
  self:stop()
  error("nginx did not start: " .. output_of(("cat '%s'/*.log"):format(directory)))
end

--- What nginx has noted since the last call: a list of method, path, seconds, status, how it was compressed.
function server:exchanges()
  local list = {}
  os.execute "sleep 0.05" -- it notes an exchange after the client has its answer
  local file = assert(io.open(self.directory .. "/access.log"))
  file:seek("set", self.read or 0)
  for line in file:lines() do
    local method, path, seconds, status, request, response =
      line:match "^(%S+) (%S+) ([%d.]+) (%d+) in=(%S+) out=(%S+)$"
    list[#list + 1] = {
      method = assert(method, line),
      path = path,
      seconds = tonumber(seconds),
      status = tonumber(status),
      compressed = request ~= "-" or response ~= "-",
    }
  end
  self.read = file:seek "cur"
  file:close()
  return list
end

function server:stop()
  self.pipe:close()
end

return server
