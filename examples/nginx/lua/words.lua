-- What the studio says to its visitors.
local words = {
  busy = "The studio is busy with other videos. Try again in some minutes.",
  full = "The studio has no room for another video.",
  no_file_yet = "The file is not there yet. Try again in a moment.",
  no_prompt = "Say what the video should show.",
  no_order = "The order could not be read.",
  no_video = "The studio does not know this video.",
}

-- ---- how far it is ----

local STATUS = {
  thinking = "Writing the script",
  reviewing = "Reviewing the script",
  waiting = "Waiting for its turn",
  pending = "Waiting for its turn",
  generating = "Rendering",
  processing = "Rendering",
  completed = "Finishing",
  failed = "The service is having another try",
}

local STATES = {
  ordering = "Sending the order",
  ready = "Ready",
  failed = "It did not work",
  cancelled = "Cancelled",
}

---@param video Video
---@return string
function words.status(video)
  return STATES[video.state] or STATUS[video.status] or video.status or "Asking how far it is"
end

---@param count integer
---@return string 10,000
function words.count(count)
  local text = ("%d"):format(count):reverse():gsub("(%d%d%d)", "%1,"):reverse()
  return (text:gsub("^,", ""))
end

-- ---- what went wrong ----

local BY_CODE = {
  content_policy_violation = "The service does not allow this prompt. Other words may do.",
  quota_exceeded = "The studio has made all the videos that it may make for now.",
}

local BY_STATUS = {
  [401] = "The studio's key was not accepted. That is for its owner to mend.",
  [402] = "The studio's account has no credit left. Nothing was made, and nothing charged.",
  [403] = "The studio's key does not allow this. That is for its owner to mend.",
  [404] = "The service does not know this video any more.",
  [429] = "The service is busy with other videos. Try again in some minutes.",
}

local BY_KIND = {
  network = "The service could not be reached.",
  timeout = "The service takes too long.",
  closed = "The studio was interrupted while it sent the order.",
}

-- Ours say "client:create: prompt: ...": the place is for programmers.
local function without_place(message)
  local text = message:gsub("^[%w_.]+: ", ""):gsub("^[%w_.]+:[%w_]+: ", "")
  return (text:gsub("^%l", string.upper))
end

-- True when the service may have a job whose id is not known.
local function is_unsure(err)
  local refused = err.kind == "api" and err.status and err.status >= 400 and err.status < 500
  return not err.session_id and not err.video_id and err.sent ~= "no" and not refused
end

---@param err heygen.Error
---@return string problem for the visitor
---@return string detail for those who help the visitor
---@return boolean unsure it may have been ordered all the same: ordering again may cost twice
function words.problem(err)
  local problem = BY_CODE[err.code] or (err.kind == "api" and BY_STATUS[err.status]) or BY_KIND[err.kind]
  if not problem and err.kind == "api" and err.status and err.status >= 500 then
    problem = "The service has trouble."
  end
  problem = problem or without_place(err.message)
  local unsure = is_unsure(err)
  if unsure then
    problem = problem .. " The video may be on order all the same: ask the studio before you order it again."
  end
  local parts = { err.kind }
  for _, name in ipairs { "status", "code", "request_id", "session_id", "video_id" } do
    if err[name] then
      parts[#parts + 1] = name:gsub("_", " ") .. " " .. err[name]
    end
  end
  return problem, table.concat(parts, ", "), unsure
end

---@param raised string by heygen.new
---@return string
function words.no_client(raised)
  if raised:find("api_key: missing", 1, true) then
    return "The studio has no key: its owner has to set HEYGEN_API_KEY."
  end
  return "The studio is not set up yet."
end

return words
