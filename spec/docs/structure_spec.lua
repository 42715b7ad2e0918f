-- The plan of the tree, computed from the sources: rooms, specs by module, no circle of require, and the limits of
-- CONTRIBUTING.md for files and functions. An exception stands in a list below with its reason, and must be one.
local scripts = require "spec.support.scripts"
local shell = require "spec.support.shell"

local FLAT, LINES, FUNCTION = 6, 400, 60

local function files(directories, kind)
  return shell.lines(("find %s -type f -name '*.%s' | LC_ALL=C sort"):format(directories, kind))
end

-- ---- exceptions ----

-- Modules without a spec of their name, by the spec that covers them: parts of what it tests as a whole.
local COVERED = {
  ["api/arguments"] = { "api/extra_methods" },
  ["api/call_input"] = { "api/groups", "api/raw_request" },
  ["client/client"] = { "client/all_modules", "client/init" },
  ["download/fetch_page"] = { "download/problems", "download/transfer" },
  ["driver/blocking"] = { "task/not_begun" },
  ["driver/init"] = { "driver/block" },
  ["hosts/hosts"] = {
    "driver/copas",
    "driver/cqueues",
    "driver/luv",
    "driver/pause",
    "driver/waiters",
    "driver/wake_queue",
  },
  ["progress/init"] = { "progress/bar", "progress/cells", "progress/line", "progress/view" },
  ["schema/value"] = { "schema/object" },
  ["task/tasks"] = { "task/protected", "task/task" },
  ["upload/direct"] = { "upload/slot_headers" },
  ["upload/direct_early"] = { "upload/resend" },
  ["upload/init"] = { "upload/content" },
  ["wait/job"] = { "wait/job_types" },
  ["wait/video"] = { "wait/methods", "wait/options" },
  ["webhook/listen"] = { "webhook/http1" },
  ["webhook/router"] = {
    "webhook/arrivals",
    "webhook/init",
    "webhook/keyring",
    "webhook/keys",
    "webhook/router_options",
    "webhook/secrets",
    "webhook/tokens",
  },
  ["webhook/store"] = { "webhook/store/memory", "webhook/store/redis", "webhook/store/shared_dict" },
  ["webhook/verify"] = { "webhook/headers" },
}

-- Specs that are named after no module of their room: why.
local NO_MODULE = {
  ["spec/webhook/example_spec.lua"] = "a file of examples/nginx",
  ["spec/webhook/fuzz_spec.lua"] = "the programs of spec/fuzz",
  ["spec/webhook/store_spec.lua"] = "the modules of a folder, by the same cases",
}

-- Longer than the limit: why.
local LONG_FILES = {}
local LONG_FUNCTIONS = {}

-- ---- modules ----

local function name_of(path)
  return (path:gsub("^%a+/", ""):gsub("%.lua$", ""):gsub("/init$", ""):gsub("/", "."))
end

local modules = {}
for _, path in ipairs(files("lua sim", "lua")) do
  modules[name_of(path)] = path
end

-- The room of a file of lua/heygen, and its name in there: both also in the path of its spec. The rows of endpoints/
-- are one thing in many files: its specs go through all of them.
local function room_of(path)
  local room, name = path:match "^lua/heygen/(%w+)/([%w_/]+)%.lua$"
  return room or "client", name or path:match "([%w_]+)%.lua$"
end

local client_files = shell.lines "find lua -type f -name '*.lua' ! -path '*/endpoints/*' | LC_ALL=C sort"

-- What exceeds its limit and is no exception, and exceptions that exceed nothing.
local function judge(found, exceptions)
  local problems = {}
  for name, what in pairs(found) do
    if not exceptions[name] then
      problems[#problems + 1] = name .. ": " .. what
    end
  end
  for name in pairs(exceptions) do
    if not found[name] then
      problems[#problems + 1] = name .. ": is no exception any more"
    end
  end
  table.sort(problems)
  return problems
end

describe("the specs", function()
  local specs = files("spec", "lua")

  it("are in rooms", function()
    for _, path in ipairs(specs) do
      assert.is_nil(path:match "^spec/[^/]+%.lua$")
    end
  end)

  -- A module has name_spec.lua, or several: name_part_spec.lua.
  it("are there for every module of the client", function()
    local names, covered, missing = {}, {}, {}
    for _, path in ipairs(specs) do
      local room, name = path:match "^spec/(%w+)/([%w_]+)_spec%.lua$"
      if room then
        names[room] = (names[room] or "") .. " " .. name .. "_"
      end
    end
    for spec, list in pairs(COVERED) do
      assert(scripts.read(("spec/%s_spec.lua"):format(spec)))
      for _, module in ipairs(list) do
        covered[module] = spec
      end
    end
    for _, path in ipairs(client_files) do
      local room, name = room_of(path)
      if not (names[room] or ""):find(" " .. name .. "_", 1, true) then
        missing[room .. "/" .. name] = "has no spec of its name"
      end
    end
    assert.same({}, judge(missing, covered))
  end)

  it("are named after a module of their room", function()
    local known, unnamed = {}, {}
    for _, path in ipairs(client_files) do
      local room, name = room_of(path)
      known[room] = known[room] or {}
      known[room][name] = true
    end
    for _, path in ipairs(specs) do
      local room, name = path:match "^spec/(%w+)/([%w_]+)_spec%.lua$"
      if known[room] then
        local stem = name
        while stem and not known[room][stem] do
          stem = stem:match "^(.*)_[^_]*$"
        end
        unnamed[path] = not stem and "is named after no module" or nil
      end
    end
    assert.same({}, judge(unnamed, NO_MODULE))
  end)
end)

describe("the modules", function()
  it("are in rooms", function()
    assert(#shell.lines "find lua/heygen -maxdepth 1 -name '*.lua'" <= FLAT)
  end)

  -- What a module loads, whenever it does so: the names in its strings, those put together from a prefix included, but
  -- no name that it has for itself or gives to a message.
  local function needs(name)
    local source, needed = scripts.read(modules[name]):gsub("%-%-[^\n]*", ""), {}
    source = source:gsub("__name = [^\n]*", ""):gsub("WHERE = [^\n]*", "")
    source = source:gsub('([%w_]+)%("heygen%.', function(called)
      return called ~= "require" and called .. '("-' or nil
    end)
    local strings, prefixes = {}, {}
    for text in source:gmatch '"([%w_.]+)"' do
      strings[#strings + 1] = text
    end
    for prefix in source:gmatch '"(heygen%.[%w_.]*)" %.%.' do
      prefixes[#prefixes + 1] = prefix
    end
    for _, text in ipairs(strings) do
      needed[text] = text ~= "heygen" and modules[text] and true or nil
      for _, prefix in ipairs(prefixes) do
        needed[prefix .. text] = modules[prefix .. text] and true or nil
      end
    end
    for prefix in source:gmatch 'require%("(heygen%.[%w_]+%.)" %.%.' do -- any of that folder
      for other in pairs(modules) do
        needed[other] = needed[other] or other:sub(1, #prefix) == prefix or nil
      end
    end
    needed.heygen = source:find 'require%s*%(?"heygen"' and true or nil
    needed[name] = nil
    return needed
  end

  local graph = {}
  for name in pairs(modules) do
    graph[name] = needs(name)
  end

  it("are all named in all_modules, but for those that need an event loop", function()
    local loops = {
      ["heygen.driver.copas"] = true,
      ["heygen.driver.cqueues"] = true,
      ["heygen.driver.luv"] = true,
      ["heygen.driver.resty"] = true,
      ["heygen.webhook.listen"] = true,
      ["heygen.webhook.openresty"] = true,
    }
    local found, named = { heygen = true }, {}
    for name, path in pairs(modules) do
      if path:find "^lua/" and not loops[name] and name ~= "heygen.all_modules" then
        found[name] = true
      end
    end
    for name in scripts.read("lua/heygen/all_modules.lua"):gmatch '\n[^\n]*require "([%w_.]+)"' do
      named[name] = true
    end
    assert.same(found, named)
  end)

  it("are found in each other's sources", function() -- or the next test would find nothing
    assert.is_true(graph["heygen"]["heygen.task.tasks"])
    assert.is_true(graph["heygen.driver"]["heygen.driver.copas"])
    assert.is_true(graph["heygen.api.call"]["heygen.endpoints.videos"])
    assert.is_true(graph["heygen.wait.loop"]["heygen.wait.deliveries"])
  end)

  it("do not require each other in circles", function()
    local state, circles = {}, {}
    local function visit(name, way)
      state[name], way[#way + 1] = "open", name
      for other in pairs(graph[name]) do
        if state[other] == "open" then
          local first = #way
          while way[first] ~= other do
            first = first - 1
          end
          circles[#circles + 1] = table.concat(way, " -> ", first) .. " -> " .. other
        elseif not state[other] then
          visit(other, way)
        end
      end
      state[name], way[#way] = "done", nil
    end
    for name in pairs(graph) do
      if not state[name] then
        visit(name, {})
      end
    end
    assert.same({}, circles)
  end)
end)

describe("the sources", function()
  local lua = files("lua sim bin/*", "lua")
  lua[#lua + 1] = "bin/heygen-sim"
  local c = shell.lines "ls src/*.[ch]"

  it("are files of no more than 400 lines", function()
    local long = {}
    for _, list in ipairs { lua, c } do
      for _, path in ipairs(list) do
        local _, lines = scripts.read(path):gsub("\n", "")
        long[path] = lines > LINES and lines .. " lines" or nil
      end
    end
    assert.same({}, judge(long, LONG_FILES))
  end)

  -- luac lists every function with its lines; the opening brace of one in C stands at the end of an unindented line or
  -- alone, the closing one alone: clang-format sees to that.
  it("are functions of no more than 60 lines #once", function()
    local long = {}
    for _, line in
      ipairs(
        shell.lines(
          ("for f in %s; do luac5.4 -p -l $f; done | grep '^function'"):format(table.concat(lua, " "))
        )
      )
    do
      local path, first, last = line:match "^function <([^:]+):(%d+),(%d+)>"
      local length = path and last - first + 1 or 0
      if length > FUNCTION then
        long[path] = ("%d lines from line %d on"):format(length, first)
      end
    end
    for _, path in ipairs(c) do
      local number, opened, name = 0, nil, nil
      for line in scripts.read(path):gmatch "([^\n]*)\n" do
        number = number + 1
        name = line:match "^[%a][^;=]-([%w_]+)%(" or name
        if line == "{" then
          opened = number
        elseif line == "}" and opened then
          if number - opened + 1 > FUNCTION then
            long[path] = ("%d lines of %s"):format(number - opened + 1, name)
          end
          opened = nil
        end
      end
    end
    assert.same({}, judge(long, LONG_FUNCTIONS))
  end)
end)
