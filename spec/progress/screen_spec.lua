-- Several bars at the foot of a terminal: what stands there after each step, whatever is written in between.

local cells = require "heygen.progress.cells"
local heygen = require "heygen"
local progress = require "heygen.progress"
local scripts = require "spec.support.scripts"
local shell = require "spec.support.shell"
local terminal = require "spec.support.terminal"

-- A display on a terminal that we can read, with a clock that we move.
local function open(columns, rows)
  local seen = { text = "", clock = 0, columns = columns, terminal = terminal.new(columns or 80) }
  local stream = {
    write = function(_, text)
      seen.text = seen.text .. text
      seen.terminal:feed(text)
    end,
    flush = function() end,
  }
  local display = progress.new({ stream = stream, columns = columns or false }, 1, function()
    return seen.clock
  end)
  display.style = { full = "#", empty = ".", mark = ".." } -- whatever the environment says
  if columns then
    display.size = function()
      return seen.columns, rows or 24
    end
  end
  seen.display = display
  function seen.lines()
    return seen.terminal:lines()
  end
  function seen.resize(to)
    seen.columns = to
    seen.terminal:resize(to)
  end
  return seen
end

local function download(received, total, elapsed)
  return { received = received, total = total, elapsed = elapsed or 0 }
end

local function upload(sent, total, elapsed, filename)
  return { sent = sent, total = total, elapsed = elapsed or 0, filename = filename }
end

describe("several bars", function()
  it("stand below each other in the order they were made, each drawn over itself", function()
    local seen = open(60)
    local first, second = seen.display:bar "a.mp4", seen.display:bar { label = "long.pdf" }
    local third = seen.display:bar()
    third { status = "thinking", elapsed = 3 }
    second(upload(1e6, 4e6, 1))
    first(download(1e6, 2e6, 1))
    assert.same({
      "a.mp4     0:01 ####....  50 % 1.0 of 2.0 MB",
      "long.pdf  0:01 ##......  25 % 1.0 of 4.0 MB",
      "          0:03 ......................       thinking",
    }, seen.lines())
    local before = #seen.text
    second(upload(2e6, 4e6, 2))
    assert.equal("long.pdf  0:02 ####....  50 % 2.0 of 4.0 MB, 1.0 MB/s", seen.lines()[2])
    assert.is_true(#seen.text - before < 75) -- no other line was drawn again
    seen.display:close()
    assert.equal("", seen.lines()[4])
  end)

  it("leave the foot when they end, and stay above it in the order they ended", function()
    local seen = open(60)
    local first, second = seen.display:bar "first", seen.display:bar "second"
    first(download(1e6, 2e6, 1))
    second(download(1e6, 2e6, 1))
    second(download(2e6, 2e6, 2))
    assert.same({
      "second  0:02 ########## 100 % 2.0 of 2.0 MB, 1.0 MB/s",
      "first   0:01 #####.....  50 % 1.0 of 2.0 MB",
    }, seen.lines())
    first(download(2e6, 2e6, 3))
    assert.matches("^second ", seen.lines()[1])
    assert.matches("^first   0:03 #+ 100 %% 2.0 of 2.0 MB, 500 kB/s$", seen.lines()[2])
    assert.equal("", seen.lines()[3])
    assert.is_nil(seen.lines()[4])
  end)

  it("let a program print above them", function()
    local seen = open(60)
    local first, second = seen.display:bar "a", seen.display:bar "b"
    first(download(1e6, 2e6, 1))
    second(download(1e6, 2e6, 1))
    seen.display:print("one", nil, 3)
    seen.display:print "two\nlines"
    seen.display:close()
    seen.display:print "below"
    local shown = seen.lines()
    assert.same({ "one     nil     3", "two", "lines" }, { shown[1], shown[2], shown[3] })
    assert.matches("^a  0:01", shown[4])
    assert.matches("^b  0:01", shown[5])
    assert.same({ "below", "" }, { shown[6], shown[7] })
  end)

  it("say when a call has failed", function()
    local seen = open(70)
    local bar, other = seen.display:bar "a.mp4", seen.display:bar "b"
    other(download(1, 2e6, 1))
    bar(download(1e6, 2e6, 1))
    seen.clock = 4
    bar:fail "client:download: the file server answered HTTP 410\27[2J"
    bar:fail "again"
    assert.equal(
      "a.mp4  0:05  50 % failed: client:download: the file server answered HTTP 410\\x1b[2J",
      seen.lines()[1] .. seen.lines()[2]
    )
    assert.matches("^b  ", seen.lines()[3])
    assert.is_nil(seen.text:find("again", 1, true))
    local unheard = seen.display:bar "never began"
    unheard:fail { "an error object" }
    assert.matches("^never began  0:00 +failed: table", seen.lines()[3])
    bar(download(0, 2e6, 0)) -- another try of the program
    assert.matches("^a.mp4        0:00", seen.lines()[4])
  end)

  it("colour what failed, and nothing where colours are not wanted", function()
    local seen = open(60)
    seen.display.style.colour = true
    seen.display:bar("x"):fail "why"
    assert.matches("\27[31mfailed: why\27[0m", seen.text, 1, true)
    assert.is_nil(seen.terminal.colour)
  end)

  it("continue after close, on new lines", function()
    local seen = open(60)
    local bar = seen.display:bar "a"
    bar(download(1e6, 4e6, 1))
    bar:close()
    bar:close()
    bar(download(2e6, 4e6, 2))
    seen.display:close()
    seen.display:close()
    bar(download(3e6, 4e6, 3))
    local percents = {}
    for index, text in ipairs(seen.lines()) do
      percents[index] = text:match "(%d+) %%"
    end
    assert.same({ "25", "50", "75" }, percents)
  end)

  it("never take more rows than the terminal has", function()
    local seen = open(60, 5)
    local bars = {}
    for index = 1, 9 do
      bars[index] = seen.display:bar("file " .. index)
      bars[index](upload(1e6, 4e6, 1))
    end
    local lines = seen.lines()
    assert.equal(4, #lines)
    assert.matches("^file 3 ", lines[3])
    assert.equal("and 6 more", lines[4])
    for index = 1, 9 do
      bars[index](upload(4e6, 4e6, 2))
    end
    lines = seen.lines()
    assert.equal(10, #lines)
    for index = 1, 9 do
      assert.matches("^file " .. index .. " .* 100 %%", lines[index])
    end
  end)

  it("are drawn again when the window changes its width, over their wrapped selves", function()
    local seen = open(100)
    local first, second = seen.display:bar "a", seen.display:bar "b"
    seen.display:print "a line of the program"
    first(download(1e6, 2e6, 1))
    second(download(1e6, 2e6, 1))
    for _, columns in ipairs { 30, 12, 80, 41 } do
      seen.resize(columns)
      second(download(1.2e6, 2e6, 2))
      local lines, ours = seen.lines(), 0
      for _, text in ipairs(lines) do
        ours = ours + (text:find "%d:%d%d" and 1 or 0)
      end
      assert.equal(2, ours, table.concat(lines, "\n"))
      assert.matches("^a", lines[#lines - 1])
      assert.matches("^b", lines[#lines])
      assert.is_true(#lines[#lines - 1] < columns and #lines[#lines] < columns)
      assert.matches("^a line of t", lines[1])
    end
  end)

  it("make one for each file of uploads that run side by side", function()
    local seen = open(60)
    seen.display(upload(1e6, 2e6, 1, "one.pdf"))
    seen.display(upload(1e6, 4e6, 1, "two.png"))
    seen.display(upload(2e6, 2e6, 2, "one.pdf"))
    assert.matches("^one.pdf .*100 %%", seen.lines()[1])
    assert.matches("^two.png .* 25 %%", seen.lines()[2])
    seen.display(upload(1e6, 8e6, 3, "two.png")) -- of another directory
    seen.display(upload(2e6, 4e6, 3, "two.png"))
    assert.matches("^two.png .* 50 %% 2.0 of 4.0 MB", seen.lines()[2])
    assert.matches("^two.png .* 12 %% 1.0 of 8.0 MB", seen.lines()[3])
    seen.display { status = "thinking", elapsed = 5 }
    assert.matches("^ +0:05 .* thinking$", seen.lines()[4])
  end)

  it("show how many of a batch have finished", function()
    local seen = open(60)
    local bar = seen.display:bar "batch"
    bar { finished = 1, total = 4, elapsed = 5 }
    assert.matches(" 25 %% 1 of 4 finished$", seen.lines()[1])
    bar { finished = 4, total = 4, elapsed = 9 }
    assert.matches("100 %% 4 of 4 finished$", seen.lines()[1])
  end)

  it("write plain lines where there is no terminal: seldom, and each with its name", function()
    local seen = open()
    local bars = { seen.display:bar "a.mp4", seen.display:bar "b.mp4" }
    for step = 0, 40 do -- 10 s
      for index, bar in ipairs(bars) do
        bar(download(step * 1e5 * index, 8e6, step / 4))
      end
    end
    seen.display:print "by the way"
    bars[1]:fail "no more"
    seen.display:tick()
    seen.display:close()
    local lines = seen.lines()
    assert.equal("a.mp4  0:00   0 % 0.0 of 8.0 MB", lines[1])
    assert.equal("b.mp4  0:00   0 % 0.0 of 8.0 MB", lines[2])
    assert.equal("b.mp4  0:10 100 % 8.0 of 8.0 MB, 800 kB/s", lines[#lines - 3])
    assert.equal("by the way", lines[#lines - 2])
    assert.equal("a.mp4  0:10  50 % failed: no more", lines[#lines - 1])
    assert.is_true(#lines < 22, table.concat(lines, "\n"))
    assert.is_nil(seen.text:find "[\r\27]")
  end)

  it("write no line more often than once a second, however fast the transfer is", function()
    local seen = open()
    local bar = seen.display:bar "a"
    for step = 0, 100 do
      bar(download(step * 1e6, 1e8, step / 50))
    end
    assert.same(
      { "0", "50", "100" },
      (function()
        local percents = {}
        for percent in seen.text:gmatch "(%d+) %%" do
          percents[#percents + 1] = percent
        end
        return percents
      end)()
    )
  end)
end)

describe("a label", function()
  it("in a script of wide characters takes its cells", function()
    local seen = open(50)
    seen.terminal.wide = { ["日"] = true, ["本"] = true, ["語"] = true, ["😀"] = true }
    local first, second = seen.display:bar "日本語.mp4", seen.display:bar "e\204\129te😀" -- é as two code points
    second(download(1e6, 2e6, 1))
    first(download(1e6, 2e6, 1))
    local lines = seen.lines()
    assert.matches("^日本語.mp4  0:01 ", lines[1])
    assert.matches("^e\204\129te😀       0:01 ", lines[2])
    assert.is_nil(seen.terminal.wrapped)
  end)

  it("is cut between characters, and never takes more than a third of the line", function()
    assert.equal("日..", cells.cut("日本語", 5))
    assert.equal("日", cells.cut("日本語", 2))
    assert.equal("", cells.cut("日本語", 1))
    assert.equal("日本", cells.cut("日本語", 4, ""))
    assert.equal("日本語", cells.cut("日本語", 6))
    for _, columns in ipairs { 1, 2, 5, 9, 13, 20, 31, 44, 80 } do
      local seen = open(columns)
      seen.display:bar(("本"):rep(30))(download(1e6, 2e6, 1))
      seen.display:bar "b"(download(1e6, 2e6, 1))
      for _, text in ipairs(seen.lines()) do
        assert.is_true(cells.width(text) < columns or columns == 1 and text == "", text)
      end
      assert.is_nil(seen.terminal.wrapped)
      if columns == 31 then
        assert.same({ "本本本本..  0:01  50 % 1.0 of", "b           0:01  50 % 1.0 of" }, seen.lines())
      end
    end
  end)

  it("escapes bytes that are no text, and what turns round a line", function()
    local seen = open(60)
    seen.display:bar "a\255\226\128\174b\7"(download(1e6, 2e6, 1))
    assert.matches("^a\\xff\\u202eb\\x07  0:01", seen.lines()[1])
  end)
end)

describe("the rate", function()
  -- The details behind the percentage after some events.
  local function details(events)
    local seen = open(120)
    local bar = seen.display:bar()
    for _, event in ipairs(events) do
      bar(event)
    end
    local lines = seen.lines()
    return (lines[#lines] == "" and lines[#lines - 1] or lines[#lines]):match "%d+ %% (.*)$"
  end

  it("follows what happens now, smoothly, and tells the time that is left", function()
    local events = {}
    for step = 0, 40 do
      events[#events + 1] = download(step * 1e6, 1e9, step)
    end
    assert.equal("0.04 of 1.00 GB, 1.0 MB/s, 16:00 left", details(events))
    for step = 1, 3 do -- it stands still
      events[#events + 1] = download(40e6, 1e9, 40 + step)
    end
    local slower = tonumber(details(events):match ", (%d+) kB/s")
    assert.is_true(slower > 400 and slower < 700, slower)
    for step = 4, 200 do
      events[#events + 1] = download(40e6, 1e9, 40 + step)
    end
    assert.equal("0.04 of 1.00 GB, 0 B/s", details(events))
  end)

  it("does not count the bytes that a resumed download had before", function()
    assert.equal(
      "0.90 of 1.00 GB, 2.0 MB/s, 0:49 left",
      details {
        download(900e6, 1e9, 0.25),
        download(902e6, 1e9, 1.25),
      }
    )
    assert.equal("1.00 of 1.00 GB, 50.0 MB/s", details { download(900e6, 1e9, 0.5), download(1e9, 1e9, 2.5) })
  end)

  it("is not told before there is one, nor for a file of no bytes", function()
    assert.equal("7 of 9 kB", details { download(7000, 9000, 0.2) })
    assert.equal("58 of 79 B", details { download(58, 79, 0.2) })
    assert.equal("0 of 0 B", details { download(0, 0, 3) })
  end)

  it("begins again with another transfer of the same bar", function()
    assert.equal(
      "0.0 of 2.0 MB",
      details {
        upload(1e6, 1e6, 60),
        upload(0, 2e6, 0),
      }
    )
  end)
end)

describe("heygen.progress with several bars", function()
  it("refuses what is no label and no event, where it was called", function()
    local display = heygen.progress { stream = { write = function() end, flush = function() end } }
    for _, case in ipairs {
      { { lable = "x" }, 'display:bar: lable: unknown option, did you mean "label"?' },
      { { label = 3 }, "display:bar: label: expected a string, got 3" },
      { 3, "display:bar: label: expected a string, got 3" },
    } do
      local ok, message = pcall(function()
        display:bar(case[1])
      end)
      assert.is_false(ok)
      assert.matches("^.-screen_spec.lua:%d+: display:bar: ", message)
      assert.matches(case[2], message, 1, true)
    end
    for _, callable in ipairs { display, display:bar() } do
      local ok, message = pcall(function()
        callable "completed"
      end)
      assert.is_false(ok)
      assert.matches("screen_spec.lua:%d+: heygen%.progress: expected an event", message)
    end
  end)

  it("does not stop a transfer when nothing can be written any more", function()
    local path = os.tmpname()
    local file = assert(io.open(path, "w"))
    local display = heygen.progress { stream = file }
    local bar = display:bar "a"
    bar(download(1, 2, 0))
    file:close()
    os.remove(path)
    bar(download(2, 2, 1))
    display:print "x"
    display:close()
  end)

  local SCRIPT = [[
    local heygen = require "heygen"
    local display = heygen.progress { stream = io.stdout }
    local a, b = display:bar "a.mp4", display:bar "b.mp4"
    a { received = 1e6, total = 4e6, elapsed = 1 }
    b { sent = 1e6, total = 4e6, elapsed = 1 }
    display:print "between"
    os.execute "stty cols 30 rows 3 </dev/tty"
    b { sent = 4e6, total = 4e6, elapsed = 3 }
    display:close()
    print("after", require "heygen.core".columns(1))
  ]]

  it("draws on a real terminal, as wide as it is at the moment", function()
    local path = os.tmpname()
    scripts.write(path, SCRIPT)
    -- A terminal of its own, made by script.
    local command = ("stty cols 60 rows 24 && env NO_COLOR=1 TERM=xterm LC_ALL=C %s %s"):format(
      scripts.interpreter(),
      path
    )
    local output =
      shell.must("script -qec " .. shell.quote(command) .. " /dev/null"):gsub("\r\n", "\n"):gsub("\r$", "")
    os.remove(path)
    local at = output:find("a.mp4  0:01 #", 1, true)
    local shown = terminal.new(60)
    local before, after = output:match("^(.-)(\27%[3A\r\27%[J.*)$", at)
    assert.is_string(before, output)
    shown:feed(before)
    assert.same({
      "between",
      "a.mp4  0:01 ##.........  25 % 1.0 of 4.0 MB",
      "b.mp4  0:01 ##.........  25 % 1.0 of 4.0 MB",
    }, shown:lines())
    shown:resize(30)
    shown:feed(after)
    assert.same({
      "between",
      "b.mp4  0:03 100 % 4.0 of 4.0",
      "a.mp4  0:01  25 % 1.0 of 4.0",
      "after   30      3",
    }, shown:lines())
  end)
end)
