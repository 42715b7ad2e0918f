-- Starts the local HeyGen as a child process: for tests and demos written in Lua.
local settings = require "heygen.sim.options"
local suggest = require "heygen.schema.suggest"

local sim = {}

local server = {}
server.__index = server

-- nginx itself is waited for up to 15 seconds.
local DEFAULT_WAIT = 20

local function quote(text)
  return "'" .. tostring(text):gsub("'", "'\\''") .. "'"
end

local function exists(path)
  local file = io.open(path)
  if file then
    file:close()
  end
  return file ~= nil
end

local function read_all(path)
  local file = io.open(path)
  local text = file and file:read "*a" or ""
  if file then
    file:close()
  end
  return text
end

local function nap()
  local socket = package.loaded.socket
  if type(socket) == "table" and socket.sleep then
    socket.sleep(0.005)
  else
    os.execute "sleep 0.02"
  end
end

local function own_interpreter()
  if rawget(_G, "jit") then
    return "luajit"
  end
  return "lua" .. _VERSION:match "%d+%.%d+"
end

local HERE = debug.getinfo(1, "S").source:match "^@(.*)init%.lua$" or ""

local NAMED = {
  "front",
  "host",
  "port",
  "workers",
  "url",
  "speed",
  "seed",
  "scenario",
  "remember",
  "bodies",
  "state",
  "receivers",
}
local KNOWN = {
  lua = "string",
  keys = "table",
  behaviour = "table",
  faults = "table or string",
  log = "boolean",
  quiet = "boolean",
  tls = "boolean",
  wait = "number",
  errors = "string",
}
for _, name in ipairs(NAMED) do
  KNOWN[name] = "string or number"
end

local function check(options)
  for name, value in pairs(options) do
    local kinds = KNOWN[name]
    if not kinds then
      local names = {}
      for known in pairs(KNOWN) do
        names[#names + 1] = known
      end
      error("heygen.sim.start: unknown option " .. tostring(name) .. suggest.hint(name, names), 3)
    elseif not kinds:find(type(value), 1, true) then
      error("heygen.sim.start: " .. name .. " must be a " .. kinds .. ", not a " .. type(value), 3)
    end
  end
end

local function as_text(value)
  if type(value) == "number" then
    return string.format("%.14g", value)
  end
  -- Anything else must be the null of a JSON module.
  local plain = type(value) == "string" or type(value) == "boolean"
  return plain and tostring(value) or "null"
end

local function arguments(options, url_file)
  local list = { "--until-stdin-closes", "--url-file", url_file }
  local function add(name, value)
    list[#list + 1] = "--" .. name
    list[#list + 1] = as_text(value)
  end
  for _, name in ipairs(NAMED) do
    if options[name] ~= nil then
      add(name, options[name])
    end
  end
  for _, key in ipairs(options.keys or {}) do
    add("key", key)
  end
  local names = {}
  for name in pairs(options.behaviour or {}) do
    names[#names + 1] = name
  end
  table.sort(names)
  for _, name in ipairs(names) do
    add("set", name .. "=" .. as_text(options.behaviour[name]))
  end
  if options.faults then
    add(
      "faults",
      type(options.faults) == "string" and options.faults or require("heygen.core").encode(options.faults)
    )
  end
  if options.tls then
    list[#list + 1] = "--ca-file"
    list[#list + 1] = url_file .. ".ca"
  end
  for _, name in ipairs { "log", "quiet", "tls" } do
    if options[name] then
      list[#list + 1] = "--" .. name
    end
  end
  return list
end

-- The program as a shell command without its arguments: the script of the source tree, or else the installed modules
-- with the paths of this process.
local function program(options)
  local interpreter, script = quote(options.lua or own_interpreter()), HERE .. "../../../bin/heygen-sim"
  if exists(script) then
    return interpreter .. " " .. quote(script)
  end
  local paths = string.format("package.path, package.cpath = %q, %q", package.path, package.cpath)
  return interpreter .. (options.lua and "" or " -e " .. quote(paths)) .. " " .. quote(HERE .. "command.lua")
end

local function command_line(options, list, url_file)
  local parts = { program(options) }
  for _, argument in ipairs(list) do
    parts[#parts + 1] = quote(argument)
  end
  -- Many connections want as many descriptors. When it cannot start, that is written where the URL is awaited; nobody
  -- waits any more once the file is gone.
  return string.format(
    'ulimit -Sn "$(ulimit -Hn)"; '
      .. '%s --with-process "$PPID" >/dev/null 2>%s || { [ -f %s ] && [ ! -s %s ] && echo failed >%s; }',
    table.concat(parts, " "),
    options.errors and quote(options.errors) or "&2",
    quote(url_file),
    quote(url_file),
    quote(url_file)
  )
end

--- Waits until the server has really ended. Safe to call twice.
function server:stop()
  if type(self) ~= "table" then
    error("heygen.sim: call it with a colon: server:stop()", 2)
  end
  local pipe = self.pipe
  if pipe then
    self.pipe = nil
    -- A process that was forked meanwhile may hold the pipe open: so it is told, too.
    pcall(pipe.write, pipe, "quit\n")
    pcall(pipe.close, pipe)
    if self.ca then
      -- One that was killed could not.
      os.remove(self.ca)
    end
  end
end

server.__gc = server.stop

--- Starts a server; it ends with this process, also when that is killed, and leaves nothing behind.
---@param options table? front, tls, workers, host, port, url, speed, seed, scenario, remember, bodies, state,
---   receivers, keys (list), behaviour (name → value), faults (list or JSON text), log, quiet: see heygen-sim --help;
---   lua = interpreter (default: the one this runs on); wait = seconds to wait for it at most (default 20);
---   errors = file for its standard error (default: that of this process)
---@return table|nil server { url = base URL, stop = method }; with tls also ca = file with the certificate to trust,
---   and plain_url = the same server without TLS
---@return string|nil message
function sim.start(options)
  options = options or {}
  check(options)
  local url_file = os.tmpname()
  local list = arguments(options, url_file)
  local values, message = settings.read(list)
  local pipe
  if values then
    pipe, message = io.popen(command_line(options, list, url_file), "w")
  end
  if not pipe then
    os.remove(url_file)
    return nil, "the simulator could not be started: " .. tostring(message)
  end
  local self = setmetatable({ pipe = pipe }, server)
  local deadline = os.time() + (options.wait or DEFAULT_WAIT)
  local text
  repeat
    nap()
    text = read_all(url_file)
  until text:find "\n" or os.time() > deadline
  os.remove(url_file)
  self.url, self.plain_url = text:match "^(http%S+)\n", text:match "\n(http://%S+)\n"
  self.ca = options.tls and url_file .. ".ca" or nil
  if not self.url then
    self:stop()
    local reason = text:match "^failed: ([^\n]*)"
    if not reason then
      reason = text == "" and "nothing came of it in time" or "it says why on standard error"
    end
    return nil, "the simulator could not be started: " .. reason
  end
  return self
end

return sim
