-- Downloads: whole or not at all, without a credential, from addresses that come late, expire, redirect and break off.
local core = require "heygen.core"
local downloading = require "spec.support.downloading"
local heygen = require "heygen"
local live = require "spec.support.live"
local shell = require "spec.support.shell"

describe("a download", function()
  local sim, server, client
  local world = downloading.new()
  local path, read, write = world.folder.path, world.folder.read, world.folder.write
  local directory = world.folder.directory
  local make_video, true_file = world.make_video, world.true_file

  setup(function()
    sim, server, client = world.start()
  end)

  teardown(world.stop)

  before_each(function()
    sim:reset()
  end)

  after_each(world.check)

  local function no_file()
    assert.is_nil(read())
  end

  it("brings the file of a video, byte for byte", function()
    local video = make_video()
    local wanted = true_file(video)
    local saved = assert(client:download(video, path()))
    assert.equal(path(), saved)
    assert.is_nil(heygen.response(saved))
    assert.equal(wanted, read())
    assert.matches("^....ftyp", read())
    local entry = sim:requests()[#sim:requests()]
    assert.matches("^/files/", entry.path)
    assert.is_nil(entry.headers["x-api-key"])
    assert.is_nil(entry.headers.authorization)
    assert.is_nil(entry.headers["idempotency-key"])
    assert.matches("heygen%-lua/", entry.headers["user-agent"])
  end)

  it("takes no length from a header of a chunked answer", function()
    for _, length in ipairs { 1, 3, 99 } do
      local headers = "HTTP/1.1 200 OK\\r\\nTransfer-Encoding: chunked\\r\\nContent-Length: %d\\r\\n\\r\\n"
      server:serve(
        ('c:request() c:send("' .. headers .. '3\\r\\nabc\\r\\n0\\r\\n\\r\\n") c:close()'):format(length)
      )
      assert(client:download(server.url .. "/v.mp4", path(), { overwrite = true, deadline = 5 }))
      assert.equal("abc", read())
    end
  end)

  it("brings one that plays #once", function()
    local video = make_video()
    assert(client:download(video, path()))
    if shell.run "command -v ffprobe" ~= "" then
      local output = shell.must("ffprobe -v error -show_entries format=duration -of csv=p=0 " .. path())
      assert.is_true(math.abs(tonumber(output) - video.duration) < 0.1, output)
    end
  end)

  it("takes a video id, an address, and an error that names a video", function()
    local video = make_video()
    local wanted = true_file(video)
    for index, source in ipairs {
      video.id,
      video.video_url,
      { id = video.id },
      { video_id = video.id, kind = "timeout" },
    } do
      local name = index .. ".mp4"
      assert(client:download(source, path(name)))
      assert.equal(wanted, read(name))
    end
    assert.matches("?", video.video_url, 1, true)
  end)

  it("sends no credential, whichever the client has, nor headers of its own", function()
    local video = make_video()
    local other = live.client(sim, { api_key = false, access_token = "t-1", headers = { ["X-Team"] = "a" } })
    assert(other:download(video, path()))
    assert.is_nil(sim:requests()[#sim:requests()].headers["x-team"])
  end)

  it("waits for an address that comes late", function()
    sim:behaviour { video_url_late = 5000 }
    local session = assert(client:create { prompt = "x" })
    sim:clock { advance = 3600 }
    local id = assert(client.video_agents:get(session)).video_id
    assert.is_nil(assert(client.videos:get(id)).video_url)
    local polls = sim:counts().polls
    heygen.run(function()
      heygen.spawn(function()
        while sim:counts().polls == polls do
          heygen.sleep(0.002)
        end
        sim:clock { advance = 5000 }
      end)
      assert(client:download(id, path()))
    end)
    assert.matches("^....ftyp", read())
  end)

  it("waits for a file that comes late, with a fresh address each time", function()
    sim:behaviour { file_late = 3000 }
    local session = assert(client:create { prompt = "x" })
    sim:clock { advance = 800 }
    local id = assert(client.video_agents:get(session)).video_id
    heygen.run(function()
      heygen.spawn(function()
        while sim:counts().downloads == 0 do
          heygen.sleep(0.002)
        end
        sim:clock { advance = 3000 }
      end)
      assert(client:download(id, path()))
    end)
    assert.matches("^....ftyp", read())
    local seen = {}
    for _, entry in ipairs(sim:requests()) do
      if entry.path:find "^/files/" then
        assert.is_nil(seen[entry.target])
        seen[entry.target] = true
      end
    end
  end)

  it("asks for a fresh address when the one it has is expired", function()
    local video = make_video()
    sim:clock { advance = 604801 }
    assert(client:download(video, path()))
    assert.matches("^....ftyp", read())
    assert.equal(2, sim:counts().downloads)
  end)

  it("cannot do so for an address alone", function()
    local video = make_video()
    sim:clock { advance = 604801 }
    local err = live.failure(client:download(video.video_url, path()))
    assert.equal("api", err.kind)
    assert.equal(403, err.status)
    assert.equal("download_refused", err.code)
    assert.equal("yes", err.sent)
    assert.is_nil(err.message:find("Signature", 1, true))
    assert.matches("AccessDenied", err.last)
    no_file()
  end)

  it("of a video that is not completed says so at once", function()
    local session = assert(client:create { prompt = "x" })
    sim:clock { advance = 150 }
    local id = assert(client.video_agents:get(session)).video_id
    local err = live.failure(client:download(id, path()))
    assert.equal("api", err.kind)
    assert.equal("resource_not_ready", err.code)
    assert.is_true(err.retryable)
    assert.equal(id, err.video_id)
    assert.matches("the video is pending: only a completed one has a file", err.message)
    sim:behaviour { video_fails = true }
    session = assert(client:create { prompt = "x" })
    sim:clock { advance = 3600 }
    id = assert(client.video_agents:get(session)).video_id
    err = live.failure(client:download(id, path()))
    assert.equal("failed", err.kind)
    assert.equal(id, err.video_id)
    no_file()
  end)

  it("of no video is that error", function()
    local err = live.failure(client:download("nothing", path()))
    assert.equal("api", err.kind)
    assert.equal(404, err.status)
    assert.equal("video_not_found", err.code)
    assert.equal("nothing", err.video_id)
    no_file()
  end)

  it("that is refused by the API is that error", function()
    sim:faults { { path = "/v3/**", status = 401 } }
    assert.equal(401, live.failure(client:download("v", path())).status)
  end)

  describe("over a bad connection", function()
    local BREAKS = {
      { "truncated", { close = "body" } },
      { "closed", { close = "before" } },
      { "reset", { reset = true } },
      { "answered with 503", { status = 503 } },
      { "told to wait", { status = 429, headers = { ["Retry-After"] = "0" } } },
      { "shorter than it says", { content_length = 1e6 }, 3 }, -- the rest that was announced is asked for first
      { "in bad chunks", { chunked = "bad" } },
    }
    for _, case in ipairs(BREAKS) do
      it("is tried again when it was " .. case[1], function()
        local video = make_video()
        local wanted = true_file(video)
        case[2].path, case[2].times = "/files/*", 1
        sim:faults { case[2] }
        local before = sim:counts().downloads
        assert(client:download(video, path()))
        assert.equal(wanted, read())
        assert.equal(case[3] or 2, sim:counts().downloads - before)
      end)
    end

    it("ends with the error at its deadline, and leaves nothing", function()
      local video = make_video()
      sim:faults { { path = "/files/*", close = "body" } }
      local err = live.failure(client:download(video, path(), { deadline = 0.7, resume = false }))
      assert.equal("network", err.kind)
      assert.equal("truncated", err.code)
      assert.equal("yes", err.sent)
      assert.equal(video.id, err.video_id)
      assert.is_true(err.attempts >= 1)
      sim:faults {}
      sim:faults { { path = "/files/*", stall = "body" } }
      err = live.failure(client:download(video, path(), { deadline = 0.1, resume = false }))
      assert.equal("timeout", err.kind)
      no_file()
    end)

    it("does not outlast its deadline by asking for the address", function()
      local video = make_video()
      sim:faults { { path = "/v3/videos/*", stall = true } }
      local began = core.now()
      local err = live.failure(client:download(video.id, path(), { deadline = 0.3 }))
      assert.equal("timeout", err.kind)
      assert.equal(video.id, err.video_id)
      assert(core.now() - began < 20) -- one attempt may take 30
      no_file()
    end)
  end)

  describe("and its place", function()
    it("keeps a file that is there, and asks for nothing", function()
      local video = make_video()
      write("video.mp4", "mine")
      local before = live.sent(sim)
      local err = live.failure(client:download(video, path()))
      assert.equal("file", err.kind)
      assert.equal("no", err.sent)
      assert.matches("video.mp4 exists; give another name, or overwrite = true", err.message, 1, true)
      assert.equal("mine", read())
      assert.equal(before, live.sent(sim))
    end)

    it("replaces it when that is wanted, and only by a whole file", function()
      local video = make_video()
      local wanted = true_file(video)
      write("video.mp4", "mine")
      sim:faults { { path = "/files/*", status = 501, times = 1 } }
      live.failure(client:download(video, path(), { overwrite = true }))
      assert.equal("mine", read())
      assert(client:download(video, path(), { overwrite = true }))
      assert.equal(wanted, read())
    end)

    it("keeps a file that was put there during the download", function()
      local video = make_video()
      local err = live.failure(client:download(video, path(), {
        on_progress = function()
          write("video.mp4", "of another program")
        end,
      }))
      assert.equal("file", err.kind)
      assert.equal("of another program", read())
    end)

    it("must be in a directory that is there", function()
      local video = make_video()
      local before = sim:counts().downloads
      local err = live.failure(client:download(video, directory .. "/none/video.mp4"))
      assert.equal("file", err.kind)
      assert.matches("none/video.mp4", err.message)
      assert.equal(before, sim:counts().downloads)
    end)

    it("cannot be a directory", function()
      local video = make_video()
      assert.equal("file", live.failure(client:download(video, directory, { overwrite = true })).kind)
      shell.must("rm -f " .. directory .. ".*.part")
    end)
  end)

  describe("and its progress", function()
    -- A server that gives a large file in pieces.
    local SIZE = 200000

    local function large()
      server:serve(([[
        c:request()
        c:send("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n")
        for _ = 1, 10 do
          c:send(("x"):rep(%d))
          c:sleep(0.06)
        end
      ]]):format(SIZE, SIZE / 10))
      return server.url .. "/large.mp4"
    end

    it("never runs backwards, and ends with all of it", function()
      local last, count = nil, 0
      assert(client:download(large(), path(), {
        on_progress = function(event)
          count = count + 1
          assert(not last or event.received >= last.received and event.elapsed >= last.elapsed)
          assert(event.total == SIZE)
          last = event
        end,
      }))
      assert.equal(SIZE, last.received)
      assert.is_true(count >= 2, count)
      assert.equal(SIZE, #read())
    end)

    it("never runs backwards when a second try was needed", function()
      server:serve(([[
        c:request()
        c:send("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n")
        if n == 1 then
          c:send(("x"):rep(50000))
          c:sleep(0.4)
          c:close()
        else
          c:send(("x"):rep(1000))
          c:sleep(0.4)
          c:send(("x"):rep(%d))
        end
      ]]):format(SIZE, SIZE - 1000))
      local list = {}
      assert(client:download(server.url .. "/x", path(), {
        on_progress = function(event)
          list[#list + 1] = event.received
        end,
      }))
      for index = 2, #list do
        assert.is_true(list[index] >= list[index - 1])
      end
      assert.is_true(list[1] >= 50000)
      assert.equal(SIZE, list[#list])
    end)

    it("that raises ends it, and leaves nothing", function()
      local err = live.failure(client:download(large(), path(), {
        on_progress = function()
          error "no bar"
        end,
      }))
      assert.equal("callback", err.kind)
      assert.matches("no bar", err.message)
      no_file()
    end)
  end)

  describe("that is cancelled", function()
    it("leaves nothing, and closes its connection", function()
      local video = make_video()
      sim:faults { { path = "/files/*", stall = "body" } }
      local err = live.failure(heygen.run(function()
        local task = heygen.spawn(function()
          return client:download(video, path(), { resume = false })
        end)
        local stop = core.now() + 20
        while #shell.lines("find " .. directory .. " -name '*.part'") == 0 and core.now() < stop do
          heygen.sleep(0.005)
        end
        task:cancel()
        return task:join()
      end))
      assert.equal("cancelled", err.kind)
      assert.equal(video.id, err.video_id)
      no_file()
    end)

    it("leaves nothing while it waits for another try", function()
      local video = make_video()
      sim:faults { { path = "/files/*", status = 503 } }
      local err = live.failure(heygen.run(function()
        local task = heygen.spawn(client.download, client, video, path())
        while sim:counts().downloads == 0 do
          heygen.sleep(0.005)
        end
        heygen.sleep(0.02)
        task:cancel()
        return task:join()
      end))
      assert.equal("cancelled", err.kind)
      no_file()
    end)
  end)

  it("gives the same from frames", function()
    local video = make_video()
    local wanted = true_file(video)
    local task = heygen.spawn(client.download, client, video, path())
    while not task:done() do
      client:update(0.001)
    end
    assert.equal(path(), (task:join()))
    assert.equal(wanted, read())
  end)
end)
