-- Which file of a video, and files of what is not a video.
local child = require "spec.support.child"
local folder = require "spec.support.folder"
local heygen = require "heygen"
local live = require "spec.support.live"
local shell = require "spec.support.shell"
local support = require "spec.support.sim"

describe("a download", function()
  local sim, client
  local files = folder.new "video.mp4"
  local path, read = files.path, files.read
  local directory = files.directory

  setup(function()
    sim = support.start { speed = 0 }
    client = live.client(sim)
    files.make()
  end)

  teardown(function()
    sim:stop()
    files.remove()
  end)

  before_each(function()
    sim:reset()
  end)

  after_each(function()
    assert.equal(0, sim:counts().keys_leaked)
    files.empty()
  end)

  local function make_video()
    local session = assert(client:create { prompt = "A video" })
    sim:clock { advance = 3600 }
    return assert(client.videos:get(assert(client.video_agents:get(session)).video_id))
  end

  local MAGIC = {
    video = "^....ftyp",
    captioned = "^....ftyp",
    gif = "^GIF8",
    thumbnail = "^\255\216",
    subtitle = "^1\r?\n",
  }

  it("brings an instant video, also when its address has expired", function()
    local body = { model = "heygen-video-1", mode = "text_to_video", prompt = "A tree in the wind" }
    local made = assert(client:request { method = "POST", path = "/v3/models/videos", json = body }).data
    sim:clock { advance = 3600 }
    local video = assert(client.models:get_video(made))
    sim:clock { advance = 700000 }
    assert(client:download(video, path "1"))
    assert.matches(MAGIC.video, read "1")
    local routes = sim:counts().by_route
    assert.equal(2, routes["GET /v3/models/videos/{video_id}"])
    assert.is_nil(routes["GET /v3/videos/{video_id}"])
  end)

  it("brings each variant, from the video and from its id", function()
    sim:behaviour { captions = "always" }
    local video = make_video()
    for variant, magic in pairs(MAGIC) do
      assert(client:download(video, path "1", { variant = variant, overwrite = true }))
      assert.matches(magic, read "1", nil, variant)
      assert(client:download(video.id, path "2", { variant = variant, overwrite = true }))
      assert.equal(read "1", read "2")
    end
    assert.not_equal(video.video_url:match "[^/]+%?", video.captioned_video_url:match "[^/]+%?")
  end)

  it("of a variant that the video has not says which it has", function()
    sim:behaviour { captions = "never" }
    local video = make_video()
    local before = sim:counts().downloads
    for _, source in ipairs { video, video.id } do
      for _, variant in ipairs { "captioned", "subtitle" } do
        local err = live.failure(client:download(source, path(), { variant = variant }))
        assert.equal("api", err.kind)
        assert.equal("no_such_variant", err.code)
        assert.equal("variant", err.param)
        assert.is_false(err.retryable)
        assert.equal(video.id, err.video_id)
        assert.matches(
          ("the video has no %s file; it has: video, gif, thumbnail"):format(variant),
          err.message,
          1,
          true
        )
      end
    end
    local err = live.failure(client:download({ video_url = video.video_url }, path(), { variant = "gif" }))
    assert.equal("invalid", err.kind)
    assert.matches("there is no gif file; it has: video", err.message)
    assert.equal(before, sim:counts().downloads)
    assert.same({}, shell.lines("ls -A " .. directory))
  end)

  it("waits for a variant that is late like all the rest", function()
    sim:behaviour { video_url_late = 5000 }
    local session = assert(client:create { prompt = "x" })
    sim:clock { advance = 3600 }
    local id = assert(client.video_agents:get(session)).video_id
    local polls = sim:counts().polls
    heygen.run(function()
      heygen.spawn(function()
        while sim:counts().polls == polls do
          heygen.sleep(0.002)
        end
        sim:clock { advance = 5000 }
      end)
      assert(client:download(id, path(), { variant = "gif" }))
    end)
    assert.matches("^GIF8", read())
  end)

  it("gets a fresh address of the same variant", function()
    local video = make_video()
    sim:clock { advance = 604801 }
    assert(client:download(video, path(), { variant = "gif" }))
    assert.matches("^GIF8", read())
  end)

  it("brings the file of whatever has an address", function()
    local video = make_video()
    local fields = {
      { url = video.video_url, id = "asset_1" },
      { url = video.video_url, video_id = video.id },
      { audio_url = video.video_url },
      { video_url = video.video_url },
    }
    for index, object in ipairs(fields) do
      assert(client:download(object, path(tostring(index))))
      assert.matches("^....ftyp", read(tostring(index)))
    end
    assert(client:download({ srt_url = video.gif_url }, path "5", { variant = "subtitle" }))
    assert(client:download({ gif_download_url = video.gif_url }, path "6", { variant = "gif" }))
    assert.equal(read "5", read "6")
  end)

  it("asks a function for a fresh address of other things", function()
    local video = make_video()
    sim:clock { advance = 604801 }
    local asset = { id = "asset_1", url = video.video_url }
    local polls = sim:counts().polls
    local err = live.failure(client:download(asset, path()))
    assert.equal(403, err.status)
    assert.is_nil(err.video_id)
    assert.equal(polls, sim:counts().polls) -- its id is not asked for as that of a video
    assert(client:download(asset, path(), {
      refresh = function()
        return { url = assert(client.videos:get(video)).video_url }
      end,
    }))
    assert.matches("^....ftyp", read())
    local function refused(kind, pattern, refresh)
      local options = { refresh = refresh, overwrite = true }
      err = live.failure(client:download(asset, path(), options))
      assert.equal(kind, err.kind)
      assert.matches(pattern, err.message)
    end
    refused("callback", "refresh raised: .-lost", function()
      error "lost"
    end)
    refused("callback", "refresh: expected an object or an address, got no more", function()
      return nil, "no more"
    end)
    refused("api", "nothing", function()
      return client.videos:get "nothing"
    end)
  end)

  it("of a table whose id is no video's keeps the first reason", function()
    local video = make_video()
    sim:clock { advance = 604801 }
    local err = live.failure(client:download({ id = "tr_1", video_url = video.video_url }, path()))
    assert.equal(403, err.status)
    assert.equal("download_refused", err.code)
    assert.equal(404, err.cause.status)
  end)

  it("brings all files of a video in examples/downloads.lua, twice", function()
    sim:behaviour { captions = "never" }
    local video = make_video()
    local run = ("HEYGEN_API_KEY=k HEYGEN_API_BASE=%s %s examples/downloads.lua %s %s"):format(
      sim.url,
      child.interpreter(),
      video.id,
      directory
    )
    local output, status = shell.run(run)
    assert.same({ 0, output }, { status, output })
    assert.same({ "video.gif", "video.jpg", "video.mp4" }, shell.lines("ls -A " .. directory))
    assert.matches("captioned.mp4\t%-%- the video has none", output)
    output, status = shell.run(run)
    assert.same({ 0, output }, { status, output })
    assert.matches("video.mp4\t%-%- exists already", output)
  end)

  it("takes no option that is wrong", function()
    local function raised(pattern, ...)
      local ok, message = pcall(client.download, client, ...)
      assert.is_false(ok)
      assert.matches(pattern, message)
    end
    raised(
      'variant: expected one of "video", "captioned", "gif", "thumbnail", "subtitle", got "gfi"',
      "v",
      "x",
      { variant = "gfi" }
    )
    raised("variant: an address is that of one file", "https://example.com/x", "x", { variant = "gif" })
    raised("resume: expected a boolean, got 1", "v", "x", { resume = 1 })
    raised('refresh: expected a function, got "x"', "v", "x", { refresh = "x" })
    raised("path: expected a string or a function, got 5", "v", 5)
    assert.equal(0, live.sent(sim))
  end)
end)
