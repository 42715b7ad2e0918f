-- Addresses: how one is split, which may be used, and which are of this machine.
--
-- The rule for this machine (loopback) is here and nowhere else: "localhost", ::1, and 127.0.0.0/8 written as four
-- plain decimal numbers. Any other spelling, such as 127.1 or 127.01.1.1, counts as another machine, because what it
-- means depends on who reads it. Plain http is for this machine only, and no proxy is asked for it.
local errors = require "heygen.errors"

local url = {}

local find, lower, sub = string.find, string.lower, string.sub

local BLANK = "[%z\1-\32\127]"

local function quoted(value)
  return '"' .. errors.printable(value, 40) .. '"'
end

-- One of 127.0.0.0/8 as four plain numbers. Anything else, such as 127.999.0.1, would be looked up as a name.
local function is_loopback_ipv4(host)
  local count = 0
  for number in (host .. "."):gmatch "([^.]*)%." do
    count = count + 1
    if not find(number, "^%d%d?%d?$") or find(number, "^0%d") or tonumber(number) > 255 then
      return false
    end
  end
  return count == 4 and sub(host, 1, 4) == "127."
end

---Whether this host is the machine that the program runs on.
---@param host string as it stands in a URL, without a port; an IPv6 address may stand without its brackets
---@return boolean
function url.is_loopback(host)
  host = lower(host)
  return host == "localhost" or host == "[::1]" or host == "::1" or is_loopback_ipv4(host)
end

local PRIVATE = {
  "^0%.",
  "^10%.",
  "^127%.",
  "^169%.254%.",
  "^172%.1[6-9]%.",
  "^172%.2%d%.",
  "^172%.3[01]%.",
  "^192%.168%.",
}

---Whether a host is this machine or one of a private network, as far as its text says so. Numbers in another spelling
---than four plain ones count: what they mean depends on who reads them.
---@param host string as it stands in a URL, without a port
---@return boolean
function url.is_private(host)
  host = lower(host):gsub("%.$", "")
  if find(host, "^%[") then
    return not find(host, "^%[[23]%x%x%x:") -- 2000::/3 is all that is routed
  elseif host == "localhost" or find(host, "%.localhost$") then
    return true
  elseif not find(host, "^%d+%.%d+%.%d+%.%d+$") then
    return find(host, "^[%d.]+$") ~= nil
      or find(host, "^0x%x+$") ~= nil
      or find(host, "^0x%x*%.[%dx.]") ~= nil
      or find(host, "%.0x%x*$") ~= nil
  end
  for index = 1, #PRIVATE do
    if find(host, PRIVATE[index]) then
      return true
    end
  end
  return find(host, "^0%d") ~= nil or find(host, "%.0%d") ~= nil
end

-- Scheme, host, port with its colon, and what follows; nothing when the text is no address of a server.
local function parts(text)
  local scheme, host, port, rest = text:match "^(%a[%w+.-]*)://(%[[%x:.]+%])(:?%d*)(.*)$"
  if not scheme then
    scheme, host, port, rest = text:match "^(%a[%w+.-]*)://([^/:?#@]+)(:?%d*)(.*)$"
  end
  if
    not scheme
    or find(text, "[%s%c]")
    or (tonumber(sub(port, 2)) or 0) > 65535
    or not find(host, "^[%w.%-_%[%]:]+$")
    or (rest ~= "" and not find(rest, "^[/?#]"))
  then
    return nil
  end
  return lower(scheme), host, port, rest
end

---Splits and checks the address of a server. Plain http is for this machine, unless it is allowed to any.
---@param text string
---@param allow_http boolean?
---@return string? base scheme, host and port
---@return string path what follows, or the problem
---@return boolean? is_http plain http
function url.split(text, allow_http)
  local scheme, host, port, rest = parts(text)
  if not scheme then
    return nil, "expected an address such as https://api.heygen.com"
  elseif scheme ~= "https" and scheme ~= "http" then
    return nil, "expected https, got " .. scheme
  elseif scheme == "http" and not allow_http and not url.is_loopback(host) then
    return nil, "expected https (plain http is only for this machine)", true
  end
  return scheme .. "://" .. host .. (port == ":" and "" or port), rest, scheme == "http"
end

---The problem of an address that the service or a file server has sent, and that leads into the network of the
---program, where the address that it comes from does not.
---@param text string
---@param from string base_url, or the address that redirects
---@return string? problem
function url.inward_problem(text, from)
  local _, host = parts(text)
  local _, outer = parts(from)
  if host and url.is_private(host) and not (outer and url.is_private(outer)) then
    return "an address of this machine or of a private network, from a server that is in neither, is not used"
  end
  return nil
end

---The proxy for an address: what was chosen, else none for this machine, else the environment's.
---@param chosen string? the option `proxy`
---@param address string
---@return string? proxy "": none; nil: the environment's
function url.proxy(chosen, address)
  if chosen then
    return chosen
  end
  local _, host = parts(address)
  return host and url.is_loopback(host) and "" or nil
end

---An address for a message: its query may be a signature, and before an "@" there is a password.
---@param text string
---@return string
function url.shown(text)
  return quoted((text:gsub("[?#].*$", ""):gsub("^([^/]*//)[^/]*@", "%1")))
end

---@param value string
---@return string? problem
function url.https_problem(value)
  if find(value, BLANK) then
    return "expected a URL without spaces and control characters, got " .. quoted(value)
  elseif not find(lower(sub(value, 1, 9)), "^https://[^/?#]") then
    return "expected a URL that starts with https://, got " .. quoted(value)
  end
  return nil
end

---The same for the receiver of a callback: a simulator calls back to this machine, without TLS.
---@param value string
---@return string? problem
function url.callback_problem(value)
  local scheme, host = parts(value)
  if scheme == "http" and url.is_loopback(host) then
    return nil
  end
  return url.https_problem(value)
end

return url
