-- What a file is by its content: against the first bytes of files that other programs have written.
local media_types = require "heygen.upload.media_types"

local DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

local function decode(base64)
  local bytes, bits, count = {}, 0, 0
  for digit in base64:gmatch "[^=]" do
    bits, count = bits * 64 + DIGITS:find(digit, 1, true) - 1, count + 6
    if count >= 8 then
      count = count - 8
      local byte = math.floor(bits / 2 ^ count)
      bytes[#bytes + 1] = string.char(byte)
      bits = bits - byte * 2 ^ count
    end
  end
  return table.concat(bytes)
end

-- Each begins as the named program wrote it.
local TAKEN = {
  {
    "image/png",
    "GIMP",
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJ",
  },
  {
    "image/jpeg",
    "libjpeg, JFIF",
    "/9j/4AAQSkZJRgABAQEASABIAAD/2wBDAAMCAgICAgMCAgIDAwMDBAYEBAQEBAgGBgUGCQgK",
  },
  { "image/jpeg", "a camera, Exif", "/9j/4RiaRXhpZgAATU0AKgAAAAgACwEPAAIAAAAGAAAAkgEQAAIAAAA=" },
  { "video/mp4", "ffmpeg", "AAAAIGZ0eXBpc29tAAACAGlzb21pc28yYXZjMW1wNDEAAAAIZnJlZQ==" },
  { "video/mp4", "Android", "AAAAGGZ0eXBtcDQyAAAAAGlzb21tcDQyAAAAAW1kYXQ=" },
  { "video/mp4", "fragments", "AAAAHGZ0eXBpc281AAACAGlzbzVpc282bXA0MQAABEBtb292" },
  { "video/webm", "ffmpeg", "GkXfo59ChoEBQveBAULygQRC84EIQoKEd2VibUKHgQRChYECGFOAZwEAAAAA" },
  {
    "video/webm",
    "a browser, unknown sizes",
    "GkXfowEAAAAAAAAfQoaBAUL3gQFC8oEEQvOBCEKChHdlYm1Ch4EEQoWBAhhTgGcB",
  },
  {
    "audio/mpeg",
    "LAME, with a tag",
    "SUQzBAAAAAAAI1RTU0UAAAAPAAADTGF2ZjU4Ljc2LjEwMAAAAAAAAAAAAAAA//tQAAAA",
  },
  { "audio/mpeg", "LAME, MPEG 1", "//uQZAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAASW5mbwAAAA8=" },
  { "audio/mpeg", "LAME, MPEG 2", "//NkxAAAAAAAAAAAAFhpbmcAAAAPAAAA" },
  { "audio/wav", "sox", "UklGRiQAAABXQVZFZm10IBAAAAABAAEARKwAAIhYAQACABAAZGF0YQAAAAA=" },
  { "application/pdf", "Ghostscript", "JVBERi0xLjQKJcfsj6IKNSAwIG9iago8PC9MZW5ndGggNiAwIFI=" },
  { "application/pdf", "a mail, with a line in front", "DQolUERGLTEuNyANCiXi48/TDQoxIDAgb2Jq" },
}

local OTHERS = {
  { "image/gif", "R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7" },
  { "image/webp", "UklGRiIAAABXRUJQVlA4IBYAAAAwAQCdASoBAAEADsD+JaQAA3AAAAAA" },
  { "image/heic", "AAAAGGZ0eXBoZWljAAAAAG1pZjFoZWljAAABomhkbHI=" },
  { "image/avif", "AAAAIGZ0eXBhdmlmAAAAAGF2aWZtaWYxbWlhZk1BMUI=" },
  { "video/quicktime", "AAAAFGZ0eXBxdCAgAAACAHF0ICAAAAAId2lkZQ==" },
  { "audio/mp4", "AAAAHGZ0eXBNNEEgAAACAE00QSBpc29taXNvMgAAAAhmcmVl" },
  { "video/x-matroska", "GkXfo6NChoEBQveBAULygQRC84EIQoKIbWF0cm9za2FCh4EEQoWBAhhTgGcB" },
  { "video/x-msvideo", "UklGRtDgAwBBVkkgTElTVMAAAABoZHJsYXZpaDgAAAA=" },
  { "audio/ogg", "T2dnUwACAAAAAAAAAABfY5QAAAAAAHu0sB8BHgF2b3JiaXM=" },
  { "audio/flac", "ZkxhQwAAACIQABAAAAUBAB1+CsRC8AAAAAA=" },
  { "application/zip", "UEsDBBQABgAIAAAAIQDfzI7uqQEAACgOAAATAAgCW0NvbnRlbnRfVHlwZXNdLnhtbA==" },
}

describe("media_types.detect", function()
  it("knows what the service takes", function()
    for _, each in ipairs(TAKEN) do
      assert.equal(each[1], media_types.detect(decode(each[3])), each[2])
    end
  end)

  it("knows subtitles", function()
    for _, text in ipairs {
      "1\n00:00:01,000 --> 00:00:02,500\nHello\n",
      "\239\187\1911\r\n00:00:01,000 --> 00:00:02,500\r\nHello\r\n",
      "\n\n 12 \n1:00:01.5-->1:00:02.5\nHello",
    } do
      assert.equal("application/x-subrip", media_types.detect(text))
    end
    for _, text in ipairs {
      "1\nHello\n",
      "00:00:01,000 --> 00:00:02,500\n",
      "one\n00:00:01,000 --> 00:00:02,500\nHello\n",
      "1\n00:00:01,000 - 00:00:02,500\nHello\n",
    } do
      assert.is_nil(media_types.detect(text), text)
    end
  end)

  it("knows what is often sent by mistake", function()
    for _, each in ipairs(OTHERS) do
      assert.equal(each[1], media_types.detect(decode(each[2])))
    end
    assert.equal("text/html", media_types.detect "<!DOCTYPE html>\n<html>")
    assert.equal("text/html", media_types.detect " <HTML><body>")
    assert.equal("image/svg+xml", media_types.detect '<?xml version="1.0"?>\n<svg xmlns="x">')
    assert.equal("text/vtt", media_types.detect "WEBVTT\n\n1\n00:00:01.000 --> 00:00:02.000\n")
    assert.equal("text/vtt", media_types.detect "\239\187\191WEBVTT\n")
  end)

  it("does not take a text for what it speaks of", function()
    local srt = "1\n00:00:01,000 --> 00:00:02,500\nA file begins with %PDF-1.7\n"
    assert.equal("application/x-subrip", media_types.detect(srt))
    assert.equal("text/html", media_types.detect "<!DOCTYPE html>\n<p>A file begins with %PDF-1.7")
    assert.is_nil(media_types.detect "ID3 tags explained")
  end)

  it("reads the type of a Matroska file however its length is written", function()
    local function doctype(bytes)
      return media_types.detect("\26\69\223\163\159\66\134\129\1" .. bytes)
    end
    for _, length in ipairs { "\132", "\64\4", "\32\0\4", "\1\0\0\0\0\0\0\4" } do
      assert.equal("video/webm", doctype("\66\130" .. length .. "webm\66\135\129\4"))
    end
    assert.equal("video/webm", doctype "\66\130\136webm\0\0\0\0\66\135\129\4")
    for _, rest in ipairs { "\136matroska", "\133webmx", "\131webm", "\0webm", "" } do
      assert.equal("video/x-matroska", doctype("\66\130" .. rest))
    end
  end)

  it("knows nothing of other bytes", function()
    for _, text in ipairs {
      "",
      "x",
      "hello, world",
      ("\0"):rep(5000),
      ("\255"):rep(5000),
      "\255\254h\0e\0l\0", -- UTF-16
      "\255\241\80\128", -- AAC
      "\255\251\240\0", -- a bit rate that does not exist
      "\255\235\144\0", -- a version that does not exist
      "RIFF\0\0\0\0RMID",
      "\137PNG",
      "%PDF",
      "\26\69",
    } do
      assert.is_nil(media_types.detect(text), (text:gsub("%W", "?")))
    end
  end)

  it("raises for no beginning of anything", function()
    for _, list in ipairs { TAKEN, OTHERS } do
      for _, each in ipairs(list) do
        local head = decode(each[#each])
        for length = 0, #head do
          media_types.detect(head:sub(1, length))
        end
      end
    end
  end)

  it("agrees with the simulator about the simulator's own media", function()
    local seen = 0
    for ending, bytes in pairs {
      png = require("heygen.sim.media.icons").png(8, "abc"),
      mp4 = require("heygen.sim.media.clip").make(2, "landscape", false),
    } do
      local media_type = require("heygen.sim.media.detect").media_type(bytes)
      assert.equal(media_type, media_types.detect(bytes:sub(1, media_types.HEAD)))
      assert.equal(ending, media_types.ending(media_type))
      seen = seen + 1
    end
    assert.equal(2, seen)
    local known = media_types.all()
    table.sort(known)
    assert.same(require("heygen.sim.media.detect").known(), known)
  end)
end)

describe("media_types.check", function()
  local PNG = decode(TAKEN[1][3])

  it("compares with what was declared", function()
    assert.equal("image/png", media_types.check(PNG))
    for _, given in ipairs { "image/png", "IMAGE/PNG", "image/x-png", "image/png; charset=binary" } do
      assert.equal("image/png", media_types.check(PNG, given))
    end
    local media_type, problem = media_types.check(PNG, "video/mp4")
    assert.is_nil(media_type)
    assert.equal("is image/png by its content, not video/mp4: leave media_type out", problem)
  end)

  it("names all that is taken, and what there is", function()
    local list = "image/png, image/jpeg, video/mp4, video/webm, audio/mpeg, audio/wav, application/pdf, "
      .. "application/x-subrip"
    local function problem(head, taken)
      return select(2, media_types.check(head, nil, taken))
    end
    assert.equal("is image/gif; the service takes " .. list, problem "GIF89a...")
    assert.equal(
      "is a ZIP archive, as .pptx, .docx and .xlsx files are; the service takes " .. list,
      problem "PK\3\4..."
    )
    assert.equal(
      "is of a type that is not known; the service takes " .. list .. " (media_type says what it is)",
      problem "hello"
    )
    assert.equal(
      "is image/png; the service takes audio/mpeg, audio/wav",
      problem(PNG, {
        "audio/mpeg",
        "audio/wav",
      })
    )
  end)

  it("believes the declared type of what is not known, and of nothing else", function()
    local AUDIO = { "audio/mpeg", "audio/wav" }
    assert.equal("audio/mpeg", media_types.check("\0\0\0\1", "audio/mp3", AUDIO))
    assert.equal("video/mp4", media_types.check("\0\1\2\3mdat", "video/mp4"))
    assert.equal("video/mp4", media_types.check("\0\0\2\3moov", "VIDEO/MP4; codecs=avc1"))
    assert.equal("audio/wav", media_types.check("RF64\255\255\255\255WAVEds64", "audio/wav"))
    assert.same(
      { nil, "is image/png by media_type; the service takes audio/mpeg, audio/wav" },
      { media_types.check("\0\0\0\1", "image/png", AUDIO) }
    )
    assert.matches("^is image/gif;", select(2, media_types.check("GIF89a...", "image/png")))
    assert.matches("^is a page of HTML;", select(2, media_types.check("<!doctype html>", "video/mp4")))
  end)

  it("knows subtitles in UTF-16, and a sound behind zeros", function()
    local SRT = "1\r\n00:00:01,000 --> 00:00:02,000\r\nHello\r\n\r\n"
    assert.equal("application/x-subrip", media_types.detect("\255\254" .. SRT:gsub(".", "%0\0")))
    assert.equal("application/x-subrip", media_types.detect("\254\255" .. SRT:gsub(".", "\0%0")))
    assert.equal("audio/mpeg", media_types.detect(("\0"):rep(100) .. "\255\251\144\100"))
    assert.is_nil(media_types.detect(("\0"):rep(4096)))
    assert.is_nil(media_types.detect "\255\254h\0i\0")
  end)

  it("lets a ZIP archive up directly, when it is called one", function()
    local function taken(name, given)
      return media_types.check("PK\3\4", given, media_types.direct(name, given)) ~= nil
    end
    assert.is_true(taken "project.zip")
    assert.is_true(taken "PROJECT.ZIP")
    assert.is_true(taken(nil, "application/zip"))
    assert.is_true(taken("project", "application/x-zip-compressed"))
    assert.is_false(taken "slides.pptx")
    assert.is_false(taken(nil, nil))
    assert.is_false(taken("a.zip", "application/pdf"))
    assert.is_true(media_types.needs_direct "application/zip")
    assert.is_false(media_types.needs_direct "image/png")
    assert.equal("zip", media_types.ending "application/zip")
  end)
end)
