-- The files of a video: real ones, of the asked length, at addresses that expire.
local gif = require "heygen.sim.media.gif"
local subtitles = require "heygen.sim.media.subtitles"
local support = require "spec.support.sim_model"

local function has(program)
  local pipe = io.popen("command -v " .. program .. " 2>/dev/null")
  local path = pipe:read "*l"
  pipe:close()
  return path ~= nil
end

local URLS = { "video_url", "captioned_video_url", "thumbnail_url", "gif_url", "subtitle_url" }
local TYPES = {
  video_url = "video/mp4",
  captioned_video_url = "video/mp4",
  thumbnail_url = "image/jpeg",
  gif_url = "image/gif",
  subtitle_url = "application/x-subrip",
}

describe("the files of a video", function()
  local sim

  local function finished(behaviour, body)
    behaviour = behaviour or {}
    behaviour.concurrency = 0
    sim = support.new { behaviour = behaviour }
    sim:create(body)
    sim.model.clock:advance(720)
    local _, value = sim:ask("GET", "/v3/videos")
    return value.data[1]
  end

  local function fetch(url, headers, method)
    local all = { ["x-api-key"] = false }
    for name, value in pairs(headers or {}) do
      all[name] = value
    end
    local status, _, response = sim:ask(method or "GET", url:match "^http://[^/]+(/.*)$", nil, all)
    local seen = {}
    for _, each in ipairs(response.headers) do
      seen[each[1]] = each[2]
    end
    return status, response.body, seen
  end

  it("are all there when it is completed, each at its own address", function()
    local video = finished()
    local seen = {}
    for _, name in ipairs(URLS) do
      local status, body, headers = fetch(video[name])
      assert.equal(200, status, name)
      assert.equal(TYPES[name], headers["Content-Type"])
      assert.equal("bytes", headers["Accept-Ranges"])
      assert.is_true(#body > 40 and #body < 10000, name .. ": " .. #body)
      assert.is_nil(seen[headers.ETag])
      assert.is_nil(seen[body])
      seen[headers.ETag], seen[body] = true, true
    end
  end)

  it("have addresses that change at each read, and cannot be changed", function()
    local video = finished()
    local _, again = sim:ask("GET", "/v3/videos/" .. video.id)
    for _, name in ipairs(URLS) do
      assert.not_equal(video[name], again.data[name])
      assert.equal(200, (fetch(again.data[name])))
      assert.equal(403, (fetch((video[name]:gsub("Expires=(%d)", "Expires=9%1")))))
      assert.equal(403, (fetch((video[name]:gsub("%?.*", "")))))
    end
    -- The signature of one file is none of another.
    assert.equal(403, (fetch((video.thumbnail_url:gsub("%.jpg", ".mp4")))))
    assert.equal(403, (fetch((video.video_url:gsub("%.mp4", "_captioned.mp4")))))
  end)

  it("expire, every one of them", function()
    local video = finished { url_expires = 60 }
    sim.model.clock:advance(59)
    for _, name in ipairs(URLS) do
      assert.equal(200, (fetch(video[name])))
    end
    sim.model.clock:advance(1)
    for _, name in ipairs(URLS) do
      local status, body = fetch(video[name])
      assert.equal(403, status)
      assert.matches("Request has expired", body)
    end
  end)

  it("are gone with the video", function()
    local video = finished()
    sim:ask("DELETE", "/v3/videos/" .. video.id)
    for _, name in ipairs(URLS) do
      assert.equal(404, (fetch(video[name])))
    end
  end)

  it("come in ranges", function()
    local video = finished()
    for _, name in ipairs(URLS) do
      local _, whole, headers = fetch(video[name])
      local size = #whole
      local function range(wanted)
        return fetch(video[name], { range = wanted })
      end
      for wanted, slice in pairs {
        ["bytes=0-0"] = { 0, 0 },
        ["bytes=10-19"] = { 10, 19 },
        ["bytes=40-"] = { 40, size - 1 },
        ["bytes=-7"] = { size - 7, size - 1 },
        ["bytes=5-999999999"] = { 5, size - 1 },
        ["bytes=-999999999"] = { 0, size - 1 },
      } do
        local status, body, seen = range(wanted)
        assert.equal(206, status, wanted)
        assert.equal(whole:sub(slice[1] + 1, slice[2] + 1), body)
        assert.equal(string.format("bytes %d-%d/%d", slice[1], slice[2], size), seen["Content-Range"])
        assert.equal(headers.ETag, seen.ETag)
      end
      for _, wanted in ipairs { "bytes=" .. size .. "-", "bytes=999999-", "bytes=-0" } do
        local status, body, seen = range(wanted)
        assert.equal(416, status, wanted)
        assert.equal("", body)
        assert.equal("bytes */" .. size, seen["Content-Range"])
      end
      -- What is no range, or more than one, is answered whole.
      for _, wanted in ipairs { "bytes=9-3", "bytes=a-b", "lines=1-2", "bytes=0-1,4-5", "bytes=-" } do
        local status, body = range(wanted)
        assert.equal(200, status, wanted)
        assert.equal(whole, body)
      end
    end
  end)

  it("honour If-Range, If-Match and If-None-Match", function()
    local video = finished()
    for _, name in ipairs(URLS) do
      local _, whole, headers = fetch(video[name])
      local tag, date = headers.ETag, headers["Last-Modified"]
      assert.matches('^"[%w%-]+"$', tag)
      assert.matches("^%a%a%a, %d%d %a%a%a %d%d%d%d %d%d:%d%d:%d%d GMT$", date)
      local function status(more)
        return (fetch(video[name], more))
      end
      for _, fresh in ipairs { tag, date } do
        assert.equal(206, status { range = "bytes=0-3", ["if-range"] = fresh })
      end
      for _, stale in ipairs { '"other"', "W/" .. tag, "Mon, 01 Jan 2001 00:00:00 GMT" } do
        local got, body = fetch(video[name], { range = "bytes=0-3", ["if-range"] = stale })
        assert.equal(200, got)
        assert.equal(whole, body)
      end
      for _, same in ipairs { tag, "*", '"x", ' .. tag, "W/" .. tag } do
        local got, body, seen = fetch(video[name], { ["if-none-match"] = same })
        assert.equal(304, got)
        assert.equal("", body)
        assert.equal(tag, seen.ETag)
      end
      assert.equal(200, status { ["if-none-match"] = '"x"' })
      assert.equal(304, status { ["if-modified-since"] = date })
      assert.equal(200, status { ["if-modified-since"] = date, ["if-none-match"] = '"x"' })
      assert.equal(200, status { ["if-match"] = tag })
      assert.equal(412, status { ["if-match"] = '"x"' })
      assert.equal(412, status { ["if-match"] = "W/" .. tag })
    end
  end)

  it("have captions as the behaviour says", function()
    local video = finished { captions = "never" }
    assert.same({}, { video.captioned_video_url, video.subtitle_url })
    video = finished { captions = "always" }
    assert.equal(200, (fetch(video.captioned_video_url)))
    assert.equal(200, (fetch(video.subtitle_url)))
    -- By default an agent makes both; a video without one has the variant when a style is asked for.
    video = finished {}
    assert.equal(200, (fetch(video.captioned_video_url)))
    sim = support.new { behaviour = { unknown_ids = "accepted" } }
    for _, caption in ipairs { false, { file_format = "srt" }, { file_format = "srt", style = "default" } } do
      local body =
        { type = "avatar", avatar_id = "a", voice_id = "v", script = "Hello world", caption = caption or nil }
      local status, value = sim:ask("POST", "/v3/videos", body)
      assert.equal(200, status)
      sim.model.clock:advance(1000)
      local made = sim:video(value.data.video_id)
      local _, srt = fetch(made.subtitle_url)
      assert.matches("\r\nHello world\r\n", srt)
      local styled = caption and caption.style ~= nil
      assert.equal(styled, made.captioned_video_url ~= nil)
      assert.is_true(not styled or fetch(made.captioned_video_url) == 200)
    end
  end)

  local test = has "ffprobe" and has "ffmpeg" and it or pending

  local function probe(bytes, entries, kind)
    local path = os.tmpname()
    local file = assert(io.open(path, "wb"))
    file:write(bytes)
    file:close()
    local pipe = io.popen(
      "ffprobe -v error -count_frames -show_entries " .. entries .. " -of default=nw=1 " .. path .. " 2>&1"
    )
    local said = pipe:read "*a"
    pipe:close()
    pipe =
      io.popen("ffmpeg -v error -nostdin -i " .. path .. " -f " .. (kind or "null") .. " - 2>&1 >/dev/null")
    local complaint = pipe:read "*a"
    pipe:close()
    os.remove(path)
    assert.equal("", complaint)
    return said
  end

  test("are real: ffmpeg decodes each, of the length and shape asked for", function()
    for _, wanted in ipairs {
      {
        seconds = 10,
        orientation = "landscape",
        size = "width=320\nheight=180",
        small = "width=144\nheight=81",
      },
      {
        seconds = 62.5,
        orientation = "portrait",
        size = "width=180\nheight=320",
        small = "width=81\nheight=144",
      },
    } do
      local video = finished({ clip_seconds = wanted.seconds }, {
        prompt = "One two three four five six seven eight nine ten eleven twelve",
        orientation = wanted.orientation,
      })
      local function said(name, entries, kind)
        local _, body = fetch(video[name])
        return probe(body, entries, kind)
      end
      local captioned = said("captioned_video_url", "stream=codec_name,width,height:format=duration")
      assert.matches("codec_name=h264\n" .. wanted.size, captioned)
      assert.equal(wanted.seconds, tonumber(captioned:match "duration=([%d.]+)"))
      assert.equal(
        "codec_name=mjpeg\n" .. wanted.size .. "\n",
        said("thumbnail_url", "stream=codec_name,width,height")
      )
      local preview = said("gif_url", "stream=codec_name,width,height,nb_read_frames:format=duration")
      assert.matches("codec_name=gif\n" .. wanted.small, preview)
      assert.equal(12, tonumber(preview:match "nb_read_frames=(%d+)"))
      assert.equal(wanted.seconds, tonumber(preview:match "duration=([%d.]+)"))
      local srt = said("subtitle_url", "stream=codec_name", "srt")
      assert.equal("codec_name=subrip\n", srt)
    end
  end)
end)

describe("a preview", function()
  local function delays(bytes)
    local list, sum = {}, 0
    for low, high in bytes:gmatch "\33\249\4[%z\1-\255]([%z\1-\255])([%z\1-\255])[%z\1-\255]%z" do
      list[#list + 1] = low:byte() + 256 * high:byte()
      sum = sum + list[#list]
    end
    return list, sum
  end

  it("is as long as it should be, to the hundredth of a second", function()
    for seconds, frames in pairs { [0.02] = 1, [0.05] = 2, [0.1] = 5, [1] = 12, [59.94] = 12, [7200] = 12 } do
      for _, orientation in ipairs { "landscape", "portrait" } do
        local list, sum = delays(gif.make(seconds, orientation))
        assert.equal(frames, #list)
        assert.equal(math.floor(seconds * 100 + 0.5), sum)
      end
    end
  end)
end)

describe("subtitles", function()
  local function cues(srt)
    local list = {}
    local function read(clock)
      local h, m, s, ms = clock:match "^(%d%d):(%d%d):(%d%d),(%d%d%d)$"
      return ((h * 60 + m) * 60 + s) * 1000 + ms
    end
    for number, from, to, words in srt:gmatch "(%d+)\r\n(%S+) %-%-> (%S+)\r\n([^\r]+)\r\n" do
      list[#list + 1] = { number = tonumber(number), from = read(from), to = read(to), words = words }
    end
    return list
  end

  it("say every word once, from the beginning to the end", function()
    local words = {}
    for i = 1, 100 do
      words[i] = "wörd" .. i
    end
    local said = table.concat(words, "\n ")
    for _, seconds in ipairs { 0.02, 1, 12.345, 3600, 7200 } do
      local list, heard = cues(subtitles.make(said, seconds)), {}
      assert.equal(0, list[1].from)
      assert.is_true(math.abs(list[#list].to - seconds * 1000) < 1)
      for i, cue in ipairs(list) do
        assert.equal(i, cue.number)
        assert.is_true(cue.to > cue.from)
        assert.equal(cue.from, list[i - 1] and list[i - 1].to or 0)
        heard[i] = cue.words
      end
      assert.equal(table.concat(words, " "), table.concat(heard, " "))
    end
  end)

  it("cannot be broken by what is said", function()
    assert.equal(1, #cues(subtitles.make("", 5)))
    assert.equal(1, #cues(subtitles.make(" \n\n ", 5)))
    local list = cues(subtitles.make("7\r\n00:00:00,000 --> 00:00:01,000\r\nforged\r\n\r\nmore", 5))
    assert.equal(1, #list)
    assert.equal("7 00:00:00,000 -> 00:00:01,000 forged more", list[1].words)
  end)
end)
