-- Renders of HyperFrames projects from end to end: a local archive goes up directly, the render is waited for, listed,
-- downloaded and deleted, against the simulator.
local child = require "spec.support.child"
local core = require "heygen.core"
local heygen = require "heygen"
local live = require "spec.support.live"
local scripts = require "spec.support.scripts"
local shell = require "spec.support.shell"
local support = require "spec.support.sim"

local ZIP = "PK\3\4" .. ("index.html"):rep(20)
local SECRET = "whsec_0123456789abcdef"

describe("HyperFrames", function()
  local sim, client, directory

  setup(function()
    sim = support.start { speed = 0, behaviour = { asset_processing = 0 } }
    client = live.client(sim)
    directory = child.scratch()
    shell.must("mkdir " .. directory)
  end)

  teardown(function()
    client:close()
    sim:stop()
    shell.must("rm -r " .. directory)
  end)

  before_each(function()
    sim:reset()
    sim:behaviour { asset_processing = 0, video_fails = false }
  end)

  local function write(name, bytes)
    local file = assert(io.open(directory .. "/" .. name, "wb"))
    file:write(bytes)
    file:close()
    return directory .. "/" .. name
  end

  local function routes()
    local list = {}
    for _, request in ipairs(sim:requests()) do
      local path = request.path:gsub("[^/]*%d%w%w%w%w%w%w%w[^/]*", "*")
      list[#list + 1] = request.method .. " " .. path
    end
    table.sort(list)
    return table.concat(list, ", ")
  end

  local DIRECT = "POST /v3/assets/*/complete, POST /v3/assets/direct-uploads, "
    .. "POST /v3/hyperframes/renders, PUT /uploads/*"

  it("sends a project on disk or in memory as a direct upload, as a ZIP archive", function()
    local GIVEN = { write("project.zip", ZIP), { path = write("project", ZIP) }, { bytes = ZIP } }
    for index, project in ipairs(GIVEN) do
      sim:reset()
      sim:behaviour { asset_processing = 0 }
      client = live.client(sim)
      local made = assert(client.hyperframes:create_render { project = project, title = "Intro" })
      assert.matches("^hfr_", made.render_id)
      assert.equal(DIRECT, routes(), index)
      local asset = assert(client.assets:list { username = "sim_user" }).data[1]
      assert.matches("%.zip$", asset.name .. (index == 2 and ".zip" or ""))
      assert.equal("Intro", assert(client.hyperframes:get_render(made)).title)
    end
  end)

  it("refuses what is no archive before anything is sent", function()
    for _, project in ipairs { write("a.zip", "<html></html>"), { bytes = "\137PNG\r\n\26\n" } } do
      local err = live.failure(client.hyperframes:create_render { project = project })
      assert.same({ "invalid", "project", "no" }, { err.kind, err.param, err.sent })
    end
    assert.equal("", routes())
    assert.has_error(function()
      client.hyperframes:create_render { title = "x" }
    end)
  end)

  it("is waited for, iterated over, downloaded and deleted", function()
    local made
    for index = 1, 3 do
      local fields = { project = { url = "https://example.com/p.zip" }, title = tostring(index), fps = 24 }
      made = assert(client.hyperframes:create_render(fields))
    end
    local events = {}
    local done = assert(client.hyperframes:wait(made, live.moving(sim, events, 200)))
    assert.same({ made.render_id, "completed", 24 }, { done.render_id, done.status, done.fps })
    assert.equal(made.render_id, events[1].render_id)
    local statuses = {}
    for _, event in ipairs(events) do
      statuses[event.status] = true
    end
    assert.is_true(statuses.queued and statuses.rendering)
    local titles = {}
    for render in client.hyperframes:each_render { limit = 2 } do
      titles[#titles + 1] = render.title
    end
    assert.equal("3 2 1", table.concat(titles, " "))
    local path = directory .. "/render.mp4"
    assert(client:download(done, path))
    assert.equal("ftyp", scripts.read(path):sub(5, 8))
    assert.same({ render_id = made.render_id }, assert(client.hyperframes:delete_render(done)))
    local err = live.failure(client.hyperframes:wait(made, live.QUICK))
    live.check(err, {
      kind = "api",
      status = 404,
      code = "hyperframes_render_not_found",
      render_id = made.render_id,
    })
    assert.equal(2, #assert(client.hyperframes:renders()).data)
  end)

  it("keeps the reason of a failure", function()
    sim:behaviour { video_fails = true }
    local made = assert(client.hyperframes:create_render { project = { url = "https://example.com/p.zip" } })
    local err = live.failure(client.hyperframes:wait(made, live.moving(sim, {}, 400)))
    live.check(err, { kind = "failed", render_id = made.render_id })
    assert.matches("the render failed: The video could not be rendered", err.message)
  end)

  it("is no render without an id, nor one about another render", function()
    sim:faults {
      { method = "POST", path = "/v3/hyperframes/renders", body = '{"data":{"status":"queued"}}', times = 1 },
    }
    local err =
      live.failure(client.hyperframes:create_render { project = { url = "https://example.com/p.zip" } })
    live.check(err, { kind = "parse", sent = "yes", status = 200 })
    local quick = live.client(sim, { max_retries = 0 })
    local path = "/v3/hyperframes/renders/r1"
    sim:faults {
      { path = path, body = '{"data":{"render_id":"r2","status":"completed"}}', times = 1 },
      { path = path, body = '{"data":{"status":"completed"}}', times = 1 },
    }
    live.check(live.failure(quick.hyperframes:get_render "r1"), { kind = "parse", render_id = "r1" })
    assert.equal("r1", assert(quick.hyperframes:get_render "r1").render_id)
  end)

  it("relies on deliveries no more once its end came without one", function()
    local router = heygen.webhook.router { secrets = { SECRET }, on = {}, working = true }
    local function works()
      return router:watch("x"):working "hyperframes_video"
    end
    assert.is_true(works())
    local made = assert(client.hyperframes:create_render { project = { url = "https://example.com/p.zip" } })
    assert(client.hyperframes:wait(made, live.moving(sim, {}, 400, { webhook = router })))
    assert.is_false(works())
  end)

  it("ends its wait with a delivery", function()
    local router = heygen.webhook.router { secrets = { SECRET }, on = {} }
    local took
    heygen.run(function()
      local made =
        assert(client.hyperframes:create_render { project = { url = "https://example.com/p.zip" } })
      local began = core.now()
      heygen.spawn(function()
        heygen.sleep(0.3)
        sim:clock { advance = 1000 }
        local body = ('{"event_type":"hyperframes_video.success","event_data":{"render_id":"%s"}}'):format(
          made.render_id
        )
        assert.equal(200, (router:handle("POST", heygen.webhook.sign(body, SECRET), body)))
      end)
      assert(client.hyperframes:wait(made, { webhook = router, interval = 30 }))
      took = core.now() - began
    end)
    assert.is_true(took < 10, took .. " s")
  end)
end)
