-- The files of a video as curl gets them, from either front. #once
local cjson = require "cjson"
local shell = require "spec.support.shell"
local support = require "spec.support.sim"

local URLS = { "video_url", "captioned_video_url", "thumbnail_url", "gif_url", "subtitle_url" }

-- curl's exit status, the HTTP status, the headers and the body.
local function curl(url, arguments)
  local body, head = os.tmpname(), os.tmpname()
  local command = "curl -sS --max-time 20 -o %s -D %s -w '%%{http_code}' %s %s 2>&1"
  local pipe = io.popen(command:format(body, head, arguments or "", shell.quote(url)))
  local status = tonumber((pipe:read "*a"))
  pipe:close()
  local function take(path)
    local file = assert(io.open(path, "rb"))
    local bytes = file:read "*a"
    file:close()
    os.remove(path)
    return bytes
  end
  local headers = {}
  for name, value in take(head):gmatch "\n([^:\r\n]+): ([^\r\n]*)" do
    headers[name:lower()] = value
  end
  return status, take(body), headers
end

for _, front in ipairs { "luv", "nginx" } do
  describe("the files over " .. front .. " #once", function()
    local sim, video

    setup(function()
      sim = support.start { front = front, speed = 0 }
      assert.equal(200, (sim:api("POST", "/v3/video-agents", { prompt = "One two three" })))
      sim:clock { advance = 720 }
      local _, list = sim:api("GET", "/v3/videos")
      video = list.data[1]
    end)

    teardown(function()
      sim:stop()
    end)

    it("come whole, by their heads, and in parts", function()
      for _, name in ipairs(URLS) do
        local url = video[name]
        local status, whole, headers = curl(url)
        assert.equal(200, status, name)
        assert.equal(#whole, tonumber(headers["content-length"]))
        local head_status, nothing, head = curl(url, "--head")
        assert.equal(200, head_status)
        assert.is_truthy(nothing == "" or nothing:find "^HTTP/")
        assert.equal(headers["content-length"], head["content-length"])
        assert.equal(headers.etag, head.etag)

        local part_status, part, seen = curl(url, "-r 5-20")
        assert.equal(206, part_status)
        assert.equal(whole:sub(6, 21), part)
        assert.equal("bytes 5-20/" .. #whole, seen["content-range"])
        part_status, part = curl(url, "-r -9")
        assert.equal(206, part_status)
        assert.equal(whole:sub(-9), part)
        local out_status, out, range = curl(url, "-r " .. #whole .. "-")
        assert.equal(416, out_status)
        assert.equal("", out)
        assert.equal("bytes */" .. #whole, range["content-range"])
      end
    end)

    it("obey conditions", function()
      for _, name in ipairs(URLS) do
        local url = video[name]
        local _, whole, headers = curl(url)
        local function asked(header, value, more)
          return curl(url, "-H " .. shell.quote(header .. ": " .. value) .. " " .. (more or ""))
        end
        assert.equal(206, (asked("If-Range", headers.etag, "-r 0-3")))
        local status, body = asked("If-Range", '"other"', "-r 0-3")
        assert.equal(200, status)
        assert.equal(whole, body)
        assert.equal(304, (asked("If-None-Match", headers.etag)))
        assert.equal(200, (asked("If-None-Match", '"other"')))
        assert.equal(304, (asked("If-Modified-Since", headers["last-modified"])))
        assert.equal(412, (asked("If-Match", '"other"')))
        assert.equal(200, (asked("If-Match", headers.etag)))
      end
    end)

    it("can be resumed where a download broke off", function()
      local url, path = video.video_url, os.tmpname()
      local _, whole = curl(url)
      local file = assert(io.open(path, "wb"))
      file:write(whole:sub(1, 1000))
      file:close()
      local _, status = shell.run("curl -sS -C - -o " .. path .. " " .. shell.quote(url))
      assert.equal(0, status)
      file = assert(io.open(path, "rb"))
      assert.equal(whole, file:read "*a")
      file:close()
      os.remove(path)
    end)

    it("are refused in XML, with a key or without a signature", function()
      local status, body, headers = curl(video.video_url, "-H 'x-api-key: k'")
      assert.equal(400, status)
      assert.equal("application/xml", headers["content-type"])
      assert.matches("^<%?xml", body)
      assert.equal(403, (curl((video.gif_url:gsub("Signature=.*", "")))))
      assert.equal(405, (curl(video.gif_url, "-X DELETE")))
      local _, counts = sim:exchange("GET", "/_sim/counts")
      assert.equal(1, cjson.decode(counts).keys_leaked)
    end)
  end)
end
