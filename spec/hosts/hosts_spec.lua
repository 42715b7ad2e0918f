-- The same cases under every host that this Lua has, each in a process of its own: spec/support/host_cases.lua.
local child = require "spec.support.child"
local core = require "heygen.core"
local resty = require "spec.support.resty"
local shell = require "spec.support.shell"
local support = require "spec.support.sim"

-- Debian has copas for 5.1 only, and it runs on all.
local SHARED = "/usr/share/lua/5.1/?.lua"
local WITH_SHARED = ('LUA_PATH="$LUA_PATH;%s" LUA_PATH_5_3="$LUA_PATH_5_3;%s" LUA_PATH_5_4="$LUA_PATH_5_4;%s"'):format(
  SHARED,
  SHARED,
  SHARED
)

-- What runs the cases, and the module that it needs.
local RUNNERS = {
  { name = "a plain script", run = "block.lua" },
  { name = "the scheduler, frame by frame", run = "scheduler.lua" },
  { name = "cqueues", run = "cqueues.lua", needs = "cqueues" },
  { name = "luv", run = "luv.lua", needs = "luv" },
  { name = "copas", run = "copas.lua", needs = "copas" },
  { name = "heygen.run", run = "run.lua scheduler" },
  { name = "heygen.run over cqueues", run = "run.lua cqueues", needs = "cqueues" },
  { name = "heygen.run over luv", run = "run.lua luv", needs = "luv" },
  { name = "heygen.run over copas", run = "run.lua copas", needs = "copas" },
}

local function has(name)
  return select(2, shell.run(("%s %s -e 'require %q'"):format(WITH_SHARED, child.interpreter(), name))) == 0
end

-- Where nginx runs them: name, what spec/support/hosts/resty.lua calls it, the directive.
local PLACES = {
  { "content_by_lua", "request", "content_by_lua_block" },
  { "access_by_lua", "request", "access_by_lua_block" },
  { "rewrite_by_lua", "request", "rewrite_by_lua_block" },
  { "ngx.thread", "thread", "content_by_lua_block" },
  { "ngx.timer", "timer", "content_by_lua_block" },
}

local function nginx_locations()
  local blocks = {}
  for _, place in ipairs(PLACES) do
    for _, bridge in ipairs { "true", "false" } do
      blocks[#blocks + 1] = ("location = /%s/%s { %s { require('spec.support.hosts.resty').run('%s', %s) } }"):format(
        place[1],
        bridge,
        place[3],
        place[2],
        bridge
      )
    end
  end
  return table.concat(blocks, "\n")
end

local names = require("spec.support.host_cases").names()

-- Checks what a runner printed: one "ok" for each case, and "end".
local function check(output)
  local wanted, got = {}, {}
  for index, name in ipairs(names) do
    wanted[index] = "ok " .. name
  end
  wanted[#wanted + 1] = "end"
  for line in output:gmatch "[^\n]+" do
    if line:find "^ok " or line:find "^not ok " or line == "end" then
      got[#got + 1] = line
    end
  end
  assert.same(wanted, got, output)
end

describe("the cases of spec/support/host_cases.lua", function()
  local sim, preload

  setup(function()
    sim = support.start { speed = 20000, behaviour = { video_id = "late" } }
    preload = child.scratch ".so"
    shell.must("gcc -shared -fPIC -O2 -o " .. preload .. " spec/support/preload.c")
  end)

  teardown(function()
    sim:stop()
    os.remove(preload)
  end)

  local function run(runner, tool, count)
    return shell.run(
      ("HEYGEN_API_BASE=%s HOST_CASES_COUNT=%d %s %s timeout 120 %s spec/support/hosts/%s"):format(
        sim.url,
        count,
        WITH_SHARED,
        tool,
        child.interpreter(),
        runner.run
      )
    )
  end

  -- copas 1 watches descriptors only, and the portable poller has none: that is refused before anything is sent.
  if not core.engine():pollfd() then
    it("cannot be run by copas 1", function()
      local output = run({ run = "run.lua copas" }, "", 1)
      assert.matches("copas 1 can only watch a descriptor under 1024", output, 1, true)
      assert.equal(0, sim:counts().creates)
    end)
  end

  for _, runner in ipairs(RUNNERS) do
    local blind = runner.needs == "copas" and not core.engine():pollfd()
    if not blind and (not runner.needs or has(runner.needs)) then
      it("hold under " .. runner.name .. " #native", function()
        local output, status = run(runner, "", 200)
        check(output)
        assert.equal(0, status, output)
      end)

      it("leave no error for valgrind under " .. runner.name .. " #valgrind", function()
        local output, status = run(
          runner,
          ("LD_PRELOAD=%s "):format(preload)
            .. "valgrind -q --error-exitcode=99 --leak-check=full"
            .. " --show-leak-kinds=definite --errors-for-leak-kinds=definite",
          10
        )
        check(output)
        assert.equal(0, status, output)
      end)
    end
  end

  it("hold in a LÖVE game #once #native", function()
    local home = shell.must "mktemp -d"
    local output, status = shell.run(table.concat({
      'eval "$(make -s env LUA=luajit)"',
      'export LUA_PATH="$PWD/?.lua;$LUA_PATH" ALSOFT_DRIVERS=null HOME=' .. home .. " XDG_DATA_HOME=" .. home,
      "export HEYGEN_API_BASE=" .. sim.url,
      "xvfb-run -a -s '-screen 0 800x600x24' timeout -k 5 100 love spec/support/hosts/love",
    }, "\n"))
    shell.must("rm -rf " .. home)
    check(output)
    assert.equal(0, status, output)
  end)

  -- nginx has a Lua of its own.
  local function in_nginx(options)
    options.sim, options.server = sim, nginx_locations()
    local server = resty.start(options)
    return server,
      function(place, bridge)
        check(server:ask(("/%s/%s"):format(place[1], bridge)))
        assert.same({}, server:complaints())
      end
  end

  describe("hold in nginx #once #native", function()
    local server, ask

    setup(function()
      server, ask = in_nginx { env = { HOST_CASES_COUNT = 200 } }
    end)

    teardown(function()
      server:stop()
    end)

    for _, place in ipairs(PLACES) do
      it("in " .. place[1] .. ", with the bridge and without", function()
        ask(place, "true")
        ask(place, "false")
      end)
    end
  end)

  it("leave no error for valgrind in nginx #valgrind", function()
    local server, ask = in_nginx {
      workers = 0,
      env = { HOST_CASES_COUNT = 10 },
      tool = "valgrind -q --error-exitcode=99 --leak-check=full --show-leak-kinds=definite,indirect,possible"
        .. " --errors-for-leak-kinds=definite,indirect,possible --suppressions=$root/spec/support/nginx.supp",
    }
    for _, place in ipairs(PLACES) do
      ask(place, "true")
    end
    ask(PLACES[1], "false")
    local output, status = server:stop()
    assert.equal("", output)
    assert.equal(0, status)
  end)

  it("are run by the hosts that this Lua must have", function()
    assert.is_true(has "luv" and has "cqueues" and has "copas")
  end)
end)
