-- What the documents state agrees with the code: options and their defaults, kinds of errors, the core's names, the
-- numbers of the pace, links, make targets.

local errors = require "heygen.errors"
local downloads = require "heygen.download"
local wait_options = require "heygen.wait.options"
local options = require "heygen.schema.client_options"
local cadence = require "heygen.wait.cadence"
local arguments = require "heygen.api.arguments"
local contract = require "spec.support.contract"
local progress = require "heygen.progress"
local scripts = require "spec.support.scripts"
local shell = require "spec.support.shell"
local uploads = require "heygen.upload"

local function document(path)
  return scripts.read(path)
end

-- The part under a heading, up to the next one of any level.
local function section(path, heading)
  local text = "\n" .. document(path) .. "\n#"
  local from, to = text:find("\n#+ " .. heading:gsub("%p", "%%%0") .. "\n")
  assert(from, path .. " has no section " .. heading)
  return text:sub(to, (text:find("\n#", to)))
end

-- Rows of the tables in a text, as cells.
local function rows(text)
  local list = {}
  for line in text:gmatch "\n| ([^\n]+) |%f[\n]" do
    local cells = {}
    for cell in (line .. " | "):gmatch "(.-) | " do
      cells[#cells + 1] = cell
    end
    list[#list + 1] = cells
  end
  return list
end

-- name -> cells, for rows whose first cell is one name in backquotes, or several.
local function named_rows(text)
  local found = {}
  for _, cells in ipairs(rows(text)) do
    for name in cells[1]:gmatch "`([%w_]+)`" do
      assert(not found[name], name .. " stands there twice")
      found[name] = cells
    end
  end
  return found
end

local function names(map)
  local list = {}
  for name in pairs(map) do
    list[#list + 1] = name
  end
  table.sort(list)
  return list
end

local function set(list)
  local map = {}
  for _, name in ipairs(list) do
    map[name] = true
  end
  return map
end

local function check_defaults(found, column, defaults)
  for name, default in pairs(defaults) do
    if default ~= nil then
      assert.equal("`" .. tostring(default) .. "`", found[name][column], name)
    end
  end
end

describe("the options in the documents", function()
  local defaults = {}
  for name, spec in pairs(options.known) do
    defaults[name] = spec.default
  end

  it("are those of heygen.new, with their defaults, in README.md", function()
    local found = named_rows(section("README.md", "Options"))
    assert.same(names(options.known), names(found))
    check_defaults(found, 2, defaults)
  end)

  it("are those of heygen.new, with their defaults and types, in docs/options.md", function()
    local found = named_rows(section("docs/options.md", "heygen.new"))
    assert.same(names(options.known), names(found))
    check_defaults(found, 3, defaults)
    for name, spec in pairs(options.known) do
      local kind = spec.type == "seconds" and "number" or spec.type or spec.kind or "string or table"
      assert.equal(kind, found[name][2], name)
    end
  end)

  it("have no number as a default that the code does not have", function()
    for name, cells in pairs(named_rows(section("README.md", "Options"))) do
      local number = cells[2]:match "^`(%d+)`$"
      assert.equal(number and tonumber(number), number and defaults[name], name)
    end
  end)

  it("are those of a wait, with their defaults", function()
    local found = named_rows(section("docs/options.md", "Waits"))
    local known = set(names(wait_options.defaults))
    known.on_progress, known.webhook, known.interval = true, true, true
    assert.same(names(known), names(found))
    check_defaults(found, 3, wait_options.defaults)
  end)

  it("are those of an upload, of a download and of a progress bar", function()
    local found, known = named_rows(section("docs/options.md", "Uploads")), set(uploads.options)
    for name in pairs(uploads.fields) do
      known[name] = true
    end
    assert.same(names(known), names(found))
    check_defaults(found, 3, uploads.defaults)
    assert.same(downloads.options, names(named_rows(section("docs/options.md", "Downloads"))))
    assert.same(progress.options, names(named_rows(section("docs/options.md", "heygen.progress"))))
  end)

  it("are those of every call", function()
    local known = { extra = true }
    for _, option in ipairs(arguments.options) do
      known[option.name] = true
    end
    assert.same(names(known), names(named_rows(section("docs/options.md", "Every call"))))
  end)
end)

describe("docs/errors.md", function()
  it("has every kind that the module makes, and no other", function()
    local found = named_rows(section("docs/errors.md", "Kinds"))
    for kind in pairs(found) do
      assert.equal(kind, errors.new({ kind = kind, message = "m" }).kind) -- raises for an unknown one
    end
    local source = shell.must "cat lua/heygen/*.lua lua/heygen/*/*.lua"
    for kind in source:gmatch 'kind = "([%l_]+)"' do
      assert.is_table(found[kind], kind)
    end
    for kind in source:match("local KINDS = (%b{})"):gmatch "\n  ([%l_]+) =" do
      assert.is_table(found[kind], kind)
    end
  end)

  it("has every field of the error class, and no other", function()
    local known = { results = true, errors = true } -- of heygen.all
    local class = document("lua/heygen/errors.lua"):match "%-%-%-@class heygen%.Error\n(.-)\nlocal"
    for name in class:gmatch "@field ([%w_]+)" do
      known[name] = true
    end
    assert.same(names(known), names(named_rows(section("docs/errors.md", "Fields"))))
  end)

  it("has the codes of the C core", function()
    local text = section("docs/errors.md", "Codes")
    local source = document("src/lua_operation.c"):match "network_code%b()%s*(%b{})"
    local count = 0
    for code in source:gmatch 'return "([%l%d_]+)"' do
      assert.matches("`" .. code .. "`", text, 1, true)
      count = count + 1
    end
    assert.is_true(count > 5)
  end)
end)

describe("docs/api.md", function()
  it("says of each method what it fails with, and has an example of it", function()
    local count = 0
    local text = document("docs/api.md"):gsub("\n##+ ", "\n\0%0") .. "\n\0"
    for name, body in text:gmatch "\n### client%.([%w_]+:[%w_]+)([^%z]*)\n%z" do
      assert.matches(name:find ":each" and "Raises what " or "\nFails with ", body, name)
      local example = body:match "```lua[^\n]*\n(.-)\n```" or ""
      assert.is_truthy(example:find("client." .. name, 1, true), name)
      count = count + 1
    end
    assert.is_true(count > 120, count .. " methods")
  end)
end)

describe("docs/core.md", function()
  local core = require "heygen.core"
  local text = document "docs/core.md"

  it("has every function of the core, and no other", function()
    local found = {}
    for name in text:gmatch "`core%.([%w_]+)" do
      found[name] = true
    end
    for name in pairs(found) do
      assert.is_not_nil(core[name], name)
    end
    for name in pairs(core) do
      assert.is_true(found[name] or name == "_VERSION", name)
    end
  end)

  it("has every method of engine and operation, and no other", function()
    local engine = assert(core.engine())
    local operation = assert(engine:after(0))
    finally(function()
      operation:cancel()
    end)
    local source = shell.must "cat src/lua_engine.c src/lua_operation.c"
    for object, handle in pairs { engine = engine, operation = operation } do
      local found = {}
      for name in text:gmatch("`" .. object .. ":([%w_]+)") do
        found[name] = true
        assert.is_function(handle[name], object .. ":" .. name)
      end
      local list =
        source:match(object == "engine" and "ENGINE_METHODS%[%] = (%b{})" or "hg_op_methods%[%] = (%b{})")
      for name in list:gmatch '{"([%w_]+)",' do
        assert.is_true(found[name], object .. ":" .. name)
      end
    end
  end)

  it("has every method of files and of the bridge, and no other", function()
    for object, path in pairs { file = "src/lua_file.c", bridge = "src/lua_bridge.c" } do
      local found, known = {}, {}
      for name in text:gmatch("`" .. object .. ":([%w_]+)") do
        found[name] = true
      end
      local list = (document(path)):match(object:upper() .. "_METHODS%[%] = (%b{})")
      for name in list:gmatch '{"([%w_]+)",' do
        known[name] = true
      end
      assert.same(names(known), names(found))
    end
  end)

  it("has every method of a file that is open, and no other", function()
    local found, known = {}, {}
    for name in text:gmatch "`output:([%w_]+)" do
      found[name] = true
    end
    local list = (document "src/lua_output.c"):match "OUTPUT_METHODS%[%] = (%b{})"
    for name in list:gmatch '{"([%w_]+)",' do
      known[name] = true
    end
    assert.same(names(known), names(found))
  end)

  it("has every field of a request, and no other", function()
    local found, known = named_rows(section("docs/core.md", "Request")), {}
    local source = document "src/lua_request.c"
    for name in source:gmatch '%(L, t, "([%w_]+)"' do
      known[name] = true
    end
    assert.same(names(known), names(found))
  end)
end)

describe("the numbers of the pace in docs/workflow.md", function()
  it("are what the defaults give", function()
    local checked = 0
    for _, cells in ipairs(rows(section("docs/workflow.md", "Pace"))) do
      local minutes = tonumber(cells[1]:match "^(%d+) minutes$")
      if minutes then
        local pace, elapsed, polls, last = cadence.new(cadence.model "video", {}), 0, 0, 0
        while elapsed < 60 * minutes do
          last = pace:next(elapsed)
          elapsed, polls = elapsed + last, polls + 1
        end
        assert.same({ cells[1], tostring(polls), ("%.0f s late"):format(last) }, cells)
        checked = checked + 1
      end
    end
    assert.equal(4, checked)
  end)
end)

describe("the number of endpoints", function()
  it("is said in one place, and is that of the table", function()
    local said = {}
    for _, path in ipairs(shell.lines "ls *.md docs/*.md") do
      for number, date in document(path):gmatch "(%d+)%s+endpoints%D*([%d-]*)" do
        said[#said + 1] = { path, tonumber(number), date }
      end
    end
    local _, _, _, date = contract.facts()
    assert.same({ { "README.md", #require "heygen.endpoints", date } }, said)
  end)
end)

describe("what the documents name", function()
  local documents = shell.lines "ls README.md CONTRIBUTING.md docs/*.md"

  -- GitHub's way to make an anchor of a heading.
  local function anchors(text)
    local found = {}
    text = ("\n" .. text):gsub("\n```.-\n```", "")
    for heading in text:gmatch "\n#+ ([^\n]+)" do
      found[heading:lower():gsub("[^%w%- _]", ""):gsub(" ", "-")] = true
    end
    for id in text:gmatch '<a id="([%w_-]+)">' do
      found[id] = true
    end
    return found
  end

  it("exists: files and headings behind links", function()
    for _, path in ipairs(documents) do
      local text = document(path)
      for target in text:gmatch "%]%(([^)%s]+)%)" do
        if not target:find "^https?://" then
          local file, anchor = target:match "^([^#]*)#?(.*)$"
          local full = file == "" and path or (path:match "^(.*/)" or "") .. file
          shell.must(
            "test -e "
              .. shell.quote(full)
              .. " || { echo no file: "
              .. shell.quote(path .. ": " .. target)
              .. "; false; }"
          )
          if anchor ~= "" then
            assert.is_true(anchors(document(full))[anchor], path .. ": " .. target)
          end
        end
      end
    end
  end)

  it("exists: make targets", function()
    local makefile = "\n" .. document "Makefile"
    for _, path in ipairs(documents) do
      for target in document(path):gmatch "%f[%w]make ([%l-]+)%f[%W]" do
        if
          document(path):find("`make " .. target, 1, true)
          or document(path):find("\nmake " .. target, 1, true)
        then
          assert.is_truthy(makefile:find("\n" .. target .. ":", 1, true), path .. ": make " .. target)
        end
      end
    end
  end)

  it("exists: functions of heygen and methods of the client", function()
    local heygen = require "heygen"
    local client = heygen.new { api_key = "k", base_url = "http://127.0.0.1:1" }
    for _, path in ipairs(documents) do
      local text = document(path)
      for name in text:gmatch "`?heygen%.([%l_]+)%s*[%({]" do
        assert.is_not_nil(heygen[name], path .. ": heygen." .. name)
      end
      for name in text:gmatch "client:([%l_]+)" do
        assert.is_function(client[name], path .. ": client:" .. name)
      end
      for group, name in text:gmatch "client%.([%l_]+):([%l_]+)" do
        assert.is_function(client[group] and client[group][name], path .. ": client." .. group .. ":" .. name)
      end
    end
  end)
end)
