-- "make demo": from a prompt to an mp4, against a simulator that this program starts and stops. Costs nothing.
--
--   lua examples/demo.lua [--real] [prompt]
--
-- It exits 1 with one line on standard error when something fails; "make" itself then exits 2.
--
-- HEYGEN_DEMO_PROMPT and HEYGEN_DEMO_OUT name the prompt and the file as well. With --real the video is made by the
-- service that HEYGEN_API_KEY (and HEYGEN_API_BASE) name: that takes 10 to 45 minutes and costs money.
local heygen = require "heygen"

local PROMPT = "A presenter explains our launch in 30 seconds"
local OUT = "launch.mp4"
local SPEED = 72 -- the 12 minutes of the simulator pass in 10 seconds
local SIMULATOR_PAUSE = 0.25 -- seconds between two polls

local function environment(name)
  local value = os.getenv(name)
  return value ~= "" and value or nil
end

local function read_arguments()
  local prompt, real = nil, false
  for _, argument in ipairs(arg) do
    if argument == "--real" then
      real = true
    else
      prompt = argument
    end
  end
  return prompt or environment "HEYGEN_DEMO_PROMPT" or PROMPT, real
end

-- Keeps the clocks of the bars going while the wait sleeps.
local function keep_time(bars, task)
  while not task:done() do
    bars:tick()
    heygen.sleep(0.5)
  end
end

-- The whole use of the module: create, wait, download. `note` gets the session's id, with which a wait can be resumed.
local function make_video(client, prompt, out, bars, pause, note)
  local bar = bars:bar "video"
  local video, message = client:generate {
    prompt = prompt,
    orientation = "landscape",
    wait = {
      interval = pause,
      max_interval = pause,
      on_progress = function(event)
        note(event.session_id)
        bar(event)
      end,
    },
  }
  if not video then
    return nil, message
  end
  local path, problem = client:download(video, out, { on_progress = bars:bar(out), overwrite = true })
  if not path then
    return nil, problem
  end
  return video
end

local function size_of(path)
  local file = assert(io.open(path, "rb"))
  local size = file:seek "end"
  file:close()
  return size
end

local function shorten(text)
  if #text <= 70 then
    return text
  end
  return (text:sub(1, 67):gsub("[\192-\255][\128-\191]*$", "")) .. "..." -- never half a character
end

local function run(client, prompt, real)
  local out = environment "HEYGEN_DEMO_OUT" or OUT
  local bars = heygen.progress { stream = io.stdout }
  print("Prompt: " .. shorten(prompt))
  local session
  local function note(id)
    if real and not session then
      bars:print("Session: " .. id)
    end
    session = id
  end
  local ok, video, message = pcall(heygen.run, function()
    local task =
      heygen.spawn(make_video, client, prompt, out, bars, not real and SIMULATOR_PAUSE or nil, note)
    heygen.spawn(keep_time, bars, task)
    return task:join()
  end)
  bars:close()
  if not ok then -- Ctrl-C
    message = tostring(video):find("interrupted!", 1, true) and "interrupted" or tostring(video)
    return nil, real and session and message .. ": " .. session .. " continues at the service" or message
  elseif not video then
    return nil, message
  end
  print(("%s: %g s of video, %.0f kB"):format(out, video.duration or 0, size_of(out) / 1000))
  return true
end

local function main()
  local prompt, real = read_arguments()
  if real then
    return run(heygen.new(), prompt, real)
  end
  local server, message = heygen.sim.start { speed = SPEED }
  if not server then
    return nil, message
  end
  print("Simulator at " .. server.url .. ", where 12 minutes pass in 10 seconds.")
  print "It makes a test clip, as long as the prompt says (10 s if it does not), whatever else it says."
  local client = heygen.new { api_key = "demo-key", base_url = server.url }
  local done, problem = run(client, prompt, real)
  server:stop()
  return done, problem
end

local ok, problem = main()
if not ok then
  io.stderr:write("demo: ", problem, "\n")
  os.exit(1)
end
