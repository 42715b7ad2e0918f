-- What the documents show is run: each Lua block of README.md and docs/ that is a whole script, and each example, as
-- it stands, against the simulator. Blocks marked "lua fragment" need only be Lua, "lua copas" needs copas, "lua love"
-- is run by love_spec.lua. A line that ends in "--> text" prints it.

local scripts = require "spec.support.scripts"
local shell = require "spec.support.shell"
local sim = require "spec.support.sim"

local compile = rawget(_G, "loadstring") or load

local documents = shell.lines "ls README.md docs/*.md"

-- Every fenced block: info is what follows the fence.
local function blocks()
  local list = {}
  for _, path in ipairs(documents) do
    local text, number = scripts.read(path), 0
    for info, body in ("\n" .. text):gmatch "\n```(%l[^\n]*)\n(.-)\n```" do
      number = number + 1
      list[#list + 1] = { name = ("%s, block %d"):format(path, number), info = info, text = body .. "\n" }
    end
  end
  return list
end

-- What the comments "--> text" promise, spaces aside.
local function promised(text)
  local lines = {}
  for line in text:gmatch "%-%->%s*([^\n]+)" do
    lines[#lines + 1] = line:gsub("%s+", " ")
  end
  return table.concat(lines, "\n")
end

local function squeezed(output)
  return (output:gsub("[ \t]+", " "))
end

local whole, fragments = {}, {}
for _, block in ipairs(blocks()) do
  if block.info == "lua" then
    whole[#whole + 1] = block
  elseif block.info == "lua copas" then
    if pcall(require, "copas") then
      whole[#whole + 1] = block
    end
  elseif block.info == "lua fragment" or block.info == "lua love" then
    fragments[#fragments + 1] = block
  elseif block.info:find "^lua" then
    error(block.name .. ": unknown kind of block: " .. block.info)
  end
end
for _, path in ipairs(shell.lines "ls examples/*.lua") do
  if path ~= "examples/demo.lua" and path ~= "examples/mount.lua" then -- have specs of their own
    whole[#whole + 1] = { name = path, text = scripts.read(path) }
  end
end

describe("the scripts of the documents and examples", function()
  local dir

  setup(function()
    local server = sim.start { speed = 36000 }
    dir = shell.must "mktemp -d"
    local ok, problem =
      pcall(scripts.run_all, whole, "HEYGEN_API_KEY=test-key HEYGEN_API_BASE=" .. server.url, dir)
    server:stop()
    assert(ok, problem)
  end)

  teardown(function()
    shell.must("rm -rf " .. shell.quote(dir))
  end)

  it("are found", function()
    assert.is_true(#whole >= 10)
    assert.is_true(#fragments >= 2)
  end)

  for _, script in ipairs(whole) do
    it("run as they stand: " .. script.name, function()
      assert.same({ 0, script.output }, { script.status, script.output })
      assert.is_nil(script.output:find("traceback", 1, true), script.output)
      assert.is_nil(script.output:find("test-key", 1, true), "the key is in the output")
      local wanted = promised(script.text)
      if wanted ~= "" then
        assert.equal(wanted .. "\n", squeezed(script.output))
      end
      for path in script.text:gmatch 'download%([%w_]+, "([%w_.]+)"[,)]' do
        assert.matches("^....ftyp", scripts.read(script.dir .. "/" .. path))
      end
    end)
  end
end)

describe("the fragments of the documents", function()
  for _, fragment in ipairs(fragments) do
    it("are Lua: " .. fragment.name, function()
      assert(compile(fragment.text))
    end)
  end
end)
