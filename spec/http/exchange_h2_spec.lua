-- HTTP/2 from a server that misbehaves frame by frame (spec/support/h2_server.py), against creates and reads. In each
-- case a create is made once at most, an error agrees with the server about what was sent, and it ends in time.
local certificates = require "spec.support.certificates"
local core = require "heygen.core"
local folder = require "spec.support.folder"
local heygen = require "heygen"
local live = require "spec.support.live"
local socket = require "socket"

local DEADLINE, PATIENCE = 4, 60 -- seconds; the second for a busy machine
local AT_ONCE = 60

-- The cases whose server behaves oddly and yet answers: they must succeed.
local ODD_BUT_RIGHT = {
  flood_of_pings = true,
  goaway_and_answer = true,
  headers_too_small = true,
  padding_right = true,
  settings_unknown = true,
  table_of_nothing = true,
}

describe("a server that misbehaves in HTTP/2 #once #native", function()
  local files = folder.new()
  local cases, pipe, control = {}, nil, nil

  setup(function()
    files.make()
    certificates.make(files.directory)
    local command = "exec env -u LD_PRELOAD python3 spec/support/h2_server.py %s %s"
    pipe = assert(io.popen(command:format(files.path "good.crt", files.path "good.key"), "r"))
    for line in pipe:lines() do
      local name, method, port = line:match "^(%S+) (%S+) (%d+)$"
      if not name then
        control = assert(socket.connect("127.0.0.1", line:match "^control (%d+)$"))
        control:settimeout(PATIENCE)
        break
      end
      cases[#cases + 1] =
        { name = name, method = method, url = "https://127.0.0.1:" .. port, alone = name:match "^alone_" }
    end
  end)

  teardown(function()
    core.engine():close()
    control:close()
    pipe:close()
    files.remove()
  end)

  local function run(case)
    local client = live.client(nil, {
      base_url = case.url,
      ca_file = files.path "own.crt",
      timeout = ODD_BUT_RIGHT[case.name] and 60 or 1, -- a second is for those that never answer
      deadline = ODD_BUT_RIGHT[case.name] and 60 or DEADLINE,
      max_retries = 2,
    })
    local begun = core.now()
    if case.method == "create" then
      case.value, case.message, case.err = client:create { prompt = "A video" }
    else
      case.value, case.message, case.err = client.videos:get "vid_1"
    end
    case.took = core.now() - begun
  end

  -- Runs them all, some at a time, and asks the server what it has seen.
  local function run_all()
    heygen.run(function()
      local following, workers = 0, {}
      for n = 1, AT_ONCE do
        workers[n] = heygen.spawn(function()
          while following < #cases do
            following = following + 1
            if not cases[following].alone then
              run(cases[following])
            end
          end
        end)
      end
      for _, worker in ipairs(workers) do
        worker:join()
      end
    end)
    for _, case in ipairs(cases) do
      if case.alone and case.method == "create" then
        run(case)
      end
    end
    control:send "report\n"
    for _, case in ipairs(cases) do
      local name, method, seen = control:receive("*l"):match "^(%S+) (%S+) (%d+)$"
      assert(name == case.name and method == case.method)
      case.seen = tonumber(seen)
    end
  end

  local function complaint(case)
    local err = case.err
    if case.value == nil and not heygen.is_error(err) then
      return "neither a value nor an error"
    elseif case.took > DEADLINE + PATIENCE then
      return ("took %.1f s"):format(case.took)
    elseif case.value == nil and ODD_BUT_RIGHT[case.name] then
      return "was refused: " .. case.message
    elseif case.alone and not case.name:find "unproved" and not case.value then
      return "was refused, and not sent again: " .. case.message
    elseif case.alone and case.name:find "unproved" and (case.value or err.sent ~= "maybe") then
      return "may have been handled, and was sent again, or is said to be unsent"
    elseif case.method == "read" then
      return nil
    elseif case.seen > 1 then
      return ("was sent %d times"):format(case.seen)
    elseif case.value and case.seen ~= 1 then
      return "succeeded, and was not seen"
    elseif err and case.seen == 1 and err.sent == "no" then
      return "was seen, and said to be unsent: " .. case.message
    elseif err and case.seen == 0 and err.sent == "yes" then
      return "was not seen, and said to be sent: " .. case.message
    end
  end

  it("gets one create at most, and an end in time", function()
    run_all()
    local complaints = {}
    for _, case in ipairs(cases) do
      local what = case.took and complaint(case)
      complaints[#complaints + 1] = what and case.name .. " " .. case.method .. ": " .. what
    end
    assert.same({}, complaints)
    assert.is_true(#cases >= 2 * 57)
  end)
end)
