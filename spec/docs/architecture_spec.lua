-- docs/architecture.md agrees with the tree: its files exist, every room is in its table, and its walks are those that
-- docs/walks.lua measures.

local scripts = require "spec.support.scripts"
local shell = require "spec.support.shell"

local PAGE = "docs/architecture.md"

-- Files that a walk may go through at most.
local BOUNDS = { ["a create with a local file"] = 14, ["a create whose connection is refused"] = 10 }

local function squeezed(text)
  return (text:gsub("%s+", " "))
end

describe(PAGE .. " #once", function()
  local text = scripts.read(PAGE)

  it("has the walks that the script measures, within their bounds", function()
    local output = shell.must "lua5.4 docs/walks.lua"
    local within = 0
    for line in output:gmatch "[^\n]+" do
      assert.matches(squeezed(line), squeezed(text), 1, true)
      local title, files = line:match "^%- (.-): (%d+) files"
      if BOUNDS[title] then
        assert.is_true(tonumber(files) <= BOUNDS[title], line)
        within = within + 1
      end
    end
    assert.equal(2, within)
  end)

  it("names files and rooms that exist", function()
    local drawing = text:match "\n```\n(.-)\n```"
    local count = 0
    for path in drawing:gmatch "[%w_/]+%.[lc]u?a?%f[%W]" do
      shell.must("ls lua/heygen/" .. path .. " 2>/dev/null || ls " .. path)
      count = count + 1
    end
    assert.is_true(count >= 12, count .. " files")
    for path in text:gmatch "\n| `([%w_/]+/)` |" do
      shell.must("test -d " .. path)
    end
  end)

  it("has every room in its table", function()
    for _, path in ipairs(shell.lines "ls -d lua/heygen/*/") do
      assert.matches("\n| `" .. path .. "` |", text, 1, true)
    end
  end)
end)
