-- What HeyGen's own command line is tried with before each of its releases, in plain HTTP: it can be used, every list
-- answers, every detail behind a list answers, and a video goes from prompt to file and away again. 38 checks.
local support = require "spec.support.sim"

-- Lists: what they are of, their path, and where the id of the first item stands.
local LISTS = {
  { "videos", "/v3/videos?limit=1", "id" },
  { "templates", "/v3/templates?limit=1", "id" },
  { "clippings", "/v3/ai-clipping?limit=1", "id" },
  { "avatars", "/v3/avatars?limit=1", "id" },
  { "looks", "/v3/avatars/looks?limit=1", "id" },
  { "voices", "/v3/voices?limit=1", "voice_id" },
  { "sounds", "/v3/audio/sounds?query=piano&limit=1" },
  { "translations", "/v3/video-translations?limit=1", "id" },
  { "languages", "/v3/video-translations/languages" },
  { "sessions", "/v3/video-agents?limit=1", "session_id" },
  { "styles", "/v3/video-agents/styles?limit=1" },
  { "lip syncs", "/v3/lipsyncs?limit=1", "id" },
  { "webhook endpoints", "/v3/webhooks/endpoints" },
  { "event types", "/v3/webhooks/event-types" },
  { "events", "/v3/webhooks/events" },
  { "brand kits", "/v3/brand-kits?limit=1" },
  { "brand glossaries", "/v3/brand-glossaries?limit=1" },
  { "assets", "/v3/assets?limit=1&username=", "id" },
}

-- Details: the list whose first id they are about, their path, and the field of the answer that repeats the id.
local DETAILS = {
  { "videos", "/v3/videos/%s", "id" },
  { "clippings", "/v3/ai-clipping/%s", "id" },
  { "avatars", "/v3/avatars/%s", "id" },
  { "looks", "/v3/avatars/looks/%s", "id" },
  { "sessions", "/v3/video-agents/%s", "session_id" },
  { "sessions", "/v3/video-agents/%s/videos" },
  { "translations", "/v3/video-translations/%s", "id" },
  { "lip syncs", "/v3/lipsyncs/%s", "id" },
  { "voices", "/v3/voices/%s", "voice_id" },
  { "templates", "/v3/templates/%s", "id" },
  { "videos", "/v3/videos/statuses?video_ids=%s", "video_id" },
  { "lip syncs", "/v3/lipsyncs/statuses?lipsync_ids=%s", "video_id" },
  { "translations", "/v3/video-translations/statuses?video_translation_ids=%s", "video_id" },
  { "assets", "/v3/assets/statuses?asset_ids=%s", "video_id" },
}

describe("the release test of HeyGen's command line #once", function()
  local sim, first, username, video_id

  setup(function()
    sim = support.start { speed = 0, history = 20 }
    first = {}
  end)

  teardown(function()
    sim:stop()
  end)

  local function get(path)
    local status, value = sim:api("GET", path)
    assert.equal(200, status, path)
    return value.data
  end

  it("knows the account", function()
    username = get("/v3/users/me").username
    assert.is_string(username)
  end)

  it("refuses a wrong key", function()
    assert.equal(401, (sim:exchange("GET", "/v3/users/me", nil, { ["x-api-key"] = "sk_invalid_key_000" })))
  end)

  for _, list in ipairs(LISTS) do
    it("lists " .. list[1], function()
      local path = list[2]:find "username=$" and list[2] .. username or list[2]
      local data = get(path)
      assert.is_table(data)
      if list[3] then
        first[list[1]] = assert(data[1], "the list is empty")[list[3]]
        assert.is_string(first[list[1]])
      end
    end)
  end

  for _, detail in ipairs(DETAILS) do
    it("shows " .. detail[2]:gsub("%%s", "ID"), function()
      local id = first[detail[1]]
      local data = get(detail[2]:format(id))
      assert.equal(id, not detail[3] and id or (data[1] or data)[detail[3]])
      assert.is_true(detail[3] ~= nil or #data > 0)
    end)
  end

  it("creates a video and names it at once", function()
    local status, value = sim:api("POST", "/v3/video-agents", { prompt = "Say hello world" })
    assert.equal(200, status)
    assert.equal("generating", value.data.status)
    video_id = value.data.video_id
    assert.equal("pending", get("/v3/videos/" .. video_id).status)
  end)

  it("completes it", function()
    sim:clock { advance = 720 }
    assert.equal("completed", get("/v3/videos/" .. video_id).status)
  end)

  it("downloads it", function()
    local url = get("/v3/videos/" .. video_id).video_url
    local status, body = sim:exchange("GET", url:match "^http://[^/]+(.*)$")
    assert.equal(200, status)
    assert.equal("ftyp", body:sub(5, 8))
  end)

  it("deletes it", function()
    assert.equal(200, (sim:api("DELETE", "/v3/videos/" .. video_id)))
    assert.equal(404, (sim:api("GET", "/v3/videos/" .. video_id)))
  end)
end)
