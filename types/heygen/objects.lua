---@meta _
-- luacheck: ignore
-- Types of what the API returns (LuaCATS), never required; docs/generate.lua makes the tables of the reference from
-- them. A field with "?" may be absent. Fields that this version does not know are there as well.

---@class heygen.Video
---@field id string
---@field status "pending"|"processing"|"completed"|"failed"|string all but "completed" and "failed" mean that it continues
---@field title string?
---@field video_url string? the mp4, signed for some time; each videos:get gives a fresh one
---@field thumbnail_url string?
---@field gif_url string?
---@field captioned_video_url string?
---@field subtitle_url string? SRT
---@field duration number? seconds
---@field created_at integer? Unix time
---@field completed_at integer? Unix time
---@field folder_id string?
---@field output_language string?
---@field failure_code string?
---@field failure_message string?
---@field video_page_url string? page in the web app

---@class heygen.VideoAgentSession
---@field session_id string
---@field status "thinking"|"waiting_for_input"|"reviewing"|"generating"|"completed"|"failed"|string? absent in lists and in the answer of stop
---@field created_at integer? Unix time
---@field progress integer? per cent
---@field title string?
---@field video_id string? absent until rendering begins
---@field messages heygen.VideoAgentMessage[]? newest first, 40 at most

---@class heygen.VideoAgentMessage
---@field role "user"|"model"|string
---@field type "text"|"resource"|"error"|string
---@field content string
---@field created_at integer?
---@field resource_ids string[]?

---@class heygen.VideoAgentRun
---@field run_id string
---@field session_id string
---@field title string?

---@class heygen.VideoAgentResource
---@field resource_id string
---@field resource_type string image, video, draft, avatar, voice, ...
---@field source_type string? "generated" or "user_uploaded"
---@field url string?
---@field thumbnail_url string?
---@field preview_url string?
---@field metadata table?
---@field created_at integer?

---@class heygen.VideoAgentStyle
---@field style_id string
---@field name string
---@field thumbnail_url string?
---@field preview_video_url string?
---@field tags string[]?
---@field aspect_ratio string? 16:9, 9:16 or 1:1

---@class heygen.DeletedVideo
---@field id string
---@field deleted boolean?

---@class heygen.Deleted
---@field id string?
---@field deleted boolean?

---An empty table.
---@class heygen.Nothing

---@class heygen.VideoCreated
---@field video_id string to continue with: videos:get(video_id)
---@field status string waiting, at first
---@field output_format "mp4"|"webm"|nil

---@class heygen.BatchCreated
---@field batch_id string

---@class heygen.AnyBatchItem
---@field item_index integer its place in what was sent, from 0
---@field status "queued"|"processing"|"completed"|"failed"|string
---@field error table? why it failed

---@class heygen.BatchItem : heygen.AnyBatchItem
---@field video_id string? absent until it is made

---@class heygen.AnyBatch
---@field batch_id string
---@field status "processing"|"completed"|"failed"|string
---@field counts_by_status table how many items have which status
---@field created_at integer Unix time
---@field total_items integer
---@field has_more boolean
---@field next_token string?
---@field title string?

---@class heygen.Batch : heygen.AnyBatch
---@field items heygen.BatchItem[] a page of them
---@field next fun(self: heygen.Batch): heygen.Batch?, string?, heygen.Error? with the next page; nil alone: no more

---@class heygen.AnyStatus
---@field batch_id string?
---@field item_index integer?
---@field status "queued"|"processing"|"completed"|"failed"|"not_found"|string
---@field error table?

---@class heygen.BulkStatus : heygen.AnyStatus
---@field video_id string?

---@class heygen.Asset
---@field id string
---@field name string
---@field owner string the `username` of whose it is
---@field space_id string
---@field type string image, video, audio, font, ...
---@field uploaded_at integer Unix time
---@field url string?
---@field folder_id string?

---@class heygen.UploadedAsset
---@field asset_id string for the file inputs of other calls
---@field url string
---@field mime_type string found in the bytes, not in the name
---@field size_bytes integer
---@field status string? of a direct upload; ready when assets:statuses says completed

---@class heygen.FoundAsset
---@field id string
---@field url string
---@field type "image"|"icon"|string
---@field width integer?
---@field height integer?
---@field orientation string?
---@field is_transparent boolean?

---@class heygen.AssetStatus : heygen.AnyStatus
---@field asset_id string? the service calls it video_id

---@class heygen.DirectUpload
---@field asset_id string
---@field upload_url string where the bytes go, by PUT and without the API key
---@field upload_headers table to send with them, as they are
---@field expires_in_seconds integer
---@field max_bytes integer
---@field status string pending_upload

---@class heygen.DirectUploadBatch
---@field batch_id string
---@field items heygen.DirectUpload[]

---@class heygen.AssetBatchItem : heygen.AnyBatchItem
---@field asset_id string? the service calls it video_id

---@class heygen.AssetBatch : heygen.AnyBatch
---@field items heygen.AssetBatchItem[] a page of them
---@field next fun(self: heygen.AssetBatch): heygen.AssetBatch?, string?, heygen.Error? with the next page; nil alone: no more

---@class heygen.WebhookEndpoint
---@field endpoint_id string
---@field url string
---@field events string[]? absent: all
---@field status "enabled"|"disabled"|string
---@field created_at string ISO 8601
---@field secret string? in the answer of create_endpoint only; signs the events

---@class heygen.WebhookSecret
---@field endpoint_id string
---@field secret string

---@class heygen.WebhookEventType
---@field event_type string
---@field description string

---@class heygen.WebhookEvent
---@field event_id string
---@field event_type string
---@field event_data table
---@field created_at string ISO 8601

---@class heygen.User
---@field username string
---@field email string?
---@field first_name string?
---@field last_name string?
---@field billing_type "wallet"|"subscription"|"usage_based"|nil
---@field wallet heygen.Wallet?
---@field subscription heygen.Subscription?
---@field usage_based heygen.UsageBased?

---@class heygen.Wallet
---@field currency "usd"|"credits"|string
---@field remaining_balance number?
---@field auto_reload heygen.AutoReload?

---@class heygen.AutoReload
---@field enabled boolean
---@field threshold_usd number?
---@field amount_usd number?

---@class heygen.Subscription
---@field plan "free"|"starter"|"creator"|"pro"|"team"|"enterprise"|"business_plus"|string
---@field credits heygen.Credits

---@class heygen.Credits
---@field premium_credits heygen.CreditPool?
---@field add_on_credits heygen.CreditPool?

---@class heygen.CreditPool
---@field remaining integer?
---@field resets_at string?

---@class heygen.UsageBased
---@field included_credits number?
---@field remaining_credits number?
---@field spending_cap_usd number?
---@field spending_current_usd number?

---Material for a video: one of path, bytes, url, asset_id, or media_type with data. A text alone is a path or an https
---address.
---@class heygen.FileInput
---@field type "url"|"asset_id"|"base64"|nil filled in
---@field path string? a local file: uploaded first
---@field bytes string? raw bytes: sent as base64
---@field filename string? of path or bytes
---@field url string? https
---@field asset_id string?
---@field media_type string? such as "image/png"; needed with data only
---@field data string? base64

---A file where the service takes no base64: one of path, bytes, url, asset_id. A text alone is a path or an https address.
---@class heygen.FileReference
---@field type "url"|"asset_id"|nil filled in
---@field path string? a local file: uploaded first
---@field bytes string? raw bytes: uploaded first
---@field filename string? of path or bytes
---@field media_type string? of path or bytes
---@field url string? https
---@field asset_id string?

---Something to upload: one of path, data and read.
---@class heygen.UploadContent
---@field path string?
---@field data string? the bytes
---@field read (fun(size: integer): string?, string?)? gives the next bytes; nil at the end, or nil and why it gives up
---@field size integer? how many bytes `read` will give
---@field filename string?
---@field media_type string? refused when the content disagrees
