/* libcurl's multi interface over one epoll fd, as a good C program drives it: the yardstick for our
 * engine. */
#include "reactor.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

void check(int ok, const char *what) {
    if (!ok) {
        fprintf(stderr, "bench: %s\n", what);
        exit(1);
    }
}

static long long now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *user, void *known) {
    struct reactor *r = user;
    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        epoll_ctl(r->epoll, EPOLL_CTL_DEL, fd, NULL);
        curl_multi_assign(r->multi, fd, NULL);
        return 0;
    }
    struct epoll_event event = {.data.fd = fd};
    if (what & CURL_POLL_IN)
        event.events |= EPOLLIN;
    if (what & CURL_POLL_OUT)
        event.events |= EPOLLOUT;
    check(epoll_ctl(r->epoll, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event) == 0,
          "epoll_ctl failed");
    if (!known)
        curl_multi_assign(r->multi, fd, r); /* any pointer: "epoll knows this one" */
    return 0;
}

static int on_timer(CURLM *multi, long ms, void *user) {
    struct reactor *r = user;
    (void)multi;
    r->due = ms < 0 ? -1 : now_ms() + ms;
    return 0;
}

void reactor_open(struct reactor *r) {
    r->due = -1;
    r->epoll = epoll_create1(EPOLL_CLOEXEC);
    r->multi = curl_multi_init();
    check(r->epoll >= 0 && r->multi, "cannot make the multi handle");
    curl_multi_setopt(r->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(r->multi, CURLMOPT_SOCKETDATA, r);
    curl_multi_setopt(r->multi, CURLMOPT_TIMERFUNCTION, on_timer);
    curl_multi_setopt(r->multi, CURLMOPT_TIMERDATA, r);
}

void reactor_close(struct reactor *r) {
    curl_multi_cleanup(r->multi);
    close(r->epoll);
}

int reactor_step(struct reactor *r, int ms) {
    struct epoll_event events[64];
    int running;
    if (r->due >= 0) {
        long long left = r->due - now_ms();
        if (left < 0)
            left = 0;
        if (ms < 0 || left < ms)
            ms = (int)left;
    }
    int count = epoll_wait(r->epoll, events, 64, ms);
    for (int i = 0; i < count; i++) {
        int mask = 0;
        if (events[i].events & EPOLLIN)
            mask |= CURL_CSELECT_IN;
        if (events[i].events & EPOLLOUT)
            mask |= CURL_CSELECT_OUT;
        if (events[i].events & (EPOLLERR | EPOLLHUP))
            mask |= CURL_CSELECT_ERR;
        curl_multi_socket_action(r->multi, events[i].data.fd, mask, &running);
    }
    if (r->due >= 0 && r->due <= now_ms()) {
        r->due = -1;
        curl_multi_socket_action(r->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    }
    return count < 0 ? 0 : count;
}

CURL *reactor_done(struct reactor *r, CURLcode *code) {
    int left;
    CURLMsg *message;
    while ((message = curl_multi_info_read(r->multi, &left))) {
        if (message->msg != CURLMSG_DONE)
            continue;
        CURL *easy = message->easy_handle;
        *code = message->data.result; /* the message dies with the next line */
        curl_multi_remove_handle(r->multi, easy);
        return easy;
    }
    return NULL;
}
