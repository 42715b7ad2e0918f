---@meta heygen.core
-- luacheck: ignore
-- Types of the C core (LuaCATS). Never required: `require "heygen.core"` loads the C library. See docs/core.md.

---@class heygen.core
---@field _VERSION string
---@field null lightuserdata JSON null
local core = {}

---@return number seconds on a clock that never jumps
function core.now() end

---Whether the caller may yield. PUC Lua 5.1 cannot tell; nginx hides LuaJIT's coroutine.isyieldable.
---@return boolean?
function core.isyieldable() end

---@return number seconds since 1970, with a fraction
function core.time() end

---Encodes a value as JSON.
---@param value any
---@param shape table<string, heygen.FieldSpec>? what it says is an array is sent as one, even empty
---@return string? text
---@return string? message begins with the path of the bad field
function core.encode(value, shape) end

---Decodes JSON. null becomes an absent key, an integral number an integer where Lua has them.
---@param text string
---@param keep_null boolean? null becomes core.null
---@param lenient boolean? also reads what is nearly JSON, and ids that are numbers as text
---@param by_cjson boolean? leaves all of it to lua-cjson, to compare
---@return any value
---@return string? message
function core.decode(text, keep_null, lenient, by_cjson) end

---@param t table
---@return table t marked: sent as a JSON array, even when it is empty
function core.array(t) end

---@param text string
---@return integer? code_points nil when it is not UTF-8
---@return integer? position of the first bad byte
function core.utf8_length(text) end

---@param text string
---@return string encoded percent-encoded; letters, digits and - . _ ~ stay
function core.escape(text) end

---@param text string
---@return boolean plain may stand in a path as it is: unreserved characters, the first one no dot
function core.is_plain(text) end

---@param n integer 0 to 256
---@return string bytes strong random ones
function core.random(n) end

---@return string uuid version 4
function core.uuid() end

---@param data string
---@return string hex
function core.sha256(data) end

---@param key string
---@param data string
---@return string hex
function core.hmac_sha256(key, data) end

---@param a string
---@param b string
---@return boolean same in a time that does not depend on where they differ
function core.equal(a, b) end

---Whether a webhook's header has the signature of the data. Compares in constant time, 64 items at most.
---@param key string
---@param data string
---@param header string
---@return boolean
function core.signed(key, data, header) end

---@param fd integer
---@return integer? columns width of the terminal; nil when it is no terminal
---@return integer? rows
function core.columns(fd) end

---@param headers table<string, string>
---@return heygen.headers headers raises on CR, LF, NUL and bad names
function core.headers(headers) end

---@class heygen.prepared : userdata

---@param request heygen.Request a GET by base, without target, body and output
---@return heygen.prepared prepared for engine:get
function core.prepare(request) end

---@return heygen.engine? engine of this Lua state and process, made at the first call
---@return string? message
function core.engine() end

---@return heygen.engine? engine that is separate
---@return string? message
function core.new_engine() end

---Opens a regular file for reading. Never waits for a FIFO or a device.
---@param path string
---@return heygen.file? file
---@return string? message
---@return heygen.Failure? failure
function core.file(path) end

---An empty temporary file without a name, which vanishes with this object or the process.
---@param name string what messages call it
---@return heygen.file? file
---@return string? message
---@return heygen.Failure? failure
function core.spool(name) end

---For OpenResty: a thread that writes to a unix socket when the engine has work.
---@param engine heygen.engine
---@param heartbeat number? seconds between two bytes "h" (0.5)
---@return heygen.bridge? bridge
---@return string? message
function core.bridge(engine, heartbeat) end

---Opens a file to write to. Never through a symbolic link, nor into another program's file.
---@param path string
---@param keep boolean? takes one that is there, and locks it; else there must be none
---@return heygen.output? output
---@return string? message
---@return string? code "busy": another one holds it; "foreign": there is something that is not ours
function core.output(path, keep) end

---@param path string
---@return "file"|"directory"|"link"|"other"|nil type
---@return "file"|"directory"|"other"|nil target of a link: what it leads to
function core.file_type(path) end

---@param path string
---@return string path of the same file from the root, for when the process may be in another directory
function core.absolute(path) end

---A list of headers that many requests share.
---@class heygen.headers : userdata

---@class heygen.Request
---@field method string? (GET)
---@field url string? the whole address, or base and target
---@field base string? scheme, host and port
---@field target string? path and query
---@field query table<string, string|number|boolean>? added to the address
---@field headers heygen.headers|table<string, string>|nil
---@field extra_headers table<string, string>? in addition to shared `headers`
---@field body string|(string|heygen.Segment)[]|nil
---@field json any a body, encoded
---@field file string|heygen.file|nil a file to send as the body
---@field multipart heygen.Part[]?
---@field content_type string? of `body` or `file` (application/octet-stream); "" means none
---@field output string|heygen.output|nil for the body of a 2xx answer: a new file, which must not exist; or one that is open, from operation:accept on
---@field stream boolean? a 2xx body is taken by operation:read while it comes
---@field timeout number? seconds for the whole exchange (none)
---@field deadline number? a time of core.now(), when the exchange is over in any case
---@field connect_timeout number? seconds
---@field stall_timeout number? give up after so many seconds under a byte per second
---@field max_bytes integer? cap of the body after decompression
---@field proxy string? "" means none; absent: the one of the environment
---@field ca_file string?
---@field fresh boolean? on a new connection, and sent once
---@field public boolean? on a handle that has never carried a credential
---@field allow_http boolean?
---@field compressed boolean? asks for compressed answers
---@field http_version "1.1"|nil over HTTP/1.1 alone
---@field owner integer? for engine:close_owner

---A piece of a body that is no plain string. Base64 is made while it is sent.
---@class heygen.Segment
---@field base64 string?
---@field base64_file string|heygen.file|nil
---@field file string|heygen.file|nil

---@class heygen.Part
---@field name string
---@field data string?
---@field file string|heygen.file|nil
---@field filename string?
---@field content_type string?

---@class heygen.Failure
---@field kind string network, timeout, cancelled, parse, too_large, file, closed or pending
---@field sent "no"|"maybe"|"yes"
---@field code string? dns, connect, certificate, tls, closed, truncated, http2, encoding, url, protocol, timeout
---@field curl_code integer?
---@field status integer?

---@class heygen.engine : userdata
local engine = {}

---Starts an exchange. Never blocks.
---@param request heygen.Request raises on fields of a wrong type
---@return heygen.operation? operation
---@return string? message
---@return heygen.Failure? failure
function engine:create(request) end

---Starts a GET, most of which was read before.
---@param prepared heygen.prepared
---@param target string
---@param timeout number?
---@param deadline number?
---@param compressed boolean?
---@param max_bytes number?
---@return heygen.operation? operation
---@return string? message
---@return heygen.Failure? failure
function engine:get(prepared, target, timeout, deadline, compressed, max_bytes) end

---Starts a timer, which is an operation as well.
---@param seconds number
---@param owner integer? for engine:close_owner
---@return heygen.operation? operation
---@return string? message
---@return heygen.Failure? failure
function engine:after(seconds, owner) end

---An operation that is done as soon as there is something new of another one: the head of an answer with `output` or `stream`, bytes to
---read, its end. At most one at a time for each operation.
---@param operation heygen.operation
---@return heygen.operation? notification
---@return string? message
---@return heygen.Failure? failure
function engine:notification(operation) end

---An operation that is done when all that was written is on the disk. A thread does it.
---@param what heygen.output|string an open file, or the path of a directory
---@param owner integer? for engine:close_owner
---@return heygen.operation? operation
---@return string? message
---@return heygen.Failure? failure
function engine:sync(what, owner) end

---Works on what is ready. Never blocks, never raises for what happens on the network.
---@param budget number? seconds that this may take
---@return integer finished operations that ended in this call
---@return integer live operations that have not ended
function engine:poll(budget) end

---Blocks until something happens, then works on it.
---@param seconds number? at most; nil: as long as it takes
---@return true? happened
---@return string? reason "timeout"
function engine:wait(seconds) end

---@return integer? fd readable when poll has something to do, timers included
---@return string? message when this system has none: go by timeout()
function engine:pollfd() end

---The same as pollfd, by LuaSocket's name.
---@return integer? fd
---@return string? message
function engine:getfd() end

---@return string events "r"
function engine:events() end

---@return integer live operations that have not ended
function engine:live() end

---Ends all operations that were made with this number, with the kind "closed".
---@param owner integer
---@param why string the message
function engine:close_owner(owner, why) end

---@return number? seconds until poll has something to do even if nothing arrives
function engine:timeout() end

---@return integer? id of an operation that is done, whose notify was called, each once
function engine:finished() end

---@param connections integer 1 to 100000, open at once
function engine:limit(connections) end

---@return boolean usable false when closed, or in a forked child
function engine:usable() end

---Ends all operations with the kind "closed".
function engine:close() end

---@class heygen.operation : userdata
local operation = {}

---@return boolean done
function operation:done() end

---The outcome of an exchange; of a timer: true.
---@return integer|true|nil status
---@return string? body or the message of a failure
---@return heygen.Failure? failure
function operation:result() end

---@return boolean was_running
function operation:cancel() end

---@return number received bytes
---@return number? received_total
---@return number sent bytes
---@return number? sent_total
function operation:progress() end

---@return table<string, number> timings seconds since the start: namelookup, connect, appconnect, pretransfer, starttransfer, total; and connections opened
function operation:timings() end

---@return integer? status
function operation:status() end

---@return "no"|"maybe"|"yes" sent could the server have seen the request
function operation:sent() end

---@param name string in any letter case
---@return string? value the last one
function operation:header(name) end

---@return string head status line and headers as they came
function operation:head() end

---Lets the body into its output from there on; what is there behind is cut off. Until then nothing is written.
---@param at number? bytes (0)
---@return true? accepted
---@return string? message
function operation:accept(at) end

---Takes what has come of a stream, in order. Until then, the server waits.
---@return string? bytes nil: nothing yet, or all is taken
function operation:read() end

---Frees the body; the rest stays.
function operation:drop() end

---Puts the operation's id into engine:finished when it is done.
---@return integer id
function operation:notify() end

---@return string? version "1.0", "1.1", "2" or "3"
function operation:http_version() end

---A local file, opened once: what was checked is what is sent.
---@class heygen.file : userdata
local file = {}

---@return number bytes when it was opened, or added to a spool
function file:size() end

---@param from number bytes before the first one
---@param count integer 0 to 65536
---@return string? bytes fewer at the end of the file
---@return string? message
---@return heygen.Failure? failure
function file:read(from, count) end

---Adds to a spool.
---@param data string
---@return true? added
---@return string? message the disk is full
---@return heygen.Failure? failure
function file:append(data) end

---Digests the next bytes. Call it until it gives the digest.
---@param count number of bytes: how long this may take
---@return string|false|nil sha256 hexadecimal; false: there are bytes left; nil: failed, the file may have changed
---@return number|string done bytes so far, or a message
---@return heygen.Failure? failure
function file:digest(count) end

---@return true? same it has the size and the time of its last change that it had when it was opened
---@return string? message
---@return heygen.Failure? failure
function file:check() end

---Requests that send it continue.
function file:close() end

---A file that grows until it gets its name. Closed without that, it goes, unless it was opened to be kept and something
---is in it.
---@class heygen.output : userdata
local output = {}

---@return number? bytes
---@return string? message
function output:size() end

---@return true? cleared
---@return string? message
---@return string? code "disk_full"
function output:clear() end

---The text next to it, in a file named as this one and ".json".
---@param text string|false|nil replaces it; false: removes it; nil: reads it
---@return string|true|nil text
---@return string? message
---@return string? code "disk_full"
function output:note(text) end

---Gives it its name and removes the note. A symbolic link of that name is replaced, not followed.
---@param to string
---@param replace boolean? something that has the name already
---@return true? renamed
---@return string? message
---@return string? code "exists"
function output:rename(to, replace) end

---Removes it and its note.
function output:remove() end

function output:close() end

---@class heygen.bridge : userdata
local bridge = {}

---@return string? path for this process to connect to, once
---@return string? message
function bridge:path() end

---Asks for one byte "w" as soon as the engine has work, which may be now.
---@return true? armed
---@return string? message why it will not come
function bridge:arm() end

---Ends the thread and the connection. May be called again.
function bridge:close() end

return core
