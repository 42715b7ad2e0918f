/* A list of request headers that many operations share: made once per client, counted by reference.
 */
#ifndef HG_HEADERS_H
#define HG_HEADERS_H

#include <curl/curl.h>
#include <stdbool.h>

typedef struct hg_headers {
    int refs;
    struct curl_slist *list; /* begins with "Accept-Encoding: identity" */
    bool own_coding;         /* one that was added says something else */
} hg_headers;

/* The list with that beginning, or without it: for a request that says something else of codings,
 * or nothing. libcurl takes twice as long to write a line of its own as one of a list. */
struct curl_slist *hg_headers_list(const hg_headers *h, bool identity);

/* A list that already silences libcurl's own `Expect: 100-continue`, which costs a round trip on
 * bodies over 1 MB. NULL when memory is out. */
hg_headers *hg_headers_new(void);

/* Adds one "Name: value" line; the caller has checked it for CR, LF and NUL. */
bool hg_headers_add(hg_headers *h, const char *line);

/* A private copy, for a request that adds lines of its own. */
hg_headers *hg_headers_copy(const hg_headers *h);

hg_headers *hg_headers_ref(hg_headers *h);
void hg_headers_unref(hg_headers *h);

#endif
