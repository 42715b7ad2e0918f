-- Mistakes of the first day: a dot for a colon, an option in the wrong table, an object given to the wrong call. They
-- are told at the caller's line, with what to write instead, and before anything is sent.
local heygen = require "heygen"
local live = require "spec.support.live"
local support = require "spec.support.sim"

local HERE = "^spec[/\\]client[/\\]client_misuse_spec%.lua:%d+: "

local function raised(fn)
  local ok, message = pcall(fn)
  assert.is_false(ok)
  assert.matches(HERE, message)
  return (message:gsub(HERE, ""))
end

describe("a mistake of the first day", function()
  local sim, client

  setup(function()
    sim = support.start { speed = 36000, behaviour = { video_id = "late" } }
    client = live.client(sim)
  end)

  teardown(function()
    sim:stop()
  end)

  before_each(function()
    sim:reset()
  end)

  it("is a colon where a dot belongs", function()
    local calls = {
      new = function()
        heygen:new { api_key = "k" }
      end,
      progress = function()
        heygen:progress()
      end,
      run = function()
        heygen:run(print)
      end,
      spawn = function()
        heygen:spawn(print)
      end,
      all = function()
        heygen:all { print }
      end,
      use = function()
        heygen:use "luv"
      end,
      sleep = function()
        heygen:sleep(1)
      end,
    }
    for name, call in pairs(calls) do
      assert.equal(
        ("heygen.%s: call it with a dot, not with a colon: heygen.%s(...)"):format(name, name),
        raised(call)
      )
    end
  end)

  it("is a dot where a colon belongs", function()
    local display = heygen.progress { columns = 80, stream = io.tmpfile() }
    local bar, page = display:bar "x", assert(client.videos:list())
    local router = heygen.webhook.router { on = {}, secrets = "whsec_x" }
    local calls = {
      ["display:bar(...)"] = function()
        display.bar "x"
      end,
      ["display:print(...)"] = function()
        display.print "x"
      end,
      ["display:tick()"] = function()
        display.tick()
      end,
      ["display:close()"] = function()
        display.close()
      end,
      ["bar:fail(...)"] = function()
        bar.fail "x"
      end,
      ["bar:close()"] = function()
        bar.close()
      end,
      ["page:next()"] = function()
        page.next()
      end,
      ["router:handle(...)"] = function()
        router.handle("POST", {}, "{}")
      end,
      ["router:add_secret(...)"] = function()
        router.add_secret "whsec_y"
      end,
      ["router:watch(...)"] = function()
        router.watch { "v1" }
      end,
      ["router:serve()"] = function()
        router.serve()
      end,
      ["server:stop()"] = function()
        sim.server.stop()
      end,
    }
    for form, call in pairs(calls) do
      assert.matches("call it with a colon: " .. form, raised(call), 1, true)
    end
  end)

  it("is an option of the wait among the fields of generate", function()
    for _, name in ipairs { "on_progress", "interval", "max_interval", "grace", "webhook" } do
      local message = raised(function()
        client:generate { prompt = "x", [name] = 1 }
      end)
      assert.equal(("client:generate: %s: belongs into wait = {%s = ...}"):format(name, name), message)
    end
    assert.equal(0, sim:counts().creates)
    assert(client:generate { prompt = "x", timeout = 60, wait = live.QUICK }) -- that of the call
  end)

  it("is heygen.progress without its brackets", function()
    local _, message = pcall(heygen.progress, { status = "thinking", elapsed = 0 })
    assert.matches("write on_progress = heygen.progress()", message, 1, true)
  end)

  it("is an object of another call", function()
    local list = assert(client.videos:list())
    local session = assert(client:create { prompt = "x" })
    local made = assert(client.video_translations:create {
      video = { url = "https://example.com/a.mp4" },
      output_languages = { "German" },
    })
    local before = live.sent(sim)
    local calls = {
      { "it is a list: give one of its data", client:wait(list) },
      { "it is a list: give one of its data", client:download(list, "never.mp4") },
      { "client.video_translations:wait waits for this", client:wait(made) },
      { "client.video_translations:wait waits for this", client.lipsyncs:wait(made) },
      {
        "client.video_translations:wait gives what can be downloaded",
        client:download(made, "never.mp4"),
      },
      {
        "client.ai_clipping:wait or client.background_removals:wait waits for this",
        client:wait { job_id = "j" },
      },
      { "for a batch there is wait_batch in its group", client:wait { batch_id = "b" } },
      { "the session has no video yet: client:wait gives it", client:download(session, "never.mp4") },
    }
    for _, each in ipairs(calls) do
      assert.is_nil(each[2])
      assert.equal("invalid", each[4].kind)
      assert.matches("not empty; " .. each[1] .. " (invalid)", each[3], 1, true)
    end
    assert.equal(before, live.sent(sim))
  end)

  it("is none to pass on what a call returns: it is one value", function()
    local count = function(...)
      return select("#", ...)
    end
    local session = assert(client:create { prompt = "x" })
    local video = assert(client:wait(session, live.QUICK))
    assert.equal(1, count(client:create { prompt = "x" }))
    assert.equal(1, count(client:poll(session)))
    assert.equal(1, count(client:wait(session, live.QUICK)))
    assert.equal(1, count(client:generate { prompt = "x", wait = live.QUICK }))
    assert.equal(1, count(client:download(video, function() end)))
    assert.equal(1, count(client.videos:list()))
    assert.equal(1, count(client.videos:delete(video)))
    assert.equal(1, count(client.assets:upload { data = "%PDF-1.4\n%%EOF\n", filename = "a.pdf" }))
    assert.equal(1, count(heygen.all { print }))
  end)
end)
