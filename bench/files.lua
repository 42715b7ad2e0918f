-- Files of a gigabyte in both directions: the module and the curl command, in turn, at a real nginx on this machine.
-- usage: lua5.4 bench/files.lua [--quick] [--check]
--   --quick  two rounds of 100 MB; --check  exit 1 when a bound is broken that noise cannot touch
package.path = "bench/files/?.lua;" .. package.path
local servers = require "server"

local rounds, megabytes, check = 5, 1000, false
for _, argument in ipairs(arg) do
  if argument == "--quick" then
    rounds, megabytes = 2, 100
  elseif argument == "--check" then
    check = true
  else
    io.stderr:write "usage: lua5.4 bench/files.lua [--quick] [--check]\n"
    os.exit(2, true)
  end
end

local MEMORY = 4096 -- kB: what a transfer may take beyond an idle client
local THROUGHPUT = 0.9 -- of curl's
local NOISE = 0.02 -- seconds: shorter than that nginx does not tell apart well

local function output_of(command)
  local pipe = assert(io.popen(command))
  local text = pipe:read "a"
  if not pipe:close() then
    error(("failed: %s\n%s"):format(command, text), 0)
  end
  return (text:gsub("\n$", ""))
end

-- ---- where the files are ----

-- In memory where there is room: a disk would be measured instead of the programs.
local function scratch()
  local needed = 2.2 * megabytes * 1000 -- kB: the file and a copy
  for _, place in ipairs { "/dev/shm", os.getenv "TMPDIR" or "/tmp" } do
    local free = tonumber(output_of(("df -Pk '%s' 2>/dev/null | awk 'NR == 2 { print $4 }'"):format(place)))
      or 0
    if free > needed then
      return output_of(("mktemp -d '%s/heygen-files-XXXXXX'"):format(place)), place
    end
  end
  error(("there is no room for %.0f MB in /dev/shm or TMPDIR"):format(needed / 1000), 0)
end

-- An mp4 by its first bytes, which nothing can make smaller.
local function make_video(directory)
  output_of(("mkdir -p '%s/files'"):format(directory))
  local path = directory .. "/files/video.mp4"
  output_of(
    ([[(printf '\000\000\000\030ftypmp42\000\000\000\000mp42isom'; head -c %.0f /dev/urandom) >'%s']]):format(
      megabytes * 1e6 - 24,
      path
    )
  )
  output_of(("head -c 1000 '%s' >'%s/files/small.mp4'"):format(path, directory))
  return path
end

-- ---- one transfer ----

local bench = {} -- server, directory, video, certificate

local function same(path)
  output_of(("cmp '%s' '%s'"):format(bench.video, path))
end

-- The exchange that carried the file, as nginx has seen it.
local function exchange(method, path)
  for _, each in ipairs(bench.server:exchanges()) do
    if each.method == method and each.path == path then
      assert(each.status < 300, "nginx answered " .. each.status)
      assert(not each.compressed, "the file was compressed on the way")
      return each
    end
  end
  error("nginx has seen no such exchange: " .. method .. " " .. path)
end

local runs = {}

-- Each gives whole seconds, those that nginx has seen, seconds of CPU, and memory where it is known.
function runs.ours(direction, form)
  local url, target = bench.server.url[form.name], bench.directory .. "/got.mp4"
  local command = ("lua5.4 bench/files/client.lua %s %s '%s' '%s'"):format(
    direction,
    url,
    bench.certificate,
    direction == "download" and target or bench.video
  )
  return output_of(
    ("bash -c 'TIMEFORMAT=\"user=%%U system=%%S\"; time %s' 2>&1"):format(command:gsub("'", "'\\''"))
  )
end

function runs.curl(direction, form)
  local url, target = bench.server.url[form.name], bench.directory .. "/got.mp4"
  local command = ("curl -sS --fail --cacert '%s' -w 'seconds=%%{time_total}\\n' "):format(bench.certificate)
  if direction == "download" then
    command = command .. ("-o '%s' %s/video.mp4"):format(target, url)
  else
    command = command .. ("-o /dev/null -T '%s' %s/stored/video"):format(bench.video, url)
  end
  return output_of(
    ("bash -c 'TIMEFORMAT=\"user=%%U system=%%S\"; time %s' 2>&1"):format(command:gsub("'", "'\\''"))
  )
end

-- The command that makes the checksum, for the upload that has one.
local function digest_seconds()
  return tonumber(
    output_of(
      ("bash -c 'TIMEFORMAT=%%R; time openssl dgst -sha256 \"%s\" >/dev/null' 2>&1"):format(bench.video)
    )
  )
end

local samples = {}

local function note(key, program, values)
  samples[key] = samples[key] or {}
  samples[key][program] = samples[key][program] or {}
  table.insert(samples[key][program], values)
end

local function run(round, program, direction, form)
  local got = bench.directory .. "/got.mp4"
  local stored = bench.directory .. "/stored/video"
  bench.server:exchanges()
  local text = runs[program](direction, form)
  local values = {}
  for name, value in text:gmatch "(%S+)=([%d.]+)" do
    values[name] = tonumber(value)
  end
  assert(values.seconds and values.user, text)
  values.cpu = values.user + values.system
  local seen = direction == "download" and exchange("GET", "/video.mp4") or exchange("PUT", "/stored/video")
  values.on_wire = math.max(seen.seconds, NOISE)
  if round == 1 then
    same(direction == "download" and got or stored)
  end
  os.remove(got)
  os.remove(stored)
  note(form.name .. " " .. direction, program, values)
end

local function idle(form)
  local text = runs.ours("idle", form)
  note(form.name .. " idle", "ours", { peak_kb = tonumber(text:match "peak_kb=(%d+)") })
end

-- A server that would not compress proves nothing about a client that wants none.
local function check_compression()
  for _, form in ipairs(servers.forms) do
    local head = output_of(
      ("curl -sS --fail --cacert '%s' -H 'Accept-Encoding: gzip' -D - -o /dev/null %s/small.mp4"):format(
        bench.certificate,
        bench.server.url[form.name]
      )
    )
    assert((head:find("Content-Encoding: gzip", 1, true) ~= nil) == (form.compress ~= ""), head)
  end
end

local function measure()
  check_compression()
  for round = 1, rounds do
    io.stderr:write(("measuring: files, round %d of %d\n"):format(round, rounds))
    local order = round % 2 == 1 and { "curl", "ours" } or { "ours", "curl" }
    for _, form in ipairs(servers.forms) do
      idle(form)
      for _, direction in ipairs { "download", "upload" } do
        for _, program in ipairs(order) do
          run(round, program, direction, form)
        end
      end
    end
    note("digest", "command", { seconds = digest_seconds() })
    run(round, "ours", "digested", servers.forms[1])
  end
end

-- ---- the report ----

local function median(list)
  local sorted = { table.unpack(list) }
  table.sort(sorted)
  local low, high = math.floor((#sorted + 1) / 2), math.ceil((#sorted + 1) / 2)
  return (sorted[low] + sorted[high]) / 2
end

local function column(key, program, field)
  local list = {}
  for index, values in ipairs(samples[key][program]) do
    list[index] = values[field]
  end
  return list
end

local function middle(key, program, field)
  return median(column(key, program, field))
end

-- The median of the ratios of neighbouring runs: what drifts meets both of a pair.
local function ratio(key, field)
  local curl, ours, ratios = column(key, "curl", field), column(key, "ours", field), {}
  for index = 1, #curl do
    ratios[index] = curl[index] / ours[index]
  end
  return median(ratios)
end

local broken = 0

local function row(label, theirs, ours, fraction, verdict)
  local line = ("%-40s %10s %10s %7s   %s"):format(label, theirs, ours, fraction, verdict or "")
  print((line:gsub("%s+$", "")))
end

local function speed(seconds)
  return ("%.0f"):format(megabytes / seconds)
end

local function times(key, label, field)
  local fraction = ratio(key, field)
  row(
    label .. ", MB/s",
    speed(middle(key, "curl", field)),
    speed(middle(key, "ours", field)),
    ("%.2f"):format(fraction),
    ("at least %.1f  %s"):format(THROUGHPUT, fraction >= THROUGHPUT and "ok" or "under")
  )
end

local function memory(key, idle_key)
  local most = 0
  for _, peak in ipairs(column(key, "ours", "peak_kb")) do
    most = math.max(most, peak)
  end
  local more = most - middle(idle_key, "ours", "peak_kb")
  local good = more <= MEMORY
  broken = broken + (good and 0 or 1)
  local verdict = ("at most %d  %s"):format(MEMORY, good and "ok" or "BROKEN")
  row("  memory beyond an idle client, kB", "", ("%d"):format(more), "", verdict)
end

local function report(place)
  print(("%d MB in %s, %d rounds"):format(megabytes, place, rounds))
  row("", "curl", "heygen", "ratio", "wanted")
  for _, form in ipairs(servers.forms) do
    for _, direction in ipairs { "download", "upload" } do
      local key = form.name .. " " .. direction
      times(key, direction .. ", " .. form.name, "seconds")
      row(
        "  as nginx sees it",
        speed(middle(key, "curl", "on_wire")),
        speed(middle(key, "ours", "on_wire")),
        ("%.2f"):format(ratio(key, "on_wire"))
      )
      row(
        "  CPU of the whole process, s",
        ("%.2f"):format(middle(key, "curl", "cpu")),
        ("%.2f"):format(middle(key, "ours", "cpu")),
        ""
      )
      memory(key, form.name .. " idle")
    end
  end
  local command = middle("digest", "command", "seconds")
  local theirs = command + middle("plain upload", "curl", "seconds")
  local ours = middle("plain digested", "ours", "seconds")
  row("upload with its SHA-256, plain, MB/s", speed(theirs), speed(ours), ("%.2f"):format(theirs / ours))
  row("  the command openssl dgst alone", speed(command), "", "")
  memory("plain digested", "plain idle")
end

local directory, place = scratch()
local ok, problem = xpcall(function()
  bench.directory, bench.certificate = directory, directory .. "/own.crt"
  bench.video = make_video(directory)
  bench.server = servers.start(directory)
  measure()
  report(place)
end, debug.traceback)
if bench.server then
  bench.server:stop()
end
os.execute(("rm -rf '%s'"):format(directory))
if not ok then
  io.stderr:write("bench/files.lua: ", tostring(problem), "\n")
elseif check and broken > 0 then
  io.stderr:write(broken, " bound(s) broken\n")
end
os.exit(ok and not (check and broken > 0), true)
