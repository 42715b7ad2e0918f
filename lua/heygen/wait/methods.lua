-- client.<group>:wait and its like: which group waits for what is in jobs.lua.
local batch_wait = require "heygen.wait.batch"
local generation = require "heygen.wait.video"
local job_wait = require "heygen.wait.job"
local jobs = require "heygen.wait.kinds"

local wait_methods = {}

local check_colon = require("heygen.api.call").check_colon
local outcome = require("heygen.errors").outcome

-- What these make is a video.
local VIDEOS = { videos = true, templates = true }

local function of_video(group)
  local form = ("client.%s:wait(...)"):format(group)
  return function(self, target, wait)
    local client = check_colon(self, "client", form)
    return outcome(generation.wait(client, target, wait, 2))
  end
end

local function of_job(row)
  local form = ("client.%s:%s(...)"):format(row.group, row.method)
  return function(self, target, wait)
    local client = check_colon(self, "client", form)
    return outcome(job_wait.wait(client, row, target, wait, 2))
  end
end

local function of_batch(group)
  local form = ("client.%s:wait_batch(...)"):format(group)
  return function(self, target, wait)
    local client = check_colon(self, "client", form)
    return outcome(batch_wait.wait(client, group, target, wait, 2))
  end
end

---The methods of a group that wait; see api/extra_methods.lua.
---@param group string
---@return table<string, function>
function wait_methods.methods(group)
  local methods = {}
  if VIDEOS[group] then
    methods.wait = of_video(group)
  end
  for _, row in ipairs(jobs.rows) do
    if row.group == group then
      methods[row.method] = of_job(row)
    end
  end
  if jobs.batches[group] then
    methods.wait_batch = of_batch(group)
  end
  return methods
end

return wait_methods
