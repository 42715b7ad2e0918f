-- After heygen.new nothing more can be loaded: the host has restored its own search path, the path was relative and the
-- program has changed its directory, or the module was upgraded in the meantime. Everything continues.
local child = require "spec.support.child"
local scripts = require "spec.support.scripts"
local shell = require "spec.support.shell"
local support = require "spec.support.sim"

local PROGRAM = [[
  local heygen = require "heygen"
  local URL, FOLDER = %q, %q
  local client = heygen.new { api_key = "test-key", base_url = URL, retry_base = 0.001 }
  local webhook, secret, got = heygen.webhook, "whsec_0123456789abcdef", 0
  local router = webhook.router { secrets = secret, on = function() got = got + 1 end, log = function() end }
  local searchers = package.searchers or package.loaders
  for index = #searchers, 1, -1 do
    searchers[index] = nil
  end
  package.path, package.cpath = "", ""

  local WAIT = { interval = 0.001, max_interval = 0.004, timeout = 20 }
  local PNG = "\137PNG\r\n\26\n" .. ("\0"):rep(50)
  local URLS = { url = "https://example.com/v.mp4" }
  local STEPS = {
    { "generate", function()
      local wait = { interval = 0.001, max_interval = 0.004, timeout = 20 }
      wait.on_progress = heygen.progress { stream = io.tmpfile() }
      assert(client:generate { prompt = "x", wait = wait, save = FOLDER .. "/a.mp4" })
    end },
    { "wait for other jobs", function()
      local made = assert(client.lipsyncs:create { video = URLS, audio = { url = "https://example.com/a.mp3" } })
      assert(client.lipsyncs:wait(made, WAIT))
      made = assert(client.video_translations:create { video = URLS, output_languages = { "German", "French" } })
      assert(client.video_translations:wait(made, WAIT))
      made = assert(client.hyperframes:create_render { project = { bytes = "PK\3\4" .. ("index.html"):rep(20) } })
      assert(client.hyperframes:wait(made, WAIT))
    end },
    { "upload", function()
      assert(client.assets:upload({ data = PNG }))
      assert(client.assets:upload({ data = PNG }, { direct = true, interval = 0.01 }))
      assert(client:create { prompt = "x", files = { { bytes = PNG } }, files_as = "assets" })
    end },
    { "lists", function()
      for video in client.videos:each() do
        assert(video.id)
      end
      assert(client:poll(client.videos:list().data[1]))
      assert(client:request { method = "GET", path = "/v3/videos" })
    end },
    { "tasks", function()
      assert(heygen.all {
        function()
          return client:create { prompt = "x" }
        end,
        function()
          return heygen.sleep(0.001)
        end,
      })
      heygen.spawn(heygen.sleep, 0.001):join()
      client:update()
    end },
    { "errors", function()
      local ok, raised = pcall(client.create, client, { promt = "x" })
      assert(not ok and raised:find 'did you mean "prompt"', raised)
      local _, message = client.videos:get "no-video"
      assert(message:find "404", message)
      assert(heygen.response(client.videos:list()).status == 200)
    end },
    { "webhooks", function()
      local body = '{"event_type":"avatar_video.success","event_id":"e1","event_data":{"video_id":"v1"}}'
      assert(router:handle("POST", webhook.sign(body, secret), body) == 200 and got == 1)
    end },
  }
  for _, step in ipairs(STEPS) do
    local ok, raised = pcall(step[2])
    if not ok then
      print(step[1] .. ": " .. tostring(raised))
    end
  end
  client:close()
  print "end"
]]

describe("a program that can load nothing after heygen.new", function()
  local sim, folder

  setup(function()
    sim = support.start { speed = 100000, behaviour = { asset_processing = 0 } }
    folder = shell.must "mktemp -d"
  end)

  teardown(function()
    sim:stop()
    shell.must("rm -rf " .. shell.quote(folder))
  end)

  it("creates, polls, waits, uploads, downloads, lists, runs tasks and takes deliveries", function()
    assert.equal("end", child.must(PROGRAM:format(sim.url, folder)))
  end)

  it("has done so from a relative path in another directory", function()
    local core -- where the C modules are
    for template in package.cpath:gmatch "[^;]+" do
      local file = io.open((template:gsub("%?", "heygen/core")))
      if file then
        file:close()
        core = core or template:match "^(.-)%?"
      end
    end
    local root = shell.must "pwd"
    local function absolute(path)
      return path:sub(1, 1) == "/" and path or root .. "/" .. path
    end
    shell.must("mkdir " .. folder .. "/app")
    shell.must(
      ("ln -s %s/lua %s/app/lua && ln -s %s %s/app/build"):format(root, folder, absolute(core), folder)
    )
    local program = [[
      local lfs = require "lfs"
      package.path = "./lua/?.lua;./lua/?/init.lua;" .. package.path
      package.cpath = "./build/?.so;" .. package.cpath
      local heygen = require "heygen"
      local client = heygen.new { api_key = "test-key", base_url = ]] .. ("%q"):format(sim.url) .. [[ }
      package.path, package.cpath = "./lua/?.lua;./lua/?/init.lua", "./build/?.so"
      assert(lfs.chdir "/")
      local wait = { interval = 0.001, max_interval = 0.004, timeout = 20 }
      print(assert(client:generate { prompt = "x", wait = wait }).status)
    ]]
    scripts.write(folder .. "/app/program.lua", program)
    assert.equal("completed", shell.must(("cd %s/app && %s program.lua"):format(folder, child.interpreter())))
  end)
end)
