-- Certificates for the TLS port, made with openssl at each start: a good one, one of a wrong name, one that has
-- expired, one of an unknown authority.
local certificates = {}

-- Each leaf belongs to the same key; only "untrusted" signs itself.
certificates.NAMES = { "good", "wrong_name", "expired", "untrusted" }

local SCRIPT = [[
set -e
umask 077
cd %s
curve="-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
openssl req -x509 $curve -keyout ca.key -out ca.pem -days 30 -subj "/CN=heygen-sim authority"
openssl req -new $curve -keyout key.pem -out request.pem -subj "/CN=heygen-sim"
printf 'subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1\n' >here.names
printf 'subjectAltName=DNS:wrong.example\n' >wrong.names
sign() {
  openssl x509 -req -in request.pem -CA ca.pem -CAkey ca.key -set_serial "$4" -days "$3" -extfile "$2" -out "$1"
}
sign good.pem here.names 30 2
sign wrong_name.pem wrong.names 30 3
sign expired.pem here.names -1 4
openssl x509 -req -in request.pem -signkey key.pem -days 30 -extfile here.names -out untrusted.pem
rm -f ca.key request.pem here.names wrong.names
]]

local function quote(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

--- Makes ca.pem (for clients to trust), key.pem and one .pem for each of the NAMES.
---@param directory string an existing one
---@return boolean|nil ok
---@return string|nil message
function certificates.make(directory)
  local script = SCRIPT:format(quote(directory))
  local pipe = io.popen("(" .. script .. ") 2>&1 && echo made", "r")
  local output = pipe and pipe:read "*a" or ""
  if pipe then
    pipe:close()
  end
  if not output:find "made\n$" then
    return nil, "openssl could not make the certificates: " .. (output:match "[^\n]+" or "no output")
  end
  return true
end

return certificates
