function love.conf(t)
  t.identity = "heygen-bench"
  t.window.title = "What a frame pays"
  t.window.width, t.window.height = 320, 200
  t.window.vsync = 0 -- main.lua keeps the pace
  for _, unused in ipairs { "audio", "joystick", "physics", "sound", "video" } do
    t.modules[unused] = false
  end
end
