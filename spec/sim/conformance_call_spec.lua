-- Every endpoint, as it is called: keys, methods, paths, queries, pages, errors; and the shape of each answer.
local contract = require "heygen.sim.contract"
local judge = require "spec.support.judge"
local conform = require "spec.support.conform"
local core = require "heygen.core"
local support = require "spec.support.sim_model"
local world = require "spec.support.world"

-- The page sizes as published: largest, usual.
local PAGES = {
  ["video_agents.list"] = { 100, 20 },
  ["video_agents.styles"] = { 100, 20 },
  ["videos.list"] = { 100, 10 },
  ["videos.get_batch"] = { 100, 100 },
  ["assets.get_batch"] = { 100, 100 },
  ["assets.list"] = { 100, 20 },
  ["assets.search"] = { 50, 20 },
  ["webhooks.list_endpoints"] = { 100, 10 },
  ["webhooks.events"] = { 100, 10 },
  ["voices.list"] = { 100, 20 },
  ["avatars.list"] = { 50, 20 },
  ["avatars.looks"] = { 50, 20 },
  ["brand_kits.list"] = { 100, 20 },
  ["brand_glossaries.list"] = { 100, 10 },
  ["audio.sounds"] = { 50, 10 },
  ["templates.list"] = { 100, 10 },
  ["video_translations.list"] = { 100, 10 },
}

local function query_of(sim, endpoint, changes)
  local all, parts = {}, {}
  for name, field in pairs(endpoint.query or {}) do
    if field.type == "ids" then
      local one = { video_ids = sim.video_id, asset_ids = sim.ids.asset_id }
      all[name] = name == "batch_ids" and sim.batches[endpoint.id:match "^[^%.]+"]
        or one[name]
        or sim:parameter(endpoint, (name:gsub("s$", "")))
    elseif field.required then
      all[name] = sim.ids[name] or (field.enum and field.enum[1]) or "a"
    end
  end
  for name, value in pairs(changes or {}) do
    all[name] = value or nil
  end
  for name, value in pairs(all) do
    parts[#parts + 1] = name .. "=" .. core.escape(tostring(value))
  end
  return parts[1] and "?" .. table.concat(parts, "&") or ""
end

local function body_of(sim, endpoint)
  if endpoint.multipart then
    return world.upload "\137PNG\r\n\26\n...."
  end
  local body = endpoint.body and conform.bodies(endpoint, false, sim.ids)[1].body
  if endpoint.id == "templates.generate" then
    body.variables = { headline = "x" }
  end
  return body and core.encode(body) or ""
end

local function call(sim, endpoint, changes, headers)
  local body, more = body_of(sim, endpoint)
  for name, value in pairs(headers or {}) do
    more = more or {}
    more[name] = value
  end
  return sim:ask(endpoint.method, sim:path(endpoint) .. query_of(sim, endpoint, changes), body, more)
end

local function is_problem(value, status, param)
  local problem = value.error
  assert.equal(status, contract.ERRORS[problem.code] or problem.code)
  assert.is_string(problem.message)
  assert.equal(
    "https://developers.heygen.com/docs/error-codes#" .. problem.code:gsub("_", "-"),
    problem.doc_url
  )
  assert.equal(param, problem.param)
end

describe("the contract of calls", function()
  for _, endpoint in ipairs(contract.ENDPOINTS) do
    describe(endpoint.id, function()
      it("gives an answer of its shape", function()
        for _, nulls in ipairs { "present", "absent" } do
          local status, value, response = call(world.new { behaviour = { nulls = nulls } }, endpoint)
          assert.equal(endpoint.status or 200, status, response.body)
          assert.equal("", judge.answer(endpoint, value, nulls == "present"))
          assert.equal("application/json", support.header(response, "Content-Type"))
        end
      end)

      it("wants a key", function()
        local sim = world.new()
        local status, value = call(sim, endpoint, nil, { ["x-api-key"] = false })
        assert.equal(401, status)
        is_problem(value, 401)
        local bearer = { ["x-api-key"] = false, authorization = "Bearer token" }
        assert.equal(endpoint.status or 200, (call(sim, endpoint, nil, bearer)))
      end)

      it("knows its methods", function()
        local sim = world.new()
        local status, _, response = sim:ask("TRACE", sim:path(endpoint))
        assert.equal(405, status)
        local allow = ", " .. support.header(response, "Allow") .. ","
        assert.is_truthy(allow:find(", " .. endpoint.method .. ",", 1, true))
      end)

      for name in endpoint.path:gmatch "{([%w_]+)}" do
        it("answers 404 for an unknown " .. name, function()
          local sim = world.new()
          local before = sim.model.ids.a
          local status, value = sim:ask(
            endpoint.method,
            sim:path(endpoint, name) .. query_of(sim, endpoint),
            body_of(sim, endpoint)
          )
          assert.equal(404, status)
          is_problem(value, 404, name)
          assert.equal(before, sim.model.ids.a)
        end)
      end
    end)
  end
end)

describe("the contract of queries", function()
  local function refused(sim, endpoint, changes, param)
    local status, value = call(sim, endpoint, changes)
    assert.equal(400, status, param)
    is_problem(value, 400, param)
    assert.equal("invalid_parameter", value.error.code)
  end

  for _, endpoint in ipairs(contract.ENDPOINTS) do
    local query = endpoint.query or {}

    if query.limit and query.limit.max then -- that of renders is not published
      it("has pages of the right size: " .. endpoint.id, function()
        local sim = world.new()
        local known = PAGES[endpoint.id] or { 100, query.limit.default }
        assert.same({ 1, known[1], known[2] }, { query.limit.min, query.limit.max, query.limit.default })
        for _, limit in ipairs { 1, known[1] } do
          assert.equal(200, (call(sim, endpoint, { limit = limit })))
        end
        for _, limit in ipairs { 0, known[1] + 1, -1, "x", "", "1.5", "99999999999999999999" } do
          refused(sim, endpoint, { limit = limit }, "limit")
        end
        for _, token in ipairs { "x", "", "eyJsYXN0X2lkIjoiYSJ9", "%" } do
          refused(sim, endpoint, { token = token }, "token")
        end
      end)
    end

    for name, field in pairs(query) do
      if field.required then
        it(endpoint.id .. " needs " .. name, function()
          local sim = world.new()
          refused(sim, endpoint, { [name] = false }, name)
          refused(sim, endpoint, { [name] = "" }, name)
        end)
      end
      if field.enum then
        it(endpoint.id .. " takes every " .. name .. " that there is, and no other", function()
          local sim = world.new()
          for _, value in ipairs(field.enum) do
            local status, answer = call(sim, endpoint, { [name] = value })
            assert.equal(200, status)
            assert.equal("", judge.answer(endpoint, answer))
          end
          refused(sim, endpoint, { [name] = "nonsense" }, name)
        end)
      end
      if field.type == "ids" then
        it(endpoint.id .. " takes 100 ids in " .. name .. " and no more", function()
          local sim = world.new()
          local other = {}
          for each in pairs(query) do
            other[each] = false
          end
          local ids = {}
          for i = 1, 100 do
            ids[i] = "id" .. i
          end
          other[name] = table.concat(ids, ",")
          local status, value = call(sim, endpoint, other)
          assert.equal(200, status)
          assert.equal(100, #value.data)
          assert.equal("not_found", value.data[100].status)
          other[name] = other[name] .. ",id101"
          refused(sim, endpoint, other, name)
          other[name] = false
          status = call(sim, endpoint, other)
          assert.equal(400, status)
        end)
      end
      if field.type == "number" then
        it(endpoint.id .. " bounds " .. name, function()
          local sim = world.new()
          assert.equal(200, (call(sim, endpoint, { [name] = field.max })))
          refused(sim, endpoint, { [name] = field.max + 0.5 }, name)
          refused(sim, endpoint, { [name] = "x" }, name)
        end)
      end
      if field.type == "string" and field.min and not field.required then
        it(endpoint.id .. " wants " .. name .. " to say something", function()
          refused(world.new(), endpoint, { [name] = "" }, name)
        end)
      end
    end

    it("refuses broken percent-encoding: " .. endpoint.id, function()
      if endpoint.query then
        local sim = world.new()
        assert.equal(400, (sim:ask("GET", sim:path(endpoint) .. "?a=%zz")))
      end
    end)
  end
end)

describe("pages", function()
  -- Items of a list, by what tells them apart.
  local function identity(item)
    return item.id
      or item.voice_id
      or item.style_id
      or item.session_id
      or item.brand_kit_id
      or item.template_id
      or item.brand_glossary_id
      or item.endpoint_id
      or item.event_id
      or item.render_id
  end

  for _, endpoint in ipairs(contract.ENDPOINTS) do
    if endpoint.list and endpoint.query and endpoint.query.limit then
      it("of " .. endpoint.id .. " give everything once", function()
        local sim = world.new()
        for i = 1, 3 do
          sim:create { prompt = "Video " .. i }
          sim:must("POST", "/v3/webhooks/endpoints", { url = "https://example.com/" .. i })
        end
        sim.model.clock:advance(1000)
        local function walk(limit)
          local seen, list, token = {}, {}, nil
          repeat
            local status, value = call(sim, endpoint, { limit = limit, token = token })
            assert.equal(200, status)
            assert.is_true(#value.data <= limit)
            for _, item in ipairs(value.data) do
              assert.is_nil(seen[identity(item)])
              seen[identity(item)] = true
              list[#list + 1] = identity(item)
            end
            token = value.next_token
            assert.equal(value.has_more, token ~= nil)
          until token == nil
          return list
        end
        local all = walk(2)
        assert.same(all, walk(50))
      end)
    end
  end
end)
