-- Idempotency keys: the first answer again for a day, 409 while it is on its way.
local clock = require "heygen.sim.core.clock"
local contract = require "heygen.sim.contract"
local core = require "heygen.core"
local conform = require "spec.support.conform"
local socket = require "socket"
local sim_support = require "spec.support.sim"
local support = require "spec.support.sim_model"
local world = require "spec.support.world"

-- The operations of which it is published.
local PUBLISHED = {
  "videos.create",
  "videos.create_batch",
  "assets.create",
  "assets.create_direct_upload",
  "assets.create_direct_upload_batch",
  "webhooks.rotate_secret",
}

describe("idempotency keys", function()
  local function with_key(sim, endpoint, key, body, more)
    local headers = { ["idempotency-key"] = key }
    for name, value in pairs(more or {}) do
      headers[name] = value
    end
    return sim:ask(endpoint.method, sim:path(endpoint), body, headers)
  end

  local by_id = {}
  for _, endpoint in ipairs(contract.ENDPOINTS) do
    by_id[endpoint.id] = endpoint
  end

  it("are honoured where that is published", function()
    for _, id in ipairs(PUBLISHED) do
      assert.is_true(by_id[id].idempotency, id)
    end
    assert.equal("switch", by_id["video_agents.create"].idempotency)
  end)

  for id, endpoint in pairs(by_id) do
    if endpoint.idempotency then
      it("replay the first answer of " .. id, function()
        local sim = world.new()
        local body, headers = "", nil
        if endpoint.multipart then
          body, headers = world.upload "\137PNG\r\n\26\n...."
        elseif endpoint.body then
          local made = conform.bodies(endpoint, false, sim.ids)[1].body
          if made.variables then
            made.variables = { headline = "x" }
          end
          body = core.encode(made)
        end
        local status, first = with_key(sim, endpoint, "a-Key_1:.", body, headers)
        assert.equal(endpoint.status or 200, status)
        local drawn = sim.model.ids.a
        sim.model.clock:advance(86399)
        -- Whatever the new body says.
        local again, second = with_key(sim, endpoint, "a-Key_1:.", "nonsense", headers)
        assert.equal(status, again)
        assert.same(first, second)
        assert.equal(drawn, sim.model.ids.a)
        if id == "avatars.consent" then
          -- Its answer has nothing new in it.
          return
        end
        local _, other = with_key(sim, endpoint, "another", body, headers)
        assert.are_not.same(first, other)
        sim.model.clock:advance(2)
        local _, later = with_key(sim, endpoint, "a-Key_1:.", body, headers)
        assert.are_not.same(first, later)
      end)
    end
  end

  local VIDEO = { type = "avatar", script = "x", audio_url = nil }

  local function video(sim)
    VIDEO.avatar_id = sim.model.library.looks.rows[1].id
    return VIDEO
  end

  it("belong to one path", function()
    local sim = world.new()
    local second = sim:must("POST", "/v3/webhooks/endpoints", { url = "https://example.com/2" }).endpoint_id
    local target = "/v3/webhooks/endpoints/%s/rotate-secret"
    local headers = { ["idempotency-key"] = "k" }
    local one = sim:must("POST", target:format(sim.endpoint), "", headers)
    local two = sim:must("POST", target:format(second), "", headers)
    assert.are_not.equal(one.secret, two.secret)
    assert.same(one, sim:must("POST", target:format(sim.endpoint), "", headers))
  end)

  it("have a form", function()
    local sim = support.new()
    for _, key in ipairs { "", "with space", "ümlaut", string.rep("x", 256), "a/b" } do
      local status, value = sim:ask("POST", "/v3/videos", video(sim), { ["idempotency-key"] = key })
      assert.equal(400, status, key)
      assert.equal("Idempotency-Key", value.error.param)
    end
    local longest = { ["idempotency-key"] = string.rep("x", 255) }
    assert.equal(200, (sim:ask("POST", "/v3/videos", video(sim), longest)))
  end)

  it("do not keep a refusal", function()
    local sim = support.new()
    local headers = { ["idempotency-key"] = "k" }
    assert.equal(400, (sim:ask("POST", "/v3/videos", { type = "avatar" }, headers)))
    assert.equal(200, (sim:ask("POST", "/v3/videos", video(sim), headers)))
  end)

  it("are switched on for the Video Agent by a behaviour", function()
    local sim = support.new()
    local headers = { ["idempotency-key"] = "k" }
    local function create()
      return select(2, sim:ask("POST", "/v3/video-agents", { prompt = "x" }, headers)).data.session_id
    end
    assert.are_not.equal(create(), create())
    sim.model:behave { idempotency = true }
    assert.equal(create(), create())
  end)

  it("give back an answer that was lost", function()
    local sim = support.new {
      faults = { { method = "POST", path = "/v3/videos", nth = 1, act = true, close = "before" } },
    }
    local headers = { ["idempotency-key"] = "k" }
    local lost = sim.model:handle {
      method = "POST",
      target = "/v3/videos",
      headers = { host = "x", ["x-api-key"] = "key", ["idempotency-key"] = "k" },
      body = core.encode(video(sim)),
    }
    local _, value = sim:ask("POST", "/v3/videos", video(sim), headers)
    assert.same(core.decode(lost.body, true), value)
    assert.equal(1, sim.model.journal.counts.creates)
  end)

  it("answer 409 for as long as a slow answer takes", function()
    local seconds = 0
    local sim = support.new {
      clock = clock.new {
        speed = 600,
        source = function()
          return seconds
        end,
      },
      faults = { { method = "POST", path = "/v3/videos", nth = 1, act = true, delay = 5 } },
    }
    local headers = { ["idempotency-key"] = "k" }
    local _, first = sim:ask("POST", "/v3/videos", video(sim), headers)
    seconds = 4.9
    local status, value = sim:ask("POST", "/v3/videos", video(sim), headers)
    assert.equal(409, status)
    assert.equal("request_in_progress", value.error.code)
    assert.equal(200, (sim:ask("POST", "/v3/videos", video(sim), { ["idempotency-key"] = "other" })))
    seconds = 5.1
    status, value = sim:ask("POST", "/v3/videos", video(sim), headers)
    assert.equal(200, status)
    assert.same(first, value)
  end)

  for name, front in pairs { luv = { front = "luv" }, ["nginx #once"] = { front = "nginx", workers = 4 } } do
    it("answer 409 on the wire while the first one waits, from any worker, over " .. name, function()
      local server = sim_support.start {
        front = front.front,
        workers = front.workers,
        behaviour = { idempotency = true },
        faults = { { method = "POST", path = "/v3/video-agents", nth = 1, act = true, delay = 60 } },
      }
      finally(function()
        server:stop()
      end)
      local body = '{"prompt":"x"}'
      local request = "POST /v3/video-agents HTTP/1.1\r\nHost: x\r\nX-Api-Key: k\r\nIdempotency-Key: one\r\n"
        .. "Content-Length: "
        .. #body
        .. "\r\n\r\n"
        .. body
      local slow = server:connect()
      assert(slow:send(request))
      local deadline = socket.gettime() + 10
      while server:counts().creates < 1 do
        assert(socket.gettime() < deadline, "the create has not come")
        socket.sleep(0.005)
      end
      -- All at the same time, so that several workers have to take them.
      local others = {}
      for i = 1, front.workers and 40 or 1 do
        others[i] = server:connect()
        assert(others[i]:send(request))
      end
      for _, quick in ipairs(others) do
        local status, answer = sim_support.receive(quick)
        assert.equal(409, status)
        assert.equal("request_in_progress", core.decode(answer).error.code)
        quick:close()
      end
      assert.equal(1, server:counts().creates)
      slow:close()
    end)
  end
end)
