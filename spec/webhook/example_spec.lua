-- examples/nginx/webhook.conf in a real nginx, as its first lines say, but for port and temporary files. #once
local child = require "spec.support.child"
local live = require "spec.support.live"
local scripts = require "spec.support.scripts"
local shell = require "spec.support.shell"
local socket = require "socket"
local support = require "spec.support.sim"

describe("examples/nginx/webhook.conf #once #native", function()
  local sim, url, directory, pipe

  local function curl(path, arguments)
    return (shell.run("curl -sS --max-time 20 " .. (arguments or "") .. " " .. url .. path))
  end

  setup(function()
    sim = support.start()
    directory = child.scratch()
    shell.must("mkdir " .. directory)
    local held = assert(socket.bind("127.0.0.1", 0))
    local _, port = held:getsockname()
    held:close()
    url = "http://127.0.0.1:" .. port
    local text = scripts.read "examples/nginx/webhook.conf"
    local command = text:match "\n#%s+(HEYGEN_API_KEY=any [^\n]*nginx [^\n]*)\n"
    command =
      command:gsub("http://127.0.0.1:8081", sim.url):gsub("webhook.conf", directory .. "/webhook.conf")
    if shell.run "id -u" == "0" then
      command = command .. " -g 'user root;'" -- the workers' usual user need not be able to read this tree
    end
    text =
      text:gsub("127.0.0.1:8080", "127.0.0.1:" .. port):gsub(" %.%./%.%./build/", " " .. directory .. "/")
    scripts.write(directory .. "/webhook.conf", text)
    local run = "unset LD_PRELOAD; PATH=$PATH:/usr/sbin; export HEYGEN_WEBHOOK_URL=%s/heygen\n"
      .. "(exec env %s) 2>%s/log & server=$!\ncat >/dev/null; kill -TERM $server; wait"
    pipe = io.popen(run:format(url, command, directory), "w")
    live.until_true(function()
      return curl("/events", "-o /dev/null -w '%{http_code}'"):find "200" ~= nil
    end)
  end)

  teardown(function()
    pipe:close()
    sim:stop()
    local log = scripts.read(directory .. "/log")
    shell.must("rm -r " .. directory)
    assert.is_nil(log:find "%[error%]", log)
  end)

  it("registers its address once, and shows what was delivered", function()
    local first, second = curl("/register", "-X POST"), curl("/register", "-X POST")
    assert.matches("^created ep_%x+\nfor HEYGEN_WEBHOOK_SECRET, at the next start: whsec_%x+$", first)
    assert.matches("^unchanged ep_%x+$", second)
    assert.equal("", curl "/events")
    local _, answer = sim:api("POST", "/v3/video-agents", { prompt = "A video" })
    sim:clock { advance = 3600 }
    local line = live.until_true(function()
      local text = curl "/events"
      return text ~= "" and text
    end)
    assert.matches("^video_agent.success " .. answer.data.session_id .. " %x+$", line)
  end)
end)
