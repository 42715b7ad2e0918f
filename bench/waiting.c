/* The yardstick for transfers that wait: what each one holds in memory, and what one check of all
 * of them costs. */
#include "meter.h"
#include "transfer.h"

#include <stdio.h>
#include <stdlib.h>

static void poll_reactor(struct reactor *r) {
    reactor_step(r, 0);
}

static void poll_action(struct reactor *r) {
    int running;
    curl_multi_socket_action(r->multi, CURL_SOCKET_TIMEOUT, 0, &running);
}

static void poll_perform(struct reactor *r) {
    int running;
    curl_multi_perform(r->multi, &running);
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Median over batches, because libcurl's own timers fall into some of them. */
static double poll_us(struct reactor *r, void (*poll)(struct reactor *), int calls) {
    double batches[21];
    for (int i = 0; i < 21; i++) {
        double begin = meter_cpu();
        for (int k = 0; k < calls; k++)
            poll(r);
        batches[i] = (meter_cpu() - begin) * 1e6 / calls;
    }
    qsort(batches, 21, sizeof *batches, by_value);
    return batches[10];
}

/* Lets everything settle: all requests are out and nothing has been ready for a while. */
static void settle(struct reactor *r) {
    double quiet = meter_wall();
    while (meter_wall() - quiet < 0.5)
        if (reactor_step(r, 100) > 0)
            quiet = meter_wall();
}

int main(int argc, char **argv) {
    if (argc != 3) {
        fprintf(stderr, "usage: %s base-url transfers\n", argv[0]);
        return 2;
    }
    int count = atoi(argv[2]);
    struct reactor reactor;
    struct transfer *transfers = calloc((size_t)count + 1, sizeof *transfers),
                    *first = &transfers[count];
    struct curl_slist *headers;
    curl_global_init(CURL_GLOBAL_DEFAULT);
    headers = transfer_headers();
    reactor_open(&reactor);

    /* What the first request of a process sets up once is no part of a transfer. */
    transfer_open(first, headers);
    transfer_start(first, &reactor, argv[1], "warm");
    while (!transfer_done(&reactor))
        reactor_step(&reactor, -1);

    double heap = meter_heap(), rss = meter_rss();
    for (int i = 0; i < count; i++) {
        transfer_open(&transfers[i], headers);
        transfer_start(&transfers[i], &reactor, argv[1], "hold");
    }
    settle(&reactor);
    heap = meter_heap() - heap;
    rss = meter_rss() - rss;
    if (count > 0)
        printf("bench=memory program=raw waiting=%d heap_b=%.0f rss_b=%.0f\n", count, heap / count,
               rss / count);
    printf("bench=idle program=raw waiting=%d poll_us=%.3f action_us=%.3f perform_us=%.3f\n", count,
           poll_us(&reactor, poll_reactor, 5000), poll_us(&reactor, poll_action, 5000),
           poll_us(&reactor, poll_perform, 100));

    for (int i = 0; i < count; i++) {
        curl_multi_remove_handle(reactor.multi, transfers[i].easy);
        transfer_close(&transfers[i]);
    }
    transfer_close(first);
    free(transfers);
    reactor_close(&reactor);
    curl_slist_free_all(headers);
    curl_global_cleanup();
    return 0;
}
