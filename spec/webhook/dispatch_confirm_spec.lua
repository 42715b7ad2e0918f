-- A callback is a hint: a router with a client asks the API before its handlers hear of it.
local live = require "spec.support.live"
local support = require "spec.support.sim"
local webhook = require "heygen.webhook"

local TOKEN_SECRET = "a token secret of more than 16 bytes"

describe("a router with a client", function()
  local sim, client, got, lines, router

  setup(function()
    sim = support.start { speed = 0 }
    client = live.client(sim)
  end)

  teardown(function()
    client:close()
    sim:stop()
  end)

  before_each(function()
    sim:reset()
    sim:faults {}
    sim:behaviour { video_fails = false }
    got, lines = {}, {}
    router = webhook.router {
      token_secret = TOKEN_SECRET,
      client = client,
      on = {
        ["*"] = function(event)
          got[#got + 1] = event
        end,
        ["avatar_video.success"] = function() end,
      },
      log = function(line)
        lines[#lines + 1] = line
      end,
    }
  end)

  -- A callback as it would come: its token is good, what it says need not be.
  local function callback(kind, fields)
    local made = webhook.callback { url = "https://example.com/hook", token_secret = TOKEN_SECRET }
    local parts = {}
    for name, value in pairs(fields) do
      parts[#parts + 1] = ('"%s":"%s"'):format(name, value)
    end
    local body = ('{"event_type":"%s","event_data":{%s}}'):format(kind, table.concat(parts, ","))
    return (router:handle("POST", {}, body, made.callback_url:match "com(.*)"))
  end

  local function create()
    return assert(client:create { prompt = "A video" }).session_id
  end

  local function video_of(session_id)
    return assert(client.video_agents:get(session_id)).video_id
  end

  it("hands on what the API says as well, with the state", function()
    local id = create()
    assert.equal(503, callback("video_agent.success", { session_id = id }))
    assert.matches("not confirmed: the session is thinking at the service", lines[1])
    sim:clock { advance = 7200 }
    assert.equal(0, #got)
    assert.equal(200, callback("video_agent.success", { session_id = id, url = "https://evil.example.com" }))
    assert.same({ "completed", true }, { got[1].session.status, got[1].ok })
    assert.same({ nil, video_of(id) }, { got[1].url, got[1].video_id }) -- a session has no address
    assert.equal(
      200,
      callback("video_agent.success", { video_id = video_of(id), url = "https://evil.example.com" })
    )
    assert.equal(got[2].video.video_url, got[2].url)
    assert.is_nil(got[2].url:find("evil", 1, true))
    assert.is_nil(got[2].hint)
  end)

  it("does not hand on the opposite", function()
    local well = create()
    sim:clock { advance = 7200 }
    sim:behaviour { video_fails = true }
    local badly = create()
    sim:clock { advance = 7200 }
    assert.equal(503, callback("video_agent.fail", { video_id = video_of(well) }))
    assert.equal(503, callback("video_agent.success", { video_id = video_of(badly) }))
    assert.equal(0, #got)
    assert.equal(200, callback("video_agent.fail", { video_id = video_of(badly) }))
    assert.equal("failed", got[1].video.status)
  end)

  it("takes it again when the API could not be asked", function()
    local id = create()
    sim:clock { advance = 7200 }
    sim:faults { { status = 503 } }
    assert.equal(503, callback("video_agent.success", { session_id = id }))
    sim:faults {}
    assert.equal(200, callback("video_agent.success", { session_id = id }))
    assert.equal(1, #got)
  end)

  it("says that there is no such video, and leaves alone what cannot be asked for", function()
    assert.equal(404, callback("video_agent.success", { video_id = "unknown" }))
    assert.equal(0, #got)
    assert.equal(200, callback("video_agent.fail", { session_id = "sess_gone" }))
    assert.equal(200, callback("instant_avatar.success", { avatar_id = "a" }))
    assert.same({ true, true }, { got[1].hint, got[2].hint })
    local before = live.sent(sim)
    router = webhook.router { token_secret = TOKEN_SECRET, client = client, on = {} }
    assert.equal(200, callback("video_agent.success", { video_id = "unknown" })) -- no handler needs it
    assert.equal(before, live.sent(sim))
  end)

  it("asks for a render of a project by its own id", function()
    local id = assert(client.hyperframes:create_render { project = { url = "https://a.b/p.zip" } }).render_id
    assert.equal(503, callback("hyperframes_video.success", { render_id = id }))
    sim:clock { advance = 7200 }
    assert.equal(503, callback("hyperframes_video.fail", { render_id = id }))
    assert.equal(200, callback("hyperframes_video.success", { render_id = id }))
    assert.same({ id, true }, { got[1].job.render_id, got[1].ok })
    assert.equal(got[1].job.video_url, got[1].url)
    assert.equal(404, callback("hyperframes_video.success", { render_id = "unknown" }))
  end)

  it("asks for a removal of filler words by its own id", function()
    local id = assert(client.filler_word_removals:create { video = { url = "https://a.b/v.mp4" } })
    id = id.filler_word_removal_id
    sim:clock { advance = 7200 }
    assert.equal(503, callback("filler_word_removal.fail", { filler_word_removal_id = id }))
    assert.equal(200, callback("filler_word_removal.success", { filler_word_removal_id = id }))
    assert.same({ id, got[1].job.video_url }, { got[1].job.id, got[1].url })
    assert.equal(404, callback("filler_word_removal.success", { filler_word_removal_id = "unknown" }))
  end)

  it("asks for what is no video as well", function()
    local made = assert(client.video_translations:create {
      video = { url = "https://example.com/video.mp4" },
      output_languages = { "German" },
    })
    local id = made.video_translation_ids[1]
    assert.equal(503, callback("video_translate.success", { video_translate_id = id }))
    sim:clock { advance = 7200 }
    assert.equal(200, callback("video_translate.success", { video_translate_id = id }))
    assert.same({ "completed", id }, { got[1].job.status, got[1].job.video_translation_id or got[1].job.id })
  end)
end)
