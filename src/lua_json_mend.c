/* Makes JSON of what is nearly JSON.
 *
 * Services and gateways send texts that no strict reader takes, or that lose digits in one:
 *   half a surrogate pair (a text cut between two UTF-16 units)    becomes U+FFFD
 *   a raw control character in a string                            is escaped
 *   NaN, Infinity, -Infinity                                       become null
 *   whole numbers beyond 2^53, when asked                          become marked strings
 * One pass copies the text in runs. It is only made when lua-cjson has refused a text, or when a
 * number has lost digits. */
#include <stdbool.h>
#include <string.h>

#include "compat.h"
#include "lua_json.h"

struct mending {
    luaL_Buffer *out;
    const char *from; /* the first byte that is not yet copied */
    const char *at;
    const char *end;
    bool changed;
};

/* Copies what stands before `at`, then `text` in the place of the next `skip` bytes. */
static void put_instead(struct mending *m, const char *text, size_t len, size_t skip) {
    luaL_addlstring(m->out, m->from, (size_t)(m->at - m->from));
    luaL_addlstring(m->out, text, len);
    m->at += skip;
    m->from = m->at;
    m->changed = true;
}

static bool begins(const struct mending *m, const char *word, size_t len) {
    return (size_t)(m->end - m->at) >= len && memcmp(m->at, word, len) == 0;
}

static int digit_of(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The unit of a \uXXXX at `at`, or -1. */
static long unit_at(const char *at, const char *end) {
    if (end - at < 6 || at[0] != '\\' || at[1] != 'u')
        return -1;
    long unit = 0;
    for (int i = 2; i < 6; i++) {
        int digit = digit_of(at[i]);
        if (digit < 0)
            return -1;
        unit = unit * 16 + digit;
    }
    return unit;
}

static void mend_escape(struct mending *m) {
    long unit = unit_at(m->at, m->end);
    if (unit < 0xD800 || unit > 0xDFFF) {
        m->at += m->end - m->at > 1 ? 2 : 1;
        return;
    }
    long next = unit < 0xDC00 ? unit_at(m->at + 6, m->end) : -1;
    if (next >= 0xDC00 && next <= 0xDFFF)
        m->at += 12;
    else
        put_instead(m, "\\ufffd", 6, 6);
}

/* From behind a quotation mark to behind the one that ends the string. */
static void mend_string(struct mending *m) {
    while (m->at < m->end) {
        unsigned char c = (unsigned char)*m->at;
        if (c == '"') {
            m->at++;
            return;
        } else if (c == '\\') {
            mend_escape(m);
        } else if (c < 0x20) {
            char text[6] = {'\\', 'u', '0', '0', c < 16 ? '0' : '1', "0123456789abcdef"[c & 15]};
            put_instead(m, text, sizeof text, 1);
        } else {
            m->at++;
        }
    }
}

/* Is the whole number of these digits, without a sign, beyond 2^53? */
static bool is_big(const char *digits, size_t len) {
    static const char exact[] = "9007199254740992";
    size_t most = sizeof exact - 1;
    return len > most || (len == most && memcmp(digits, exact, most) > 0);
}

static void mend_number(struct mending *m, bool mark_big) {
    const char *digits = m->at + (*m->at == '-');
    const char *last = digits;
    while (last < m->end && *last >= '0' && *last <= '9')
        last++;
    size_t len = (size_t)(last - digits);
    bool is_whole = last == m->end || (*last != '.' && *last != 'e' && *last != 'E');
    if (mark_big && is_whole && len <= HG_JSON_DIGITS && is_big(digits, len)) {
        luaL_addlstring(m->out, m->from, (size_t)(m->at - m->from));
        luaL_addstring(m->out, "\"" HG_JSON_MARK);
        luaL_addlstring(m->out, m->at, (size_t)(last - m->at));
        luaL_addstring(m->out, "\"");
        m->from = last;
        m->changed = true;
    }
    m->at = last;
    while (m->at < m->end && strchr("+-.eE0123456789", *m->at))
        m->at++;
}

bool hg_json_mend(lua_State *L, const char *text, size_t len, bool mark_big) {
    luaL_Buffer out;
    luaL_buffinit(L, &out);
    struct mending m = {.out = &out, .from = text, .at = text, .end = text + len};
    while (m.at < m.end) {
        char c = *m.at;
        if (c == '"') {
            m.at++;
            mend_string(&m);
        } else if (begins(&m, "NaN", 3)) {
            put_instead(&m, "null", 4, 3);
        } else if (begins(&m, "Infinity", 8)) {
            put_instead(&m, "null", 4, 8);
        } else if (begins(&m, "-Infinity", 9)) {
            put_instead(&m, "null", 4, 9);
        } else if (c == '-' || (c >= '0' && c <= '9')) {
            mend_number(&m, mark_big);
        } else {
            m.at++;
        }
    }
    luaL_addlstring(&out, m.from, (size_t)(m.end - m.from));
    luaL_pushresult(&out);
    if (!m.changed)
        lua_pop(L, 1);
    return m.changed;
}
