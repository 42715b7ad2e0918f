/* Bytes without end that hold nothing.
 *
 * While frames of HTTP/2 come without a pause and are empty, one call of libcurl (7.88) does not
 * return: it reads until it has something for its transfer, or until nothing is there. No callback
 * of libcurl is called, and no deadline ends it. But OpenSSL tells of each record of TLS that it
 * reads. When a call has cost a fifth of a second of the processor, and nothing has come of it, the
 * connection is ended as if the server had closed it. HTTP/2 is spoken over TLS only. */
#include "flood.h"

#include <openssl/ssl.h>
#include <time.h>

#include "pollset.h"

enum { GLANCE = 64 }; /* records between two checks of the time: 1 MB at most */

/* Of the processor, not of the clock: on a busy machine a thread may stand still for seconds. */
static const int64_t LONGEST = HG_SECOND / 5;

static int64_t processor_time(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return t.tv_sec * HG_SECOND + t.tv_nsec;
}

static void on_message(int is_written, int version, int type, const void *bytes, size_t len,
                       SSL *ssl, void *flood) {
    (void)version, (void)bytes, (void)len;
    hg_flood *f = flood;
    if (is_written || type != SSL3_RT_HEADER || ++f->records % GLANCE != 0)
        return;
    int64_t now = processor_time();
    if (f->records == GLANCE) {
        f->since = now;
    } else if (now - f->since > LONGEST) {
        SSL_set_shutdown(ssl, SSL_get_shutdown(ssl) | SSL_RECEIVED_SHUTDOWN);
        f->cut = true;
    }
}

void hg_flood_guard(hg_flood *f, void *context) {
    SSL_CTX_set_msg_callback(context, on_message);
    SSL_CTX_set_msg_callback_arg(context, f);
}
