-- heygen-sim as a program: options in, a running server until it is told to end.
local options = require "heygen.sim.options"
local setup = require "heygen.sim.setup"

local main = {}

main._VERSION = "0.1.0"

local function complain(text)
  io.stderr:write("heygen-sim: ", text, "\n")
end

local function write_file(path, text)
  -- Under another name first: a reader never sees half a URL.
  local file, message = io.open(path .. ".new", "w")
  if not file then
    return nil, message
  end
  file:write(text, "\n")
  file:close()
  return os.rename(path .. ".new", path)
end

-- The files must not name a server that has ended, nor a certificate that it had.
local function forget(path, beginning)
  local file = io.open(path)
  if file then
    local mine = file:read(#beginning) == beginning
    file:close()
    if mine then
      os.remove(path)
    end
  end
end

-- Unix time that never runs backwards, and its distance from the system's monotonic clock.
local function unix_time(uv)
  local seconds, microseconds = uv.gettimeofday()
  local epoch = seconds + microseconds / 1e6 - uv.hrtime() / 1e9
  return function()
    return epoch + uv.hrtime() / 1e9
  end, epoch
end

-- Restores the model from the state file, and records its changes there.
local function keep_state(values, the_model, uv)
  local wanted = {}
  local scenario = values.scenario and require("heygen.sim.core.scenarios")[values.scenario]
  for _, set in ipairs { scenario and scenario.behaviour or {}, values.behaviour } do
    for name, value in pairs(set) do
      wanted[name] = value
    end
  end
  local kept, message = require("heygen.sim.core.store").open(values.state, uv)
  if not kept then
    return nil, message
  elseif kept.torn > 0 and not values.quiet then
    complain(string.format("%s: a last record of %d bytes was torn and is gone", values.state, kept.torn))
  end
  local count, problem = require("heygen.sim.core.persistence").attach(kept, the_model, values, wanted)
  if not count then
    kept:close()
    return nil, problem
  end
  return kept
end

local function watch_stdin(uv, stop)
  local kind = uv.guess_handle(0)
  if kind ~= "pipe" and kind ~= "tty" then
    -- A file or /dev/null: it is at its end already.
    return stop()
  end
  local input = kind == "tty" and uv.new_tty(0, true) or uv.new_pipe(false)
  if kind == "pipe" then
    input:open(0)
  end
  input:read_start(function(problem, bytes)
    if problem or not bytes or bytes:find "quit" then
      stop()
    end
  end)
end

-- A zombie can still be sent signals, so its state is read as well.
local function has_ended(uv, pid)
  local alive, _, name = uv.kill(pid, 0)
  if not alive then
    return name == "ESRCH"
  end
  local file = io.open("/proc/" .. pid .. "/stat")
  local text = file and file:read "*a" or ""
  if file then
    file:close()
  end
  return text:find "^.*%) [ZX]" ~= nil
end

-- Another child of the parent may hold standard input open, so the parent's life and the URL file are polled as well.
local function poll_parent(uv, values, stop)
  local pid, url_file = values["with-process"], values.home and values["url-file"]
  local timer = uv.new_timer()
  timer:start(500, 500, function()
    if (pid and has_ended(uv, pid)) or (url_file and not uv.fs_stat(url_file)) then
      stop()
    end
  end)
end

local function log_request(entry)
  io.stderr:write(
    string.format(
      "%s #%d %s %s %s%s\n",
      os.date "%H:%M:%S",
      entry.connection,
      entry.method,
      entry.target,
      tostring(entry.status or "-"),
      entry.fault and " (fault)" or ""
    )
  )
end

local function copy_ca(values, server)
  if values["ca-file"] then
    local ok, trouble = server:copy_ca(values["ca-file"])
    if not ok then
      return nil, "--ca-file: " .. tostring(trouble)
    end
  end
  return true
end

local function open_luv(values, the_model)
  return require("heygen.sim.luv.front").listen(the_model, {
    host = values.host,
    port = values.port,
    log = complain,
    on_request = values.log and log_request or nil,
  })
end

local function open_nginx(values, the_model, uv, epoch)
  local server, message = require("heygen.sim.nginx.front").listen {
    host = values.host,
    port = values.port,
    tls = values.tls,
    workers = values.workers,
    values = values,
    start = the_model.clock.base,
    mark = the_model.clock.mark,
    epoch = epoch,
    records = values.state,
    on_end = uv.stop,
  }
  if not server then
    return nil, message
  end
  local ok, trouble = copy_ca(values, server)
  if not ok then
    server:close()
    return nil, trouble
  end
  return server
end

-- Without a port that was asked for: the usual one, or a free one.
local function open_somewhere(values, open)
  if values.port then
    return open()
  end
  values.port = options.PORT
  local server, problem = open()
  if server or not problem:find "^cannot listen" then
    return server, problem
  end
  values.port = 0
  server, problem = open()
  if server and not values.quiet then
    complain(string.format("port %d is taken; it listens on %s", options.PORT, server.url))
  end
  return server, problem
end

-- Ends the loop when it is time, from now on.
local function watch(values, uv)
  local function stop()
    uv.stop()
  end
  for _, name in ipairs { "sigint", "sigterm" } do
    local signal = uv.new_signal()
    signal:start(name, stop)
  end
  if values["until-stdin-closes"] then
    watch_stdin(uv, stop)
  end
  if values["with-process"] or values.home then
    poll_parent(uv, values, stop)
  end
end

-- The server, and the state that it keeps, if any.
local function open_both(values, uv)
  local source, epoch = unix_time(uv)
  local the_model, message = setup.model(values, source)
  if not the_model then
    return nil, message
  end
  local server, kept, problem
  -- nginx's workers play the file themselves; here the model must know its address before.
  local first = values.state and values.front == "nginx"
  if first then
    kept, problem = keep_state(values, the_model, uv)
    if not kept then
      return nil, problem
    end
  end
  local open = values.front == "nginx" and open_nginx or open_luv
  server, problem = open_somewhere(values, function()
    return open(values, the_model, uv, epoch)
  end)
  if not server then
    if kept then
      kept:close()
    end
    return nil, problem
  end
  the_model.base_url = (values.url or server.url):gsub("/+$", "")
  if values.state and not first then
    kept, problem = keep_state(values, the_model, uv)
    if not kept then
      server:close()
      return nil, problem
    end
  end
  return server, kept
end

local function announce(values, server)
  if server.host ~= "127.0.0.1" and server.host ~= "::1" and not values.quiet then
    complain("warning: others on the network can reach " .. server.url .. ", its controls included")
  end
  local urls = server.url .. (server.tls_url and "\n" .. server.plain_url or "")
  io.stdout:write(urls, "\n")
  io.stdout:flush()
  if values["url-file"] then
    -- One line, for $(cat FILE); who names the directory reads both.
    local ok, trouble = write_file(values["url-file"], values.home and urls or server.url)
    if not ok then
      return nil, "--url-file: " .. tostring(trouble)
    end
  end
  return true
end

local function serve(values, uv)
  local server, kept = open_both(values, uv)
  if not server then
    return nil, kept
  end
  local ok, problem = announce(values, server)
  local ca_line = ok and values["ca-file"] and server:ca_text()
  if ok then
    if server.sender then
      -- What became due while it was away.
      server.sender:arm()
    end
    watch(values, uv)
    uv.run()
    if server.ended then
      ok, problem = nil, "nginx has ended by itself"
    end
  end
  server:close()
  -- Once more, so that what was closed is really gone.
  uv.run "nowait"
  if kept then
    kept:close()
  end
  if values["url-file"] then
    forget(values["url-file"], server.url)
  end
  if ca_line then
    forget(values["ca-file"], ca_line)
  end
  if values.home then
    os.remove(values.home)
  end
  return ok, problem
end

-- A caller that waits for a URL in an empty file gets the reason there instead.
local function report(path, problem)
  local file = io.open(path)
  if file then
    local empty = file:read "*a" == ""
    file:close()
    if empty then
      write_file(path, "failed: " .. problem)
    end
  end
end

-- What `eval "$(heygen-sim --env)"` gets when it does not start: eval of nothing would succeed, and the next program
-- would go to the real service and pay there.
local NOTHING = "export HEYGEN_API_BASE=http://127.0.0.1:1; false"

local function has_env(arguments)
  for _, argument in ipairs(arguments) do
    if argument == "--env" then
      return true
    end
  end
  return false
end

--- Runs the program.
---@param arguments table array of strings
---@return number exit status
function main.run(arguments)
  local values, message = options.read(arguments)
  if not values then
    complain(message)
    if has_env(arguments) then
      print(NOTHING)
    end
    return 2
  elseif values.help then
    print(options.help())
    return 0
  elseif values.version then
    print("heygen-sim " .. main._VERSION)
    return 0
  end
  local has_luv, uv = pcall(require, "luv")
  local ok, problem
  if not has_luv then
    problem = "the Lua module luv is missing (apt-get install lua-luv, or luarocks install luv)"
  elseif values.env then
    ok, problem = require("heygen.sim.background").start(arguments, values)
    if ok then
      print(ok)
      return 0
    end
  else
    ok, problem = serve(values, uv)
  end
  if not ok then
    complain(problem)
    if values.env then
      print(NOTHING)
    end
    if values["url-file"] then
      report(values["url-file"], problem)
    end
    return 1
  end
  return 0
end

return main
