-- "Made twice": what the simulator counts as a duplicate.
local support = require "spec.support.sim_model"

describe("the simulator's count of duplicates", function()
  local sim

  before_each(function()
    sim = support.new { behaviour = { concurrency = 0 } }
  end)

  local function make(body, key)
    local headers = { ["idempotency-key"] = key }
    return (sim:ask("POST", "/v3/video-agents", body or { prompt = "A video" }, headers))
  end

  local function counted(creates, duplicates)
    local counts = sim.model.journal.counts
    assert.same({ creates, duplicates }, { counts.creates, counts.duplicates })
  end

  it("goes up when the same key makes a second job", function()
    make(nil, "one")
    counted(1, 0)
    make({ prompt = "Something else" }, "one")
    counted(2, 1)
    make(nil, "two")
    counted(3, 1)
  end)

  it("goes by the body where there is no key", function()
    make()
    make { prompt = "Another video" }
    counted(2, 0)
    make()
    counted(3, 1)
    local long = ("long "):rep(500)
    make { prompt = long .. "a" .. long }
    make { prompt = long .. "b" .. long }
    counted(5, 1)
    make { prompt = long .. "b" .. long }
    counted(6, 2)
  end)

  it(
    "has a count of its own for the same body, whatever the key: a program that was killed has another one",
    function()
      local function same_body()
        return sim.model.journal.counts.same_body
      end
      make(nil, "one")
      make(nil, "two")
      assert.equal(1, same_body())
      counted(2, 0)
      make({ prompt = "Another video" }, "two")
      assert.equal(1, same_body())
      make()
      assert.equal(2, same_body())
      counted(4, 1)
      sim.model:reset()
      make()
      assert.equal(0, same_body())
    end
  )

  it("does not go up when the first answer is replayed, or nothing was made", function()
    sim.model:behave { idempotency = true }
    make(nil, "one")
    make(nil, "one")
    counted(1, 0)
    for _ = 1, 2 do
      assert.equal(400, make { prompt = "" })
    end
    for _ = 1, 2 do
      sim:ask("POST", "/v3/video-agents/sess_nobody", { message = "x" })
    end
    counted(1, 0)
  end)

  it("counts a create whose answer was lost and that was sent again", function()
    assert(sim.model.faults:add({ { nth = 1, act = true, close = "before" } }, nil))
    local request = { method = "POST", target = "/v3/video-agents", body = '{"prompt":"A video"}' }
    for _ = 1, 2 do
      request.headers = { host = "x", ["x-api-key"] = "k", ["idempotency-key"] = "one" }
      sim.model:handle(request)
    end
    counted(2, 1)
    sim.model:reset()
    counted(0, 0)
    sim.model:handle(request)
    counted(1, 0)
  end)
end)
