-- Work on media that exists: each piece is a run like a video's, found by its kind and id.
local account = require "heygen.sim.service.account"
local batches = require "heygen.sim.service.batches"
local files = require "heygen.sim.service.files"
local running = require "heygen.sim.core.running"
local lookup = require "heygen.sim.service.lookup"
local media = require "heygen.sim.media"
local pages = require "heygen.sim.core.pages"
local rendering = require "heygen.sim.service.rendering"
local respond = require "heygen.sim.core.respond"
local voices = require "heygen.sim.service.voices"

local jobs = {}

local function shelf(model, kind)
  model.jobs[kind] = model.jobs[kind] or { rows = {}, by_id = {} }
  return model.jobs[kind]
end

--- Makes a job and sets it going.
---@param model table
---@param kind table { name, prefix of its ids }
---@param b table behaviour
---@param fields table what is known of it: title, callback_url, callback_id, seconds = its length, …
---@param start number|nil Unix seconds
---@return table job
function jobs.add(model, kind, b, fields, start)
  local all, job = shelf(model, kind.name), {}
  for name, value in pairs(fields) do
    job[name] = value
  end
  job.id, job.place, job.orientation = kind.prefix .. model.ids:hex(24), #all.rows + 1, "landscape"
  job.run, job.kind = rendering.run(model, b, { start = start, seconds = job.seconds }), kind.name
  job.run.job = job
  all.rows[job.place], all.by_id[job.id] = job, job
  running.start(model, job.run)
  model.journal:count "creates"
  return job
end

---@return table|nil job
function jobs.find(model, kind, id)
  return shelf(model, kind.name).by_id[id]
end

---@return table response
function jobs.gone(model, kind, id)
  local message = "No " .. kind.title .. " " .. id .. " was found"
  return respond.problem(model.json, 404, kind.missing or "resource_not_found", message, kind.parameter)
end

--- Checks whether a job may begin: its ids, the balance, the number of jobs.
---@param kind table with problem(body) → problem where there are rules that a single field cannot say
---@return table|nil refusal the response, when not
function jobs.refusal(model, kind, body, b)
  local problem = kind.problem and kind.problem(body)
  if problem then
    return respond.problem(model.json, problem.status, problem.code, problem.message, problem.param)
  end
  return lookup.refusal(model, body, b) or account.refusal(model, b) or running.refusal(model, b) or nil
end

--- Where it stands, in its kind's words.
---@return string status, table|nil state nil while it waits for its turn
function jobs.status(model, kind, job)
  local state = rendering.state(model, job.run)
  if not state then
    return kind.queued or "pending"
  elseif state.video_status == "processing" then
    return kind.running or "running", state
  elseif state.video_status == "pending" then
    return kind.queued or "pending", state
  end
  return state.video_status, state
end

--- A fresh URL of a file that has come out of it.
---@param job table
---@param ending string ".mp4", ".srt", …; "_<name>.mp4" of one of job.parts
---@return string url
function jobs.url(model, job, ending)
  return model.files:url(job.id .. ending, job.run.b.url_expires)
end

--- What all kinds show.
---@return table object, boolean done
function jobs.view(model, kind, job)
  local null = model.json.null
  local status = jobs.status(model, kind, job)
  local b, failed = job.run.b, status == "failed"
  return {
    id = job.id,
    status = status,
    title = job.title or null,
    created_at = math.floor(job.run.start),
    failure_message = failed and b.failure_message or null,
    callback_id = job.callback_id or null,
  },
    status == "completed"
end

-- ---- what every kind can do

--- The handlers get, list and delete of a kind.
---@param kind table with show(model, job, is_listed) → object; says_deleted: what a delete says besides the id
---@param handlers table to put them in
function jobs.readable(kind, handlers)
  function handlers.get(model, _, _, id)
    local job = jobs.find(model, kind, id)
    job = job and model.clock:now() >= job.run.start + job.run.b.not_found_first and job
    return job and respond.data(model.json, kind.show(model, job)) or jobs.gone(model, kind, id)
  end

  function handlers.list(model, _, query)
    local rows = shelf(model, kind.name).rows
    return model:page(pages.cut(rows, kind.name, query.limit, query.token, function(job)
      return kind.show(model, job, true)
    end))
  end

  function handlers.delete(model, _, _, id)
    local job, all = jobs.find(model, kind, id), shelf(model, kind.name)
    if not job then
      return jobs.gone(model, kind, id)
    end
    all.rows[job.place], all.by_id[id], job.deleted = false, nil, true
    return respond.data(model.json, { id = id, deleted = kind.says_deleted })
  end
end

local ITEM = { pending = "queued", completed = "completed", failed = "failed" }

local function item(model, kind, each)
  if not each.job then
    return "failed", nil, each.error
  end
  local status = jobs.status(model, kind, each.job)
  local b, null, problem = each.job.run.b, model.json.null, nil
  if status == "failed" then
    problem = { code = b.failure_code or null, message = b.failure_message or null }
  end
  return ITEM[status] or "processing", each.job.id, problem
end

-- The items of a batch: the jobs that each entry makes, or the error of an entry.
local function make_items(model, kind, entries, b)
  local items, turn = {}, 0
  for _, each in ipairs(entries) do
    local problem = kind.problem and kind.problem(each) or lookup.problem(model, each, b)
    if problem then
      local code = problem.code or respond.code(problem.status)
      items[#items + 1] = { error = { code = code, message = problem.message } }
    else
      turn = turn + 1
      local start = rendering.turn(model, b, turn)
      for _, job in ipairs(kind.make(model, each, b, start)) do
        items[#items + 1] = { job = job }
      end
    end
  end
  return items
end

--- The handlers update, statuses, create_batch and get_batch of a kind.
---@param kind table with make(model, body, b, start) → job
---@param handlers table to put them in
function jobs.bulk(kind, handlers)
  function handlers.update(model, _, body, id)
    local job = jobs.find(model, kind, id)
    if not job then
      return jobs.gone(model, kind, id)
    end
    job.title = body.title
    return respond.data(model.json, kind.show(model, job))
  end

  function handlers.statuses(model, _, query)
    return batches.statuses(model, kind.name, query, kind.parameter .. "s", function(id)
      local job = jobs.find(model, kind, id)
      if job then
        local status, _, problem = item(model, kind, { job = job })
        return status, problem
      end
    end, function(each)
      return item(model, kind, each)
    end)
  end

  function handlers.create_batch(model, _, body)
    local b = model:behaviour_now()
    local refusal = account.refusal(model, b)
    if refusal then
      return refusal
    end
    local items = make_items(model, kind, body[kind.name], b)
    model:behaviour_used()
    local batch = { title = body.title, callback_url = body.callback_url, b = b, items = items }
    batches.add(model, kind.name, batch)
    for _, each in ipairs(items) do
      if each.job then
        each.job.batch = batch
      end
    end
    model.outbox:batched(batch)
    return respond.json(model.json, 202, { data = { batch_id = batch.id } })
  end

  function handlers.get_batch(model, _, query, id)
    local batch = batches.find(model, kind.name, id)
    if not batch then
      return batches.gone(model, id)
    end
    return batches.show(model, batch, query, function(each)
      return item(model, kind, each)
    end)
  end
end

--- The handler create of a kind.
---@param kind table with make(model, body, b, start) → list of jobs
---@param answer function (model, list of jobs) → data
---@return function handler
function jobs.creator(kind, answer)
  return function(model, _, body)
    local b = model:behaviour_now()
    local refusal = jobs.refusal(model, kind, body, b)
    if refusal then
      return refusal
    end
    model:behaviour_used()
    return respond.data(model.json, answer(model, kind.make(model, body, b)))
  end
end

-- A file of a job, or of one of its parts: job.parts has their lengths and forms, by name.
local function make_file(job, part, ending)
  local of = part == "" and job or job.parts and job.parts[part]
  if of and ending == ".wav" then
    return { type = "audio/wav", body = voices.silence(job.run.b.clip_seconds) }
  end
  return of and media.make(ending, of)
end

files.RESOLVERS[#files.RESOLVERS + 1] = function(model, name, now)
  local id, part, ending = name:match "^(%w+_%x+)_?(%w*)(%.%w+)$"
  local known = id and (media.known(ending) or ending == ".wav")
  for _, all in pairs(known and model.jobs or {}) do
    local job = all.by_id[id]
    local state = job and rendering.state(model, job.run)
    if state and state.video_status == "completed" and now >= state.finished + job.run.b.file_late then
      local file = make_file(job, part, ending)
      return file and { type = file.type, body = file.body, modified = state.finished }
    end
  end
end

return jobs
