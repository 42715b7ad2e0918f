-- HeyGen's page "Video Agent", row by row, with the defaults of the simulator: the fields of the request and of both
-- answers, the statuses, the files, the list, the delete and the callbacks. 61 rows.
local core = require "heygen.core"
local icons = require "heygen.sim.media.icons"
local simulated = require "spec.support.sim_model"
local text = require "heygen.sim.core.text"
local world = require "spec.support.world"

local PROMPT = "A presenter explains our launch in 30 seconds"
local CALLBACK = "https://example.com/hook"
local NONE = {}

-- The beginning of a file of each kind that a prompt may come with.
local KINDS = {
  { "png", "image/png", icons.png(4, "page") },
  { "jpeg", "image/jpeg", "\255\216\255\224\0\16JFIF\0\1\1\0\0\1\0\1\0\0" },
  { "mp4", "video/mp4", "\0\0\0\24ftypisom\0\0\2\0isommp41\0\0\0\8free" },
  { "webm", "video/webm", "\26\69\223\163\159\66\134\129\1\66\130\132webm\66\135\129\2" },
  { "mp3", "audio/mpeg", "ID3\3\0\0\0\0\0\0\255\251\144\100\0\0\0\0" },
  { "wav", "audio/wav", "RIFF\36\0\0\0WAVEfmt \16\0\0\0\1\0\1\0" },
  { "pdf", "application/pdf", "%PDF-1.4\n%\226\227\207\211\n" },
}

describe("the page Video Agent #once", function()
  local sim

  before_each(function()
    sim = simulated.new { receivers = "any" }
  end)

  local function create(fields)
    local body = { prompt = PROMPT }
    for name, value in pairs(fields or NONE) do
      body[name] = value
    end
    return sim:ask("POST", "/v3/video-agents", body)
  end

  local function accepted(fields)
    local status, value = create(fields)
    assert.equal(200, status, value.error and value.error.message)
    return value.data
  end

  local function refused(fields, param)
    local status, value = create(fields)
    assert.same({ 400, "invalid_parameter", param }, { status, value.error.code, value.error.param })
  end

  -- The video of a create, after so many seconds (default: when it is completed).
  local function video(fields, seconds)
    local id = accepted(fields).video_id
    sim.model.clock:advance(seconds or 720)
    return (sim:video(id))
  end

  -- An id of a catalogue.
  local function first(path, name)
    local _, value = sim:ask("GET", path)
    return value.data[1][name]
  end

  local function file_at(url)
    local response = select(3, sim:ask("GET", url:match "^http://[^/]+(.*)$", nil, { ["x-api-key"] = false }))
    assert.equal(200, response.status)
    return response.body, simulated.header(response, "Content-Type")
  end

  -- The webhook to the callback address, decoded.
  local function called_back(fields)
    fields.callback_url = CALLBACK
    accepted(fields)
    sim.model.clock:advance(720)
    local effects = sim.model:due()
    assert.equal(1, #effects)
    assert.equal(CALLBACK, effects[1].url)
    return core.decode(effects[1].body)
  end

  describe("request:", function()
    it("x-api-key", function()
      local status, value = sim:ask(
        "POST",
        "/v3/video-agents",
        { prompt = PROMPT },
        { ["x-api-key"] = false }
      )
      assert.same({ 401, "unauthorized" }, { status, value.error.code })
    end)

    it("prompt", function()
      assert.is_string(accepted().session_id)
      assert.equal(400, (sim:ask("POST", "/v3/video-agents", {})))
    end)

    it("prompt, at least 1 character", function()
      accepted { prompt = "é" }
      refused({ prompt = "" }, "prompt")
    end)

    it("prompt, at most 10,000 characters", function()
      accepted { prompt = ("é"):rep(10000) }
      refused({ prompt = ("é"):rep(10001) }, "prompt")
    end)

    it("avatar_id", function()
      accepted { avatar_id = first("/v3/avatars/looks", "id") }
      refused({ avatar_id = "no-such-id" }, "avatar_id")
    end)

    it("voice_id", function()
      accepted { voice_id = first("/v3/voices", "voice_id") }
      refused({ voice_id = "no-such-voice" }, "voice_id")
    end)

    it("style_id", function()
      accepted { style_id = first("/v3/video-agents/styles", "style_id") }
      refused({ style_id = "no-such-style" }, "style_id")
    end)

    it("orientation", function()
      local function height_of(orientation)
        local made = video { orientation = orientation }
        return #file_at(made.thumbnail_url)
      end
      assert.not_equal(height_of "landscape", height_of "portrait")
      refused({ orientation = "round" }, "orientation")
    end)

    it("orientation, left out: from the content", function()
      local function thumbnail(fields)
        return (file_at(video(fields).thumbnail_url))
      end
      assert.equal(thumbnail { orientation = "landscape" }, thumbnail())
      assert.equal(thumbnail { orientation = "portrait" }, thumbnail { prompt = "A vertical video about us" })
    end)

    it("files", function()
      accepted { files = { { type = "url", url = "https://example.com/a.png" } } }
      refused({ files = { { type = "letter" } } }, "files[0].type")
    end)

    it("files, at most 20", function()
      local files = {}
      for i = 1, 20 do
        files[i] = { type = "url", url = "https://example.com/" .. i .. ".png" }
      end
      accepted { files = files }
      files[21] = files[1]
      refused({ files = files }, "files")
    end)

    it("callback_url", function()
      assert.equal("video_agent.success", called_back({}).event_type)
      refused({ callback_url = "ftp://example.com" }, "callback_url")
    end)

    it("callback_id", function()
      assert.equal("order 7", called_back({ callback_id = "order 7" }).event_data.callback_id)
    end)
  end)

  describe("file input:", function()
    it("asset_id", function()
      local body, headers = world.upload(KINDS[1][3])
      local _, asset = sim:ask("POST", "/v3/assets", body, headers)
      accepted { files = { { type = "asset_id", asset_id = asset.data.asset_id } } }
      assert.equal(404, (create { files = { { type = "asset_id", asset_id = "no-such-asset" } } }))
    end)

    it("url", function()
      refused({ files = { { type = "url", url = "http://example.com/a.png" } } }, "files[0].url")
      accepted { files = { { type = "url", url = "https://example.com/a.png" } } }
    end)

    it("base64", function()
      accepted {
        files = { { type = "base64", media_type = "image/png", data = text.base64(KINDS[1][3]) } },
      }
      refused({ files = { { type = "base64", media_type = "image/png", data = "?" } } }, "files[0].data")
    end)

    for _, kind in ipairs(KINDS) do
      it(kind[1], function()
        local body, headers = world.upload(kind[3], "no-name")
        local status, asset = sim:ask("POST", "/v3/assets", body, headers)
        assert.same({ 200, kind[2] }, { status, asset.data and asset.data.mime_type })
        accepted { files = { { type = "asset_id", asset_id = asset.data.asset_id } } }
      end)
    end
  end)

  describe("answer:", function()
    it("session_id", function()
      local made = accepted()
      assert.equal(made.session_id, (sim:session(made.session_id)).session_id)
    end)

    it("status", function()
      assert.equal("generating", accepted().status)
    end)

    it("video_id", function()
      local made = accepted()
      assert.equal(made.video_id, (sim:video(made.video_id)).id)
    end)

    it("created_at", function()
      assert.equal(math.floor(sim.model.clock:now()), accepted().created_at)
    end)
  end)

  describe("session status:", function()
    local function status_after(seconds)
      local id = accepted().session_id
      sim.model.clock:advance(seconds)
      return (sim:session(id)).status
    end

    it("generating", function()
      assert.equal("generating", status_after(300))
    end)

    it("completed", function()
      assert.equal("completed", status_after(720))
    end)

    it("failed", function()
      sim.model:behave { session_fails = true }
      assert.equal("failed", status_after(720))
    end)
  end)

  describe("video status:", function()
    it("none of an unknown video", function()
      assert.equal(404, (select(2, sim:video "no-such-video")))
    end)

    it("pending", function()
      assert.equal("pending", video(nil, 0).status)
    end)

    it("processing", function()
      assert.equal("processing", video(nil, 300).status)
    end)

    it("completed", function()
      local made = video()
      assert.equal("completed", made.status)
      assert.is_string(made.video_url)
    end)

    it("failed", function()
      sim.model:behave { video_fails = true }
      assert.equal("failed", video().status)
    end)
  end)

  describe("video:", function()
    it("id", function()
      local id = accepted().video_id
      assert.equal(id, (sim:video(id)).id)
    end)

    it("title", function()
      assert.equal(PROMPT, video().title)
    end)

    it("status", function()
      assert.is_string(video(nil, 0).status)
    end)

    it("video_url", function()
      local bytes, kind = file_at(video().video_url)
      assert.same({ "ftyp", "video/mp4" }, { bytes:sub(5, 8), kind })
      assert.is_nil(video(nil, 300).video_url)
    end)

    it("thumbnail_url", function()
      assert.equal("image/jpeg", (select(2, file_at(video().thumbnail_url))))
    end)

    it("gif_url", function()
      assert.equal("GIF89a", file_at(video().gif_url):sub(1, 6))
    end)

    it("captioned_video_url", function()
      local made = video()
      assert.not_equal(file_at(made.video_url), (file_at(made.captioned_video_url)))
    end)

    it("subtitle_url", function()
      assert.matches("^1\r\n00:00:00,000 %-%-> ", (file_at(video().subtitle_url)))
    end)

    it("duration", function()
      assert.equal(30, video().duration)
      assert.is_nil(video(nil, 300).duration)
    end)

    it("created_at", function()
      local at = math.floor(sim.model.clock:now())
      assert.equal(at, video().created_at)
    end)

    it("completed_at", function()
      local at = math.floor(sim.model.clock:now())
      assert.equal(at + 720, video().completed_at)
    end)

    it("failure_code", function()
      assert.is_nil(video().failure_code)
      sim.model:behave { video_fails = true }
      assert.equal("rendering_failed", video().failure_code)
    end)

    it("failure_message", function()
      assert.is_nil(video().failure_message)
      sim.model:behave { video_fails = true }
      assert.equal("The video could not be rendered.", video().failure_message)
    end)

    it("video_page_url", function()
      local made = video()
      assert.matches("^https://.*" .. made.id .. "$", made.video_page_url)
    end)
  end)

  describe("list:", function()
    local function list(query)
      return sim:ask("GET", "/v3/videos" .. (query or ""))
    end

    local function make(count)
      sim.model:behave { concurrency = 0 }
      for i = 1, count do
        accepted { prompt = "Video " .. i }
      end
    end

    it("data", function()
      make(2)
      local _, page = list()
      assert.same({ "Video 2", "Video 1" }, { page.data[1].title, page.data[2].title })
    end)

    it("has_more", function()
      make(2)
      assert.is_true((select(2, list "?limit=1")).has_more)
      assert.is_false((select(2, list "?limit=2")).has_more)
    end)

    it("next_token", function()
      make(2)
      assert.is_string((select(2, list "?limit=1")).next_token)
      assert.is_nil((select(2, list "?limit=2")).next_token)
    end)

    it("limit, 10 when it is left out", function()
      make(11)
      assert.equal(10, #(select(2, list())).data)
    end)

    it("limit, 1 to 100", function()
      make(11)
      assert.equal(11, #(select(2, list "?limit=100")).data)
      assert.equal(400, (list "?limit=0"))
      assert.equal(400, (list "?limit=101"))
    end)

    it("token", function()
      make(3)
      local _, page = list "?limit=2"
      local _, rest = list("?limit=2&token=" .. core.escape(page.next_token))
      assert.equal("Video 1", rest.data[1].title)
      assert.equal(400, (list "?token=invented"))
    end)

    it("folder_id", function()
      make(1)
      assert.equal(0, #(select(2, list "?folder_id=another")).data)
    end)

    it("title", function()
      make(3)
      local _, page = list "?title=video%202"
      assert.same({ 1, "Video 2" }, { #page.data, page.data[1].title })
      assert.equal(400, (list "?title="))
    end)
  end)

  describe("delete:", function()
    it("answers with the id", function()
      local id = video().id
      local status, value = sim:ask("DELETE", "/v3/videos/" .. id)
      assert.same({ 200, { id = id, deleted = true } }, { status, value.data })
    end)

    it("is for good", function()
      local id = video().id
      sim:ask("DELETE", "/v3/videos/" .. id)
      assert.equal(404, (select(2, sim:video(id))))
      assert.equal(404, (sim:ask("DELETE", "/v3/videos/" .. id)))
    end)
  end)

  describe("callback:", function()
    it("on completion", function()
      local message = called_back {}
      assert.equal("video_agent.success", message.event_type)
      assert.is_string(message.event_data.video_id)
      assert.equal("ftyp", file_at(message.event_data.video_url):sub(5, 8))
    end)

    it("on failure", function()
      sim.model:behave { video_fails = true }
      local message = called_back {}
      assert.equal("video_agent.fail", message.event_type)
      assert.equal("The video could not be rendered.", message.event_data.msg)
    end)
  end)
end)
