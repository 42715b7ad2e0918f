-- No delivery is taken twice: the stores that remember them, in memory, in a shared dictionary of a real nginx, in a
-- real Redis; and what verify makes of their answers.

local core = require "heygen.core"
local heygen = require "heygen"
local webhook = require "heygen.webhook"

local function memory(options)
  local now = 1000
  options = options or {}
  options.now = function()
    return now
  end
  return webhook.memory_store(options), function(seconds)
    now = now + seconds
  end
end

-- How many entries it really holds, by both ways to them.
local function held(store)
  local by_key, linked, last = 0, 0, nil
  for _ in pairs(store.by_key) do
    by_key = by_key + 1
  end
  local entry = store.oldest
  while entry do
    linked = linked + 1
    assert(entry.before == last and store.by_key[entry.key] == entry)
    entry, last = entry.after, entry
  end
  assert(store.newest == last)
  assert.equal(by_key, linked)
  assert.equal(by_key, store.count)
  return by_key
end

-- What every store does.
local function behaves(store)
  assert.is_true(store:claim { "a", "b" })
  assert.is_false(store:claim { "a", "b" })
  assert.is_false(store:claim { "b" })
  -- What a refused claim names besides the known key is still free.
  assert.is_false(store:claim { "c", "a" })
  assert.is_true(store:claim { "c" })
  assert.is_true(store:forget { "a", "b" })
  assert.is_true(store:claim { "b" })
  assert.is_true(store:claim { "a" })
  assert.is_false(store:claim { "c" })
  assert.is_true(store:forget { "never", "there" })
end

describe("the store in memory", function()
  it("gives each key to one", function()
    behaves(webhook.memory_store())
  end)

  it("forgets after ttl, its own or that of the claim", function()
    local store, pass = memory { ttl = 60 }
    assert.is_true(store:claim { "a" })
    assert.is_true(store:claim({ "b" }, 10))
    pass(9.5)
    assert.is_false(store:claim { "b" })
    pass(0.5)
    assert.is_true(store:claim { "b" })
    pass(49)
    assert.is_false(store:claim { "a" })
    pass(1)
    assert.is_true(store:claim { "a" })
    assert.equal(2, held(store))
    pass(1000)
    assert.is_true(store:claim { "x" })
    assert.equal(1, held(store))
  end)

  it("holds `max` entries and then drops the oldest", function()
    local store = memory { max = 3 }
    for _, key in ipairs { "a", "b", "c", "d" } do
      assert.is_true(store:claim { key })
    end
    assert.equal(3, held(store))
    assert.is_false(store:claim { "b" })
    assert.is_true(store:claim { "a" })
    assert.equal(3, held(store))
    -- More keys at once than it holds.
    assert.is_true(store:claim { "1", "2", "3", "4", "5" })
    assert.equal(3, held(store))
    assert.is_true(store:claim { "6", "6", "6" })
    assert.equal(3, held(store))
  end)

  it("stays whole in any order of claims, forgets and time #slow", function()
    local random = require "spec.support.random"
    local next_number = random.new(77)
    local store, pass = memory { max = 20, ttl = 50 }
    for _ = 1, 5000 do
      local keys = {}
      for index = 1, random.integer(next_number, 1, 3) do
        keys[index] = "k" .. random.integer(next_number, 1, 40)
      end
      if next_number() < 0.3 then
        store:forget(keys)
      else
        store:claim(keys, next_number() < 0.3 and random.integer(next_number, 1, 80) or nil)
      end
      pass(random.integer(next_number, 0, 3))
      assert.is_true(held(store) <= 20)
    end
  end)

  it("does not grow with use #slow", function()
    local store = webhook.memory_store { max = 1000 }
    local function round(from)
      for index = from, from + 5000 do
        store:claim { "body:" .. index, "id:" .. index }
        store:forget { "body:" .. index - 3 }
      end
      collectgarbage()
      collectgarbage()
      return collectgarbage "count"
    end
    round(0) -- LuaJIT compiles
    local before = round(10000)
    assert.is_true(round(20000) < before + 200)
    assert.is_true(held(store) <= 1000)
  end)
end)

describe("verify with a store", function()
  local SECRET = "whsec_k"
  local BODY = '{"event_type":"video_agent.success","event_data":{"video_id":"v","session_id":"s","url":"1"}}'

  local function take(store, body, options)
    body = body or BODY
    return webhook.verify(body, webhook.sign(body, SECRET, options), SECRET, { store = store })
  end

  local function reason(...)
    local event, _, err = take(...)
    return event and "taken" or err.reason
  end

  it("takes a delivery once, by its body, whatever its headers say", function()
    local store = webhook.memory_store()
    assert.equal("taken", reason(store))
    assert.equal("duplicate", reason(store))
    assert.equal("duplicate", reason(store, BODY, { event_id = "another" }))
    assert.equal("duplicate", reason(store, BODY, { event_id = false, timestamp = false }))
    -- A delivery that is repeated under a new id claims nothing: the event that has that id comes through.
    assert.equal("taken", reason(store, '{"event_type":"x"}', { event_id = "another" }))
  end)

  it("takes an event once, by its id, whatever its body says", function()
    local store = webhook.memory_store()
    assert.equal("taken", reason(store, BODY, { event_id = "evt_1" }))
    assert.equal("duplicate", reason(store, BODY .. " ", { event_id = "evt_1" }))
    assert.equal("taken", reason(store, BODY .. " ", { event_id = "evt_2" }))
    local inside = '{"event_id":"evt_3","n":%d}'
    assert.equal("taken", reason(store, inside:format(1)))
    assert.equal("duplicate", reason(store, inside:format(2)))
    local long = ('{"event_id":"%s","n":%%d}'):format(("x"):rep(100000))
    assert.equal("taken", reason(store, long:format(1)))
    assert.equal("duplicate", reason(store, long:format(2)))
    for key in pairs(store.by_key) do
      assert.is_true(#key <= 100, #key .. " bytes for a key")
    end
  end)

  it("takes what has no id once by its type and ids, as a signed URL differs each time", function()
    local store = webhook.memory_store()
    local bare = { event_id = false }
    assert.equal("taken", reason(store, BODY, bare))
    assert.equal("duplicate", reason(store, (BODY:gsub('"1"', '"2"')), bare))
    assert.equal("taken", reason(store, (BODY:gsub('"v"', '"w"')), bare))
    assert.equal("taken", reason(store, (BODY:gsub("success", "fail")), bare))
    assert.equal("taken", reason(store, '{"a":1}', bare))
    assert.equal("taken", reason(store, '{"a":2}', bare))
    assert.equal("duplicate", reason(store, '{"a":2}', bare))
  end)

  it("says what the duplicate is", function()
    local store = webhook.memory_store()
    take(store, BODY, { event_id = "evt_1" })
    local event, message, err = take(store, BODY, { event_id = "evt_1" })
    assert.is_nil(event)
    assert.same(
      { "webhook", "duplicate", "evt_1", "v", "s", false },
      { err.kind, err.reason, err.event_id, err.video_id, err.session_id, err.retryable }
    )
    assert.equal(tostring(err), message)
  end)

  it("gives the keys by which it is forgotten, for a handler that failed", function()
    local store = webhook.memory_store()
    local event = assert(take(store, BODY, { event_id = "evt_1" }))
    assert.equal("duplicate", reason(store, BODY, { event_id = "evt_1" }))
    assert.is_true(store:forget(event.replay_keys))
    assert.equal("taken", reason(store, BODY, { event_id = "evt_1" }))
  end)

  it("claims nothing for what it refuses", function()
    local claims = 0
    local store = webhook.memory_store()
    local counting = setmetatable({
      claim = function(_, ...)
        claims = claims + 1
        return store:claim(...)
      end,
    }, { __index = store })
    local headers = webhook.sign(BODY, SECRET)
    webhook.verify(BODY .. "x", headers, SECRET, { store = counting })
    webhook.verify(BODY, headers, "other", { store = counting })
    webhook.verify(BODY, webhook.sign(BODY, SECRET, { timestamp = 1 }), SECRET, { store = counting })
    webhook.verify("{", webhook.sign("{", SECRET), SECRET, { store = counting })
    assert.equal(0, claims)
    assert.is_table(webhook.verify(BODY, headers, SECRET, { store = counting }))
    assert.equal(1, claims)
  end)

  it("passes replay_ttl on", function()
    local store, pass = memory { ttl = 100 }
    local headers = webhook.sign(BODY, SECRET)
    local options = { store = store, replay_ttl = 10 }
    assert.is_table(webhook.verify(BODY, headers, SECRET, options))
    pass(9)
    assert.is_nil(webhook.verify(BODY, headers, SECRET, options))
    pass(1)
    assert.is_table(webhook.verify(BODY, headers, SECRET, options))
  end)

  it("refuses when the store cannot say, and says that it is worth another try", function()
    local broken = {
      claim = function()
        return nil, "no route to host"
      end,
      forget = function() end,
    }
    local _, message, err = take(broken, BODY, { event_id = "evt_1" })
    assert.same(
      { "webhook", "store_failed", true, "evt_1" },
      { err.kind, err.reason, err.retryable, err.event_id }
    )
    assert.matches("no route to host", message, 1, true)
    assert.is_true(heygen.is_error(err))
  end)
end)

describe("the stores' arguments", function()
  local function raises(wanted, make, ...)
    local arguments = { ... }
    local ok, problem = pcall(function()
      local store = make(arguments[1], arguments[2])
      return store
    end)
    assert.is_false(ok)
    assert.matches("store_spec.lua:%d+: heygen.webhook.", problem)
    assert.matches(wanted, problem, 1, true)
  end

  it("are checked", function()
    raises("max: expected a number > 0, got 0", webhook.memory_store, { max = 0 })
    raises('tttl: unknown option, did you mean "ttl"?', webhook.memory_store, { tttl = 1 })
    raises("is there a lua_shared_dict of that name?", webhook.shared_store, nil)
    raises("is there a lua_shared_dict of that name?", webhook.shared_store, {})
    raises("expected a client with set and del", webhook.redis_store, {})
    raises("expected a client with set and del", webhook.redis_store, nil)
    raises("ttl: expected", webhook.redis_store, function() end, { ttl = -1 })
  end)
end)

describe("the store in a real Redis #once #native", function()
  local redis = require "spec.support.redis"
  local server

  setup(function()
    server = redis.start()
  end)

  teardown(function()
    server:stop()
  end)

  before_each(function()
    local client = server:client()
    client:flushall()
    client:close()
  end)

  it("gives each key to one, with the clients that there are", function()
    for _, null in ipairs { core.null, false } do
      local client = server:client(null)
      client:flushall()
      behaves(webhook.redis_store(client))
      client:close()
    end
    local client = server:client(nil)
    client:flushall()
    behaves(webhook.redis_store(client))
    client:close()
  end)

  it("gives a key to one of two machines", function()
    local one, other = webhook.redis_store(server:client()), webhook.redis_store(server:client())
    assert.is_true(one:claim { "a", "b" })
    assert.is_false(other:claim { "b" })
    assert.is_false(other:claim { "c", "b" })
    assert.is_true(one:claim { "c" })
    one:forget { "a", "b" }
    assert.is_true(other:claim { "a", "b" })
  end)

  it("lets Redis forget after ttl, in whole seconds", function()
    local client = server:client()
    local store = webhook.redis_store(client, { ttl = 1000, prefix = "p:" })
    store:claim { "a" }
    store:claim({ "b" }, 12.3)
    store:claim({ "c" }, 0.001)
    assert.is_true(client:ttl "p:a" > 990)
    assert.is_true(client:ttl "p:b" <= 13 and client:ttl "p:b" > 3)
    assert.is_true(client:pttl "p:c" <= 1000)
    local week = webhook.redis_store(client)
    week:claim { "d" }
    assert.is_true(client:ttl "heygen:d" > 7 * 86400 - 60)
    client:close()
  end)

  it("takes a function that gives a client for each use, and one that takes it back", function()
    local given, taken_back = 0, 0
    local store = webhook.redis_store(function()
      given = given + 1
      return server:client(),
        function(client)
          taken_back = taken_back + 1
          client:close()
        end
    end)
    behaves(store)
    assert.is_true(given > 5)
    assert.equal(given, taken_back)
  end)

  it("says why it cannot say", function()
    local client = server:client()
    local store = webhook.redis_store(client)
    client:close()
    local new, problem = store:claim { "a" }
    assert.is_nil(new)
    assert.matches("^redis: closed", problem)
    new, problem = store:forget { "a" }
    assert.is_nil(new)
    assert.matches("^redis: closed", problem)
    local none = webhook.redis_store(function()
      return nil, "connection refused"
    end)
    assert.same({ nil, "no connection: connection refused" }, { none:claim { "a" } })
    assert.same({ nil, "no connection: connection refused" }, { none:forget { "a" } })
    -- An answer of Redis that is an error, such as one of a server that has no memory left.
    local full = server:client()
    full:config("SET", "maxmemory", "1")
    new, problem = webhook.redis_store(full):claim { "a" }
    full:config("SET", "maxmemory", "0")
    assert.is_nil(new)
    assert.matches("OOM", problem, 1, true)
    full:close()
  end)
end)

describe("the store in nginx #once #native", function()
  local resty = require "spec.support.resty"
  local server

  local PRELUDE = [[
    local webhook = require("heygen").webhook
    local store = webhook.shared_store(ngx.shared.deliveries, { ttl = 3600 })
  ]]

  setup(function()
    server = resty.start {
      workers = 2,
      http = "lua_shared_dict deliveries 1m; lua_shared_dict small 12k;",
      locations = {
        ["/claim"] = PRELUDE .. [[
          local keys = {}
          for key in ngx.var.arg_keys:gmatch "[^,]+" do keys[#keys + 1] = key end
          ngx.say(ngx.worker.id(), " ", tostring(store:claim(keys)))
        ]],
        ["/forget"] = PRELUDE .. "ngx.say(tostring(store:forget { ngx.var.arg_key }))",
        ["/verify"] = PRELUDE .. [[
          local body = '{"event_type":"x.success"}'
          local headers = webhook.sign(body, "k")
          local event, _, err = webhook.verify(body, headers, "k", { store = store })
          ngx.say(event and event.type or err.reason)
        ]],
        ["/expired"] = PRELUDE .. [[
          store:claim({ "short" }, 0.01)
          ngx.sleep(0.02)
          ngx.say(tostring(store:claim { "short" }), ngx.shared.deliveries:ttl "heygen:short" > 3000)
        ]],
        ["/full"] = [[
          local store = require("heygen").webhook.shared_store(ngx.shared.small)
          local refused = 0
          for index = 1, 2000 do
            if store:claim { "key" .. index } ~= true then refused = refused + 1 end
          end
          ngx.say(refused, " ", tostring(store:claim { "key2000" }), " ", tostring(store:claim { "key1" }))
        ]],
      },
    }
  end)

  teardown(function()
    local complaints = server:complaints()
    server:stop()
    assert.same({}, complaints)
  end)

  it("gives each key to one of two workers", function()
    local workers, claimed = {}, 0
    for _ = 1, 300 do
      local worker, answer = server:ask("/claim?keys=a,b"):match "(%d+) (%l+)"
      workers[worker] = true
      claimed = claimed + (answer == "true" and 1 or 0)
      if workers["0"] and workers["1"] then
        break
      end
    end
    assert.equal(1, claimed)
    assert.same({ ["0"] = true, ["1"] = true }, workers)
    assert.matches("false", server:ask "/claim?keys=c,b")
    assert.matches("true", server:ask "/claim?keys=c")
    assert.equal("true", server:ask "/forget?key=a")
    assert.matches("true", server:ask "/claim?keys=a")
  end)

  it("forgets after ttl", function()
    assert.equal("truetrue", server:ask "/expired")
  end)

  it("drops the oldest when it is full", function()
    assert.equal("0 false true", server:ask "/full")
  end)

  it("serves verify", function()
    assert.equal("x.success", server:ask "/verify")
    assert.equal("duplicate", server:ask "/verify")
  end)
end)
