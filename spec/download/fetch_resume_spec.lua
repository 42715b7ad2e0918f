-- Downloads that are cut: resumed where the rest is proved to be of the same file, else begun again; identical at
-- the end, wherever the cut was. The servers are those of spec/support/range_server.lua.
local core = require "heygen.core"
local folder = require "spec.support.folder"
local live = require "spec.support.live"
local range_server = require "spec.support.range_server"
local raw = require "spec.support.raw"
local sample = require "spec.support.sample"
local support = require "spec.support.sim"

local FIRST, SECOND, LONGER = range_server.FIRST, range_server.SECOND, range_server.LONGER

describe("a download that is cut", function()
  local server, client, sim
  local files = folder.new "video.mp4"
  local path, read, there = files.path, files.read, files.names

  setup(function()
    sim, server = support.start { speed = 0 }, raw.start() -- a child keeps what is open before it
    client = live.client(sim)
    files.make()
  end)

  teardown(function()
    server:stop()
    sim:stop()
    files.remove()
  end)

  before_each(function()
    core.engine():close() -- a connection that is kept stays with the script that it began with
    sim:reset()
    range_server.start(server)
  end)

  after_each(function()
    files.empty()
  end)

  local count = 0
  local function url(mode, cut)
    count = count + 1
    return ("%s/%s/%d/%d?signature=%d"):format(server.url, mode, cut, count, count)
  end

  -- Everything that must hold for a cut behind `cut` bytes.
  local function check(mode, cut, wanted, requests, options)
    local address = url(mode, cut)
    options = options or {}
    options.overwrite = true
    local saved, message = client:download(address, path(), options)
    assert(saved, ("%s, cut behind %d: %s"):format(mode, cut, tostring(message)))
    if read() ~= wanted then
      error(("%s, cut behind %d: another file"):format(mode, cut))
    end
    return requests
  end

  -- Cuts in the middle and at the edges, and all over the file.
  local FEW = { 0, 1, 499, 999 }
  local MANY = {}
  for cut = 0, 999, sample(7) do
    MANY[#MANY + 1] = cut
  end

  -- mode, what is there in the end, requests after a cut in the middle
  local CASES = {
    { "plain", FIRST, 2 },
    { "date", FIRST, 2 },
    { "changed", SECOND, 2 },
    { "grown", LONGER, 3 },
    { "past", FIRST, 3 },
    { "past_here", FIRST, 3 },
    { "before", FIRST, 3 },
    { "behind", FIRST, 3 },
    { "other_total", FIRST, 3 },
    { "small_total", FIRST, 3 },
    { "other_length", FIRST, 3 },
    { "garbage", FIRST, 3 },
    { "silent", FIRST, 3 },
    { "multipart", FIRST, 3 },
    { "blind", SECOND, 3 },
    { "ignores", FIRST, 2 },
    { "weak", FIRST, 2 },
    { "young", FIRST, 2 },
    { "nothing", FIRST, 2 },
    { "no_total", FIRST, 2 },
    { "chunked", FIRST, 2 },
    { "endless", FIRST, 2 },
    { "short", FIRST, nil },
  }

  -- The core does the same in all of them: the memory checker need not see each.
  local CHECKED = { plain = "", changed = "", past = "", chunked = "" }

  for _, case in ipairs(CASES) do
    local mode, wanted, requests = case[1], case[2], case[3]
    it("is identical in the end: " .. mode .. (CHECKED[mode] or " #slow"), function()
      for _, cut in ipairs(FEW) do
        if not (cut == 0 and mode == "endless") then -- an empty file, and a pause
          check(mode, cut, wanted)
        end
      end
      local before = #server:requests()
      check(mode, 500, wanted)
      if requests then
        assert.equal(requests, #server:requests() - before)
      end
      assert.same({ "video.mp4" }, there())
    end)
  end

  for _, mode in ipairs { "plain", "changed", "grown", "past", "behind", "chunked" } do
    it("is identical in the end, wherever it is cut: " .. mode .. " #once #slow", function()
      local wanted = mode == "changed" and SECOND or mode == "grown" and LONGER or FIRST
      for _, cut in ipairs(MANY) do
        check(mode, cut, wanted)
      end
      assert.same({ "video.mp4" }, there())
    end)
  end

  it("asks for the rest of the version that it has, and for no encoding", function()
    check("plain", 123, FIRST)
    check("date", 7, FIRST)
    check("weak", 9, FIRST)
    local list = server:requests()
    assert.is_nil(list[1].headers.range)
    assert.is_nil(list[1].headers["if-range"])
    assert.equal("identity", list[1].headers["accept-encoding"])
    assert.equal("bytes=123-", list[2].headers.range)
    assert.equal('"1"', list[2].headers["if-range"])
    assert.equal("bytes=7-", list[4].headers.range)
    assert.equal("Tue, 24 Nov 2026 10:00:00 GMT", list[4].headers["if-range"])
    assert.is_nil(list[6].headers.range)
  end)

  -- ---- addresses that expire in the middle ----

  local function expiring(mode, cut, other)
    local asked = 0
    check(mode, cut, FIRST, nil, {
      refresh = function()
        asked = asked + 1
        return url(other or "plain", 1000)
      end,
    })
    return asked
  end

  it("resumes at a fresh address when the first has expired", function()
    for _, mode in ipairs { "expires", "gone" } do
      for _, cut in ipairs(FEW) do
        assert.equal(1, expiring(mode, cut))
      end
    end
    local list = server:requests()
    assert.equal("bytes=999-", list[#list].headers.range)
    assert.equal('"1"', list[#list].headers["if-range"])
    assert.matches("^/plain/", list[#list].target)
  end)

  it("resumes at a fresh address, wherever it is cut #once #slow", function()
    for _, cut in ipairs(MANY) do
      assert.equal(1, expiring("expires", cut))
    end
  end)

  it("starts over at a fresh address that is of another version", function()
    check("expires", 500, SECOND, nil, {
      refresh = function()
        local fresh = url("changed", 1000)
        assert(client:download(fresh, path "other")) -- from the second request on it has the second version
        return fresh
      end,
    })
  end)

  it("asks the service for a fresh address of a video, with its id", function()
    local fresh = url("plain", 1000)
    local body = '{"data":{"id":"vid_1","status":"completed","video_url":"%s"}}'
    sim:faults { { path = "/v3/videos/vid_1", body = body:format(fresh) } }
    local video = { id = "vid_1", status = "completed", video_url = url("expires", 700) }
    assert(client:download(video, path()))
    assert.equal(FIRST, read())
    local list = server:requests()
    assert.equal(3, #list)
    assert.equal("bytes=700-", list[3].headers.range)
    assert.is_nil(list[3].headers["x-api-key"])
    assert.equal(0, sim:counts().keys_leaked)
  end)

  -- ---- from one call to the next ----

  it("is resumed by the next call", function()
    for _, cut in ipairs { 1, 500, 999 } do
      local address = url("refuses", cut)
      local err = live.failure(client:download(address, path()))
      assert.equal(400, err.status)
      assert.equal(path() .. ".part", err.part)
      assert.equal(cut, err.received)
      assert.matches(("; %d of 1000 bytes are in %s.part"):format(cut, path()), err.message, 1, true)
      assert.same({ "video.mp4.part", "video.mp4.part.json" }, there())
      assert.equal(FIRST:sub(1, cut), read "video.mp4.part")
      assert.is_nil(read("video.mp4.part.json"):find("signature", 1, true)) -- it would be good for a while
      assert.equal(path(), client:download(address, path()))
      assert.equal(FIRST, read())
      assert.same({ "video.mp4" }, there())
      local list = server:requests()
      assert.equal(("bytes=%d-"):format(cut), list[#list].headers.range)
      os.remove(path())
    end
  end)

  -- Leaves a part of 500 bytes behind.
  local function broken(options)
    local address = url("refuses", 500)
    local err = live.failure(client:download(address, path(), options))
    assert.equal(400, err.status)
    return address, err
  end

  it("is not resumed when the next call is of something else", function()
    broken()
    check("plain", 1000, FIRST)
    local list = server:requests()
    assert.is_nil(list[#list].headers.range)
    assert.same({ "video.mp4" }, there())
  end)

  it("is known by the video and the variant, whatever the address is", function()
    local video = { id = "vid_1", video_url = url("refuses", 500), gif_url = url("plain", 1000) }
    live.failure(client:download(video, path()))
    assert(client:download(video, path "gif", { variant = "gif" }))
    video.video_url = url("plain", 1000)
    assert(client:download(video, path()))
    local list = server:requests()
    assert.equal("bytes=500-", list[#list].headers.range)
    assert.equal(FIRST, read())
    video.video_url = url("refuses", 500)
    live.failure(client:download(video, path(), { overwrite = true }))
    assert(client:download(video, path(), { overwrite = true, variant = "gif" }))
    list = server:requests()
    assert.is_nil(list[#list].headers.range)
  end)

  it("that was whole, but for its name, needs one question only", function()
    local address = broken()
    local part = assert(io.open(path "video.mp4.part", "ab"))
    part:write(FIRST:sub(501))
    part:close()
    assert(client:download(address, path()))
    assert.equal(FIRST, read())
    assert.equal(3, #server:requests())
  end)

  it("starts over where the note is cut, of another version of ours, or says nonsense", function()
    local function spoil(text)
      local address = broken()
      local note = assert(io.open(path "video.mp4.part.json", "wb"))
      note:write((text:gsub("ADDRESS", address)))
      note:close()
      local saved = assert(client:download(address, path(), { overwrite = true }))
      assert.equal(path(), saved)
      assert.equal(FIRST, read())
      local list = server:requests()
      assert.is_nil(list[#list].headers.range)
      files.empty()
    end
    spoil ""
    spoil '{"heygen":1,"sou'
    spoil '{"heygen":2,"source":"x"}'
    spoil '{"heygen":1,"source":5,"total":"1000"}'
    spoil(("x"):rep(10000))
    -- No header that can be sent.
    spoil [[{"heygen":1,"source":"address ADDRESS","etag":"\"1\r\nX: 1\"","validator":"\"1\r\nX: 1\""}]]
  end)

  it("starts over where more is there than the file has", function()
    local address = broken()
    local part = assert(io.open(path "video.mp4.part", "ab"))
    part:write(("x"):rep(501))
    part:close()
    assert(client:download(address, path()))
    assert.equal(FIRST, read())
  end)

  it("leaves nothing with resume = false, and where the version cannot be named", function()
    local _, err = broken { resume = false }
    assert.is_nil(err.part)
    assert.is_nil(err.received)
    assert.same({}, there())
    err = live.failure(client:download(url("refuses_weak", 500), path()))
    assert.is_nil(err.part)
    assert.same({}, there())
  end)

  it("resumes within a call with resume = false as well", function()
    check("plain", 500, FIRST, nil, { resume = false })
    assert.equal("bytes=500-", server:requests()[2].headers.range)
    assert.same({ "video.mp4" }, there())
  end)

  it("keeps what it has when nothing comes in its place", function()
    local address = broken()
    server:answers(404, "no")
    core.engine():close()
    local err = live.failure(client:download(address, path()))
    assert.equal(404, err.status)
    assert.equal(500, err.received)
    err = live.failure(client:download(server.url .. "/other", path()))
    assert.is_nil(err.received) -- nothing of that one, but it is still there
    assert.same({ "video.mp4.part", "video.mp4.part.json" }, there())
  end)

  it("gives up on a server that compresses, and on one that never gives the right part", function()
    local err = live.failure(client:download(url("encoded", 1000), path()))
    assert.equal("encoding", err.code)
    assert.equal("parse", err.kind)
    assert.matches("gzip", err.message)
    assert.equal(1, err.attempts)
    assert.same({}, there())
  end)

  it("is resumed by the next call, wherever it is cut #once #slow", function()
    for cut = 1, 999, sample(7) do
      local address = url("refuses", cut)
      assert.equal(cut, live.failure(client:download(address, path(), { overwrite = true })).received)
      assert.equal(path(), client:download(address, path(), { overwrite = true }))
      assert.equal(FIRST, read())
    end
  end)
end)
