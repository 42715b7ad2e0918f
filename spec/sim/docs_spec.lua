-- docs/simulator.md against the simulator: it names everything there is and nothing else, and its examples run.
local behaviour = require "heygen.sim.core.behaviour"
local control = require "heygen.sim.control"
local faults = require "heygen.sim.core.faults"
local options = require "heygen.sim.options"
local scenarios = require "heygen.sim.core.scenarios"
local shell = require "spec.support.shell"
local support = require "spec.support.sim"

local function read(path)
  local file = assert(io.open(path))
  local text = file:read "*a"
  file:close()
  return text
end

local DOC = read "docs/simulator.md"

-- The part under a heading, up to the next one of its kind.
local function section(heading)
  local _, from = DOC:find("\n## " .. heading .. "\n", 1, true)
  assert(from, "no section " .. heading)
  return DOC:sub(from, (DOC:find("\n## ", from, true)))
end

-- The rows of a table, found by its head, as lists of cells.
local function rows(text, head)
  local _, from = text:find("\n| " .. head .. " |[^\n]*\n|[ %-|]+\n")
  assert(from, "no table " .. head)
  local list = {}
  for line in text:sub(from + 1):gmatch "([^\n]*)\n" do
    if line:sub(1, 1) ~= "|" then
      break
    end
    local cells = {}
    for cell in line:gmatch "| ([^|]-) %f[|]" do
      cells[#cells + 1] = cell
    end
    list[#list + 1] = cells
  end
  return list
end

-- The names in the first cells.
local function named(text, head, pattern)
  local names = {}
  for _, cells in ipairs(rows(text, head)) do
    for name in cells[1]:gmatch(pattern or "`([%w_]+)`") do
      names[#names + 1] = name
    end
  end
  table.sort(names)
  return names
end

local function sorted(list)
  table.sort(list)
  return list
end

describe("docs/simulator.md", function()
  it("names every option", function()
    local names = named(section "Options", "option", "`%-%-([%w%-]+)")
    assert.same(sorted(options.names()), names)
  end)

  it("names every control", function()
    assert.same(sorted(control.names()), named(section "Controls", "call", "`(%u+ /_sim/%w+)"))
  end)

  it("names every behaviour, with its default", function()
    local text = section "Behaviours"
    assert.same(sorted(behaviour.names()), named(text, "name"))
    local defaults = behaviour.defaults()
    for _, cells in ipairs(rows(text, "name")) do
      local values = {}
      for value in (cells[2] .. ", "):gmatch "(.-), " do
        values[#values + 1] = value
      end
      local i = 0
      for name in cells[1]:gmatch "`([%w_]+)`" do
        i = i + 1
        local said, default = values[i] or values[1], defaults[name]
        local fits = said == tostring(default)
          or said == "`" .. tostring(default) .. "`"
          or (said == "null" and default == false)
          or ((said == "a text" or said == "texts") and type(default) == "string")
        assert.is_true(fits, name .. " is not " .. said .. " but " .. tostring(default))
      end
    end
  end)

  it("names every part of a fault", function()
    local which, what = faults.names()
    assert.same(sorted(which), named(section "Faults", "which"))
    assert.same(sorted(what), named(section "Faults", "what"))
  end)

  it("names every scenario, in its own words", function()
    local found = {}
    for _, cells in ipairs(rows(section "Faults", "scenario")) do
      found[cells[1]:match "^`(%w+)`$"] = (cells[2]:gsub("`", ""))
    end
    local about = {}
    for name, scenario in pairs(scenarios) do
      about[name] = scenario.about
    end
    assert.same(about, found)
  end)

  it("names every field of a request", function()
    local sim = support.start { bodies = 100 }
    sim:api("GET", "/v3/videos")
    local names = {}
    for name in pairs(sim:requests()[1]) do
      names[#names + 1] = name
    end
    sim:stop()
    assert.same(sorted(names), named(section "Controls", "field"))
  end)

  it("leads its links to headings that are there", function()
    local count = 0
    for anchor in DOC:gmatch "%]%(#([%w%-]+)%)" do
      local heading = anchor:gsub("%-", " ")
      assert.is_truthy(("\n" .. DOC:lower()):find("\n## " .. heading .. "\n", 1, true), anchor)
      count = count + 1
    end
    assert.is_true(count > 10)
  end)
end)

describe("the examples of docs/simulator.md #once", function()
  local directory

  setup(function()
    directory = shell.must "mktemp -d"
  end)

  teardown(function()
    os.execute("rm -rf " .. directory)
  end)

  -- Runs the nth example of a language in a directory of its own; gives what it printed.
  local function run(heading, language, n, interpreter)
    local count, found = 0, nil
    for code in section(heading):gmatch("\n```" .. language .. "\n(.-\n)```") do
      count = count + 1
      found = count == n and code or found
    end
    assert(found, "no such example")
    local path = string.format("%s/%s%d.%s", directory, language, n, language)
    local file = assert(io.open(path, "w"))
    file:write(found)
    file:close()
    local output = shell.must(string.format("cd %s && %s %s", directory, interpreter, path))
    return (output:gsub("heygen%-sim: port %d+ is taken[^\n]*\n", "")) -- by another simulator on this machine
  end

  it("run in a shell", function()
    local output = run("In one page", "sh", 1, "sh")
    local lines = {}
    for line in output:gmatch "[^\n]+" do
      lines[#lines + 1] = line
    end
    assert.matches('"session_id":"sess_', lines[1])
    assert.matches('"status":"completed"', lines[2])
    assert.matches('"added":1', lines[3])
    assert.equal("no answer", lines[4])
    assert.matches('"creates":2', lines[5])
    -- It has ended with the shell.
    local url = read(directory .. "/heygen.log"):match "http://%S+"
    shell.must(
      string.format(
        "(for i in 1 2 3 4 5 6 7 8 9; do curl -s %s >/dev/null || exit 0; sleep 0.5; done; exit 1)",
        url
      )
    )
  end)

  it("run in Python", function()
    assert.matches("^10 seconds$", (run("From tests", "python", 1, "python3")))
    assert.matches(
      "^10%.0+$",
      shell.must("ffprobe -v error -show_entries format=duration -of csv=p=0 " .. directory .. "/video.mp4")
    )
  end)

  it("run in JavaScript", function()
    assert.equal("completed 1", (run("From tests", "js", 1, "node")))
  end)

  it("run in Lua", function()
    assert.equal("completed\t5", (run("From tests", "lua", 1, "lua5.4")))
    local output = run("In a server of your own", "lua", 1, "lua5.4")
    assert.matches("^send\tHTTP/1.1 200 OK", output)
    assert.matches('{.*"data":%[%].*}\nclose\tnil$', output)
  end)

  it("teach faults that the simulator takes", function()
    local code = section("Faults"):match "\n```sh\n(.-\n)```"
    local sim = support.start()
    local output = shell.must("HEYGEN_API_BASE=" .. sim.url .. "; " .. code)
    assert.equal('{"added":2}', output)
    assert.equal(2, #sim:state().faults)
    sim:stop()
  end)
end)
