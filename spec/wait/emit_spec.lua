-- What a wait shows: events, slips in on_progress, ticks of a display, Ctrl-C.
local emit = require "heygen.wait.emit"
local interrupt = require "heygen.driver.interrupt"

local SUBJECT = { ids = { "job_id" } }

local function state_of(fields)
  local state = {
    subject = SUBJECT,
    job_id = "j1",
    began = 0,
    hide = function(text)
      return (text:gsub("secret", "[hidden]"))
    end,
  }
  for name, value in pairs(fields or {}) do
    state[name] = value
  end
  return state
end

describe("an event of a wait", function()
  it("has the ids, and a percentage from the first one on", function()
    local events = {}
    emit.event({ options = {} }, state_of { status = "pending" }, {
      on_progress = function(event)
        events[#events + 1] = event
      end,
    })
    assert.same({ "pending", 0, "j1" }, { events[1].status, events[1].progress, events[1].job_id })
    assert.is_true(events[1].elapsed > 0)
  end)

  it("reports once what on_progress raises, without a secret", function()
    local lines, state = {}, state_of()
    local client = {
      options = {
        log = function(line)
          lines[#lines + 1] = line
        end,
      },
    }
    for _ = 1, 3 do
      emit.event(client, state, {
        on_progress = function()
          error("my secret slip", 0)
        end,
      })
    end
    assert.same({ "heygen: on_progress raised: my [hidden] slip (the wait continues)" }, lines)
  end)

  it("lets Ctrl-C through", function()
    local ok, raised = pcall(emit.event, { options = {} }, state_of(), {
      on_progress = function()
        error("x.lua:1: interrupted!", 0)
      end,
    })
    assert.same({ false, "x.lua:1: interrupted!" }, { ok, raised })
  end)

  it("takes no other text for Ctrl-C", function()
    assert.is_true(interrupt.is "interrupted!")
    assert.is_false(interrupt.is "x.lua:1: the upload was interrupted!")
  end)

  it("may wait, on every Lua", function()
    local woken, lines = false, {}
    local client = {
      options = {
        log = function(line)
          lines[#lines + 1] = line
        end,
      },
    }
    local co = coroutine.create(function()
      emit.event(client, state_of(), {
        on_progress = function()
          woken = coroutine.yield "asleep"
        end,
      })
    end)
    assert.same({ true, "asleep" }, { coroutine.resume(co) })
    assert.is_true(coroutine.resume(co, true))
    assert.same({ true, {} }, { woken, lines })
  end)
end)

describe("a display in a plain script", function()
  it("ticks once a second, and nothing else does", function()
    local heygen = require "heygen"
    local client = heygen.new { api_key = "k" }
    local ticks = 0
    local display = {
      tick = function()
        ticks = ticks + 1
      end,
    }
    local state = state_of { tick = emit.ticker(display) }
    assert.is_true(emit.sleep(client, state, 1.1))
    assert.equal(2, ticks)
    assert.is_nil(emit.ticker(function() end))
    assert.is_nil(emit.ticker(nil))
    assert.is_function(emit.ticker(heygen.progress { columns = 80 }))
  end)

  it("that raises does not end the wait", function()
    local lines = {}
    local client = {
      options = {
        log = function(line)
          lines[#lines + 1] = line
        end,
      },
    }
    local state = state_of {
      tick = function()
        error("a slip", 0)
      end,
    }
    emit.tick(client, state)
    emit.tick(client, state)
    assert.same({ "heygen: on_progress raised: a slip (the wait continues)" }, lines)
  end)
end)
