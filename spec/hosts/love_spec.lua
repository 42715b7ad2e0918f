-- The example game in a real LÖVE, in a real window on a display of its own, against the simulator. A program plays it
-- through LÖVE's events (spec/support/love). The pictures are left in build/test/.
local cjson = require "cjson"
local scripts = require "spec.support.scripts"
local shell = require "spec.support.shell"
local support = require "spec.support.sim"

local quote = shell.quote

local PICTURES = "build/test"

local root = shell.must "pwd"

-- LÖVE is LuaJIT, whatever runs the specs. xvfb-run takes its display away when the command has ended, so it is the
-- command that has a time limit.
local function in_window(environment, command)
  return table.concat({
    'eval "$(make -s env LUA=luajit)"',
    "export ALSOFT_DRIVERS=null " .. environment, -- LÖVE 11 hangs at its end where there is no sound card
    "xvfb-run -a -s '-screen 0 800x600x24' " .. command,
  }, "\n")
end

local function settings(home, server)
  local all = { "HOME=" .. quote(home), "XDG_DATA_HOME=" .. quote(home .. "/data") }
  if server then
    all[#all + 1] = "HEYGEN_API_KEY=test-key HEYGEN_API_BASE=" .. server.url
  end
  return table.concat(all, " ")
end

-- Plays a scenario; what it tells, by name.
local function play(scenario, home, server)
  local environment = ("%s SCENARIO=%s SHOTS=%s"):format(
    settings(home, server),
    scenario,
    quote(root .. "/" .. PICTURES)
  )
  local output, status = shell.run(in_window(environment, "timeout -k 5 100 love spec/support/love"))
  assert.equal(0, status, output)
  assert.is_nil(output:find("test-key", 1, true), "the key is in the output")
  local facts = {}
  for name, value in output:gmatch "([%w_]+)=([^\n]*)" do
    facts[name] = tonumber(value) or value
  end
  if facts.longest_gap_ms then
    print(("LÖVE, %s: %d frames, the longest %.1f ms"):format(scenario, facts.frames, facts.longest_gap_ms))
  end
  return facts
end

local function saved(home, name)
  return home .. "/data/love/heygen-studio/" .. name
end

local function is_video(path)
  return scripts.read(path):find "^....ftyp" ~= nil
end

-- The size of a PNG.
local function size_of(name)
  local head = scripts.read(PICTURES .. "/" .. name .. ".png"):sub(1, 24)
  local a, b, c, d, e, f, g, h = head:byte(17, 24)
  assert.equal("\137PNG\r\n\26\n", head:sub(1, 8))
  return ((a * 256 + b) * 256 + c) * 256 + d, ((e * 256 + f) * 256 + g) * 256 + h
end

local function assert_picture(facts, name, width, height)
  assert.same({ width or 800, height or 600 }, { size_of(name) })
  assert.is_true(facts["colours_" .. name] > 50, name .. " shows nothing")
end

describe("examples/love in LÖVE #once #native", function()
  local home, server

  before_each(function()
    home = shell.must "mktemp -d"
  end)

  after_each(function()
    server:stop()
    shell.must("rm -rf " .. quote(home))
  end)

  it("makes a video of what is typed and pasted, while it continues to draw", function()
    server = support.start { speed = 240 }
    local facts = play("video", home, server)
    assert.equal("A tour on the café's roof", facts.prompt)
    assert.same({ "ready", 10 }, { facts.state, facts.seconds })
    assert.is_true(facts.bar_steps > 5, "the bar stood still")
    assert.is_true(facts.frames_meanwhile > 20, "the game stood still")
    assert.equal("a-tour-on-the-caf-s-roof.mp4", facts.file)
    assert.is_true(is_video(saved(home, facts.file)))
    assert.equal("file://" .. saved(home, facts.file), facts.opened)
    assert_picture(facts, "love_video")
    local counts = server:counts()
    assert.same({ 1, 1, 0, 0 }, {
      counts.create_requests,
      counts.downloads,
      counts.duplicates,
      counts.keys_leaked,
    })
  end)

  it("makes several at once, and has them again at the next start", function()
    server = support.start { speed = 240 }
    local first = play("several", home, server)
    assert.equal(0, first.restored)
    local names = {}
    for name in first.files:gmatch "%S+" do
      names[#names + 1] = name
      assert.is_true(is_video(saved(home, name)))
    end
    table.sort(names)
    assert.same({ "the-harbour-at-dawn-2.mp4", "the-harbour-at-dawn.mp4", "the-harbour-at-noon.mp4" }, names)
    local second = play("several", home, server)
    assert.equal(3, second.restored)
    assert_picture(second, "love_making")
    assert_picture(second, "love_several")
    assert.equal(6, server:counts().creates)
  end)

  it("says why an order is refused, and continues", function()
    server = support.start()
    server:faults { { method = "POST", path = "/v3/video-agents", nth = 1, status = 402 } }
    local facts = play("refused", home, server)
    assert.equal("There is no credit left in the account. Nothing was made.", facts.problem)
    assert.matches("^api, status 402, code insufficient_credit, request id %S+$", facts.detail)
    assert.same({ "edit", 0, "ready" }, { facts.remedy, facts.videos_left, facts.second })
    assert_picture(facts, "love_refused")
    assert.same({ 2, 1 }, { server:counts().create_requests, server:counts().creates })
  end)

  it("cancels at once: the connection is closed, the session stopped, nothing is kept", function()
    server = support.start { speed = 6, behaviour = { video_id = "late" } }
    server:faults { { method = "GET", path = "/v3/video-agents/*", stall = true } }
    local facts = play("cancel", home, server)
    assert.equal("Cancelled.", facts.problem)
    assert_picture(facts, "love_cancelled")
    local endings = {}
    for _, request in ipairs(server:requests()) do
      endings[request.method .. " " .. request.path] = request.ending
    end
    assert.equal("gone", endings["GET /v3/video-agents/" .. facts.session])
    assert.is_string(endings["POST /v3/video-agents/" .. facts.session .. "/stop"])
    assert.equal("[]", scripts.read(saved(home, "videos.json")))
  end)

  it("takes any text up to the limit, in a window of any size, and sends none that is longer", function()
    server = support.start()
    local facts = play("text", home, server)
    assert.equal(0, facts.videos_too_long)
    assert_picture(facts, "love_too_long")
    assert_picture(facts, "love_narrow", 480, 420)
    assert.equal(0, server:counts().requests)
  end)

  it("says what is missing when there is no key", function()
    server = support.start()
    local facts = play("no_key", home)
    assert.equal("nil", facts.studio)
    assert_picture(facts, "love_no_key")
  end)

  it("does not leave while an order is on its way, and takes it up at the next start", function()
    server = support.start()
    server:faults { { method = "POST", path = "/v3/video-agents", delay = 1 } }
    local facts = play("leave", home, server)
    assert.equal("true", facts.stayed)
    assert.matches("^sess_", facts.session)
    local videos = cjson.decode(scripts.read(saved(home, "videos.json")))
    assert.equal(facts.session, videos[1].session_id)
    local next_start = play("resume", home, server)
    assert.is_true(is_video(saved(home, next_start.file)))
    assert.equal(1, server:counts().creates)
  end)
end)

-- ---- README.md and docs/games.md ----

local function block_with(kind, text, document)
  document = document or "docs/games.md"
  for info, body in ("\n" .. scripts.read(document)):gmatch "\n```(%l[^\n]*)\n(.-)\n```" do
    if info == kind and body:find(text, 1, true) then
      return body .. "\n"
    end
  end
  error(document .. " has no such block: " .. text)
end

-- Runs a game until a file is there, then closes it as a person would.
local WATCH = [[
love "$1" & pid=$!
for _ in $(seq 600); do
  [ ! -e "$2" ] && kill -0 $pid 2>/dev/null || break
  sleep 0.1
done
kill -TERM $pid
wait $pid
]]

local function run_until(game, path, environment)
  local watch = ("timeout -k 5 100 sh -c %s watch %s %s"):format(quote(WATCH), quote(game), quote(path))
  local output, status = shell.run(in_window(environment, watch))
  assert.equal(0, status, output)
  return output
end

describe("what the documents show runs in LÖVE #once #native", function()
  local dir, server

  before_each(function()
    dir = shell.must "mktemp -d"
    server = support.start { speed = 36000 }
  end)

  after_each(function()
    server:stop()
    shell.must("rm -rf " .. quote(dir))
  end)

  local function run_game(main, file)
    shell.must("mkdir " .. quote(dir .. "/game"))
    scripts.write(dir .. "/game/main.lua", main)
    local path = dir .. "/data/love/game/" .. file
    local output = run_until(dir .. "/game", path, settings(dir, server))
    assert.is_true(is_video(path), output)
    assert.equal(1, server:counts().creates)
  end

  it("the game of the README", function()
    run_game(block_with("lua love", "function love.update", "README.md"), "story.mp4")
  end)

  it("the whole game of docs/games.md", function()
    run_game(block_with("lua fragment", "function love.update"), "intro.mp4")
  end)

  it("a game that waits in love.load, and one that never calls update, are told", function()
    shell.must("mkdir " .. quote(dir .. "/game"))
    scripts.write(
      dir .. "/game/main.lua",
      [[
        local heygen = require "heygen"
        function love.load()
          local client = heygen.new()
          for _ = 1, 2 do
            client:wait("no-video", { timeout = 0.05, interval = 0.02, max_interval = 0.02 })
          end
          heygen.spawn(print, "never")
          love.event.quit()
        end
      ]]
    )
    local output =
      shell.run(in_window(settings(dir, server), "timeout -k 5 60 love " .. quote(dir .. "/game")))
    local told = {}
    for line in output:gmatch "heygen: ([^\n]+)" do
      told[#told + 1] = line
    end
    assert.equal(2, #told, output)
    assert.matches("main.lua:5: this wait blocks LÖVE and its window until it ends: ", told[1], 1, true)
    assert.matches("a task never began, spawned at main.lua:7: ", told[2], 1, true)
  end)

  it("the .love that is shipped, with its C modules next to it and no path set", function()
    local recipe = block_with("sh", "zip -qr")
    shell.must(
      ("cd %s && ln -s %s/examples %s/lua %s/build . && set -e\n%s"):format(
        quote(dir),
        root,
        root,
        root,
        recipe
      )
    )
    assert.matches(
      block_with("lua fragment", "getSourceBaseDirectory"),
      scripts.read "examples/love/conf.lua",
      1,
      true
    )
    -- A video that an earlier run has ordered: it is fetched without any input.
    local _, made = server:api("POST", "/v3/video-agents", { prompt = "From before" })
    shell.must("mkdir -p " .. quote(dir .. "/data/love/heygen-studio"))
    local video = {
      prompt = "From before",
      title = "From before",
      began = os.time(),
      session_id = made.data.session_id,
    }
    scripts.write(dir .. "/data/love/heygen-studio/videos.json", cjson.encode { video })
    local path = dir .. "/data/love/heygen-studio/from-before.mp4"
    local unset = "; unset LUA_PATH LUA_CPATH"
    local output = run_until(dir .. "/dist/game.love", path, settings(dir, server) .. unset)
    assert.is_true(is_video(path), output)
    assert.equal(1, server:counts().creates)
  end)
end)
