---@meta _
-- luacheck: ignore
-- Types for editors (LuaCATS): options and events. Never required. What Lua code defines is annotated where it stands;
-- core.lua has the C core, api.lua the methods made from lua/heygen/endpoints/, objects.lua what they return.

---@class heygen
---@field _VERSION string
---@field sim heygen.sim the simulator, loaded when it is first named
---@field webhook heygen.webhook deliveries: verify, parse, sign; loaded when it is first named

-- ---- options ----

---@class heygen.Options
---@field api_key string? else the environment's HEYGEN_API_KEY
---@field access_token (string|fun(is_rejected: boolean): string)? an OAuth access token instead of a key, or a function that gives one
---@field base_url string? else HEYGEN_API_BASE, else https://api.heygen.com
---@field allow_http boolean? plain http to other machines: the key travels unprotected (false)
---@field timeout number? seconds for one attempt (30 for reads, 120 for all else)
---@field connect_timeout number? seconds to reach the server, TLS included (15)
---@field deadline number? seconds for all attempts, pauses and bodies of a call (300)
---@field max_retries integer? attempts after the first (2)
---@field retry_base number? seconds; doubled at each retry, with full jitter (1)
---@field retry_cap number? seconds; the longest pause of our own choice (30)
---@field http_version "1.1"|nil HTTP/1.1 alone
---@field max_connections integer? for all clients of a Lua state together (100)
---@field max_response_bytes integer? of one answer, after decompression (16 MB)
---@field user_agent string? put before our own
---@field headers table<string, string>? sent with every API request
---@field proxy string? else the environment's https_proxy; "" means none
---@field ca_file string? certificates to trust, PEM; else the system's
---@field on_request fun(event: heygen.RequestEvent)? before each attempt; one that raises stops the request
---@field on_response fun(event: heygen.ResponseEvent)? after each attempt
---@field log fun(line: string)? one line for each attempt, never with a secret
---@field driver string|table|heygen.Driver|nil who waits: a name, {name, options}, or your own; else detected

---What every call takes in addition to the fields of the API, in the same table.
---@class heygen.CallOptions
---@field timeout number? seconds for one attempt
---@field deadline number? seconds for all attempts, pauses and bodies
---@field max_retries integer?

---Where a call has a callback_url.
---@class heygen.CallbackOption
---@field callback heygen.webhook.Callback? instead of callback_url and callback_id: an address with a token

---@class heygen.PostOptions : heygen.CallOptions, heygen.CallbackOption
---@field idempotency_key string? 1 to 255 letters, digits or _ - : . (a random one for each call)

---What calls take in which a file may be given.
---@class heygen.FileOptions
---@field files_as "assets"|"base64"|nil what becomes of local files (paths: assets, bytes: base64)
---@field on_upload (fun(event: heygen.UploadEvent)|heygen.Progress|heygen.ProgressBar)? four times a second for each file that is uploaded

---@class heygen.WaitOptions
---@field timeout number? seconds until the wait gives up; the job continues (3600)
---@field interval number? seconds, the first pause; pauses then grow by half, up to the usual ones
---@field max_interval number? seconds, the longest pause when given (30)
---@field grace number? seconds in which a session's "failed" may still turn (300)
---@field not_found_grace number? seconds after an id was first seen in which a 404 means "not yet" (30)
---@field webhook heygen.webhook.Router? a delivery about the job ends the pause at once
---@field webhook_interval number? seconds, the longest pause while deliveries are known to arrive (960)
---@field on_progress (fun(event: heygen.WaitEvent)|heygen.Progress|heygen.ProgressBar)? after each poll

---@class heygen.UploadOptions
---@field direct boolean? straight to the storage; false: in one request (beyond 32 MB)
---@field checksum boolean? of a direct upload: give its SHA-256 (true)
---@field wait boolean? of a direct upload: until the service can use it (true)
---@field interval number? seconds, the first pause of that wait (1)
---@field timeout number? seconds for one attempt (600)
---@field deadline number? seconds for all of it (3600)
---@field max_retries integer? attempts after the first
---@field idempotency_key string? the same for all attempts (a random one)
---@field on_progress (fun(event: heygen.UploadEvent)|heygen.Progress|heygen.ProgressBar)? four times a second, and at the end

---@class heygen.DownloadOptions
---@field variant "video"|"captioned"|"gif"|"thumbnail"|"subtitle"|nil which file of a video ("video")
---@field resume boolean? keep what has come when it fails, for the next call to resume from (true)
---@field refresh (fun(): table|string|nil, any)? gives the object or its address again, for what is not a video
---@field deadline number? seconds for all attempts and pauses (3600)
---@field on_progress (fun(event: heygen.TransferEvent)|heygen.Progress|heygen.ProgressBar)? four times a second
---@field overwrite boolean? replace an existing file (false)

---@class heygen.ProgressOptions
---@field stream {write: function, flush: function}? (io.stderr); a terminal when it is io.stdout or io.stderr and is one
---@field label string? in front of a bar without a name of its own
---@field columns integer|false|nil a fixed width; false: plain lines (the terminal's)

---The argument of client:request.
---@class heygen.RawRequest
---@field method string? (GET)
---@field path string such as "/v3/videos", percent-encoded
---@field query table<string, string|number|boolean>?
---@field json table? a body, sent as JSON
---@field body string? a body, sent as it is
---@field content_type string? of `body`
---@field headers table<string, string>?
---@field timeout number?
---@field deadline number?
---@field max_retries integer?
---@field idempotency_key string?

---@class heygen.Generate : heygen.VideoAgentsCreate
---@field wait heygen.WaitOptions?
---@field save string|heygen.Save|nil where the video is downloaded to in the end; checked before anything is paid

---@class heygen.Save : heygen.DownloadOptions
---@field path string the name of the file

---@class heygen.GeneratedVideo : heygen.Video
---@field path string? with `save`: the name of the file

-- ---- events ----

---@class heygen.WaitEvent
---@field status string? of the job; of the session while the video is not known
---@field progress integer? per cent, never falling; nil when the service has not said
---@field elapsed number seconds since the wait began
---@field age number? seconds since the job began, as far as is known
---@field expected number? seconds that such a job takes in all, in the mean of those that took at least as long
---@field session_id string?
---@field video_id string?
---@field finished integer? of several jobs, and of a batch: how many have ended
---@field total integer? of how many
---@field counts table<string, integer>? of a batch: its items by status
---@field err heygen.Error? why the last poll failed; the wait continues
---@field [string] any the ids of other jobs, as lipsync_id

---@class heygen.TransferEvent
---@field received integer? bytes
---@field total integer? bytes, when the server has said
---@field elapsed number seconds
---@field video_id string?

---@class heygen.UploadEvent
---@field sent integer bytes, never falling
---@field total integer bytes
---@field elapsed number seconds
---@field filename string

---@class heygen.RequestEvent
---@field method string
---@field url string
---@field attempt integer
---@field idempotency_key string?

---@class heygen.ResponseEvent
---@field method string
---@field url string
---@field attempt integer
---@field seconds number
---@field status integer? nil when no answer came
---@field kind string? of the error, if it is one
---@field code string?
---@field request_id string?

-- ---- drivers ----

---@class heygen.Driver
---@field await fun(engine: heygen.engine, operation: heygen.operation, seconds: number?): true?, string? until the operation is done; nil and "timeout" or "cancelled"
---@field sleep fun(engine: heygen.engine, seconds: number): true?, string? nil and "cancelled"
---@field can_wait fun()? before a create is sent: raises where await could not work

-- ---- the simulator ----

---@class heygen.sim
---@field start fun(options: table?): heygen.sim.Server?, string? see docs/simulator.md

---@class heygen.sim.Server
---@field url string
---@field stop fun(self: heygen.sim.Server)
