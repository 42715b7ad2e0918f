/* A list of request headers that many operations share: made once per client, counted by reference.
 */
#ifndef HG_HEADERS_H
#define HG_HEADERS_H

#include <curl/curl.h>
#include <stdbool.h>

typedef struct hg_headers {
    int refs;
    struct curl_slist *list;                             /* the lines that were added */
    bool own_coding;                                     /* one of them says something of codings */
    struct curl_slist identity, expect, expect_identity; /* lines of ours, each before the list */
} hg_headers;

/* The list for libcurl, which reads each line many times per request.
 *   identity   begins with "Accept-Encoding: identity"; libcurl takes twice as long to write a line
 *              of its own. False for a request that says something else of codings, or nothing
 *   has_body   begins with "Expect:", which silences libcurl's own `Expect: 100-continue`: that
 *              costs a round trip on bodies over 1 MB */
struct curl_slist *hg_headers_list(hg_headers *h, bool identity, bool has_body);

/* NULL when memory is out. */
hg_headers *hg_headers_new(void);

/* Adds one "Name: value" line; the caller has checked it for CR, LF and NUL. */
bool hg_headers_add(hg_headers *h, const char *line);

/* A private copy, for a request that adds lines of its own. */
hg_headers *hg_headers_copy(const hg_headers *h);

hg_headers *hg_headers_ref(hg_headers *h);
void hg_headers_unref(hg_headers *h);

#endif
