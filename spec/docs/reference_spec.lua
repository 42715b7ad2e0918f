-- The examples of docs/api.md, as they stand there, against the simulator: only ids and files of an account that has
-- one of everything are put in. #once
local account = require "spec.support.account"
local endpoints = require "heygen.endpoints"
local live = require "spec.support.live"
local scripts = require "spec.support.scripts"
local support = require "spec.support.sim"

local compile = rawget(_G, "loadstring") or load

-- Every example under the heading of a method, or an iterator, that is made from a row.
local function examples()
  local rows, list = {}, {}
  for _, row in ipairs(endpoints) do
    rows[row.group .. ":" .. row.name] = row
    if row.each then
      rows[row.group .. ":" .. row.each] = row
    end
  end
  for part in scripts.read("docs/api.md"):gsub("\n#", "\1#"):gmatch "[^\1]+" do
    local name = part:match "^### client%.([%w_]+:[%w_]+)%("
    local code = part:match "\n```lua fragment\n(.-)\n```"
    if rows[name] and code then
      list[#list + 1] = { name = name, row = rows[name], code = code }
    end
  end
  return list
end

-- "session_1" becomes a session_id of this account.
local function with_ids(code, row, id_of)
  return (
    code:gsub('"(%l[%l_]*)_[12]"', function(name)
      local id = id_of(row, name .. "_id")
      return id and ("%q"):format(id) or nil
    end)
  )
end

describe("the examples of the reference #once", function()
  local found = examples()

  it("are there for each endpoint and each iterator", function()
    local wanted = 0
    for _, row in ipairs(endpoints) do
      wanted = wanted + (row.each and 2 or 1)
    end
    assert.equal(wanted, #found)
  end)

  it("run, and print what there is", function()
    local server = support.start { speed = 0, behaviour = { unknown_ids = "accepted" } }
    local file = os.tmpname()
    finally(function()
      server:stop()
      os.remove(file)
    end)
    scripts.write(file, "%PDF-1.4\n%%EOF\n")
    local client, printed = live.client(server), 0
    for _, example in ipairs(found) do
      server:reset()
      -- With the clock standing still, so that no upload address expires on a slow machine.
      local code = with_ids(example.code, example.row, account.new(server, client))
      server:clock { speed = 36000 }
      code = code:gsub('"slides.pdf"', ("%q"):format(file))
      local prelude = "local client, print = ...\n"
      local run = assert(compile(prelude .. code, "=" .. example.name))
      local function show(...)
        for index = 1, select("#", ...) do
          local value = select(index, ...)
          assert(type(value) ~= "table" and value ~= nil, example.name .. " prints " .. tostring(value))
        end
        printed = printed + 1
      end
      local ok, problem = pcall(run, client, show)
      assert(ok, tostring(problem) .. "\n" .. code)
    end
    assert.is_true(printed > 20)
  end)
end)
