/* The engine: all operations of a Lua state over one CURLM. Here is its life, and how operations
 * begin and end; engine_step.c is how they get on.
 *
 * An operation is made by one of the functions under "submitting". It gets an id, stands in the
 * live list and has a reference of the engine's until it has ended, so that a Lua object that is
 * collected loses nothing. An exchange then waits in a queue: for a file of certificates, before a
 * gate, or for the next step. Only a step gives it to libcurl, and only steps call libcurl, but for
 * cancelling.
 *
 * Whatever ends an operation (libcurl, its time, a cancel, the close) first marks it done and notes
 * why, then calls hg_engine_part: libcurl gives it up, its handle goes back to the pool, it leaves
 * all lists, its notification becomes due, and its id goes to the finished list when a caller
 * asked.
 *
 * Invariants. An operation that is live and not held has a handle that libcurl has; done means not
 * live. `due` changes only while the operation is not in the heap. Closing goes in the order easy
 * handles, multi, share, pollset, because each calls back into the next ones. In a forked child
 * nothing of libcurl is called any more: memory is given up, descriptors were closed in fork(). */
#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine_state.h"
#include "fork.h"
#include "signals.h"

enum { CONNECTIONS = 100 };

/* ---- libcurl's callbacks ---- */

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *engine, void *unused) {
    (void)easy, (void)unused;
    unsigned events = 0;
    if (what == CURL_POLL_IN || what == CURL_POLL_INOUT)
        events |= HG_READ;
    if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT)
        events |= HG_WRITE;
    if (!hg_pollset_want(((hg_engine *)engine)->pollset, fd, events))
        hg_engine_stumbled(engine); /* -1 would be the end of the multi, and of all its transfers */
    return 0;
}

/* Arms and returns: calling libcurl from here would re-enter it. */
static int on_timer(CURLM *multi, long ms, void *engine) {
    (void)multi;
    ((hg_engine *)engine)->curl_deadline = ms < 0 ? HG_NEVER : hg_now() + ms * INT64_C(1000000);
    return 0;
}

/* ---- life ---- */

/* libcurl leaves a thread behind when a look-up of a name is cancelled or closed:
 * CURLOPT_QUICK_EXIT. lua_close unloads this module and would unload libcurl with it, under the
 * feet of that thread. */
static void keep_libcurl(void) {
#if defined RTLD_NOLOAD && defined RTLD_NODELETE
    Dl_info libcurl;
    if (dladdr((void *)curl_multi_init, &libcurl) && libcurl.dli_fname) {
        void *library = dlopen(libcurl.dli_fname, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE);
        if (library)
            dlclose(library);
    }
#endif
}

static void global_init(void) {
    keep_libcurl();
    curl_global_init(
        CURL_GLOBAL_DEFAULT); /* never cleaned up: other users of libcurl may live on */
}

static bool open_engine(hg_engine *e, hg_failure *failure) {
    hg_failure_set(failure, HG_FAIL_NETWORK,
                   "no poller: the process may be out of file descriptors");
    e->pollset = hg_pollset_new();
    if (!e->pollset)
        return false;
    hg_failure_set(failure, HG_FAIL_NETWORK, "libcurl could not be started (out of memory?)");
    e->multi = curl_multi_init();
    if (!e->multi || !hg_pool_open(&e->pool, e->pollset))
        return false;
    e->pool.timers = &e->timers;
    e->syncs.pollset = e->pollset;
    curl_multi_setopt(e->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(e->multi, CURLMOPT_SOCKETDATA, e);
    curl_multi_setopt(e->multi, CURLMOPT_TIMERFUNCTION, on_timer);
    curl_multi_setopt(e->multi, CURLMOPT_TIMERDATA, e);
    hg_engine_limit(e, CONNECTIONS);
    return true;
}

hg_engine *hg_engine_new(hg_failure *failure) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, global_init);
    hg_engine *e = calloc(1, sizeof *e);
    if (!e) {
        hg_failure_no_memory(failure);
        return NULL;
    }
    e->refs = 1;
    e->process = hg_fork_number();
    e->curl_deadline = HG_NEVER;
    hg_gates_open(&e->gates, &e->queue);
    if (open_engine(e, failure))
        return e;
    hg_engine_unref(e);
    return NULL;
}

void hg_engine_limit(hg_engine *e, long connections) {
    curl_multi_setopt(e->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, connections);
    curl_multi_setopt(e->multi, CURLMOPT_MAXCONNECTS, connections);
    hg_gates_limit(&e->gates, connections);
}

static void link_op(hg_engine *e, hg_op *op) {
    op->engine = e;
    op->id = ++e->last_id;
    op->prev = NULL;
    op->next = e->live;
    if (e->live)
        e->live->prev = op;
    e->live = hg_op_ref(op); /* a dropped userdata must not lose the transfer */
    e->live_len++;
}

/* The engine's goodbye to an operation that is done and detached. May free it. */
static void unlink_op(hg_engine *e, hg_op *op) {
    if (op->prev)
        op->prev->next = op->next;
    else
        e->live = op->next;
    if (op->next)
        op->next->prev = op->prev;
    op->prev = op->next = NULL;
    e->live_len--;
    hg_queue_leave(op);
    if (op->timed)
        hg_timers_remove(&e->timers, op);
    hg_exchange *x = hg_exchange_of(op);
    if (x) {
        hg_gate_leave(x);
        x->paused = x->held = false;
        hg_exchange_release(x);
    }
    e->finished_now++;
    hg_op_notify(op, &e->pool.notified);
    if (op->notify) {
        if (e->finished.to == e->finished.cap) {
            size_t cap = e->finished.cap ? e->finished.cap * 2 : 64;
            uint64_t *ids = realloc(e->finished.ids, cap * sizeof *ids);
            if (ids) {
                e->finished.ids = ids;
                e->finished.cap = cap;
            }
        }
        if (e->finished.to < e->finished.cap)
            e->finished.ids[e->finished.to++] = op->id;
    }
    hg_op_unref(op);
}

uint64_t hg_engine_finished(hg_engine *e) {
    if (!e)
        return 0;
    if (e->finished.from == e->finished.to) {
        e->finished.from = e->finished.to = 0;
        return 0;
    }
    return e->finished.ids[e->finished.from++];
}

/* Takes an exchange that is done away from libcurl. Where another stream continues over the
 * connection, libcurl (7.88) keeps the bytes that a paused download has not taken, and would hand
 * them to the next exchange of the easy handle: this one must take them first, and throws them
 * away. */
static void detach(hg_engine *e, hg_exchange *x) {
    bool clean = !x->paused || curl_easy_pause(x->handle->easy, CURLPAUSE_CONT) == CURLE_OK;
    if (!x->held) {
        curl_multi_remove_handle(e->multi, x->handle->easy);
        e->pool.running--;
    }
    if (clean)
        hg_handle_give(&e->pool, x->handle);
    else
        hg_handle_drop(x->handle);
}

void hg_engine_part(hg_engine *e, hg_op *op) {
    hg_exchange *x = hg_exchange_of(op);
    if (x && x->handle)
        detach(e, x);
    unlink_op(e, op);
}

/* Ends an operation before its time; the engine has still to part with it. */
static void abandon(hg_op *op, hg_failure_kind failure, const char *why) {
    hg_exchange *x = hg_exchange_of(op);
    if (x) {
        hg_exchange_abandon(x, failure, why);
    } else {
        hg_op_fail(op, failure, "%s", why);
        op->done = true;
    }
}

/* After a fork the sockets belong to the parent: nothing of libcurl may be called, or it would say
 * goodbye on connections the parent still uses. Its memory is given up. */
static void forget(hg_engine *e) {
    for (hg_op *op = e->live, *next; op; op = next) {
        next = op->next;
        hg_exchange *x = hg_exchange_of(op);
        if (x) {
            x->handle = NULL;
            x->headers = NULL;
            x->mime = NULL;
        }
        abandon(op, HG_FAIL_CLOSED, "this request belongs to the process that was forked");
        unlink_op(e, op);
    }
    hg_ca_stores_forked(&e->pool.trusts);
    hg_fsyncs_forked(&e->syncs);
    hg_pollset_forked(e->pollset);
}

void hg_engine_close(hg_engine *e) {
    if (!e || e->closed)
        return;
    e->closed = true;
    if (e->process != hg_fork_number()) {
        if (e->pollset)
            forget(e);
    } else {
        hg_signals s;
        hg_signals_block(&s);
        for (hg_op *op = e->live, *next; op; op = next) {
            next = op->next;
            abandon(op, HG_FAIL_CLOSED, "the engine was closed");
            hg_engine_part(e, op);
        }
        /* The multi frees no easy handle and still calls back for its sockets: easy handles first,
         * then the multi, then what the callbacks and connections point to. */
        hg_fsyncs_close(&e->syncs);
        hg_pool_close(&e->pool);
        curl_multi_cleanup(e->multi);
        hg_pool_close_share(&e->pool);
        hg_signals_restore(&s);
        e->multi = NULL;
    }
    /* A host that watches the descriptor must see that something has happened: it stays, readable,
     * until the engine is freed. */
    if (!hg_pollset_ring(e->pollset)) {
        hg_pollset_free(e->pollset);
        e->pollset = NULL;
    }
    hg_timers_free(&e->timers);
}

hg_engine *hg_engine_ref(hg_engine *e) {
    e->refs++;
    return e;
}

void hg_engine_unref(hg_engine *e) {
    if (--e->refs > 0)
        return;
    hg_engine_close(e);
    hg_pollset_free(e->pollset);
    free(e->finished.ids);
    free(e);
}

bool hg_engine_usable(hg_engine *e) {
    if (e && !e->closed && e->process != hg_fork_number())
        hg_engine_close(e);
    return e && !e->closed;
}

int hg_engine_live(const hg_engine *e) {
    return e ? e->live_len : 0;
}

/* ---- submitting and cancelling ---- */

hg_op *hg_engine_create(hg_engine *e, const hg_request *r, hg_failure *failure) {
    hg_exchange *x = hg_exchange_new(r, failure);
    if (!x)
        return NULL;
    hg_handle *h = hg_handle_take(&e->pool, r, x);
    if (h && !hg_engine_hold(e, x, r->url ? r->url : r->base)) {
        hg_handle_give(&e->pool, h);
        h = NULL;
    }
    if (!h) {
        hg_failure_set(failure, HG_FAIL_NETWORK, "libcurl refused the request (out of memory?)");
        if (r->output_path)
            unlink(r->output_path);
        hg_op_unref(&x->op);
        return NULL;
    }
    link_op(e, &x->op);
    hg_engine_go_on(e);
    return &x->op;
}

hg_op *hg_engine_after(hg_engine *e, double seconds, long owner, hg_failure *failure) {
    hg_op *op = hg_op_new(HG_OP_TIMER, hg_from_now(seconds), owner);
    if (!op || !hg_timers_add(&e->timers, op)) {
        if (op)
            hg_op_unref(op);
        hg_failure_no_memory(failure);
        return NULL;
    }
    link_op(e, op);
    hg_engine_go_on(e);
    return op;
}

hg_op *hg_engine_notification(hg_engine *e, hg_op *op, hg_failure *failure) {
    if (op->notification && !op->notification->done)
        return hg_op_ref(op->notification);
    hg_op *notification = hg_op_new(HG_OP_NOTIFICATION, HG_NEVER, op->owner);
    if (!notification) {
        hg_failure_no_memory(failure);
        return NULL;
    }
    if (op->notification)
        hg_op_unref(op->notification);
    op->notification = hg_op_ref(notification);
    link_op(e, notification);
    hg_exchange *x = hg_exchange_of(op);
    if (x && hg_exchange_has_changed(x))
        hg_exchange_notify(x, &e->pool.notified);
    else if (op->done)
        hg_op_notify(op, &e->pool.notified);
    hg_engine_go_on(e);
    return notification;
}

hg_op *hg_engine_sync(hg_engine *e, int fd, const char *name, long owner, hg_failure *failure) {
    hg_op *op = hg_op_new(HG_OP_SYNC, HG_NEVER, owner);
    if (!op) {
        close(fd);
        hg_failure_no_memory(failure);
        return NULL;
    }
    link_op(e, op);
    if (!hg_fsyncs_begin(&e->syncs, op, fd, name))
        abandon(op, HG_FAIL_NETWORK, "out of memory");
    if (op->done)
        hg_engine_part(e, op);
    hg_engine_go_on(e);
    return op;
}

void hg_engine_go_on(hg_engine *e) {
    hg_pollset_flush(e->pollset, hg_engine_deadline(e));
}

void hg_engine_close_owner(hg_engine *e, long owner, const char *why) {
    if (!hg_engine_usable(e))
        return;
    hg_signals s;
    hg_signals_block(&s);
    for (hg_op *op = e->live, *next; op; op = next) {
        next = op->next;
        if (op->owner == owner) {
            abandon(op, HG_FAIL_CLOSED, why);
            hg_engine_part(e, op);
        }
    }
    hg_signals_restore(&s);
    hg_engine_go_on(e);
}

void hg_engine_cancel(hg_engine *e, hg_op *op) {
    if (op->done || !hg_engine_usable(e))
        return;
    hg_signals s;
    hg_signals_block(&s);
    abandon(op, HG_FAIL_CANCELLED, "cancelled");
    hg_engine_part(e, op);
    hg_signals_restore(&s);
    hg_engine_go_on(e);
}
