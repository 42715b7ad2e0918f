-- Every function that the module calls and that is not its own: what it raises, returns, waits for, closes or cancels
-- must not lose what was paid for, must not hang, and is an error object or a value for the caller.
local heygen = require "heygen"
local live = require "spec.support.live"
local protected = require "heygen.task.protected"
local shell = require "spec.support.shell"
local support = require "spec.support.sim"

local PNG = "\137PNG\r\n\26\n" .. ("\0"):rep(50)
local SECRET = "whsec_0123456789abcdef"

-- What such a function does at its first call. `context` has the client and the task that it is called in.
local DEEDS = {
  raises = function()
    error("a slip", 0)
  end,
  ["raises nil"] = function()
    error(nil, 0)
  end,
  ["raises what has no text"] = function()
    error(setmetatable({}, {
      __tostring = function()
        error "not even that"
      end,
    }))
  end,
  waits = function()
    assert(heygen.sleep(0.001))
  end,
  ["calls the client"] = function(context)
    local list = context.client.videos:list()
    assert(list == nil or type(list.data) == "table")
  end,
  ["closes the client"] = function(context)
    context.client:close()
  end,
  ["cancels its task"] = function(context)
    context.task:cancel()
  end,
  ["cancels its task and waits"] = function(context)
    context.task:cancel()
    local slept, reason = heygen.sleep(1000)
    assert(slept == nil and reason == "cancelled")
  end,
  ["runs a loop"] = function()
    heygen.run(function()
      heygen.sleep(0.001)
    end)
  end,
}

local GARBAGE = {
  ["returns a table"] = {},
  ["returns false"] = false,
  ["returns an infinite number"] = 1 / 0,
  ["returns a function"] = print,
}

describe("a function of the program", function()
  local sim, session, video, folder, number

  setup(function()
    sim = support.start { speed = 100000 }
    folder = shell.must "mktemp -d"
    number = 0
    local client = live.client(sim)
    session = assert(client:create { prompt = "x" })
    video = assert(client:wait(session, live.QUICK))
  end)

  teardown(function()
    sim:stop()
    shell.must("rm -rf " .. shell.quote(folder))
  end)

  local function path()
    number = number + 1
    return ("%s/%d"):format(folder, number)
  end

  local PLACES = {
    ["on_progress of a wait"] = function(context, fn)
      return context.client:wait(session, live.quick { on_progress = fn })
    end,
    ["on_progress of generate"] = function(context, fn)
      return context.client:generate { prompt = "x", wait = live.quick { on_progress = fn } }
    end,
    ["on_progress of an upload"] = function(context, fn)
      return context.client.assets:upload({ data = PNG .. number }, { on_progress = fn })
    end,
    ["on_upload"] = function(context, fn)
      local files = { { bytes = PNG .. number } }
      return context.client:create { prompt = "x", files = files, files_as = "assets", on_upload = fn }
    end,
    ["a reader"] = function(context, fn)
      local given = false
      return context.client.assets:upload {
        filename = "a.png",
        size = #PNG,
        read = function()
          local value = fn()
          if value ~= nil or given then
            return value
          end
          given = true
          return PNG
        end,
      }
    end,
    ["on_progress of a download"] = function(context, fn)
      return context.client:download(context.video, path(), { on_progress = fn })
    end,
    ["a sink"] = function(context, fn)
      return context.client:download(context.video, fn)
    end,
    refresh = function(context, fn)
      sim:faults { { path = "/files/**", status = 403, times = 1 } }
      return context.client:download({ url = context.video.video_url }, path(), {
        refresh = function()
          local value = fn()
          return value == nil and context.video.video_url or value
        end,
      })
    end,
    on_request = function(context, fn)
      context.client = live.client(sim, { on_request = fn })
      return context.client:create { prompt = "x" }
    end,
    on_response = function(context, fn)
      context.client = live.client(sim, { on_response = fn })
      return context.client:create { prompt = "x" }
    end,
    log = function(context, fn)
      context.client = live.client(sim, { log = fn })
      return context.client:create { prompt = "x" }
    end,
    access_token = function(context, fn)
      context.client = live.client(sim, {
        api_key = false,
        access_token = function()
          local value = fn()
          return value == nil and "token-0123456789" or value
        end,
      })
      return context.client:create { prompt = "x" }
    end,
  }

  -- What comes of it when the function raises, returns garbage, closes the client, and cancels its task. "value": the
  -- call succeeds; else it is the kind of the error.
  local WANTED = {
    ["on_progress of a wait"] = { "value", "value", "value", "value" },
    ["on_progress of generate"] = { "value", "value", "closed", "cancelled" },
    ["on_progress of an upload"] = { "callback", "value", "value", "value" },
    on_upload = { "callback", "value", "closed", "cancelled" },
    ["a reader"] = { "callback", "callback", "closed", "cancelled" },
    ["on_progress of a download"] = { "callback", "value", "value", "cancelled" },
    ["a sink"] = { "callback", "value", "value", "value" },
    refresh = { "callback", "callback", "closed", "cancelled" },
    on_request = { "callback", "value", "closed", "cancelled" },
    on_response = { "value", "value", "value", "value" },
    log = { "value", "value", "value", "value" },
    access_token = { "callback", "callback", "closed", "cancelled" },
  }

  local COLUMN = {
    raises = 1,
    ["raises nil"] = 1,
    ["raises what has no text"] = 1,
    ["closes the client"] = 3,
    ["cancels its task"] = 4,
    ["cancels its task and waits"] = 4,
  }
  for name in pairs(GARBAGE) do
    COLUMN[name] = 2
  end

  -- Answers that mean something there.
  local SPECIAL = {
    ["a sink: returns false"] = "callback", -- ends it
    ["refresh: returns a table"] = "value", -- no address in it yet: asked again
  }

  -- A delivery to a router. Gives the status.
  local function deliver(options)
    options.secrets, options.log = SECRET, options.log or function() end
    local router = heygen.webhook.router(options)
    local body = '{"event_type":"avatar_video.success","event_id":"e1","event_data":{"video_id":"v1"}}'
    return router:handle("POST", heygen.webhook.sign(body, SECRET), body)
  end

  local ROUTER_PLACES = {
    ["a handler"] = function(fn)
      return deliver { on = fn }
    end,
    ["claim of a store"] = function(fn)
      local store = {
        claim = function()
          local value = fn()
          return value == nil and true or value
        end,
        forget = function()
          return true
        end,
      }
      return deliver { on = function() end, store = store }
    end,
    ["forget of a store"] = function(fn)
      local store = {
        claim = function()
          return true
        end,
        forget = fn,
      }
      return deliver {
        on = function()
          error "so that it is forgotten"
        end,
        store = store,
      }
    end,
    ["log of a router"] = function(fn)
      return deliver {
        log = fn,
        on = function()
          error "so that it logs"
        end,
      }
    end,
  }

  -- Does the deed once, then gives nothing.
  local function doer(context, deed)
    return function()
      if not context.called then
        context.called = true
        return deed(context)
      end
    end
  end

  -- In a task, so that it can be cancelled. Gives what ended it.
  local function in_task(context, fn)
    local results
    heygen.run(function()
      context.task = heygen.spawn(function()
        results = { protected.call(fn) }
      end)
      context.task:join()
    end)
    return results
  end

  local function deeds()
    local all = {}
    for name, deed in pairs(DEEDS) do
      all[name] = deed
    end
    for name, value in pairs(GARBAGE) do
      all[name] = function()
        return value
      end
    end
    return all
  end

  for place, call in pairs(PLACES) do
    it("that is " .. place .. " may do anything #slow", function()
      for name, deed in pairs(deeds()) do
        local what = place .. ": " .. name
        local context = { client = live.client(sim, { log = function() end }), video = video }
        local before = sim:counts().creates
        number = number + 1
        local results = in_task(context, function()
          return call(context, doer(context, deed))
        end)
        assert.is_true(context.called, what .. ": was not called")
        assert.is_true(results[1], what .. ": " .. tostring(results[2]))
        local wanted = SPECIAL[what] or (COLUMN[name] and WANTED[place][COLUMN[name]]) or "value"
        local value, err = results[2], results[4]
        if value == nil then
          live.failure(value, results[3], err)
        end
        assert.same({ what, wanted }, { what, value ~= nil and "value" or err.kind }, tostring(err))
        local creates = sim:counts().creates - before
        if place == "on_progress of generate" then
          assert.same({ what, 1 }, { what, creates })
          assert.is_string((value or err).session_id or value.id, what)
        elseif err then
          assert.same({ what, 0, false }, { what, creates, err.sent == "yes" and place == "on_upload" })
        else
          assert.is_true(creates <= 1, what)
        end
      end
    end)
  end

  for place, call in pairs(ROUTER_PLACES) do
    it("that is " .. place .. " may do anything", function()
      for name, deed in pairs(deeds()) do
        local what = place .. ": " .. name
        local context = { client = live.client(sim) }
        local results = in_task(context, function()
          return call(doer(context, deed))
        end)
        assert.is_true(context.called, what .. ": was not called")
        assert.is_true(results[1], what .. ": " .. tostring(results[2]))
        local wanted
        if place == "a handler" then
          wanted = COLUMN[name] == 1 and 500 or 200
        elseif place == "claim of a store" then
          wanted = (COLUMN[name] == 1 or name == "returns false") and 503 or 200
        else
          wanted = 500 -- its handler raised
        end
        assert.same({ what, wanted }, { what, results[2] })
      end
    end)
  end
end)
