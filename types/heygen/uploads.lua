---@meta _
-- luacheck: ignore
-- Types of uploads for editors (LuaCATS); docs/generate.lua makes the reference of them. Never required.

---@class heygen.Assets
local assets = {}

---Uploads a file of any size that the service takes: in one request up to 32 MB, beyond that straight to the storage.
---Its type is found out from its content before anything is sent.
---@param file string|heygen.UploadContent a path, or {data = ...}, or {read = function}
---@param options heygen.UploadOptions? see [options.md](options.md#uploads)
---@return heygen.UploadedAsset? asset
---@return string? message names the file
---@return heygen.Error? err with asset_id, when the service has named one
function assets:upload(file, options) end
