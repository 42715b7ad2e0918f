-- examples/embed: a C program with the module linked in makes a video from a frame loop of its own, and opens no .so of
-- ours. "#slow", as valgrind would see nothing in these tests: the program is another process.
local child = require "spec.support.child"
local scripts = require "spec.support.scripts"
local shell = require "spec.support.shell"
local sim = require "spec.support.sim"

local quote = shell.quote

-- A memory checker that is preloaded into this process is none of the children's business.
local CLEAN = "env -u LD_PRELOAD -u MAKEFLAGS "

local VALGRIND = "valgrind -q --error-exitcode=99 --leak-check=full --show-leak-kinds=definite,indirect,possible "
  .. "--errors-for-leak-kinds=definite,indirect,possible"

-- Leaves its pid, which is that of what it becomes.
local NOTE_PID = [[sh -c 'echo $$ >pid; exec "$0" "$@"' ]]

-- The file that `require "cjson"` would load.
local function cjson_file()
  for pattern in package.cpath:gmatch "[^;]+" do
    local path = pattern:gsub("%?", "cjson")
    local file = io.open(path, "rb")
    if file then
      file:close()
      return path
    end
  end
  error "lua-cjson is not on package.cpath"
end

local build = "build/" .. package.cpath:match "build/([%w.-]+)/%?%.so" -- of this run: "build/lua5.4-poll"
local sanitized = build:find "%-asan$" ~= nil

local function make_arguments()
  local kind = sanitized and " SANITIZE=1" or build:find "%-poll$" and " VARIANT=poll" or ""
  return "LUA=" .. build:match "^build/([%w.]+)" .. kind .. " CJSON=" .. quote(cjson_file())
end

describe("examples/embed", function()
  local server, dir

  setup(function()
    shell.must(CLEAN .. "make --no-print-directory -s embed " .. make_arguments())
    dir = shell.must "mktemp -d"
    shell.must(("cp %s/embed %s/embed"):format(build, dir))
    server = sim.start { speed = 36000 }
  end)

  teardown(function()
    server:stop()
    shell.must("rm -rf " .. quote(dir))
  end)

  before_each(function()
    server:reset()
    shell.must(("rm -rf %s/run && mkdir %s/run"):format(dir, dir))
  end)

  -- With paths to nowhere: what is not linked in cannot be found.
  local function command(arguments, tool)
    local variables = { "HEYGEN_API_KEY=test-key", "HEYGEN_API_BASE=" .. server.url }
    for _, name in ipairs { "LUA_PATH", "LUA_CPATH" } do
      for _, version in ipairs { "", "_5_3", "_5_4" } do
        variables[#variables + 1] = name .. version .. "='/nowhere/?'"
      end
    end
    variables = table.concat(variables, " ")
    return ("cd %s/run && %s%s timeout 120 %s ../embed %s 2>errors"):format(
      dir,
      CLEAN,
      variables,
      tool or "",
      arguments
    )
  end

  local function result(name)
    return scripts.read(dir .. "/run/" .. name)
  end

  local function run(arguments, tool)
    local output, status = shell.run(command(arguments, tool))
    return status, output, result "errors"
  end

  local function is_complete(status, output, problems)
    assert.same({ 0, "" }, { status, problems }, output)
    assert.matches("^frame 0: starting\n", output)
    assert.matches("\nframe %d+: downloading\n", output)
    assert.matches("\nstory.mp4: %d+ frames, the longest update took [%d.]+ ms$", output)
    assert.is_nil(output:find("test-key", 1, true))
    assert.matches("^....ftyp", result "story.mp4")
    local counts = server:counts()
    assert.same({ 1, 0 }, { counts.creates, counts.keys_leaked })
  end

  -- AddressSanitizer finds no leaks in a process that is traced.
  local traced = not sanitized and select(2, shell.run(CLEAN .. "strace -o /dev/null true")) == 0

  it(
    "makes and fetches a video, with one create, and opens nothing of the module but Lua files #slow",
    function()
      is_complete(run("'The story so far' story.mp4", traced and "strace -f -e trace=open,openat -o files"))
      if traced then
        local files = result "files"
        assert.matches("/lua/heygen/client.lua", files, 1, true)
        assert.is_nil(files:find("core.so", 1, true))
        assert.is_nil(files:find "/build/[^\n]*%.so")
      end
    end
  )

  it("refuses a bad prompt: a clear message, exit 1, nothing sent #slow", function()
    local status, output, problems = run '"$(printf "\195\169%.0s" $(seq 10001))" story.mp4'
    assert.equal(1, status, output)
    assert.equal(
      "embed: heygen: client:generate: prompt: 10001 characters, at most 10000 are allowed (invalid)\n",
      problems
    )
    assert.equal(0, server:counts().requests)
    assert.is_nil(io.open(dir .. "/run/story.mp4"))
  end)

  it("says what the service says when that refuses #slow", function()
    server:faults { { status = 402 } }
    local status, _, problems = run "hello"
    assert.equal(1, status)
    assert.matches("^embed: heygen: .*HTTP 402, code insufficient_credit", problems)
    assert.equal(1, server:counts().requests)
  end)

  it("says where the Lua side raised #slow", function()
    local status, _, problems = run "-l /nowhere hello"
    assert.equal(1, status)
    assert.matches("^embed: .*module 'heygen' not found", problems)
    status, _, problems = run("hello", "env -u HEYGEN_API_KEY")
    assert.equal(1, status)
    assert.matches("^embed: .*game%.lua:%d+: heygen%.new: api_key: missing.*\nstack traceback:", problems)
    assert.equal(0, server:counts().requests)
  end)

  it("shows how it is called #slow", function()
    for _, arguments in ipairs { "--help", "one two three" } do
      local status, output, problems = run(arguments)
      assert.same({ 1, "" }, { status, output })
      assert.matches("^usage: ", problems)
    end
  end)

  -- Ends the program as soon as the session is known: a wait and its timer are under way.
  local function leaves(tool)
    server:clock { speed = 1 }
    finally(function()
      server:clock { speed = 36000 }
    end)
    local _, status = shell.run(([[
(%s >output) &
for i in $(seq 1000); do grep -q thinking %s/run/output && break; sleep 0.05; done
kill -TERM $(cat %s/run/pid)
wait $!]]):format(command("hello", NOTE_PID .. (tool or "")), dir, dir))
    local _, sessions = server:api("GET", "/v3/video-agents")
    assert.same(
      { 1, "embed: quit; " .. sessions.data[1].session_id .. "\n" },
      { status, result "errors" },
      result "output"
    )
    assert.equal(1, server:counts().creates)
  end

  it("closes a state with a wait under way, and names the session that continues #slow", function()
    leaves()
  end)

  it("is clean under valgrind, at its end and when it is ended #valgrind", function()
    is_complete(run("hello story.mp4", VALGRIND))
    server:reset()
    leaves(VALGRIND)
  end)
end)

describe("the archive that it is linked with #slow", function()
  it("defines no names that a program may have, only hg_... and luaopen_heygen_core", function()
    shell.must(CLEAN .. "make --no-print-directory -s archive " .. make_arguments())
    local names, opened = 0, false
    for _, line in ipairs(shell.lines(CLEAN .. "nm -g --defined-only " .. build .. "/libheygen.a")) do
      local name = line:match "^%x+ %a ([%w_]+)$"
      if name and not name:find "^__" then -- those of a sanitizer
        names, opened = names + 1, opened or name == "luaopen_heygen_core"
        assert.is_true(name == "luaopen_heygen_core" or name:find "^hg_" ~= nil, name)
      end
    end
    assert.is_true(opened and names > 10)
  end)
end)

-- An engine such as Defold: one loader of its own, which has the files that its build found, each under its exact name.
local ENGINE = [==[
local building = true
local function loader(name)
  if building then
    local path = "lua/" .. name:gsub("%%.", "/")
    return loadfile(path .. ".lua") or assert(loadfile(path .. "/init.lua"))
  end
  error("the build took no file along for " .. name, 0)
end
local loaded = package.loaded
loaded["heygen.core"], loaded.cjson = require "heygen.core", require "cjson"
package[package.searchers and "searchers" or "loaders"] = { loader }
local heygen = (loadstring or load)(%q)()
building = false

heygen.progress()
local client = heygen.new { api_key = "k", base_url = %q, driver = "scheduler" }
local task = heygen.spawn(function()
  local video = assert(client:generate { prompt = "p", wait = { interval = 0.1 } })
  assert(heygen.response(video))
  assert(heygen.all { function() return client:download(video, %q) end })
  local page = assert(client.videos:list { limit = 1 })
  local _, _, err = client.videos:get("unknown")
  assert(heygen.is_error(err))
  return page
end)
while not task:done() do
  client:update(0.002)
end
assert(task:join())
heygen.new { api_key = "k", driver = "block" }
assert(heygen.null and heygen.array {})
]==]

describe("docs/embedding.md", function()
  local text = scripts.read "docs/embedding.md"

  it("names all modules that a build has to take along", function()
    local server = sim.start { speed = 36000 }
    finally(function()
      server:stop()
    end)
    local path = child.scratch ".mp4"
    child.must(ENGINE:format("return require 'heygen.all_modules'", server.url, path))
    assert.matches("^....ftyp", scripts.read(path))
    os.remove(path)
  end)

  it("shows C that puts the modules in place #slow", function()
    local shown = text:match "\n```c\n(.-)\n/%* once"
    local dir = shell.must "mktemp -d"
    finally(function()
      shell.must("rm -rf " .. quote(dir))
    end)
    scripts.write(
      dir .. "/main.c",
      "#include <lauxlib.h>\n#include <lua.h>\n#include <lualib.h>\n"
        .. shown
        .. [[

int main(void) {
    lua_State *L = luaL_newstate();
    luaL_openlibs(L);
    load(L, "cjson", luaopen_cjson);
    load(L, "heygen.core", luaopen_heygen_core);
    int failed = luaL_dostring(L, "package.cpath = '' print(require 'heygen.core'.decode '[7]'[1])");
    lua_close(L);
    return failed;
}
]]
    )
    shell.must(
      ("%smake --no-print-directory -s embed %s EMBED_SOURCE=%s/main.c EMBED=%s/host"):format(
        CLEAN,
        make_arguments(),
        dir,
        dir
      )
    )
    assert.equal("7", shell.must(CLEAN .. dir .. "/host"))
  end)
end)
