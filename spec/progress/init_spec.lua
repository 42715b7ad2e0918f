-- The progress bar: lines of a width, what is news, and that a terminal is told from a pipe.

local heygen = require "heygen"
local progress = require "heygen.progress"
local scripts = require "spec.support.scripts"
local shell = require "spec.support.shell"
local terminal = require "spec.support.terminal"

-- A bar on a stream that remembers, with a clock that stands still.
local function recorder(columns, label)
  local seen = { text = "", clock = 0 }
  local stream = {
    write = function(_, text)
      seen.text = seen.text .. text
    end,
    flush = function()
      seen.flushed = seen.text
    end,
  }
  local options = { stream = stream, columns = columns, label = label }
  seen.bar = progress.new(options, 1, function()
    return seen.clock
  end)
  seen.bar.style = { full = "#", empty = "." } -- whatever the environment says
  return seen
end

local function wait_event(status, percent, elapsed, err)
  return { status = status, progress = percent, elapsed = elapsed or 0, err = err }
end

local function transfer(received, total, elapsed)
  return { received = received, total = total, elapsed = elapsed or 0 }
end

-- What a terminal shows in the end.
local function screen(text)
  local shown = terminal.new(1000)
  shown:feed(text)
  return shown:lines()
end

describe("a progress bar on a terminal", function()
  it("is drawn over itself and ends its line when the wait ends", function()
    local seen = recorder(80)
    seen.bar(wait_event("thinking", nil, 3))
    seen.bar(wait_event("processing", 50, 65))
    seen.bar(wait_event("completed", 100, 130))
    assert.equal(seen.text, seen.flushed)
    assert.same({
      " 2:10 " .. ("#"):rep(40) .. " 100 % completed",
      "",
    }, screen(seen.text))
    local _, drawings = seen.text:gsub("\r", "")
    assert.equal(3, drawings)
    assert.matches(" 1:05 " .. ("#"):rep(20) .. ("%."):rep(20) .. "  50 %% processing\27", seen.text)
  end)

  for _, columns in ipairs { 1, 10, 20, 32, 40, 80, 200 } do
    it("never reaches the last column of " .. columns, function()
      local views = {
        wait_event("processing", 42, 7265),
        wait_event(("status"):rep(20), 100, 1, { kind = "network" }),
        transfer(12.3e6, 45.6e6, 10),
      }
      for _, event in ipairs(views) do
        local seen = recorder(columns, "a file.mp4")
        seen.bar(event)
        local line = screen(seen.text)[1]
        assert.is_true(#line <= columns - 1 or columns < 30, line)
      end
    end)
  end

  it("shows bytes and rate of a download, on a line of its own", function()
    local seen = recorder(80)
    seen.bar(wait_event("completed", 100, 61))
    seen.bar(transfer(0, 4.8e6, 0))
    seen.bar(transfer(1.2e6, 4.8e6, 2))
    seen.bar(transfer(4.8e6, 4.8e6, 4))
    assert.same({
      " 1:01 " .. ("#"):rep(40) .. " 100 % completed",
      " 0:04 " .. ("#"):rep(25) .. " 100 % 4.8 of 4.8 MB, 1.2 MB/s",
      "",
    }, screen(seen.text))
    assert.matches(" 25 % 1.2 of 4.8 MB, 600 kB/s, 0:06 left", seen.text, 1, true)
  end)

  it("shows a download of unknown length by its bytes", function()
    local seen = recorder(40)
    seen.bar(transfer(7000, nil, 0))
    assert.equal(" 0:00 ...........       7 kB", screen(seen.text)[1])
  end)

  it("shows why a poll failed", function()
    local seen = recorder(80)
    seen.bar(wait_event("processing", 10, 5, { kind = "api", status = 503 }))
    assert.matches("processing, HTTP 503", screen(seen.text)[1], 1, true)
    seen.bar(wait_event("processing", 10, 6, { kind = "network" }))
    assert.matches("processing, network", screen(seen.text)[1], 1, true)
    seen.bar(wait_event("processing", 10, 7, { kind = "parse", status = 200 }))
    assert.matches("processing, parse", screen(seen.text)[1], 1, true)
  end)

  it("keeps its clock going with tick, until the end", function()
    local seen = recorder(80)
    seen.bar:tick() -- nothing to draw yet
    assert.equal("", seen.text)
    seen.bar(wait_event("processing", 10, 5))
    seen.clock = 7
    seen.bar:tick()
    assert.matches("^ 0:12 ", screen(seen.text)[1])
    seen.bar(wait_event("completed", 100, 13))
    local text = seen.text
    seen.clock = 20
    seen.bar:tick()
    assert.equal(text, seen.text)
  end)

  it("shows an estimate between polls, which says so, never falls, and never reaches 100", function()
    local seen = recorder(80)
    local event = wait_event("processing", 0, 5)
    event.age, event.expected = 600, 1200
    seen.bar(event)
    local shown = {}
    for _, clock in ipairs { 1, 300, 599, 600, 5000 } do
      seen.clock = clock
      seen.bar:tick()
      shown[#shown + 1] = screen(seen.text)[1]:match "~%d+ %%"
    end
    assert.same({ "~50 %", "~75 %", "~99 %", "~99 %", "~99 %" }, shown)
    event = wait_event("processing", 10, 5005) -- less than what was shown
    event.age, event.expected = 5600, 6000
    seen.bar(event)
    assert.matches("~99 %", screen(seen.text)[1], 1, true)
    seen.bar(wait_event("completed", 100, 5010))
    assert.matches(" 100 % completed", screen(seen.text)[1], 1, true)
  end)

  it("begins an estimate with what the service has said", function()
    local seen = recorder(80)
    local event = wait_event("processing", 40, 5)
    event.age, event.expected = 600, 1200
    seen.bar(event)
    assert.matches(" 40 % processing", screen(seen.text)[1], 1, true)
    seen.clock = 300
    seen.bar:tick()
    assert.matches("~70 % processing", screen(seen.text)[1], 1, true)
  end)

  it("draws nothing when nothing has changed", function()
    local seen = recorder(80)
    seen.bar(wait_event("processing", 10, 5))
    local text = seen.text
    seen.bar(wait_event("processing", 10, 5))
    assert.equal(text, seen.text)
  end)

  it("ends the line once with close", function()
    local seen = recorder(80)
    seen.bar(wait_event("processing", 10, 5))
    seen.bar:close()
    seen.bar:close()
    assert.same({ 2, "" }, { #screen(seen.text), screen(seen.text)[2] })
  end)

  it("ends the line of a failed wait, and begins another when the session recovers", function()
    local seen = recorder(80)
    seen.bar(wait_event("failed", 10, 5))
    seen.bar(wait_event("thinking", 10, 6))
    local lines = screen(seen.text)
    assert.matches("failed$", lines[1])
    assert.matches("thinking$", lines[2])
  end)

  it("shows no control characters of the service", function()
    local seen = recorder(80)
    seen.bar(wait_event("odd\27[2J\n", 10, 5))
    assert.matches("odd\\x1b[2J\\n", screen(seen.text)[1], 1, true)
  end)

  it("has colours, unless told otherwise", function()
    local line = progress.line(
      { percent = 50, details = { "x" }, elapsed = 0 },
      40,
      { full = "#", empty = ".", colour = true }
    )
    assert.matches("\27[32m#####\27[90m", line, 1, true)
    line = progress.line(
      { percent = 50, details = { "x" }, elapsed = 0, failed = true },
      40,
      { full = "#", empty = ".", colour = true }
    )
    assert.matches("\27[31m#####", line, 1, true)
  end)
end)

describe("progress without a terminal", function()
  it("is a line for each news, and no more", function()
    local seen = recorder(false)
    seen.bar(wait_event("thinking", nil, 0))
    seen.bar(wait_event("thinking", nil, 10))
    seen.bar(wait_event("processing", 2, 20))
    seen.bar(wait_event("processing", 11, 30))
    seen.bar(wait_event("processing", 12, 40))
    seen.bar(wait_event("processing", 12, 50, { kind = "network" }))
    seen.bar(wait_event("processing", 12, 60, { kind = "network" }))
    seen.bar(wait_event("processing", 12, 70))
    seen.bar:tick()
    seen.bar(wait_event("completed", 100, 3725))
    seen.bar:close()
    assert.same({
      " 0:00       thinking",
      " 0:20   2 % processing",
      " 0:40  12 % processing",
      " 0:50  12 % processing, network, asking again",
      " 1:10  12 % processing",
      "1:02:05 100 % completed",
      "",
    }, screen(seen.text))
    assert.is_nil(seen.text:find "[\r\27]")
  end)

  it("shows a download at its beginning, by tenths, and at its end once", function()
    local seen = recorder(false, "x.mp4")
    for index = 0, 100 do
      seen.bar(transfer(index * 1e4, 1e6, index / 10))
    end
    seen.bar(transfer(1e6, 1e6, 10))
    local lines = screen(seen.text)
    assert.equal(12, #lines)
    assert.equal("x.mp4  0:00   0 % 0.0 of 1.0 MB", lines[1])
    assert.equal("x.mp4  0:10 100 % 1.0 of 1.0 MB, 100 kB/s", lines[11])
  end)
end)

describe("heygen.progress", function()
  it("is no wider than it may be, whatever the service says, and where columns are broken", function()
    local text = ""
    local stream = {
      write = function(_, piece)
        text = text .. piece
      end,
      flush = function() end,
    }
    local display = heygen.progress { stream = stream, columns = 40.5 }
    for _, case in ipairs { { 500, "100" }, { -7, "0" }, { 1e300, "100" }, { 33.4, "33" } } do
      text = ""
      display { status = "rendering", progress = case[1], elapsed = 1 }
      text = text:gsub("\27%[[%d;]*%a", ""):gsub("[\128-\191]", ""):gsub("\r", "")
      assert.matches(" " .. case[2] .. " %% rendering", text)
      assert(#text < 40, text)
    end
  end)

  it("refuses what it does not know, where it was called", function()
    for _, case in ipairs {
      { { colums = 3 }, 'colums: unknown option, did you mean "columns"?' },
      { { columns = "80" }, 'columns: expected a number >= 1, or false for plain lines, got "80"' },
      { { columns = -1 }, "columns: expected a number >= 1, or false for plain lines, got -1" },
      { { columns = 0 / 0 }, "columns: expected a number >= 1, or false for plain lines, got NaN" },
      { { label = 3 }, "label: expected a string" },
      { { stream = 3 }, "stream: expected a file" },
      { 3, "expected a table of options, got number" },
    } do
      local ok, message = pcall(function()
        heygen.progress(case[1])
      end)
      assert.is_false(ok)
      assert.matches("^.-init_spec.lua:%d+: heygen%.progress: ", message)
      assert.matches(case[2], message, 1, true)
    end
  end)

  it("takes any file for plain lines", function()
    local path = os.tmpname()
    local file = assert(io.open(path, "w"))
    heygen.progress { stream = file }(wait_event("thinking", nil, 0))
    file:close()
    assert.equal(" 0:00       thinking\n", scripts.read(path))
    os.remove(path)
  end)

  local SCRIPT = [[
    local heygen = require "heygen"
    local bar = heygen.progress { stream = io.stdout }
    print(bar)
    bar { status = "processing", progress = 50, elapsed = 1 }
    bar { status = "completed", progress = 100, elapsed = 2 }
  ]]

  -- Runs the script with standard output on a terminal of 40 columns.
  local function on_terminal(environment)
    local path = os.tmpname()
    scripts.write(path, SCRIPT)
    local command = ("stty cols 40 && env -u NO_COLOR %s %s %s"):format(
      environment,
      scripts.interpreter(),
      path
    )
    local output = shell.must("script -qec " .. shell.quote(command) .. " /dev/null")
    os.remove(path)
    return (output:gsub("\r\n", "\n"):gsub("\r$", ""))
  end

  it("draws a bar as wide as the terminal", function()
    local text = on_terminal "TERM=xterm LC_ALL=C"
    assert.matches("heygen.progress (bar)", text, 1, true)
    assert.matches("\27[32m#####\27[90m......\27[0m", text, 1, true)
    assert.equal(" 0:02 ########### 100 % completed", screen(text)[2])
  end)

  it("honours NO_COLOR, TERM=dumb and a UTF-8 locale", function()
    assert.is_nil(on_terminal("TERM=xterm LC_ALL=C NO_COLOR=1"):find "\27%[%d+m")
    assert.matches("\27[32m", on_terminal "TERM=xterm LC_ALL=C NO_COLOR=", 1, true)
    assert.matches("heygen.progress (lines)", on_terminal "TERM=dumb", 1, true)
    assert.matches("\226\150\136\226\150\136", on_terminal "TERM=xterm LC_ALL=C.UTF-8", 1, true)
  end)

  it("writes plain lines into a pipe", function()
    local path = os.tmpname()
    scripts.write(path, SCRIPT)
    local output = shell.must(scripts.interpreter() .. " " .. path .. " | cat")
    os.remove(path)
    assert.equal("heygen.progress (lines)\n 0:01  50 % processing\n 0:02 100 % completed", output)
  end)
end)

describe("core.columns", function()
  local core = require "heygen.core"

  it("is nil for what is no terminal", function()
    local file = assert(io.open "README.md")
    assert.is_nil(core.columns(-1))
    assert.is_nil(core.columns(12345))
    file:close()
    assert.has_error(function()
      core.columns "one"
    end)
  end)
end)
