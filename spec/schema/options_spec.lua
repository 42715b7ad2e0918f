-- The checker for tables of options: its rules, and the cases of each call that takes such a table.
local heygen = require "heygen"
local options = require "heygen.schema.options"

local NAN, HUGE = 0 / 0, math.huge

local function callable()
  return setmetatable({}, { __call = function() end })
end

describe("the checker of options", function()
  local function refused(message, given, known, within)
    local read, problem = options.check(given, known, within)
    assert.is_nil(read)
    assert.equal(message, problem)
  end

  it("says what was expected and what came", function()
    local cases = {
      seconds = {
        { type = "seconds", above = 0 },
        ['"5"'] = "5",
        ["0"] = 0,
        ["-1"] = -1,
        NaN = NAN,
        ["-infinity"] = -HUGE,
        table = {},
      },
      ["finite seconds"] = { { type = "seconds", above = 0, finite = true }, infinity = HUGE, NaN = NAN },
    }
    for what, case in pairs(cases) do
      local spec = case[1]
      for came, value in pairs(case) do
        if came ~= 1 then
          refused(("x: expected %s > 0, got %s"):format(what, came), { x = value }, { x = spec })
        end
      end
    end
    refused(
      "x: expected an integer from 1 to 5, got 1.5",
      { x = 1.5 },
      { x = { type = "integer", min = 1, max = 5 } }
    )
    refused("x: expected an integer >= 1, got infinity", { x = HUGE }, { x = { type = "integer", min = 1 } })
    refused("x: expected a number <= 5, got 6", { x = 6 }, { x = { type = "number", max = 5 } })
    refused('x: expected a boolean, got "true"', { x = "true" }, { x = { type = "boolean" } })
    refused("x: expected a string, got true", { x = true }, { x = { type = "string" } })
    refused("x: expected a string, got number", { x = 5 }, { x = { type = "string", secret = true } })
    refused("x: expected a table, got 5", { x = 5 }, { x = { type = "table" } })
    refused("x: expected a function, got table", { x = {} }, { x = { type = "function" } })
    refused(
      'x: expected one of "a", "b", got "A", did you mean "a"?',
      { x = "A" },
      { x = { type = "string", enum = { "a", "b" } } }
    )
  end)

  it("names what is unknown, and what was meant", function()
    local known = { timeout = { type = "seconds", above = 0 } }
    refused('timeot: unknown option, did you mean "timeout"?', { timeot = 1 }, known)
    refused('Timeout: unknown option, did you mean "timeout"?', { Timeout = 1 }, known)
    refused("colour: unknown option", { colour = 1 }, known)
    refused("[1]: unknown option", { "timeout" }, known)
    refused("a\\nb: unknown option", { ["a\nb"] = 1 }, known)
  end)

  it("gives the path of an option in a table of its own", function()
    local known = { interval = { type = "seconds", above = 0 } }
    refused('wait.interval: expected seconds > 0, got "5"', { interval = "5" }, known, "wait")
    refused("wait[2]: unknown option", { interval = 1, [2] = 1 }, known, "wait")
    refused("wait: expected a table of options, got string", "x", known, "wait")
  end)

  it("does not depend on the order of the table", function()
    local known = { a = { type = "boolean" }, b = { type = "boolean" }, c = { type = "boolean" } }
    for _ = 1, 20 do
      refused("a: expected a boolean, got 1", { c = 1, b = 1, a = 1, zzz = 1 }, known)
    end
  end)

  it("fills in defaults, asks for what must be there, and leaves the caller's table alone", function()
    local known =
      { a = { type = "integer", default = 3 }, b = { type = "string", required = 'write b = "x"' } }
    local given = { b = "y" }
    assert.same({ a = 3, b = "y" }, options.check(given, known))
    assert.same({ b = "y" }, given)
    refused('b: missing, write b = "x"', nil, known)
  end)

  it("takes false where it is a value", function()
    assert.same({ a = false }, options.check({ a = false }, { a = { type = "boolean", default = true } }))
  end)

  it("knows what can be called", function()
    assert.is_true(options.is_callable(print))
    assert.is_true(options.is_callable(callable()))
    for _, value in ipairs {
      {},
      "print",
      5,
      setmetatable({}, { __call = 5 }),
      setmetatable({}, { __metatable = "no" }),
    } do
      assert.is_false(options.is_callable(value))
    end
  end)
end)

-- ---- the calls ----

local client = heygen.new { api_key = "key" }
local webhook = heygen.webhook
local SECRET = ("s"):rep(16)

-- The rest of what a call needs, next to the option that is refused.
local function with(rest, given)
  if type(given) ~= "table" then
    return given
  end
  local whole = {}
  for name, value in pairs(rest) do
    whole[name] = value
  end
  for name, value in pairs(given) do
    whole[name] = value
  end
  return whole
end

-- Each: how the call gets its options; `named`: how messages call it; `within`: the option that the table is itself;
-- one option of each type, where it has one; and what else is refused, as message -> options.
local CALLS = {
  ["heygen.new"] = {
    call = function(given)
      heygen.new(given)
    end,
    seconds = "timeout",
    pause = "retry_base",
    integer = "max_retries",
    flag = "allow_http",
    callable = "log",
    table = "headers",
    text = "user_agent",
    ["headers.AUTHORIZATION: not allowed here, use access_token"] = { headers = { AUTHORIZATION = "x" } },
    ["headers.B: expected a string, got 1"] = { headers = { a = "x", B = 1 } },
  },
  ["heygen.webhook.verify"] = {
    call = function(given)
      webhook.verify("{}", {}, SECRET, given)
    end,
    seconds = "tolerance",
    pause = "replay_ttl",
    flag = "require_timestamp",
    callable = "now",
    ["max_bytes: expected a number > 0, got 0"] = { max_bytes = 0 },
    ['store: expected a store with the methods "claim" and "forget", got table'] = {
      store = { claim = print },
    },
  },
  ["heygen.webhook.sign"] = {
    call = function(given)
      webhook.sign("{}", SECRET, given)
    end,
    example = "timestamp",
    ["timestamp: expected Unix seconds as a whole number, or false for none, got 1.5"] = { timestamp = 1.5 },
    ["timestamp: expected Unix seconds as a whole number, or false for none, got NaN"] = { timestamp = NAN },
    ["event_id: expected 1 to 200 letters"] = { event_id = "a b" },
  },
  ["heygen.webhook.parse"] = {
    call = function(given)
      webhook.parse("{}", given)
    end,
    example = "max_bytes",
    ["max_bytes: expected a number > 0, got NaN"] = { max_bytes = NAN },
  },
  ["heygen.webhook.memory_store"] = {
    call = function(given)
      webhook.memory_store(given)
    end,
    seconds = "ttl",
    callable = "now",
    ["max: expected a number > 0, got 0"] = { max = 0 },
  },
  ["heygen.webhook.shared_store"] = {
    call = function(given)
      webhook.shared_store({ add = print, delete = print }, given)
    end,
    pause = "ttl",
    text = "prefix",
  },
  ["heygen.webhook.redis_store"] = {
    call = function(given)
      webhook.redis_store(print, given)
    end,
    pause = "ttl",
    text = "prefix",
  },
  ["heygen.webhook.router"] = {
    call = function(given)
      webhook.router(with({ on = {} }, given))
    end,
    seconds = "tolerance",
    flag = "working",
    callable = "log",
    ["working_for: expected seconds >= 0, got -1"] = { working_for = -1 },
    ["max_bytes: expected an integer >= 1, got 1.5"] = { max_bytes = 1.5 },
    ['on["a"]: expected a function, got table'] = { on = { a = {} } },
    ['accept[2]: expected "signed" or "callback", got "Callback"'] = { accept = { "signed", "Callback" } },
    ["token_secret[2]: expected 16 bytes or more of randomness, got 5"] = {
      token_secret = { SECRET, "short" },
    },
    ["token_secret[2]: expected a string, got number"] = { token_secret = { SECRET, 5 } },
    ["secrets[2]: expected a string, got number"] = { secrets = { SECRET, 5 } },
    ["store: expected a store with"] = { store = io.stdout },
    ["dict: expected a dictionary of ngx.shared (is there a lua_shared_dict of that name?), got table"] = {
      dict = { get = print },
    },
    ["client: expected what heygen.new() returns, got table"] = { client = {} },
    ["defer: expected true or a function that runs the function it gets later, got 1"] = { defer = 1 },
  },
  ["heygen.webhook.callback"] = {
    call = function(given)
      webhook.callback(with({ url = "https://a.b", token_secret = SECRET }, given))
    end,
    example = "url",
    ["url: expected the address of the receiver, got 5"] = { url = 5 },
    ["token_secret: expected 16 bytes or more of randomness, got 5"] = { token_secret = "short" },
    ['id: expected 1 to 128 letters, digits or any of "-._~", got "a b"'] = { id = "a b" },
  },
  ["client.webhooks:ensure"] = {
    call = function(given)
      client.webhooks:ensure(with({ url = "https://a.b" }, given))
    end,
    text = "url",
    ["events: expected a list of types of events (leave it out for all of them), got table"] = { events = {} },
    ["router: expected a router made by heygen.webhook.router{...}, got table"] = { router = {} },
  },
  ["client.webhooks:rotate"] = {
    call = function(given)
      client.webhooks:rotate("ep_1", given)
    end,
    seconds = "grace",
    text = "idempotency_key",
    ['idempotency_key: expected 1 to 255 letters, digits or _ - : ., got "a b"'] = { idempotency_key = "a b" },
    ["router: expected a router made by heygen.webhook.router{...}, got 1"] = { router = 1 },
  },
  ["client:wait"] = {
    call = function(given)
      client:wait("vid_1", given)
    end,
    seconds = "timeout",
    pause = "interval",
    callable = "on_progress",
    ["grace: expected seconds >= 0, got -1"] = { grace = -1 },
    ["on_progress: heygen.progress makes a display: write heygen.progress()"] = {
      on_progress = heygen.progress,
    },
    ["webhook: expected a router made by heygen.webhook.router{...}, got table"] = { webhook = {} },
  },
  ["client:generate"] = {
    call = function(given)
      client:generate { prompt = "x", wait = given }
    end,
    within = "wait",
    seconds = "timeout",
    pause = "interval",
    callable = "on_progress",
    ["max_interval: expected seconds >= 0.001, got 0"] = { max_interval = 0 },
    ["on_progress: heygen.progress makes a display: write heygen.progress()"] = {
      on_progress = heygen.progress,
    },
  },
  ["client.videos:wait"] = {
    call = function(given)
      client.videos:wait("vid_1", given)
    end,
    seconds = "timeout",
  },
  ["client.lipsyncs:wait"] = {
    call = function(given)
      client.lipsyncs:wait("lip_1", given)
    end,
    seconds = "timeout",
  },
  ["client.videos:wait_batch"] = {
    call = function(given)
      client.videos:wait_batch("batch_1", given)
    end,
    seconds = "timeout",
  },
  ["client:request"] = {
    call = function(given)
      client:request(with({ path = "/x" }, given))
    end,
    seconds = "deadline",
    integer = "max_retries",
    table = "json",
    text = "body",
    ["method: expected a name in capitals such as GET, got "] = { method = "get" },
    ["query.b: expected a string, a finite number or a boolean, got "] = { query = { b = HUGE } },
    ["headers.authorization: not allowed here"] = { headers = { authorization = "x" } },
    ['idempotency_key: expected 1 to 255 letters, digits or _ - : ., got ""'] = { idempotency_key = "" },
  },
  ["client.assets:upload"] = {
    call = function(given)
      client.assets:upload("x.png", given)
    end,
    seconds = "deadline",
    pause = "interval",
    integer = "max_retries",
    flag = "checksum",
    callable = "on_progress",
    ["timeout: expected seconds > 0, got 0"] = { timeout = 0 },
  },
  ["client:download"] = {
    call = function(given)
      client:download("vid_1", "x.mp4", given)
    end,
    seconds = "deadline",
    flag = "resume",
    callable = "refresh",
    ['"thumbnail", "subtitle", got "GIF", did you mean "gif"?'] = { variant = "GIF" },
    ["variant: expected a string, got 5"] = { variant = 5 },
  },
  ["heygen.progress"] = {
    call = function(given)
      heygen.progress(given)
    end,
    text = "label",
    ["columns: expected a number >= 1, or false for plain lines, got NaN"] = { columns = NAN },
    ["columns: expected a number >= 1, or false for plain lines, got infinity"] = { columns = HUGE },
    ["stream: expected a file, got 3"] = { stream = 3 },
  },
  ["display:bar"] = {
    call = function(given)
      local display = heygen.progress { stream = io.stderr, columns = false }
      display:bar(type(given) == "string" and 5 or given)
    end,
    text = "label",
  },
  ["heygen.sim.start"] = {
    call = function(given)
      heygen.sim.start(given)
    end,
    seconds = "wait",
    flag = "tls",
    table = "keys",
    text = "errors",
    ["speed: expected a string or a number, got NaN"] = { speed = NAN },
    ["port: expected a string or a number, got table"] = { port = {} },
    ["keys[2]: expected a string, got number"] = { keys = { "a", 5 } },
    ["faults: expected a table or a string, got 5"] = { faults = 5 },
  },
}

-- What is no value of such an option, with the words for what came.
local BAD = {
  seconds = { { "5", '"5"' }, { NAN, "NaN" }, { -1, "-1" }, { -HUGE, "-infinity" }, { {}, "table" } },
  pause = { { "5", '"5"' }, { NAN, "NaN" }, { -1, "-1" }, { HUGE, "infinity" } },
  integer = { { "5", '"5"' }, { NAN, "NaN" }, { 1.5, "1.5" }, { HUGE, "infinity" } },
  flag = { { "yes", '"yes"' }, { 0, "0" } },
  callable = { { "print", '"print"' }, { {}, "table" }, { true, "true" } },
  table = { { "x", '"x"' }, { 5, "5" } },
  text = { { 5, "5" }, { {}, "table" } },
}

for name, case in pairs(CALLS) do
  describe(name, function()
    local prefix = name .. ": "
    local within = case.within and case.within .. "." or ""

    local function refused(message, given)
      local ok, raised = pcall(function()
        case.call(given)
      end)
      assert.is_false(ok, "nothing was refused: " .. message)
      assert.matches(prefix, raised, 1, true)
      assert.matches(message, raised, 1, true)
      assert.matches("^spec/schema/options_spec%.lua:%d+: ", raised)
    end

    for kind, list in pairs(BAD) do
      if case[kind] then
        it("refuses what is no value of an option: " .. kind, function()
          for _, bad in ipairs(list) do
            refused(within .. case[kind] .. ": expected ", { [case[kind]] = bad[1] })
            local _, raised = pcall(case.call, { [case[kind]] = bad[1] })
            assert.equal(", got " .. bad[2], raised:sub(-#bad[2] - 6))
          end
        end)
      end
    end

    it("refuses an option that it does not know, in another letter case as well", function()
      local known = case.example or case.seconds or case.callable or case.text or case.flag
      refused(within .. "zzzz: unknown option", { zzzz = 1 })
      local upper = known:gsub("^%l", string.upper)
      refused(('%s%s: unknown option, did you mean "%s"?'):format(within, upper, known), { [upper] = 1 })
      refused((case.within or "") .. "[1]: unknown option", { "x" })
    end)

    it("refuses what is no table, without showing it", function()
      local ok, raised = pcall(case.call, "key")
      assert.is_false(ok)
      assert.is_nil(raised:find("key", 1, true))
      if name ~= "display:bar" then -- it takes a label as well
        local place = case.within and case.within .. ": " or ""
        assert.matches(prefix .. place .. "expected a table of options, got string", raised, 1, true)
      end
    end)

    it("refuses the rest", function()
      for message, given in pairs(case) do
        if type(given) == "table" then
          refused(within .. message, given)
        end
      end
    end)
  end)
end
