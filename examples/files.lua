-- A video made of your own material: pictures, slides, recordings. They are uploaded in parallel before the create.
--   HEYGEN_API_KEY=... lua examples/files.lua slides.pdf logo.png
local heygen = require "heygen"
local client = heygen.new()

local NOTES = table.concat({
  "%PDF-1.4",
  "1 0 obj << /Type /Catalog /Pages 2 0 R >> endobj",
  "2 0 obj << /Type /Pages /Kids [3 0 R] /Count 1 >> endobj",
  "3 0 obj << /Type /Page /Parent 2 0 R /MediaBox [0 0 300 100] /Contents 4 0 R",
  "  /Resources << /Font << /F << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >> endobj",
  "4 0 obj << /Length 60 >> stream",
  "BT /F 24 Tf 20 40 Td (Sales went up by 12 per cent) Tj ET   ",
  "endstream endobj",
  "trailer << /Root 1 0 R >>",
  "%%EOF",
  "",
}, "\n")

local files = {} ---@type (string|table)[]
for index, path in ipairs(arg) do
  files[index] = path
end
if #files == 0 then -- something to show
  files[1] = { bytes = NOTES, filename = "notes.pdf" }
end

local display = heygen.progress() -- a bar for each file, then one for the wait, then one for the download
local video, message, err = client:generate {
  prompt = "Present what is in the files, in 30 seconds",
  files = files,
  files_as = "assets", -- bytes would go into the request itself
  on_upload = display,
  wait = { on_progress = display },
}
display:close()
if not video then
  print(message)
  if err.asset_ids then -- not lost: {asset_id = ...} takes the place of a file in the next call
    print("uploaded already: " .. table.concat(err.asset_ids, ", "))
  end
  os.exit(1, true)
end
print(assert(client:download(video, "presentation.mp4", { on_progress = display, overwrite = true })))
