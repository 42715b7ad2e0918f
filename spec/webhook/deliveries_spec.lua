-- The router's side of waiting for "webhook or poll": what was delivered lately, and who watches for it.
local core = require "heygen.core"
local Deliveries = require "heygen.webhook.deliveries"
local webhook = require "heygen.webhook"

local SECRET = "whsec_0123456789abcdef"

-- A lua_shared_dict, as far as it is used.
local function shared_dict()
  local values = {}
  return {
    values = values,
    get = function(_, key)
      return values[key]
    end,
    set = function(_, key, value)
      values[key] = value
      return true
    end,
    add = function(_, key, value)
      if values[key] ~= nil then
        return false, "exists"
      end
      values[key] = value
      return true
    end,
    delete = function(_, key)
      values[key] = nil
    end,
  }
end

describe("a watch", function()
  local function make(options)
    options = options or {}
    options.on = options.on or {}
    options.secrets, options.log = SECRET, function() end
    return webhook.router(options)
  end

  local number = 0

  local function deliver(router, data, secret)
    number = number + 1
    local body = ('{"event_type":"video_agent.success","event_id":"e%d","event_data":{%s}}'):format(
      number,
      data
    )
    return router:handle("POST", webhook.sign(body, secret or SECRET, { event_id = false }), body)
  end

  it("gives each delivery about its ids once, also one that came before it", function()
    local router = make()
    deliver(router, '"video_id":"v1","session_id":"s1"')
    local watch = router:watch { session_id = "s1", video_id = nil }
    assert.equal("v1", watch:seen().video_id)
    assert.is_nil(watch:seen())
    deliver(router, '"video_id":"v2"')
    assert.is_nil(watch:seen())
    watch:add { "v2", "v3" }
    assert.equal("v2", watch:seen().video_id)
    deliver(router, '"video_id":"v3"')
    deliver(router, '"video_id":"v3","msg":"again"')
    assert.is_nil(watch:seen().data.msg)
    assert.equal("again", watch:seen().data.msg)
    assert.is_nil(watch:seen())
    assert.equal("v1", router:watch("s1"):seen().video_id) -- another one has not been told
    watch:close()
  end)

  it("knows jobs by any id in the data", function()
    local router = make()
    deliver(router, '"video_translate_id":"t1","folder_id":"f1"')
    deliver(router, '"callback_id":"c1"')
    assert.is_truthy(router:watch("t1"):seen())
    assert.is_truthy(router:watch("c1"):seen())
    assert.is_nil(router:watch("f1"):seen())
  end)

  it("knows an id with other letter case and dashes, in this worker and in another one", function()
    for _, dict in ipairs { false, shared_dict() } do
      local router = make { dict = dict or nil }
      local watch, woken = router:watch { "ab-12", "AB-12" }, 0
      function watch.wake()
        woken = woken + 1
      end
      deliver(router, '"video_id":"AB12","session_id":"a-B-12"')
      assert.equal(1, woken)
      assert.equal("AB12", watch:seen().video_id)
      assert.is_nil(watch:seen())
      if dict then
        assert.equal("AB12", make({ dict = dict }):watch("aB-12"):seen().video_id)
      end
      watch:close()
      assert.is_nil(next(router.deliveries.monitors))
    end
  end)

  it("is woken for its ids only, and not after it was closed", function()
    local router, woken = make(), 0
    local watch = router:watch { "v1", "s1" }
    watch.wake = function()
      woken = woken + 1
      error "who wakes does not care"
    end
    deliver(router, '"video_id":"v2"')
    assert.equal(0, woken)
    assert.equal(200, (deliver(router, '"video_id":"v1","session_id":"s1"')))
    assert.equal(1, woken)
    watch:close()
    watch:close()
    deliver(router, '"video_id":"v1"')
    assert.equal(1, woken)
    assert.is_nil(next(router.deliveries.monitors))
  end)

  it("hears of a delivery whatever becomes of its handler, but not of a forged one", function()
    local router = make {
      on = function()
        error "no"
      end,
    }
    local watch = router:watch "v1"
    assert.equal(401, (deliver(router, '"video_id":"v1"', "whsec_other")))
    assert.is_nil(watch:seen())
    assert.is_false(watch:working())
    assert.equal(500, (deliver(router, '"video_id":"v1"')))
    assert.is_truthy(watch:seen())
    assert.is_true(watch:working())
  end)

  it("emits a repeated delivery once, under any id, and does not rely on it", function()
    local now, woken = 1000, 0
    local real = core.now
    core.now = function()
      return now
    end
    local router = make { working_for = 50 }
    core.now = real
    local watch = router:watch "v1"
    watch.wake = function()
      woken = woken + 1
    end
    local body = '{"event_type":"video_agent.success","event_data":{"video_id":"v1"}}'
    local function repeated(id)
      return (router:handle("POST", webhook.sign(body, SECRET, { event_id = id }), body))
    end
    assert.equal(200, repeated "first")
    assert.is_true(watch:working())
    now = now + 51
    for index = 1, 20 do
      assert.equal(200, repeated("again" .. index))
    end
    assert.equal(1, woken)
    assert.is_truthy(watch:seen())
    assert.is_nil(watch:seen())
    assert.is_false(watch:working())
  end)

  it("hears of a delivery that the store cannot take", function()
    local store = {
      claim = function()
        return nil, "no connection"
      end,
      forget = function() end,
    }
    local router, woken = make { store = store }, 0
    local watch = router:watch "v1"
    watch.wake = function()
      woken = woken + 1
    end
    assert.equal(503, (deliver(router, '"video_id":"v1"')))
    assert.equal(1, woken)
    assert.is_true(watch:working())
  end)

  it("does not count on deliveries after a time without one, or when one was lost", function()
    local now = 100
    local deliveries = Deliveries.new {
      working_for = 50,
      now = function()
        return now
      end,
    }
    local watch = deliveries:monitor "v1"
    assert.is_false(watch:working())
    deliveries.arrivals:arrived "signature"
    now = now + 50
    assert.is_true(watch:working())
    now = now + 1
    assert.is_false(watch:working())
    deliveries.arrivals:arrived "signature"
    watch:lost()
    assert.is_false(watch:working())
    now = now + 1
    deliveries.arrivals:arrived "signature"
    assert.is_true(watch:working())
  end)

  it("counts on callbacks only for jobs that have one", function()
    local now = 100
    local deliveries = Deliveries.new {
      working_for = 50,
      now = function()
        return now
      end,
    }
    local with, without =
      deliveries:monitor { session_id = "s1", callback_id = "c1" }, deliveries:monitor "s2"
    deliveries.arrivals:arrived "token"
    assert.same({ true, false }, { with:working(), without:working() })
    without:lost()
    assert.is_true(with:working())
    deliveries.arrivals:arrived "signature"
    with:lost()
    assert.same({ false, false }, { with:working(), without:working() })
    now = now + 1
    deliveries.arrivals:arrived "signature"
    assert.same({ true, true }, { with:working(), without:working() })
  end)

  it("leaves nothing behind, whether it was closed or killed", function()
    local deliveries, closed, kept = Deliveries.new { working_for = 1 }, 0, {}
    for i = 1, 20000 do
      local watch = deliveries:monitor { "v" .. i, "s" .. i }
      if i % 1000 == 0 then
        collectgarbage()
        kept[#kept + 1] = watch
      elseif i % 3 == 0 then
        watch:close()
        closed = closed + 1
      end
    end
    local count = 0
    for _ in pairs(deliveries.monitors) do
      count = count + 1
    end
    assert.equal(deliveries.monitored, count)
    assert.is_true(count < 8000, count)
    for i = 1000, 20000, 1000 do
      assert.is_truthy(next(deliveries.monitors["v" .. i]))
    end
    assert.same({ 20, 6660 }, { #kept, closed })
  end)

  it("knows of what they tell: an endpoint need not have all events", function()
    local router = make()
    local watch = router:watch "x"
    local function send(kind, data)
      local body = ('{"event_type":%s,"event_data":{%s}}'):format(kind, data or "")
      assert.equal(200, (router:handle("POST", webhook.sign(body, SECRET), body)))
    end
    local function kinds()
      local list = {}
      for _, kind in ipairs { "video", "video_translate", "proofread_creation", "ai_clipping", "batch" } do
        list[#list + 1] = watch:working(kind) and kind or nil
      end
      return list
    end
    assert.same({ {}, false }, { kinds(), watch:working() })
    send('"avatar_video_gif.success"')
    assert.same({ {}, true }, { kinds(), watch:working() })
    send('"video_translate.success"')
    assert.same({ "video_translate" }, kinds())
    watch:lost "video_translate"
    assert.same({ {}, false }, { kinds(), watch:working() })
    send('"batch.finished"')
    send('"proofread_creation.fail"')
    send('"ai_clipping.success"')
    watch:lost "video"
    assert.same({ "proofread_creation", "ai_clipping", "batch" }, kinds())
    send('"avatar_video.success"')
    assert.is_true(watch:working "video")
    assert.is_false(watch:working "hyperframes_video")
    send('"hyperframes_video.fail"')
    assert.is_true(watch:working "hyperframes_video")
    assert.is_false(watch:working "filler_word_removal")
    send('"filler_word_removal.success"')
    assert.is_true(watch:working "filler_word_removal")
    router = make()
    watch = router:watch "x"
    send("null", '"video_id":"v1"') -- an older shape
    assert.same({ "video" }, kinds())
  end)

  it("costs a bounded memory, for a bounded time", function()
    local now = 0
    local deliveries = Deliveries.new {
      working_for = 1,
      now = function()
        return now
      end,
    }
    local function note(id, size, data)
      deliveries:add({ event_id = "e" .. id, video_id = id, data = data or {} }, size or 100)
    end
    for i = 1, 3000 do
      note("v" .. i)
    end
    for i = 1, 10 do
      deliveries:add({ event_id = "x" .. i, video_id = "same", data = {} }, 100)
    end
    local count = 0
    for _ in pairs(deliveries.by_id) do
      count = count + 1
    end
    assert.is_true(count <= 1000)
    assert.is_nil(deliveries:monitor("v1"):seen())
    local watch, seen = deliveries:monitor "same", 0
    while watch:seen() do
      seen = seen + 1
    end
    assert.equal(4, seen)
    note("large", 1e6, { video_id = "large", story = ("x"):rep(100) })
    assert.same({ video_id = "large", event_id = "elarge" }, deliveries:monitor("large"):seen())
    now = 86401
    note "last"
    assert.same(
      { "last" },
      (function()
        local ids = {}
        for id in pairs(deliveries.by_id) do
          ids[#ids + 1] = id
        end
        return ids
      end)()
    )
  end)

  it("in a shared dictionary hears of what another worker has got", function()
    local dict = shared_dict()
    local one, other = make { dict = dict }, make { dict = dict }
    local watch = other:watch { "s1" }
    assert.equal(0.25, watch:check_every())
    assert.is_nil(make():watch("s1"):check_every())
    assert.is_nil(watch:seen())
    deliver(one, '"video_id":"v1","session_id":"s1"')
    local event = watch:seen()
    assert.same({ "v1", "video_agent.success", true, "signature" }, {
      event.video_id,
      event.type,
      event.ok,
      event.verified,
    })
    assert.is_nil(watch:seen())
    assert.is_true(watch:working())
    watch:lost()
    assert.is_false(one:watch("x"):working())
    deliver(other, '"video_id":"v1","session_id":"s1"') -- its own counts once
    assert.is_truthy(watch:seen())
    assert.is_nil(watch:seen())
  end)

  it(
    "is told that deliveries arrive, which in a shared dictionary does not outweigh what has happened",
    function()
      assert.is_true(make({ working = true }):watch("v1"):working())
      assert.is_false(make({ working = false }):watch("v1"):working())
      local dict = shared_dict()
      local watch = make({ working = true, dict = dict }):watch "v1"
      assert.is_true(watch:working())
      watch:lost()
      assert.is_false(make({ working = true, dict = dict }):watch("v1"):working())
      assert.is_false(watch:working())
      local options =
        { working = true, token_secret = "a token secret of more than 16 bytes", accept = { "callback" } }
      options.on, options.log = {}, function() end
      local router = webhook.router(options)
      assert.is_false(router:watch("v1"):working())
      assert.is_true(router:watch({ callback_id = "c1" }):working())
    end
  )

  it("shares secrets and what was handled through a shared dictionary", function()
    local dict, count = shared_dict(), 0
    local function on()
      count = count + 1
    end
    local one, other = make { dict = dict, on = on }, make { dict = dict, on = on }
    one:add_secret("whsec_new", { grace = 0 })
    local body = '{"event_type":"x","event_data":{"video_id":"v1"}}'
    local headers = webhook.sign(body, "whsec_new")
    assert.equal(200, (other:handle("POST", headers, body)))
    local _, _, word = one:handle("POST", headers, body)
    assert.equal("duplicate\n", word)
    assert.equal(1, count)
    assert.equal(401, (other:handle("POST", webhook.sign(body, SECRET), body)))
  end)

  it("takes ids only", function()
    assert.error_matches(function()
      make():watch(7)
    end, "router:watch: ids: expected an id or a list of ids, got 7")
  end)
end)
