-- An event of a wait, a transfer or a batch becomes a view: what is to be shown of it, without knowing where.
local errors = require "heygen.errors"

local view = {}

local exp, floor, format, max, min = math.exp, math.floor, string.format, math.max, math.min
local printable = errors.printable

---@class heygen.progress.View
---@field phase "wait"|"download"|"upload"|"batch"
---@field percent integer? 0 to 100
---@field details string[] the most important first
---@field elapsed number seconds
---@field ended boolean
---@field failed boolean
---@field amount number? bytes of a transfer
---@field whole boolean? it must be read to its end, however narrow the terminal is

-- ---- numbers as texts ----

---@param seconds number
---@return string such as 2:10 or 1:02:05
function view.clock(seconds)
  seconds = max(0, floor(seconds))
  local minutes = floor(seconds / 60)
  if minutes < 60 then
    return format("%d:%02d", minutes, seconds % 60)
  end
  return format("%d:%02d:%02d", floor(minutes / 60), minutes % 60, seconds % 60)
end

local UNITS = {
  { "GB", 1e9, "%.2f" },
  { "MB", 1e6, "%.1f" },
  { "kB", 1e3, "%.0f" },
  { "B", 1, "%.0f" }, -- subtitles are small
}

local function unit_for(bytes)
  for index = 1, #UNITS - 1 do
    if bytes >= UNITS[index][2] then
      return UNITS[index]
    end
  end
  return UNITS[#UNITS]
end

local function in_unit(bytes, unit)
  return format(unit[3], bytes / unit[2])
end

local function with_unit(bytes)
  local unit = unit_for(bytes)
  return in_unit(bytes, unit) .. " " .. unit[1]
end

-- ---- the rate ----

local MEMORY = 5 -- seconds: what was earlier counts for little
local SHORTEST = 0.1 -- seconds between two readings that say something about the rate

---What a transfer has told so far. Bytes that were there at the first event are not counted: a resumed download has
---most of them from another time.
---@class heygen.progress.Pace
---@field first_bytes number
---@field first_elapsed number
---@field bytes number
---@field elapsed number
---@field moved number bytes, those of long ago faded
---@field time number seconds, likewise
local function begin_pace(bytes, elapsed)
  return {
    first_bytes = bytes,
    first_elapsed = elapsed,
    bytes = bytes,
    elapsed = elapsed,
    moved = 0,
    time = 0,
  }
end

local function follow(pace, bytes, elapsed)
  local step = elapsed - pace.elapsed
  if step < SHORTEST then
    return
  end
  local fade = exp(-step / MEMORY)
  pace.moved = pace.moved * fade + bytes - pace.bytes
  pace.time = pace.time * fade + step
  pace.bytes, pace.elapsed = bytes, elapsed
end

local function present_rate(pace)
  return pace.time > 0 and pace.moved / pace.time or nil
end

local function overall_rate(pace, bytes, elapsed)
  local time = elapsed - pace.first_elapsed
  return time >= SHORTEST and (bytes - pace.first_bytes) / time or nil
end

-- ---- the kinds of events ----

local LONGEST_LEFT = 100 * 3600 -- seconds; beyond that the rate says nothing

local function transfer_view(event, pace, phase)
  local bytes, total = event.received or event.sent, event.total
  local elapsed = event.elapsed or 0
  if not pace or bytes < pace.bytes or elapsed < pace.elapsed then
    pace = begin_pace(bytes, elapsed)
  end
  follow(pace, bytes, elapsed)
  local ended = total ~= nil and bytes >= total
  local rate
  if ended then
    rate = overall_rate(pace, bytes, elapsed)
  else
    rate = present_rate(pace)
  end
  local unit = unit_for(max(bytes, total or 0))
  local details = {
    total and format("%s of %s %s", in_unit(bytes, unit), in_unit(total, unit), unit[1])
      or in_unit(bytes, unit) .. " " .. unit[1],
  }
  if rate then
    details[2] = with_unit(rate) .. "/s"
  end
  if total and not ended and rate and (total - bytes) / rate < LONGEST_LEFT then
    details[3] = view.clock((total - bytes) / rate + 0.5) .. " left"
  end
  return {
    phase = phase,
    percent = total and floor(total > 0 and min(bytes / total, 1) * 100 or 100),
    details = details,
    elapsed = elapsed,
    ended = ended,
    failed = false,
    amount = bytes,
  },
    pace
end

-- How jobs end, in the words of all kinds.
local FAILED = { failed = true, cancelled = true, deleted = true }
local ENDED = { completed = true, complete = true }

-- A look that failed in passing.
local function add_missed(details, err)
  if err then
    local refused = err.kind == "api" and err.status
    details[#details + 1] = refused and format("HTTP %d", refused) or tostring(err.kind)
    details[#details + 1] = "asking again"
  end
  return details
end

local function batch_view(event)
  local finished, total = event.finished, event.total
  local count = total and format("%d of %d finished", finished, total) or format("%d finished", finished)
  return {
    phase = "batch",
    percent = total and floor(total > 0 and min(finished / total, 1) * 100 or 100),
    details = add_missed({ count }, event.err),
    elapsed = event.elapsed or 0,
    ended = total ~= nil and finished >= total,
    failed = false,
  }
end

-- Nobody vouches for the service's numbers, and a bar must not be longer than its line.
local function percent_of(progress)
  return type(progress) == "number" and progress == progress and max(0, min(100, floor(progress))) or nil
end

local function wait_view(event)
  local status = printable(tostring(event.status or "starting"), 30)
  return {
    phase = "wait",
    percent = percent_of(event.progress),
    details = add_missed({ status }, event.err),
    elapsed = event.elapsed or 0,
    ended = ENDED[status] or FAILED[status] or false,
    failed = FAILED[status] or false,
  }
end

---@param event heygen.WaitEvent|heygen.TransferEvent|heygen.UploadEvent|table
---@param pace heygen.progress.Pace? what this gave the last time, for the same transfer
---@return heygen.progress.View view
---@return heygen.progress.Pace? pace
function view.of(event, pace)
  if event.received then
    return transfer_view(event, pace, "download")
  elseif event.sent then
    return transfer_view(event, pace, "upload")
  elseif event.finished then
    return batch_view(event)
  end
  return wait_view(event)
end

---The view of something that will not go on.
---@param before heygen.progress.View?
---@param reason string
---@param elapsed number
---@return heygen.progress.View
function view.failure(before, reason, elapsed)
  return {
    phase = before and before.phase or "wait",
    percent = before and before.percent,
    details = { "failed: " .. printable(reason, 200) },
    elapsed = elapsed,
    ended = true,
    failed = true,
    amount = before and before.amount,
    whole = true,
  }
end

return view
