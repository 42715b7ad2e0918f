-- The methods that wait: client.<group>:wait and its like, made for the groups whose jobs can be waited for.
local batch = require "heygen.wait.batch"
local check_colon = require("heygen.api.call").check_colon
local job = require "heygen.wait.job"
local job_types = require "heygen.wait.job_types"
local outcome = require("heygen.errors").outcome
local video = require "heygen.wait.video"

local methods = {}

-- What these make is a video.
local VIDEOS = { videos = true, templates = true }

local function of_video(group)
  local call = ("client.%s:wait"):format(group)
  return function(self, target, wait)
    local client = check_colon(self, "client", call .. "(...)")
    return outcome(video.wait(client, call, target, wait, 2))
  end
end

local function of_job(row)
  local form = ("client.%s:%s(...)"):format(row.group, row.method)
  return function(self, target, wait)
    local client = check_colon(self, "client", form)
    return outcome(job.wait(client, row, target, wait, 2))
  end
end

local function of_batch(group)
  local form = ("client.%s:wait_batch(...)"):format(group)
  return function(self, target, wait)
    local client = check_colon(self, "client", form)
    return outcome(batch.wait(client, group, target, wait, 2))
  end
end

---The methods of a group that wait; see api/extra_methods.lua.
---@param group string
---@return table<string, function>
function methods.methods(group)
  local made = {}
  if VIDEOS[group] then
    made.wait = of_video(group)
  end
  for _, row in ipairs(job_types.rows) do
    if row.group == group then
      made[row.method] = of_job(row)
    end
  end
  if job_types.batches[group] then
    made.wait_batch = of_batch(group)
  end
  return made
end

return methods
