-- The simulator's mp4 files: real ones, of any length.
local clip = require "heygen.sim.media.clip"

local function number(bytes, at)
  local a, b, c, d = bytes:byte(at, at + 3)
  return ((a * 256 + b) * 256 + c) * 256 + d
end

-- What the boxes say, in seconds.
local function read(bytes)
  local found = {}
  clip.walk(bytes, function(kind, first, size)
    found[kind] = { first = first, size = size }
  end)
  local function at(kind, offset)
    return number(bytes, found[kind].first + offset)
  end
  local movie_scale, media_scale = at("mvhd", 12), at("mdhd", 12)
  return {
    movie = at("mvhd", 16) / movie_scale,
    track = at("tkhd", 20) / movie_scale,
    edit = at("elst", 8) / movie_scale,
    media = at("mdhd", 16) / media_scale,
    samples = at("stts", 8) * at("stts", 12) / media_scale,
    width = at("tkhd", 76) / 65536,
    height = at("tkhd", 80) / 65536,
    brand = bytes:sub(found.ftyp.first, found.ftyp.first + 3),
    data_end = found.mdat.first + found.mdat.size - 1,
    first_chunk = at("stco", 8),
    data_first = found.mdat.first,
  }
end

local LENGTHS = { 0.02, 0.5, 1, 2, 12.345, 59.94, 3600, 7200 }

local function has(program)
  local pipe = io.popen("command -v " .. program .. " 2>/dev/null")
  local path = pipe:read "*l"
  pipe:close()
  return path ~= nil
end

describe("a clip", function()
  it("says the same length in every box", function()
    for _, orientation in ipairs { "landscape", "portrait" } do
      for _, seconds in ipairs(LENGTHS) do
        local said = read(clip.make(seconds, orientation))
        for _, name in ipairs { "movie", "track", "edit", "media", "samples" } do
          assert.is_true(math.abs(said[name] - seconds) < 1e-9, name .. " of " .. seconds)
        end
      end
    end
  end)

  it("has its shape, and its boxes where they belong", function()
    local wide, tall = clip.make(10, "landscape"), clip.make(10, "portrait")
    local a, b = read(wide), read(tall)
    assert.same({ 320, 180 }, { a.width, a.height })
    assert.same({ 180, 320 }, { b.width, b.height })
    for _, each in ipairs { { a, wide }, { b, tall } } do
      assert.equal("isom", each[1].brand)
      assert.equal(#each[2], each[1].data_end)
      assert.equal(each[1].data_first, each[1].first_chunk + 1)
      assert.is_true(#each[2] < 4000)
    end
  end)

  it("keeps the length to the millisecond", function()
    assert.is_true(math.abs(read(clip.make(1.23456, "landscape")).movie - 1.235) < 1e-9)
  end)

  local test = has "ffprobe" and has "ffmpeg" and it or pending
  test("is one for ffmpeg, which decodes it without a complaint", function()
    local path = os.tmpname()
    for _, orientation in ipairs { "landscape", "portrait" } do
      for _, seconds in ipairs { 0.5, 12.345, 60 } do
        local file = assert(io.open(path, "wb"))
        file:write(clip.make(seconds, orientation))
        file:close()
        local pipe = io.popen(
          "ffprobe -v error -show_entries format=duration:stream=codec_name,width -of default=nw=1 "
            .. path
            .. " 2>&1"
        )
        local probed = pipe:read "*a"
        pipe:close()
        assert.equal(seconds, tonumber(probed:match "duration=([%d.]+)"))
        assert.equal("h264", probed:match "codec_name=(%w+)")
        pipe = io.popen("ffmpeg -v error -nostdin -i " .. path .. " -f null - 2>&1")
        assert.equal("", pipe:read "*a")
        pipe:close()
      end
    end
    os.remove(path)
  end)
end)
