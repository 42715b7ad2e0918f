/* Easy handles: a pool of them, and how a request becomes libcurl options. */
#ifndef HG_HANDLE_H
#define HG_HANDLE_H

#include <curl/curl.h>

#include "ca_store.h"
#include "exchange.h"

/* What a request says of the coding of its answer. */
typedef enum hg_coding { HG_CODING_AS_IT_IS, HG_CODING_NONE, HG_CODING_GZIP } hg_coding;

struct hg_handle {
    CURL *easy;
    hg_exchange *exchange; /* whose callbacks run; NULL when idle */
    struct hg_pool *pool;
    hg_handle *next; /* in the pool */
    bool public_;    /* never carried a credential */
    bool plain;      /* last used for a GET without a body: only differences need setting */
    CURLU *base;
    hg_headers *headers;
    long connect_timeout_ms, stall_s, buffer;
    bool fresh, allow_http;
    bool forget; /* its connection is closed after it, unless others use it by then */
    hg_coding coding;
    unsigned epoch; /* of its connections */
    bool alone;     /* wants a connection for itself: HTTP/1.1 */
    bool shares;    /* waits for a connection that it can share */
    int opened[2];  /* sockets that it opened last, for the families of an address; -1: none */
    char *proxy, *ca_file;
    hg_ca_store *trust; /* what its connections trust; NULL: libcurl reads a file by itself */
    char error[CURL_ERROR_SIZE];
};

typedef struct hg_bases {
    struct {
        char *text;
        CURLU *url;
    } list[16];
    int len;
} hg_bases;

typedef struct hg_pool {
    hg_handle *idle[2]; /* [0] credentials, [1] public */
    int idle_len;
    hg_bases bases;
    CURLSH *share;       /* TLS sessions, so that reconnecting resumes */
    hg_pollset *pollset; /* told of sockets opened and closed */
    int sockets;         /* open ones */
    int socket_problem;  /* why one could not be opened in this step */
    bool no_memory;      /* an allocation has failed in this step */
    unsigned epoch;      /* connections of an earlier one carry no request any more */
    int64_t step_end;    /* when the running step must be over; 0: it may take its time */
    int running;         /* exchanges that libcurl has */
    unsigned begun;      /* how many it was given in all */
    hg_queue paused;     /* downloads that used up a step and wait for the next one */
    hg_queue notified;   /* operations that are notifications of others, and due */
    hg_ca_stores trusts; /* files of certificates */
    hg_flood flood;
    struct hg_timers *timers; /* when operations must be over that libcurl gives more time */
} hg_pool;

bool hg_pool_open(hg_pool *p, hg_pollset *pollset);
/* Every handle must be back. May wait for a file of certificates to be read. Leaves the share for
 * hg_pool_close_share: connections hold it. */
void hg_pool_close(hg_pool *p);
void hg_pool_close_share(hg_pool *p);

/* ---- options: handle_options.c; false: memory is out ---- */

/* Everything back to libcurl's defaults, then what we always want, and what to trust. */
bool hg_handle_start_over(hg_pool *p, hg_handle *h, hg_ca_store *trust, const char *ca_file);
/* What may differ between two plain GETs of one handle. */
bool hg_handle_set_differences(hg_pool *p, hg_handle *h, const hg_request *r);
/* The method and the body, of all that is no plain GET. */
bool hg_handle_set_method(hg_handle *h, const hg_request *r);
const char *hg_request_address(const hg_request *r);
bool hg_same_text(const char *a, const char *b);
/* Callbacks of libcurl; the user pointer is the handle, for what may be closed later the pool. */
curl_socket_t hg_handle_on_open(void *handle, curlsocktype purpose, struct curl_sockaddr *address);
int hg_handle_on_close(void *pool, curl_socket_t fd);

/* A handle with all options of the request set, bound to the exchange. NULL: memory is out. */
hg_handle *hg_handle_take(hg_pool *p, const hg_request *r, hg_exchange *x);
/* Its request is about to be sent, over a connection from this port that is ready. */
void hg_handle_on_connected(hg_handle *h, int port);
/* Its exchange has failed: says more about it than libcurl does, where more is known. */
void hg_handle_explain(hg_handle *h, CURLcode code);
/* Its request went out and nothing came in time. The connection may be dead, and neither it nor any
 * other that is open now carries another request; those that it carries continue. */
void hg_handle_distrust(hg_handle *h);
/* Unbinds it from its exchange and keeps it for the next one. */
void hg_handle_give(hg_pool *p, hg_handle *h);
/* Unbinds it and frees it. */
void hg_handle_drop(hg_handle *h);

#endif
