/*
 * pipeline.h - the one place that owns threads: a pool that runs tasks.
 *
 * A task is a piece of pure work (hash, compress, seal, upload) that its owner embeds in a larger
 * object. The owner submits it, goes on, and waits for it before it touches the object again.
 * Owners bound their own number of tasks under way; lanes of slots, retired in order, are the usual
 * shape. A thread that waits helps with the queue meanwhile, so a pool without threads works, too.
 */
#pragma once

#include "format/err.h"

struct arkv_task {
	void (*run)(struct arkv_task *task);
	struct arkv_task *next; /* the pool's */
	bool done;		/* the pool's; read it through arkv_pool_wait only */
};

struct arkv_pool;

/* thread_count 0: as many as there are processors, less the caller's own. AGAIN, NOMEM. */
enum ark_rc arkv_pool_new(struct arkv_pool **out, unsigned thread_count, struct ark_err *err)
	ARK_CHECK;
/* Waits for what is under way; the queue must be empty. NULL is fine. */
void arkv_pool_freep(struct arkv_pool **pool);
/* Hands over task, whose run is set; run is called once, on any thread. */
void arkv_pool_submit(struct arkv_pool *pool, struct arkv_task *task);
/* Returns when task, submitted before, has run. */
void arkv_pool_wait(struct arkv_pool *pool, struct arkv_task *task);
