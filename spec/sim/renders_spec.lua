-- Renders of HyperFrames projects in the simulator: how they proceed, what is shown of them, and what is refused.
local support = require "spec.support.sim_model"

local PATH = "/v3/hyperframes/renders"
local PROJECT = { type = "url", url = "https://example.com/project.zip" }

describe("a render of a project", function()
  local sim

  before_each(function()
    sim = support.new { behaviour = { concurrency = 0 } }
  end)

  local function must(method, target, body)
    local status, value, response = sim:ask(method, target, body)
    assert.equal(200, status, method .. " " .. target .. " " .. response.body)
    return value.data, value
  end

  local function refused(status, code, method, target, body)
    local got, value = sim:ask(method, target, body)
    assert.same({ status, code }, { got, value.error.code })
    return value.error
  end

  local function fetch(url)
    local _, _, response = sim:ask("GET", url:match "^http://[^/]+(.*)$", nil, { ["x-api-key"] = false })
    return response.body
  end

  it("is queued, rendered and completed, with a video", function()
    local made = must("POST", PATH, { project = PROJECT, title = "Intro", composition = "main" })
    assert.same({ render_id = made.render_id }, made)
    local one = PATH .. "/" .. made.render_id
    assert.equal("queued", must("GET", one).status)
    sim.model.clock:advance(61)
    local render = must("GET", one)
    assert.same({ made.render_id, "rendering" }, { render.render_id, render.status })
    assert.is_nil(render.id)
    sim.model.clock:advance(540)
    render = must("GET", one)
    assert.same({ "completed", 10, "Intro", "main" }, {
      render.status,
      render.duration,
      render.title,
      render.composition,
    })
    assert.same(
      { "mp4", 30, "standard", "1080p", "16:9" },
      { render.format, render.fps, render.quality, render.resolution, render.aspect_ratio }
    )
    assert.equal(600, render.completed_at - render.created_at)
    assert.equal("ftyp", fetch(render.video_url):sub(5, 8))
    assert.equal("\255\216\255", fetch(render.thumbnail_url):sub(1, 3))
  end)

  it("shows what was asked for", function()
    local asked =
      { format = "webm", fps = 60, quality = "draft", resolution = "4k", aspect_ratio = "9:16", title = "T" }
    local body = { project = PROJECT, variables = { name = { "x" } } }
    for name, value in pairs(asked) do
      body[name] = value
    end
    local render = must("GET", PATH .. "/" .. must("POST", PATH, body).render_id)
    for name, value in pairs(asked) do
      assert.equal(value, render[name], name)
    end
  end)

  it("fails with its reason, and costs nothing then", function()
    sim.model:behave { video_fails = true, failure_message = "No index.html" }
    local id = must("POST", PATH, { project = PROJECT }).render_id
    sim.model.clock:advance(601)
    local render = must("GET", PATH .. "/" .. id)
    assert.same({ "failed", "No index.html" }, { render.status, render.failure_message })
    assert.equal(100, must("GET", "/v3/users/me").wallet.remaining_balance)
  end)

  it("is not found in the first seconds, where that is asked for", function()
    sim.model:behave { not_found_first = 3 }
    local id = must("POST", PATH, { project = PROJECT }).render_id
    refused(404, "hyperframes_render_not_found", "GET", PATH .. "/" .. id)
    sim.model.clock:advance(3)
    assert.equal("queued", must("GET", PATH .. "/" .. id).status)
  end)

  it("is listed in pages, newest first, and deleted", function()
    local ids = {}
    for index = 1, 12 do
      ids[index] = must("POST", PATH, { project = PROJECT }).render_id
    end
    local page, whole = must("GET", PATH)
    assert.same({ 10, ids[12], true }, { #page, page[1].render_id, whole.has_more })
    page, whole = must("GET", PATH .. "?limit=2")
    assert.same({ 2, ids[11] }, { #page, page[2].render_id })
    local token = whole.next_token:gsub("[^%w]", function(character)
      return ("%%%02X"):format(character:byte())
    end)
    assert.equal(ids[10], must("GET", PATH .. "?limit=2&token=" .. token)[1].render_id)
    assert.equal(1, #must("GET", PATH .. "?limit=0"))
    refused(400, "invalid_parameter", "GET", PATH .. "?limit=x")
    local one = PATH .. "/" .. ids[12]
    assert.same({ render_id = ids[12] }, must("DELETE", one))
    refused(404, "hyperframes_render_not_found", "GET", one)
    assert.equal("render_id", refused(404, "hyperframes_render_not_found", "DELETE", one).param)
    assert.equal(ids[11], must("GET", PATH .. "?limit=1")[1].render_id)
  end)

  it("needs a project that is there, and known values", function()
    assert.equal("project", refused(400, "invalid_parameter", "POST", PATH, { title = "x" }).param)
    refused(404, "asset_not_found", "POST", PATH, { project = { type = "asset_id", asset_id = "nothing" } })
    for name, value in pairs { format = "avi", resolution = "8k", aspect_ratio = "2:1", fps = "30" } do
      local body = { project = PROJECT, [name] = value }
      assert.equal(name, refused(400, "invalid_parameter", "POST", PATH, body).param)
    end
    refused(422, "invalid_parameter", "POST", PATH, { project = PROJECT, project_id = "x" })
  end)
end)
