/* Progress: one step of all operations. With a budget a step does one thing after the other and
 * stops when the time is up, but does one of each kind at least: what comes in a flood is spread
 * over steps, and no step is in vain. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "engine_state.h"
#include "signals.h"

enum { BATCH = 64 };

/* Until an operation is checked again whose time is up while events wait. */
static const int64_t LATER = 5 * INT64_C(1000000);
/* Until libcurl is called again after memory was out. */
static const int64_t AGAIN = 100 * INT64_C(1000000);

int64_t hg_engine_deadline(const hg_engine *e) {
    int64_t timer = hg_timers_next(&e->timers);
    if (e->queue.first || e->pool.paused.first || e->pool.notified.first || e->unread)
        return 0;
    return timer < e->curl_deadline ? timer : e->curl_deadline;
}

/* No budget: `end` is 0. */
static bool is_over(int64_t end) {
    return end && hg_now() >= end;
}

void hg_engine_stumbled(hg_engine *e) {
    int64_t soon = hg_now() + AGAIN;
    if (soon < e->curl_deadline)
        e->curl_deadline = soon;
}

/* libcurl returns in the middle when memory is out: it may have set no timer, and may not have said
 * what it waits for. It would not be called again. */
static void act(hg_engine *e, curl_socket_t fd, int events) {
    int running;
    hg_flood_ebbs(&e->pool.flood);
    errno = 0;
    if (curl_multi_socket_action(e->multi, fd, events, &running) != CURLM_OK)
        hg_engine_stumbled(e);
    if (errno == ENOMEM)
        e->pool.no_memory = true;
}

static void act_on_timeout(hg_engine *e) {
    e->curl_deadline = HG_NEVER; /* libcurl sets the next one from within */
    act(e, CURL_SOCKET_TIMEOUT, 0);
}

/* ---- starting ---- */

/* Nothing is given to libcurl between steps: it would start all of it in one call. Where steps have
 * a budget, or certificates must be read first, that may take a while. */
bool hg_engine_hold(hg_engine *e, hg_exchange *x, const char *url) {
    hg_ca_store *trust = x->handle->trust;
    if (x->op.due != HG_NEVER && !hg_timers_add(&e->timers, &x->op))
        return false;
    if (x->handle->alone && x->handle->public_)
        x->gate = &e->gates.files;
    else if (x->handle->shares && !x->fresh) /* those for which libcurl waits */
        x->gate = hg_gates_of(&e->gates, url);
    x->held = true;
    hg_queue_add(trust && trust->loading ? &trust->waiting : &e->queue, &x->op);
    return true;
}

static void fail(hg_engine *e, hg_exchange *x, CURLcode code, const char *why) {
    hg_exchange_finish(x, code, why);
    hg_engine_part(e, &x->op);
}

static const char TOO_LATE[] = "the time was up before the request could be started";
static const char NO_CONNECTION[] = "no connection became free within the timeout";
static const char NO_ANSWER[] = "the time was up before the answer was complete";

/* Gives an exchange to libcurl. */
static void begin(hg_engine *e, hg_exchange *x) {
    hg_handle *h = x->handle;
    if (hg_now() >= x->op.due) {
        fail(e, x, CURLE_OPERATION_TIMEDOUT, TOO_LATE);
    } else if (h->trust && !h->trust->store) {
        bool busy =
            hg_is_shortage(h->trust->problem); /* it passes, unlike a file that is no good */
        snprintf(h->error, sizeof h->error, "error setting certificate file: %s%s%s",
                 h->trust->file, busy ? ": " : "", busy ? strerror(h->trust->problem) : "");
        fail(e, x, busy ? CURLE_COULDNT_CONNECT : CURLE_SSL_CACERT_BADFILE, h->error);
    } else if (curl_multi_add_handle(e->multi, h->easy) != CURLM_OK) {
        fail(e, x, CURLE_OUT_OF_MEMORY, "");
    } else {
        hg_queue_leave(&x->op);
        x->held = false;
        e->pool.running++;
        e->pool.begun++;
    }
}

/* Only exchanges stand in the queues of those to start, to wait for certificates, and to resume. */
static hg_exchange *first_of(const hg_queue *q) {
    return (hg_exchange *)(void *)q->first;
}

/* Starts what is held: all at once without a budget, one by one with it. */
static void start_held(hg_engine *e, int64_t end) {
    hg_exchange *x;
    while ((x = first_of(&e->queue))) {
        if ((end || (x->gate && x->gate->until_end)) && !hg_gate_enter(x))
            continue;
        begin(e, x);
        if (end || !e->queue.first)
            act_on_timeout(e);
        if (is_over(end))
            break;
    }
}

/* ---- events ---- */

/* Downloads that used up the time of an earlier step continue. */
static void resume_paused(hg_engine *e, int64_t end) {
    for (int n = e->pool.paused.len; n > 0 && e->pool.paused.first; n--) {
        hg_exchange *x = first_of(&e->pool.paused);
        hg_queue_leave(&x->op);
        x->paused = false;
        x->resumed = true;
        CURLcode code = curl_easy_pause(x->handle->easy, CURLPAUSE_CONT);
        if (code != CURLE_OK) /* libcurl says it here only */
            fail(e, x, code, "");
        if (is_over(end))
            break;
    }
}

static void on_event(hg_engine *e, const hg_ready *r) {
    hg_ca_stores *trusts = &e->pool.trusts;
    hg_ca_store *loaded = trusts->loading > 0 ? hg_ca_stores_ready(trusts, r->fd) : NULL;
    hg_op *synced = NULL;
    if (loaded) {
        hg_queue_append(&e->queue, &loaded->waiting);
    } else if (e->syncs.first && hg_fsyncs_ready(&e->syncs, r->fd, &synced)) {
        if (synced) {
            hg_engine_part(e, synced);
            hg_op_unref(synced);
        }
    } else {
        act(e, r->fd,
            (r->events & HG_READ ? CURL_CSELECT_IN : 0) |
                (r->events & HG_WRITE ? CURL_CSELECT_OUT : 0) |
                (r->events & HG_ERROR ? CURL_CSELECT_ERR : 0));
    }
}

/* Begins with another event each time: where there is time for one only, all have their turn.
 * False: some had none in this step. */
static bool on_events(hg_engine *e, hg_ready ready[BATCH], int n, int64_t end) {
    while (n > 0) {
        unsigned first = end ? e->turn++ : 0;
        for (int i = 0; i < n; i++) {
            on_event(e, &ready[(first + (unsigned)i) % (unsigned)n]);
            if (is_over(end))
                return i + 1 == n && n < BATCH;
        }
        if (n < BATCH)
            return true;
        n = hg_pollset_wait(e->pollset, 0, ready, BATCH);
    }
    return true;
}

/* ---- ends ---- */

static void take_finished(hg_engine *e, int64_t end) {
    CURLMsg *m;
    int left = 0;
    while ((m = curl_multi_info_read(e->multi, &left))) {
        CURLcode code = m->data.result; /* the message dies with the removal */
        char *private_;
        curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &private_);
        hg_handle *h = (hg_handle *)(void *)private_;
        if (code == CURLE_OPERATION_TIMEDOUT && h->exchange->started &&
            !h->exchange->has_problem) /* no byte for some time */
            hg_handle_distrust(h);
        if (code != CURLE_OK)
            hg_handle_explain(h, code);
        hg_exchange_finish(h->exchange, code, h->error);
        hg_engine_part(e, &h->exchange->op);
        if (is_over(end))
            break;
    }
    e->unread = left > 0;
    if (!e->unread) {
        e->pool.socket_problem = 0;
        e->pool.no_memory = e->pool.flood.cut = false;
    }
}

/* The time of an exchange is up. `behind`: its answer may be here, and there was no time to look.
 */
static void time_out(hg_engine *e, hg_exchange *x, int64_t now, bool behind) {
    if (x->started && behind) {
        hg_timers_remove(&e->timers, &x->op);
        x->op.due = now + LATER;
        hg_timers_add(&e->timers, &x->op); /* where one was taken out there is room */
        return;
    }
    hg_signals s; /* a connection may be closed */
    hg_signals_block(&s);
    if (x->started && !x->has_problem)
        hg_handle_distrust(x->handle);
    fail(e, x, CURLE_OPERATION_TIMEDOUT,
         x->started ? NO_ANSWER
         : x->held  ? TOO_LATE
                    : NO_CONNECTION);
    hg_signals_restore(&s);
}

static void fire_timers(hg_engine *e, int64_t now, int64_t end, bool behind) {
    while (hg_timers_next(&e->timers) <= now) {
        hg_op *op = e->timers.heap[0];
        hg_exchange *x = hg_exchange_of(op);
        if (x) {
            time_out(e, x, now, behind);
        } else {
            op->done = true;
            hg_engine_part(e, op);
        }
        if (is_over(end))
            break;
    }
}

/* Ends the notifications whose operations have something new. */
static void finish_notifications(hg_engine *e) {
    while (e->pool.notified.first) {
        hg_op *notification = e->pool.notified.first;
        notification->done = true;
        hg_engine_part(e, notification);
    }
}

/* ---- the step ---- */

/* False: there was no time to handle all that has come. */
static bool work(hg_engine *e, hg_ready ready[BATCH], int n, int64_t now, int64_t end) {
    hg_signals s;
    hg_signals_block(&s);
    e->pool.step_end = end;
    resume_paused(e, end);
    if (!end)
        start_held(e, end);
    if (e->curl_deadline <= now)
        act_on_timeout(e);
    bool seen = on_events(e, ready, n, end);
    start_held(e, end); /* without a budget: what waited for certificates that have come */
    take_finished(e, end);
    hg_signals_restore(&s);
    return seen && !e->unread;
}

/* Waits until `until` for the first event, then works until nothing is ready or `end` has come.
 * False: a signal interrupted the waiting. */
static bool step(hg_engine *e, int64_t until, int64_t end) {
    hg_ready ready[BATCH];
    int n = hg_pollset_wait(e->pollset, until, ready, BATCH);
    int64_t now = hg_now();
    e->finished_now = 0;
    bool seen = true;
    if (n > 0 || e->queue.first || e->pool.paused.first || e->unread || e->curl_deadline <= now)
        seen = work(e, ready, n, now, end);
    fire_timers(e, now, end, !seen);
    finish_notifications(e);
    hg_pollset_flush(e->pollset, hg_engine_deadline(e));
    return n >= 0;
}

int64_t hg_from_now(double seconds) {
    const double century = 3.2e9; /* keeps the sum within 64 bits */
    if (!(seconds > 0))
        seconds = 0;
    return hg_now() + (int64_t)((seconds < century ? seconds : century) * (double)HG_SECOND);
}

int hg_engine_poll(hg_engine *e, double budget) {
    if (!hg_engine_usable(e))
        return 0;
    step(e, 0, budget < 0 ? 0 : hg_from_now(budget));
    return e->finished_now;
}

bool hg_engine_wait(hg_engine *e, double seconds) {
    if (!hg_engine_usable(e) || e->live_len == 0)
        return false;
    int64_t limit = seconds < 0 ? HG_NEVER : hg_from_now(seconds);
    do {
        int64_t until = hg_engine_deadline(e);
        if (!step(e, until < limit ? until : limit, 0))
            return true; /* a signal: the host may want to act on it, as lua does on Ctrl-C */
    } while (e->finished_now == 0 && e->live_len > 0 && hg_now() < limit);
    return e->finished_now > 0 || hg_now() < limit;
}

double hg_engine_timeout(hg_engine *e) {
    if (!hg_engine_usable(e))
        return -1;
    int64_t deadline = hg_engine_deadline(e);
    if (deadline == HG_NEVER)
        return -1;
    int64_t left = deadline - hg_now();
    return left > 0 ? (double)left / (double)HG_SECOND : 0;
}

int hg_engine_fd(hg_engine *e) {
    if (!hg_engine_usable(e))
        return -1;
    int fd = hg_pollset_fd(e->pollset);
    hg_pollset_flush(e->pollset, hg_engine_deadline(e));
    return fd;
}
