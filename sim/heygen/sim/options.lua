-- The command line of heygen-sim.
local behaviour = require "heygen.sim.core.behaviour"
local control = require "heygen.sim.control"
local faults = require "heygen.sim.core.faults"
local scenarios = require "heygen.sim.core.scenarios"

local options = {}

--- Where it listens when no port is named and this one is free.
options.PORT = 8439

local NUMBER, TEXT, SWITCH = "number", "text", "switch"

local OPTIONS = {
  { "host", TEXT, "ADDRESS", "where to listen (default 127.0.0.1; anything else is open to others)" },
  { "port", NUMBER, "N", "port (default 8439, or a free one when that is taken); 0 takes a free one" },
  { "front", TEXT, "NAME", "the server: luv (default), or nginx (needs nginx with its Lua module)" },
  { "tls", SWITCH, "", "https with HTTP/2 on the first URL, http on the second; means --front nginx" },
  { "workers", NUMBER, "N", "nginx: how many workers (default 2)" },
  { "ca-file", TEXT, "FILE", "with --tls: write the certificate that clients have to trust into this file" },
  { "url", TEXT, "URL", "what the URLs in answers begin with (default: the address it listens on)" },
  { "speed", NUMBER, "N", "simulated seconds per second (default 1); a video takes 12 simulated minutes" },
  { "seed", NUMBER, "N", "seed of all ids and chances (default 1): the same seed, the same run" },
  {
    "history",
    NUMBER,
    "N",
    "the account begins with so many finished sessions and videos, and jobs of every kind (default 0)",
  },
  {
    "key",
    TEXT,
    "KEY",
    'accept only this API key; may be given several times (default: any without "invalid" in it)',
  },
  { "scenario", TEXT, "NAME", "start with a ready-made bad day, see below" },
  { "set", TEXT, "NAME=VALUE", "set a behaviour, see below; may be given several times" },
  { "faults", TEXT, "JSON", "start with these faults (as POST /_sim/faults takes them)" },
  {
    "state",
    TEXT,
    "FILE",
    "keep the state in this file: a new start, even after a kill, resumes from it",
  },
  { "receivers", TEXT, "WHICH", "where webhooks may go: loopback (default) or any" },
  { "remember", NUMBER, "N", "how many requests /_sim/requests keeps (default 1000)" },
  { "bodies", NUMBER, "N", "and how many bytes of each one's body (default 0)" },
  { "url-file", TEXT, "FILE", "write the base URL into this file too, once it listens" },
  {
    "home",
    TEXT,
    "DIR",
    "write url (and ca.pem, with --tls) into this directory; end when url is removed, and remove them all",
  },
  {
    "env",
    SWITCH,
    "",
    'run in the background and print variables: eval "$(heygen-sim --env --with-process $$)"',
  },
  { "until-stdin-closes", SWITCH, "", "end when standard input ends: with the parent process" },
  { "with-process", NUMBER, "PID", "end when this process has ended, too" },
  { "quiet", SWITCH, "", "no warnings on standard error" },
  { "log", SWITCH, "", "one line per request on standard error" },
  { "help", SWITCH, "", "this text" },
  { "version", SWITCH, "", "the version" },
}

local MOST_HISTORY = 10000

local REPEATED = { key = "keys", set = "set" }

local by_name = {}
for _, row in ipairs(OPTIONS) do
  by_name[row[1]] = row
end

-- The form of the client's messages.
local function refused(name, expected, value)
  value = type(value) == "number" and ("%.14g"):format(value) or value
  return ("--%s: expected %s, got %s"):format(name, expected, value)
end

local function is_whole(number, least, most)
  return number == math.floor(number) and number >= least and number <= most
end

local function store(values, row, value)
  local name, kind = row[1], row[2]
  if kind == NUMBER then
    local number = tonumber(value)
    if not number or number < 0 or number ~= number or number > 1e9 then
      return refused(name, "a number >= 0", value)
    end
    value = number
  end
  if REPEATED[name] then
    local list = values[REPEATED[name]] or {}
    list[#list + 1] = value
    values[REPEATED[name]] = list
  else
    values[name] = value
  end
end

local FRONTS = { luv = true, nginx = true }

local function front_problem(values)
  local front, workers = values.front, values.workers
  if not FRONTS[front] then
    return refused("front", "luv or nginx", front)
  elseif workers and not is_whole(workers, 1, 64) then
    return refused("workers", "a whole number from 1 to 64", workers)
  elseif front == "luv" and workers then
    return "--workers needs --front nginx"
  elseif front == "luv" and values.tls then
    return "--tls needs --front nginx"
  elseif values["ca-file"] and not values.tls then
    return "--ca-file needs --tls"
  end
end

local function finish(values)
  values.front = values.front or (values.tls and "nginx" or "luv")
  local port = values.port or options.PORT
  if not is_whole(port, 0, 65535) then
    return nil, refused("port", "a whole number from 0 to 65535", port)
  elseif values.scenario and not scenarios[values.scenario] then
    local names = {}
    for name in pairs(scenarios) do
      names[#names + 1] = name
    end
    table.sort(names)
    return nil, refused("scenario", "one of " .. table.concat(names, ", "), values.scenario)
  elseif values.remember and not is_whole(values.remember, 1, math.huge) then
    return nil, refused("remember", "a whole number >= 1", values.remember)
  elseif values.bodies and not is_whole(values.bodies, 0, math.huge) then
    return nil, refused("bodies", "a whole number >= 0", values.bodies)
  elseif values.history and not is_whole(values.history, 0, MOST_HISTORY) then
    return nil, refused("history", "a whole number from 0 to " .. MOST_HISTORY, values.history)
  end
  local problem = front_problem(values)
  if problem then
    return nil, problem
  end
  if values.receivers and values.receivers ~= "loopback" and values.receivers ~= "any" then
    return nil, refused("receivers", "loopback or any", values.receivers)
  elseif values.state == "" then
    return nil, refused("state", "the name of a file", "nothing")
  end
  -- Names are not looked up; this one needs not be.
  values.host = values.host == "localhost" and "127.0.0.1" or values.host
  if values.env and (values.home or values["until-stdin-closes"]) then
    return nil, "--env: it has no standard input and no directory of its own (--with-process PID ends it)"
  end
  if values.home then
    values.port = values.port or 0
    values["url-file"] = values.home .. "/url"
    values["ca-file"] = values.tls and values.home .. "/ca.pem" or nil
  end
  values.behaviour = {}
  for _, text in ipairs(values.set or {}) do
    local name, value = behaviour.parse(text)
    if not name then
      return nil, "--set " .. text .. ": " .. value
    end
    values.behaviour[name] = value
  end
  values.port = values.port and math.floor(values.port)
  return values
end

--- Reads the arguments.
---@param arguments table array of strings
---@return table|nil values, string|nil message
function options.read(arguments)
  local values, i = {}, 1
  while i <= #arguments do
    local name, value = arguments[i]:match "^%-%-([%w%-]+)=(.*)$"
    name = name or arguments[i]:match "^%-%-([%w%-]+)$" or (arguments[i] == "-h" and "help")
    local row = by_name[name or ""]
    if not row then
      return nil, "unknown option " .. arguments[i] .. " (heygen-sim --help lists them)"
    elseif row[2] == SWITCH then
      if value then
        return nil, "--" .. name .. " takes no value"
      end
      values[name] = true
    else
      if not value then
        i = i + 1
        value = arguments[i]
      end
      if not value then
        return nil, "--" .. name .. " needs a value: " .. row[3]
      end
      local problem = store(values, row, value)
      if problem then
        return nil, problem
      end
    end
    i = i + 1
  end
  return finish(values)
end

-- A list of words over as many lines as it takes.
local function wrap(head, words)
  local lines, line = {}, "  " .. head .. words[1]
  for i = 2, #words do
    if #line + #words[i] > 100 then
      lines[#lines + 1] = line .. ","
      line = (" "):rep(#head + 2) .. words[i]
    else
      line = line .. ", " .. words[i]
    end
  end
  lines[#lines + 1] = line
  return table.concat(lines, "\n")
end

---@return table names of all options, without the dashes
function options.names()
  local names = {}
  for i, row in ipairs(OPTIONS) do
    names[i] = row[1]
  end
  return names
end

---@return string help
function options.help()
  local lines = {
    "heygen-sim: a simulator of HeyGen's API. Its first line of output is its base URL; open it in a browser to watch.",
    "",
    "usage: heygen-sim [options]",
    "",
  }
  for _, row in ipairs(OPTIONS) do
    lines[#lines + 1] = string.format("  --%-26s %s", (row[1] .. " " .. row[3]):gsub(" $", ""), row[4])
  end
  lines[#lines + 1] = "\nbehaviours (--set name=value; seconds are simulated ones) [default]:\n"
  lines[#lines + 1] = behaviour.help()
  lines[#lines + 1] = "\nscenarios:\n"
  local names = {}
  for name in pairs(scenarios) do
    names[#names + 1] = name
  end
  table.sort(names)
  for _, name in ipairs(names) do
    lines[#lines + 1] = string.format("  %-12s %s", name, scenarios[name].about)
  end
  lines[#lines + 1] = '\nfaults (--faults \'[{"path": "/v3/videos/*", "nth": 2, "status": 503}]\'):\n'
  local which, what = faults.names()
  lines[#lines + 1] = wrap("which request: ", which)
  lines[#lines + 1] = wrap("gets what:     ", what)
  lines[#lines + 1] = "\nwhile it runs:\n"
  lines[#lines + 1] = "  " .. table.concat(control.names(), "\n  ")
  lines[#lines + 1] = "\ndocs/simulator.md explains them all."
  return table.concat(lines, "\n")
end

return options
