-- Pages: the chain, its end, and servers that lead nowhere.

local errors = require "heygen.errors"
local pages = require "heygen.api.pages"

-- A fetch that gives the envelopes in turn and writes down the params it was called with.
local function script(envelopes)
  local calls = {}
  return function(params)
    calls[#calls + 1] = params
    local envelope = envelopes[#calls]
    if not envelope then
      error "fetched too often"
    elseif envelope.kind then
      return nil, errors.new(envelope)
    end
    return envelope
  end,
    calls
end

local function page_of(items, token)
  return { data = items, has_more = token ~= nil, next_token = token }
end

local function collect(fetch, params)
  local items = {}
  for item in pages.each(fetch, params) do
    items[#items + 1] = item
  end
  return items
end

describe("pages.new", function()
  it("is the envelope itself", function()
    local envelope = { data = { "a" }, has_more = true, next_token = "t1", total = 5 }
    local page = pages.new(script {}, {}, envelope)
    assert.equal(envelope, page)
    assert.same({ "a" }, page.data)
    assert.is_true(page.has_more)
    assert.equal("t1", page.next_token)
    local keys = {}
    for key in pairs(page) do
      keys[#keys + 1] = key
    end
    table.sort(keys)
    assert.same({ "data", "has_more", "next_token", "total" }, keys)
  end)

  it("leads to the next page with the same fields and the token", function()
    local params = { limit = 2, title = "x" }
    local fetch, calls = script { page_of({ "c" }, nil) }
    local first = pages.new(fetch, params, page_of({ "a", "b" }, "t1"))
    local second = first:next()
    assert.same({ "c" }, second.data)
    assert.same({ { limit = 2, title = "x", token = "t1" } }, calls)
    assert.same({ limit = 2, title = "x" }, params)
    assert.same({ n = 1 }, { n = select("#", second:next()) })
    assert.is_nil(second:next())
    assert.equal(1, #calls)
  end)

  it("keeps its fields, whatever the caller does with the table", function()
    local params = { limit = 2 }
    local fetch, calls = script { page_of({ "b" }, "t2"), page_of({ "c" }, nil), page_of({ "d" }, nil) }
    local page = pages.new(fetch, params, page_of({ "a" }, "t1"))
    local iterator = pages.each(fetch, params)
    params.limit, params.folder_id = nil, "f"
    page = page:next()
    params.title = "x"
    page:next()
    iterator()
    assert.same({ { limit = 2, token = "t1" }, { limit = 2, token = "t2" }, { limit = 2 } }, calls)
  end)

  it("works without params", function()
    local fetch, calls = script { page_of({}, nil) }
    assert.is_table(pages.new(fetch, nil, page_of({ "a" }, "t1")):next())
    assert.same({ { token = "t1" } }, calls)
  end)

  it("ends at has_more false, whatever the token", function()
    local page = pages.new(script {}, {}, { data = {}, has_more = false, next_token = "t1" })
    assert.is_nil(page:next())
  end)

  it("ends without has_more and token, and at an empty token", function()
    assert.is_nil(pages.new(script {}, {}, { data = {} }):next())
    assert.is_nil(pages.new(script {}, {}, { data = {}, next_token = "" }):next())
  end)

  it("continues when has_more is absent but a token is there", function()
    local page = pages.new(script { page_of({ "b" }, nil) }, {}, { data = { "a" }, next_token = "t1" })
    assert.same({ "b" }, page:next().data)
  end)

  it("reports has_more without a token", function()
    for _, token in ipairs { false, "" } do
      local envelope = { data = {}, has_more = true, next_token = token or nil }
      local value, message, err = pages.new(script {}, {}, envelope):next()
      assert.is_nil(value)
      assert.equal("heygen: the service says that there is more, but gives no next_token (parse)", message)
      assert.equal("parse", err.kind)
      assert.same(envelope, err.last)
    end
  end)

  it("reports a token that is none", function()
    for _, token in ipairs { 5, true, { "x" }, ("t"):rep(8193) } do
      local _, message, err = pages
        .new(script {}, {}, { data = {}, has_more = true, next_token = token })
        :next()
      assert.equal("heygen: the service gave a next_token that is no token (parse)", message)
      assert.equal("parse", err.kind)
    end
  end)

  it("reports a token that was there before", function()
    local fetch, calls = script { page_of({ "b" }, "t2"), page_of({ "c" }, "t1") }
    local third = pages.new(fetch, {}, page_of({ "a" }, "t1")):next():next()
    assert.same({ "c" }, third.data)
    local value, message, err = third:next()
    assert.is_nil(value)
    assert.equal(
      'heygen: the list does not advance: the service gave the next_token "t1" a second time (parse)',
      message
    )
    assert.equal("parse", err.kind)
    assert.same({ data = { "c" }, has_more = true, next_token = "t1" }, err.last)
    assert.equal(2, #calls)
  end)

  it("reports the caller's own token coming back", function()
    local page = pages.new(script {}, { token = "t0" }, page_of({ "a" }, "t0"))
    local _, _, err = page:next()
    assert.equal("parse", err.kind)
  end)

  it("may ask for the same page twice, also after an error", function()
    local fetch = script {
      { kind = "network", message = "refused" },
      page_of({ "b" }, "t2"),
      page_of({ "b" }, "t2"),
      page_of({ "c" }, nil),
    }
    local first = pages.new(fetch, {}, page_of({ "a" }, "t1"))
    local value, message, err = first:next()
    assert.is_nil(value)
    assert.equal("heygen: refused (network)", message)
    assert.equal("network", err.kind)
    assert.same({ "b" }, first:next().data)
    local second = first:next()
    assert.same({ "b" }, second.data)
    assert.same({ "c" }, second:next().data)
  end)

  it("refuses answers that are no lists", function()
    for _, envelope in ipairs { {}, { data = "x" }, { data = 5 }, { data = { videos = {} } } } do
      local value, err = pages.new(script {}, {}, envelope)
      assert.is_nil(value)
      assert.truthy(err.message:find("the answer is not a list: ", 1, true))
      assert.equal("parse", err.kind)
      assert.same(envelope, err.last)
      local page = pages.new(script { envelope }, {}, page_of({ "a" }, "t1"))
      local _, _, next_err = page:next()
      assert.equal("parse", next_err.kind)
    end
    local _, err = pages.new(script {}, {}, nil)
    assert.equal("parse", err.kind)
  end)

  it("keeps its method when the service sends a field of that name", function()
    local page = pages.new(script {}, {}, { data = {}, next = "https://example.com/2" })
    assert.is_nil(page:next())
  end)
end)

describe("pages.each", function()
  it("gives all items of all pages, empty pages included", function()
    local fetch, calls = script {
      page_of({ "a", "b" }, "t1"),
      page_of({}, "t2"),
      page_of({ "c" }, nil),
    }
    assert.same({ "a", "b", "c" }, collect(fetch, { limit = 2 }))
    assert.same({ { limit = 2 }, { limit = 2, token = "t1" }, { limit = 2, token = "t2" } }, calls)
  end)

  it("gives nothing for an empty list, and asks once", function()
    local fetch, calls = script { page_of({}, nil) }
    local next_item = pages.each(fetch)
    assert.is_nil(next_item())
    assert.is_nil(next_item())
    assert.equal(1, #calls)
  end)

  it("asks for a page only when it is needed", function()
    local fetch, calls = script { page_of({ "a", "b" }, "t1") }
    local next_item = pages.each(fetch, {})
    assert.equal(0, #calls)
    assert.equal("a", next_item())
    assert.equal("b", next_item())
    assert.equal(1, #calls)
  end)

  it("raises the error object, and continues from there when called again", function()
    local fetch = script {
      page_of({ "a" }, "t1"),
      { kind = "api", message = "busy", status = 503 },
      page_of({ "b" }, nil),
    }
    local next_item = pages.each(fetch, {})
    assert.equal("a", next_item())
    local ok, err = pcall(next_item)
    assert.is_false(ok)
    assert.is_true(errors.is(err))
    assert.equal(503, err.status)
    assert.equal("b", next_item())
    assert.is_nil(next_item())
  end)

  it("raises when the first page fails, or is no list", function()
    local ok, err = pcall(pages.each(script { { kind = "network", message = "refused" } }, {}))
    assert.is_false(ok)
    assert.equal("network", err.kind)
    ok, err = pcall(pages.each(script { { data = "x" } }, {}))
    assert.is_false(ok)
    assert.equal("parse", err.kind)
  end)

  it("does not turn in a circle", function()
    local count = 0
    local function fetch()
      count = count + 1
      return { data = { count }, has_more = true, next_token = "t" .. count % 3 }
    end
    local items = {}
    local ok, err = pcall(function()
      for item in pages.each(fetch, {}) do
        items[#items + 1] = item
      end
    end)
    assert.is_false(ok)
    assert.equal("parse", err.kind)
    assert.same({ 1, 2, 3, 4 }, items)
    assert.equal(4, count)
  end)

  it("ends with an error on a list that stands still", function()
    local function fetch()
      return { data = {}, has_more = true, next_token = "same" }
    end
    local ok, err = pcall(collect, fetch, {})
    assert.is_false(ok)
    assert.equal("parse", err.kind)
  end)
end)
