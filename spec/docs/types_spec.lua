-- The types for editors are complete, both ways: the methods of the C core, the endpoints, all options; and each
-- type that is named is defined once.

local core = require "heygen.core"
local endpoints = require "heygen.endpoints"
local downloads = require "heygen.download"
local wait_options = require "heygen.wait.options"
local options = require "heygen.schema.client_options"
local arguments = require "heygen.api.arguments"
local progress = require "heygen.progress"
local scripts = require "spec.support.scripts"
local shell = require "spec.support.shell"
local uploads = require "heygen.upload"

local lua_files = shell.lines "find lua/heygen types/heygen -name '*.lua'"

local META = scripts.read "types/heygen/heygen.lua"
local OBJECTS = scripts.read "types/heygen/objects.lua" .. scripts.read "types/heygen/jobs.lua"
local CORE = scripts.read "types/heygen/core.lua"
local API = scripts.read "types/heygen/api.lua"

local function sorted(map)
  local list = {}
  for name in pairs(map) do
    list[#list + 1] = name
  end
  table.sort(list)
  return list
end

local function names_in(text, pattern)
  local found = {}
  for name in text:gmatch(pattern) do
    assert(not found[name], name .. " stands there twice")
    found[name] = true
  end
  return sorted(found)
end

-- The names of a class's ---@field lines.
local function fields(text, class)
  local found, inside, seen = {}, false, false
  for line in (text .. "\n"):gmatch "([^\n]*)\n" do
    local name = line:match "^%-%-%-@class heygen%.([%w_.]+)"
    if name then
      inside = name == class
      seen = seen or inside
    elseif not line:find "^%-%-%-" then
      inside = false
    elseif inside then
      local field = line:match "^%-%-%-@field ([%w_]+)"
      assert(field and not found[field], line)
      found[field] = true
    end
  end
  assert(seen, "no class heygen." .. class)
  return sorted(found)
end

-- The names of a luaL_Reg table in the C sources.
local function registered(path, name)
  local body = scripts.read(path):match("luaL_Reg " .. name .. "%[%] = (%b{})")
  assert(body, path .. " has no " .. name)
  return names_in(body, '{"([%w_]+)",')
end

local function keys_with(map, name)
  local all = { [name] = true }
  for key in pairs(map) do
    all[key] = true
  end
  return sorted(all)
end

describe("the types of the C core", function()
  it("have the methods of the engine, of the operation, of files and of the bridge, and no other", function()
    assert.same(
      registered("src/lua_engine.c", "ENGINE_METHODS"),
      names_in(CORE, "\nfunction engine:([%w_]+)")
    )
    assert.same(
      registered("src/lua_operation.c", "hg_op_methods"),
      names_in(CORE, "\nfunction operation:([%w_]+)")
    )
    assert.same(registered("src/lua_file.c", "FILE_METHODS"), names_in(CORE, "\nfunction file:([%w_]+)"))
    assert.same(
      registered("src/lua_bridge.c", "BRIDGE_METHODS"),
      names_in(CORE, "\nfunction bridge:([%w_]+)")
    )
    assert.same(
      registered("src/lua_output.c", "OUTPUT_METHODS"),
      names_in(CORE, "\nfunction output:([%w_]+)")
    )
  end)

  it("have every luaL_Reg table of the sources in mind", function()
    local known = {
      FUNCTIONS = true,
      ENGINE_METHODS = true,
      ENGINE_META = true,
      LIBRARY = true,
      hg_op_methods = true,
      hg_op_meta = true,
      BRIDGE_METHODS = true,
      OUTPUT_METHODS = true,
      OUTPUT_META = true,
      OUTPUT_LIBRARY = true,
      BRIDGE_META = true,
      BRIDGE_LIBRARY = true,
      FILE_METHODS = true,
      FILE_META = true,
      FILE_LIBRARY = true,
    }
    for name in shell.must("cat src/*.c"):gmatch "luaL_Reg ([%w_]+)%[%] = {" do
      assert.is_true(known[name], "spec/docs/types_spec.lua does not check " .. name)
    end
  end)

  it("have the functions and values that the module really has", function()
    local documented = {}
    for _, name in ipairs(names_in(CORE, "\nfunction core%.([%w_]+)")) do
      documented[name] = true
    end
    for _, name in ipairs(fields(CORE, "core")) do
      documented[name] = true
    end
    assert.same(sorted(core), sorted(documented))
    for _, name in ipairs(registered("src/lua_core.c", "FUNCTIONS")) do
      assert.is_true(documented[name], name)
    end
    for _, name in ipairs(registered("src/lua_engine.c", "LIBRARY")) do
      assert.is_true(documented[name], name)
    end
    for _, name in ipairs(registered("src/lua_bridge.c", "BRIDGE_LIBRARY")) do
      assert.is_true(documented[name], name)
    end
    for _, name in ipairs(registered("src/lua_file.c", "FILE_LIBRARY")) do
      assert.is_true(documented[name], name)
    end
    for _, name in ipairs(registered("src/lua_output.c", "OUTPUT_LIBRARY")) do
      assert.is_true(documented[name], name)
    end
  end)

  it("have every field of a request and of a part", function()
    local source, known = scripts.read "src/lua_request.c", {}
    for name in source:gmatch '%(L, t, "([%w_]+)"' do
      known[name] = true
    end
    assert.same(sorted(known), fields(CORE, "Request"))
    known = {}
    for name in source:gmatch '%(L, part, "([%w_]+)"' do
      known[name] = true
    end
    assert.same(sorted(known), fields(CORE, "Part"))
    known = {}
    for name in source:gmatch '%(L, segment, "([%w_]+)"' do
      known[name] = true
    end
    assert.same(sorted(known), fields(CORE, "Segment"))
  end)

  it("name the names of each method in the order of its ---@param lines", function()
    for _, text in ipairs { CORE, API } do
      for head, names in text:gmatch "\n\n([^\n].-)\nfunction [%w_]+[.:][%w_]+%(([^)]*)%) end" do
        local given = {}
        for name in head:gsub("^.*\n\n", ""):gmatch "%-%-%-@param ([%w_]+)" do
          given[#given + 1] = name
        end
        assert.equal(names, table.concat(given, ", "))
      end
    end
  end)
end)

describe("the types of the endpoints", function()
  local groups = {}
  for _, row in ipairs(endpoints) do
    groups[row.group] = groups[row.group] or {}
    groups[row.group][row.name] = row
  end

  local function camel(name)
    return (("_" .. name):gsub("_(%l)", string.upper))
  end

  it("have every method of every group, and no other", function()
    assert.same(sorted(groups), fields(API, "Client"))
    for group, rows in pairs(groups) do
      local wanted = {}
      for name, row in pairs(rows) do
        wanted[name] = true
        if row.each then
          wanted[row.each] = true
        end
      end
      assert.same(sorted(wanted), names_in(API, "\nfunction " .. group .. ":([%w_]+)"))
    end
  end)

  it("have a class for every table that a body may hold", function()
    local function visit(spec, where)
      if spec.items then
        return visit(spec.items, where)
      elseif spec.fields and where then
        local known = { [spec.by or false] = true }
        known[false] = nil
        for name in pairs(spec.fields) do
          known[name] = true
        end
        assert.is_string(spec.class, where)
        assert.same(sorted(known), fields(API, spec.class), where)
      end
      for name, field in pairs(spec.fields or {}) do
        visit(field, (where or "") .. "." .. name)
      end
    end
    for _, row in ipairs(endpoints) do
      visit { fields = row.body or {} }
    end
  end)

  it("have a class for everything that is returned", function()
    for _, row in ipairs(endpoints) do
      local class = "%-%-%-@class heygen%." .. row.returns:match "^%a+" .. "%f[%A]"
      assert.is_true(OBJECTS:find(class) ~= nil, row.returns .. ": no class in types/heygen/")
    end
  end)

  -- Those of rows, and those that extras.lua adds; each is in the reference as well.
  it("have the methods that a client really has, and the reference has them too", function()
    local client = require("heygen").new { api_key = "k", base_url = "http://127.0.0.1:1" }
    local reference = scripts.read "docs/api.md"
    local added = (dofile "docs/generate.lua").extras()
    for group in pairs(groups) do
      local typed = {}
      for _, name in ipairs(names_in(API, "\nfunction " .. group .. ":([%w_]+)")) do
        typed[name] = true
      end
      for _, method in ipairs(added[group] or {}) do
        assert(not typed[method.name], group .. ":" .. method.name .. " is typed twice")
        typed[method.name] = true
      end
      assert.is_nil(client[group].no_such_method) -- the methods of a group are made when one is asked for
      local methods = getmetatable(client[group]).__index
      assert.is_table(methods)
      assert.same(sorted(methods), sorted(typed))
      for name, method in pairs(methods) do
        assert.is_function(method)
        assert.matches(("client.%s:%s("):format(group, name), reference, 1, true)
      end
    end
  end)

  it("have every field of every query and body, and no other", function()
    for group, rows in pairs(groups) do
      for name, row in pairs(rows) do
        local known = {}
        for _, map in ipairs { row.query, row.body or {}, row.body and { extra = true } or {} } do
          for field in pairs(map) do
            known[field] = true
          end
        end
        assert.same(sorted(known), fields(API, camel(group) .. camel(name)), group .. ":" .. name)
      end
    end
  end)

  it("and docs/api.md are what docs/generate.lua makes of the table", function()
    local generate = dofile "docs/generate.lua"
    local advice = "run: lua5.4 docs/generate.lua"
    assert.equal(generate.types(), API, advice)
    local reference = scripts.read "docs/api.md"
    assert.equal(generate.renew(reference), reference, advice)
  end)
end)

describe("the types of the options", function()
  it("have those of heygen.new, of a wait, an upload, a download and a progress bar, and no other", function()
    assert.same(sorted(options.known), fields(META, "Options"))
    local waits = { webhook = true, interval = true }
    for name in pairs(wait_options.defaults) do
      waits[name] = true
    end
    assert.same(keys_with(waits, "on_progress"), fields(META, "WaitOptions"))
    assert.same(downloads.options, fields(META, "DownloadOptions"))
    assert.same(uploads.options, fields(META, "UploadOptions"))
    assert.same(progress.options, fields(META, "ProgressOptions"))
  end)

  it("have those of every call", function()
    local every, post, with_files = {}, {}, {}
    for _, option in ipairs(arguments.options) do
      (option.files and with_files or option.method == "POST" and post or every)[option.name] = true
    end
    assert.same(sorted(with_files), fields(META, "FileOptions"))
    assert.same(sorted(every), fields(META, "CallOptions"))
    assert.same(sorted(post), fields(META, "PostOptions"))
  end)

  it("have those of client:request", function()
    local body = scripts.read("lua/heygen/api/raw_request.lua"):match "local KNOWN = (%b{})"
    assert.same(names_in(body, "\n  ([%w_]+) ="), fields(META, "RawRequest"))
  end)
end)

describe("the types", function()
  it("are each defined once, and all that are named are defined", function()
    local defined, named = {}, {}
    -- A class whose parts stand where they are known: methods in Lua code, the rest in types/heygen/heygen.lua.
    local in_two_places = { ["heygen"] = true, ["heygen.Assets"] = true, ["heygen.Client"] = true }
    for _, name in ipairs { "waits", "webhooks" } do
      for class in scripts.read("types/heygen/" .. name .. ".lua"):gmatch "@class ([%w_.]+)" do
        in_two_places[class] = true -- a group's methods that no row makes
      end
    end
    for _, path in ipairs(lua_files) do
      for line in (scripts.read(path) .. "\n"):gmatch "%-%-%-(@[^\n]*)\n" do
        local class = line:match "^@class ([%w_.]+)" or line:match "^@alias ([%w_.]+)"
        if class then
          assert(not defined[class] or in_two_places[class], class .. " is defined twice, also in " .. path)
          defined[class] = true
        end
        for before, name in line:gmatch "(.)(heygen%.[%a][%w_.]*[%w_])" do
          if before:find "[%s:|(]" and not line:find("require", 1, true) then
            named[name] = named[name] or path
          end
        end
      end
    end
    for name, path in pairs(named) do
      -- Prose names functions, such as heygen.run.
      local is_function = require("heygen")[name:match "^heygen%.(.+)$"] ~= nil
      assert.is_true(defined[name] or is_function, name .. " in " .. path)
    end
    for _, name in ipairs {
      "Client",
      "Error",
      "Page",
      "Response",
      "Task",
      "Progress",
      "Driver",
      "Video",
      "engine",
      "operation",
    } do
      assert.is_true(defined["heygen." .. name], name)
    end
  end)

  it("are Lua, and are never loaded", function()
    require("heygen").new { api_key = "k" }
    for _, types in ipairs(shell.lines "ls types/heygen/*.lua") do
      assert.is_function(loadfile(types))
      local name = types:match "([%w_]+)%.lua$"
      if name ~= "core" then -- that one describes a module of C
        assert.is_nil(package.loaded["heygen." .. name])
        for _, path in ipairs(lua_files) do
          assert.is_nil(scripts.read(path):find('require%s*%(?%s*"heygen%.' .. name .. '"'), path)
        end
      end
    end
  end)
end)
