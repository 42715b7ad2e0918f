-- What the game says to the player, and what it makes of the texts of others.
local core = require "heygen.core"
local utf8 = require "utf8" -- LÖVE has it, whatever Lua it is built on

local words = {}

---Text that can be drawn: LÖVE raises for invalid UTF-8.
---@param text any
---@return string
function words.clean(text)
  text = tostring(text):gsub("[%z\1-\31\127]", " ")
  return core.utf8_length(text) and text or text:gsub("[\128-\255]", "?")
end

---The first characters of a text.
---@param text string
---@param most integer
---@return string
function words.first(text, most)
  local stop = utf8.offset(text, most + 1)
  return stop and text:sub(1, stop - 1) or text
end

---A prompt in one short line.
---@param prompt string
---@return string
function words.title(prompt)
  local line = words.clean(prompt):gsub("%s+", " ")
  local short = words.first(line, 80)
  return short == line and line or short .. "…"
end

---@param seconds number
---@return string "0:09", "12:34", "1:02:03"
function words.clock(seconds)
  local minutes = math.floor(seconds / 60)
  if minutes < 60 then
    return ("%d:%02d"):format(minutes, seconds % 60)
  end
  return ("%d:%02d:%02d"):format(math.floor(minutes / 60), minutes % 60, seconds % 60)
end

---@param count integer
---@return string 10,000
function words.count(count)
  local text = ("%d"):format(count):reverse():gsub("(%d%d%d)", "%1,"):reverse()
  return (text:gsub("^,", ""))
end

---A path as it stands in a file:// address.
---@param path string
---@return string
function words.url_path(path)
  local slashed = path:gsub("\\", "/"):gsub("^(%a:)", "/%1")
  return (slashed:gsub("[^/:]+", core.escape))
end

-- ---- how far it is ----

local STATUS = {
  thinking = "writing the script",
  reviewing = "reviewing the script",
  waiting = "waiting for its turn",
  pending = "waiting for its turn",
  generating = "rendering",
  processing = "rendering",
  completed = "done",
  failed = "the service is having another try",
}

---@param video Video
---@return string
function words.status(video)
  if video.state == "saving" then
    return "saving the file"
  elseif not video.status then
    return (video.session_id or video.video_id) and "asking how far it is" or "sending the order"
  end
  return STATUS[video.status] or words.clean(video.status)
end

-- ---- what went wrong ----

local BY_CODE = {
  content_policy_violation = "The service does not allow this prompt. Other words may do.",
  quota_exceeded = "The account has used up what it may make in this period.",
  certificate = "The connection is not safe, so nothing was sent: the certificate is not to be trusted.",
}

local BY_STATUS = {
  [401] = "The key was not accepted.",
  [402] = "There is no credit left in the account. Nothing was made.",
  [403] = "The key does not allow this.",
  [404] = "The service does not know this video any more.",
  [429] = "Too many videos at once. Try again in a while.",
}

local BY_KIND = {
  network = "No connection. Is the network there?",
  timeout = "It takes longer than the game wants to wait.",
  cancelled = "Cancelled.",
  closed = "The game is ending.",
}

-- Ours say "heygen.new: api_key: missing": the place is for programmers.
local function without_place(message)
  local text = words.clean(message):gsub("^[%w_.]+: ", ""):gsub("^[%w_]+:[%w_]+: ", ""):gsub("^wait: ", "")
  return (text:gsub("^%l", string.upper))
end

-- True when the service may have a job whose id is not known.
local function is_unsure(err)
  local refused = err.kind == "api" and err.status and err.status >= 400 and err.status < 500
  return not err.session_id and not err.video_id and err.sent ~= nil and err.sent ~= "no" and not refused
end

---@param err heygen.Error
---@return string problem for the player
---@return string detail for those who help the player
function words.problem(err)
  local problem = BY_CODE[err.code] or (err.kind == "api" and BY_STATUS[err.status]) or BY_KIND[err.kind]
  if not problem and err.kind == "api" and err.status and err.status >= 500 then
    problem = "The service has trouble."
  end
  problem = problem or without_place(err.message)
  if is_unsure(err) then
    problem = problem .. " It may be on order all the same: check app.heygen.com before you order it again."
  elseif err.kind == "timeout" and err.session_id then
    problem = problem .. " HeyGen continues to make it."
  end
  local parts = { err.kind }
  for _, name in ipairs { "status", "code", "request_id", "session_id", "video_id" } do
    if err[name] then
      parts[#parts + 1] = name:gsub("_", " ") .. " " .. words.clean(err[name])
    end
  end
  return problem, table.concat(parts, ", ")
end

local FINAL = { failed = true, cancelled = true, input_needed = true }

---What the player can do about it.
---@param err heygen.Error
---@return string? "edit", "wait", or nothing
function words.remedy(err)
  if err.session_id or err.video_id then
    return not FINAL[err.kind] and err.status ~= 404 and "wait" or "edit"
  end
  return not is_unsure(err) and "edit" or nil
end

---@param raised string by heygen.new
---@return string
function words.no_client(raised)
  if raised:find("api_key: missing", 1, true) then
    return "There is no key: set HEYGEN_API_KEY, then start the game again."
  end
  return without_place(raised)
end

return words
