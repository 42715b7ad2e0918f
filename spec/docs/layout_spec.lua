-- What stands in two places must agree: files and rockspecs, the version, names of files in comments and pages.

local scripts = require "spec.support.scripts"
local shell = require "spec.support.shell"

local function load_rockspec(name)
  local path, env = "rockspec/" .. name .. "-dev-1.rockspec", {}
  local chunk
  if setfenv then
    chunk = setfenv(assert(loadfile(path)), env)
  else
    chunk = assert(loadfile(path, "t", env))
  end
  chunk()
  return env
end

-- What only one of two sets has, as a short list to read in a failure.
local function differences(files, listed)
  local found = {}
  for key, path in pairs(files) do
    if listed[key] ~= path then
      found[#found + 1] = "not in the rockspec: " .. path
    end
  end
  for key, path in pairs(listed) do
    if files[key] ~= path then
      found[#found + 1] = "only in the rockspec: " .. path
    end
  end
  table.sort(found)
  return found
end

local function set(list)
  local all = {}
  for _, path in ipairs(list) do
    all[path] = path
  end
  return all
end

local function module_name(path)
  return (path:gsub("^%a+/", ""):gsub("%.lua$", ""):gsub("/init$", ""):gsub("/", "."))
end

-- The rock of the client and that of the simulator.
for name, directory in pairs { heygen = "lua", ["heygen-sim"] = "sim" } do
  describe("the rockspec of " .. name, function()
    it("has every Lua file of its directory, and no other", function()
      local files = {}
      for _, path in ipairs(shell.lines("find " .. directory .. " -type f -name '*.lua'")) do
        files[module_name(path)] = path
      end
      local listed = {}
      for module, value in pairs(load_rockspec(name).build.modules) do
        if type(value) == "string" then
          listed[module] = value
        end
      end
      assert.same({}, differences(files, listed))
    end)

    it("leaves no other kind of file behind", function()
      assert.same({}, shell.lines("find " .. directory .. " -type f ! -name '*.lua'"))
    end)
  end)
end

describe("the rockspec", function()
  it("has every C source, and no other", function()
    local rockspec = load_rockspec "heygen"
    local listed = set(rockspec.build.modules["heygen.core"].sources)
    assert.same({}, differences(set(shell.lines "find src -type f -name '*.c'"), listed))
  end)

  it("installs every program of bin/", function()
    local files = {}
    for _, path in ipairs(shell.lines "find bin -type f") do
      files[path:match "[^/]+$"] = path
    end
    assert.same({}, differences(files, load_rockspec("heygen-sim").build.install.bin))
  end)
end)

describe("the version", function()
  it("is the same in the module, the core and the newest entry of the changelog", function()
    local file = assert(io.open("CHANGELOG.md"))
    local newest = file:read("*a"):match "\n## %[(%d+%.%d+%.%d+)%]"
    file:close()
    assert.is_string(newest)
    assert.equal(newest, require("heygen")._VERSION)
    assert.equal(newest, require("heygen.core")._VERSION)
  end)
end)

-- ---- names of files in comments and pages ----

-- Directories from which a name may start, besides that of the file itself.
local FROM = {
  "",
  "lua/heygen/",
  "lua/",
  "sim/heygen/sim/",
  "sim/",
  "src/",
  "spec/",
  "spec/support/",
  "docs/",
  "types/heygen/",
}

-- What is named and is not in the tree: headers and programs of others, files that a user makes.
local ELSEWHERE = {
  ["lua.h"] = true,
  ["lua.c"] = true,
  ["news.txt"] = true,
  ["heygen/core.lua"] = true,
  ["CoronaLua.h"] = true,
  ["CoronaMacros.h"] = true,
  ["name_spec.lua"] = true,
  ["name_part_spec.lua"] = true,
}

local EXTENSIONS = { lua = true, c = true, h = true, md = true, py = true, txt = true }

-- Calls fn(number, text) for each comment of a file; for each line of a page.
local function each_comment(path, fn)
  local number, inside, kind = 0, false, path:match "%.(%a+)$"
  for line in (scripts.read(path) .. "\n"):gmatch "(.-)\n" do
    number = number + 1
    if kind == "md" then
      fn(number, line)
    elseif kind == "lua" then
      fn(number, line:match "%-%-(.*)" or "")
    else
      local starts = line:find("/*", 1, true)
      if inside or starts then
        fn(number, line:sub(inside and 1 or starts))
      end
      inside = (inside or starts) and not line:find("*/", 1, true)
    end
  end
end

describe("comments and pages #once", function()
  local known, names = {}, {}

  setup(function()
    for _, path in
      ipairs(shell.lines "git ls-files --cached --others --exclude-standard || find . -type f | cut -c3-")
    do
      known[path], names[path:match "[^/]+$"] = true, true
    end
  end)

  local function is_there(name, directory)
    if ELSEWHERE[name] or (not name:find "/" and names[name]) or known[directory .. name] then
      return true
    end
    for _, from in ipairs(FROM) do
      if known[from .. name] then
        return true
      end
    end
    return false
  end

  it("name files that there are", function()
    local found = {}
    for _, path in
      ipairs(
        shell.lines "find lua src sim types spec docs *.md -name '*.lua' -o -name '*.[ch]' -o -name '*.md'"
      )
    do
      local directory = path:match "^.*/" or ""
      each_comment(path, function(number, text)
        for before, name, extension in
          (" " .. text .. " "):gmatch "(.)%f[%w_]([%w_][%w_%-/]*%.(%l+))%f[^%w_%-/*]"
        do
          if
            EXTENSIONS[extension]
            and not before:find "[%w/.$<>{}*~%%]"
            and not is_there(name, directory)
          then
            found[#found + 1] = ("%s:%d: %s"):format(path, number, name)
          end
        end
      end)
    end
    assert.same({}, found)
  end)

  it("name modules of the simulator that there are", function()
    local found = {}
    for _, path in ipairs(shell.lines "find lua src sim types spec docs *.md -name '*.lua' -o -name '*.md'") do
      each_comment(path, function(number, text)
        for name in text:gmatch "%f[%w]heygen%.(sim%.[%w_.]*[%w_])" do
          local file = "sim/heygen/" .. name:gsub("%.", "/")
          local parent = file:match "^(.*)/"
          local is_known = known[file .. ".lua"] or known[file .. "/init.lua"] or known[parent .. ".lua"]
          if not is_known and name ~= "sim.start" and not name:find "%.%u" then
            found[#found + 1] = ("%s:%d: heygen.%s"):format(path, number, name)
          end
        end
      end)
    end
    assert.same({}, found)
  end)
end)
