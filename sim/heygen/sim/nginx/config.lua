-- The nginx.conf of one run: private to its prefix directory.
local config = {}

local TEMPLATE = [[
daemon off;
$user
worker_processes $workers;
pid nginx.pid;
error_log error.log warn;
$modules
worker_rlimit_nofile $files;
worker_shutdown_timeout 2s;
events { worker_connections $connections; }

http {
  access_log off;
  server_tokens off;
  default_type application/json;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  lua_package_path "$path";
  lua_package_cpath "$cpath";
  lua_shared_dict heygen_sim 256m;
  lua_socket_log_errors off;
  init_by_lua_block { require("heygen.sim.nginx.worker").begin("$prefix") }
  init_worker_by_lua_block { require("heygen.sim.nginx.worker").start() }
  exit_worker_by_lua_block { require("heygen.sim.nginx.worker").finish() }
$server
}
]]

local SERVER = [[
  client_max_body_size 40m;
  client_body_buffer_size 256k;
  client_header_timeout 60s;
  client_body_timeout 60s;
  large_client_header_buffers 4 64k;
  keepalive_timeout 600s;
  keepalive_requests 1000000;
  tcp_nodelay on;
  reset_timedout_connection on;
  underscores_in_headers on;
  ignore_invalid_headers off;

  server {
    listen $plain backlog=4096;
    $tls
    location / {
      lua_check_client_abort on;
      content_by_lua_block { require("heygen.sim.nginx.worker").answer() }
    }
    location /uploads/ {
      client_max_body_size 100m;
      lua_check_client_abort on;
      content_by_lua_block { require("heygen.sim.nginx.worker").answer() }
    }
    location = /_sim/refused {
      internal;
      content_by_lua_block { require("heygen.sim.nginx.worker").refuse() }
    }
    error_page 400 408 413 414 431 494 497 500 501 505 /_sim/refused;
  }]]

local TLS = [[
listen $address ssl http2 backlog=4096;
    ssl_certificate good.pem;
    ssl_certificate_key key.pem;
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_session_tickets off;
    ssl_session_cache off;
    http2_max_concurrent_streams 256;
    ssl_certificate_by_lua_block { require("heygen.sim.nginx.worker").shake_hands() }]]

local MODULES = { "ndk_http_module", "ngx_http_lua_module" }

local function fill(template, values)
  return (template:gsub("%$(%l+)", values))
end

local function modules(directory)
  local lines = {}
  for i, name in ipairs(directory and MODULES or {}) do
    lines[i] = string.format('load_module "%s/%s.so";', directory, name)
  end
  return table.concat(lines, "\n")
end

local function server(values)
  return fill(SERVER, {
    plain = values.plain,
    tls = values.tls and fill(TLS, { address = values.tls }) or "",
  })
end

--- The text of the configuration.
---@param values table prefix, workers, files (most descriptors), plain = "host:port", tls = "host:port" or nil,
---   path, cpath (Lua's), modules = directory of nginx's dynamic modules or nil, user = name or nil (when not root)
---@return string
function config.text(values)
  return fill(TEMPLATE, {
    user = values.user and "user " .. values.user .. ";" or "",
    workers = values.workers,
    modules = modules(values.modules),
    files = values.files,
    connections = math.max(512, values.files - 64),
    path = values.path,
    cpath = values.cpath,
    prefix = values.prefix,
    server = server(values),
  })
end

return config
