-- An event of a wait, a transfer or a batch becomes a view: what is to be shown of it, without knowing where.
local errors = require "heygen.errors"

local view = {}

local exp, floor, format, max, min = math.exp, math.floor, string.format, math.max, math.min
local printable = errors.printable

---@class heygen.progress.View
---@field phase "wait"|"download"|"upload"|"batch"
---@field percent integer? 0 to 100
---@field estimated boolean? it is an estimate, see view.estimate
---@field estimate {percent: number, age: number, expected: number}? from which that follows
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
local SHORTEST = 0.1 -- seconds between two readings from which a rate can be taken

---How fast a transfer is. Bytes that were there at the first event are not counted: a resumed download has
---most of them from another time.
---@class heygen.progress.Rate
---@field first_bytes number
---@field first_elapsed number
---@field bytes number
---@field elapsed number
---@field moved number bytes, those of long ago faded
---@field time number seconds, likewise
local function begin_rate(bytes, elapsed)
  return {
    first_bytes = bytes,
    first_elapsed = elapsed,
    bytes = bytes,
    elapsed = elapsed,
    moved = 0,
    time = 0,
  }
end

local function follow(rate, bytes, elapsed)
  local step = elapsed - rate.elapsed
  if step < SHORTEST then
    return
  end
  local fade = exp(-step / MEMORY)
  rate.moved = rate.moved * fade + bytes - rate.bytes
  rate.time = rate.time * fade + step
  rate.bytes, rate.elapsed = bytes, elapsed
end

local function present_speed(rate)
  return rate.time > 0 and rate.moved / rate.time or nil
end

local function overall_speed(rate, bytes, elapsed)
  local time = elapsed - rate.first_elapsed
  return time >= SHORTEST and (bytes - rate.first_bytes) / time or nil
end

-- ---- the kinds of events ----

local LONGEST_LEFT = 100 * 3600 -- seconds; beyond that the rate means nothing

local function transfer_view(event, rate, phase)
  local bytes, total = event.received or event.sent, event.total
  local elapsed = event.elapsed or 0
  if not rate or bytes < rate.bytes or elapsed < rate.elapsed then
    rate = begin_rate(bytes, elapsed)
  end
  follow(rate, bytes, elapsed)
  local ended = total ~= nil and bytes >= total
  local speed
  if ended then
    speed = overall_speed(rate, bytes, elapsed)
  else
    speed = present_speed(rate)
  end
  local unit = unit_for(max(bytes, total or 0))
  local details = {
    total and format("%s of %s %s", in_unit(bytes, unit), in_unit(total, unit), unit[1])
      or in_unit(bytes, unit) .. " " .. unit[1],
  }
  if speed then
    details[2] = with_unit(speed) .. "/s"
  end
  if total and not ended and speed and (total - bytes) / speed < LONGEST_LEFT then
    details[3] = view.clock((total - bytes) / speed + 0.5) .. " left"
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
    rate
end

-- How jobs end, in the words of all kinds.
local FAILED = { failed = true, cancelled = true, deleted = true }
local ENDED = { completed = true, complete = true }

-- A poll that failed in passing.
local function add_poll_error(details, err)
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
    details = add_poll_error({ count }, event.err),
    elapsed = event.elapsed or 0,
    ended = total ~= nil and finished >= total,
    failed = false,
  }
end

-- The service's numbers may be wrong, and a bar must not be longer than its line.
local function percent_of(progress)
  return type(progress) == "number" and progress == progress and max(0, min(100, floor(progress))) or nil
end

-- From what the service has said last, as far as jobs of the kind come in the time that they take in the mean.
local function estimate_of(event)
  local age, expected = event.age, event.expected
  if type(age) ~= "number" or type(expected) ~= "number" or not (age >= 0 and expected >= age) then
    return nil
  end
  expected = max(expected, age + 60) -- longer than any that is known: the end may still come
  local said = percent_of(event.progress) or 0
  return { percent = said > 0 and said or 100 * age / expected, age = age, expected = expected }
end

---Sets the percentage to the estimate of a moment, where that is more than what the service has said or what was shown
---before. Only the service says 100.
---@param shown heygen.progress.View
---@param seconds number since its event
---@param least integer? percentage that was shown before
function view.estimate(shown, seconds, least)
  local from = shown.estimate
  if from and not shown.ended then
    local share = min(seconds / (from.expected - from.age), 1)
    local percent = min(floor(from.percent + (100 - from.percent) * share), 99)
    percent = max(percent, min(least or 0, 99))
    if percent > (shown.percent or 0) then
      shown.percent, shown.estimated = percent, true
    end
  end
end

local function wait_view(event)
  local status = printable(tostring(event.status or "starting"), 30)
  local ended = ENDED[status] or FAILED[status] or false
  return {
    phase = "wait",
    percent = percent_of(event.progress),
    estimate = not ended and estimate_of(event) or nil,
    details = add_poll_error({ status }, event.err),
    elapsed = event.elapsed or 0,
    ended = ended,
    failed = FAILED[status] or false,
  }
end

---@param event heygen.WaitEvent|heygen.TransferEvent|heygen.UploadEvent|table
---@param rate heygen.progress.Rate? what this gave the last time, for the same transfer
---@return heygen.progress.View view
---@return heygen.progress.Rate? rate
function view.of(event, rate)
  if event.received then
    return transfer_view(event, rate, "download")
  elseif event.sent then
    return transfer_view(event, rate, "upload")
  elseif event.finished then
    return batch_view(event)
  end
  return wait_view(event)
end

---The view of something that has failed.
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
