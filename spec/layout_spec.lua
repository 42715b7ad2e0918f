-- What is said in two places must agree: the files and the rockspec's list of them, and the version.

local shell = require "spec.support.shell"

local ROCKSPEC = "rockspec/heygen-dev-1.rockspec"

local function load_rockspec()
  local env = {}
  local chunk
  if setfenv then
    chunk = setfenv(assert(loadfile(ROCKSPEC)), env)
  else
    chunk = assert(loadfile(ROCKSPEC, "t", env))
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
  return (path:gsub("^lua/", ""):gsub("%.lua$", ""):gsub("/init$", ""):gsub("/", "."))
end

describe("the rockspec", function()
  local rockspec = load_rockspec()

  it("has every Lua file of the module, and no other", function()
    local files = {}
    for _, path in ipairs(shell.lines "find lua -type f -name '*.lua'") do
      files[module_name(path)] = path
    end
    local listed = {}
    for name, value in pairs(rockspec.build.modules) do
      if type(value) == "string" then
        listed[name] = value
      end
    end
    assert.same({}, differences(files, listed))
  end)

  it("leaves no other kind of file in lua/ behind", function()
    assert.same({}, shell.lines "find lua -type f ! -name '*.lua'")
  end)

  it("has every C source, and no other", function()
    local listed = set(rockspec.build.modules["heygen.core"].sources)
    assert.same({}, differences(set(shell.lines "find src -type f -name '*.c'"), listed))
  end)

  it("installs every program of bin/", function()
    local files = {}
    for _, path in ipairs(shell.lines "find bin -type f") do
      files[path:match "[^/]+$"] = path
    end
    assert.same({}, differences(files, rockspec.build.install.bin))
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
