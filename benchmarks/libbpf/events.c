// Reads the events of benchmarks/programs/events.py with libbpf: `events OBJECT ROUNDS COUNT`.
// Prints nanoseconds per event of the ring buffer, each event's fields added up by a callback.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct sample {
	uint64_t time, address;
	uint32_t kind, size;
};

static uint64_t sum;

static int add(void *context, void *data, size_t size)
{
	const struct sample *event = data;

	(void)context;
	(void)size;
	sum += event->time + event->address + event->kind + event->size;
	return 0;
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1e9 + time.tv_nsec;
}

int main(int count, char **arguments)
{
	char frame[64] = {};
	struct bpf_object *object;
	struct ring_buffer *ring;
	int program, rounds, events;

	if (count != 4)
		return 2;
	rounds = atoi(arguments[2]);
	events = atoi(arguments[3]);
	object = bpf_object__open_file(arguments[1], NULL);
	if (!object || bpf_object__load(object))
		return 1;
	program = bpf_program__fd(bpf_object__find_program_by_name(object, "to_ring"));
	ring = ring_buffer__new(bpf_object__find_map_fd_by_name(object, "ring"), add, NULL, NULL);
	if (program < 0 || !ring)
		return 1;
	for (int round = 0; round < rounds; round++) {
		LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame, .data_size_in = sizeof(frame),
			    .repeat = events);
		double start;
		int read;

		if (bpf_prog_test_run_opts(program, &options))
			return 1;
		start = now();
		read = ring_buffer__consume(ring);
		printf("%.2f\n", (now() - start) / events);
		if (read != events)
			return 1;
	}
	ring_buffer__free(ring);
	bpf_object__close(object);
	return sum == 0;
}
