-- The table of the API is sound: every row can be made into a method and checked.

local endpoints = require "heygen.endpoints"
local least = require "spec.support.least"
local groups = require "heygen.endpoints.names"
local arguments = require "heygen.api.arguments"
local types = require "heygen.schema.types"

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
  it("has the calls of every group in a file of its own", function()
    local count = 0
    for _, group in ipairs(groups) do
      for _, row in ipairs(require("heygen.endpoints." .. group)) do
        assert.equal(group, row.group)
        assert.equal(row, endpoints[count + 1])
        count = count + 1
      end
    end
    assert.equal(#endpoints, count)
    -- A group is named after the first part of its paths.
    for _, row in ipairs(endpoints) do
      assert.equal(row.group, (row.path:match("^/v3/([^/]+)"):gsub("-", "_")))
    end
  end)

  it("keeps the methods of the Video Agent and of videos", function()
    local calls = {}
    for _, row in ipairs(endpoints) do
      if row.group == "video_agents" or row.group == "videos" then
        calls[#calls + 1] = row.group .. ":" .. row.name .. " " .. row.method .. " " .. row.path
      end
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
      "videos:create POST /v3/videos",
      "videos:create_batch POST /v3/videos/batches",
      "videos:delete DELETE /v3/videos/{video_id}",
      "videos:get GET /v3/videos/{video_id}",
      "videos:get_batch GET /v3/videos/batches/{batch_id}",
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
    -- A second PATCH or PUT sets the same again; a second DELETE finds nothing; the service says that completing an
    -- upload may be repeated, and answers an upload that is repeated with the same key by its first result. What makes
    -- "voices:create" is a search.
    local repeated = {}
    for _, row in ipairs(endpoints) do
      if row.method ~= "POST" then
        assert.is_true(row.repeatable, row.path)
      elseif row.repeatable then
        repeated[#repeated + 1] = row.group .. ":" .. row.name
      end
    end
    table.sort(repeated)
    assert.same({
      "assets:complete",
      "assets:complete_batch",
      "assets:create",
      "assets:create_direct_upload",
      "video_agents:stop",
      "voices:create",
    }, repeated)
  end)

  it("sends bodies with POST, PATCH and PUT only", function()
    local WITH_BODY = { POST = true, PATCH = true, PUT = true }
    for _, row in ipairs(endpoints) do
      local empty = row.name == "rotate_secret"
      assert.equal(WITH_BODY[row.method] == true and not empty, row.body ~= nil, row.path)
      assert.equal(row.body_union and row.body_union.fields or row.body, row.body)
    end
  end)

  it("has limit, token and an iterator on everything in pages, and only there", function()
    local seen = {}
    for _, row in ipairs(endpoints) do
      local paged = (row.list or row.batch) == true
      assert.equal(paged, row.query.token ~= nil, row.path)
      assert.equal(paged, row.query.limit ~= nil, row.path)
      assert.equal(paged, row.each ~= nil, row.path)
      if paged then
        if row.group ~= "hyperframes" then -- whose bounds are not published
          assert.equal(1, row.query.limit.min)
          assert.truthy(row.query.limit.max == 100 or row.query.limit.max == 50)
        end
        assert.equal(row.list == true, row.returns:find "%[%]$" ~= nil)
        assert.equal(row.batch == true, row.path:find "/batches/{batch_id}$" ~= nil)
        local each = row.group .. ":" .. row.each
        assert.is_nil(seen[each], each)
        seen[each] = true
        assert.equal(row.name == "list", row.each == "each")
      end
    end
  end)

  local function check_spec(spec, where, fields)
    assert.is_function(types.checkers[spec.type], where)
    assert.equal(spec.type == "array", spec.items ~= nil, where)
    assert.is_true(spec.type ~= "ids", where)
    for _, other in ipairs { spec.requires or false, spec.not_with or false } do
      assert.truthy(not other or fields[other], where)
    end
    if spec.items then
      check_spec(spec.items, where .. "[]", fields)
    end
    if spec.type == "object" and spec.fields then
      for _, list in ipairs { spec.one_of or {}, spec.any_of or {}, spec.most_one_of or {} } do
        for _, name in ipairs(list) do
          assert.is_table(spec.fields[name], where .. " " .. name)
        end
      end
      for _, clash in ipairs(spec.clashes or {}) do
        assert.truthy(spec.fields[clash[1]] and spec.fields[clash[3]], where)
      end
      for name, field in pairs(spec.fields) do
        assert.is_string(field.doc, where .. "." .. name)
        check_spec(field, where .. "." .. name, spec.fields)
      end
    elseif spec.type == "union" then
      for _, pair in ipairs(spec.infer or {}) do
        assert.is_table(spec.variants[pair[2]].fields[pair[1]], where)
      end
      for kind, variant in pairs(spec.variants) do
        assert.is_nil(variant.fields[spec.by], where)
        check_spec(variant, where .. "<" .. kind .. ">", variant.fields)
        for name in pairs(variant.fields) do
          assert.is_table(spec.fields[name], where .. " " .. name)
        end
      end
    end
  end

  it("describes every field with a type that has a checker", function()
    for _, row in ipairs(endpoints) do
      for name, spec in pairs(row.query) do
        local where = row.path .. " " .. name
        assert.is_string(spec.doc, where)
        assert.is_nil(spec.nullable, where)
        assert.truthy(("string integer number ids"):find(spec.type, 1, true), where)
      end
      if row.body_union then
        check_spec(row.body_union, row.path)
      else
        check_spec({ type = "object", fields = row.body or {} }, row.path)
        for name, spec in pairs(row.body or {}) do
          assert.is_nil(spec.not_with, name) -- checked in objects and unions only
        end
      end
    end
  end)

  it("knows which table of a union is an array, whatever the variant", function()
    for _, row in ipairs(endpoints) do
      local union = row.body_union
      for _, variant in pairs(union and union.variants or {}) do
        for name, spec in pairs(variant.fields) do
          if spec.type == "array" then
            assert.equal("array", union.fields[name].type, name)
          elseif spec.fields then
            assert.equal(spec.fields, union.fields[name].fields, name)
          end
        end
      end
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
    assert.same({ visibility = true, members = true }, create.newer)
  end)

  it("makes a request of every row from its least arguments", function()
    for _, row in ipairs(endpoints) do
      local args = least.args(row)
      local call = assert(arguments.check(row, args))
      local path = call.target:match "^[^?]*"
      assert.equal(row.path:gsub("{[^}]*}", "X"), path:gsub("id%d", "X"))
      assert.equal(row.body ~= nil, call.body ~= nil)
      -- Without any one of what is required, it is refused.
      local fields = args[#args]
      for name in pairs(fields) do
        local value = fields[name]
        fields[name] = nil
        if name ~= "type" or not row.body_union then
          assert.is_nil(arguments.check(row, args), row.path .. " " .. name)
        end
        fields[name] = value
      end
    end
  end)
end)
