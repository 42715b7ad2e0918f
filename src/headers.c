/* A list of request headers that many operations share: made once per client, counted by reference.
 */
#include "headers.h"

#include <stdlib.h>

hg_headers *hg_headers_new(void) {
    hg_headers *h = malloc(sizeof *h);
    if (!h)
        return NULL;
    h->refs = 1;
    h->list = NULL;
    if (!hg_headers_add(h, "Expect:")) {
        free(h);
        return NULL;
    }
    return h;
}

bool hg_headers_add(hg_headers *h, const char *line) {
    struct curl_slist *list = curl_slist_append(h->list, line);
    if (!list)
        return false;
    h->list = list;
    return true;
}

hg_headers *hg_headers_copy(const hg_headers *from) {
    hg_headers *h = malloc(sizeof *h);
    if (!h)
        return NULL;
    h->refs = 1;
    h->list = NULL;
    for (const struct curl_slist *line = from->list; line; line = line->next) {
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
