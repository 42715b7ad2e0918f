-- Models without avatars and scenes: instant videos, which are jobs like those on media, and speech.
local asked = require "heygen.sim.service.asked"
local jobs = require "heygen.sim.service.job_results"
local lookup = require "heygen.sim.service.lookup"
local respond = require "heygen.sim.core.respond"

local models = {}

local INSTANT = {
  name = "models",
  prefix = "mv_",
  title = "instant video",
  parameter = "video_id",
  running = "processing",
  missing = "video_not_found",
}

-- The shorter side of the picture, by the resolution that was asked for.
local SIDES = { ["480p"] = 480, ["768p"] = 768, ["1080p"] = 1080, ["2k"] = 1440 }
local SECONDS = 5

local function size_of(body)
  local wide, high = (body.aspect_ratio or "16:9"):match "^(%d+):(%d+)$"
  local ratio, side = (tonumber(wide) or 16) / (tonumber(high) or 9), SIDES[body.resolution or "768p"]
  if ratio >= 1 then
    return math.floor(side * ratio + 0.5), side
  end
  return side, math.floor(side / ratio + 0.5)
end

function INSTANT.make(model, body, b, start)
  local job = jobs.add(model, INSTANT, b, {
    seed = body.seed,
    aspect_ratio = body.aspect_ratio or "16:9",
    model = body.model,
    seconds = body.duration or SECONDS,
  }, start)
  job.width, job.height = size_of(body)
  job.orientation = job.height > job.width and "portrait" or "landscape"
  return { job }
end

function INSTANT.show(model, job)
  local status, state = jobs.status(model, INSTANT, job)
  local null, b = model.json.null, job.run.b
  local done, failed = status == "completed", status == "failed"
  return model:finish({
    video_id = job.id,
    status = status,
    model = job.model,
    created_at = math.floor(job.run.start),
    aspect_ratio = job.aspect_ratio,
    width = job.width,
    height = job.height,
    seed = job.seed or null,
    duration = done and job.seconds or null,
    timings = done and { inference = state.finished - job.run.start } or null,
    video_url = done and jobs.url(model, job, ".mp4") or null,
    failure_code = failed and "generation_failed" or null,
    failure_message = failed and b.failure_message or null,
  }, b)
end

local made = {}
jobs.readable(INSTANT, made)
models.get_video = made.get

models.create_video = jobs.creator(INSTANT, function(_, list)
  return { video_id = list[1].id }
end)

function models.speech(model, _, body)
  local refusal = lookup.refusal(model, { voice_id = body.voice_id }, model:behaviour_now())
  if refusal then
    return refusal
  end
  local _, seconds = asked.speech(body.text, math.max(0.1, body.speed or 1))
  if seconds == 0 then
    return respond.problem(model.json, 400, "tts_text_invalid", "text has no words", "text")
  end
  local name = string.format("speech-%s-%d.wav", model.ids:hex(24), math.floor(seconds * 1000))
  local url = model.files:url(name, model.behaviour.url_expires)
  return respond.data(model.json, { audio_url = url, duration = seconds })
end

return models
