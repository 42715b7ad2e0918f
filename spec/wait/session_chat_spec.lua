-- The session of a video that is not started yet, while other waits share the polls of the videos and the list of
-- statuses does not have these: an agent may have answered in chat, and no video is ever made.
local core = require "heygen.core"
local heygen = require "heygen"
local live = require "spec.support.live"
local support = require "spec.support.sim"

local WORDS = { { role = "model", type = "text", content = "Hello!" } }
local GRACE = 60

-- Each: what the session answers, in turn (the last for ever); how often the video is pending before it is completed,
-- nil: for ever; what the wait ends with, "completed" or the kind and a part of the message.
local CASES = {
  {
    name = "seen once only",
    session = { { status = "completed", messages = WORDS }, { status = "generating" } },
    pending = 25,
    ends = { "completed" },
  },
  {
    name = "of a video that has started",
    session = { { status = "completed", messages = WORDS } },
    status = "processing",
    pending = 25,
    ends = { "completed" },
  },
  { name = "failed for a moment", session = { { status = "failed" } }, pending = 25, ends = { "completed" } },
  {
    name = "failed for good",
    session = { { status = "failed", failure_message = "No credit" } },
    grace = 0,
    ends = { "failed", "the session failed: No credit" },
  },
  { name = "without a word", session = { { status = "completed" } }, pending = 25, ends = { "completed" } },
  {
    name = "without a word for good",
    session = { { status = "completed" } },
    grace = 0,
    ends = { "input_needed", "the agent has sent no text" },
  },
  {
    name = "with words",
    session = { { status = "completed", messages = WORDS } },
    ends = { "input_needed", "its video was never started (client.video_agents:send): Hello!" },
  },
  {
    name = "with a question",
    session = { { status = "waiting_for_input", messages = WORDS } },
    ends = { "input_needed", "the session waits for a message (client.video_agents:send): Hello!" },
  },
  { name = "that is gone", session = {}, pending = 25, ends = { "completed" }, polls = 1 },
}

describe("the session of a pending video #once", function()
  local sim, client

  setup(function()
    sim = support.start { speed = 0 }
    client = live.client(sim, { max_retries = 0 })
  end)

  teardown(function()
    sim:stop()
  end)

  local function faults_of(index, case)
    local list = {}
    local function add(path, data, times)
      list[#list + 1] =
        { method = "GET", path = path, body = assert(core.encode { data = data }), times = times }
    end
    for turn, session in ipairs(case.session) do
      session.session_id = "sess_" .. index
      add("/v3/video-agents/sess_" .. index, session, case.session[turn + 1] and 1)
    end
    local status = case.status or "pending"
    add("/v3/videos/v" .. index, { id = "v" .. index, status = status }, case.pending)
    add("/v3/videos/v" .. index, { id = "v" .. index, status = "completed" })
    return list
  end

  it("ends the wait when it stays so, and only then", function()
    local faults, waits, results = {}, {}, {}
    for index, case in ipairs(CASES) do
      for _, fault in ipairs(faults_of(index, case)) do
        faults[#faults + 1] = fault
      end
      waits[index] = function()
        local target = { session_id = "sess_" .. index, video_id = "v" .. index }
        local wait = { interval = 0.1, max_interval = 0.1, timeout = 20, grace = case.grace or GRACE }
        wait.not_found_grace = case.polls and 0 or nil
        results[index] = { client:wait(target, wait) }
        return true
      end
    end
    sim:faults(faults)
    assert(heygen.all(waits))
    local polls = {}
    for _, request in ipairs(sim:requests()) do
      polls[request.path] = (polls[request.path] or 0) + 1
    end
    for index, case in ipairs(CASES) do
      local video, message, err = results[index][1], results[index][2], results[index][3]
      local kind, text = case.ends[1], case.ends[2]
      assert.same({ case.name, kind }, { case.name, video and video.status or err.kind }, message)
      assert.matches(text or "", message or "", 1, true)
      local count = polls["/v3/video-agents/sess_" .. index]
      assert.equal(case.polls or count, count)
      if err then
        live.check(err, { session_id = "sess_" .. index, video_id = "v" .. index })
      end
    end
  end)

  it("that asks once, while its video is not known, does not end the wait", function()
    local path = "/v3/video-agents/sess_x"
    sim:faults {
      { path = path, body = '{"data":{"session_id":"sess_x","status":"waiting_for_input"}}', times = 1 },
      { path = path, body = '{"data":{"session_id":"sess_x","status":"x","video_id":"vx"}}' },
      { path = "/v3/videos/vx", body = '{"data":{"id":"vx","status":"completed"}}' },
    }
    assert.equal("completed", assert(client:wait("sess_x", live.QUICK)).status)
  end)
end)
