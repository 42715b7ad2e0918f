-- Starts the simulator as a child process, for tests and demos written in Lua.
--
-- The child gets a pipe as its standard input, which ends with this process however that ends, and a private directory
-- in which it writes its URL and its certificate.
local checker = require "heygen.schema.options"
local settings = require "heygen.sim.options"

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
  "history",
  "scenario",
  "remember",
  "bodies",
  "state",
  "receivers",
}
local function is_text_or_number(value)
  return type(value) == "string" or (type(value) == "number" and value == value)
end

local function is_text_or_table(value)
  return type(value) == "string" or type(value) == "table"
end

local function keys_problem(keys)
  for index = 1, #keys do
    if type(keys[index]) ~= "string" then
      return "expected a string, got " .. type(keys[index]), "[" .. index .. "]"
    end
  end
end

local KNOWN = {
  lua = { type = "string" },
  keys = { type = "table", problem = keys_problem },
  behaviour = { type = "table" },
  faults = { expected = "a table or a string", is = is_text_or_table },
  log = { type = "boolean" },
  quiet = { type = "boolean" },
  tls = { type = "boolean" },
  wait = { type = "seconds", min = 0 },
  errors = { type = "string" },
}
for _, name in ipairs(NAMED) do
  KNOWN[name] = { expected = "a string or a number", is = is_text_or_number }
end

local function as_text(value)
  if type(value) == "number" then
    return string.format("%.14g", value)
  end
  -- Anything else must be the null of a JSON module.
  local plain = type(value) == "string" or type(value) == "boolean"
  return plain and tostring(value) or "null"
end

local function arguments(options, home)
  local list = { "--until-stdin-closes", "--home", home }
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
  for _, name in ipairs { "log", "quiet", "tls" } do
    if options[name] then
      list[#list + 1] = "--" .. name
    end
  end
  return list
end

-- The simulator as a shell command: the script of the source tree, or else the installed modules with the paths of this
-- process. Another interpreter has paths of its own. The shell's parent is this process.
local function program(options, list)
  local interpreter, script = quote(options.lua or own_interpreter()), HERE .. "../../../bin/heygen-sim"
  local words = {}
  if exists(script) then
    for i, argument in ipairs(list) do
      words[i] = quote(argument)
    end
    return ('%s %s --with-process "$PPID" %s'):format(interpreter, quote(script), table.concat(words, " "))
  end
  for i, argument in ipairs(list) do
    words[i] = string.format("%q", argument)
  end
  local code = options.lua and ""
    or ("package.path, package.cpath = %q, %q "):format(package.path, package.cpath)
  code = code
    .. 'os.exit(require("heygen.sim.main").run { '
    .. table.concat(words, ", ")
    .. ', "--with-process", "'
  return interpreter .. " -e " .. quote(code) .. "$PPID" .. quote '" })'
end

local function command_line(options, list, url_file)
  -- The limit on descriptors is raised for many connections. A program that cannot start leaves "failed" where the URL
  -- is awaited, unless the caller has given up and removed the file.
  return string.format(
    'ulimit -Sn "$(ulimit -Hn)"; %s >/dev/null 2>%s || { [ -f %s ] && [ ! -s %s ] && echo failed >%s; }',
    program(options, list),
    options.errors and quote(options.errors) or "&2",
    quote(url_file),
    quote(url_file),
    quote(url_file)
  )
end

-- A directory that only this user can enter, with the empty file in which the URL is awaited.
local function private_directory()
  local pipe =
    io.popen [[home=$(mktemp -d "${TMPDIR:-/tmp}/heygen-XXXXXX") && : >"$home/url" && echo "$home"]]
  local home = pipe and pipe:read "*l"
  if pipe then
    pipe:close()
  end
  return home
end

--- Waits until the server has really ended. Safe to call twice.
function server:stop()
  if type(self) ~= "table" then
    checker.refuse_dot("server:stop()", 2)
  end
  local pipe = self.pipe
  if pipe then
    self.pipe = nil
    -- Nothing is written: the simulator may have died, and SIGPIPE would end this process. It ends when its standard
    -- input is closed, or, when a forked process holds that open, when the URL file is gone. After a kill its files
    -- are still there.
    os.remove(self.home .. "/url")
    pcall(pipe.close, pipe)
    os.remove(self.home .. "/ca.pem")
    os.remove(self.home)
  end
end

server.__gc = server.stop

--- Starts a server; it ends with this process, also when that is killed, and leaves nothing behind.
---@param options table? front, tls, workers, host, port, url, speed, seed, history, scenario, remember, bodies, state,
---   receivers, keys (list), behaviour (name → value), faults (list or JSON text), log, quiet: see heygen-sim --help;
---   lua = interpreter (default: the one this runs on); wait = seconds to wait for it at most (default 20);
---   errors = file for its standard error (default: that of this process)
---@return table|nil server { url = base URL, stop = method }; with tls also ca = file with the certificate to trust,
---   and plain_url = the same server without TLS
---@return string|nil message
function sim.start(options)
  options = checker.read("heygen.sim.start", options, KNOWN, 2)
  local home = private_directory()
  if not home then
    return nil, "the simulator could not be started: mktemp made no directory"
  end
  local url_file = home .. "/url"
  local list = arguments(options, home)
  local values, message = settings.read(list)
  local pipe
  if values then
    pipe, message = io.popen(command_line(options, list, url_file), "w")
  end
  if not pipe then
    os.remove(url_file)
    os.remove(home)
    return nil, "the simulator could not be started: " .. tostring(message)
  end
  local self = setmetatable({ pipe = pipe, home = home }, server)
  local deadline = os.time() + (options.wait or DEFAULT_WAIT)
  local text
  repeat
    nap()
    text = read_all(url_file)
  until text:find "\n" or os.time() > deadline
  self.url, self.plain_url = text:match "^(http%S+)\n", text:match "\n(http://%S+)\n"
  self.ca = options.tls and home .. "/ca.pem" or nil
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
