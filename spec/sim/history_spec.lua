-- An account with a history: what was made before the simulator began, the same after a reset and in a replay.
local simulated = require "spec.support.sim_model"

describe("an account with a history #once", function()
  local sim

  before_each(function()
    sim = simulated.new { history = 3 }
  end)

  local function list(path, of)
    local status, value = (of or sim):ask("GET", path)
    assert.equal(200, status)
    return value.data
  end

  it("has so many sessions with their videos, and a job of every kind", function()
    local sessions = list "/v3/video-agents"
    assert.equal(3, #sessions)
    for _, session in ipairs(sessions) do
      local whole = sim:session(session.session_id)
      assert.equal("completed", whole.status)
      assert.equal("completed", sim:video(whole.video_id).status)
      assert.is_true(session.created_at < sim.model.clock:now())
    end
    for _, path in ipairs {
      "/v3/videos",
      "/v3/video-translations",
      "/v3/lipsyncs",
      "/v3/ai-clipping",
      "/v3/background-removals",
      "/v3/hyperframes/renders",
      "/v3/assets?username=sim_user",
      "/v3/webhooks/events",
    } do
      assert.is_true(#list(path) > 0, path)
    end
  end)

  it("has cost nothing, counts nowhere, and holds no slot", function()
    assert.equal(100, list("/v3/users/me").wallet.remaining_balance)
    assert.equal(0, sim.model.journal.counts.creates)
    for _ = 1, 10 do
      sim:create()
    end
    assert.equal(429, (sim:ask("POST", "/v3/video-agents", { prompt = "x" })))
  end)

  it("is usual, whatever the simulator is told to do", function()
    sim = simulated.new { history = 1, behaviour = { video_fails = true, stall = true, concurrency = 1 } }
    assert.equal("completed", list("/v3/videos")[1].status)
  end)

  it("is there again after a reset, and in a replay of the state", function()
    local records = {}
    sim = simulated.new {
      history = 3,
      on_record = function(record)
        records[#records + 1] = record
        return true
      end,
    }
    local before = list "/v3/video-agents"
    sim:create()
    assert.equal(200, (sim:ask("POST", "/_sim/reset")))
    assert.same(before, list "/v3/video-agents")
    local other = simulated.new()
    for _, record in ipairs(records) do
      assert(other.model:replay(record))
    end
    assert.same(before, list("/v3/video-agents", other))
  end)

  it("is none unless it is asked for", function()
    assert.same({}, list("/v3/video-agents", simulated.new()))
    assert.same({}, list("/v3/webhooks/events", simulated.new()))
  end)
end)
