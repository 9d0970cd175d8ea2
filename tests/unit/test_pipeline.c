/* test_pipeline.c - the pool of threads (libarchive-kv/pipeline.h). */
#include "libarchive-kv/pipeline.h"
#include "tests/unit/cm.h"

#include <stdatomic.h>

struct job {
	struct arkv_task task;
	atomic_uint *sum;
	unsigned n;
	struct arkv_pool *pool;
	struct job *inner;
};

static void add_task(struct arkv_task *task)
{
	struct job *job = (struct job *)task;
	atomic_fetch_add(job->sum, job->n);
}

static void nested_task(struct arkv_task *task)
{
	struct job *job = (struct job *)task;
	arkv_pool_submit(job->pool, &job->inner->task);
	arkv_pool_wait(job->pool, &job->inner->task);
	add_task(task);
}

static void every_task_runs_once(void **state)
{
	(void)state;
	enum { JOBS = 2000 };
	static struct job jobs[JOBS];
	atomic_uint sum = 0;
	struct arkv_pool *pool = NULL;
	struct ark_err err;
	assert_int_equal(arkv_pool_new(&pool, 3, &err), ARK_OK);
	for (unsigned i = 0; i < JOBS; i++) {
		jobs[i] = (struct job){ .task.run = add_task, .sum = &sum, .n = i };
		arkv_pool_submit(pool, &jobs[i].task);
	}
	for (unsigned i = 0; i < JOBS; i++)
		arkv_pool_wait(pool, &jobs[i].task);
	assert_int_equal(atomic_load(&sum), JOBS * (JOBS - 1) / 2);
	arkv_pool_freep(&pool);
}

/* With one thread, a task that waits for another must run it itself. */
static void a_waiting_task_helps(void **state)
{
	(void)state;
	atomic_uint sum = 0;
	struct arkv_pool *pool = NULL;
	struct ark_err err;
	assert_int_equal(arkv_pool_new(&pool, 1, &err), ARK_OK);
	struct job inner = { .task.run = add_task, .sum = &sum, .n = 1 };
	struct job outer = {
		.task.run = nested_task, .sum = &sum, .n = 10, .pool = pool, .inner = &inner
	};
	arkv_pool_submit(pool, &outer.task);
	arkv_pool_wait(pool, &outer.task);
	assert_int_equal(atomic_load(&sum), 11);
	arkv_pool_freep(&pool);
	arkv_pool_freep(&pool); /* once more is fine */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_task_runs_once),
		cmocka_unit_test(a_waiting_task_helps),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
