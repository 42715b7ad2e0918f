function love.conf(t)
  t.identity = "heygen-host-cases"
  t.window.width, t.window.height = 320, 200
  t.window.vsync = 0
  for _, unused in ipairs { "audio", "joystick", "physics", "sound", "video" } do
    t.modules[unused] = false
  end
end
