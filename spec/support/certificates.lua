-- Makes an authority and certificates that are right, or wrong in one way each, with the openssl command.
local shell = require "spec.support.shell"

local certificates = {}

local SETTINGS = [[
[ca]
default_ca = own
[own]
dir = .
database = index.txt
new_certs_dir = .
serial = serial
default_md = sha256
policy = any
copy_extensions = copy
unique_subject = no
[any]
commonName = supplied
]]

local KEY = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"

local SCRIPT = [[
set -e
cd %s
: >index.txt
echo 01 >serial
authority() {
  openssl req -x509 %s -keyout "$1.key" -out "$1.crt" -days 30 -subj "/CN=$1"
}
# name, authority, names in the certificate, from, until
certificate() {
  openssl req %s -keyout "$1.key" -out "$1.csr" -subj "/CN=$1" -addext "subjectAltName=$3"
  openssl ca -batch -notext -config ca.conf -cert "$2.crt" -keyfile "$2.key" -in "$1.csr" -out "$1.crt" \
    -startdate "$4" -enddate "$5"
}
authority own
authority untrusted
here=DNS:localhost,IP:127.0.0.1
past=20200101000000Z
future=20491231000000Z
certificate good own $here $past $future
certificate expired own $here $past 20200102000000Z
certificate early own $here 20480101000000Z $future
certificate elsewhere own DNS:other.example $past $future
]]

--- Makes them in `directory`: own.crt and untrusted.crt are authorities; good, expired, early and elsewhere (another
--- name) are signed by own.
function certificates.make(directory)
  local file = assert(io.open(directory .. "/ca.conf", "w"))
  file:write(SETTINGS)
  file:close()
  shell.must("unset LD_PRELOAD\n(" .. SCRIPT:format(directory, KEY, KEY) .. ")")
end

return certificates
