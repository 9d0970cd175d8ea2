/* pipeline.c - see pipeline.h. */
#include "libarchive-kv/pipeline.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

enum { THREADS_MAX = 16 };

struct arkv_pool {
	pthread_mutex_t lock;
	pthread_cond_t work;	 /* a task came, or the pool ends */
	pthread_cond_t finished; /* some task is done */
	struct arkv_task *first;
	struct arkv_task **last;
	bool ending;
	unsigned thread_count;
	pthread_t threads[THREADS_MAX];
};

static struct arkv_task *take(struct arkv_pool *pool)
{
	struct arkv_task *task = pool->first;
	if (!task)
		return NULL;
	pool->first = task->next;
	if (!pool->first)
		pool->last = &pool->first;
	return task;
}

/* Called and returns with the lock held. */
static void run_one(struct arkv_pool *pool, struct arkv_task *task)
{
	pthread_mutex_unlock(&pool->lock);
	task->run(task);
	pthread_mutex_lock(&pool->lock);
	task->done = true;
	pthread_cond_broadcast(&pool->finished);
}

static void *worker(void *arg)
{
	struct arkv_pool *pool = arg;
	pthread_mutex_lock(&pool->lock);
	for (;;) {
		struct arkv_task *task = take(pool);
		if (task)
			run_one(pool, task);
		else if (pool->ending)
			break;
		else
			pthread_cond_wait(&pool->work, &pool->lock);
	}
	pthread_mutex_unlock(&pool->lock);
	return NULL;
}

static unsigned default_threads(void)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	return processors > 1 ? (unsigned)processors - 1 : 1;
}

enum ark_rc arkv_pool_new(struct arkv_pool **out, unsigned thread_count, struct ark_err *err)
{
	struct arkv_pool *pool = calloc(1, sizeof *pool);
	if (!pool)
		return ark_fail(err, ARK_NOMEM, "thread pool: out of memory");
	pthread_mutex_init(&pool->lock, NULL);
	pthread_cond_init(&pool->work, NULL);
	pthread_cond_init(&pool->finished, NULL);
	pool->last = &pool->first;
	unsigned want = thread_count ? thread_count : default_threads();
	if (want > THREADS_MAX)
		want = THREADS_MAX;
	while (pool->thread_count < want) {
		int sys = pthread_create(&pool->threads[pool->thread_count], NULL, worker, pool);
		if (sys) {
			arkv_pool_freep(&pool);
			return ark_fail_sys(err, ARK_AGAIN, sys, "cannot start a thread");
		}
		pool->thread_count++;
	}
	*out = pool;
	return ARK_OK;
}

void arkv_pool_freep(struct arkv_pool **p)
{
	struct arkv_pool *pool = *p;
	if (!pool)
		return;
	pthread_mutex_lock(&pool->lock);
	pool->ending = true;
	pthread_cond_broadcast(&pool->work);
	pthread_mutex_unlock(&pool->lock);
	for (unsigned i = 0; i < pool->thread_count; i++)
		pthread_join(pool->threads[i], NULL);
	pthread_cond_destroy(&pool->finished);
	pthread_cond_destroy(&pool->work);
	pthread_mutex_destroy(&pool->lock);
	free(pool);
	*p = NULL;
}

void arkv_pool_submit(struct arkv_pool *pool, struct arkv_task *task)
{
	pthread_mutex_lock(&pool->lock);
	task->next = NULL;
	task->done = false;
	*pool->last = task;
	pool->last = &task->next;
	pthread_cond_signal(&pool->work);
	pthread_mutex_unlock(&pool->lock);
}

void arkv_pool_wait(struct arkv_pool *pool, struct arkv_task *task)
{
	pthread_mutex_lock(&pool->lock);
	while (!task->done) {
		struct arkv_task *other = take(pool);
		if (other)
			run_one(pool, other);
		else
			pthread_cond_wait(&pool->finished, &pool->lock);
	}
	pthread_mutex_unlock(&pool->lock);
}
