-- What the simulated service does on which day: every switch, with its default and its meaning.
local odd = require "heygen.sim.core.odd_json"

local behaviour = {}

-- Seconds are simulated ones.
local SWITCHES = {
  { "thinking", "seconds", 120, "how long a session thinks" },
  { "reviewing", "seconds", 0, 'how long it is "reviewing" after that' },
  { "pending", "seconds", 60, "how long the video is pending once rendering begins" },
  { "processing", "seconds", 540, "how long the video is processing after that" },
  {
    "video_id",
    { "at_once", "late", "never" },
    "at_once",
    "when the session shows its video id (in chat mode: late)",
  },
  { "session_404_after_video", "boolean", false, "the session answers 404 once its video id has been seen" },
  { "session_fails", "boolean", false, "the session fails for good, without a video" },
  { "session_fails_then_recovers", "seconds", 0, "the session shows failed for so long, then continues" },
  { "session_fails_after", "seconds?", false, "when the two above begin (default: half of thinking)" },
  { "video_fails", "boolean", false, "the video fails at the end of its processing" },
  { "failure_code", "string?", "rendering_failed", "failure_code of a failed video, or null" },
  { "failure_message", "string?", "The video could not be rendered.", "its failure_message, or null" },
  {
    "reason_in",
    { "fields", "error", "failure_reason", "detail" },
    "fields",
    "where a failed video and its webhook say why",
  },
  {
    "error_message",
    "string?",
    "Something went wrong while making your video.",
    "text of the error message in a failed session, or null",
  },
  {
    "unknown_status",
    "string?",
    false,
    "a status of session and video before they complete, e.g. polishing",
  },
  { "unknown_status_seconds", "seconds", 60, "for how long" },
  {
    "waiting_for_input",
    "boolean or chat",
    "chat",
    "after thinking, wait for a message: true, false, chat (only in chat mode)",
  },
  { "message_revives", "boolean", false, "a message to a failed session sets it going again" },
  { "stall", "boolean", false, "the session thinks for ever" },
  { "video_url_late", "seconds", 0, "how long video_url stays null after completed" },
  { "file_late", "seconds", 0, "how long the file answers 404 after completed" },
  { "url_expires", "seconds", 604800, "life of a presigned URL; afterwards it answers 403" },
  {
    "clip_seconds",
    "clip?",
    false,
    "length of videos, fractions allowed; null: as the request says, else 10",
  },
  {
    "captions",
    { "asked", "always", "never" },
    "asked",
    "subtitles and captioned variants",
  },
  {
    "not_found_first",
    "seconds",
    0,
    "how long a session, a job, or a video since it can be seen, answers 404 at first",
  },
  {
    "answers_in_chat",
    "boolean",
    false,
    "the agent answers in words: the session completes, no video is rendered",
  },
  { "odd_json", odd.names(), "none", "answers of the API and webhooks hold odd JSON" },
  { "numeric_ids", "boolean", false, "ids of sessions and videos are numbers" },
  { "nulls", { "absent", "present" }, "absent", "fields without a value: left out, or null" },
  {
    "unknown_fields",
    { "refused", "ignored" },
    "refused",
    "body fields that the API does not know: 422, or no effect",
  },
  { "extra_fields", "boolean", false, "answers carry unknown fields" },
  { "concurrency", "count", 10, "sessions that may run at once, else 429; 0: no limit" },
  { "webhook_delay", "seconds", 0, "how late a webhook is" },
  { "webhook_scatter", "seconds", 0, "and by how much more, by chance: they come out of order" },
  { "webhook_reversed", "seconds", 0, "those of each so many seconds come together, the newest first" },
  { "webhook_duplicates", "count", 0, "how many more times each webhook is delivered" },
  {
    "webhook_retry",
    "seconds",
    30,
    "first pause after a failed delivery; each one doubles it, up to 4 hours",
  },
  { "webhook_give_up", "seconds", 86400, "how long after the event it is tried" },
  { "webhook_timeout", "seconds", 10, "how long a receiver may take (real seconds)" },
  {
    "webhook_timestamp",
    { "fresh", "kept" },
    "fresh",
    "a delivery that is repeated has a fresh Heygen-Timestamp, or that of the first attempt",
  },
  {
    "webhook_signature",
    { "both", "Heygen-Signature", "signature", "wrong", "none" },
    "both",
    "headers with the signature",
  },
  { "webhook_timestamp_age", "seconds", 0, "the age of Heygen-Timestamp" },
  {
    "unknown_ids",
    { "refused", "accepted" },
    "refused",
    "ids of avatars, voices, assets, … that were never made",
  },
  { "asset_processing", "seconds", 2, "how long an asset is processing after its completion" },
  { "asset_late", "seconds", 0, "how long a request that names a new asset answers 404" },
  { "upload_late", "seconds", 0, "how long after its PUT the completion of a direct upload answers 409" },
  { "preparing", "seconds", 60, "how long new avatars, voices and brand kits are being made" },
  {
    "billing",
    { "by_key", "wallet", "subscription", "usage_based", "none" },
    "by_key",
    "how the account pays (by_key: OAuth has a plan)",
  },
  {
    "plan",
    { "free", "starter", "creator", "pro", "team", "enterprise", "business_plus" },
    "creator",
    "its plan",
  },
  { "balance", "amount", 100, "what it begins with: USD in the wallet, or credits" },
  { "auto_reload", "boolean", true, "an empty wallet fills itself; otherwise, 402" },
  { "idempotency", "boolean", false, "honour Idempotency-Key when a session is made" },
}

local by_name = {}
for _, row in ipairs(SWITCHES) do
  by_name[row[1]] = row
end

local function is_number(value)
  return type(value) == "number" and value == value and value >= 0 and value <= 1e9
end

local CHECKS = {
  seconds = { is_number, "seconds, 0 or more" },
  ["seconds?"] = {
    function(value)
      return value == false or is_number(value)
    end,
    "seconds, 0 or more, or null",
  },
  ["clip?"] = {
    function(value)
      return value == false or (is_number(value) and value >= 0.02 and value <= 7200)
    end,
    "seconds, 0.02 to 7200, or null",
  },
  count = {
    function(value)
      return is_number(value) and value == math.floor(value)
    end,
    "a whole number, 0 or more",
  },
  amount = { is_number, "a number, 0 or more" },
  boolean = {
    function(value)
      return type(value) == "boolean"
    end,
    "true or false",
  },
  ["boolean or chat"] = {
    function(value)
      return type(value) == "boolean" or value == "chat"
    end,
    "true, false or chat",
  },
  ["string?"] = {
    function(value)
      return value == false or (type(value) == "string" and value ~= "")
    end,
    "a text or null",
  },
}

local function shown(value)
  local kind = type(value)
  return (kind == "table" or kind == "userdata") and "a " .. kind or tostring(value)
end

local function check(name, value)
  local row = by_name[name]
  if not row then
    return nil, "no behaviour is called " .. tostring(name) .. " (heygen-sim --help lists them)"
  end
  local kind = row[2]
  if type(kind) == "table" then
    for _, allowed in ipairs(kind) do
      if allowed == value then
        return true
      end
    end
    return nil, ("%s: expected one of %s, got %s"):format(name, table.concat(kind, ", "), shown(value))
  end
  if not CHECKS[kind][1](value) then
    return nil, ("%s: expected %s, got %s"):format(name, CHECKS[kind][2], shown(value))
  end
  return true
end

---@return table defaults
function behaviour.defaults()
  local values = {}
  for _, row in ipairs(SWITCHES) do
    values[row[1]] = row[3]
  end
  return values
end

--- A copy of `base` with `changes` in it.
---@param base table
---@param changes table name → value; `null` stands for "no text"
---@param null any the codec's null
---@return table|nil values, string|nil message
function behaviour.merge(base, changes, null)
  local values = {}
  for name, value in pairs(base) do
    values[name] = value
  end
  for name, value in pairs(changes) do
    if null ~= nil and value == null then
      value = false
    end
    local ok, message = check(name, value)
    if not ok then
      return nil, message
    end
    values[name] = value
  end
  return values
end

--- Reads the "name=value" of a command line.
---@param text string
---@return string|nil name, any value_or_message
function behaviour.parse(text)
  local name, value = text:match("^([%w_]+)=(.*)$")
  if not name then
    return nil, "expected name=value, got " .. text
  end
  local row = by_name[name]
  local textual = row and row[2] == "string?"
  if value == "null" or (textual and value == "false") then
    value = false
  elseif not textual and (value == "true" or value == "false") then
    value = value == "true"
  elseif not textual and tonumber(value) then
    value = tonumber(value)
  end
  local ok, message = check(name, value)
  if not ok then
    return nil, message
  end
  return name, value
end

---@return string help one line per switch
function behaviour.help()
  local lines = {}
  for _, row in ipairs(SWITCHES) do
    local default = row[3] == false and row[2] ~= "boolean" and "null" or tostring(row[3])
    local about = row[4]
    if type(row[2]) == "table" then
      about = about .. ": " .. table.concat(row[2], ", ")
    end
    lines[#lines + 1] = string.format("  %-28s %s [%s]", row[1], about, default)
  end
  return table.concat(lines, "\n")
end

---@return table names of all switches, in the order of the help
function behaviour.names()
  local names = {}
  for i, row in ipairs(SWITCHES) do
    names[i] = row[1]
  end
  return names
end

return behaviour
