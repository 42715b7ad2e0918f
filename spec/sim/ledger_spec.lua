-- The ledger: records played again give the same service, whatever was done to it.
local clock = require "heygen.sim.core.clock"
local core = require "heygen.core"
local ledger = require "heygen.sim.core.ledger"
local random = require "heygen.sim.core.random"
local respond = require "heygen.sim.core.respond"
local sim_model = require "heygen.sim.core.model"
local support = require "spec.support.sim_model"

-- A model on a clock whose source the test moves.
local function new_model(options)
  local time = { real = 1795000000 }
  local made = { time = time, log = {} }
  options = options or {}
  options.clock = clock.new {
    start = 1790000000,
    speed = 60,
    mark = time.real,
    source = function()
      return time.real
    end,
  }
  made.sim = support.new(options)
  made.model = made.sim.model
  made.model.on_record = function(record)
    made.log[#made.log + 1] = ledger.pack(record)
    return true
  end
  return made
end

-- Everything that can be seen of a model, without what differs at each look.
local function portrait(made)
  local model, parts = made.model, {}
  local function add(target)
    local _, _, response = made.sim:ask("GET", target)
    local body = response.body:gsub('Signature=[^"]*', "")
    -- The order of the keys in JSON is not promised.
    parts[#parts + 1] = core.decode(body, true)
  end
  for _, target in ipairs { "/v3/video-agents?limit=100", "/v3/videos?limit=100", "/_sim/deliveries" } do
    add(target)
  end
  for _, session in ipairs(model.sessions.rows) do
    add("/v3/video-agents/" .. session.id)
    add("/v3/video-agents/" .. session.id .. "/videos")
  end
  local events = {}
  for i, event in ipairs(model.events.rows) do
    events[i] = { event.id, event.type, event.at, event.entity_id }
  end
  return {
    parts = parts,
    events = events,
    ids = { model.ids.a, model.ids.b },
    now = model.clock:now(),
    behaviour = model.behaviour,
    overlays = #model.overlays,
    creates = model.journal.counts.creates,
    records = model.records,
  }
end

local function replayed(made, options)
  local other = new_model(options)
  for i, packed in ipairs(made.log) do
    local record = assert(ledger.unpack(packed), "record " .. i)
    assert(other.model:replay(record))
  end
  other.time.real = made.time.real
  return other
end

local CALLBACK = "http://127.0.0.1:9/hook"

-- One random thing that a client, a person or the time may do.
local function step(made, chance)
  local sim, model = made.sim, made.model
  local rows = model.sessions.rows
  local some = rows[chance:integer() % math.max(1, #rows) + 1]
  local id = some and some.id or "sess_none"
  local acts = {
    function()
      made.time.real = made.time.real + chance:fraction() * 5
    end,
    function()
      sim:ask("POST", "/v3/video-agents", {
        prompt = "Video " .. chance:integer(),
        mode = chance:fraction() < 0.3 and "chat" or nil,
        callback_url = chance:fraction() < 0.5 and CALLBACK or nil,
      }, { ["idempotency-key"] = "key-" .. chance:integer() % 5 })
    end,
    function()
      sim:ask("POST", "/v3/video-agents", { prompt = "" })
    end,
    function()
      sim:ask("POST", "/v3/video-agents/" .. id, { message = "Continue" })
    end,
    function()
      sim:ask("POST", "/v3/video-agents/" .. id .. "/stop", {})
    end,
    function()
      sim:ask("GET", "/v3/video-agents/" .. id)
    end,
    function()
      local video = model.videos.rows[chance:integer() % math.max(1, #model.videos.rows) + 1]
      sim:ask("DELETE", "/v3/videos/" .. (video and video.id or "none"))
    end,
    function()
      local kinds = {
        { video_fails = true, next = 2 },
        { session_fails = true, message_revives = true, next = 1 },
        { idempotency = chance:fraction() < 0.5 },
        { video_id = "at_once", session_404_after_video = true, next = 1 },
        { webhook_duplicates = 1, next = 1 },
      }
      sim:ask("POST", "/_sim/behaviour", kinds[chance:integer() % #kinds + 1])
    end,
    function()
      sim:ask("POST", "/_sim/clock", { advance = chance:integer() % 300, speed = chance:integer() % 90 })
    end,
    function()
      for _, effect in ipairs(model:due()) do
        model:settle(effect.id, chance:fraction() < 0.5 and { status = 500 } or { status = 204 })
      end
    end,
    function()
      if chance:fraction() < 0.02 then
        sim:ask("POST", "/_sim/reset")
      end
    end,
  }
  acts[chance:integer() % #acts + 1]()
end

describe("the ledger", function()
  it("gives the same service when it is played again", function()
    local sessions, events = 0, 0
    for seed = 1, 12 do
      local options = { behaviour = { concurrency = 4 } }
      local made, chance = new_model(options), random.new(seed)
      for _ = 1, 300 do
        step(made, chance)
      end
      -- What was sent and not yet answered is waiting again after a restart.
      for _, effect in ipairs(made.model:due()) do
        made.model:settle(effect.id, { error = "the end" })
      end
      local other = replayed(made, options)
      other.model.outbox:advance(other.model.clock:now())
      assert.same(portrait(made), portrait(other))
      sessions, events = sessions + #made.model.sessions.rows, events + #made.model.events.rows
    end
    -- The comparison was about something.
    assert.is_true(sessions > 100 and events > 50, sessions .. " sessions, " .. events .. " events")
  end)

  it("continues alike after it", function()
    local made, chance = new_model(), random.new(77)
    for _ = 1, 100 do
      step(made, chance)
    end
    local other = replayed(made)
    local one, two = made.sim:create(), other.sim:create()
    assert.equal(one, two)
  end)

  it("can begin with a START record on any model", function()
    local made = new_model { seed = 9, behaviour = { thinking = 7, failure_message = "Für alle Fälle" } }
    made.time.real = made.time.real + 3
    local start = ledger.start(made.model)
    made.sim:create()
    local other = new_model { seed = 3 }
    other.model.clock:advance(1e6)
    assert(other.model:replay(assert(ledger.unpack(ledger.pack(start)))))
    assert(other.model:replay(ledger.unpack(made.log[1])))
    other.time.real = made.time.real
    local one, two = portrait(made), portrait(other)
    assert.same(one.parts, two.parts)
    assert.equal(one.now, two.now)
    assert.same(one.behaviour, two.behaviour)
  end)

  it("records what was accepted, and nothing else", function()
    local made = new_model()
    local sim, log = made.sim, made.log
    sim:ask("POST", "/v3/video-agents", { prompt = "" })
    sim:ask("POST", "/v3/video-agents", { prompt = "x" }, { ["x-api-key"] = false })
    sim:ask("DELETE", "/v3/videos/none")
    sim:ask("PUT", "/v3/videos")
    sim:ask("GET", "/v3/videos")
    sim:ask("POST", "/_sim/behaviour", { thinkin = 1 })
    assert.equal(0, #log)
    local id = sim:create()
    assert.equal(1, #log)
    sim:session(id)
    assert.equal(1, #log)
    sim:ask("POST", "/_sim/clock", { advance = 5 })
    assert.equal(2, #log)
  end)

  it("records what a fault hides from the client, but not what it keeps away", function()
    local made = new_model()
    local function lost(fault)
      fault.path, fault.times = "/v3/video-agents", 1
      made.sim:ask("POST", "/_sim/faults", fault)
      local before = #made.log
      made.model:handle {
        method = "POST",
        target = "/v3/video-agents",
        headers = { ["x-api-key"] = "k" },
        body = '{"prompt":"x"}',
      }
      return #made.log - before
    end
    assert.equal(1, lost { close = "before", act = true })
    assert.equal(0, lost { close = "before" })
    assert.equal(1, lost { status = 500, act = true })
    assert.equal(0, lost { status = 500 })
    assert.equal(1, lost { delay = 1 })
  end)

  it("holds no key of a client", function()
    local made = new_model()
    made.sim:ask("POST", "/v3/video-agents", { prompt = "x" }, {
      ["x-api-key"] = "very-secret",
      authorization = "Bearer very-secret",
      cookie = "very-secret",
      ["idempotency-key"] = "plain",
    })
    assert.is_nil(made.log[1]:find("very-secret", 1, true))
    assert.equal("plain", ledger.unpack(made.log[1]).headers["idempotency-key"])
  end)

  it("knows what was read, where a read changes something", function()
    local options = { behaviour = { session_404_after_video = true, video_id = "late" } }
    local made = new_model(options)
    local id = made.sim:create()
    made.model.clock:advance(200)
    assert.equal(200, select(2, made.sim:session(id)))
    assert.equal(404, select(2, made.sim:session(id)))
    assert.equal(2, #made.log)
    assert.equal(404, select(2, replayed(made, options).sim:session(id)))
  end)

  it("draws no id for what it refuses", function()
    local made, other = new_model(), new_model()
    local row = made.model.router:find("POST", "/v3/video-agents")
    local handler = row.handler
    row.handler = function(model)
      return respond.problem(model.json, 400, nil, "no " .. model.ids:hex(8))
    end
    made.sim:ask("POST", "/v3/video-agents", { prompt = "x" })
    row.handler = handler
    made.sim:ask("POST", "/v3/video-agents", { prompt = "x", style_id = "none" })
    made.sim:ask("POST", "/v3/video-agents/none", { message = "x" })
    assert.equal(other.sim:create(), made.sim:create())
  end)

  it("answers 503 when a change cannot be kept", function()
    local made = new_model()
    made.model.on_record = function()
      return nil, "disk full"
    end
    local status, value = made.sim:ask("POST", "/v3/video-agents", { prompt = "x" })
    assert.equal(503, status)
    assert.matches("disk full", value.error.message)
  end)

  it("packs any bytes, and sees what is missing or changed", function()
    local bytes = {}
    for i = 0, 255 do
      bytes[i + 1] = string.char(i)
    end
    local record = {
      at = 1790000000.1234567,
      real = 0.1,
      method = "POST",
      target = "/v3/assets?x=1",
      id = "",
      headers = { ["content-type"] = "multipart/form-data; boundary=\255", a = "" },
      body = table.concat(bytes):rep(100),
    }
    local packed = ledger.pack(record)
    assert.same(record, ledger.unpack(packed))
    record.body = "short"
    packed = ledger.pack(record)
    for stop = 0, #packed - 1 do
      assert.is_nil(ledger.unpack(packed:sub(1, stop)))
      local other = string.char((packed:byte(stop + 1) + 1) % 256)
      assert.is_nil(ledger.unpack(packed:sub(1, stop) .. other .. packed:sub(stop + 2)))
    end
  end)

  it("leaves the clock running when a handler breaks", function()
    local made = new_model()
    made.model.videos = nil
    assert.is_false(pcall(function()
      made.sim:ask("DELETE", "/v3/videos/x")
    end))
    local before = made.model.clock:now()
    made.time.real = made.time.real + 1
    assert.equal(before + 60, made.model.clock:now())
  end)

  it("plays a record that cannot be true as an error", function()
    local fresh = assert(sim_model.new {})
    local ok, message = fresh:replay {
      at = 1790000000,
      real = 0,
      method = "DELETE",
      target = "/v3/videos/none",
      id = "x",
      headers = {},
      body = "",
    }
    assert.is_nil(ok)
    assert.matches("DELETE /v3/videos/none was refused", message)
  end)
end)
