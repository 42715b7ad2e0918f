-- Renders of HyperFrames projects: jobs like those on media, in their own words. What is in a project is not read:
-- the clip that comes out is the usual one.
local jobs = require "heygen.sim.service.job_results"
local respond = require "heygen.sim.core.respond"

local PAGE, PAGE_MOST = 10, 100

local RENDER = {
  name = "hyperframes",
  prefix = "hfr_",
  title = "render",
  parameter = "render_id",
  queued = "queued",
  running = "rendering",
  missing = "hyperframes_render_not_found",
}

-- What a request says of a render, and every answer about it repeats.
local SAID = { "title", "callback_id", "composition" }
local DEFAULTS =
  { format = "mp4", fps = 30, quality = "standard", resolution = "1080p", aspect_ratio = "16:9" }

function RENDER.make(model, body, b, start)
  local fields = { callback_url = body.callback_url }
  for _, name in ipairs(SAID) do
    fields[name] = body[name]
  end
  for name, default in pairs(DEFAULTS) do
    fields[name] = body[name] or default
  end
  local job = jobs.add(model, RENDER, b, fields, start)
  job.orientation = job.aspect_ratio == "9:16" and "portrait" or "landscape"
  return { job }
end

function RENDER.show(model, job)
  local status, state = jobs.status(model, RENDER, job)
  local null, b, done = model.json.null, job.run.b, status == "completed"
  local object = {
    render_id = job.id,
    status = status,
    created_at = math.floor(job.run.start),
    completed_at = done and math.floor(state.finished) or null,
    duration = done and b.clip_seconds or null,
    video_url = done and jobs.url(model, job, ".mp4") or null,
    thumbnail_url = done and jobs.url(model, job, ".jpg") or null,
    failure_message = status == "failed" and b.failure_message or null,
  }
  for _, name in ipairs(SAID) do
    object[name] = job[name] or null
  end
  for name in pairs(DEFAULTS) do
    object[name] = job[name]
  end
  return model:finish(object, b)
end

local made = {}
jobs.readable(RENDER, made)

local renders = { get_render = made.get }

renders.create_render = jobs.creator(RENDER, function(_, list)
  return { render_id = list[1].id }
end)

function renders.renders(model, request, query)
  local limit = math.max(1, math.min(query.limit or PAGE, PAGE_MOST))
  return made.list(model, request, { limit = limit, token = query.token })
end

function renders.delete_render(model, request, body, id)
  local response = made.delete(model, request, body, id)
  return response.status == 200 and respond.data(model.json, { render_id = id }) or response
end

return renders
