/* What a process has used so far: the same readings for the C programs and, as a Lua module, for
 * the Lua ones. */
#ifndef HG_BENCH_METER_H
#define HG_BENCH_METER_H

double meter_wall(void);   /* monotonic seconds */
double meter_cpu(void);    /* user and system CPU seconds of this process */
double meter_thread(void); /* the same of this thread */
double meter_heap(void);   /* bytes that malloc has handed out and not got back */
double meter_rss(void);    /* bytes resident now */
double meter_peak(void);   /* bytes resident at most so far */

#endif
