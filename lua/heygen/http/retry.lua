-- The policy of repeating, for reads, creates, waits, downloads and uploads alike: which answers pass, which failures
-- are hopeless, what Retry-After means, and how long the pause before the next attempt is. Pure functions: what
-- happened goes in, a verdict or a number of seconds comes out.

local retry = {}

local floor, max, min = math.floor, math.max, math.min
local trim = require("heygen.http.foreign").trim
local find, lower, match, sub = string.find, string.lower, string.match, string.sub

local LONGEST = 2 ^ 31

local MONTHS = {
  jan = 1,
  feb = 2,
  mar = 3,
  apr = 4,
  may = 5,
  jun = 6,
  jul = 7,
  aug = 8,
  sep = 9,
  oct = 10,
  nov = 11,
  dec = 12,
}

local MONTH_DAYS = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 }

local function is_leap(year)
  return year % 4 == 0 and (year % 100 ~= 0 or year % 400 == 0)
end

-- Days from 1970-01-01, proleptic Gregorian. The year is shifted to begin in March, so that a leap day comes last.
local function days_from_civil(year, month, day)
  if month <= 2 then
    year = year - 1
    month = month + 12
  end
  local leaps = floor(year / 4) - floor(year / 100) + floor(year / 400)
  return year * 365 + leaps + floor((153 * (month - 3) + 2) / 5) + day - 1 - 719468
end

local function unix_time(year, month, day, hour, minute, second)
  local days = MONTH_DAYS[month]
  if month == 2 and is_leap(year) then
    days = 29
  end
  if year < 1 or day < 1 or day > days or hour > 23 or minute > 59 or second > 60 then
    return nil
  end
  return days_from_civil(year, month, day) * 86400 + hour * 3600 + minute * 60 + second
end

-- RFC 9110: a two-digit year that appears more than 50 years ahead is the latest past year with these digits.
local function full_year(digits, now)
  local this_year = 1970 + floor(now / 31556952)
  local year = this_year - this_year % 100 + digits
  if year > this_year + 50 then
    return year - 100
  elseif year <= this_year - 50 then
    return year + 100
  end
  return year
end

local CLOCK = "(%d%d):(%d%d):(%d%d)"
local RFC_1123 = "^%a%a%a, (%d%d?) (%a%a%a) (%d%d%d%d) " .. CLOCK .. " (%a+)$"
local RFC_850 = "^%a+, (%d%d?)%-(%a%a%a)%-(%d%d) " .. CLOCK .. " (%a+)$"
local ASCTIME = "^%a%a%a (%a%a%a) +(%d%d?) " .. CLOCK .. " (%d%d%d%d)$"

local function parse_date(text, now)
  local day, name, year, hour, minute, second, zone = match(text, RFC_1123)
  if not day then
    day, name, year, hour, minute, second, zone = match(text, RFC_850)
    year = year and full_year(tonumber(year), now)
  end
  if not day then
    name, day, hour, minute, second, year = match(text, ASCTIME)
    zone = "GMT"
  end
  local month = name and MONTHS[lower(name)]
  if not month or (zone ~= "GMT" and zone ~= "UTC") then
    return nil
  end
  return unix_time(tonumber(year), month, tonumber(day), tonumber(hour), tonumber(minute), tonumber(second))
end

local POINT = 10 ^ 9 -- seconds: as a duration 31 years, as Unix time 2001
local MILLISECONDS = 10 ^ 12

-- Gateways are known that put a point in time there, in seconds or milliseconds.
local function duration(number, now)
  if number >= POINT and now >= POINT then
    local at = number >= MILLISECONDS and number / 1000 or number
    return max(at - now, 0)
  end
  return number
end

---Reads a Retry-After header: whole or fractional seconds, a Unix time, or one of the three HTTP dates.
---@param value string? the header's value
---@param now number Unix time in seconds, for the dates
---@return number? seconds 0 for a date that is past, at most 2^31; nil for anything that is no Retry-After
function retry.after(value, now)
  if type(value) ~= "string" or #value > 64 then
    return nil
  end
  value = trim(value, 64)
  if find(value, "^%d+$") or find(value, "^%d+%.%d+$") then
    return min(duration(tonumber(value), now), LONGEST)
  elseif find(sub(value, 1, 1), "%a") then
    local at = parse_date(value, now)
    return at and min(max(at - now, 0), LONGEST)
  end
  return nil
end

-- 5xx that another attempt cannot change, and 4xx that it can.
local FINAL = { [501] = true, [505] = true, [511] = true }
local PASSING = { [408] = true, [425] = true, [429] = true }

---Whether an answer of this status passes by itself, for what may be repeated.
---@param status integer?
---@return boolean
function retry.passes(status)
  if not status then
    return false
  end
  return PASSING[status] or (status >= 500 and status < 600 and not FINAL[status]) or false
end

-- A code says more than the status: a 409 can be worth another try, a 429 can be hopeless for weeks. Those of a fault
-- of the server do not count with a 4xx: a request that was refused would be repeated for hours.
local CODES = {
  request_in_progress = "passes",
  resource_not_ready = "passes",
  brand_kit_not_ready = "passes",
  rate_limit_exceeded = "passes",
  internal_error = "server",
  voice_provider_error = "server",
  service_unavailable = "server",
  gateway_timeout = "server",
  quota_exceeded = "final",
  gateway_page = "passes", -- see api_error.lua
}

---Whether the same read is worth repeating.
---@param status integer?
---@param code string?
---@return boolean
function retry.retryable(status, code)
  local by_code = CODES[code or ""]
  if by_code == "server" and status and status >= 400 and status < 500 then
    by_code = nil
  end
  if by_code then
    return by_code ~= "final"
  end
  return retry.passes(status)
end

-- Decided before a byte of the request is sent: repeating cannot help.
local HOPELESS = { certificate = true, url = true }

---@param code string? of an error of kind network
---@return boolean
function retry.hopeless(code)
  return HOPELESS[code or ""] == true
end

---Pauses that grow: each call of what this returns gives the next one.
---@param first number seconds
---@param factor number
---@param longest number seconds
---@return fun(): number
function retry.pauses(first, factor, longest)
  local following = first
  return function()
    local seconds = following
    following = min(following * factor, max(longest, first))
    return seconds
  end
end

local REPEATABLE_KIND = { network = true, timeout = true, parse = true }

local function may_repeat(outcome)
  local status, kind = outcome.status, outcome.kind
  if HOPELESS[outcome.code] then
    return false
  elseif status == 429 then
    return outcome.code ~= "quota_exceeded" -- used up for a whole billing period
  elseif outcome.repeatable then
    -- The last: the service is still busy with the attempt before, which had the same key.
    return retry.passes(status)
      or outcome.code == "gateway_page"
      or REPEATABLE_KIND[kind]
      or (outcome.keyed and outcome.code == "request_in_progress")
  end
  return outcome.sent == "no" and (kind == "network" or kind == "timeout")
end

---Decides whether a failed request is sent again, and after how long a pause.
---@param policy table max_retries; base and cap in seconds
---@param outcome table status, code, kind, sent ("no", "maybe", "yes"), retry_after in seconds, repeatable, keyed (it
---has an idempotency key)
---@param attempt integer attempts made so far, 1 or more
---@param left number? seconds until the deadline
---@param random fun(): number gives 0 or more, below 1
---@return number? pause in seconds
---@return string? reason "final" (repeating is not allowed or no use), "attempts" (used up), "deadline" (no time left)
function retry.next(policy, outcome, attempt, left, random)
  if not may_repeat(outcome) then
    return nil, "final"
  elseif attempt > policy.max_retries then
    return nil, "attempts"
  end
  local chance = random()
  local pause = chance * min(policy.cap, policy.base * 2 ^ min(attempt - 1, 60))
  if outcome.retry_after then
    pause = max(pause, outcome.retry_after + chance * policy.base)
  end
  if left and pause >= left then
    return nil, "deadline"
  end
  return pause
end

return retry
