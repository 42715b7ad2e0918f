-- What is said in two places must agree: the files and the rockspec's list of them, and the version.

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
