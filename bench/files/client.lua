-- One transfer by the module, in a process of its own, or none: prints seconds and the most memory that was resident.
-- usage: client.lua idle|download|upload|digested base-url certificate file
--   digested: an upload with its checksum, which takes a pass over the file of its own
local core = require "heygen.core"
local heygen = require "heygen"

local what, base_url, certificate, file = arg[1], arg[2], arg[3], arg[4]

local client = heygen.new { api_key = "k", base_url = base_url, ca_file = certificate }
local video = assert(client.videos:get "video") -- what an idle client has done as well
local began = core.now()
if what == "download" then
  assert(client:download(video, file, { overwrite = true }))
elseif what == "upload" or what == "digested" then
  assert(client.assets:upload(file, { direct = true, checksum = what == "digested" }))
end
local seconds = core.now() - began

local peak
for line in io.lines "/proc/self/status" do
  peak = peak or line:match "^VmHWM:%s*(%d+) kB"
end
print(("seconds=%.3f peak_kb=%s"):format(seconds, peak))
