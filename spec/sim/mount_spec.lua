-- The example that mounts the model in a server of its own, run as it is. #once
local cjson = require "cjson"
local shell = require "spec.support.shell"
local socket = require "socket"

describe("examples/mount.lua #once", function()
  local url, pipe, path

  setup(function()
    path = os.tmpname()
    -- The pipe is its life line: it ends with this process, however that ends.
    pipe = io.popen(
      "lua5.4 examples/mount.lua >" .. path .. " 2>&1 & server=$!; cat >/dev/null; kill $server; wait",
      "w"
    )
    local deadline = socket.gettime() + 10
    repeat
      socket.sleep(0.01)
      local file = assert(io.open(path))
      url = (file:read "*a"):match "^(http://127%.0%.0%.1:%d+)\n"
      file:close()
    until url or socket.gettime() > deadline
    os.remove(path)
  end)

  teardown(function()
    pipe:close()
  end)

  local function curl(arguments)
    return shell.run("curl -sS --max-time 10 -H x-api-key:k " .. arguments)
  end

  it("serves the API from a create to the file, and its controls", function()
    local made = cjson.decode((curl('-d \'{"prompt":"hello"}\' ' .. url .. "/v3/video-agents")))
    curl("-d '{\"advance\":720}' " .. url .. "/_sim/clock")
    local session = cjson.decode((curl(url .. "/v3/video-agents/" .. made.data.session_id)))
    assert.equal("completed", session.data.status)
    local video = cjson.decode((curl(url .. "/v3/videos/" .. session.data.video_id)))
    local bytes = shell.run("curl -sS --max-time 10 -r 4-7 " .. shell.quote(video.data.video_url))
    assert.equal("ftyp", bytes)
  end)

  it("plays faults", function()
    for fault, expected in pairs {
      ['{"close":"body"}'] = 18,
      ['{"reset":true}'] = 56,
      ['{"garbage":true}'] = 1,
      ['{"status":503}'] = 0,
    } do
      curl("-X DELETE " .. url .. "/_sim/faults")
      curl("-d " .. shell.quote(fault) .. " " .. url .. "/_sim/faults")
      local _, status = curl("-o /dev/null " .. url .. "/v3/videos")
      assert.equal(expected, status, fault)
    end
  end)
end)
