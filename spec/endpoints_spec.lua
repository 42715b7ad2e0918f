-- The table of the API is sound: every row can be made into a method and checked.

local endpoints = require "heygen.endpoints"
local params = require "heygen.params"
local values = require "heygen.values"

local OPTIONS = { "timeout", "deadline", "max_retries", "idempotency_key", "extra" }

local function each_field(row, visit)
  for place, fields in pairs { query = row.query, body = row.body or {} } do
    for name, spec in pairs(fields) do
      visit(name, spec, place)
    end
  end
end

local function row_of(group, name)
  for _, row in ipairs(endpoints) do
    if row.group == group and row.name == name then
      return row
    end
  end
  error("no row " .. group .. ":" .. name)
end

describe("endpoints", function()
  it("has the calls of the Video Agent and of videos", function()
    local calls = {}
    for _, row in ipairs(endpoints) do
      calls[#calls + 1] = row.group .. ":" .. row.name .. " " .. row.method .. " " .. row.path
    end
    table.sort(calls)
    assert.same({
      "video_agents:create POST /v3/video-agents",
      "video_agents:get GET /v3/video-agents/{session_id}",
      "video_agents:list GET /v3/video-agents",
      "video_agents:resource GET /v3/video-agents/{session_id}/resources/{resource_id}",
      "video_agents:send POST /v3/video-agents/{session_id}",
      "video_agents:stop POST /v3/video-agents/{session_id}/stop",
      "video_agents:styles GET /v3/video-agents/styles",
      "video_agents:videos GET /v3/video-agents/{session_id}/videos",
      "videos:delete DELETE /v3/videos/{video_id}",
      "videos:get GET /v3/videos/{video_id}",
      "videos:list GET /v3/videos",
      "videos:statuses GET /v3/videos/statuses",
    }, calls)
  end)

  it("names each call once, with all that a method needs", function()
    local seen = {}
    for _, row in ipairs(endpoints) do
      local call = row.group .. ":" .. row.name
      assert.is_nil(seen[call], call)
      seen[call] = true
      assert.truthy(row.group:find "^[a-z_]+$" and row.name:find "^[a-z_]+$", call)
      assert.truthy(row.path:find "^/v3/", call)
      assert.is_boolean(row.repeatable, call)
      assert.is_table(row.query, call)
      assert.truthy(row.summary:find "%.$", call)
      assert.truthy(row.returns:find "^%a+$" or row.returns:find "^%a+%[%]$", call)
    end
  end)

  it("lists the ids of every path in order", function()
    for _, row in ipairs(endpoints) do
      local names = {}
      for name in row.path:gmatch "{([^}]*)}" do
        names[#names + 1] = name
      end
      assert.equal(#names, #row.path_params, row.path)
      for index, id in ipairs(row.path_params) do
        assert.equal(names[index], id.name)
      end
    end
  end)

  it("repeats nothing that makes or says something", function()
    for _, row in ipairs(endpoints) do
      if row.method ~= "POST" then
        assert.is_true(row.repeatable, row.path)
      end
    end
    assert.is_false(row_of("video_agents", "create").repeatable)
    assert.is_false(row_of("video_agents", "send").repeatable)
    assert.is_true(row_of("video_agents", "stop").repeatable)
  end)

  it("sends bodies with POST only", function()
    for _, row in ipairs(endpoints) do
      assert.equal(row.method == "POST", row.body ~= nil, row.path)
    end
  end)

  it("has limit and token on every list in pages, and only there", function()
    for _, row in ipairs(endpoints) do
      assert.equal(row.list == true, row.query.token ~= nil, row.path)
      assert.equal(row.list == true, row.query.limit ~= nil, row.path)
      if row.list then
        assert.equal(1, row.query.limit.min)
        assert.equal(100, row.query.limit.max)
        assert.truthy(row.returns:find "%[%]$")
      end
    end
  end)

  it("describes every field with a type that has a checker", function()
    for _, row in ipairs(endpoints) do
      each_field(row, function(name, spec, place)
        local where = row.path .. " " .. name
        assert.is_function(values.types[spec.type], where)
        assert.is_string(spec.doc, where)
        if spec.items then
          assert.is_function(values.types[spec.items.type], where)
        end
        assert.equal(spec.type == "array", spec.items ~= nil, where)
        if spec.requires then
          assert.is_table(row.body[spec.requires], where)
        end
        if place == "query" then
          assert.is_nil(spec.nullable, where)
          assert.is_false(spec.type == "array" or spec.type == "object" or spec.type == "file_input", where)
        else
          assert.is_false(spec.type == "ids", where)
        end
      end)
    end
  end)

  it("has no field that is named like an option of a call", function()
    for _, row in ipairs(endpoints) do
      each_field(row, function(name)
        for _, option in ipairs(OPTIONS) do
          assert.are_not.equal(option, name)
        end
      end)
    end
  end)

  it("keeps the newer fields of create out of the checked ones", function()
    local create = row_of("video_agents", "create")
    for name in pairs(create.newer) do
      assert.is_nil(create.body[name])
    end
    for name in pairs(create.retired) do
      assert.is_nil(create.body[name])
    end
    assert.same({ brand_glossary_id = true, visibility = true, members = true }, create.newer)
  end)

  it("makes a request of every row from its least arguments", function()
    local targets = {}
    for _, row in ipairs(endpoints) do
      local args = {}
      for index in ipairs(row.path_params) do
        args[index] = "id" .. index
      end
      local fields = {}
      each_field(row, function(name, spec)
        if spec.required then
          fields[name] = "text"
        end
      end)
      if row.any_of then
        fields[row.any_of[1]] = { "id" }
      end
      args[#args + 1] = fields
      local call = assert(params.check(row, args))
      targets[#targets + 1] = row.method .. " " .. call.target
      assert.equal(row.body ~= nil, call.body ~= nil)
    end
    table.sort(targets)
    assert.same({
      "DELETE /v3/videos/id1",
      "GET /v3/video-agents",
      "GET /v3/video-agents/id1",
      "GET /v3/video-agents/id1/resources/id2",
      "GET /v3/video-agents/id1/videos",
      "GET /v3/video-agents/styles",
      "GET /v3/videos",
      "GET /v3/videos/id1",
      "GET /v3/videos/statuses?video_ids=id",
      "POST /v3/video-agents",
      "POST /v3/video-agents/id1",
      "POST /v3/video-agents/id1/stop",
    }, targets)
  end)
end)
