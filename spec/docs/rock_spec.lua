-- The rock installs with LuaRocks, offline, into a private tree, and works from there on its own.

local shell = require "spec.support.shell"

local quote = shell.quote

-- What differs between the two: LuaJIT takes the directories of 5.1 but its own headers.
local VERSIONS = {
  { lua = "lua5.4", abi = "5.4" },
  { lua = "luajit", abi = "5.1" },
}

local function write(path, text)
  local file = assert(io.open(path, "w"))
  assert(file:write(text))
  assert(file:close())
end

-- A fresh copy of the sources: "luarocks make" leaves its objects beside them.
local function workspace()
  local dir = shell.must "mktemp -d"
  shell.must("mkdir " .. quote(dir .. "/source"))
  shell.must("cp -R src lua sim bin rockspec " .. quote(dir .. "/source"))
  return dir
end

-- LuaRocks' settings: no servers, and lua-cjson counted as installed, because the system has it. LuaJIT
-- has to be named: for LuaRocks, 5.1 is PUC Lua.
local function configure(dir, version)
  local config = { "rocks_servers = {}", 'rocks_provided = { ["lua-cjson"] = "2.1.0-1" }' }
  if version.lua == "luajit" then
    local incdir = shell.must("pkg-config --cflags-only-I luajit"):match "%-I(%S+)"
    config[3] = ("variables = { LUA_INTERPRETER = %q, LUA_INCDIR = %q }"):format(version.lua, incdir)
  end
  write(dir .. "/config.lua", table.concat(config, "\n") .. "\n")
end

local function install(dir, version, settings, rock)
  return shell.run(table.concat({
    "cd " .. quote(dir .. "/source") .. " &&",
    'env -i PATH="$PATH" HOME=' .. quote(dir),
    "LUAROCKS_CONFIG=" .. quote(dir .. "/config.lua"),
    "luarocks --lua-version=" .. version.abi .. " --tree=" .. quote(dir .. "/tree"),
    "make " .. (rock or "rockspec/heygen-dev-1.rockspec"),
    settings or "",
  }, " "))
end

local FIND_CJSON = [[print(package.searchpath('cjson', package.cpath))]]

-- Runs Lua code in a fresh process that sees the tree and the system's lua-cjson, nothing else.
local function run(dir, version, code)
  local cjson = shell.must('env -i PATH="$PATH" ' .. version.lua .. " -e " .. quote(FIND_CJSON))
  local share = dir .. "/tree/share/lua/" .. version.abi
  local lib = dir .. "/tree/lib/lua/" .. version.abi
  return shell.run(table.concat({
    'cd / && env -i PATH="$PATH"',
    "LUA_PATH=" .. quote(share .. "/?.lua;" .. share .. "/?/init.lua"),
    "LUA_CPATH=" .. quote(lib .. "/?.so;" .. cjson),
    version.lua .. " -e " .. quote(code),
  }, " "))
end

local VERSION_AND_JSON = [[
local core = require "heygen.core"
print(require("heygen")._VERSION, core.encode { prompt = "a" })
]]

for _, version in ipairs(VERSIONS) do
  describe("the rock for " .. version.lua .. " #once", function()
    local dir

    before_each(function()
      dir = workspace()
      configure(dir, version)
    end)

    after_each(function()
      shell.must("rm -rf " .. quote(dir))
    end)

    it("builds without flags and works from its tree alone", function()
      local output, status = install(dir, version)
      assert.equal(0, status, output)
      local expected = require("heygen")._VERSION .. '\t{"prompt":"a"}'
      assert.same({ expected, 0 }, { run(dir, version, VERSION_AND_JSON) })
      shell.must("test ! -e " .. quote(dir .. "/tree/bin/heygen-sim"))
    end)

    it("takes libcurl from CURL_DIR and its header from CURL_INCDIR", function()
      local libdir = shell.must "pkg-config --variable=libdir libcurl"
      local curl = dir .. "/curl"
      shell.must("mkdir -p " .. quote(curl .. "/lib") .. " " .. quote(curl .. "/headers/curl"))
      shell.must(("ln -s %s/libcurl.so %s"):format(quote(libdir), quote(curl .. "/lib/")))
      local settings = ("CURL_DIR=%s CURL_INCDIR=%s"):format(quote(curl), quote(curl .. "/headers"))

      -- A header that stops the compiler shows which one it reads; without it the system's is found.
      write(curl .. "/headers/curl/curl.h", "#error the header in CURL_INCDIR\n")
      local output, status = install(dir, version, settings)
      assert.not_equal(0, status)
      assert.matches("the header in CURL_INCDIR", output, 1, true)

      os.remove(curl .. "/headers/curl/curl.h")
      output, status = install(dir, version, settings)
      assert.equal(0, status, output)
      assert.matches("-L" .. curl .. "/lib", output, 1, true)
      local found, ended = run(dir, version, VERSION_AND_JSON)
      assert.equal(0, ended, found)
    end)
  end)
end
