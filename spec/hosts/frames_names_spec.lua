-- No frame waits for a name, and neither cancel nor close does: libcurl's own threads resolve names, here in a
-- process whose getaddrinfo takes 0.7 s. What counts is what was done while a look-up was under way.
local child = require "spec.support.child"
local shell = require "spec.support.shell"

local LONG = 0.4 -- seconds; a call that waits takes 0.7, and 0.3 are for the noise of a machine
local FEW = 20 -- frames; there is time for more than a hundred

-- What the children begin with: tasks that list videos, and what the library wrote of their look-ups.
local PRELUDE = [[
local core = require "heygen.core"
local heygen = require "heygen"
local patience = core.now() + 60

local function lookups()
  local file = io.open(os.getenv "SLOW_NAMES_LOG", "rb")
  local text = file and file:read "*a" or ""
  if file then
    file:close()
  end
  local _, begun = text:gsub("%+", "")
  local _, ended = text:gsub("%-", "")
  return begun, ended
end

local client, said = nil, {}
local function list(name)
  client = heygen.new { api_key = "key", base_url = "https://" .. name .. ".slow.invalid", max_retries = 0 }
  local own = client
  return heygen.spawn(function()
    local _, _, err = own.videos:list()
    said[#said + 1] = ("%s %s %s"):format(err.kind, tostring(err.code), err.sent)
  end)
end

local function took(fn, ...)
  local before = core.now()
  fn(...)
  return core.now() - before
end

local longest, live = 0, nil
local function frame()
  longest = math.max(longest, took(function()
    live = client:update(0.001)
  end))
  heygen.sleep(0.005)
  assert(core.now() < patience, "it never ends")
end

local function look_up(count)
  repeat
    frame()
  until lookups() == count
end
]]

describe("a slow look-up of a name #native", function()
  local library, log

  setup(function()
    library = child.scratch ".so"
    shell.must(
      "gcc -std=c11 -Wall -Wextra -Werror -shared -fPIC -O2 -o " .. library .. " spec/support/slow_names.c"
    )
  end)

  teardown(function()
    os.remove(library)
  end)

  before_each(function()
    log = child.scratch ".log"
  end)

  after_each(function()
    os.remove(log)
  end)

  -- Runs `code`; returns what it printed, NAME=VALUE on each line, and what was looked up when all was over.
  local function run(code)
    local output = child.must(PRELUDE .. code, ("SLOW_NAMES_LOG=%s LD_PRELOAD=%s"):format(log, library))
    local values = { output = output }
    for name, value in output:gmatch "(%w+)=([^\n]*)" do
      values[name] = tonumber(value) or value
    end
    local file = assert(io.open(log, "rb"))
    values.log = file:read "*a"
    file:close()
    return values
  end

  it("keeps no frame waiting", function()
    local got = run [[
      for _, name in ipairs { "a", "b", "c" } do
        list(name)
      end
      local frames = 0
      repeat
        frame()
        local begun, ended = lookups()
        if begun == 3 and ended == 0 then
          frames = frames + 1
        end
      until live == 0
      print("frames=" .. frames)
      print("longest=" .. longest)
      print("said=" .. table.concat(said, ", "))
    ]]
    assert(got.frames > FEW, got.output)
    assert(got.longest < LONG, got.output)
    assert.equal("network dns no, network dns no, network dns no", got.said)
    assert.equal("+++---", got.log)
  end)

  it("does not hold up a cancel, nor the close of the state", function()
    local got = run [[
      local task = list "a"
      look_up(1)
      heygen.sleep(0.1)
      print("cancel=" .. took(function()
        task:cancel()
        while client:update(0.001) > 0 do
          assert(core.now() < patience, "it never ends")
        end
      end))
      print("ended=" .. select(2, lookups()))
      print("said=" .. table.concat(said, ", "))
    ]] -- and the end of the script closes the state
    assert(got.cancel < LONG, got.output)
    assert.equal(0, got.ended)
    assert.equal("cancelled nil no", got.said)
    assert.equal("+-", got.log) -- the look-up came back to libcurl, and all was well
  end)

  it("does not hold up the close of the engine", function()
    local got = run [[
      list "a"
      list "b"
      look_up(2)
      print("close=" .. took(function()
        core.engine():close()
      end))
      print("ended=" .. select(2, lookups()))
    ]]
    assert(got.close < LONG, got.output)
    assert.equal(0, got.ended)
    assert.equal("++--", got.log)
  end)
end)
