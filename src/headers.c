/* A list of request headers that many operations share: made once per client, counted by reference.
 */
#include "headers.h"

#include <stdlib.h>
#include <strings.h>

#define NAME "Accept-Encoding:"

/* libcurl does not write to lines. */
static char IDENTITY[] = NAME " identity", EXPECT[] = "Expect:";

hg_headers *hg_headers_new(void) {
    hg_headers *h = malloc(sizeof *h);
    if (!h)
        return NULL;
    *h = (hg_headers){.refs = 1};
    h->identity.data = IDENTITY;
    h->expect.data = h->expect_identity.data = EXPECT;
    h->expect_identity.next = &h->identity;
    return h;
}

struct curl_slist *hg_headers_list(hg_headers *h, bool identity, bool has_body) {
    identity = identity && !h->own_coding;
    if (has_body)
        return identity ? &h->expect_identity : &h->expect;
    return identity ? &h->identity : h->list;
}

bool hg_headers_add(hg_headers *h, const char *line) {
    struct curl_slist *list = curl_slist_append(h->list, line);
    if (!list)
        return false;
    h->list = h->identity.next = h->expect.next = list;
    h->own_coding = h->own_coding || strncasecmp(line, NAME, sizeof NAME - 1) == 0;
    return true;
}

hg_headers *hg_headers_copy(const hg_headers *from) {
    hg_headers *h = hg_headers_new();
    for (const struct curl_slist *line = from->list; h && line; line = line->next) {
        if (!hg_headers_add(h, line->data)) {
            hg_headers_unref(h);
            return NULL;
        }
    }
    return h;
}

hg_headers *hg_headers_ref(hg_headers *h) {
    h->refs++;
    return h;
}

void hg_headers_unref(hg_headers *h) {
    if (!h || --h->refs > 0)
        return;
    curl_slist_free_all(h->list);
    free(h);
}
