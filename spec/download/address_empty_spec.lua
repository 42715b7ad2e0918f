-- An empty answer is no video, and an empty address is no address: a download waits for both, and replaces no file by
-- nothing.
local child = require "spec.support.child"
local core = require "heygen.core"
local live = require "spec.support.live"
local raw = require "spec.support.raw"
local shell = require "spec.support.shell"
local support = require "spec.support.sim"

describe("a download", function()
  local server, sim, client, directory, path

  setup(function()
    sim, server = support.start { speed = 0 }, raw.start() -- a child keeps what is open before it
    client = live.client(sim)
    directory = child.scratch()
    path = directory .. "/video.mp4"
    shell.must("mkdir " .. directory)
  end)

  teardown(function()
    server:stop()
    sim:stop()
    shell.must("rm -r " .. directory)
  end)

  before_each(function()
    core.engine():close() -- a connection that is kept stays with the script that it began with
    sim:reset()
    local file = assert(io.open(path, "wb"))
    file:write "the video of yesterday"
    file:close()
  end)

  local function content()
    local file = assert(io.open(path, "rb"))
    local bytes = file:read "*a"
    file:close()
    return bytes
  end

  local EMPTY = {
    { "a length of 0", 'c:answer(200, "")' },
    { "no chunk", [[c:send "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"]] },
    { "an end without a length", [[c:send "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" c:close() break]] },
  }

  for _, case in ipairs(EMPTY) do
    it("of nothing fails and keeps the file: " .. case[1], function()
      server:serve(("while c:request() do %s end"):format(case[2]))
      local err = live.failure(client:download(server.url .. "/video", path, {
        overwrite = true,
        deadline = 0.3, -- less than the pause before a second try
      }))
      assert.equal("network", err.kind)
      assert.equal("truncated", err.code)
      assert.equal("yes", err.sent)
      assert.equal("the video of yesterday", content())
      assert.same({ path }, shell.lines("find " .. directory .. " -type f"))
    end)
  end

  it("of nothing is tried again", function()
    server:serve [[ local r, count = c:request(), 0
      while r do
        count = count + 1
        c:answer(200, count > 1 and "the video of today" or "")
        r = c:request()
      end ]]
    assert.equal(path, assert(client:download(server.url .. "/video", path, { overwrite = true })))
    assert.equal("the video of today", content())
    assert.same({ path }, shell.lines("find " .. directory .. " -type f"))
    assert.equal(2, #server:requests())
  end)

  it("asks for an address in the place of an empty one", function()
    server:answers(200, "the video of today")
    local body = '{"data":{"id":"vid_1","status":"completed","video_url":"%s"}}'
    sim:faults {
      { path = "/v3/videos/vid_1", body = body:format "", times = 1 },
      { path = "/v3/videos/vid_1", body = body:format(server.url .. "/video") },
    }
    local video = { id = "vid_1", status = "completed", video_url = "" }
    assert.equal(path, assert(client:download(video, path, { overwrite = true })))
    assert.equal("the video of today", content())
  end)
end)
