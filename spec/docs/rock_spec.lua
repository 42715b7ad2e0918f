-- The rocks install with LuaRocks, offline, into a private tree: the client works from there without the simulator, and
-- the demo and the simulator's nginx front with it.

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

-- A fresh copy of the sources: "luarocks make" leaves its objects next to them.
local function workspace()
  local dir = shell.must "mktemp -d"
  shell.must("mkdir " .. quote(dir .. "/source"))
  shell.must("cp -R src lua sim bin rockspec examples " .. quote(dir .. "/source"))
  return dir
end

-- LuaRocks' settings: no servers, and lua-cjson and luv counted as installed, because the system has them. LuaJIT
-- has to be named: for LuaRocks, 5.1 is PUC Lua.
local function configure(dir, version)
  local config = { "rocks_servers = {}", 'rocks_provided = { ["lua-cjson"] = "2.1.0-1", luv = "1.44.2-1" }' }
  -- Not optimized: that is most of the time that a build takes.
  local variables = 'CFLAGS = "-O0 -fPIC"'
  if version.lua == "luajit" then
    local incdir = shell.must("pkg-config --cflags-only-I luajit"):match "%-I(%S+)"
    variables = variables .. (", LUA_INTERPRETER = %q, LUA_INCDIR = %q"):format(version.lua, incdir)
  end
  config[3] = ("variables = { %s }"):format(variables)
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

-- The directories of the system's lua-cjson and luv.
local FIND = [[
for _, name in ipairs { "cjson", "luv" } do
  io.write((assert(package.searchpath(name, package.cpath)):gsub("[^/]*$", "?.so;")))
end]]

-- Runs a command in an environment whose Lua sees the tree and the system's lua-cjson and luv, nothing else.
local function run(dir, version, command)
  local system = shell.must('env -i PATH="$PATH" ' .. version.lua .. " -e " .. quote(FIND))
  local share = dir .. "/tree/share/lua/" .. version.abi
  local lib = dir .. "/tree/lib/lua/" .. version.abi
  return shell.run(table.concat({
    "cd / && env -i PATH=" .. quote(dir .. "/tree/bin") .. ':"$PATH" HOME=' .. quote(dir),
    "LUA_PATH=" .. quote(share .. "/?.lua;" .. share .. "/?/init.lua"),
    "LUA_CPATH=" .. quote(lib .. "/?.so;" .. system),
    command,
  }, " "))
end

local function lua(dir, version, code)
  return run(dir, version, version.lua .. " -e " .. quote(code))
end

local VERSION_AND_JSON = [[
local core = require "heygen.core"
print(require("heygen")._VERSION, core.encode { prompt = "a" })
]]

for _, version in ipairs(VERSIONS) do
  describe("the rock for " .. version.lua .. " #once", function()
    local dir

    setup(function()
      dir = workspace()
      configure(dir, version)
      local output, status = install(dir, version)
      assert.equal(0, status, output)
    end)

    teardown(function()
      shell.must("rm -rf " .. quote(dir))
    end)

    it("builds without flags and works from its tree alone", function()
      local expected = require("heygen")._VERSION .. '\t{"prompt":"a"}'
      assert.same({ expected, 0 }, { lua(dir, version, VERSION_AND_JSON) })
    end)

    it("has no file of the simulator and none for editors, and says what to install for it", function()
      local files =
        shell.must("cd " .. quote(dir .. "/tree") .. " && find . -type f ! -path './lib/luarocks/*'")
      assert.matches("/heygen/client.lua", files, 1, true)
      for _, foreign in ipairs { "/sim/", "heygen-sim", "types/heygen", "/meta/" } do
        assert.is_nil(files:find(foreign, 1, true), foreign)
      end
      local output = lua(dir, version, "return require('heygen').sim.start()")
      assert.matches(
        "%(command line%):1: heygen%.sim: the simulator is not installed; install the rock heygen%-sim ",
        output
      )
    end)

    it("and that of the simulator run the demo, and nginx, from the tree", function()
      local output, status = install(dir, version, nil, "rockspec/heygen-sim-dev-1.rockspec")
      assert.equal(0, status, output)
      local video, demo = dir .. "/launch.mp4", dir .. "/source/examples/demo.lua"
      output, status =
        run(dir, version, "HEYGEN_DEMO_OUT=" .. quote(video) .. " " .. version.lua .. " " .. quote(demo))
      assert.equal(0, status, output)
      assert.equal("ftyp", (shell.must("head -c 8 " .. quote(video) .. " | tail -c 4")))

      -- nginx needs the core for LuaJIT, and says so at once.
      output, status = run(dir, version, "heygen-sim --tls --port 0 --until-stdin-closes </dev/null")
      if version.lua == "luajit" then
        assert.equal(0, status, output)
        assert.matches("^https://127%.0%.0%.1:%d+\nhttp://127%.0%.0%.1:%d+$", output)
      else
        assert.equal(1, status, output)
        assert.matches("nginx runs LuaJIT, and there is no C core for that", output, 1, true)
      end
    end)
  end)

  describe("the rock for " .. version.lua .. " #once", function()
    local dir

    before_each(function()
      dir = workspace()
      configure(dir, version)
    end)

    after_each(function()
      shell.must("rm -rf " .. quote(dir))
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
      local found, ended = lua(dir, version, VERSION_AND_JSON)
      assert.equal(0, ended, found)
    end)
  end)
end
