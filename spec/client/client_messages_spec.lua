-- What is no argument of a public function. Each message has one form: the call as the user writes it, the argument
-- where there are several, what was expected and what came. Tables of options: spec/schema/options_spec.lua; the
-- methods that are rows: spec/api/arguments_spec.lua.
local heygen = require "heygen"

local HERE = "^spec/client/client_messages_spec%.lua:%d+: "
local SECRET = ("s"):rep(16)

describe("a wrong argument #once", function()
  local client = heygen.new { api_key = "key" }
  local webhook = heygen.webhook
  local router = webhook.router { on = {}, secrets = SECRET }
  local display = heygen.progress { columns = 80, stream = io.tmpfile() }

  -- Message -> the call that gets it.
  local CASES = {
    ["heygen.run: expected a function, got 5"] = function()
      heygen.run(5)
    end,
    ['heygen.spawn: expected a function, got "x"'] = function()
      heygen.spawn "x"
    end,
    ["heygen.all: expected an array of functions, got function"] = function()
      heygen.all(print)
    end,
    ["heygen.all: [2]: expected a function, got true"] = function()
      heygen.all { print, true }
    end,
    ['heygen.sleep: seconds: expected seconds, got "1"'] = function()
      heygen.sleep "1"
    end,
    ["heygen.sleep: seconds: expected seconds, got nil"] = function()
      heygen.sleep()
    end,
    ['heygen.use: driver: expected one of "block", "copas"'] = function()
      heygen.use "epoll"
    end,
    ["heygen.new: expected a table of options, got string"] = function()
      heygen.new "key"
    end,
    ["heygen.progress: expected a table of options, got number"] = function()
      heygen.progress(5)
    end,
    ["client:create: expected a table"] = function()
      client:create "x"
    end,
    ["client:generate: expected a table"] = function()
      client:generate "x"
    end,
    ["client:generate: save.path: missing, write save ="] = function()
      client:generate { prompt = "x", save = { overwrite = true } }
    end,
    ["client:generate: grace: belongs into wait = {grace = ...}"] = function()
      client:generate { prompt = "x", grace = 1 }
    end,
    ["client:poll: expected "] = function()
      client:poll(5)
    end,
    ["client:wait: expected "] = function()
      client:wait(true)
    end,
    ["client:download: expected a video, its id or an address, got 5"] = function()
      client:download(5, "x.mp4")
    end,
    ["client:download: path: expected a string or a function, got 5"] = function()
      client:download("vid_1", 5)
    end,
    ['client:update: budget: expected seconds >= 0, got "1"'] = function()
      client:update "1"
    end,
    ["client:request: expected a table of options, got string"] = function()
      client:request "/v3/videos"
    end,
    ["client.assets:upload: expected "] = function()
      client.assets:upload(5)
    end,
    ["client.webhooks:ensure: expected a table of options, got string"] = function()
      client.webhooks:ensure "https://a.b"
    end,
    ["heygen.webhook.router: expected a table of options, got function"] = function()
      webhook.router(print)
    end,
    ["heygen.webhook.callback: expected a table of options, got string"] = function()
      webhook.callback "https://a.b"
    end,
    ["heygen.webhook.verify: raw_body: expected a string, got table"] = function()
      webhook.verify({}, {}, SECRET)
    end,
    ['heygen.webhook.verify: headers: expected a table or a function, got "x"'] = function()
      webhook.verify("{}", "x", SECRET)
    end,
    ["heygen.webhook.verify: secrets[2]: expected a string, got number"] = function()
      webhook.verify("{}", {}, { SECRET, 5 })
    end,
    ["heygen.webhook.parse: raw_body: expected a string, got number"] = function()
      webhook.parse(5)
    end,
    ["heygen.webhook.sign: body: expected a string, got table"] = function()
      webhook.sign({}, SECRET)
    end,
    ["heygen.webhook.sign: secret: expected a string, got table"] = function()
      webhook.sign("{}", { SECRET })
    end,
    ["heygen.webhook.memory_store: expected a table of options, got number"] = function()
      webhook.memory_store(5)
    end,
    ["heygen.webhook.shared_store: expected a dictionary of ngx.shared, got table"] = function()
      webhook.shared_store {}
    end,
    ["heygen.webhook.redis_store: expected a client with set and del"] = function()
      webhook.redis_store {}
    end,
    ["router:add_secret: secret: expected a string, got table"] = function()
      router:add_secret { SECRET }
    end,
    ["router:add_secret: grace: expected seconds >= 0, got -1"] = function()
      router:add_secret(SECRET, { grace = -1 })
    end,
    ['router:add_secret: grase: unknown option, did you mean "grace"?'] = function()
      router:add_secret(SECRET, { grase = 1 })
    end,
    ["router:watch: ids: expected an id or a list of ids, got 5"] = function()
      router:watch(5)
    end,
    ["router:serve: this is not nginx with Lua; elsewhere, router:handle"] = function()
      router:serve()
    end,
    ["heygen.progress: expected an event of on_progress, got nil"] = function()
      display()
    end,
    ["heygen.sim.start: expected a table of options, got string"] = function()
      heygen.sim.start "x"
    end,
  }

  for message, call in pairs(CASES) do
    it("is refused: " .. message, function()
      local ok, raised = pcall(call)
      assert.is_false(ok)
      assert.matches(HERE, raised)
      assert.matches(message, raised, 1, true)
    end)
  end

  -- These take any value, or have no case here for the reason given.
  local WITHOUT = {
    ["heygen.response"] = "any value may be asked about",
    ["heygen.is_error"] = "any value may be asked about",
    ["heygen.array"] = "of the core",
    ["heygen.webhook.listen"] = "needs luv: spec/webhook/listen_spec.lua",
  }

  it("has a case for each function of the module", function()
    local missing = {}
    local function each(name, functions)
      for key, value in pairs(functions) do
        local called = name .. "." .. key
        local found = type(value) ~= "function" or WITHOUT[called]
        for message in pairs(CASES) do
          found = found or message:sub(1, #called + 1) == called .. ":"
        end
        if not found then
          missing[#missing + 1] = called
        end
      end
    end
    each("heygen", heygen)
    each("heygen.webhook", webhook)
    assert.same({}, missing)
  end)
end)
