-- Uses the module as its types say: the type checker (.ci/types.lua) must find nothing here. Never run.
local heygen = require "heygen"

local client = heygen.new {
  api_key = "k",
  timeout = 30,
  max_retries = 3,
  headers = { ["X-Trace"] = "1" },
  on_response = function(event)
    print(event.method, event.attempt, event.status or event.kind)
  end,
}

local function order()
  local video, message, err = client:generate {
    prompt = "A tour of our office",
    orientation = "landscape",
    style_id = heygen.null,
    files = { { type = "url", url = "https://example.com/plan.pdf" } },
    wait = {
      timeout = 1800,
      on_progress = function(event)
        print(event.status, event.progress, event.elapsed, event.video_id)
      end,
    },
  }
  if not video then
    print(message, err and err.kind, err and err.session_id)
    return
  end
  local path = client:download(video, "tour.mp4", { overwrite = true, on_progress = heygen.progress() })
  print(path, video.duration, video.video_url)
end

local function look_around(id)
  local session = client.video_agents:get(id)
  if session then
    for _, said in ipairs(session.messages or {}) do
      print(said.role, said.content)
    end
  end
  local page = client.videos:list { limit = 50, title = "tour" }
  while page do
    for _, video in ipairs(page.data) do
      print(video.id, video.status)
    end
    page = page:next()
  end
  client.videos:delete(id)
  client.video_agents:send(id, { message = "Shorter, please" })
end

local function more(text)
  for voice in client.voices:each { limit = 50 } do
    print(voice.voice_id, voice.name)
  end
  local speech = client.voices:speech { text = text, voice_id = "v", speed = 1.1 }
  local hook =
    client.webhooks:create_endpoint { url = "https://example.com/hook", events = { "video_agent.success" } }
  local made = client.videos:create { type = "avatar", avatar_id = "a", script = text, voice_id = "v" }
  print(speech and speech.audio_url, hook and hook.secret, made and made.video_id)
  local asset =
    client.assets:upload("plan.pdf", { direct = true, on_progress = heygen.progress():bar "plan.pdf" })
  local other = client.assets:upload({ data = "%PDF-1.4", filename = "note.pdf" }, { checksum = false })
  client:create {
    prompt = "Present the plan",
    files = { "plan.pdf", "https://example.com/plan.pdf", { asset_id = asset and asset.asset_id or "x" } },
    on_upload = heygen.progress(),
  }
  print(asset and asset.size_bytes, other and other.url)
  local answer = client:request { path = "/v3/users/me", query = { detail = true } }
  print(answer and heygen.response(answer))
end

local display = heygen.progress { stream = io.stdout, label = "all" }
heygen.run(function()
  local task = heygen.spawn(order)
  local bar = display:bar "tour.mp4"
  bar { status = "processing", progress = 3, elapsed = 1 }
  bar:fail "why"
  display:print(task:done(), heygen.is_error(task))
  display:close()
  look_around "0123456789abcdef"
  more "Hello"
end)
