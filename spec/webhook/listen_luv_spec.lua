-- From a create to its handler, over the wire: the simulator sends, a script on luv receives. Each test is a process of
-- its own.
local child = require "spec.support.child"
local support = require "spec.support.sim"

local PRELUDE = [==[
local heygen = require "heygen"
local webhook = heygen.webhook
heygen.use "luv"
local client = heygen.new { api_key = "k", base_url = %q, retry_base = 0.004, retry_cap = 0.01 }

local function ask(method, path, json)
  return assert(client:request { method = method, path = "/_sim/" .. path, json = json })
end

local function until_true(condition)
  for _ = 1, 4000 do
    local value = condition()
    if value then
      return value
    end
    heygen.sleep(0.005)
  end
  error "this did not come true"
end

-- Waits until the simulator has no delivery left to make.
local function until_settled(count)
  return until_true(function()
    local rows = ask("GET", "deliveries").data
    local over = 0
    for _, row in ipairs(rows) do
      over = over + (row.state == "delivered" and 1 or 0)
    end
    return over >= count and rows
  end)
end

local function attempts_of(row)
  local list = {}
  for index, attempt in ipairs(row.attempts) do
    list[index] = attempt.status or attempt.error
  end
  return table.concat(list, " ")
end

local function listen(options)
  options.log = function(line) print("log " .. line:gsub("/tmp/lua_%%w+", "x")) end
  local router = webhook.router(options)
  return assert(webhook.listen { router = router }), router
end
]==]

describe("webhooks on luv #once", function()
  local sim

  setup(function()
    sim = support.start()
  end)

  teardown(function()
    sim:stop()
  end)

  local function run(behaviour, code)
    sim:reset()
    local all = { webhook_retry = 30, webhook_duplicates = 0, webhook_reversed = 0 }
    for name, value in pairs(behaviour) do
      all[name] = value
    end
    sim:behaviour(all)
    local text = PRELUDE:format(sim.url) .. "heygen.run(function()\n" .. code .. "\nend)\n"
    local lines = {}
    for line in child.must(text):gmatch "[^\n]+" do
      lines[#lines + 1] = line
    end
    return lines
  end

  it("are handled once, after a handler that failed and in spite of duplicates", function()
    assert.same(
      {
        "created",
        'log heygen webhook: the handler of "video_agent.success" raised: x.lua:N: not now',
        "video_agent.success signature true",
        "500 200",
        "200",
        "200",
        "unchanged nil",
      },
      run(
        { webhook_duplicates = 2 },
        [==[
        local fails = true
        local server, router = listen { on = { ["video_agent.success"] = function(event)
          heygen.sleep(0.01) -- others are served during this
          if fails then
            fails = false
            error "not now"
          end
          print(event.type .. " " .. event.verified .. " " .. tostring(event.ok))
        end } }
        local print_, first = print, true
        print = function(line) print_((line:gsub("lua:%d+", "lua:N"))) end
        local endpoint, outcome = client.webhooks:ensure { url = server.url, router = router }
        print(outcome)
        assert(client:create { prompt = "A video" })
        ask("POST", "clock", { advance = 3600 })
        local texts = {}
        for _, row in ipairs(until_settled(3)) do
          local text = attempts_of(row)
          texts[#texts + 1] = text:gsub("503 ", "") -- came while another was being handled
        end
        table.sort(texts, function(a, b) return #a > #b end)
        print(texts[1]) print(texts[2]) print(texts[3])
        endpoint, outcome = client.webhooks:ensure { url = server.url, router = router }
        print(outcome .. " " .. tostring(endpoint.secret))
        server:close()
      ]==]
      )
    )
  end)

  it("are still verified when the secret is rotated while one is on its way", function()
    assert.same(
      { "500 200", "2 handled" },
      run(
        {},
        [==[
        local handled, rotated = 0, false
        local server, router = listen { on = function()
          handled = handled + 1
          if not rotated then
            return nil, "come again"
          end
        end, }
        router.log = function() end
        local endpoint = assert(client.webhooks:ensure { url = server.url, router = router })
        assert(client:create { prompt = "A video" })
        ask("POST", "clock", { advance = 3600 })
        until_true(function() return handled > 0 end)
        assert(client.webhooks:rotate(endpoint, { router = router }))
        handled, rotated = 1, true
        local text = attempts_of(until_settled(1)[1])
        print((text:gsub("^500 [500 ]*200$", "500 200")))
        print(handled .. " handled")
        server:close()
      ]==]
      )
    )
  end)

  it("may come in any order", function()
    assert.same(
      { "3 handled", "3 delivered" },
      run(
        { webhook_reversed = 3600 },
        [==[
        local order = {}
        local server, router = listen { on = function(event) order[#order + 1] = event.session_id end }
        assert(client.webhooks:ensure { url = server.url, router = router })
        local ids = {}
        for index = 1, 3 do
          ids[index] = assert(client:create { prompt = "Video " .. index }).session_id
        end
        ask("POST", "clock", { advance = 7300 })
        local rows = until_settled(3)
        local known, count = {}, 0
        for _, id in ipairs(order) do known[id] = true end
        for _, id in ipairs(ids) do count = count + (known[id] and 1 or 0) end
        print(count .. " handled")
        print(#rows .. " delivered")
        server:close()
      ]==]
      )
    )
  end)

  it("end a wait, and a late poll finds what is never delivered", function()
    assert.same(
      { "completed", "true", "completed", "false" },
      run(
        {},
        [==[
        local server, router = listen { on = {} }
        assert(client.webhooks:ensure { url = server.url, router = router })
        local function wait(options)
          options.webhook = router
          local session = assert(client:create { prompt = "A video" })
          local task = heygen.spawn(function()
            return client:wait(session, options)
          end)
          heygen.sleep(0.05)
          ask("POST", "clock", { advance = 3600 })
          return assert(task:join())
        end
        print(wait({ interval = 3000, max_interval = 3000 }).status)
        print(router:watch("any"):working())
        local _, _, others = client.webhooks:ensure { url = "http://127.0.0.1:1/dead" }
        server:close()
        print(wait({ interval = 0.02, max_interval = 0.05, webhook_interval = 0.5 }).status)
        print(router:watch("any"):working())
      ]==]
      )
    )
  end)

  it("end the wait for a create whose callback has a token", function()
    assert.same(
      { "completed token" },
      run(
        {},
        [==[
        local verified
        local server, router = listen {
          token_secret = "a token secret of more than 16 bytes",
          client = client,
          on = function(event) verified = event.verified end,
        }
        router.log = function() end
        local task = heygen.spawn(function()
          return client:generate {
            prompt = "A video",
            callback = { url = server.url, token_secret = "a token secret of more than 16 bytes" },
            wait = { webhook = router, interval = 3000, max_interval = 3000 },
          }
        end)
        heygen.sleep(0.1)
        ask("POST", "clock", { advance = 3600 })
        local video = assert(task:join())
        until_true(function() return verified end)
        print(video.status .. " " .. verified)
        server:close()
      ]==]
      )
    )
  end)

  it("to a callback are believed when the API says the same", function()
    assert.same(
      { "video_agent.success token completed nil true", "200", "401 401" },
      run(
        {},
        [==[
        local server, router = listen {
          token_secret = "a token secret of more than 16 bytes",
          client = client,
          on = { ["video_agent.success"] = function(event)
            print(event.type, event.verified, event.video.status, tostring(event.hint),
              tostring(event.callback_id ~= nil))
          end },
        }
        router.log = function() end
        local print_ = print
        print = function(...) print_(table.concat({ ... }, " ")) end
        assert(client:create {
          prompt = "A video",
          callback = { url = server.url, token_secret = "a token secret of more than 16 bytes" },
        })
        ask("POST", "clock", { advance = 3600 })
        local row = until_settled(1)[1]
        print(attempts_of(row))
        local body = '{"event_type":"video_agent.success","event_data":{"session_id":"x"}}'
        print((router:handle("POST", {}, body, "/hook")), (router:handle("POST", {}, body, row.url .. "0")))
        server:close()
      ]==]
      )
    )
  end)
end)
